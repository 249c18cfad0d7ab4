//! The list of everything that reads bytes.

mod bound_frame;
mod client_frames;
mod connect_token;
mod game_data;
mod http;
mod listening;
mod names;
mod proxies;
mod server_frames;
mod session;
mod settings;

/// Something that reads bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What it is called in commands and folders.
    pub name: &'static str,
    /// Reads some bytes. Panics if that does what must not be.
    pub run: fn(&[u8]),
    /// Whether it does no more than read, so that its time and memory are bounded by what it is given.
    pub only_reads: bool,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "client_text", run: client_frames::text, only_reads: true },
    Target { name: "client_protobuf", run: client_frames::protobuf, only_reads: true },
    Target { name: "server_text", run: server_frames::text, only_reads: true },
    Target { name: "server_protobuf", run: server_frames::protobuf, only_reads: true },
    Target { name: "server_binary", run: server_frames::binary, only_reads: true },
    Target { name: "payload", run: game_data::payload, only_reads: true },
    Target { name: "message_pack", run: game_data::message_pack, only_reads: true },
    Target { name: "names", run: names::names, only_reads: true },
    Target { name: "settings", run: settings::json, only_reads: true },
    Target { name: "connect_token", run: connect_token::connect_token, only_reads: true },
    Target { name: "bound_frame", run: bound_frame::bound_frame, only_reads: true },
    Target { name: "session", run: session::session, only_reads: false },
    Target { name: "http", run: http::request, only_reads: false },
    Target { name: "proxy_header", run: proxies::announcement, only_reads: false },
    Target { name: "forwarded_header", run: proxies::forwarded, only_reads: false },
];

/// A place in `bytes`, which are some, and what to change there: as good as by chance, and the same every time.
fn a_place_in(bytes: &[u8]) -> (usize, u8) {
    let mix = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix);
    let [.., by] = hash.to_be_bytes();
    (usize::try_from(hash >> 8).map_or(0, |place| place % bytes.len()), by)
}
