//! How a server process is to be started.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::process::ServerProcess;

/// A server about to be started on a free port of 127.0.0.1, with its defaults and what is set here.
#[derive(Debug)]
pub struct Launch {
    binary: PathBuf,
    args: Vec<String>,
    env: Vec<(String, String)>,
    config: Value,
}

/// A server that ended instead of starting.
#[derive(Debug)]
pub struct Refusal {
    /// The exit code, unless a signal ended it.
    pub exit_code: Option<i32>,
    /// What it wrote to stdout and stderr.
    pub output: String,
}

impl Launch {
    /// `binary` is the product's; the environment variable `SIGNAL_FISH_TEST_BINARY` replaces it, to run the same
    /// tests against another build or against the published server.
    pub fn new(binary: &str) -> Self {
        let binary = std::env::var_os("SIGNAL_FISH_TEST_BINARY").map_or_else(|| binary.into(), PathBuf::from);
        Self { binary, args: Vec::new(), env: Vec::new(), config: Value::Object(Map::new()) }
    }

    /// The published server, to compare with: the environment variable `SIGNAL_FISH_PUBLISHED` says where it is, or
    /// it is where the measuring tools install it. Nothing if it is in neither place.
    pub fn published() -> Option<Self> {
        let told = std::env::var_os("SIGNAL_FISH_PUBLISHED").map(PathBuf::from);
        let cached = || Some(PathBuf::from(std::env::var_os("HOME")?).join(PUBLISHED));
        let binary = told.or_else(cached).filter(|binary| binary.is_file())?;
        Some(Self { binary, args: Vec::new(), env: Vec::new(), config: Value::Object(Map::new()) })
    }

    /// Sets a configuration key given as a path, `server.drain_grace_secs` for one.
    #[expect(clippy::needless_pass_by_value, reason = "nearly every call builds its value on the spot")]
    pub fn set(mut self, key: &str, value: Value) -> Self {
        set_path(&mut self.config, key, &value);
        self
    }

    /// Sets an environment variable of the process.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a command line argument. A `--port` given here replaces the free port.
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// Starts the server and waits until it listens.
    #[track_caller]
    pub fn start(self) -> ServerProcess {
        let (command, ready) = self.command();
        ServerProcess::spawn(command, &ready)
    }

    /// Runs a server that is expected to end by itself, which it must do soon.
    #[track_caller]
    pub fn start_refused(self) -> Refusal {
        let (command, _) = self.command();
        let mut process = ServerProcess::spawn_unready(command);
        Refusal { exit_code: process.wait_exit(), output: process.output_so_far() }
    }

    /// The command, and how it announces that it listens.
    fn command(mut self) -> (Command, Announcement) {
        let mut command = Command::new(&self.binary);
        // What the developer has exported must not decide a test.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SIGNAL_FISH") || name == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        let ready = if has_port_flag(&self.binary) {
            if !self.args.iter().any(|arg| arg == "--port") {
                self.args.extend(["--port".to_owned(), "0".to_owned()]);
            }
            Announcement::Url
        } else {
            self.adapt_to_published(&mut command)
        };
        if self.config.as_object().is_some_and(|config| !config.is_empty()) {
            command.env("SIGNAL_FISH_CONFIG_JSON", self.config.to_string());
        }
        command.args(&self.args).envs(self.env).stdin(Stdio::null());
        (command, ready)
    }

    /// The published server needs to be told to be open, counts per connection what ours counts in larger budgets,
    /// sweeps instead of keeping deadlines, and cannot bind port 0.
    fn adapt_to_published(&mut self, command: &mut Command) -> Announcement {
        let asked = std::mem::replace(
            &mut self.config,
            json!({
                "server": {"room_cleanup_interval": 1, "heartbeat_throttle_secs": 0},
                "security": {"enforce_app_id_allowlist": false, "require_metrics_auth": false},
                "logging": {"level": "info"},
            }),
        );
        merge(&mut self.config, asked);
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = port.expect("a free port").port();
        command.env("SIGNAL_FISH__PORT", port.to_string());
        Announcement::Line("Server started over HTTP".to_owned(), port)
    }
}

/// The line of output that says that the server listens.
#[derive(Debug)]
pub(crate) enum Announcement {
    /// It contains the URL of the WebSocket endpoint.
    Url,
    /// It contains this text, and the port was known before.
    Line(String, u16),
}

fn has_port_flag(binary: &PathBuf) -> bool {
    let help = Command::new(binary).arg("--help").stdin(Stdio::null()).output();
    let help = help.unwrap_or_else(|error| panic!("{} --help: {error}", binary.display()));
    String::from_utf8_lossy(&help.stdout).contains("--port")
}

fn set_path(config: &mut Value, path: &str, value: &Value) {
    let mut place = config;
    for key in path.split('.') {
        place = &mut place[key];
    }
    place.clone_from(value);
}

fn merge(below: &mut Value, above: Value) {
    match (below.as_object_mut(), above) {
        (Some(below), Value::Object(above)) => {
            for (key, value) in above {
                merge(below.entry(key).or_insert(Value::Null), value);
            }
        }
        (_, above) => *below = above,
    }
}

/// Where the published server is installed for measurements, below the home directory.
const PUBLISHED: &str = ".cache/signal-fish-perf/inst/bin/signal-fish-server";
