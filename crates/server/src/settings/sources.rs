//! Where settings come from, lowest first: defaults, files, stdin, inline JSON, environment variables, flags.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use config::{Config, Map, Source, Value, ValueKind};
use serde_json::Value as Json;

use super::Settings;
use super::problem::Problems;
use super::schema::schema;
use super::{json_text, toml_text, variables};

/// Where settings come from. Objects of several sources are merged, anything else is replaced by the higher one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sources {
    /// The one file to read. Without it there may be several: `config.json` or `config.toml` in `beside`, the same in
    /// the working directory, and one that `SIGNAL_FISH_CONFIG_PATH` names.
    pub file: Option<PathBuf>,
    /// The folder of the executable.
    pub beside: Option<PathBuf>,
    /// Environment variables, as names and values. Those that do not start with `SIGNAL_FISH_` are ignored.
    pub environment: Vec<(OsString, OsString)>,
    /// What came on stdin, if [`Sources::wants_stdin`].
    pub stdin: Option<String>,
    /// The flag `--port`.
    pub port: Option<u16>,
    /// The flag `--bind`.
    pub bind: Option<IpAddr>,
}

impl Sources {
    /// All sources as one tree; every value knows which of them it is from.
    pub(super) fn merged(&self) -> Result<Value, Problems> {
        let mut problems = Problems::default();
        let mut layers = vec![Layer::defaults()];
        layers.extend(self.files(&mut problems));
        layers.extend(self.inline(&mut problems));
        layers.extend(self.variables(&mut problems));
        layers.extend(self.flags());
        for layer in &mut layers {
            layer.rename_aliases(&mut problems);
            layer.drop_null_sections();
        }
        problems.none()?;
        let merged = layers.into_iter().fold(Config::builder(), |all, layer| all.add_source(layer)).build();
        Ok(merged.expect("layers are already read").cache)
    }

    /// Whether JSON is to be read from stdin, once: [`Sources::stdin`] is the place for it.
    pub fn wants_stdin(&self) -> bool {
        self.variable(STDIN).and_then(|value| value.to_str()).is_some_and(|value| is_one_of(value, &YES))
    }

    fn files(&self, problems: &mut Problems) -> Vec<Layer> {
        if let Some(path) = &self.file {
            return file(path, true, problems).into_iter().collect();
        }
        let here = self.beside.as_ref().and_then(|beside| beside.canonicalize().ok())
            == Path::new(".").canonicalize().ok();
        let beside = self.beside.as_deref().filter(|_| !here);
        let mut layers: Vec<_> = beside
            .into_iter()
            .chain([Path::new("")])
            .filter_map(|folder| found_in(folder, problems))
            .collect();
        layers.extend(self.variable(PATH).and_then(|path| file(Path::new(path), true, problems)));
        layers
    }

    fn inline(&self, problems: &mut Problems) -> Vec<Layer> {
        let is_known = |value: &OsString| {
            value.to_str().is_some_and(|value| is_one_of(value, &[&YES[..], &NO].concat()))
        };
        if self.variable(STDIN).is_some_and(|value| !is_known(value)) {
            problems.add(STDIN, "set 1, true or yes, or leave it out");
        }
        let mut layers = Vec::new();
        layers.extend(self.stdin.as_ref().and_then(|text| Layer::parse(STDIN, text, problems)));
        match self.variable(JSON).map(|text| text.to_str()) {
            Some(Some(text)) => layers.extend(Layer::parse(JSON, text, problems)),
            Some(None) => problems.add(JSON, "set valid UTF-8"),
            None => {}
        }
        layers
    }

    /// One layer for each variable `SIGNAL_FISH__SECTION__KEY`, merged into one: their order means nothing.
    fn variables(&self, problems: &mut Problems) -> Option<Layer> {
        let schema = schema();
        let mut by_path = BTreeMap::new();
        for (name, value) in &self.environment {
            let Some(rest) = name.to_str().and_then(without_prefix) else { continue };
            let name = format!("{PREFIX}{rest}");
            let path = variables::path(rest, &schema);
            match value.to_str() {
                None => problems.add(name, "set valid UTF-8"),
                Some(_) if path.len() > VARIABLE_DEPTH_MAX => {
                    problems.add(name, "no key is nested that deep")
                }
                Some(value) => {
                    if let Some((other, _)) = by_path.insert(path, (name.clone(), value)) {
                        problems.add(name, format!("the same key as {other}, set only one of them"));
                    }
                }
            }
        }
        let layers: Vec<Layer> = by_path
            .into_iter()
            .filter(|(path, _)| !path.is_empty())
            .map(|(path, (name, value))| {
                Layer::nested(&name, &path, &variables::value(&path, value, &schema))
            })
            .collect();
        Some(Layer(layers.collect().expect("layers are already read")))
    }

    fn flags(&self) -> impl Iterator<Item = Layer> {
        let port = self.port.map(|port| Layer::nested("--port", &["port"], &port.into()));
        let bind =
            self.bind.map(|bind| Layer::nested("--bind", &["server", "bind"], &bind.to_string().into()));
        port.into_iter().chain(bind)
    }

    /// Variables that look like ours and are none. They are no errors: an orchestrator may set
    /// `SIGNAL_FISH_PORT` for a service of our name, and means something else.
    pub(super) fn notices(&self) -> Vec<String> {
        let names = self.environment.iter().filter_map(|(name, _)| name.to_str());
        let ours = |name: &str| without_prefix(name).is_some() || [PATH, JSON, STDIN].contains(&name);
        let near = names.filter(|name| name.to_ascii_uppercase().starts_with("SIGNAL_FISH_") && !ours(name));
        near.map(|name| format!("the variable {name} is ignored, keys are set as {PREFIX}SECTION__KEY"))
            .collect()
    }

    fn variable(&self, name: &str) -> Option<&OsString> {
        self.environment.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }
}

/// The rest of a variable's name that sets a key, in whatever case it is written.
fn without_prefix(name: &str) -> Option<&str> {
    let (prefix, rest) = name.split_at_checked(PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then_some(rest)
}

/// The file that is looked for in a folder, if there is one.
fn found_in(folder: &Path, problems: &mut Problems) -> Option<Layer> {
    let [json, toml] = ["config.json", "config.toml"].map(|name| folder.join(name));
    if json.exists() && toml.exists() {
        problems
            .add(toml.display().to_string(), format!("there is {} too, keep one of them", json.display()));
        return None;
    }
    file(&json, false, problems).or_else(|| file(&toml, false, problems))
}

/// A file as a layer. One that `is_named` has to be there.
fn file(path: &Path, is_named: bool, problems: &mut Problems) -> Option<Layer> {
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) => {
            Layer::parse_toml(&name, &text, problems)
        }
        Ok(text) => Layer::parse(&name, &text, problems),
        // A link that leads nowhere was meant to lead somewhere.
        Err(error) if !is_named && error.kind() == ErrorKind::NotFound && !path.is_symlink() => None,
        Err(error) => {
            problems.add(name, format!("cannot be read: {error}"));
            None
        }
    }
}

fn is_one_of(value: &str, words: &[&str]) -> bool {
    words.iter().any(|word| value.trim().eq_ignore_ascii_case(word))
}

/// One source as a tree.
#[derive(Clone, Debug)]
struct Layer(Map<String, Value>);

impl Layer {
    /// The lowest layer, so that objects of others are merged with the defaults. Defaults have no origin.
    fn defaults() -> Self {
        let defaults = serde_json::to_value(Settings::default()).expect("settings have a JSON form");
        Self::new(None, &defaults).expect("settings are an object")
    }

    /// Reads a JSON object. One that is empty or white space is no layer.
    fn parse(origin: &str, text: &str, problems: &mut Problems) -> Option<Self> {
        if text.trim().is_empty() {
            return None;
        }
        match json_text::parse(text).map(|json| Self::new(Some(origin), &json)) {
            Ok(Some(layer)) => return layer.with_plain_keys(origin, problems),
            Ok(None) => problems.add(origin, "set a JSON object"),
            Err(error) => problems.add(origin, format!("not JSON: {error}")),
        }
        None
    }

    /// Reads a TOML file.
    fn parse_toml(origin: &str, text: &str, problems: &mut Problems) -> Option<Self> {
        match toml_text::parse(text) {
            Ok(json) => Self::new(Some(origin), &json)?.with_plain_keys(origin, problems),
            Err(error) => {
                problems.add(origin, format!("not TOML: {error}"));
                None
            }
        }
    }

    /// The merge takes a key at the root for a path, and would find a second spelling of every key.
    fn with_plain_keys(self, origin: &str, problems: &mut Problems) -> Option<Self> {
        let mut paths: Vec<_> = self.0.keys().filter(|key| key.contains(['.', '['])).collect();
        paths.sort();
        for path in &paths {
            problems.add_from(Some(origin), *path, "unknown key, write an object in an object");
        }
        paths.is_empty().then_some(self)
    }

    fn new(origin: Option<&str>, json: &Json) -> Option<Self> {
        let origin = origin.map(str::to_owned);
        let json = json.as_object()?;
        Some(Self(json.iter().map(|(key, json)| (key.clone(), tree(origin.as_ref(), json))).collect()))
    }

    fn nested(origin: &str, path: &[impl AsRef<str>], value: &Json) -> Self {
        let wrap = |inner, key: &_| Json::from_iter([(AsRef::as_ref(key), inner)]);
        let json = path.iter().rev().fold(value.clone(), wrap);
        Self::new(Some(origin), &json).expect("a path is not empty")
    }

    /// Leaves out sections that the published server may have null for: nothing is set in them.
    fn drop_null_sections(&mut self) {
        if let Some(Value { kind: ValueKind::Table(security), .. }) = self.0.get_mut("security") {
            security
                .retain(|name, value| !(NULLABLE.contains(&name.as_str()) && value.kind == ValueKind::Nil));
        }
    }

    /// Gives keys their present names, before layers are merged: two names would not replace each other.
    fn rename_aliases(&mut self, problems: &mut Problems) {
        for (section, alias, name) in ALIASES {
            let Some(Value { kind: ValueKind::Table(members), .. }) = self.0.get_mut(section) else {
                continue;
            };
            let Some(value) = members.remove(alias) else { continue };
            if members.contains_key(name) {
                let advice = format!("the old name of `{section}.{name}`, set only one of them");
                problems.add_from(value.origin(), format!("{section}.{alias}"), advice);
            }
            members.insert(name.to_owned(), value);
        }
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}

/// A JSON value, every part of which knows where it is from.
pub(super) fn tree(origin: Option<&String>, json: &Json) -> Value {
    match json {
        Json::Null => Value::new(origin, ValueKind::Nil),
        Json::Bool(value) => Value::new(origin, *value),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), _, _) => Value::new(origin, number),
            (None, Some(number), _) => Value::new(origin, number),
            (None, None, number) => Value::new(origin, number),
        },
        Json::String(text) => Value::new(origin, text.as_str()),
        Json::Array(items) => {
            Value::new(origin, items.iter().map(|item| tree(origin, item)).collect::<Vec<_>>())
        }
        Json::Object(members) => {
            let members = members.iter().map(|(key, member)| (key.clone(), tree(origin, member)));
            Value::new(origin, members.collect::<Map<_, _>>())
        }
    }
}

const PREFIX: &str = "SIGNAL_FISH__";
const PATH: &str = "SIGNAL_FISH_CONFIG_PATH";
const JSON: &str = "SIGNAL_FISH_CONFIG_JSON";
const STDIN: &str = "SIGNAL_FISH_CONFIG_STDIN";

/// More than any key has; a tree is walked by recursion.
const VARIABLE_DEPTH_MAX: usize = 16;

/// Words for whether to read stdin.
const YES: [&str; 3] = ["1", "true", "yes"];
const NO: [&str; 4] = ["0", "false", "no", ""];

/// Sections of `security` that may be null.
const NULLABLE: [&str; 2] = ["connect_token", "max_game_data_bytes"];

/// Section, old name, present name.
const ALIASES: [(&str, &str, &str); 2] = [
    ("security", "require_websocket_auth", "enforce_app_id_allowlist"),
    ("security", "authorized_apps", "allowed_apps"),
];
