//! A browser to drive: its windows, and what one does in them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use fantoccini::actions::{InputSource as _, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// Where pictures of the windows are kept.
const PICTURES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../browser");

/// A chromedriver, and the browser that it drives. It ends with this.
pub(crate) struct Chromium {
    driver: Child,
    port: u16,
    browser: PathBuf,
}

/// A window of a browser of its own, that knows nothing of another.
pub(crate) struct Window {
    client: Client,
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
        let mut driver =
            Command::new(is_there("chromedriver")?).arg("--port=0").stdout(Stdio::piped()).spawn().ok()?;
        let output = BufReader::new(driver.stdout.take().expect("it is piped"));
        let port = output.lines().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("started successfully on port ")?;
            rest.trim_end_matches('.').parse().ok()
        });
        Some(Self { driver, port: port.expect("the driver says its port"), browser })
    }

    pub(crate) async fn desk(&self) -> Window {
        self.window("desk", json!({})).await
    }

    pub(crate) async fn phone(&self) -> Window {
        let screen = json!({ "width": 390, "height": 844, "pixelRatio": 2, "touch": true });
        self.window("phone", json!({ "mobileEmulation": { "deviceMetrics": screen } })).await
    }

    async fn window(&self, name: &'static str, mut options: Value) -> Window {
        let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let mut args: Vec<_> = ARGUMENTS.iter().map(|&argument| argument.to_owned()).collect();
        args.push(format!("--user-data-dir={}", profile.display()));
        options["binary"] = json!(self.browser);
        options["args"] = json!(args);
        let capabilities = json!({ "goog:chromeOptions": options });
        let capabilities = capabilities.as_object().expect("an object").clone();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client =
            builder.capabilities(capabilities).connect(&format!("http://127.0.0.1:{}", self.port)).await;
        Window { client: client.expect("the driver opens a window"), name, profile }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Window {
    pub(crate) async fn open(&self, address: &str) {
        self.client.goto(address).await.expect("the page opens");
    }

    pub(crate) async fn click(&self, selector: &str) {
        let element = self.client.find(Locator::Css(selector)).await.expect(selector);
        element.click().await.expect(selector);
    }

    pub(crate) async fn enter(&self, selector: &str, text: &str) {
        let element = self.client.find(Locator::Css(selector)).await.expect(selector);
        element.clear().await.expect(selector);
        element.send_keys(text).await.expect(selector);
    }

    pub(crate) async fn press(&self, selector: &str, key: Key) {
        let element = self.client.find(Locator::Css(selector)).await.expect(selector);
        element.send_keys(&char::from(key).to_string()).await.expect(selector);
    }

    /// From the middle of an element, by so many pixels.
    pub(crate) async fn drag(&self, selector: &str, (x, y): (i64, i64)) {
        let element = self.client.find(Locator::Css(selector)).await.expect(selector);
        let to = |x, y| PointerAction::MoveToElement {
            element: element.clone(),
            duration: None,
            x: x as f64,
            y: y as f64,
        };
        let actions = MouseActions::new("mouse".to_owned())
            .then(to(0, 0))
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(to(x / 2, y / 2))
            .then(to(x, y))
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.client.perform_actions(actions).await.expect("a drag");
    }

    pub(crate) async fn eval(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect(script)
    }

    /// Waits until an expression is true; the driver gives up after half a minute.
    pub(crate) async fn until(&self, condition: &str) {
        let script = format!(
            "const done = arguments[0];
             const look = () => (({condition}) ? done(true) : setTimeout(look, 20));
             look();"
        );
        if let Err(error) = self.client.execute_async(&script, Vec::new()).await {
            self.keep("failed").await;
            panic!("{}: {condition}: {error}", self.name);
        }
    }

    /// Keeps a picture of the whole page.
    pub(crate) async fn keep(&self, what: &str) {
        fs::create_dir_all(PICTURES).expect("a folder for pictures");
        let picture = self.client.find(Locator::Css("html")).await.expect("a page");
        let picture = picture.screenshot().await.expect("a picture");
        fs::write(format!("{PICTURES}/{}-{what}.png", self.name), picture).expect("it can be kept");
    }

    pub(crate) async fn close(self) {
        self.client.close().await.expect("the window closes");
        let _ = fs::remove_dir_all(&self.profile);
    }
}

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
