//! Several sources at once: which there are, and which of them wins.

use super::*;

/// A folder of this test alone.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("signal-fish-{}-{name}", std::process::id()));
    fs::create_dir_all(&path).unwrap();
    files.iter().for_each(|(name, content)| fs::write(path.join(name), content).unwrap());
    path
}

fn numbers(sources: &Sources) -> Result<[usize; 3], String> {
    let loaded = Settings::load(sources).map_err(|problems| problems.to_string())?;
    let Settings { port, server, .. } = loaded.settings;
    Ok([port.into(), server.max_rooms.get(), server.event_buffer_size])
}

#[test]
fn files_stdin_and_inline_json_are_layers_of_one_whole() {
    let beside = folder(
        "beside",
        &[
            ("config.toml", "port = 1\n[server]\nmax_rooms = 1\nevent_buffer_size = 1\n"),
            ("named.json", r#"{"port": 2, "server": {"max_rooms": 2}}"#),
            ("alone.TOML", "port = 9"),
        ],
    );
    let named = beside.join("named.json");
    let mut sources = Sources { beside: Some(beside.clone()), ..Sources::default() };
    assert_eq!(numbers(&sources), Ok([1, 1, 1]));
    sources.environment = vec![("SIGNAL_FISH_CONFIG_PATH".into(), named.into())];
    assert_eq!(numbers(&sources), Ok([2, 2, 1]));
    assert!(!sources.wants_stdin());
    sources.environment.push(("SIGNAL_FISH_CONFIG_STDIN".into(), "Yes".into()));
    assert!(sources.wants_stdin());
    sources.stdin = Some(r#"{"port": 3}"#.to_owned());
    assert_eq!(numbers(&sources), Ok([3, 2, 1]));
    sources.environment.push(("SIGNAL_FISH_CONFIG_JSON".into(), r#"{"port": 4}"#.into()));
    assert_eq!(numbers(&sources), Ok([4, 2, 1]));
    // A file that is asked for is the only one.
    let alone =
        Sources { file: Some(beside.join("alone.TOML")), beside: Some(beside.clone()), ..Sources::default() };
    assert_eq!(numbers(&alone), Ok([9, 10_000, 100]));
    fs::remove_dir_all(beside).unwrap();
}

#[test]
fn a_file_that_is_there_has_to_be_good() {
    let beside = folder("doubtful", &[("config.json", "{}"), ("config.toml", "")]);
    let sources = Sources { beside: Some(beside.clone()), ..Sources::default() };
    let both = numbers(&sources).unwrap_err();
    assert!(both.contains("config.toml: there is") && both.contains("keep one of them"), "{both}");
    fs::write(beside.join("config.toml"), "port 1").unwrap();
    fs::remove_file(beside.join("config.json")).unwrap();
    let bad = numbers(&sources).unwrap_err();
    assert!(bad.contains("config.toml: not TOML: ") && bad.ends_with(" at line 1"), "{bad}");
    #[cfg(unix)]
    {
        fs::remove_file(beside.join("config.toml")).unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", beside.join("config.json")).unwrap();
        let dangling = numbers(&sources).unwrap_err();
        assert!(dangling.contains("config.json: cannot be read"), "{dangling}");
    }
    fs::remove_dir_all(beside).unwrap();
    let odd = Sources {
        environment: vec![("SIGNAL_FISH_CONFIG_STDIN".into(), "maybe".into())],
        ..Sources::default()
    };
    assert!(numbers(&odd).unwrap_err().starts_with("SIGNAL_FISH_CONFIG_STDIN: set 1, true or yes"));
}

#[test]
fn a_text_needs_no_quotes_and_a_map_keeps_its_names() {
    let settings = loaded(
        "",
        &[
            ("SIGNAL_FISH__TURN__STATIC_AUTH_SECRET", "0042"),
            ("SIGNAL_FISH__SECURITY__CORS_ORIGINS", "null"),
            ("SIGNAL_FISH__LOGGING__LEVEL", "null"),
            ("SIGNAL_FISH__SESSION__GAME_TOPOLOGY_MAPPINGS__FastFPS", "host"),
            ("SIGNAL_FISH__PROTOCOL__SDK_COMPATIBILITY__MINIMUM_VERSIONS__UNITY", "3.0.0"),
        ],
    );
    assert_eq!(settings.turn.static_auth_secret.reveal(), "0042");
    assert_eq!((settings.security.cors_origins.as_str(), settings.logging.level), ("null", None));
    assert_eq!(settings.session.game_topology_mappings["FastFPS"], TopologyMax::Host);
    assert_eq!(settings.protocol.sdk_compatibility.minimum_versions["unity"], "3.0.0");
}

#[test]
fn the_example_sets_nothing_but_defaults() {
    let example = Settings::example();
    let path = file("example.toml", &example);
    let loaded = Settings::load(&Sources { file: Some(path.clone()), ..Sources::default() });
    assert_eq!(loaded.unwrap().settings, Settings::default());
    fs::remove_file(path).unwrap();
    for Key { path, .. } in Key::all() {
        let name = path.rsplit('.').next().unwrap();
        assert!(example.contains(&format!("{name} =")) || example.contains(&format!("- {name}, ")), "{path}");
    }
    assert!(example.lines().all(|line| line.len() < 1_000 && !line.starts_with("# # ")));
}
