//! Players who do nothing wrong, in the room of one who does: they must not notice.

use std::net::SocketAddr;

use serde_json::json;
use signal_fish_testkit::{Dialect, Peer, ServerProcess, gather, join_room};

use crate::server;

/// Two players in a room, one of each protocol version, and the server that is theirs alone.
pub(crate) struct Bystanders {
    server: ServerProcess,
    room: [Peer; 2],
}

impl Bystanders {
    #[track_caller]
    pub(crate) fn gather() -> Self {
        let server = server().start();
        let room = gather(server.addr(), ROOM, [("by v2", Dialect::V2), ("by v3", Dialect::V3)]);
        Self { server, room }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// The two, who speak version 2 and version 3.
    pub(crate) fn room(&self) -> &[Peer; 2] {
        &self.room
    }

    /// Someone else in their room, of whose seat they know.
    #[track_caller]
    pub(crate) fn offender(&mut self, dialect: Dialect) -> Peer {
        let mut offender = Peer::authenticated(self.addr(), "offender", dialect);
        join_room(&mut offender, ROOM);
        self.meet(&offender);
        offender
    }

    /// The next thing they hear is that this player has come.
    #[track_caller]
    pub(crate) fn meet(&mut self, newcomer: &Peer) {
        for member in &mut self.room {
            assert_eq!(member.expect("PlayerJoined")["player"]["id"], json!(newcomer.id));
        }
    }

    /// The next thing they hear is that this player is gone.
    #[track_caller]
    pub(crate) fn lose(&mut self, offender: &Peer) {
        for member in &mut self.room {
            assert_eq!(member.expect("PlayerLeft")["player_id"], json!(offender.id));
        }
    }

    /// They have heard nothing else, they still hear each other, and the server still takes newcomers.
    #[track_caller]
    pub(crate) fn finish(mut self) {
        for member in &mut self.room {
            member.expect_silence();
        }
        let [v2, v3] = &mut self.room;
        v2.say(json!("still here"));
        assert_eq!(v3.expect("GameData")["data"], "still here");
        v3.say(json!("me too"));
        assert_eq!(v2.expect("GameData")["data"], "me too");
        gather(self.addr(), "AFTER1", [("Ada", Dialect::V3), ("Bob", Dialect::V2)]);
    }
}

/// The code of the room that is to be left in peace.
pub(crate) const ROOM: &str = "NEARBY";
