//! Slow readers: what they miss of game data that may be left out, what they are told, and that nobody waits for them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, Frame, Peer, deadline, gather};

use crate::server;

const NAMES: [&str; 16] =
    ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "stalled"];

/// Fifteen players who read, and how often each has spoken.
struct Fifteen {
    players: Vec<Peer>,
    n_spoken: u64,
    stalled: String,
    /// The names of those who have heard that the sixteenth is gone.
    told: BTreeSet<String>,
}

impl Fifteen {
    /// One of them speaks. How long it takes until the last of the others has heard it.
    #[track_caller]
    fn round(&mut self) -> Duration {
        let n_players = self.players.len();
        let sender = usize::try_from(self.n_spoken).expect("a few thousand") % n_players;
        self.n_spoken += 1;
        let seq = self.n_spoken.div_ceil(n_players as u64);
        let sent_at = Instant::now();
        self.players[sender].say(json!("x".repeat(8_000)));
        let from = self.players[sender].id.clone();
        for reader in (0..n_players).filter(|reader| *reader != sender) {
            let reader = &mut self.players[reader];
            let mut heard = text(reader);
            if heard["type"] == "PlayerLeft" {
                assert_eq!(heard["data"]["player_id"], self.stalled);
                self.told.insert(reader.name().to_owned());
                heard = text(reader);
            }
            assert_eq!((&heard["data"]["from_player"], &heard["data"]["seq"]), (&json!(from), &json!(seq)));
        }
        sent_at.elapsed()
    }
}

#[track_caller]
fn text(peer: &mut Peer) -> Value {
    serde_json::from_str(&peer.expect_text()).expect("messages are JSON")
}

/// The median, and what ninety-nine in a hundred keep below.
fn quantiles(mut times: Vec<Duration>) -> [Duration; 2] {
    times.sort_unstable();
    [times[times.len() / 2], times[times.len() * 99 / 100]]
}

#[test]
fn one_of_sixteen_who_does_not_read_costs_the_others_nothing() {
    let server = server()
        .set("server.default_max_players", json!(16))
        .set("websocket.send_queue_capacity", json!(128))
        .set("websocket.slow_consumer_timeout_ms", json!(1_000))
        .start();
    let room = gather(server.addr(), "STALLS", NAMES.map(|name| (name, Dialect::V3)));
    let mut players: Vec<_> = room.into();
    let mut stalled = players.pop().expect("sixteen");
    let mut fifteen = Fifteen { players, n_spoken: 0, stalled: stalled.id.clone(), told: BTreeSet::new() };
    let before: Vec<_> = (0..300)
        .map(|_| {
            let time = fifteen.round();
            stalled.expect("GameData");
            time
        })
        .collect();
    let mut meanwhile = Vec::new();
    let until = deadline();
    while fifteen.told.is_empty() {
        assert!(Instant::now() < until, "after {} messages it is still there", meanwhile.len());
        meanwhile.push(fifteen.round());
    }
    for player in &mut fifteen.players {
        if !fifteen.told.contains(player.name()) {
            assert_eq!(player.expect("PlayerLeft")["player_id"], fifteen.stalled);
        }
        player.expect_silence();
    }
    let [median, tail] = quantiles(before);
    let [median_stalled, tail_stalled] = quantiles(meanwhile);
    // Waiting for the one who does not read would take a second. A busy machine may be some milliseconds late.
    let (floor, floor_of_tail) = (Duration::from_millis(5), Duration::from_millis(100));
    assert!(median_stalled <= median * 3 + floor, "{median_stalled:?} after {median:?}");
    assert!(tail_stalled <= tail * 3 + floor_of_tail, "{tail_stalled:?} after {tail:?}");
    // Its socket may be too full for the farewell.
    let code = stalled.read_to_end();
    assert!(matches!(code, Some(4002) | None), "closed with {code:?}");
}

/// One who reads, and keeps track of what it does not get of a single sender.
#[derive(Default)]
struct Account {
    last: u64,
    /// Reported gaps that were not passed yet: first and last number.
    gaps: BTreeMap<u64, u64>,
    n_missing: BTreeMap<String, u64>,
    per_class: Value,
}

impl Account {
    #[track_caller]
    fn report(&mut self, sender: &Peer, report: &Value) {
        for gap in report["gaps"].as_array().expect("a report of gaps") {
            assert_eq!((&gap["from_player"], &gap["epoch"]), (&json!(sender.id), &json!(1)));
            let [from, to] = ["from_seq", "to_seq"].map(|name| gap[name].as_u64().expect("a number"));
            self.gaps.insert(from, to);
            *self.n_missing.entry(gap["reason"].as_str().expect("a reason").to_owned()).or_default() +=
                to - from + 1;
        }
        self.per_class = report["per_class"].clone();
    }

    #[track_caller]
    fn deliver(&mut self, seq: u64) {
        while let Some(to) = self.gaps.remove(&(self.last + 1)) {
            self.last = to;
        }
        assert_eq!(seq, self.last + 1, "what is missing is reported before");
        self.last = seq;
    }
}

#[test]
fn who_stalls_gets_the_newest_of_each_key_and_hears_exactly_what_is_missing() {
    const N_MESSAGES: u64 = 400;
    // On a machine that is busy the stall is as long as all the sending.
    let patience = json!(25_000);
    let server = server()
        .set("websocket.send_queue_capacity", json!(8))
        .set("websocket.slow_consumer_timeout_ms", patience.clone())
        .set("websocket.max_sojourn_ms", patience)
        .start();
    let members = [("Ada", Dialect::V3), ("old", Dialect::V2), ("slow", Dialect::V3)];
    let [mut ada, mut old, mut slow] = gather(server.addr(), "LOSSES", members);
    let filler = "x".repeat(60_000);
    for seq in 1..=N_MESSAGES {
        let mut message = json!({"data": {"n": seq, "filler": filler}, "class": "volatile"});
        if seq % 4 != 0 {
            (message["class"], message["key"]) = (json!("latest"), json!(seq % 2));
        }
        ada.send("GameData", message);
        assert_eq!(old.expect("GameData")["data"]["n"], seq, "version 2 gets everything");
    }
    ada.say(json!("done"));
    ada.expect_silence();

    let (mut account, mut newest) = (Account::default(), [0; 2]);
    while account.last <= N_MESSAGES {
        let message = text(&mut slow);
        let data = &message["data"];
        if message["type"] == "DeliveryReport" {
            account.report(&ada, data);
            continue;
        }
        assert_eq!(message["type"], "GameData");
        account.deliver(data["seq"].as_u64().expect("a number"));
        if data["class"] == "latest" {
            newest[usize::from(data["key"] == 1)] = account.last;
        }
    }
    assert_eq!(newest, [N_MESSAGES - 2, N_MESSAGES - 1], "the newest of each key");
    assert_eq!(account.per_class["latest"]["superseded"], account.n_missing["latest_superseded"]);
    assert_eq!(account.per_class["volatile"]["dropped"], account.n_missing["volatile_dropped"]);
    slow.expect_silence();
}

#[test]
fn version_3_is_told_how_much_it_got_if_the_server_is_set_to() {
    let server = server().set("websocket.delivery_stats_interval_secs", json!(1)).start();
    let members = [("Ada", Dialect::V3), ("old", Dialect::V2), ("new", Dialect::V3)];
    let [mut ada, mut old, mut new] = gather(server.addr(), "STATS1", members);
    let mut n_heard = 0;
    let until = deadline();
    let mut told = Vec::new();
    while told.len() < 2 {
        assert!(Instant::now() < until, "after {n_heard} messages only {told:?}");
        ada.send_frames(&[Frame::text(r#"{"type":"GameData","data":{"data":1,"class":"volatile"}}"#)]);
        n_heard += 1;
        old.expect("GameData");
        let mut message = text(&mut new);
        // They come behind the message that was due.
        if message["type"] == "RelayStats" {
            let stats = &message["data"];
            let expected = json!({
                "interval_ms": 1_000, "sent_to_you": n_heard - 1, "dropped_for_you": 0, "backpressure_events": 0,
            });
            assert_eq!(*stats, expected);
            let report = new.expect("DeliveryReport");
            assert_eq!(
                (&report["per_class"]["volatile"]["delivered"], report.get("gaps")),
                (&json!(n_heard - 1), None)
            );
            told.push(stats.clone());
            message = text(&mut new);
        }
        assert_eq!((&message["type"], &message["data"]["seq"]), (&json!("GameData"), &json!(n_heard)));
    }
}
