//! Whether the samples agree with the tables: every member has its row, and what is always there is there.

use serde::Serialize;
use serde_json::Value;
use signal_fish_protocol::ProtocolVersion;
use syn::Type;

use crate::source::{Member, Source, named};
use crate::tables::{Row, Way, row, rows};

/// Samples of one version, written one way.
#[derive(Clone, Copy)]
pub(crate) struct Agreement<'a> {
    pub(crate) source: &'a Source,
    pub(crate) version: ProtocolVersion,
    pub(crate) way: Way,
}

impl Agreement<'_> {
    /// # Panics
    ///
    /// If `message`, one of the choice `messages`, does not agree with its table.
    pub(crate) fn check(self, messages: &str, message: &impl Serialize) {
        let message = serde_json::to_value(message).expect("messages have a JSON form");
        self.check_message(messages, &message);
    }

    fn check_message(self, messages: &str, message: &Value) {
        let name = message["type"].as_str().expect("a message has a type");
        let kind = self.source.choices[messages].kinds.iter().find(|kind| kind.name == name);
        let kind = kind.unwrap_or_else(|| panic!("{messages} has no `{name}`"));
        if let Some(body) = &kind.body {
            self.check_type(name, body, &message["data"]);
        } else if !kind.members.is_empty() {
            self.check_members(name, &self.rows(&kind.members), &message["data"]);
        }
    }

    fn check_type(self, at: &str, ty: &Type, value: &Value) {
        let (name, inner) = named(ty);
        match (name.as_str(), inner) {
            ("Option", Some(_)) if value.is_null() => {}
            ("Option", Some(inner)) => self.check_type(at, inner, value),
            ("Vec", Some(inner)) => {
                value.as_array().expect("a list").iter().for_each(|item| self.check_type(at, inner, item));
            }
            ("ServerMessage" | "RoomResult" | "RoomOperationRequest", _) => self.check_message(&name, value),
            ("ConnectionInfo", _) => {
                let kinds = &self.source.choices[&name].kinds;
                let kind =
                    kinds.iter().find(|kind| value["type"] == kind.name.as_str()).expect("a known kind");
                let mut members = value.clone();
                members.as_object_mut().expect("an object").remove("type");
                self.check_members(at, &self.rows(&kind.members), &members);
            }
            (name, _) => {
                if let Some(body) = self.source.bodies.get(name).filter(|body| !body.members.is_empty()) {
                    self.check_members(at, &rows(self.source, body, self.way), value);
                }
            }
        }
    }

    fn rows<'m>(self, members: &'m [Member]) -> Vec<Row<'m>> {
        members.iter().map(|member| row(self.source, member, self.way)).collect()
    }

    fn check_members(self, at: &str, rows: &[Row<'_>], value: &Value) {
        let members = value.as_object().unwrap_or_else(|| panic!("{at} is an object in its table"));
        for name in members.keys() {
            assert!(rows.iter().any(|row| row.member.name == *name), "`{name}` of {at} has no row");
        }
        for Row { member, versions, is_always_there, .. } in rows {
            let (name, version) = (&member.name, self.version);
            let is_for_version = versions.contains(&version);
            match members.get(name) {
                Some(value) => {
                    assert!(is_for_version, "`{name}` of {at} is there on protocol {version}");
                    self.check_type(name, &member.ty, value);
                }
                None => {
                    assert!(
                        !(is_for_version && *is_always_there),
                        "`{name}` of {at} is missing on {version}"
                    );
                }
            }
        }
    }
}
