//! Frames with token binding: what was proved is taken, and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use signal_fish_auth::{Binding, BindingRefusal, BindingSeed};

use super::a_place_in;

/// As it comes, a frame has no proof; as what a client wants to say, it gets one.
pub(super) fn bound_frame(bytes: &[u8]) {
    assert!(binding().open_binary(bytes).is_err(), "{bytes:?}");
    check_binary(bytes);
    let Ok(text) = str::from_utf8(bytes) else { return };
    assert!(binding().check_text(text).is_err(), "{text}");
    if let Ok(Value::Object(mut members)) = serde_json::from_str(text) {
        members.remove(MEMBER);
        check_text(text, &members);
    }
}

fn check_binary(payload: &[u8]) {
    let proof = proof(b"binary\0", payload);
    let head = rmp_serde::to_vec_named(&json!({ MEMBER: proof })).expect("it can be written to memory");
    // A map of one is made a map of two.
    let len = u16::try_from(payload.len()).expect("a fuzzer gives less");
    let bytes = [&[0x82], &head[1..], b"\xA7payload\xC5", &len.to_be_bytes(), payload].concat();
    let mut once = binding();
    assert_eq!(once.open_binary(&bytes), Ok(payload));
    assert_eq!(once.open_binary(&bytes), Err(BindingRefusal::Sequence));
    if let Ok(opened) = binding().open_binary(&changed(&bytes)) {
        assert_eq!(opened, payload, "{bytes:?}");
    }
}

fn check_text(text: &str, members: &Map<String, Value>) {
    let mut proved = String::new();
    write_members(members, &mut proved);
    let proof = json!({ MEMBER: proof(b"json\0", proved.as_bytes()) }).to_string();
    let with_proof = |text: &str| {
        let rest = text.trim_start().strip_prefix('{').expect("it is an object");
        let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
        format!("{}{comma}{rest}", &proof[..proof.len() - 1])
    };
    // However it is written, it is taken, or says something that can be understood in more than one way.
    let as_it_comes = binding().check_text(&with_proof(text));
    assert!(matches!(as_it_comes, Ok(()) | Err(BindingRefusal::Unreadable)), "{text}: {as_it_comes:?}");

    let bound = with_proof(&proved);
    let expected = if members.values().all(is_exact) { Ok(()) } else { Err(BindingRefusal::Unreadable) };
    let mut once = binding();
    assert_eq!(once.check_text(&bound), expected, "{bound}");
    if expected.is_ok() {
        assert_eq!(once.check_text(&bound), Err(BindingRefusal::Sequence), "{bound}");
        let Ok(changed) = String::from_utf8(changed(bound.as_bytes())) else { return };
        if binding().check_text(&changed).is_ok() {
            let says: Value = serde_json::from_str(&changed).expect("what is believed is JSON");
            let said: Value = serde_json::from_str(&bound).expect("what is believed is JSON");
            assert_eq!(says, said, "{bound} was changed to {changed}");
        }
    }
}

/// Whether all numbers in it are whole, and each a double.
fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_i64().is_some_and(|number| number.unsigned_abs() < 1 << 53),
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(members) => members.values().all(is_exact),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// RFC 8785, but for numbers with a fraction, which are refused.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => write_members(members, out),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string())
        }
    }
}

fn write_members(members: &Map<String, Value>, out: &mut String) {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
    out.push('{');
    for (index, (name, member)) in sorted.into_iter().enumerate() {
        out.push_str(if index == 0 { "" } else { "," });
        out.push_str(&Value::from(name.as_str()).to_string());
        out.push(':');
        write(member, out);
    }
    out.push('}');
}

/// What a client adds to its first frame.
fn proof(domain: &[u8], proved: &[u8]) -> Value {
    let mut key = [0; 32];
    let hkdf = Hkdf::<Sha256>::new(Some(&NONCE), &STANDARD.decode(SEED).expect("it is base64"));
    hkdf.expand(b"signalfish.tokenbinding.v2/session-key", &mut key).expect("it is not too long");
    let mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes a key of any length");
    let mac = mac.chain_update(b"signalfish.tokenbinding.v2\0").chain_update(domain);
    let mac = mac.chain_update(1_u64.to_be_bytes()).chain_update(proved);
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    json!({"version": 2, "scheme": "server_nonce_hkdf_sha256", "sequence": 1, "signature": signature})
}

fn binding() -> Binding {
    let seed = BindingSeed::parse(SEED.as_bytes()).expect("it has sixteen bytes");
    Binding::new(&seed, &NONCE, None, false)
}

/// The same, but for one byte.
fn changed(bytes: &[u8]) -> Vec<u8> {
    let (at, by) = a_place_in(bytes);
    let mut changed = bytes.to_vec();
    changed[at] ^= by.max(1);
    changed
}

const MEMBER: &str = "token_binding";

/// `the sample nonce`, as in RFC 6455.
const SEED: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const NONCE: [u8; 32] = [9; 32];
