//! A file with every setting, its default and what it is for.

use std::fmt::Write as _;

use serde_json::Value as Json;

use super::reference::Key;

/// See [`super::Settings::example`].
pub(super) fn text() -> String {
    let mut keys = Key::all();
    // A key below the head of another section would belong to that one.
    keys.sort_by_key(|key| section(&key.path).map(str::to_owned));
    let mut text = HEAD.to_owned();
    let mut here = None;
    for key in keys.iter().filter(|key| !key.path.contains("[]")) {
        let section = section(&key.path);
        if here != section {
            let _ = write!(text, "\n[{}]\n", section.unwrap_or_default());
            here = section;
        }
        let entries = format!("{}[].", key.path);
        let members = keys.iter().filter_map(|key| Some((key.path.strip_prefix(&entries)?, key)));
        write_key(&mut text, key, members);
    }
    text
}

fn write_key<'a>(text: &mut String, key: &Key, members: impl Iterator<Item = (&'a str, &'a Key)>) {
    let Key { path, expected, default, meaning, is_live } = key;
    let live = if *is_live { " A running server takes it over." } else { "" };
    text.push('\n');
    comment(text, &format!("{meaning}{live}"));
    for (name, Key { expected, meaning, .. }) in members {
        comment(text, &format!("- {name}, {expected}: {meaning}"));
    }
    comment(text, &format!("Set {expected}."));
    let name = path.rsplit('.').next().unwrap_or(path);
    let default = default.as_deref().and_then(|default| serde_json::from_str(default).ok());
    // Writing to a string does not fail.
    let _ = match default {
        // TOML has no null: what is not set is not there.
        None | Some(Json::Null) => writeln!(text, "#{name} ="),
        Some(default) => writeln!(text, "{name} = {}", toml(&default)),
    };
}

/// The section of a key; none at the root, which comes first.
fn section(path: &str) -> Option<&str> {
    let path = path.split("[]").next().unwrap_or(path);
    path.rsplit_once('.').map(|(section, _)| section)
}

/// `words` in lines that are comments.
fn comment(text: &mut String, words: &str) {
    let mut width = usize::MAX;
    for word in words.split_whitespace() {
        if width.saturating_add(word.len()) >= COMMENT_WIDTH {
            text.push_str(if width == usize::MAX { "#" } else { "\n#" });
            width = 1;
        }
        text.push(' ');
        text.push_str(word);
        width += 1 + word.len();
    }
    text.push('\n');
}

/// A value in one line. Numbers, truth values and texts look in TOML as they do in JSON.
fn toml(value: &Json) -> String {
    match value {
        Json::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Json::Object(members) if members.is_empty() => "{}".to_owned(),
        Json::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| format!("{} = {}", Json::from(name.as_str()), toml(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => value.to_string(),
    }
}

const COMMENT_WIDTH: usize = 110;

const HEAD: &str = "# Every setting of signal-fish-server, with its default. What you do not want to change can be left out.
# Keys after a # have no default. Variables and flags come before files: SIGNAL_FISH__SERVER__BIND sets server.bind.
";
