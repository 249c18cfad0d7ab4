//! A browser to drive over WebDriver: its windows, and what one does in them.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs, process};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use signal_fish_testkit::http_bytes;

/// Keys, as WebDriver spells them.
pub(crate) const LEFT: &str = "\u{e012}";
pub(crate) const DOWN: &str = "\u{e015}";

/// A chromedriver, and the browser that it drives. It ends with this.
pub(crate) struct Chromium {
    driver: Child,
    addr: SocketAddr,
    browser: PathBuf,
}

/// A window of a browser of its own, that knows nothing of another.
pub(crate) struct Window {
    addr: SocketAddr,
    session: String,
    name: &'static str,
    profile: PathBuf,
}

impl Chromium {
    /// Starts a driver, if this machine has one and a browser.
    pub(crate) fn find() -> Option<Self> {
        let path = env::var_os("PATH")?;
        let is_there =
            |name: &str| env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file());
        let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(is_there)?;
        let mut driver = Command::new(is_there("chromedriver")?);
        let mut driver = driver.arg("--port=0").stdout(Stdio::piped()).spawn().expect("the driver starts");
        let output = BufReader::new(driver.stdout.take().expect("it is piped"));
        let port: Option<u16> = output.lines().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("started successfully on port ")?;
            rest.trim_end_matches('.').parse().ok()
        });
        let addr = SocketAddr::from(([127, 0, 0, 1], port.expect("the driver says its port")));
        Some(Self { driver, addr, browser })
    }

    pub(crate) fn desk(&self) -> Window {
        self.window("desk", json!({}))
    }

    pub(crate) fn phone(&self) -> Window {
        let screen = json!({ "width": 390, "height": 844, "pixelRatio": 2, "touch": true });
        self.window("phone", json!({ "mobileEmulation": { "deviceMetrics": screen } }))
    }

    fn window(&self, name: &'static str, mut options: Value) -> Window {
        let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", process::id()));
        let mut args: Vec<_> = ARGUMENTS.iter().map(|&argument| argument.to_owned()).collect();
        args.push(format!("--user-data-dir={}", profile.display()));
        options["binary"] = json!(self.browser);
        options["args"] = json!(args);
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": options } } });
        let opened = ask(self.addr, "POST", "/session", &wanted).expect("the driver opens a window");
        let session = opened["sessionId"].as_str().expect("a session").to_owned();
        Window { addr: self.addr, session, name, profile }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Window {
    pub(crate) fn open(&self, address: &str) {
        self.post("url", &json!({ "url": address }));
    }

    pub(crate) fn click(&self, selector: &str) {
        self.post(&format!("element/{}/click", self.find(selector)), &json!({}));
    }

    pub(crate) fn enter(&self, selector: &str, text: &str) {
        self.post(&format!("element/{}/clear", self.find(selector)), &json!({}));
        self.press(selector, text);
    }

    pub(crate) fn press(&self, selector: &str, keys: &str) {
        self.post(&format!("element/{}/value", self.find(selector)), &json!({ "text": keys }));
    }

    /// From the middle of an element, by so many pixels.
    pub(crate) fn drag(&self, selector: &str, (x, y): (i32, i32)) {
        let element = json!({ ELEMENT: self.find(selector) });
        let to = |x, y| json!({ "type": "pointerMove", "origin": element, "x": x, "y": y });
        let button = |way| json!({ "type": way, "button": 0 });
        let moves = [to(0, 0), button("pointerDown"), to(x / 2, y / 2), to(x, y), button("pointerUp")];
        self.post("actions", &json!({ "actions": [{ "type": "pointer", "id": "mouse", "actions": moves }] }));
    }

    pub(crate) fn eval(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until an expression is true.
    pub(crate) fn until(&self, condition: &str) {
        let script = format!(
            "const [done, late] = [arguments[0], performance.now() + 15000];
             const look = () => (({condition}) ? done(true) : performance.now() > late ? done(false) : setTimeout(look, 20));
             look();"
        );
        let is_so = self.post("execute/async", &json!({ "script": script, "args": [] }));
        if is_so != true {
            self.keep("failed");
            panic!("{}: it did not become true that {condition}", self.name);
        }
    }

    /// Keeps a picture of what the window shows.
    pub(crate) fn keep(&self, what: &str) {
        let picture = ask(self.addr, "GET", &format!("/session/{}/screenshot", self.session), &json!({}));
        let picture = picture.expect("a picture");
        let picture = BASE64_STANDARD.decode(picture.as_str().expect("text")).expect("base64");
        fs::create_dir_all(PICTURES).expect("a folder for pictures");
        fs::write(format!("{PICTURES}/{}-{what}.png", self.name), picture).expect("it can be kept");
    }

    fn find(&self, selector: &str) -> String {
        let found = self.post("element", &json!({ "using": "css selector", "value": selector }));
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    fn post(&self, what: &str, body: &Value) -> Value {
        let answer = ask(self.addr, "POST", &format!("/session/{}/{what}", self.session), body);
        answer.unwrap_or_else(|error| panic!("{}: {what} {body}: {error}", self.name))
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = ask(self.addr, "DELETE", &format!("/session/{}", self.session), &json!({}));
        let _ = fs::remove_dir_all(&self.profile);
    }
}

/// Asks the driver, which answers with a value or with what is wrong.
fn ask(addr: SocketAddr, method: &str, path: &str, body: &Value) -> Result<Value, Value> {
    let body = if method == "POST" { body.to_string() } else { String::new() };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = http_bytes(addr, request.as_bytes()).expect("the driver answers");
    let mut value: Value = serde_json::from_str(&answer.body).expect("the driver answers in JSON");
    if answer.status == 200 { Ok(value["value"].take()) } else { Err(value) }
}

/// Where pictures of the windows are kept.
const PICTURES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../browser");

/// The name under which WebDriver speaks of elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Nothing but the page: no updates, no first steps, no network of its own.
const ARGUMENTS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
    // Other addresses than names that only multicast finds, which not every machine has.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
];
