//! The same sessions with the published server and with ours, on raw sockets: the answers must be the same.
//!
//! A session is a script under `scripts/`; its README tells how they are written. What differs on purpose stands in
//! `differences.rs`, each with its reason. The published server is found by `SIGNAL_FISH_PUBLISHED`, or where the
//! measuring tools install it; without it our server is held to what the scripts themselves expect, and
//! `cargo xtask ci` says that the two were not compared.

mod client;
mod differences;
mod normal;
mod script;
mod stage;

use std::collections::BTreeSet;

use signal_fish_testkit::Launch;

use script::Session;
use stage::{Stage, Whose};

macro_rules! scripts {
    ($($name:ident $file:literal,)+) => {
        $(
            #[test]
            fn $name() {
                compare($file, include_str!(concat!("scripts/", $file)));
            }
        )+

        /// Every script, for what concerns them all.
        const SCRIPTS: &[(&str, &str)] = &[$(($file, include_str!(concat!("scripts/", $file)))),+];
    };
}

scripts! {
    handshakes_are_answered_alike "01-handshake.txt",
    rooms_are_answered_alike "02-rooms.txt",
    lobbies_are_answered_alike "03-lobby.txt",
    game_data_is_relayed_alike "04-game-data.txt",
    spectators_are_answered_alike "05-spectators.txt",
    bad_input_is_answered_alike "06-bad-input.txt",
    reconnections_are_answered_alike "07-reconnection.txt",
    plans_and_signals_are_answered_alike "08-plans.txt",
    room_operations_are_answered_alike "09-operations.txt",
    passwords_are_answered_alike "10-passwords.txt",
    shutdowns_are_answered_alike "11-shutdown.txt",
    limits_are_held_alike "12-limits.txt",
    endings_come_alike "13-endings.txt",
}

#[test]
fn every_difference_is_named_and_has_its_reason() {
    let sessions: Vec<_> = SCRIPTS.iter().flat_map(|(file, text)| script::parse(file, text)).collect();
    let names: BTreeSet<_> = sessions.iter().map(|session| session.name.as_str()).collect();
    assert_eq!(names.len(), sessions.len(), "each session has a name of its own");
    let used: BTreeSet<_> = sessions.iter().flat_map(Session::differences).collect();
    let named: BTreeSet<_> = differences::NAMED.iter().map(|difference| difference.name).collect();
    assert_eq!(used, named, "the scripts use what the table names, and all of it");
    let used: BTreeSet<_> = sessions.iter().filter_map(|session| session.only_ours.as_deref()).collect();
    let added: BTreeSet<_> = differences::ADDED.iter().map(|addition| addition.name).collect();
    assert_eq!(used, added, "what only ours has stands in its table, and sessions show it");
    assert!(differences::all_have_reasons());
}

/// Plays every session of a script on both servers and collects what does not fit.
fn compare(file: &str, text: &str) {
    let sessions = script::parse(file, text);
    let published = Stage::new(Launch::published);
    let ours = Stage::new(|| Some(Launch::new(env!("CARGO_BIN_EXE_signal-fish-server"))));
    if !published.is_there() {
        eprintln!(
            "{file} was NOT COMPARED with the published server, which is not here: see SIGNAL_FISH_PUBLISHED"
        );
    }
    let mut faults = Vec::new();
    for (at, session) in sessions.iter().enumerate() {
        let is_comparable = published.is_there() && session.only_ours.is_none();
        let theirs = is_comparable.then(|| published.play(session, at));
        if let Some(theirs) = &theirs {
            faults.extend(theirs.unexpected(session, Whose::Published));
        }
        let mine = ours.play(session, at);
        faults.extend(mine.unexpected(session, Whose::Ours));
        faults.extend(theirs.and_then(|theirs| theirs.first_difference(&mine, session)));
    }
    // Their own output would only hide what follows.
    drop((published, ours));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
