//! Who may come back and who may not, in unusual order and number; the usual is in the scripts.

use super::*;
use crate::Command;
use crate::fixture::{BOB, ZOE, generation, join, join_with_token, reconnect, some_moment, step, trio};

/// Ada and Bob play, Wim watches, and Zoe had a seat.
fn without_zoe(now: Instant) -> Room {
    let mut room = trio(now);
    step(&mut room, now, ZOE, join_with_token("Zoe"));
    step(&mut room, now, ZOE, Command::Disconnect { generation: generation() });
    room
}

/// The code of the refusal that is all that followed, or nothing if Zoe is back.
fn refused(room: &mut Room, now: Instant, command: Command) -> Option<ErrorCode> {
    match step(room, now, ZOE, command).as_slice() {
        [Effect::Refuse(ServerMessage::ReconnectionFailed(failed))] => Some(failed.error_code),
        [Effect::Returned(_), ..] => None,
        other => panic!("neither yes nor no: {other:?}"),
    }
}

#[test]
fn refusals_come_in_the_order_of_the_contract() {
    let now = some_moment();
    let mut room = without_zoe(now);
    let late = now + Duration::from_secs(300);
    // From the last reason to the first, each one on top of those before it.
    room.seats.at_mut(1).name = crate::fixture::newcomer("zOE").name;
    assert_eq!(refused(&mut room, now, reconnect(1, 2)), Some(ErrorCode::ReconnectionFailed));
    room.setup.players_max = 2;
    assert_eq!(refused(&mut room, now, reconnect(1, 2)), Some(ErrorCode::RoomFull));
    assert_eq!(refused(&mut room, late, reconnect(1, 2)), Some(ErrorCode::ReconnectionExpired));
    room.handle_timeout(late, &mut Vec::new());
    assert_eq!(refused(&mut room, late, reconnect(1, 2)), Some(ErrorCode::ReconnectionExpired));
    assert_eq!(refused(&mut room, late, reconnect(9, 2)), Some(ErrorCode::ReconnectionTokenInvalid));
    room.away.records.at_mut(0).lost.standing = Standing::Kicked;
    assert_eq!(refused(&mut room, late, reconnect(9, 2)), Some(ErrorCode::Kicked));
    forget(&mut room, ZOE);
    assert_eq!(refused(&mut room, late, reconnect(9, 2)), Some(ErrorCode::ReconnectionFailed));
    room.handle_timeout(now + Duration::from_secs(3600), &mut Vec::new());
    assert_eq!(refused(&mut room, late, reconnect(9, 2)), Some(ErrorCode::RoomNotFound));
}

#[test]
fn whoever_is_connected_cannot_be_replaced() {
    let now = some_moment();
    let mut room = trio(now);
    step(&mut room, now, ZOE, join_with_token("Zoe"));
    assert_eq!(refused(&mut room, now, reconnect(1, 2)), Some(ErrorCode::PlayerAlreadyConnected));
}

#[test]
fn a_refused_attempt_leaves_the_token_good_and_a_successful_one_does_not() {
    let now = some_moment();
    let mut room = without_zoe(now);
    assert_eq!(refused(&mut room, now, reconnect(9, 8)), Some(ErrorCode::ReconnectionTokenInvalid));
    assert_eq!(refused(&mut room, now, reconnect(1, 2)), None);
    step(&mut room, now, ZOE, Command::StayActive);
    step(&mut room, now, ZOE, Command::Disconnect { generation: generation() });
    assert_eq!(refused(&mut room, now, reconnect(1, 3)), Some(ErrorCode::ReconnectionTokenInvalid));
    assert_eq!(refused(&mut room, now, reconnect(2, 3)), None);
}

#[test]
fn an_attempt_of_somebody_else_is_no_word_of_the_player() {
    let now = some_moment();
    let mut room = without_zoe(now);
    assert_eq!(refused(&mut room, now, reconnect(1, 2)), None);
    // Another connection tries as well, perhaps of the same impatient client.
    assert_eq!(refused(&mut room, now, reconnect(1, 3)), Some(ErrorCode::PlayerAlreadyConnected));
    step(&mut room, now, ZOE, Command::Disconnect { generation: generation() });
    assert_eq!(refused(&mut room, now, reconnect(1, 4)), None);
}

#[test]
fn who_may_not_have_heard_of_its_new_token_comes_with_the_one_before() {
    let now = some_moment();
    let mut room = without_zoe(now);
    for (presented, next) in [(1, 2), (1, 3), (3, 4), (3, 5)] {
        assert_eq!(refused(&mut room, now, reconnect(presented, next)), None, "{presented}");
        step(&mut room, now, ZOE, Command::Disconnect { generation: generation() });
    }
    for forgotten in [1, 2, 4] {
        let refusal = refused(&mut room, now, reconnect(forgotten, 9));
        assert_eq!(refusal, Some(ErrorCode::ReconnectionTokenInvalid), "{forgotten}");
    }
}

#[test]
fn whoever_leaves_or_has_no_token_is_not_awaited() {
    let now = some_moment();
    let mut room = trio(now);
    step(&mut room, now, ZOE, join_with_token("Zoe"));
    step(&mut room, now, ZOE, Command::Leave { generation: generation() });
    step(&mut room, now, BOB, Command::Disconnect { generation: generation() });
    assert_eq!(room.away.ids(), []);
    assert!(room.missed.is_none());
}

#[test]
fn whoever_joins_anew_is_not_awaited_any_more() {
    let now = some_moment();
    let mut room = without_zoe(now);
    assert!(room.awaits(ZOE));
    step(&mut room, now, ZOE, join("Zoe"));
    assert!(!room.awaits(ZOE));
}

#[test]
fn a_kicked_player_hears_so_and_keeps_nothing_alive() {
    let now = some_moment();
    let mut room = without_zoe(now);
    kick(&mut room, ZOE);
    assert!(!room.awaits(ZOE));
    assert!(room.away.next_deadline.is_none() && room.missed.is_none());
    assert_eq!(refused(&mut room, now, reconnect(1, 2)), Some(ErrorCode::Kicked));
}

#[test]
fn records_are_bounded_in_number_and_in_time() {
    let now = some_moment();
    let mut room = trio(now);
    for number in 0..2 * RECORDS_MAX as u128 {
        let player = PlayerId::new(signal_fish_protocol::Uuid::from_u128(1_000 + number));
        step(&mut room, now, player, join_with_token("Zoe"));
        step(&mut room, now, player, Command::Disconnect { generation: generation() });
    }
    assert_eq!(room.away.ids().len(), RECORDS_MAX);
    room.handle_timeout(now + Duration::from_secs(300), &mut Vec::new());
    assert_eq!(room.away.ids().len(), RECORDS_MAX, "they are told that they are late");
    let later = now + Duration::from_secs(600);
    step(&mut room, later, ZOE, join_with_token("Zoe"));
    step(&mut room, later, ZOE, Command::Disconnect { generation: generation() });
    assert_eq!(room.away.ids(), [ZOE]);
}

#[test]
fn endless_windows_do_not_overflow() {
    let now = some_moment();
    let mut room = trio(now);
    room.setup.away = Some(AwayRules { window: Duration::MAX, events_max: 0 });
    step(&mut room, now, ZOE, join_with_token("Zoe"));
    step(&mut room, now, ZOE, Command::Disconnect { generation: generation() });
    assert_eq!(refused(&mut room, now, reconnect(1, 2)), None);
}
