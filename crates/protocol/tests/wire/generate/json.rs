//! JSON texts as people and programs write them, and what becomes of them when something goes wrong.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// A JSON text that every reader takes.
pub(crate) fn json_text() -> impl Strategy<Value = String> {
    text_of(string(GOOD_PIECES).boxed(), "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?")
}

/// A text that is JSON, or looks like it: bad escapes, control characters, numbers out of range.
pub(crate) fn json_text_or_worse() -> impl Strategy<Value = String> {
    let strings = string(&[GOOD_PIECES, BAD_PIECES].concat()).boxed();
    text_of(strings, "-?[0-9]{1,3}([0-9]{300})?(\\.[0-9]{0,3})?([eE][+-]?[0-9]{0,4})?")
}

/// `text`, perhaps with one character too few, too many, or another one.
pub(crate) fn damaged(text: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let mishap =
        (any::<Index>(), 0..4u8, select(vec!['"', '\\', '{', '}', '[', ']', ',', ':', '0', '\n', 'é']));
    (text, mishap).prop_map(|(text, (index, kind, char))| {
        let mut chars: Vec<char> = text.chars().collect();
        match kind {
            0 if !chars.is_empty() => drop(chars.remove(index.index(chars.len()))),
            1 => chars.insert(index.index(chars.len() + 1), char),
            2 if !chars.is_empty() => {
                let at = index.index(chars.len());
                chars[at] = char;
            }
            _ => {}
        }
        chars.into_iter().collect()
    })
}

fn text_of(strings: BoxedStrategy<String>, numbers: &'static str) -> impl Strategy<Value = String> {
    let word = select(vec!["null", "true", "false"]).prop_map(str::to_owned);
    let leaf = prop_oneof![1 => word, 3 => numbers, 3 => strings.clone()];
    leaf.prop_recursive(6, 60, 8, move |inner| {
        let value = (SPACE, inner, SPACE).prop_map(|(before, value, after)| before + &value + &after);
        let member = (SPACE, strings.clone(), SPACE, value.clone())
            .prop_map(|(before, name, after, value)| format!("{before}{name}{after}:{value}"));
        prop_oneof![
            vec(value, 0..8).prop_map(|items| format!("[{}]", items.join(","))),
            vec(member, 0..8).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

fn string(pieces: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    let plain = proptest::string::string_regex("[ -!#-\\[\\]-~]{0,12}").expect("a good pattern");
    let piece = prop_oneof![plain, select(pieces.to_vec()).prop_map(str::to_owned)];
    vec(piece, 0..6).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

const SPACE: &str = "[ \n\r\t]{0,2}";

const GOOD_PIECES: &[&str] = &[
    r#"\""#,
    r"\\",
    r"\/",
    r"\b",
    r"\f",
    r"\n",
    r"\r",
    r"\t",
    r"\u00e9",
    r"\uD83d\ude00",
    "é",
    "山",
    "\u{7f}",
    "\u{10ffff}",
    "{",
    "]",
    ",",
];

const BAD_PIECES: &[&str] = &[r"\ud800", r"\udc00x", r"\ud83d\u0041", r"\x", r"\u12", "\u{1f}", "\n", "\0"];
