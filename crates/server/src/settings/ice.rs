//! Rules for the sections `session` and `turn`: what an ICE server needs to be of use.

use super::problem::Problems;
use super::{SessionSettings, TurnSettings};

/// Adds a problem for each rule that is broken.
pub(super) fn check(session: &SessionSettings, turn: &TurnSettings, problems: &mut Problems) {
    for (index, server) in session.ice_servers.iter().enumerate() {
        let key = format!("session.ice_servers[{index}].urls");
        if server.urls.is_empty() {
            problems.add(&key, "set a URL at least, or leave the server out");
        }
        check_urls(&key, &server.urls, &["stun", "stuns", "turn", "turns"], problems);
    }
    check_urls("turn.stun_urls", &turn.stun_urls, &["stun", "stuns"], problems);
    check_urls("turn.urls", &turn.urls, &["turn", "turns"], problems);
    if turn.enabled && turn.urls.is_empty() {
        problems.add("turn.urls", "set a URL at least, or set `turn.enabled` to false");
    }
    if turn.enabled && turn.static_auth_secret.reveal().trim().is_empty() {
        problems.add("turn.static_auth_secret", "set the secret of the TURN servers, it must not be blank");
    }
}

/// What the operator should know although it keeps nothing from working.
pub(super) fn notices(session: &SessionSettings, turn: &TurnSettings) -> Vec<String> {
    let mut notices = Vec::new();
    for (index, server) in session.ice_servers.iter().enumerate() {
        let has_turn = server.urls.iter().any(|url| url.starts_with("turn"));
        if has_turn && (server.username.is_none() || server.credential.is_none()) {
            let key = format!("session.ice_servers[{index}]");
            notices.push(format!(
                "{key} has a TURN server without a username and credential, which refuses players"
            ));
        }
    }
    if turn.enabled && !session.enable_webrtc {
        notices.push("turn.enabled does nothing while session.enable_webrtc is false".to_owned());
    }
    if !turn.enabled && !turn.urls.is_empty() {
        notices.push("turn.urls does nothing while turn.enabled is false".to_owned());
    }
    notices
}

fn check_urls(key: &str, urls: &[String], schemes: &[&str], problems: &mut Problems) {
    for url in urls {
        let is_plain = !url.chars().any(|c| c.is_whitespace() || c.is_control());
        let parts = url.split_once(':');
        if !is_plain || !parts.is_some_and(|(scheme, rest)| schemes.contains(&scheme) && !rest.is_empty()) {
            let schemes = schemes.join(" or ");
            problems.add(key, format!("set URLs of the scheme {schemes}, without white space, not {url:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, from_value, json};

    use super::*;

    #[track_caller]
    fn found(session: Json, turn: Json) -> (String, Vec<String>) {
        let (session, turn) = (from_value(session).unwrap(), from_value(turn).unwrap());
        let mut problems = Problems::default();
        check(&session, &turn, &mut problems);
        (problems.to_string(), notices(&session, &turn))
    }

    #[test]
    fn servers_need_urls_of_their_kind() {
        let turn =
            json!({"urls": ["turns:a:5349?transport=tcp"], "enabled": true, "static_auth_secret": "s"});
        let ice = json!([{"urls": ["stun:a", "turn:b"], "username": "u", "credential": "c"}]);
        assert_eq!(found(json!({"ice_servers": ice}), turn), (String::new(), Vec::new()));

        let advice = |schemes: &str, url: &str| {
            format!("set URLs of the scheme {schemes}, without white space, not {url:?}")
        };
        for url in ["a:3478", "http://a", "stun:", "stun:a b", "stun:a\u{7}", "", "STUN:a"] {
            let (problems, _) = found(json!({"ice_servers": [{"urls": [url]}]}), json!({"stun_urls": [url]}));
            let ice = advice("stun or stuns or turn or turns", url);
            let stun = advice("stun or stuns", url);
            assert_eq!(problems, format!("session.ice_servers[0].urls: {ice}\nturn.stun_urls: {stun}"));
        }
        let (problems, _) = found(json!({}), json!({"urls": ["stun:a"]}));
        assert_eq!(problems, format!("turn.urls: {}", advice("turn or turns", "stun:a")));
    }

    #[test]
    fn what_would_give_players_nothing_is_refused() {
        let (problems, _) = found(
            json!({"ice_servers": [{"urls": []}]}),
            json!({"enabled": true, "static_auth_secret": " "}),
        );
        let expected = [
            "session.ice_servers[0].urls: set a URL at least, or leave the server out",
            "turn.urls: set a URL at least, or set `turn.enabled` to false",
            "turn.static_auth_secret: set the secret of the TURN servers, it must not be blank",
        ];
        assert_eq!(problems, expected.join("\n"));
    }

    #[test]
    fn what_is_of_no_use_is_only_noted() {
        let ice = json!([{"urls": ["stun:a", "turn:a"], "username": "u"}]);
        let turn = json!({"urls": ["turn:a"], "static_auth_secret": "s", "enabled": true});
        let (_, notices) = found(json!({"ice_servers": ice, "enable_webrtc": false}), turn);
        assert_eq!(
            notices,
            [
                "session.ice_servers[0] has a TURN server without a username and credential, which refuses players",
                "turn.enabled does nothing while session.enable_webrtc is false",
            ]
        );
        let (_, notices) = found(json!({}), json!({"urls": ["turn:a"]}));
        assert_eq!(notices, ["turn.urls does nothing while turn.enabled is false"]);
    }
}
