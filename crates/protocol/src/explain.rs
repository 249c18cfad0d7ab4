//! What is wrong with a text that is no message, in words for whoever wrote it.

use serde::Deserialize;
use serde::de::Error as _;
use serde_path_to_error::Segment;

/// Says why `json` is no `T`: the path of the member from here, and what it should be.
///
/// It reads the text again, this time minding the path. Only what was refused pays for that.
///
/// The words begin with a space, a colon, or the rest of a path, so that a reader further out puts its own path before
/// them.
#[cold]
pub(crate) fn explain<'a, T: Deserialize<'a>>(json: &'a str) -> serde_json::Error {
    match serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_str(json)) {
        Ok(_) => serde_json::Error::custom(" has something behind it"),
        Err(error) => {
            let path: String = error.path().iter().map(step).collect();
            serde_json::Error::custom(path + &in_words(&without_place(error.inner())))
        }
    }
}

/// Says why `json` is no JSON, if it is none: what, and where in it.
#[cold]
pub(crate) fn broken(json: &str) -> Option<serde_json::Error> {
    let flaw = serde_json::from_str::<serde::de::IgnoredAny>(json).err()?;
    Some(serde_json::Error::custom(format!(
        ": not JSON, {}, line {}, column {}",
        without_place(&flaw),
        flaw.line(),
        flaw.column()
    )))
}

/// The same, of the member `name`.
#[cold]
pub(crate) fn within(name: &str, words: &serde_json::Error) -> serde_json::Error {
    serde_json::Error::custom(format!(".{name}{words}"))
}

/// The words as a sentence about the whole message.
pub(crate) fn of_message(words: &serde_json::Error) -> String {
    let words = words.to_string();
    match words.strip_prefix(['.', ':']) {
        Some(rest) => rest.trim_start().to_owned(),
        None => format!("it{words}"),
    }
}

fn step(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("[{index}]"),
        Segment::Map { key } => format!(".{key}"),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    }
}

/// The text without its place, which counts from wherever this reader began.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).map_or(text.clone(), str::to_owned)
}

/// What serde says about Rust, said about JSON. What was sent instead is left out: it may be long, or a password.
fn in_words(text: &str) -> String {
    let quoted = |start| text.strip_prefix(start)?.split('`').next();
    if text.starts_with(['.', '[', ' ', ':']) {
        text.to_owned()
    } else if text.starts_with("must ") {
        format!(" {text}")
    } else if let Some(member) = quoted("missing field `") {
        format!(".{member} is missing")
    } else if let Some(member) = quoted("duplicate field `") {
        format!(".{member} is there twice")
    } else if text.starts_with("UUID parsing failed") {
        " must be a UUID".to_owned()
    } else if text == "expected value" {
        // What serde_json says of anything but text where the name of a value should be.
        " must be text, the name of a value".to_owned()
    } else {
        match text.rsplit_once(", expected ") {
            Some((_, expected)) => format!(" must be {}", kind_in_words(expected)),
            None => format!(": {text}"),
        }
    }
}

fn kind_in_words(expected: &str) -> String {
    let number = |max: u64| format!("a whole number from 0 to {max}");
    match expected {
        "a string" | "a borrowed string" | "a character" => "text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        "u8" => number(u8::MAX.into()),
        "u16" => number(u16::MAX.into()),
        "u32" => number(u32::MAX.into()),
        "u64" | "usize" => number(u64::MAX),
        "a nonzero u32" => format!("a whole number from 1 to {}", u32::MAX),
        _ if expected.ends_with("UUID string") => "a UUID".to_owned(),
        _ if expected.starts_with("unit ") => "left out".to_owned(),
        _ if expected.starts_with("struct ") || expected.contains("tagged enum") => "an object".to_owned(),
        // `one of a, b`, or what this crate says itself.
        _ => expected.to_owned(),
    }
}
