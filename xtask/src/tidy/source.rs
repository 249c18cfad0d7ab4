//! A parsed Rust file, and whether it is product, test or side code.

use std::collections::BTreeSet;

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Item, ItemMod, Lit, Meta, Token};

use crate::finding::Finding;

pub(super) struct Source {
    pub(super) path: String,
    pub(super) tree: syn::File,
}

impl Source {
    pub(super) fn parse(path: &str, text: &str) -> Result<Self, Finding> {
        match syn::parse_file(text) {
            Ok(tree) => Ok(Self { path: path.to_owned(), tree }),
            Err(error) => {
                Err(Finding::error(path, error.span().start().line, format!("make this parse: {error}")))
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeKind {
    /// Ends up in the product.
    Product,
    /// Runs only as a test.
    Test,
    /// Benches and examples.
    Side,
}

/// The files outside any `tests` folder that are compiled for tests only.
pub(super) struct TestFiles {
    files: BTreeSet<String>,
    /// With a closing `/`.
    folders: Vec<String>,
}

impl TestFiles {
    /// Follows every `#[cfg(test)] mod name;` to the file it means.
    pub(super) fn among(sources: &[Source]) -> Self {
        let mut found = Self { files: BTreeSet::new(), folders: Vec::new() };
        for Source { path, tree } in sources {
            for item in &tree.items {
                if let Item::Mod(module) = item
                    && module.content.is_none()
                    && module.attrs.iter().any(is_test_only)
                {
                    found.add(path, module);
                }
            }
        }
        found
    }

    pub(super) fn kind_of(&self, path: &str) -> CodeKind {
        let below = |name: &str| path.rsplit('/').skip(1).any(|folder| folder == name);
        let known = self.files.contains(path) || self.folders.iter().any(|folder| path.starts_with(folder));
        if known || below("tests") {
            CodeKind::Test
        } else if below("benches") || below("examples") {
            CodeKind::Side
        } else {
            CodeKind::Product
        }
    }

    fn add(&mut self, declared_in: &str, module: &ItemMod) {
        let (folder, file) = declared_in.rsplit_once('/').unwrap_or((".", declared_in));
        if let Some(explicit) = module.attrs.iter().find_map(path_attribute) {
            self.files.insert(format!("{folder}/{explicit}"));
            return;
        }
        let base = match file {
            "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
            nested => format!("{folder}/{}", nested.trim_end_matches(".rs")),
        };
        self.files.insert(format!("{base}/{}.rs", module.ident));
        self.folders.push(format!("{base}/{}/", module.ident));
    }
}

/// Whether this is `#[cfg(test)]` or `#[cfg(all(test, ...))]`: never compiled into the product.
pub(super) fn is_test_only(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args().is_ok_and(|predicate| implies_test(&predicate))
}

fn implies_test(predicate: &Meta) -> bool {
    if let Meta::List(list) = predicate {
        let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        list.path.is_ident("all") && parts.is_ok_and(|parts| parts.iter().any(implies_test))
    } else {
        predicate.path().is_ident("test")
    }
}

fn path_attribute(attribute: &Attribute) -> Option<String> {
    let value = &attribute.meta.require_name_value().ok()?.value;
    if let Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) = value
        && attribute.path().is_ident("path")
    {
        Some(path.value())
    } else {
        None
    }
}
