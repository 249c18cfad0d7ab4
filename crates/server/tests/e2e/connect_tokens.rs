//! Connect tokens: who comes in with one, who does not, and what a token allows.

use base64::Engine as _;
use serde_json::{Value, json};
use signal_fish_testkit::{GAME, Launch, Peer, ServerProcess, join_room};

use crate::minting::{APP, AUDIENCE, Minter, P256Minter, file, jwt, now};
use crate::server;

const STUDIO: u8 = 1;
const STRANGER: u8 = 2;

/// A server that wants a token of the studio.
fn guarded() -> Launch {
    server()
        .set("security.connect_token.public_key", json!(Minter::new(STUDIO).public_key()))
        .set("security.connect_token.required", json!(true))
}

fn authenticate(token: &str) -> Value {
    json!({"app_id": APP, "protocol_version": 3, "connect_token": token})
}

/// A connection that has come in with this token.
#[track_caller]
fn admitted(server: &ServerProcess, name: &str, token: &str) -> Peer {
    let mut peer = Peer::connect(server.addr(), "/v2/ws", name);
    peer.send("Authenticate", authenticate(token));
    peer.expect("Authenticated");
    peer.expect("ProtocolInfo");
    peer
}

/// A connection that has not, and may try again.
#[track_caller]
fn refused(server: &ServerProcess, token: &str) -> Peer {
    let mut peer = Peer::connect(server.addr(), "/v2/ws", "refused");
    peer.send("Authenticate", authenticate(token));
    peer.expect_refusal("AuthenticationError", "CONNECT_TOKEN_INVALID");
    peer
}

fn join(name: &str, code: &str) -> Value {
    json!({"game_name": GAME, "room_code": code, "player_name": name})
}

#[test]
fn who_shows_a_token_of_the_studio_may_play() {
    let server = guarded().start();
    let studio = Minter::new(STUDIO);
    let mut ada = admitted(&server, "Ada", &studio.token(&json!({})));
    join_room(&mut ada, "TOKEN1");
    admitted(&server, "Bob", &studio.token(&json!({"sub": "bob", "something": "else"})));
}

#[test]
fn a_token_that_is_not_good_is_refused_and_another_may_be_shown() {
    let server = guarded().start();
    let studio = Minter::new(STUDIO);
    let good = studio.token(&json!({}));
    let (rest, signature) = good.rsplit_once('.').expect("it is signed");
    for bad in [
        String::new(),
        "sfct_v1".to_owned(),
        rest.to_owned(),
        format!("{rest}."),
        format!("{rest}.{}", signature.to_ascii_lowercase()),
        "x".repeat(2_049),
        Minter::new(STRANGER).token(&json!({})),
        studio.token(&json!({"exp": now() - 1})),
        studio.token(&json!({"exp": now() + 600})),
        studio.token(&json!({"app_id": "planes"})),
        studio.token(&json!({"kid": "gone"})),
        studio.token(&json!({"role": "owner"})),
        studio.token(&json!({"session_exp": now()})),
        studio.jwt(&json!({})),
    ] {
        let mut peer = refused(&server, &bad);
        peer.send("Authenticate", authenticate(&good));
        peer.expect("Authenticated");
    }
}

#[test]
fn without_a_token_nobody_comes_in() {
    let server = guarded().start();
    let mut peer = Peer::connect(server.addr(), "/v2/ws", "forgetful");
    peer.send("Authenticate", json!({"app_id": APP}));
    peer.expect_refusal("AuthenticationError", "CONNECT_TOKEN_REQUIRED");
    peer.send("Authenticate", authenticate(&Minter::new(STUDIO).token(&json!({}))));
    peer.expect("Authenticated");

    let mut hasty = Peer::connect(server.addr(), "/v2/ws", "hasty");
    hasty.send("JoinRoom", join("Eve", "TOKEN2"));
    hasty.expect_error("MISSING_APP_ID");
    hasty.expect_close(Some(1000));
}

#[test]
fn those_who_keep_guessing_are_shown_out() {
    let server = guarded().set("rate_limit.max_inbound_error_replies", json!(3)).start();
    let mut peer = Peer::connect(server.addr(), "/v2/ws", "guessing");
    for _ in 0..3 {
        peer.send("Authenticate", authenticate(&Minter::new(STRANGER).token(&json!({}))));
        peer.expect_refusal("AuthenticationError", "CONNECT_TOKEN_INVALID");
    }
    peer.send("Authenticate", authenticate(""));
    peer.expect_error("RATE_LIMIT_EXCEEDED");
    peer.expect_close(Some(4006));
}

#[test]
fn an_app_may_want_what_others_do_not() {
    let apps = json!([
        {"app_id": APP, "app_name": "Tanks", "require_connect_token": true},
        {"app_id": "demo", "app_name": "Demo"},
    ]);
    let listed = |required: bool, apps: &Value| {
        guarded()
            .set("security.connect_token.required", json!(required))
            .set("security.enforce_app_id_allowlist", json!(true))
            .set("security.allowed_apps", apps.clone())
            .start()
    };
    let server = listed(false, &apps);
    let mut tanks = Peer::connect(server.addr(), "/v2/ws", "tanks");
    tanks.send("Authenticate", json!({"app_id": APP}));
    tanks.expect_refusal("AuthenticationError", "CONNECT_TOKEN_REQUIRED");
    let mut demo = Peer::connect(server.addr(), "/v2/ws", "demo");
    demo.send("Authenticate", json!({"app_id": "demo"}));
    demo.expect("Authenticated");
    // A token that is shown is checked, wanted or not.
    let mut demo = Peer::connect(server.addr(), "/v2/ws", "demo");
    demo.send(
        "Authenticate",
        json!({"app_id": "demo", "connect_token": Minter::new(STUDIO).token(&json!({}))}),
    );
    demo.expect_refusal("AuthenticationError", "CONNECT_TOKEN_INVALID");
    // Whoever is not on the list is not helped by a token.
    let mut planes = Peer::connect(server.addr(), "/v2/ws", "planes");
    let token = Minter::new(STUDIO).token(&json!({"app_id": "planes"}));
    planes.send("Authenticate", json!({"app_id": "planes", "connect_token": token}));
    planes.expect_refusal("AuthenticationError", "INVALID_APP_ID");
    planes.expect_close(Some(1000));

    let mut apps = apps;
    apps[0]["require_connect_token"] = json!(false);
    let server = listed(true, &apps);
    let mut tanks = Peer::connect(server.addr(), "/v2/ws", "tanks");
    tanks.send("Authenticate", json!({"app_id": APP}));
    tanks.expect("Authenticated");
    let mut demo = Peer::connect(server.addr(), "/v2/ws", "demo");
    demo.send("Authenticate", json!({"app_id": "demo"}));
    demo.expect_refusal("AuthenticationError", "CONNECT_TOKEN_REQUIRED");
}

#[test]
fn strangers_cannot_use_up_the_handshakes_of_an_app() {
    let app = json!({"app_id": APP, "app_name": "Tanks", "rate_limit_per_minute": 1});
    let server = guarded()
        .set("security.enforce_app_id_allowlist", json!(true))
        .set("security.allowed_apps", json!([app]))
        .start();
    for _ in 0..3 {
        refused(&server, &Minter::new(STRANGER).token(&json!({})));
    }
    admitted(&server, "Ada", &Minter::new(STUDIO).token(&json!({})));
    let mut late = Peer::connect(server.addr(), "/v2/ws", "late");
    late.send("Authenticate", authenticate(&Minter::new(STUDIO).token(&json!({}))));
    late.expect_refusal("AuthenticationError", "RATE_LIMIT_EXCEEDED");
    late.expect_close(Some(1000));
}

#[test]
fn a_server_without_keys_refuses_every_token() {
    let server = server().start();
    for token in [String::new(), Minter::new(STUDIO).token(&json!({})), Minter::new(STUDIO).jwt(&json!({}))] {
        refused(&server, &token);
    }
}

#[test]
fn a_token_may_be_for_one_room_alone() {
    let server = guarded().start();
    let studio = Minter::new(STUDIO);
    let for_room = |name| admitted(&server, name, &studio.token(&json!({"room": "token3"})));
    let mut ada = for_room("Ada");
    ada.send("JoinRoom", join("Ada", "OTHER1"));
    ada.expect_refusal("RoomJoinFailed", "UNAUTHORIZED");
    ada.send("JoinRoom", json!({"game_name": GAME, "player_name": "Ada"}));
    ada.expect_refusal("RoomJoinFailed", "UNAUTHORIZED");
    let seat = join_room(&mut ada, "TOKEN3");
    ada.expect("LobbyStateChanged");

    let mut other = admitted(&server, "Eve", &studio.token(&json!({})));
    join_room(&mut other, "OTHER1");
    let mut watcher = for_room("Bob");
    watcher
        .send("JoinAsSpectator", json!({"game_name": GAME, "room_code": "OTHER1", "spectator_name": "Bob"}));
    watcher.expect_refusal("SpectatorJoinFailed", "UNAUTHORIZED");
    watcher
        .send("JoinAsSpectator", json!({"game_name": GAME, "room_code": "TOKEN3", "spectator_name": "Bob"}));
    watcher.expect("SpectatorJoined");

    let reconnect =
        json!({"player_id": ada.id, "room_id": seat["room_id"], "auth_token": seat["reconnection_token"]});
    drop(ada);
    watcher.expect("PlayerLeft");
    let mut elsewhere = admitted(&server, "Ada", &studio.token(&json!({"room": "OTHER1"})));
    elsewhere.send("Reconnect", reconnect.clone());
    elsewhere.expect_refusal("ReconnectionFailed", "UNAUTHORIZED");
    let mut back = for_room("Ada");
    back.send("Reconnect", reconnect);
    back.expect("Reconnected");
}

#[test]
fn a_token_may_be_for_watching_alone() {
    let server = guarded().start();
    let studio = Minter::new(STUDIO);
    let mut ada = admitted(&server, "Ada", &studio.token(&json!({"role": "player"})));
    let seat = join_room(&mut ada, "TOKEN4");
    let mut bob = admitted(&server, "Bob", &studio.token(&json!({"role": "spectator"})));
    bob.send("JoinRoom", join("Bob", "TOKEN4"));
    bob.expect_refusal("RoomJoinFailed", "UNAUTHORIZED");
    bob.send("JoinRoom", join("Bob", "NEWONE"));
    bob.expect_refusal("RoomJoinFailed", "UNAUTHORIZED");
    let reconnect =
        json!({"player_id": ada.id, "room_id": seat["room_id"], "auth_token": seat["reconnection_token"]});
    bob.send("JoinAsSpectator", json!({"game_name": GAME, "room_code": "TOKEN4", "spectator_name": "Bob"}));
    bob.expect("SpectatorJoined");
    drop(ada);
    bob.expect("PlayerLeft");
    bob.expect("AuthorityChanged");
    bob.send_unit("LeaveSpectator");
    bob.expect("SpectatorLeft");
    bob.send("Reconnect", reconnect);
    bob.expect_refusal("ReconnectionFailed", "UNAUTHORIZED");
    // Players may watch too.
    let mut cat = admitted(&server, "Cat", &studio.token(&json!({"role": "player"})));
    cat.send("JoinAsSpectator", json!({"game_name": GAME, "room_code": "TOKEN4", "spectator_name": "Cat"}));
    cat.expect("SpectatorJoined");
}

#[test]
fn a_session_ends_when_its_token_says() {
    let server = guarded().start();
    let studio = Minter::new(STUDIO);
    let mut short = admitted(&server, "Ada", &studio.token(&json!({"session_exp": now() + 2})));
    join_room(&mut short, "TOKEN5");
    short.expect("LobbyStateChanged");
    let mut long = admitted(&server, "Bob", &studio.token(&json!({"session_exp": now() + 3_600})));
    join_room(&mut long, "TOKEN5");
    short.expect("PlayerJoined");
    short.expect_error("UNAUTHORIZED");
    short.expect_close(Some(4008));
    long.expect("PlayerLeft");
    long.expect("AuthorityChanged");
    long.expect_silence();
}

#[test]
fn a_token_lets_in_once_where_that_is_wanted() {
    let server = guarded().set("security.connect_token.single_use", json!(true)).start();
    let studio = Minter::new(STUDIO);
    let token = studio.token(&json!({}));
    let mut unsupported = Peer::connect(server.addr(), "/v2/ws", "unsupported");
    let mut old = authenticate(&token);
    old["platform"] = json!("unity");
    old["sdk_version"] = json!("0.0.1");
    unsupported.send("Authenticate", old);
    unsupported.expect_refusal("AuthenticationError", "SDK_VERSION_UNSUPPORTED");
    // Who was not let in has not used it.
    unsupported.send("Authenticate", authenticate(&token));
    unsupported.expect("Authenticated");
    let mut again = refused(&server, &token);
    again.send("Authenticate", authenticate(&studio.token(&json!({}))));
    again.expect("Authenticated");
    drop(unsupported);
    refused(&server, &token);
}

#[test]
fn when_no_more_used_tokens_can_be_remembered_new_ones_are_refused() {
    let server = guarded()
        .set("security.connect_token.single_use", json!(true))
        .set("security.connect_token.single_use_max", json!(3))
        .start();
    let studio = Minter::new(STUDIO);
    let tokens: Vec<_> = (0..3).map(|_| studio.token(&json!({}))).collect();
    for token in &tokens {
        admitted(&server, "Ada", token);
    }
    refused(&server, &studio.token(&json!({})));
    for token in &tokens {
        refused(&server, token);
    }
}

#[test]
fn jwts_of_both_kinds_are_taken_and_no_others() {
    let (studio, other) = (Minter::new(STUDIO), P256Minter::new(STUDIO));
    let rsa = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"});
    let jwks = json!({"keys": [studio.jwk("ed"), other.jwk("es"), rsa]}).to_string();
    let server = server()
        .set("security.connect_token.jwt.audience", json!(AUDIENCE))
        .set("security.connect_token.jwt.jwks_path", json!(file("jwts.json", &jwks)))
        .set("security.connect_token.required", json!(true))
        .start();
    admitted(&server, "Ada", &studio.jwt(&json!({})));
    admitted(&server, "Bob", &other.jwt(&json!({"aud": ["another", AUDIENCE]})));
    let mut cat = admitted(&server, "Cat", &other.jwt(&json!({"role": "spectator", "sub": "cat"})));
    cat.send("JoinRoom", join("Cat", "TOKEN6"));
    cat.expect_refusal("RoomJoinFailed", "UNAUTHORIZED");

    let public =
        base64::engine::general_purpose::STANDARD.decode(studio.public_key()).expect("our own base64");
    let hs256 = |message: &[u8]| {
        use hmac::{Hmac, KeyInit as _, Mac as _};
        let mac = Hmac::<sha2::Sha256>::new_from_slice(&public).expect("a key of any length");
        mac.chain_update(message).finalize().into_bytes().to_vec()
    };
    for bad in [
        jwt("none", &json!({}), |_| Vec::new()),
        jwt("HS256", &json!({}), hs256),
        jwt("EdDSA", &json!({}), hs256),
        jwt("ES256", &json!({}), |_| vec![0; 64]),
        Minter::new(STRANGER).jwt(&json!({})),
        P256Minter::new(STRANGER).jwt(&json!({})),
        studio.jwt(&json!({"aud": "another"})),
        studio.jwt(&json!({"exp": now() - 60})),
        studio.jwt(&json!({"nbf": now() + 120})),
        studio.jwt(&json!({"app_id": "planes"})),
        studio.token(&json!({})),
    ] {
        refused(&server, &bad);
    }
}

#[test]
fn a_server_that_could_not_check_a_token_does_not_start() {
    let weak = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let private = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AQAB", "d": "AQAB"}]}).to_string();
    let private = file("private.json", &private);
    let app = json!({"app_id": APP, "app_name": "Tanks", "require_connect_token": true});
    let key = |key: &str, value: Value| server().set(&format!("security.connect_token.{key}"), value);
    for (launch, said) in [
        (key("required", json!(true)), "security.connect_token.required: is true, but there is no key"),
        (
            server().set("security.allowed_apps", json!([app])),
            "security.allowed_apps[0].require_connect_token",
        ),
        (key("public_key", json!("short")), "security.connect_token.public_key: set the 32 bytes"),
        (key("public_key", json!(weak)), "security.connect_token.public_key: is no sound key"),
        (key("public_key_path", json!("/nowhere")), "security.connect_token.public_key_path: cannot be read"),
        (key("public_key_path", json!("")), "security.connect_token.public_key_path: cannot be read"),
        (key("keys_path", json!(private)), "security.connect_token.keys_path: a key in it is private"),
        (
            key("keys_path", json!("a")).set("security.connect_token.public_key", json!("b")),
            "security.connect_token: set only one of",
        ),
        (key("jwt.jwks_path", json!(private)), "security.connect_token.jwt.audience: set the name"),
        (key("jwt.audience", json!("a")), "security.connect_token.jwt.jwks_path: set the file"),
        (server().set("security.app_auth_path", json!("/nowhere")), "security.app_auth_path: cannot be read"),
    ] {
        let refusal = launch.start_refused();
        assert_eq!(refusal.exit_code, Some(1), "{}", refusal.output);
        assert!(refusal.output.contains(said), "{said:?} is not in:\n{}", refusal.output);
    }
}

#[test]
fn a_ban_holds_for_whom_the_studio_calls_by_that_name() {
    let server = guarded().start();
    let studio = Minter::new(STUDIO);
    let called = |sub: &str| authenticate(&studio.token(&json!({"sub": sub})));
    let mut ada = Peer::connect(server.addr(), "/v2/ws", "Ada");
    let mut request = called("ada");
    request["requested_capabilities"] = json!(["room_operation_ids"]);
    ada.send("Authenticate", request);
    ada.expect("Authenticated");
    ada.expect("ProtocolInfo");
    join_room(&mut ada, "BANNED");
    ada.expect("LobbyStateChanged");
    let mut bob = admitted(&server, "Bob", &studio.token(&json!({"sub": "bob"})));
    join_room(&mut bob, "BANNED");
    ada.expect("PlayerJoined");
    let ban = json!({"type": "BanPlayer", "data": {"player_id": bob.id}});
    ada.send("RoomOperation", json!({"operation_id": uuid::Uuid::new_v4(), "operation": ban}));
    bob.expect_error("KICKED");
    bob.expect_close(Some(4007));

    let mut again = admitted(&server, "Bob", &studio.token(&json!({"sub": "bob"})));
    again.send("JoinRoom", join("Robert", "BANNED"));
    again.expect_refusal("RoomJoinFailed", "BANNED");
    let mut other = admitted(&server, "Cat", &studio.token(&json!({"sub": "cat"})));
    join_room(&mut other, "BANNED");
}
