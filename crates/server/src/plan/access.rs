//! Who may play: what the settings say, and the files that they name.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use serde::Deserialize;
use signal_fish_auth::{App, AppLimits, Authenticator, JwtKeys, JwtRules, KeyError, KeySet, TokenRules};
use signal_fish_protocol::AppId;
use signal_fish_transport::WebAddress;

use crate::jwks::Publication;
use crate::settings::{AllowedApp, ConnectTokenSettings, JwtSettings, Problems, SecuritySettings};

/// Names all that is wrong, as far as it can be seen at once.
pub(crate) fn authenticator(
    settings: &SecuritySettings,
    problems: &mut Problems,
) -> (Authenticator, Option<Publication>) {
    let apps = apps(settings, problems);
    let (tokens, jwks) = tokens(settings, problems);
    let by_list = settings.enforce_app_id_allowlist;
    if by_list && settings.app_auth_path.is_none() && apps.is_empty() && settings.allowed_apps.is_empty() {
        let advice = "lists no app, so nobody could play: list one, or set \
                      `security.enforce_app_id_allowlist` to false";
        problems.add("security.allowed_apps", advice);
    }
    let authenticator = if by_list { Authenticator::allowlist(apps) } else { Authenticator::open() };
    (authenticator.with_tokens(tokens), jwks)
}

/// Every file that settings name, with the keys that do: those that say who may play, and certificates.
pub(crate) fn files(settings: &SecuritySettings) -> impl Iterator<Item = (&'static str, &Path)> {
    let ConnectTokenSettings { public_key_path, keys_path, jwt, .. } = &settings.connect_token;
    let paths = [
        ("security.app_auth_path", &settings.app_auth_path),
        ("security.connect_token.public_key_path", public_key_path),
        ("security.connect_token.keys_path", keys_path),
        ("security.connect_token.jwt.jwks_path", &jwt.jwks_path),
    ];
    let access = paths.into_iter().filter_map(|(key, path)| Some((key, Path::new(path.as_ref()?))));
    access.chain(settings.transport.tls.paths())
}

/// All of a file, or as much as may be in one.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A file with apps.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registry {
    apps: Vec<AllowedApp>,
}

fn apps(settings: &SecuritySettings, problems: &mut Problems) -> Vec<App> {
    let mut listed = Vec::new();
    for (index, app) in settings.allowed_apps.iter().enumerate() {
        listed.push((None, format!("security.allowed_apps[{index}]"), app.clone()));
    }
    if let Some(path) = &settings.app_auth_path
        && let Some(text) = text("security.app_auth_path", path, problems)
    {
        match serde_json::from_str(&text) {
            Ok(Registry { apps }) => {
                let apps = apps.into_iter().enumerate();
                listed.extend(apps.map(|(index, app)| (Some(path.as_str()), format!("apps[{index}]"), app)));
            }
            Err(error) => problems.add_from(Some(path), "security.app_auth_path", error.to_string()),
        }
    }
    let mut seen = BTreeSet::new();
    let mut apps = Vec::new();
    for (origin, key, listed) in listed {
        let mut problem =
            |member: &str, advice: String| problems.add_from(origin, format!("{key}.{member}"), advice);
        if listed.app_name.trim().is_empty() {
            problem("app_name", "set a name, it must not be blank".to_owned());
        }
        match AppId::parse(&listed.app_id) {
            Ok(id) if seen.insert(id.clone()) => apps.push(app(id, &listed)),
            Ok(id) => problem("app_id", format!("{:?} is listed twice, list each app once", id.as_str())),
            Err(error) => problem("app_id", error.to_string()),
        }
        let takes_no_token = settings.connect_token.takes_none();
        if listed.require_connect_token == Some(true) && takes_no_token {
            problem("require_connect_token", format!("is true, but {NO_KEY}"));
        }
    }
    apps
}

fn app(id: AppId, listed: &AllowedApp) -> App {
    App {
        id,
        name: listed.app_name.as_str().into(),
        limits: AppLimits {
            rooms_max: listed.max_rooms,
            players_max: listed.max_players_per_room,
            handshakes_per_minute: listed.rate_limit_per_minute,
            connections_max: listed.max_connections,
            messages_max: listed.max_messages,
            relay_bytes_max: listed.max_relay_bytes,
            messages_max_of_all: listed.max_messages_of_all,
            relay_bytes_max_of_all: listed.max_relay_bytes_of_all,
        },
        requires_token: listed.require_connect_token,
    }
}

fn tokens(settings: &SecuritySettings, problems: &mut Problems) -> (TokenRules, Option<Publication>) {
    let connect_token = &settings.connect_token;
    let ConnectTokenSettings { required, single_use, single_use_max, .. } = *connect_token;
    if required && connect_token.takes_none() {
        problems.add("security.connect_token.required", format!("is true, but {NO_KEY}"));
    }
    let (jwt, jwks) = jwt(&connect_token.jwt, problems).unzip();
    let keys = keys(connect_token, problems);
    let used_max = single_use.then_some(single_use_max);
    (TokenRules { keys, jwt, required, used_max }, jwks.flatten())
}

fn keys(settings: &ConnectTokenSettings, problems: &mut Problems) -> Option<KeySet> {
    let ConnectTokenSettings { public_key, public_key_path, keys_path, .. } = settings;
    if [public_key, public_key_path, keys_path].into_iter().flatten().count() > 1 {
        let advice = "set only one of `public_key`, `public_key_path` and `keys_path`";
        problems.add("security.connect_token", advice);
        return None;
    }
    if let Some(text) = public_key {
        return key_set("security.connect_token.public_key", None, KeySet::single(text), problems);
    }
    if let Some(path) = public_key_path {
        let key = "security.connect_token.public_key_path";
        let text = text(key, path, problems)?;
        return key_set(key, Some(path), KeySet::single(&text), problems);
    }
    let path = keys_path.as_ref()?;
    let key = "security.connect_token.keys_path";
    let text = text(key, path, problems)?;
    key_set(key, Some(path), KeySet::from_jwks(&text, false), problems)
}

/// The rules for JWTs, and where their keys are to be fetched, if they are.
fn jwt(settings: &JwtSettings, problems: &mut Problems) -> Option<(JwtRules, Option<Publication>)> {
    let JwtSettings { audience, jwks_path, jwks_url } = settings;
    if audience.is_none() && jwks_path.is_none() && jwks_url.is_none() {
        return None;
    }
    let audience: Option<Box<str>> = audience.as_deref().filter(|name| !name.is_empty()).map(Into::into);
    if audience.is_none() {
        let advice = "set the name that JWTs have for this server, or those for others would be taken";
        problems.add("security.connect_token.jwt.audience", advice);
    }
    let (keys, publication) = match (jwks_path, jwks_url) {
        (Some(path), None) => {
            let key = "security.connect_token.jwt.jwks_path";
            let text = text(key, path, problems)?;
            let keys = key_set(key, Some(path), KeySet::from_jwks(&text, true), problems)?;
            (JwtKeys::Fixed(keys), None)
        }
        (None, Some(url)) => {
            let key = "security.connect_token.jwt.jwks_url";
            let address =
                WebAddress::parse(url).map_err(|error| problems.add(key, error.to_string())).ok()?;
            let publication = Publication::new(address);
            (JwtKeys::Fetched(publication.keys()), Some(publication))
        }
        (None, None) => {
            let advice = "set the file with the keys of JWTs, or `jwks_url`";
            problems.add("security.connect_token.jwt.jwks_path", advice);
            return None;
        }
        (Some(_), Some(_)) => {
            problems.add("security.connect_token.jwt", "set only one of `jwks_path` and `jwks_url`");
            return None;
        }
    };
    Some((JwtRules { keys, audience: audience? }, publication))
}

fn key_set(
    key: &str,
    origin: Option<&str>,
    keys: Result<KeySet, KeyError>,
    problems: &mut Problems,
) -> Option<KeySet> {
    keys.map_err(|error| problems.add_from(origin, key, error.to_string())).ok()
}

/// The text of a file that a key names.
fn text(key: &str, path: &str, problems: &mut Problems) -> Option<String> {
    let text = match read(path.as_ref()) {
        Ok(bytes) if bytes.len() as u64 > FILE_BYTES_MAX => Err("is too long".to_owned()),
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned()),
        Err(error) => Err(format!("cannot be read: {error}")),
    };
    text.map_err(|advice| problems.add_from(Some(path), key, advice)).ok()
}

const NO_KEY: &str = "there is no key to check one with: set `security.connect_token.public_key`, one of its \
                      files, or `security.connect_token.jwt`";

/// Far more than all apps that anyone has.
const FILE_BYTES_MAX: u64 = 16 << 20;
