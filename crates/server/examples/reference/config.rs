//! The page of settings.

use signal_fish_server::Key;

use crate::head;

const TEXT: &str = r#"Everything an operator can set. Nothing has to be: without settings the server is open to everyone on this machine and
to nobody else.

## Where settings come from

From the lowest to the highest; objects are merged, anything else is replaced by the higher source:

1. the defaults below;
2. one JSON file: that of `--config FILE`, else that of the variable `SIGNAL_FISH_CONFIG_PATH`, else `config.json` in
   the working directory if there is one;
3. the JSON object in the variable `SIGNAL_FISH_CONFIG_JSON`;
4. one variable for each key, named as below. The value is JSON, or text if it is not JSON: text that looks like a
   number needs JSON's quotes. Names are not case-sensitive. Other names that start with `SIGNAL_FISH_` are ignored,
   with a warning in the log;
5. the flags `--port` and `--bind`.

A key that does not exist, a value out of its bounds and settings that contradict each other keep the server from
starting; what is found is printed to stderr, one line each, contradictions once each key is right by itself. The
exit code is 1, and 2 if the command line itself cannot be read. An empty file sets nothing. Keys that only the published
server 0.12 has are refused where they ask for something that is not here, TLS for one; those that ask for nothing are
accepted with a warning in the log.

Keys marked *live* are taken over by a running server at SIGHUP; the log names those that need a restart. See
[configuration](../configuration.md) for that, and for what operators do besides setting keys.

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
