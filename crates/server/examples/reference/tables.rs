//! Tables of the members of messages, and of what these are made of, from the source of the protocol.

use std::collections::{BTreeSet, VecDeque};

use signal_fish_protocol::ProtocolVersion::{self, V2, V3};
use syn::Type;

use crate::source::{Body, Choice, Member, Source, named};

/// Who writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    FromClient,
    FromServer,
}

/// A member as readers of a message find it.
pub(crate) struct Row<'a> {
    pub(crate) member: &'a Member,
    /// The versions that have it.
    pub(crate) versions: &'static [ProtocolVersion],
    /// Whether it is there in all messages of those versions.
    pub(crate) is_always_there: bool,
    text: String,
}

/// Writes tables, and remembers which types they name.
pub(crate) struct Tables<'a> {
    source: &'a Source,
    named: BTreeSet<String>,
    due: VecDeque<(String, Way)>,
}

impl<'a> Tables<'a> {
    pub(crate) fn new(source: &'a Source) -> Self {
        Self { source, named: BTreeSet::new(), due: VecDeque::new() }
    }

    /// The members of the message `kind` among `messages`.
    pub(crate) fn of_message(&mut self, messages: &str, kind: &str, way: Way) -> String {
        match self.source.choices[messages].body_of(kind) {
            Some(body) => self.of_members(&self.source.bodies[&body], way),
            None => "\nIt has no data.\n".to_owned(),
        }
    }

    /// The kinds of `choice`, one row each, with what belongs to each.
    pub(crate) fn of_kinds(&mut self, choice: &str, way: Way) -> String {
        let mut table = "\n| type | data | meaning |\n|---|---|---|\n".to_owned();
        for kind in &self.source.choices[choice].kinds {
            let data = match &kind.body {
                Some(body) if self.is_message(&kind.name, &named(body).0) => link(&kind.name, &kind.name),
                Some(body) => self.words(body, way),
                None if kind.members.is_empty() => "none".to_owned(),
                None => {
                    kind.members.iter().map(|member| self.in_line(member, way)).collect::<Vec<_>>().join("; ")
                }
            };
            table += &format!("| `{}` | {data} | {} |\n", kind.name, self.source.prose(&kind.text));
        }
        table
    }

    /// What the tables so far have named, and what that names in turn.
    pub(crate) fn of_what_was_named(&mut self) -> String {
        let (mut objects, mut values) = (String::new(), String::new());
        while let Some((name, way)) = self.due.pop_front() {
            let source = self.source;
            if let Some(body) = source.bodies.get(&name) {
                objects += &(self.head(&name, &body.text) + &self.of_members(body, way));
                continue;
            }
            let choice = &source.choices[&name];
            let head = self.head(&name, &choice.text);
            if choice.kinds.iter().all(|kind| kind.members.is_empty()) {
                values += &(head + &self.of_values(choice));
            } else {
                objects += &(head + &self.of_objects(choice, way));
            }
        }
        format!("\n## What members are made of\n{objects}\n## Values\n{values}")
    }

    fn head(&self, name: &str, text: &str) -> String {
        format!("\n#### {name}\n\n{}\n", self.source.prose(text))
    }

    fn of_members(&mut self, body: &Body, way: Way) -> String {
        let rows = rows(self.source, body, way);
        self.table(&rows, way)
    }

    /// An object of several kinds, which its own member `type` says.
    fn of_objects(&mut self, choice: &Choice, way: Way) -> String {
        let mut text = String::new();
        for kind in &choice.kinds {
            text += &format!("\nWith the `type` `{}`: {}\n", kind.name, self.source.prose(&kind.text));
            let rows: Vec<_> = kind.members.iter().map(|member| row(self.source, member, way)).collect();
            text += &self.table(&rows, way);
        }
        text
    }

    fn of_values(&self, choice: &Choice) -> String {
        let rows = choice
            .kinds
            .iter()
            .map(|kind| format!("| `{}` | {} |\n", kind.name, self.source.prose(&kind.text)));
        "\n| value | meaning |\n|---|---|\n".to_owned() + &rows.collect::<String>()
    }

    fn table(&mut self, rows: &[Row<'_>], way: Way) -> String {
        let mut table =
            "\n| member | type | there | protocol | meaning |\n|---|---|---|---|---|\n".to_owned();
        for row in rows {
            let Row { member, versions, text, .. } = row;
            let versions = match versions {
                [only] => format!("{only} only"),
                _ => String::new(),
            };
            let (words, there) = (self.words(&member.ty, way), presence(row, way));
            table += &format!("| `{}` | {words} | {there} | {versions} | {text} |\n", member.name);
        }
        table
    }

    fn in_line(&mut self, member: &Member, way: Way) -> String {
        let row = row(self.source, member, way);
        let words = self.words(&member.ty, way);
        format!("`{}`: {words}, {}. {}", member.name, presence(&row, way), row.text)
    }

    /// The type in words; what has a table of its own is linked, and will get one.
    fn words(&mut self, ty: &Type, way: Way) -> String {
        let (name, inner) = named(ty);
        let number = |max: u32| format!("whole number, 0 to {max}");
        match (name.as_str(), inner) {
            ("Option", Some(inner)) => self.words(inner, way),
            ("Vec", Some(inner)) => format!("list of {}", self.words(inner, way)),
            ("String" | "Secret", _) | ("Arc", Some(_)) => "text".to_owned(),
            ("char", _) => "text of one character".to_owned(),
            ("bool", _) => "`true` or `false`".to_owned(),
            ("u8", _) => number(u8::MAX.into()),
            ("u16", _) => number(u16::MAX.into()),
            ("u32", _) => number(u32::MAX),
            ("u64" | "usize", _) => "whole number, 0 to 2^64 − 1".to_owned(),
            ("Epoch", _) => format!("whole number, 1 to {}", u32::MAX),
            ("PlayerId" | "RoomId" | "SessionGeneration", _) => "UUID".to_owned(),
            ("OperationId", _) => "UUID in lower case with hyphens".to_owned(),
            ("RoomCode", _) => "text, a room code".to_owned(),
            ("Timestamp", _) => "time in RFC 3339".to_owned(),
            ("Payload" | "Value", _) => "any JSON".to_owned(),
            ("ErrorCode", _) => "[error code](error-codes.md)".to_owned(),
            ("ServerMessage", _) => "[message](#from-server-to-client)".to_owned(),
            ("RoomOperationRequest", _) => "[operation](#what-a-room-operation-asks-for)".to_owned(),
            ("RoomResult", _) => "[result](#what-came-of-a-room-operation)".to_owned(),
            (name, _) => {
                if self.named.insert(name.to_owned()) {
                    self.due.push_back((name.to_owned(), way));
                }
                link(name, name)
            }
        }
    }

    /// Whether a message of that name has that body, so that its table is with the message.
    fn is_message(&self, kind: &str, body: &str) -> bool {
        ["ClientMessage", "ServerMessage"]
            .iter()
            .any(|messages| self.source.choices[*messages].body_of(kind).as_deref() == Some(body))
    }
}

/// The members of `body`, with those of other bodies that are written in their place.
pub(crate) fn rows<'a>(source: &'a Source, body: &'a Body, way: Way) -> Vec<Row<'a>> {
    let mut all = Vec::new();
    for member in &body.members {
        let outer = row(source, member, way);
        if !member.has("flatten") {
            all.push(outer);
            continue;
        }
        let (name, inner) = named(&member.ty);
        let inner = inner.filter(|_| name == "Option").map_or(name, |inner| named(inner).0);
        for mut row in rows(source, &source.bodies[&inner], way) {
            if outer.versions.len() < row.versions.len() {
                row.versions = outer.versions;
            }
            all.push(row);
        }
    }
    all
}

pub(crate) fn row<'a>(source: &Source, member: &'a Member, way: Way) -> Row<'a> {
    let text = source.prose(&member.text);
    let (versions, is_stamped, text) = VERSIONS
        .into_iter()
        .find_map(|(words, versions, always)| {
            Some((versions, always, text.strip_suffix(words)?.trim().to_owned()))
        })
        .unwrap_or((&[V2, V3], false, text.clone()));
    let may_be_left_out =
        member.has("skip_serializing_if") || way == Way::FromClient && member.has("default");
    Row { member, versions, is_always_there: is_stamped || !may_be_left_out, text }
}

fn presence(row: &Row<'_>, way: Way) -> &'static str {
    let Row { member, is_always_there, .. } = row;
    let is_option = named(&member.ty).0 == "Option";
    // What is written if there is nothing: nothing at all, or `null`.
    let is_null_written = is_option && !member.has("skip_serializing_if");
    match way {
        Way::FromClient if *is_always_there && is_option => "required, may be `null`",
        Way::FromClient if *is_always_there => "required",
        Way::FromClient if !is_option || member.is_read_with("present") => "optional, never `null`",
        Way::FromClient => "optional, may be `null`",
        Way::FromServer if is_null_written => "always, may be `null`",
        Way::FromServer if *is_always_there => "always",
        Way::FromServer if is_option => "may be missing",
        Way::FromServer => "missing if empty",
    }
}

/// To the heading `title`.
fn link(text: &str, title: &str) -> String {
    format!("[{text}](#{})", title.to_lowercase())
}

/// How doc comments end where a member is not for all: in which words, for which versions, and whether these always
/// see it.
const VERSIONS: [(&str, &[ProtocolVersion], bool); 5] = [
    ("Only on v2.", &[V2], false),
    ("Only on v3.", &[V3], false),
    ("Always on v2, and only there.", &[V2], true),
    ("Always on v3, and only there.", &[V3], true),
    ("Needs protocol 3.", &[V3], false),
];
