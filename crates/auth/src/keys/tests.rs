//! Which texts are keys.

use serde_json::{Value, json};

use super::*;

const A: &str = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
const A_URL_SAFE: &str = "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg";
const B_URL_SAFE: &str = "Kay64UG8yvCyLhqU000LxzYeUm0L_hLIl5S8kyKWbdc";

fn ed25519_jwk() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": A_URL_SAFE})
}

fn p256_jwk() -> Value {
    json!({
        "kty": "EC", "crv": "P-256",
        "x": "UVw9brnjlrkE0_7Kf1T9zQzB6Ze_N13KUVrQpsO0A18", "y": "RTa-OlDzGPv5pUdZAqIhUCvvDVfgjFOyzApW8X2fk1Q",
    })
}

/// `jwk` with some members replaced.
fn with(mut jwk: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        jwk[name] = value.clone();
    }
    jwk
}

#[track_caller]
fn read(keys: &[Value], takes_p256: bool, expected: Result<usize, KeyError>) {
    let read = KeySet::from_jwks(&json!({"keys": keys}).to_string(), takes_p256);
    assert_eq!(read.map(|KeySet(keys)| keys.len()), expected, "{keys:?}");
}

#[test]
fn a_single_key_is_base64_of_either_alphabet() {
    let key = KeySet::single(A).unwrap();
    let with_line_end = format!("{A}\n");
    for same in [A_URL_SAFE, A.trim_end_matches('='), &with_line_end] {
        assert_eq!(KeySet::single(same), Ok(key.clone()), "{same:?}");
    }
    for other in ["", "A6EH", "not base64!", &format!("{A}{A}")] {
        assert_eq!(KeySet::single(other), Err(KeyError::NotAKey), "{other:?}");
    }
}

#[test]
fn keys_that_take_any_signature_are_none() {
    // The neutral element, a point of order 8, and what is no point.
    for weak in [
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "xxdqcD1N2E+6PAt2DRBnDyogU/osOczGTsf9d5KsA3o=",
        "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ] {
        assert_eq!(KeySet::single(weak), Err(KeyError::Unsound), "{weak}");
    }
    let zero = URL_SAFE_NO_PAD.encode([0; 32]);
    read(&[with(p256_jwk(), &json!({"x": zero}))], true, Err(KeyError::Unsound));
}

#[test]
fn a_set_has_the_keys_that_can_be_used() {
    read(&[ed25519_jwk(), p256_jwk()], true, Ok(2));
    read(&[ed25519_jwk(), p256_jwk()], false, Ok(1));
    read(&[with(ed25519_jwk(), &json!({"use": "sig", "alg": "EdDSA", "kid": "a"}))], false, Ok(1));
    let others = [
        json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "alg": "RS256"}),
        json!({"kty": "oct", "k": "AQAB", "alg": "HS256"}),
        json!({"kty": "OKP", "crv": "X25519", "x": A_URL_SAFE}),
        with(ed25519_jwk(), &json!({"use": "enc"})),
        with(ed25519_jwk(), &json!({"alg": "none"})),
        with(p256_jwk(), &json!({"alg": "ES384"})),
    ];
    read(&others, true, Err(KeyError::Empty));
    read(&[&others[..], &[ed25519_jwk()]].concat(), true, Ok(1));
}

#[test]
fn a_set_that_is_not_sound_is_refused_as_a_whole() {
    for text in ["", "[]", "{}", r#"{"keys": 1}"#, r#"{"keys": [{}]}"#] {
        assert_eq!(KeySet::from_jwks(text, true), Err(KeyError::NotASet), "{text:?}");
    }
    read(&[], true, Err(KeyError::Empty));
    let incomplete = [json!({"x": null}), json!({"x": "A6EH"}), json!({"x": A})];
    for change in incomplete {
        read(&[ed25519_jwk(), with(ed25519_jwk(), &change)], true, Err(KeyError::Incomplete));
    }
    read(&[with(p256_jwk(), &json!({"y": null}))], true, Err(KeyError::Incomplete));
    read(&[with(ed25519_jwk(), &json!({"d": "AQAB"}))], true, Err(KeyError::Private));
    let named = |x: &str| with(ed25519_jwk(), &json!({"kid": "a", "x": x}));
    read(&[named(A_URL_SAFE), named(B_URL_SAFE)], true, Err(KeyError::TwoOfOneId));
    read(&vec![ed25519_jwk(); 8], true, Ok(8));
    read(&vec![ed25519_jwk(); 9], true, Err(KeyError::TooMany));
}
