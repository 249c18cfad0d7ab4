//! Rules that keep tests honest: no sleeping to synchronise, none ignored, no hook in product code.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ExprPath, ItemFn, ItemMod, Macro, Meta, UseRename};

use super::source::{CodeKind, Source, is_test_only};
use crate::finding::Finding;

pub(super) fn findings(source: &Source, kind: CodeKind) -> Vec<Finding> {
    let mut visitor = TestCode { path: &source.path, kind, clock: Clock::Real, findings: Vec::new() };
    visitor.visit_file(&source.tree);
    visitor.findings
}

struct TestCode<'a> {
    path: &'a str,
    kind: CodeKind,
    clock: Clock,
    findings: Vec<Finding>,
}

/// What tokio's timers run on in the function being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clock {
    Real,
    /// Time stands still until every task waits: a sleep takes no time and its order is certain.
    Paused,
}

impl TestCode<'_> {
    fn add(&mut self, span: Span, advice: &str) {
        self.findings.push(Finding::error(self.path, span.start().line, advice));
    }

    /// A name `last`, reached through the module `module` if one is written.
    fn name(&mut self, module: Option<&str>, last: &str, span: Span) {
        let blocking = module == Some("thread");
        let sleeps =
            matches!(last, "sleep" | "sleep_until") && matches!(module, None | Some("thread" | "time"));
        if sleeps && self.kind == CodeKind::Test && (blocking || self.clock == Clock::Real) {
            self.add(span, SLEEP);
        }
    }

    /// syn leaves what a macro is given unparsed, so names and attributes are found by their tokens.
    fn macro_input(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            let before = &tokens[..index];
            match token {
                TokenTree::Ident(ident) if !is_declared_or_method(before) => {
                    let called = tokens.get(index + 1).is_some_and(is_parenthesis);
                    if called {
                        self.name(module_before(before).as_deref(), &ident.to_string(), ident.span());
                    }
                }
                TokenTree::Group(group) => {
                    let is_attribute = group.delimiter() == Delimiter::Bracket && ends_with(before, '#');
                    if is_attribute && first_is(&group.stream(), "ignore") {
                        self.add(group.span(), IGNORE);
                    }
                    self.macro_input(group.stream());
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for TestCode<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let outside = self.kind;
        for attribute in &item.attrs {
            if is_test_only(attribute) {
                self.kind = CodeKind::Test;
            } else {
                self.visit_attribute(attribute);
            }
        }
        for item in item.content.iter().flat_map(|(_, items)| items) {
            self.visit_item(item);
        }
        self.kind = outside;
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        let outside = self.clock;
        if item.attrs.iter().any(pauses_time) {
            self.clock = Clock::Paused;
        }
        visit::visit_item_fn(self, item);
        self.clock = outside;
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let arguments =
            if let Meta::List(list) = &attribute.meta { list.tokens.clone() } else { TokenStream::new() };
        let (is_cfg, is_cfg_attr) = (attribute.path().is_ident("cfg"), attribute.path().is_ident("cfg_attr"));
        let (predicate, applied) = split_at_comma(arguments);
        if attribute.path().is_ident("ignore") || (is_cfg_attr && mentions(applied, "ignore")) {
            self.add(attribute.pound_token.span, IGNORE);
        }
        if self.kind == CodeKind::Product && (is_cfg || is_cfg_attr) && mentions(predicate, "test") {
            self.add(attribute.pound_token.span, HOOK);
        }
    }

    fn visit_expr_path(&mut self, expr: &'ast ExprPath) {
        let segments = &expr.path.segments;
        let module = segments.iter().nth_back(1).map(|segment| segment.ident.to_string());
        if let Some(last) = segments.last() {
            self.name(module.as_deref(), &last.ident.to_string(), last.ident.span());
        }
        visit::visit_expr_path(self, expr);
    }

    fn visit_use_rename(&mut self, rename: &'ast UseRename) {
        self.name(None, &rename.ident.to_string(), rename.ident.span());
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        if self.kind == CodeKind::Product
            && call.path.is_ident("cfg")
            && mentions(call.tokens.clone(), "test")
        {
            self.add(call.bang_token.span, HOOK);
        }
        self.macro_input(call.tokens.clone());
    }
}

/// `#[tokio::test(start_paused = true)]`.
fn pauses_time(attribute: &Attribute) -> bool {
    if let Meta::List(list) = &attribute.meta {
        list.tokens.to_string().contains("start_paused = true")
    } else {
        false
    }
}

/// The tokens up to the first comma, and all after it.
fn split_at_comma(tokens: TokenStream) -> (TokenStream, TokenStream) {
    let mut tokens = tokens.into_iter();
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let first = tokens.by_ref().take_while(|token| !is_comma(token)).collect();
    (first, tokens.collect())
}

fn mentions(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

fn first_is(tokens: &TokenStream, name: &str) -> bool {
    matches!(tokens.clone().into_iter().next(), Some(TokenTree::Ident(ident)) if ident == name)
}

fn is_parenthesis(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis)
}

fn is_declared_or_method(before: &[TokenTree]) -> bool {
    ends_with(before, '.') || matches!(before.last(), Some(TokenTree::Ident(keyword)) if keyword == "fn")
}

fn ends_with(tokens: &[TokenTree], char: char) -> bool {
    matches!(tokens.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

/// The `time` before `time::`, if `tokens` ends with a path like that.
fn module_before(tokens: &[TokenTree]) -> Option<String> {
    let before_colons = tokens.len().checked_sub(3)?;
    match (&tokens[before_colons], ends_with(tokens, ':')) {
        (TokenTree::Ident(module), true) => Some(module.to_string()),
        _ => None,
    }
}

const SLEEP: &str =
    "wait for the event itself, with `timeout` around it; virtual time needs `start_paused = true`";
const IGNORE: &str = "run this test always or delete it; what needs a missing program says so by name";
const HOOK: &str = "keep product code free of test hooks: only a `mod` may be `#[cfg(test)]`";
