//! The list of everything that reads bytes.

mod client_frames;
mod game_data;
mod http;
mod names;
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
    Target { name: "session", run: session::session, only_reads: false },
    Target { name: "http", run: http::request, only_reads: false },
];
