//! TOML files as the JSON that all other sources are.

use serde_json::Value as Json;
use toml::Value;

/// Reads TOML, or says what is wrong and where. The text itself is not shown: it may hold secrets.
pub(super) fn parse(text: &str) -> Result<Json, String> {
    match text.parse::<toml::Table>() {
        Ok(table) => Ok(json(Value::Table(table))),
        Err(error) => {
            let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            let at = line.map_or_else(String::new, |line| format!(" at line {line}"));
            Err(format!("{}{at}", error.message()))
        }
    }
}

fn json(value: Value) -> Json {
    match value {
        Value::String(text) => text.into(),
        Value::Integer(number) => number.into(),
        // What is no number in JSON is none that a key could have.
        Value::Float(number) if !number.is_finite() => number.to_string().into(),
        Value::Float(number) => number.into(),
        Value::Boolean(is) => is.into(),
        Value::Datetime(moment) => moment.to_string().into(),
        Value::Array(items) => items.into_iter().map(json).collect(),
        Value::Table(members) => members.into_iter().map(|(name, value)| (name, json(value))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn toml_says_what_json_says() {
        let text = "port = 1\n[server]\nbind = '::1' # here\n[[security.allowed_apps]]\napp_id = \"a\"\nwhen = 1979-05-27\n";
        let app = json!({"app_id": "a", "when": "1979-05-27"});
        let expected = json!({"port": 1, "server": {"bind": "::1"}, "security": {"allowed_apps": [app]}});
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_without_its_text() {
        let error = parse("port = 1\n\nstatic_auth_secret = north wind\n").unwrap_err();
        assert!(error.ends_with(" at line 3") && !error.contains("north"), "{error}");
        let twice = parse("port = 1\nport = 2\n").unwrap_err();
        assert!(twice.contains("duplicate key") && twice.ends_with("at line 2"), "{twice}");
    }
}
