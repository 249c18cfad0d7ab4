//! Which frames are believed. The signatures in full were made by another implementation.

use serde_json::{Value, json};

use super::*;

/// `the sample nonce`, as in RFC 6455.
const SEED: &[u8] = b"dGhlIHNhbXBsZSBub25jZQ==";
const PING_1: &str = "DP1/OqvwxEg8rTsND/Aee2ByL6++3aY2MthCJ2i8V1Y=";
const PING_1_OF_CERTIFICATE: &str = "Ox5dCctPkIBnkv9eBFmhf5SertVlSkrWmAQxYnOT1dk=";
const DATA_2: &str = "YhDCuMyrbkKahPiCMun1RQs6QfAIFhvGNiTDJG9/2yA=";
const BINARY_2: &str = "BawZbu+ofWKUH1QGS+7t0oel691qflqr7nDIPyYFAEc=";

fn nonce() -> BindingNonce {
    std::array::from_fn(|index| u8::try_from(index).unwrap())
}

fn binding() -> Binding {
    Binding::new(&BindingSeed::parse(SEED).unwrap(), &nonce(), None, false)
}

fn fingerprint() -> String {
    "ab".repeat(32)
}

fn proof(sequence: u64, signature: &str) -> Value {
    json!({"version": 2, "scheme": SCHEME, "sequence": sequence, "signature": signature})
}

/// A ping with this proof.
fn ping(proof: &Value) -> String {
    json!({"type": "Ping", "token_binding": proof}).to_string()
}

/// The proof of the first ping with some members replaced.
fn with(changes: &Value) -> Value {
    let mut proof = proof(1, PING_1);
    for (name, value) in changes.as_object().unwrap() {
        proof[name] = value.clone();
    }
    proof
}

/// An envelope of `payload` with this proof.
fn envelope(proof: &Value, payload: &[u8]) -> Vec<u8> {
    #[derive(serde::Serialize)]
    struct Envelope<'a> {
        token_binding: &'a Value,
        payload: Bytes<'a>,
    }
    struct Bytes<'a>(&'a [u8]);
    impl serde::Serialize for Bytes<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }
    rmp_serde::to_vec_named(&Envelope { token_binding: proof, payload: Bytes(payload) }).unwrap()
}

#[test]
fn the_challenge_has_the_shape_that_clients_read() {
    let challenge: Value = serde_json::from_str(&Binding::challenge(&nonce())).unwrap();
    let nonce = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let data = json!({"version": 2, "scheme": SCHEME, "nonce": nonce, "first_sequence": 1});
    assert_eq!(challenge, json!({"type": "TokenBindingChallenge", "data": data}));
}

#[test]
fn a_seed_is_sixteen_bytes_in_base64() {
    assert!(BindingSeed::parse(SEED).is_some());
    for other in
        [&b""[..], b"dGhl", b"not base64", b"dGhlIHNhbXBsZSBub25jZQ", b"AAECAwQFBgcICQoLDA0ODxAREg=="]
    {
        assert!(BindingSeed::parse(other).is_none());
    }
}

#[test]
fn frames_of_both_kinds_are_believed_in_their_order() {
    let mut one = binding();
    assert_eq!(one.check_text(&ping(&proof(1, PING_1))), Ok(()));
    let data = format!(
        r#"{{ "token_binding": {}, "type": "GameData", "data": {{"data": [1, {{"z": "\u00e9", "a": -7}}]}} }}"#,
        proof(2, DATA_2)
    );
    assert_eq!(one.check_text(&data), Ok(()));

    let mut other = binding();
    assert_eq!(
        other.check_text(&ping(&with(&json!({"fingerprint": null, "more": [1.5]})))),
        Err(BindingRefusal::Unreadable)
    );
    assert_eq!(other.check_text(&ping(&with(&json!({"fingerprint": null, "more": [1]})))), Ok(()));
    let envelope = envelope(&proof(2, BINARY_2), &[1, 2, 3]);
    assert_eq!(other.open_binary(&envelope), Ok(&[1, 2, 3][..]));
}

#[test]
fn a_frame_is_believed_once_and_in_its_place() {
    let mut binding = binding();
    let data = json!({"type": "GameData", "data": {"data": [1, {"a": -7, "z": "é"}]}, "token_binding": proof(2, DATA_2)});
    let (first, second) = (ping(&proof(1, PING_1)), data.to_string());
    assert_eq!(binding.check_text(&second), Err(BindingRefusal::Sequence));
    assert_eq!(binding.check_text(&first), Ok(()));
    assert_eq!(binding.check_text(&first), Err(BindingRefusal::Sequence));
    assert_eq!(binding.check_text(&second), Ok(()));
    assert_eq!(binding.check_text(&second), Err(BindingRefusal::Sequence));
}

#[test]
fn a_proof_is_of_one_message_kind_and_connection() {
    let changed = json!({"type": "Pong", "token_binding": proof(1, PING_1)}).to_string();
    assert_eq!(binding().check_text(&changed), Err(BindingRefusal::Signature));
    let more = json!({"type": "Ping", "data": null, "token_binding": proof(1, PING_1)}).to_string();
    assert_eq!(binding().check_text(&more), Err(BindingRefusal::Signature));
    let as_binary = envelope(&proof(1, PING_1), br#"{"type":"Ping"}"#);
    assert_eq!(binding().open_binary(&as_binary), Err(BindingRefusal::Signature));
    let seed = BindingSeed::parse(SEED).unwrap();
    let mut elsewhere = Binding::new(&seed, &[0; 32], None, false);
    assert_eq!(elsewhere.check_text(&ping(&proof(1, PING_1))), Err(BindingRefusal::Signature));
    for signature in ["", "***", &PING_1[..40], PING_1_OF_CERTIFICATE] {
        assert_eq!(
            binding().check_text(&ping(&proof(1, signature))),
            Err(BindingRefusal::Signature),
            "{signature}"
        );
    }
}

#[test]
fn what_has_no_proof_of_this_kind_is_refused() {
    let mut binding = binding();
    for text in ["", "{nope", r#"{"type":"Ping","type":"Ping"}"#, r#"{"data":1.5}"#] {
        assert_eq!(binding.check_text(text), Err(BindingRefusal::Unreadable), "{text}");
    }
    for text in ["[]", "1", "null"] {
        assert_eq!(binding.check_text(text), Err(BindingRefusal::NotAnObject), "{text}");
    }
    assert_eq!(binding.check_text(r#"{"type":"Ping"}"#), Err(BindingRefusal::NoProof));
    for bad in [
        Value::Null,
        json!({}),
        json!([2, SCHEME, 1]),
        with(&json!({"version": 1})),
        with(&json!({"version": "2"})),
        with(&json!({"scheme": "sec_websocket_key_sha256"})),
        with(&json!({"sequence": null})),
        with(&json!({"sequence": -1})),
        with(&json!({"signature": 1})),
        with(&json!({"fingerprint": 1})),
    ] {
        assert_eq!(binding.check_text(&ping(&bad)), Err(BindingRefusal::NoProof), "{bad}");
    }
    for bytes in [&b""[..], b"\x01", b"\x80", b"\x81\xA7payload\xC4\x01\x01", b"\xC4\x01\x01"] {
        assert_eq!(binding.open_binary(bytes), Err(BindingRefusal::NoProof), "{bytes:?}");
    }
    assert_eq!(binding.check_text(&ping(&proof(1, PING_1))), Ok(()), "what was refused counted for nothing");
}

#[test]
fn deep_nesting_is_no_proof() {
    let mut deep = vec![0x82, 0xA1, b'x'];
    deep.extend([0x91; 100_000]);
    assert_eq!(binding().open_binary(&deep), Err(BindingRefusal::NoProof));
}

#[test]
fn a_certificate_that_is_named_must_be_that_of_the_connection() {
    let seed = BindingSeed::parse(SEED).unwrap();
    let bound =
        |certificate: Option<&str>, wanted| Binding::new(&seed, &nonce(), certificate.map(Arc::from), wanted);
    let named = ping(&json!({
        "version": 2, "scheme": SCHEME, "sequence": 1, "signature": PING_1_OF_CERTIFICATE, "fingerprint": fingerprint(),
    }));
    let unnamed = ping(&proof(1, PING_1));
    let other = "cd".repeat(32);
    for (certificate, wanted, names, outcome) in [
        (Some(fingerprint()), true, true, Ok(())),
        (Some(fingerprint()), true, false, Err(BindingRefusal::Fingerprint)),
        (Some(fingerprint()), false, false, Ok(())),
        (Some(other.clone()), false, true, Err(BindingRefusal::Fingerprint)),
        (Some(other), true, true, Err(BindingRefusal::Fingerprint)),
        (None, true, true, Err(BindingRefusal::Fingerprint)),
        // What cannot be compared is at least signed.
        (None, false, true, Ok(())),
    ] {
        let mut binding = bound(certificate.as_deref(), wanted);
        assert_eq!(binding.check_text(if names { &named } else { &unnamed }), outcome);
    }
}

#[test]
fn nothing_of_a_key_is_printed() {
    let seed = BindingSeed::parse(SEED).unwrap();
    assert_eq!(format!("{seed:?} {:?}", binding()), "BindingSeed(..) Binding { next_sequence: 1, .. }");
}
