//! Frames written by hands that are not ours: game data in any order and spacing, MessagePack in any width.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::{json_text, json_text_or_worse};

/// Mostly a good game message, with its members in any order, and often with something wrong or unusual.
pub(crate) fn game_data_frame() -> impl Strategy<Value = String> {
    let data = prop_oneof![3 => json_text().boxed(), 1 => json_text_or_worse().boxed()];
    let data = data.prop_map(|json| format!(r#""data":{json}"#));
    let class = select(vec![
        r#""class":"latest""#,
        r#""class":"volatile""#,
        r#""class":"l\u0061test""#,
        r#""class":"fast""#,
        r#""class":null"#,
    ]);
    let key = select(vec![
        r#""key":7"#,
        r#""key" : 4294967295"#,
        r#""key":4294967296"#,
        r#""key":7.0"#,
        r#""key":-0"#,
        r#""key":null"#,
        r#""k\u0065y":7"#,
    ]);
    let kind = select(vec![
        r#""type":"GameData""#,
        r#""type": "GameData""#,
        r#""type":"GameD\u0061ta""#,
        r#""type":"Ping""#,
        r#""type":1"#,
    ]);
    let kind = prop_oneof![3 => Just(r#""type":"GameData""#), 1 => kind];
    let body = object((data, of(class), of(key), of(extra())).prop_map(|(data, class, key, extra)| {
        [Some(data), class.map(str::to_owned), key.map(str::to_owned), extra].into_iter().flatten().collect()
    }));
    object((kind, body, of(extra())).prop_map(|(kind, body, extra)| {
        [Some(kind.to_owned()), Some(format!(r#""data":{body}"#)), extra].into_iter().flatten().collect()
    }))
}

/// One value in MessagePack, with every marker there is.
pub(crate) fn message_pack() -> impl Strategy<Value = Vec<u8>> {
    let number =
        (select((0xca..=0xd3).collect::<Vec<u8>>()), any::<[u8; 8]>()).prop_map(|(marker, bytes)| {
            let width = match marker {
                0xca => 4,
                0xcb => 8,
                integer => 1 << (integer & 3),
            };
            [&[marker], &bytes[..width]].concat()
        });
    let opaque = select(vec![&[0xc4, 1, 0][..], &[0xd4, 1, 0], &[0xc7, 1, 5, 0], &[0xc1]]);
    let leaf = prop_oneof![
        6 => select((0..0x80).chain(0xe0..=0xff).collect::<Vec<u8>>()).prop_map(|byte| vec![byte]),
        6 => number,
        3 => select(vec![0xc0, 0xc2, 0xc3]).prop_map(|byte| vec![byte]),
        6 => texts(),
        1 => opaque.prop_map(<[u8]>::to_vec),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let key = prop_oneof![30 => texts(), 1 => Just(vec![7])];
        let member = (key, inner.clone()).prop_map(|(key, value)| [key, value].concat());
        prop_oneof![
            (vec(inner, 0..6), 0..3usize).prop_map(|(items, width)| counted(
                [0x90, 0xdc, 0xdd][width],
                width,
                items
            )),
            (vec(member, 0..6), 0..3usize).prop_map(|(members, width)| counted(
                [0x80, 0xde, 0xdf][width],
                width,
                members
            )),
        ]
    })
}

fn extra() -> impl Strategy<Value = String> {
    let name = select(vec!["x", "data", "type", "class", "key", r"\n"]);
    (name, json_text_or_worse()).prop_map(|(name, json)| format!(r#""{name}":{json}"#))
}

fn object(members: impl Strategy<Value = Vec<String>>) -> impl Strategy<Value = String> {
    let comma = select(vec![",", ", ", "\n,\t"]);
    (members.prop_shuffle(), comma).prop_map(|(members, comma)| format!("{{{}}}", members.join(comma)))
}

fn texts() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop_oneof![20 => any::<String>().prop_map(String::into_bytes), 1 => vec(any::<u8>(), 0..9)];
    (bytes, 0..4u8).prop_map(|(bytes, width)| {
        let n_bytes = bytes.len();
        let (marker, length) = match width {
            0 if n_bytes < 32 => (vec![0xa0 | n_bytes as u8], vec![]),
            0 | 1 if n_bytes < 256 => (vec![0xd9], vec![n_bytes as u8]),
            0..=2 => (vec![0xda], (n_bytes as u16).to_be_bytes().to_vec()),
            _ => (vec![0xdb], (n_bytes as u32).to_be_bytes().to_vec()),
        };
        [marker, length, bytes].concat()
    })
}

fn counted(marker: u8, width: usize, items: Vec<Vec<u8>>) -> Vec<u8> {
    let n_items = items.len();
    let head = match width {
        0 => vec![marker | n_items as u8],
        1 => [&[marker][..], &(n_items as u16).to_be_bytes()].concat(),
        _ => [&[marker][..], &(n_items as u32).to_be_bytes()].concat(),
    };
    [head, items.concat()].concat()
}
