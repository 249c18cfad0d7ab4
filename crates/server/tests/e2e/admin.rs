//! What operators see and do, of the real binary.

use std::net::SocketAddr;
use std::time::Instant;

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, Launch, Response, ServerProcess, deadline, gather, http};

use super::server;

#[test]
fn without_a_token_there_is_no_admin_api() {
    let mut server = server().start();
    assert_eq!(http(server.addr(), "GET", "/admin/v1/version", &[]).status, 404);
    assert!(server.output_so_far().contains("nobody is an operator: set admin.token"));
    assert_eq!(http(server.addr(), "GET", "/console/style.css", &[]).status, 200);
}

#[test]
fn only_the_token_opens_the_admin_api() {
    let server = with_operator();
    for headers in [&[][..], &[("Authorization", "Bearer wrong-token-of-some-length")]] {
        let refused = http(server.addr(), "GET", "/admin/v1/version", headers);
        assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")));
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    }
    assert_eq!(get(&server, "/admin/v1/version")["version"], env!("CARGO_PKG_VERSION"));
    let wrong_method = ask(server.addr(), "DELETE", "/admin/v1/version");
    assert_eq!((wrong_method.status, wrong_method.header("allow")), (405, Some("GET, HEAD")));
}

#[test]
fn a_page_reads_no_body_from_anybody() {
    let server = with_operator();
    let bearer = format!("Bearer {TOKEN}");
    for body in [("Content-Length", "65536"), ("Transfer-Encoding", "chunked")] {
        // Nothing of it is sent, so the answer cannot have waited for it.
        for headers in [&[body][..], &[("Authorization", bearer.as_str()), body]] {
            let refused = http(server.addr(), "GET", "/admin/v1/version", headers);
            assert_eq!(refused.status, 413, "{refused:?}");
        }
    }
    let empty = [("Authorization", bearer.as_str()), ("Content-Length", "0")];
    assert_eq!(http(server.addr(), "GET", "/admin/v1/version", &empty).status, 200);
}

#[test]
fn operators_may_have_a_port_of_their_own() {
    let mut server = signed(server()).set("admin.port", json!(0)).start();
    let output = server.output_so_far();
    let line = output.lines().find(|line| line.contains("listening for operators")).expect("it says where");
    let (_, port) = line.split_once("127.0.0.1:").expect("an address");
    let port: String = port.chars().take_while(char::is_ascii_digit).collect();
    let own = SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()));
    assert_eq!(ask(own, "GET", "/admin/v1/version").status, 200);
    assert_eq!(http(own, "GET", "/v2/ws", &[]).status, 404, "nobody plays there");
    assert_eq!(ask(server.addr(), "GET", "/admin/v1/version").status, 404);
}

#[test]
fn a_kicked_player_is_told_and_the_server_knows_why_it_went() {
    let server = with_operator();
    let [mut ada, bob] = gather(server.addr(), "ROOM42", [("Ada", Dialect::V3), ("Bob", Dialect::V3)]);
    let rooms = get(&server, "/admin/v1/rooms");
    let room = &rooms["rooms"][0];
    assert_eq!((&room["room_code"], &room["app_id"]), (&json!("ROOM42"), &Value::Null));
    assert_eq!(room["members"].as_array().map(Vec::len), Some(2));
    let player = room["authority"].as_str().or(room["members"][0].as_str()).expect("a player").to_owned();
    assert_eq!(get(&server, &format!("/admin/v1/connections/{player}"))["plays"], true);
    assert_eq!(ask(server.addr(), "POST", &format!("/admin/v1/connections/{player}/kick")).status, 200);
    assert_eq!(ada.read_to_end(), Some(4007));
    let disconnect = disconnect_of(&server, &player);
    assert_eq!((&disconnect["closed_by"], &disconnect["close_code"]), (&json!("server"), &json!(4007)));
    assert_eq!(disconnect["room_code"], "ROOM42");

    let mut others = room["members"].as_array().unwrap().iter().filter_map(Value::as_str);
    let left = others.rfind(|&member| member != player).expect("another").to_owned();
    drop(bob);
    assert_eq!(disconnect_of(&server, &left)["closed_by"], "client");
    let gone = ask(server.addr(), "POST", &format!("/admin/v1/connections/{player}/kick"));
    assert_eq!(gone.status, 404);
}

#[test]
fn a_closed_room_is_gone_and_its_players_are_shown_out() {
    let server = with_operator();
    let peers = gather(server.addr(), "ROOM42", [("Ada", Dialect::V2), ("Bob", Dialect::V3)]);
    let id = get(&server, "/admin/v1/rooms?limit=1")["rooms"][0]["room_id"].as_str().unwrap().to_owned();
    assert_eq!(ask(server.addr(), "POST", &format!("/admin/v1/rooms/{id}/close")).status, 200);
    for mut peer in peers {
        assert_eq!(peer.read_to_end(), Some(4007));
    }
    assert_eq!(get(&server, "/admin/v1/rooms")["rooms"], json!([]));
    assert_eq!(ask(server.addr(), "GET", &format!("/admin/v1/rooms/{id}")).status, 404);
}

#[test]
fn a_query_that_is_wrong_says_what_to_change() {
    let server = with_operator();
    for (path, part) in [
        ("/admin/v1/rooms?limit=501", "a number from 1 to 500"),
        ("/admin/v1/connections?after=ada", "the `next` of the page before"),
        ("/admin/v1/disconnects?player_id=ada", "a UUID"),
    ] {
        let refused = ask(server.addr(), "GET", path);
        assert!(refused.status == 400 && refused.body.contains(part), "{path}: {refused:?}");
    }
}

/// Asked for until it is there: a connection ends a moment after its client has seen the end.
fn disconnect_of(server: &ServerProcess, player: &str) -> Value {
    let until = deadline();
    loop {
        let found = get(server, &format!("/admin/v1/disconnects?player_id={player}"));
        if let Some(disconnect) = found["disconnects"].get(0) {
            return disconnect.clone();
        }
        assert!(Instant::now() < until, "no disconnect of {player}");
    }
}

fn signed(launch: Launch) -> Launch {
    launch.set("admin.token", json!(TOKEN))
}

fn with_operator() -> ServerProcess {
    signed(server()).start()
}

fn ask(addr: SocketAddr, method: &str, path: &str) -> Response {
    http(addr, method, path, &[("Authorization", &format!("Bearer {TOKEN}"))])
}

fn get(server: &ServerProcess, path: &str) -> Value {
    let response = ask(server.addr(), "GET", path);
    assert_eq!(response.status, 200, "{path}: {response:?}");
    serde_json::from_str(&response.body).expect("JSON")
}

const TOKEN: &str = "a-token-for-tests-alone";
