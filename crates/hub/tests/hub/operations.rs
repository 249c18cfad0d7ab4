//! Room operations: each has one result with its id, whatever comes of it.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::support::{Client, V2, V3, hub};
use serde_json::{Value, json};
use signal_fish_auth::Quota;
use signal_fish_hub::{Hub, HubConfig};
use signal_fish_protocol::CloseCode;
use uuid::Uuid;

/// Everyone in the hub `config`: Ada has the authority of the open room HOME01 with its three seats, Bob and Cat play
/// in it, Wim and Eve watch, Zoe is outside. LOCKED is a room of Lea's with the password "sesame".
struct World {
    hub: Hub,
    ada: Client,
    bob: Client,
    cat: Client,
    wim: Client,
    zoe: Client,
    lea: Client,
}

impl World {
    async fn with(config: HubConfig) -> Self {
        let hub = hub(HubConfig { joins: plenty(), creations: plenty(), ..config }).await;
        let mut clients = Vec::new();
        for _ in 0..6 {
            clients.push(Client::operating(&hub).await);
        }
        let Ok([mut ada, mut bob, mut cat, mut wim, zoe, mut lea]) = <[Client; 6]>::try_from(clients) else {
            unreachable!("six of them")
        };
        for (client, name) in [(&mut ada, "Ada"), (&mut bob, "Bob"), (&mut cat, "Cat")] {
            let join = join(json!({"room_code": "HOME01", "player_name": name, "max_players": 3}));
            assert_eq!(client.operate(join).await.0["type"], "RoomJoined");
        }
        assert_eq!(wim.operate(watch(json!({}))).await.0["type"], "SpectatorJoined");
        let locked = join(json!({"room_code": "LOCKED", "player_name": "Lea", "password": "sesame"}));
        assert_eq!(lea.operate(locked).await.0["type"], "RoomJoined");
        for client in [&ada, &bob, &cat, &wim] {
            client.take();
        }
        Self { hub, ada, bob, cat, wim, zoe, lea }
    }
}

fn plenty() -> Quota {
    Quota { n_max: NonZeroU32::new(100_000).expect("many"), window: Duration::from_secs(1) }
}

fn changed(kind: &str, mut data: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    for (key, value) in changes {
        data[key] = value;
    }
    json!({"type": kind, "data": data})
}

fn join(changes: Value) -> Value {
    changed("JoinRoom", json!({"game_name": "tanks", "player_name": "Zoe"}), changes)
}

fn watch(changes: Value) -> Value {
    let data = json!({"game_name": "tanks", "room_code": "HOME01", "spectator_name": "Wim"});
    changed("JoinAsSpectator", data, changes)
}

fn about(kind: &str, player: Uuid) -> Value {
    json!({"type": kind, "data": {"player_id": player}})
}

fn reconnect() -> Value {
    json!({"type": "Reconnect", "data": {
        "player_id": Uuid::new_v4(), "room_id": Uuid::new_v4(), "auth_token": "token",
    }})
}

fn access(password: Value) -> Value {
    json!({"type": "SetRoomAccess", "data": {"password": password}})
}

fn unit(kind: &str) -> Value {
    json!({"type": kind})
}

fn id(client: &Client) -> Uuid {
    client.session.player().to_string().parse().expect("a UUID")
}

/// The operation fails in this way, and nobody hears anything else.
async fn assert_refused(client: &mut Client, operation: Value, kind: &str, code: &str) {
    let (result, others) = client.operate(operation.clone()).await;
    assert_eq!((&result["type"], &result["data"]["error_code"]), (&json!(kind), &json!(code)), "{operation}");
    assert!(result["data"]["reason"].as_str().is_some_and(|text| !text.is_empty()), "{result}");
    assert!(others.is_empty(), "{operation}: {others:?}");
}

/// What comes of an operation that works.
async fn assert_done(client: &mut Client, operation: Value, kind: &str) -> Value {
    let (result, _) = client.operate(operation.clone()).await;
    assert_eq!(result["type"], kind, "{operation}: {result}");
    result["data"].clone()
}

#[tokio::test]
async fn what_cannot_be_read_has_a_result_if_its_id_can() {
    let mut world = World::with(HubConfig::default()).await;
    let mut plain = Client::connect(&world.hub, V3);
    for operation in [
        json!({"type": "KickPlayer", "data": {}}),
        json!({"type": "KickPlayer"}),
        json!({"type": "Dance"}),
        json!("LeaveRoom"),
        json!(null),
        join(json!({"max_players": 300})),
        join(json!({"game_name": null})),
    ] {
        assert_refused(&mut world.ada, operation.clone(), "OperationFailed", "INVALID_INPUT").await;
        // Who may not ask for operations gets no results of them.
        plain.say("RoomOperation", json!({"operation_id": Uuid::new_v4(), "operation": operation})).await;
        assert_eq!(plain.hear_types(), ["Error"]);
    }
    for unreadable in
        [json!({}), json!({"operation_id": "NOT"}), json!({"operation_id": Uuid::nil().simple()})]
    {
        world.ada.say("RoomOperation", unreadable).await;
        assert_eq!(world.ada.hear_types(), ["Error"]);
    }
    assert_eq!(world.bob.hear(), [] as [Value; 0]);
}

#[tokio::test]
async fn a_refused_join_has_its_typed_failure_as_the_one_result() {
    let mut world = World::with(HubConfig { rooms_max: 2, ..HubConfig::default() }).await;
    for (changes, code) in [
        (json!({"game_name": "no/such/game"}), "INVALID_GAME_NAME"),
        (json!({"player_name": ""}), "INVALID_PLAYER_NAME"),
        (json!({"max_players": 0}), "INVALID_MAX_PLAYERS"),
        (json!({"join_only": true}), "INVALID_INPUT"),
        (json!({"room_code": "HOME01", "password": ""}), "INVALID_INPUT"),
        (json!({"room_code": "?"}), "INVALID_ROOM_CODE"),
        (json!({"room_code": "NOROOM", "join_only": true}), "ROOM_NOT_FOUND"),
        (json!({"room_code": "HOME01", "password": "sesame"}), "PASSWORD_REQUIRED"),
        (json!({"room_code": "LOCKED"}), "PASSWORD_REQUIRED"),
        (json!({"room_code": "LOCKED", "password": "guess"}), "PASSWORD_REQUIRED"),
        (json!({"room_code": "HOME01", "player_name": "ADA"}), "ROOM_CREATION_FAILED"),
        (json!({"room_code": "HOME01"}), "ROOM_FULL"),
        (json!({}), "MAX_ROOMS_PER_GAME_EXCEEDED"),
    ] {
        assert_refused(&mut world.zoe, join(changes), "RoomJoinFailed", code).await;
    }
    assert_refused(&mut world.ada, join(json!({})), "RoomJoinFailed", "ALREADY_IN_ROOM").await;
    assert_refused(&mut world.wim, join(json!({})), "RoomJoinFailed", "ALREADY_IN_ROOM").await;
    world.hub.drain(Duration::from_secs(30), Duration::from_secs(30));
    world.zoe.take();
    for code in [json!(null), json!("FRESH1")] {
        let join = join(json!({"room_code": code}));
        assert_refused(&mut world.zoe, join, "RoomJoinFailed", "SERVER_DRAINING").await;
    }
}

#[tokio::test]
async fn a_refused_spectator_has_its_typed_failure_as_the_one_result() {
    let config = HubConfig { spectators: signal_fish_hub::SpectatorLimit::AtMost(1), ..HubConfig::default() };
    let mut world = World::with(config).await;
    for (changes, code) in [
        (json!({"spectator_name": ""}), "INVALID_PLAYER_NAME"),
        (json!({"game_name": "no/such/game"}), "INVALID_GAME_NAME"),
        (json!({"room_code": "?"}), "INVALID_ROOM_CODE"),
        (json!({"password": ""}), "INVALID_INPUT"),
        (json!({"room_code": "NOROOM"}), "ROOM_NOT_FOUND"),
        (json!({"password": "sesame"}), "PASSWORD_REQUIRED"),
        (json!({"room_code": "LOCKED"}), "PASSWORD_REQUIRED"),
        (json!({"room_code": "LOCKED", "password": "guess"}), "PASSWORD_REQUIRED"),
        (json!({}), "TOO_MANY_SPECTATORS"),
    ] {
        assert_refused(&mut world.zoe, watch(changes), "SpectatorJoinFailed", code).await;
    }
    assert_refused(&mut world.ada, watch(json!({})), "SpectatorJoinFailed", "SPECTATOR_NOT_ALLOWED").await;
    assert_refused(&mut world.wim, watch(json!({})), "SpectatorJoinFailed", "SPECTATOR_JOIN_FAILED").await;
    world.hub.drain(Duration::from_secs(30), Duration::from_secs(30));
    world.zoe.take();
    assert_refused(&mut world.zoe, watch(json!({})), "SpectatorJoinFailed", "SERVER_DRAINING").await;
}

#[tokio::test]
async fn what_has_no_typed_failure_fails_as_an_operation() {
    let mut world = World::with(HubConfig::default()).await;
    let (ada, bob, wim) = (id(&world.ada), id(&world.bob), id(&world.wim));
    let nobody = Uuid::new_v4();
    let long = "p".repeat(257);
    let failed = "OperationFailed";
    for (operation, code) in [
        (about("KickPlayer", ada), "INVALID_INPUT"),
        (about("KickPlayer", nobody), "KICK_TARGET_NOT_FOUND"),
        (about("KickPlayer", wim), "KICK_TARGET_NOT_FOUND"),
        (about("BanPlayer", ada), "INVALID_INPUT"),
        (about("BanPlayer", nobody), "KICK_TARGET_NOT_FOUND"),
        (about("TransferAuthority", ada), "INVALID_INPUT"),
        (about("TransferAuthority", wim), "TRANSFER_TARGET_NOT_FOUND"),
        (access(json!("")), "INVALID_INPUT"),
        (access(json!(long)), "INVALID_INPUT"),
        (unit("LeaveSpectator"), "NOT_A_SPECTATOR"),
    ] {
        assert_refused(&mut world.ada, operation, failed, code).await;
    }
    let moderation = || {
        let of = |kind| about(kind, ada);
        let targeted = ["KickPlayer", "BanPlayer", "UnbanPlayer", "TransferAuthority"].map(of);
        let rest = [unit("RegenerateRoomCode"), access(json!("sesame")), access(json!(null))];
        targeted.into_iter().chain(rest)
    };
    for operation in moderation() {
        assert_refused(&mut world.bob, operation.clone(), failed, "NOT_ROOM_AUTHORITY").await;
        assert_refused(&mut world.zoe, operation.clone(), failed, "NOT_IN_ROOM").await;
        assert_refused(&mut world.wim, operation, failed, "NOT_IN_ROOM").await;
    }
    // The order of the checks: the shape of a password and the target itself come before whether one may.
    assert_refused(&mut world.bob, access(json!("")), failed, "INVALID_INPUT").await;
    assert_refused(&mut world.bob, about("TransferAuthority", bob), failed, "INVALID_INPUT").await;
    assert_refused(&mut world.bob, about("KickPlayer", bob), failed, "NOT_ROOM_AUTHORITY").await;
    assert_refused(&mut world.zoe, access(json!("")), failed, "NOT_IN_ROOM").await;
    assert_refused(&mut world.zoe, unit("LeaveRoom"), failed, "NOT_IN_ROOM").await;
    assert_refused(&mut world.wim, unit("LeaveRoom"), failed, "NOT_IN_ROOM").await;
    assert_refused(&mut world.zoe, unit("LeaveSpectator"), failed, "NOT_A_SPECTATOR").await;
    assert_refused(&mut world.zoe, reconnect(), "ReconnectionFailed", "RECONNECTION_FAILED").await;
    world.hub.drain(Duration::from_secs(30), Duration::from_secs(30));
    world.zoe.take();
    assert_refused(&mut world.zoe, reconnect(), "ReconnectionFailed", "SERVER_DRAINING").await;
    for bystander in [&world.bob, &world.cat, &world.lea] {
        assert_eq!(bystander.hear_types(), ["GoingAway"], "what is refused is nobody else's business");
    }
}

#[tokio::test]
async fn what_works_has_one_result_and_the_others_hear_the_plain_events() {
    let mut world = World::with(HubConfig::default()).await;
    let (bob, cat) = (id(&world.bob), id(&world.cat));
    assert_done(&mut world.bob, unit("LeaveRoom"), "RoomLeft").await;
    assert_eq!(world.ada.hear_types(), ["PlayerLeft"]);
    let snapshot = assert_done(&mut world.bob, join(json!({"room_code": "HOME01"})), "RoomJoined").await;
    assert_eq!(snapshot["current_players"].as_array().map(Vec::len), Some(3));
    assert_eq!(world.ada.hear_types(), ["PlayerJoined"]);
    let left = assert_done(&mut world.wim, unit("LeaveSpectator"), "SpectatorLeft").await;
    assert_eq!(left["reason"], "voluntary_leave");
    assert_done(&mut world.wim, watch(json!({})), "SpectatorJoined").await;
    world.cat.take();

    // The result comes last.
    let (result, others) = world.ada.operate(about("TransferAuthority", cat)).await;
    assert_eq!(result, json!({"type": "AuthorityTransferred", "data": {"player_id": cat}}));
    let heard: Vec<_> = others.iter().map(|message| message["type"].as_str()).collect();
    assert_eq!(heard, [Some("SpectatorDisconnected"), Some("NewSpectatorJoined"), Some("AuthorityChanged")]);
    let changed = world.cat.hear().swap_remove(0);
    let expected = json!({"authority_player": cat, "you_are_authority": true});
    assert_eq!(changed, json!({"type": "AuthorityChanged", "data": expected}));

    let banned = assert_done(&mut world.cat, about("BanPlayer", bob), "PlayerBanned").await;
    assert_eq!(banned, json!({"player_id": bob}));
    let (frames, ending) = world.bob.take();
    let last = crate::support::parse(frames.last().expect("a farewell"));
    assert_eq!((&last["data"]["error_code"], ending), (&json!("KICKED"), Some(CloseCode::Kicked)));
    let heard = world.ada.hear();
    let gone = heard.last().expect("something");
    assert_eq!((&gone["type"], &gone["data"]["player_id"]), (&json!("PlayerLeft"), &json!(bob)));
    assert_eq!(gone["data"]["final_seq"], 0);
    assert_done(&mut world.cat, about("UnbanPlayer", bob), "PlayerUnbanned").await;
    assert_done(&mut world.cat, about("UnbanPlayer", bob), "PlayerUnbanned").await;
    let protected = assert_done(&mut world.cat, access(json!("sesame")), "RoomAccessUpdated").await;
    assert_eq!(protected, json!({"requires_password": true}));
    let opened = assert_done(&mut world.cat, access(json!(null)), "RoomAccessUpdated").await;
    assert_eq!(opened, json!({"requires_password": false}));
    let moved = assert_done(&mut world.cat, unit("RegenerateRoomCode"), "RoomCodeRegenerated").await;
    assert_ne!(moved["room_code"], "HOME01");
    assert_eq!(world.ada.hear_types(), [""; 0], "only who asked is told");
    let join = join(json!({"room_code": moved["room_code"], "join_only": true}));
    assert_done(&mut world.zoe, join, "RoomJoined").await;
}

#[tokio::test]
async fn budgets_refuse_operations_in_their_own_form() {
    let few = |n| Quota { n_max: NonZeroU32::new(n).expect("some"), window: Duration::from_secs(60) };
    let hub = hub(HubConfig { joins: few(3), creations: few(1), ..HubConfig::default() }).await;
    let mut ada = Client::operating(&hub).await;
    assert_done(&mut ada, join(json!({"room_code": "HOME01"})), "RoomJoined").await;
    assert_done(&mut ada, unit("LeaveRoom"), "RoomLeft").await;
    assert_refused(&mut ada, join(json!({})), "RoomJoinFailed", "RATE_LIMIT_EXCEEDED").await;
    let again = join(json!({"room_code": "HOME01"}));
    assert_done(&mut ada, again, "RoomJoined").await;
    ada.say("AuthorityRequest", json!({"become_authority": true})).await;
    ada.take();
    assert_done(&mut ada, unit("RegenerateRoomCode"), "RoomCodeRegenerated").await;
    for operation in [unit("RegenerateRoomCode"), access(json!("sesame"))] {
        assert_refused(&mut ada, operation, "OperationFailed", "RATE_LIMIT_EXCEEDED").await;
    }
    assert_done(&mut ada, access(json!(null)), "RoomAccessUpdated").await;
    assert_done(&mut ada, unit("LeaveRoom"), "RoomLeft").await;
    assert_refused(&mut ada, watch(json!({})), "SpectatorJoinFailed", "RATE_LIMIT_EXCEEDED").await;
}

#[tokio::test]
async fn the_last_refusal_before_the_end_has_its_result_too() {
    let error_replies = Quota { n_max: NonZeroU32::new(1).expect("one"), window: Duration::from_secs(60) };
    let hub = hub(HubConfig { error_replies, ..HubConfig::default() }).await;
    let mut zoe = Client::operating(&hub).await;
    assert_refused(&mut zoe, unit("LeaveRoom"), "OperationFailed", "NOT_IN_ROOM").await;
    let operation = json!({"operation_id": Uuid::new_v4(), "operation": unit("LeaveSpectator")});
    zoe.say("RoomOperation", operation).await;
    let (frames, ending) = zoe.take();
    let kinds: Vec<_> = frames.iter().map(crate::support::parse).map(|heard| heard["type"].clone()).collect();
    assert_eq!(kinds, ["RoomOperationResult", "Error"]);
    assert_eq!(ending, Some(CloseCode::InboundRateLimited));
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_over_answers_as_if_there_was_none() {
    let hub = hub(HubConfig::default()).await;
    let mut ada = Client::operating(&hub).await;
    assert_done(&mut ada, join(json!({"room_code": "HOME01"})), "RoomJoined").await;
    let mut wim = Client::operating(&hub).await;
    assert_done(&mut wim, watch(json!({})), "SpectatorJoined").await;
    drop(ada);
    wim.take();
    tokio::time::sleep(Duration::from_secs(301)).await;
    crate::support::settle().await;
    let closed = wim.hear();
    assert_eq!(closed.len(), 1, "unasked, so without an id: {closed:?}");
    assert_eq!(
        (&closed[0]["type"], &closed[0]["data"]["reason"]),
        (&json!("SpectatorLeft"), &json!("room_closed"))
    );
    for (operation, code) in [
        (unit("LeaveSpectator"), "NOT_A_SPECTATOR"),
        (unit("LeaveRoom"), "NOT_IN_ROOM"),
        (about("KickPlayer", Uuid::new_v4()), "NOT_IN_ROOM"),
        (access(json!("sesame")), "NOT_IN_ROOM"),
        (unit("RegenerateRoomCode"), "NOT_IN_ROOM"),
    ] {
        assert_refused(&mut wim, operation, "OperationFailed", code).await;
    }
    assert_done(&mut wim, join(json!({"room_code": "HOME01"})), "RoomJoined").await;
}

#[tokio::test]
async fn without_the_capability_operations_are_refused_in_the_plain_form() {
    let hub = hub(HubConfig::default()).await;
    let ask = json!({"app_id": "x", "requested_capabilities": ["room_operation_ids"]});
    for (version, authenticate, code) in [
        (V3, None, "INVALID_INPUT"),
        (V3, Some(json!({"app_id": "x"})), "INVALID_INPUT"),
        (V3, Some(json!({"app_id": "x", "requested_capabilities": ["other"]})), "INVALID_INPUT"),
        (V2, None, "UNSUPPORTED_PROTOCOL_VERSION"),
        (V2, Some(ask), "UNSUPPORTED_PROTOCOL_VERSION"),
    ] {
        let mut client = Client::connect(&hub, version);
        if let Some(authenticate) = authenticate {
            client.say("Authenticate", authenticate).await;
            let info = client.hear().swap_remove(1);
            let capabilities = info["data"]["capabilities"].as_array().expect("a list").clone();
            assert!(!capabilities.contains(&json!("room_operation_ids")), "{info}");
        }
        let operation = json!({"operation_id": Uuid::new_v4(), "operation": join(json!({}))});
        client.say("RoomOperation", operation).await;
        let heard = client.hear();
        assert_eq!((&heard[0]["type"], &heard[0]["data"]["error_code"]), (&json!("Error"), &json!(code)));
        assert_eq!(heard.len(), 1);
    }
}

#[tokio::test]
async fn the_plain_forms_stay_plain_beside_the_ids() {
    let hub = hub(HubConfig::default()).await;
    let mut ada = Client::operating(&hub).await;
    ada.join("PLAIN1", "Ada").await;
    ada.say("LeaveRoom", Value::Null).await;
    ada.say("LeaveRoom", Value::Null).await;
    ada.say("LeaveSpectator", Value::Null).await;
    assert_eq!(ada.hear_types(), ["RoomLeft", "RoomLeft", "Error"]);
}

#[tokio::test]
async fn an_operation_of_which_the_client_hears_nothing_more_leaves_nothing_behind() {
    let mut world = World::with(HubConfig::default()).await;
    let enter = join(json!({"room_code": "LOCKED", "password": "sesame"}));
    let operation = json!({"operation_id": Uuid::new_v4(), "operation": enter});
    drop(world.zoe.begin("RoomOperation", operation));
    drop(world.zoe);
    let protect = json!({"operation_id": Uuid::new_v4(), "operation": access(json!("mellon"))});
    drop(world.ada.begin("RoomOperation", protect));
    drop(world.ada);
    assert_eq!(world.lea.hear_types(), ["LobbyStateChanged"; 0], "nobody came");
    assert_eq!(world.bob.hear_types(), ["PlayerLeft", "AuthorityChanged"]);
    let mut late = Client::operating(&world.hub).await;
    let open = join(json!({"room_code": "HOME01", "player_name": "Ada"}));
    assert_done(&mut late, open, "RoomJoined").await;
}
