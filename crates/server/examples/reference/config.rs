//! The page of settings.

use signal_fish_server::Key;

use crate::head;

const TEXT: &str = r#"Everything an operator can set. Nothing has to be: without settings the server is open to everyone on this machine and
to nobody else.

Where settings come from, which source wins and what variables may hold is in [configuration](../configuration.md), with
what operators do besides setting keys. `signal-fish-server config example` prints a file with all of this page,
`signal-fish-server config schema` the same as a JSON Schema.

Keys marked *live* are taken over by a running server at SIGHUP; the log names those that need a restart.

A file for a server that the world may reach, but only the clients of one game may use:

```json
{
  "server": { "bind": "0.0.0.0" },
  "security": {
    "enforce_app_id_allowlist": true,
    "allowed_apps": [{ "app_id": "tanks", "app_name": "Space Tanks" }]
  }
}
```

`security.require_websocket_auth` and `security.authorized_apps` are old names of `security.enforce_app_id_allowlist`
and `security.allowed_apps`.
"#;

pub(crate) fn page() -> String {
    let mut page = head("Configuration", TEXT);
    let mut section = None;
    let mut keys = Key::all();
    keys.sort_by_key(|key| key.path.contains('.'));
    for key in keys {
        let here = key.path.split_once('.').map_or("", |(section, _)| section).to_owned();
        if section.as_ref() != Some(&here) {
            let title = if here.is_empty() { "At the root".to_owned() } else { format!("Section `{here}`") };
            page += &format!(
                "\n## {title}\n\n| key | value | default | live | meaning | variable |\n|---|---|---|---|---|---|\n"
            );
            section = Some(here);
        }
        page += &row(&key);
    }
    page
}

fn row(key: &Key) -> String {
    let Key { path, expected, default, meaning, is_live } = key;
    let live = if *is_live { "live" } else { "" };
    let code = |text: Option<String>| text.map_or(String::new(), |text| format!("`{text}`"));
    let (default, variable) = (code(default.clone()), code(key.variable()));
    format!("| `{path}` | {expected} | {default} | {live} | {meaning} | {variable} |\n")
}
