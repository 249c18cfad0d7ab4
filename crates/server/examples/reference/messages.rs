//! The page of messages: what each is for, its members, and samples of it as they stand on the wire.

use serde::Serialize;
use signal_fish_protocol::ProtocolVersion::{V2, V3};
use signal_fish_protocol::{ClientMessage, RoomOperationRequest, ServerMessage};

use crate::agreement::Agreement;
use crate::source::Source;
use crate::tables::{Tables, Way};
use crate::{head, operations, samples};

const TEXT: &str = "\
Every text frame is one message, a JSON object with the members `type` and `data`; a message without data has no member
`data`. Members that are not known are ignored. Some messages belong to features that this release does not have: they
say so here, and clients may know them already.

Protocol 2 is the default on `/v2/ws`, protocol 3 on `/v3/ws`; `Authenticate` can ask for either on both.
Protocol 3 also has [an encoding in protobuf](../protobuf.md), for the same messages.

## Coming back

`RoomJoined` has a `reconnection_token`, on protocol 2 if `Authenticate` asked for the capability `reconnection_token`.
Whoever loses its connection can take its seat again for a while, on a new one: `Reconnect` before any other room. Each
token is good until its player says something after it came back; `Reconnected` has the next one. To the others the player has left, and joins again under its next
epoch.

`Reconnected` tells what happened in the room meanwhile. Game data is only sent again to clients of protocol 3 that asked
for the capability `game_data_replay` and say in `Reconnect` what they saw last. Each number of a sender after that
comes again, in order, or is in a gap of a `DeliveryReport` with the reason `not_retained`: data of the classes `latest`
and `volatile`, and what was too old or too much to be kept. Such gaps come before any later message of their sender and
are in no counter. A client that loses its connection again before all of it has arrived asks for the rest the same way.

## Versions

Members of the server's messages differ with the protocol version of the recipient: where that is so, there is a sample
for each, and the column `protocol` of the table says which version has the member. Where that is empty, every version
has it that has the message.

The column `there` of a client's message says what the server insists on, that of a server's message what a client can
rely on. Limits are the defaults, most of them [settings](config.md). UUIDs are read in any usual spelling, unless the
table says otherwise.

## Binary frames

Binary frames carry game data, for clients that asked `Authenticate` for a binary `game_data_format`. A client sends
the bare payload, `93 01 02 03` for the list 1, 2, 3 in MessagePack. A recipient of the same format gets it in a
MessagePack map with text keys, in this order:

| key | value | |
|---|---|---|
| `from_player` | the sender's id, 16 bytes (bin 8) | |
| `encoding` | the format, `message_pack` | |
| `payload` | the sender's bytes as they were (bin 8, 16 or 32) | |
| `seq` | the number of the message in the sender's membership, from 1 on | protocol 3 only |
| `epoch` | the sender's membership, from 1 on | protocol 3 only |

A recipient that reads JSON gets a text `GameData` with the payload converted. What has no JSON form (byte strings,
extensions, keys that are not text) is reported to it: as a gap of a `DeliveryReport` on protocol 3, and at most once a
second for each sender as an `Error` with `UNSUPPORTED_GAME_DATA_FORMAT`. Text `GameData` reaches everyone as text.
";

pub(crate) fn page() -> String {
    let source = Source::read();
    let mut tables = Tables::new(&source);
    let mut page = head("Messages", TEXT);
    page += "\n## From client to server\n";
    let samples = samples::client();
    let agreement = Agreement { source: &source, version: V3, way: Way::FromClient };
    for (kind, meaning) in ClientMessage::KINDS {
        page += &section(kind, meaning);
        page += &tables.of_message("ClientMessage", kind, Way::FromClient);
        for sample in of_kind(kind, samples.iter().map(|sample| (sample.kind(), sample))) {
            agreement.check("ClientMessage", sample);
            page += &block(sample);
        }
    }
    page += "\n## What a room operation asks for\n\nThe `operation` of a `RoomOperation` is one of these. Whatever has no failure of its own, and what the server could not \
             read, comes to `OperationFailed`.\n";
    page += &tables.of_kinds("RoomOperationRequest", Way::FromClient);
    let requests = operations::requests();
    for (kind, _) in RoomOperationRequest::KINDS {
        of_kind(kind, requests.iter().map(|request| (request.kind(), request)));
    }
    requests.iter().for_each(|request| agreement.check("RoomOperationRequest", request));
    page += &lines(&requests);
    page += "\n## From server to client\n";
    let samples = samples::server();
    for (kind, meaning) in ServerMessage::KINDS {
        page += &section(kind, meaning);
        page += &tables.of_message("ServerMessage", kind, Way::FromServer);
        for sample in of_kind(kind, samples.iter().map(|sample| (sample.kind(), sample))) {
            page += &projections(&source, sample);
        }
    }
    page +=
        "\n## What came of a room operation\n\nThe `result` of a `RoomOperationResult` is one of these.\n";
    page += &tables.of_kinds("RoomResult", Way::FromServer);
    let results = operations::results();
    let agreement = Agreement { source: &source, version: V3, way: Way::FromServer };
    results.iter().for_each(|result| agreement.check("RoomResult", result));
    page += &lines(&results);
    page + &tables.of_what_was_named()
}

fn section(kind: &str, meaning: &str) -> String {
    format!("\n### {kind}\n\n{meaning}\n")
}

/// The samples of one kind, of which there must be one.
fn of_kind<'a, M>(kind: &str, samples: impl Iterator<Item = (&'a str, M)>) -> Vec<M> {
    let found: Vec<M> = samples.filter(|(other, _)| *other == kind).map(|(_, sample)| sample).collect();
    assert!(!found.is_empty(), "`{kind}` has no sample, add one to `samples.rs`");
    found
}

/// The message as each version sees it; one block if all that see it see the same.
fn projections(source: &Source, message: &ServerMessage<'_>) -> String {
    let [v2, v3] = [V2, V3].map(|version| {
        let seen = message.clone().project(version)?;
        Agreement { source, version, way: Way::FromServer }.check("ServerMessage", &seen);
        Some(block(&seen))
    });
    match (v2, v3) {
        (Some(v2), Some(v3)) if v2 != v3 => format!("\nOn protocol 2:\n{v2}\nOn protocol 3:\n{v3}"),
        (v2, v3) => v3.or(v2).unwrap_or_default(),
    }
}

fn block(message: &impl Serialize) -> String {
    let json = serde_json::to_string_pretty(message).expect("messages have a JSON form");
    format!("\n```json\n{json}\n```\n")
}

/// One sample on each line.
fn lines(samples: &[impl Serialize]) -> String {
    let line = |sample| serde_json::to_string(sample).expect("samples have a JSON form") + "\n";
    format!("\n```json\n{}```\n", samples.iter().map(line).collect::<String>())
}
