//! What the source of the protocol crate says about messages: their members, and what is written about each.

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use syn::{
    Attribute, BinOp, Expr, Fields, GenericArgument, Item, ItemConst, ItemEnum, ItemStruct, Lit, LitStr,
    PathArguments, Type,
};

/// All bodies and choices of the protocol, by their names in Rust.
pub(crate) struct Source {
    pub(crate) bodies: BTreeMap<String, Body>,
    pub(crate) choices: BTreeMap<String, Choice>,
    limits: BTreeMap<String, u64>,
}

/// An object with these members.
pub(crate) struct Body {
    pub(crate) text: String,
    pub(crate) members: Vec<Member>,
}

/// One of several, by name.
pub(crate) struct Choice {
    pub(crate) text: String,
    pub(crate) kinds: Vec<Kind>,
}

pub(crate) struct Kind {
    /// As it stands on the wire.
    pub(crate) name: String,
    pub(crate) text: String,
    /// What belongs to it, if it has members of its own.
    pub(crate) members: Vec<Member>,
    /// What belongs to it, if that is a body.
    pub(crate) body: Option<Type>,
}

pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) ty: Type,
    /// What serde is told about it, by name.
    serde: BTreeMap<String, String>,
}

impl Source {
    pub(crate) fn read() -> Self {
        let folder =
            Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs this")).join("../protocol/src");
        let mut source = Self { bodies: BTreeMap::new(), choices: BTreeMap::new(), limits: BTreeMap::new() };
        for entry in fs::read_dir(&folder).expect("the protocol crate is beside this one") {
            let path = entry.expect("a folder that can be read").path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("source can be read");
                let file = syn::parse_file(&text).expect("source that compiles");
                file.items.into_iter().for_each(|item| source.add(item));
            }
        }
        source
    }

    fn add(&mut self, item: Item) {
        if let Item::Struct(item) = item {
            self.bodies.insert(item.ident.to_string(), body(item));
        } else if let Item::Enum(item) = item {
            self.choices.insert(item.ident.to_string(), choice(item));
        } else if let Item::Const(item) = item {
            self.add_limit(&item);
        } else if let Item::Macro(item) = item
            && let Ok(item) = item.mac.parse_body::<ItemEnum>()
        {
            self.choices.insert(item.ident.to_string(), choice(item));
        }
    }

    fn add_limit(&mut self, item: &ItemConst) {
        if let Some(value) = self.value(&item.expr) {
            self.limits.insert(item.ident.to_string(), value);
        }
    }

    /// Limits are numbers, other limits, products and differences.
    fn value(&self, expr: &Expr) -> Option<u64> {
        if let Expr::Lit(lit) = expr
            && let Lit::Int(int) = &lit.lit
        {
            int.base10_parse().ok()
        } else if let Expr::Path(path) = expr {
            self.limits.get(&path.path.get_ident()?.to_string()).copied()
        } else if let Expr::Binary(binary) = expr {
            let (left, right) = (self.value(&binary.left)?, self.value(&binary.right)?);
            if let BinOp::Mul(_) = binary.op {
                Some(left * right)
            } else if let BinOp::Sub(_) = binary.op {
                Some(left - right)
            } else {
                None
            }
        } else {
            None
        }
    }

    /// A doc comment as it stands on the page: links to limits are their numbers, other links the last name in them.
    pub(crate) fn prose(&self, text: &str) -> String {
        let mut parts = text.split("[`");
        let mut prose = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (path, rest) = part.split_once("`]").expect("a link in a doc comment ends");
            let name = path.rsplit("::").next().unwrap_or(path);
            match self.limits.get(name) {
                Some(limit) => prose += &limit.to_string(),
                None => prose += &format!("`{name}`"),
            }
            prose += rest;
        }
        prose
    }
}

impl Choice {
    /// The name of the body that the kind of this name has, if it has one.
    pub(crate) fn body_of(&self, kind: &str) -> Option<String> {
        let kind = self.kinds.iter().find(|other| other.name == kind)?;
        Some(named(kind.body.as_ref()?).0)
    }
}

impl Member {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.serde.contains_key(name)
    }

    pub(crate) fn is_read_with(&self, function: &str) -> bool {
        self.serde.get("deserialize_with").is_some_and(|with| with == function)
    }
}

/// The name of a type and what stands in its angle brackets, if that is another type.
pub(crate) fn named(ty: &Type) -> (String, Option<&Type>) {
    let Type::Path(path) = ty else { panic!("a member of a message has a type with a name") };
    let last = path.path.segments.last().expect("a path has a name");
    let inner = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|argument| {
            let GenericArgument::Type(ty) = argument else { return None };
            Some(ty)
        }),
        PathArguments::None | PathArguments::Parenthesized(_) => None,
    };
    (last.ident.to_string(), inner)
}

fn body(item: ItemStruct) -> Body {
    Body { text: text(&item.attrs), members: members(item.fields) }
}

fn choice(item: ItemEnum) -> Choice {
    let in_snake_case = serde(&item.attrs).get("rename_all").is_some_and(|case| case == "snake_case");
    let kinds = item.variants.into_iter().map(|variant| {
        let name = variant.ident.to_string();
        let text = text(&variant.attrs);
        let (members, body) = match variant.fields {
            Fields::Unnamed(fields) => (Vec::new(), fields.unnamed.into_iter().next().map(|field| field.ty)),
            fields @ (Fields::Named(_) | Fields::Unit) => (members(fields), None),
        };
        Kind { name: if in_snake_case { snake_case(&name) } else { name }, text, members, body }
    });
    Choice { text: text(&item.attrs), kinds: kinds.collect() }
}

fn members(fields: Fields) -> Vec<Member> {
    let members = fields.into_iter().filter_map(|field| {
        let name = field.ident.as_ref()?.to_string();
        Some(Member { name, text: text(&field.attrs), ty: field.ty, serde: serde(&field.attrs) })
    });
    members.collect()
}

fn text(attributes: &[Attribute]) -> String {
    let lines =
        attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(|attribute| {
            let Expr::Lit(value) = &attribute.meta.require_name_value().ok()?.value else { return None };
            let Lit::Str(line) = &value.lit else { return None };
            Some(line.value().trim().to_owned())
        });
    lines.collect::<Vec<_>>().join(" ")
}

fn serde(attributes: &[Attribute]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let read = attribute.parse_nested_meta(|meta| {
            let name = meta.path.require_ident()?.to_string();
            let value = match meta.value() {
                Ok(value) => value.parse::<LitStr>()?.value(),
                Err(_) => String::new(),
            };
            found.insert(name, value);
            Ok(())
        });
        read.expect("serde's attributes are names, with or without a text");
    }
    found
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}
