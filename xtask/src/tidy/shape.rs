//! Rules about the shape of items: how long a function is, and where a type's methods live.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{
    Block, ImplItemFn, ItemEnum, ItemFn, ItemImpl, ItemMacro, ItemStruct, ItemUnion, Signature, TraitItemFn,
    Type,
};

use super::source::Source;
use crate::finding::Finding;

pub(super) fn findings(source: &Source) -> Vec<Finding> {
    let mut defined = DefinedTypes(BTreeSet::new());
    defined.visit_file(&source.tree);
    let mut shape = Shape { path: &source.path, defined: &defined.0, findings: Vec::new() };
    shape.visit_file(&source.tree);
    shape.findings
}

struct DefinedTypes(BTreeSet<String>);

impl DefinedTypes {
    /// A macro that is given a name may define a type of that name.
    fn add_names_in(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    self.0.insert(name.to_string());
                }
                TokenTree::Group(group) => self.add_names_in(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for DefinedTypes {
    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        self.0.insert(item.ident.to_string());
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        self.0.insert(item.ident.to_string());
    }

    fn visit_item_union(&mut self, item: &'ast ItemUnion) {
        self.0.insert(item.ident.to_string());
    }

    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        if item.ident.is_none() {
            self.add_names_in(item.mac.tokens.clone());
        }
    }
}

struct Shape<'a> {
    path: &'a str,
    defined: &'a BTreeSet<String>,
    findings: Vec<Finding>,
}

impl Shape<'_> {
    fn measure(&mut self, signature: &Signature, body: &Block) {
        let (open, close) =
            (body.brace_token.span.open().start().line, body.brace_token.span.close().start().line);
        let n_lines = (close - open).saturating_sub(1);
        if n_lines > FUNCTION_LINES_MAX {
            let name = &signature.ident;
            let advice =
                format!("split `{name}`: its body has {n_lines} lines, {FUNCTION_LINES_MAX} is the most");
            self.findings.push(Finding::error(self.path, signature.fn_token.span.start().line, advice));
        }
    }
}

impl<'ast> Visit<'ast> for Shape<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(body) = &item.default {
            self.measure(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if let Type::Path(ty) = &*item.self_ty
            && let Some(last) = ty.path.segments.last()
            && item.trait_.is_none()
            && !self.defined.contains(&last.ident.to_string())
        {
            let name = &last.ident;
            let advice = format!(
                "move these methods into the file that defines `{name}`, or make them a type of their own"
            );
            self.findings.push(Finding::error(self.path, item.impl_token.span.start().line, advice));
        }
        visit::visit_item_impl(self, item);
    }
}

/// A function longer than this does two things.
const FUNCTION_LINES_MAX: usize = 70;
