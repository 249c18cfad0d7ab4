//! What the binary does instead of serving, and with which exit code it ends.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, gather};

use crate::server;

/// The binary with these arguments, this inline JSON and nothing else of the environment, in a folder without files.
fn command(args: &[&str], inline: &Value) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signal-fish-server"));
    command.args(args).env_clear().env("SIGNAL_FISH_CONFIG_JSON", inline.to_string()).current_dir("/");
    command
}

#[track_caller]
fn run(args: &[&str], inline: &Value) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command(args, inline).output().expect("the binary starts");
    let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
    (status.code(), stdout, stderr)
}

#[track_caller]
fn printed(args: &[&str], inline: &Value) -> Value {
    let (code, stdout, stderr) = run(args, inline);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    serde_json::from_str(&stdout).expect("JSON")
}

fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).expect("the directory is for tests");
    path
}

#[test]
fn settings_can_be_checked_without_serving() {
    for flag in ["--validate-config", "-c"] {
        let (code, stdout, _) = run(&[flag, "--port", "4061"], &json!({"turn": {"urls": ["turn:a"]}}));
        assert_eq!(code, Some(0));
        assert!(stdout.contains("127.0.0.1:4061") && stdout.contains("turn.urls does nothing"), "{stdout}");
        let (code, stdout, stderr) = run(&[flag], &json!({"server": {"max_room": 1}}));
        assert_eq!((code, stdout.as_str()), (Some(1), ""));
        assert!(stderr.contains("did you mean `server.max_rooms`?"), "{stderr}");
        let tls =
            json!({"enabled": true, "certificate_path": "/nowhere.pem", "private_key_path": "/nowhere.key"});
        let (code, _, stderr) = run(&[flag], &json!({"security": {"transport": {"tls": tls}}}));
        assert!(
            code == Some(1) && stderr.contains("/nowhere.pem"),
            "files that are named are read: {stderr}"
        );
    }
}

#[test]
fn what_is_in_force_is_printed_without_secrets() {
    let inline = json!({"turn": {"static_auth_secret": "north wind"}, "server": {"max_rooms": 7}});
    let settings = printed(&["--print-config", "--port", "4061"], &inline);
    assert_eq!((&settings["port"], &settings["server"]["max_rooms"]), (&json!(4061), &json!(7)));
    assert_eq!(settings["turn"]["static_auth_secret"], "<redacted>");
    let evidence = printed(&["--print-config-evidence", "--port", "4061"], &inline);
    assert_eq!(evidence["effective"], settings);
    assert_eq!(evidence["effective_sha256"].as_str().map(str::len), Some(64));
    assert_eq!(evidence["secrets_set"], json!(["turn.static_auth_secret"]));
}

#[test]
fn a_command_line_that_cannot_be_read_is_told_from_settings_that_cannot() {
    for args in [&["--print-config", "-c"][..], &["--prot", "1"], &["--port", "many"], &["config"]] {
        assert_eq!(run(args, &json!({})).0, Some(2), "{args:?}");
    }
    assert_eq!(run(&["--print-config"], &json!({"port": "many"})).0, Some(1));
    for args in [&["--help"][..], &["--version"]] {
        assert_eq!(run(args, &json!({"port": "many"})).0, Some(0), "{args:?}");
    }
}

#[test]
fn the_schema_describes_every_key() {
    let schema = printed(&["config", "schema"], &json!({"port": "settings are not read"}));
    let port = &schema["properties"]["port"];
    assert_eq!((&port["type"], &port["maximum"]), (&json!("integer"), &json!(65_535)));
    assert_eq!(schema["properties"]["turn"]["x-live"], true);
    assert_eq!(schema["properties"]["turn"]["properties"]["static_auth_secret"]["writeOnly"], true);
}

#[test]
fn a_server_starts_with_the_example() {
    let (code, example, _) = run(&["config", "example"], &json!({}));
    assert_eq!(code, Some(0));
    let path = file("example.toml", &example);
    let path = path.to_str().expect("a path in ASCII");
    let defaults = printed(&["--print-config"], &json!({}));
    assert_eq!(printed(&["--print-config", "--config", path], &json!({})), defaults);
    server().arg("--config").arg(path).start();
}

#[test]
fn settings_can_come_on_stdin() {
    let mut command = command(&["--print-config"], &json!({}));
    command.env("SIGNAL_FISH_CONFIG_STDIN", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().expect("the binary starts");
    let mut stdin = process.stdin.take().expect("it is piped");
    stdin.write_all(br#"{"port": 4061}"#).expect("it is read");
    drop(stdin);
    let output = process.wait_with_output().expect("it ends");
    let settings: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(settings["port"], 4061);
}

/// The example of the published server 0.12, made from its keys and defaults: open, with one app as a sample.
const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/published-0.12.json");

#[test]
fn a_file_of_the_published_server_starts_this_one_unchanged() {
    let mut server = server().arg("--config").arg(PUBLISHED).start();
    drop(gather(server.addr(), "MOVED1", [("Ada", Dialect::V2), ("Bob", Dialect::V3)]));
    server.terminate();
    assert_eq!(server.wait_exit(), Some(0));
    let output = server.output_so_far();
    for key in [
        "coordination",
        "logging.dir",
        "security.require_metrics_auth",
        "security.transport.token_binding.scheme",
        "server.region_id",
        "websocket.control_queue_capacity",
    ] {
        let n_told = output.matches(&format!("{key} does nothing here: ")).count();
        assert_eq!(n_told, 1, "{key}: {output}");
    }
    let (code, stdout, _) =
        run(&["-c", "--config", PUBLISHED], &json!({"security": {"connect_token": null}}));
    assert_eq!(code, Some(0), "{stdout}");
}
