//! The one way to write a JSON text that both sides of a proof agree on: RFC 8785, for whole numbers alone.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// What is proved of `text`: itself without the top-level member `without`, with sorted members and no spaces. Nothing
/// if it is no object.
///
/// # Errors
///
/// It is not JSON, has a member twice, or a number that is not whole or not safe in a double.
pub(super) fn of(text: &str, without: &str) -> Result<Option<Vec<u8>>, serde_json::Error> {
    let Value::Object(mut members) = serde_json::from_str(text)? else { return Ok(None) };
    members.retain(|(name, _)| name != without);
    let mut bytes = Vec::with_capacity(text.len());
    Value::Object(members).write(&mut bytes);
    Ok(Some(bytes))
}

enum Value {
    Null,
    Bool(bool),
    Number(i64),
    String(String),
    Array(Vec<Self>),
    /// In the order of their names as UTF-16.
    Object(Vec<(String, Self)>),
}

impl Value {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend(b"null"),
            Self::Bool(value) => out.extend(value.to_string().bytes()),
            Self::Number(number) => out.extend(number.to_string().bytes()),
            Self::String(text) => write_string(text, out),
            Self::Array(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    out.extend(separator(index));
                    item.write(out);
                }
                out.push(b']');
            }
            Self::Object(members) => {
                out.push(b'{');
                for (index, (name, member)) in members.iter().enumerate() {
                    out.extend(separator(index));
                    write_string(name, out);
                    out.push(b':');
                    member.write(out);
                }
                out.push(b'}');
            }
        }
    }
}

fn separator(index: usize) -> &'static [u8] {
    if index == 0 { b"" } else { b"," }
}

/// Only what must be escaped is, as short as it can be: serde_json does just that.
fn write_string(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a string can be written to memory");
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Builder)
    }
}

struct Builder;

impl<'de> Visitor<'de> for Builder {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON whose numbers are whole")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Value, E> {
        if number.unsigned_abs() <= NUMBER_MAX {
            Ok(Value::Number(number))
        } else {
            Err(E::custom("a number is beyond what every reader knows exactly"))
        }
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }

    // Also of what is written with an exponent, or as minus zero.
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Value, E> {
        Err(E::custom("a number is not whole, which a connection with token binding cannot say"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object: Vec<(String, Value)> = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        object.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
        if object.is_sorted_by(|(one, _), (next, _)| one != next) {
            Ok(Value::Object(object))
        } else {
            Err(A::Error::custom("an object has a member twice"))
        }
    }
}

/// 2^53 − 1.
const NUMBER_MAX: u64 = (1 << 53) - 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn canonical(text: &str) -> Option<String> {
        of(text, "proof").ok()?.map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn members_are_sorted_as_utf_16_and_spaces_are_left_out() {
        for (text, expected) in [
            ("{}", "{}"),
            (
                r#" { "b" : [ 1 , { "d" : null , "c" : true } ] , "a" : "x y" } "#,
                r#"{"a":"x y","b":[1,{"c":true,"d":null}]}"#,
            ),
            // The example of RFC 8785, 3.2.3.
            (
                r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",
                    "\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#,
                "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With \
                 Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}",
            ),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(expected));
        }
    }

    #[test]
    fn strings_are_escaped_as_little_as_they_can_be() {
        let text =
            r#"{"a":"\u0000\u0007\b\t\n\u000b\f\r\u001f\u0020\u0022\u005c\/\u007f\u00e9\ud83d\ude00"}"#;
        let expected = r#"{"a":"\u0000\u0007\b\t\n\u000b\f\r\u001f \"\\/"#;
        assert_eq!(canonical(text), Some(format!("{expected}\u{7f}é😀\"}}")));
    }

    #[test]
    fn the_proof_is_left_out_where_it_stands_and_nowhere_else() {
        let text = r#"{"z":{"proof":1},"proof":{"a":[]},"b":["proof"]}"#;
        assert_eq!(canonical(text).as_deref(), Some(r#"{"b":["proof"],"z":{"proof":1}}"#));
    }

    #[test]
    fn numbers_are_whole_and_safe() {
        for number in ["0", "7", "-7", "9007199254740991", "-9007199254740991"] {
            let text = format!(r#"{{"n":{number}}}"#);
            assert_eq!(canonical(&text), Some(text));
        }
        for number in [
            "-0",
            "0.0",
            "1.0",
            "1e2",
            "1E2",
            "9007199254740992",
            "-9007199254740992",
            "18446744073709551615",
            "99999999999999999999",
            "-9223372036854775808",
            "1e400",
            "01",
            "+1",
            ".5",
            "NaN",
        ] {
            assert_eq!(canonical(&format!(r#"{{"n":{number}}}"#)), None, "{number}");
        }
    }

    /// Any JSON that can be proved.
    fn json() -> impl Strategy<Value = serde_json::Value> {
        let number = -(NUMBER_MAX.cast_signed())..=NUMBER_MAX.cast_signed();
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(|value| json!(value)),
            number.prop_map(|number| json!(number)),
            any::<String>().prop_map(|text| json!(text)),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(|items| json!(items)),
                prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|members| json!(members)),
            ]
        })
    }

    proptest! {
        #[test]
        fn however_a_message_is_written_what_is_proved_is_the_same(data in json(), proof in json()) {
            let plain = json!({"type": "GameData", "data": data});
            let expected = canonical(&plain.to_string()).unwrap();
            prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&expected).unwrap(), &plain);
            prop_assert_eq!(canonical(&expected), Some(expected.clone()));
            let data = serde_json::to_string_pretty(&data).unwrap();
            let other_order = format!(r#"{{"proof":{proof},"data":{data},"type":"GameData"}}"#);
            prop_assert_eq!(canonical(&other_order), Some(expected));
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":[{"a":1,"b":2,"a":3}]}"#,
            r#"{"proof":1,"proof":2}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":1} {}"#,
            r#"{"a":1,}"#,
            "",
        ] {
            assert!(of(text, "proof").is_err(), "{text}");
        }
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        assert!(of(&deep, "proof").is_err());
        for text in ["[]", "1", "null", r#""a""#] {
            assert!(matches!(of(text, "proof"), Ok(None)), "{text}");
        }
    }
}
