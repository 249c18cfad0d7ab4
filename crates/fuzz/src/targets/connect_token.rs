//! Connect tokens: only what was signed is believed, and no more of it than it says.

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::ed25519::signature::Signer as _;
use p256::ecdsa;
use serde_json::{Value, json};
use signal_fish_auth::{Authenticator, Grant, JwtRules, KeySet, Moment, Refusal, TokenRefusal, TokenRules};
use signal_fish_protocol::Timestamp;

use super::a_place_in;

/// The first byte says what the rest is: a token as it comes, or what is signed: a payload of our own tokens, or the
/// header and the payload of a JWT, with 0xFF between them, for either kind of key.
pub(super) fn connect_token(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    match kind & 3 {
        0 => {
            if let Ok(token) = str::from_utf8(rest) {
                assert!(believed(token).is_err(), "nobody has signed {token}");
            }
        }
        1 => check_signed(&sign(&format!("sfct_v1.{}", base64(rest)), false), rest, None),
        kind => {
            let mut parts = rest.splitn(2, |&byte| byte == 0xFF);
            let (header, payload) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let is_p256 = kind == 3;
            let token = sign(&format!("{}.{}", base64(header), base64(payload)), is_p256);
            check_signed(&token, payload, Some((header, is_p256)));
        }
    }
}

/// A token that was signed is believed only if it says what is granted; changed in any place it is not.
fn check_signed(token: &str, payload: &[u8], jwt: Option<(&[u8], bool)>) {
    if let Ok(grant) = believed(token) {
        assert!(str::from_utf8(payload).is_ok(), "{payload:?}");
        // Members that are passed over may hold numbers, say, that nobody can read.
        if let Ok(payload) = serde_json::from_slice(payload) {
            check_granted(&grant, &payload, jwt.is_some());
        }
        if let Some((header, is_p256)) = jwt {
            let is_of_kind = |alg: &str| (alg == "ES256") == is_p256;
            if let Ok(header) = serde_json::from_slice::<Value>(header) {
                assert!(
                    header["alg"].as_str().is_some_and(is_of_kind) && header["crit"].is_null(),
                    "{header}"
                );
            }
        }
        // The same JSON with another signature would be as bad as another JSON.
        let (at, by) = a_place_in(token.as_bytes());
        let mut changed = token.as_bytes().to_vec();
        changed[at] = BASE64[(usize::from(by) + usize::from(changed[at])) % BASE64.len()];
        let changed = String::from_utf8(changed).expect("it is ASCII");
        assert!(changed == token || believed(&changed).is_err(), "{token} was changed to {changed}");
    }
}

fn check_granted(grant: &Grant, payload: &Value, is_jwt: bool) {
    assert_eq!(payload["app_id"], APP);
    let left = payload["exp"].as_i64().map(|exp| exp.saturating_sub(NOW)).expect("it has an end");
    assert!(if is_jwt { left > -60 } else { (1..=360).contains(&left) }, "{payload}");
    assert!(is_jwt || payload["nonce"].as_str().is_some_and(|nonce| !nonce.is_empty()), "{payload}");
    assert_eq!(grant.subject(), payload["sub"].as_str());
    assert_eq!(grant.is_for_one_room(), payload["room"].is_string());
    assert_eq!(grant.may_play(), payload["role"] != "spectator");
    assert_eq!(grant.ends().is_some(), payload["session_exp"].is_i64());
}

fn believed(token: &str) -> Result<Grant, TokenRefusal> {
    let moment =
        Moment { steady: Duration::ZERO, wall: Timestamp::from_second(NOW).expect("a time of this century") };
    match parties().authenticator.authenticate(APP, Some(token), moment) {
        Ok(admission) => Ok(admission.accept()),
        Err(Refusal::Token(refusal)) => Err(refusal),
        Err(refusal) => unreachable!("the app is one: {refusal}"),
    }
}

/// `text` with its signature behind it.
fn sign(text: &str, is_p256: bool) -> String {
    let Parties { ed25519, p256, .. } = parties();
    let signature = if is_p256 {
        let signature: ecdsa::Signature = p256.sign(text.as_bytes());
        base64(&signature.to_bytes())
    } else {
        base64(&ed25519.sign(text.as_bytes()).to_bytes())
    };
    format!("{text}.{signature}")
}

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Who signs, and who checks it.
struct Parties {
    ed25519: SigningKey,
    p256: ecdsa::SigningKey,
    authenticator: Authenticator,
}

fn parties() -> &'static Parties {
    static PARTIES: OnceLock<Parties> = OnceLock::new();
    PARTIES.get_or_init(|| {
        let ed25519 = SigningKey::from_bytes(&[7; 32]);
        let p256 = ecdsa::SigningKey::from_slice(&[7; 32]).expect("it is below the order of the curve");
        let point = p256.verifying_key().to_sec1_point(false);
        let (x, y) = (point.x().expect("it is not compressed"), point.y().expect("it is not compressed"));
        let jwks = json!({"keys": [
            {"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": base64(ed25519.verifying_key().as_bytes())},
            {"kty": "EC", "crv": "P-256", "kid": "p", "x": base64(x), "y": base64(y)},
        ]});
        let keys = KeySet::from_jwks(&jwks.to_string(), true).expect("they are sound");
        let jwt = JwtRules { keys: keys.clone().into(), audience: "signal-fish".into() };
        let rules = TokenRules { keys: Some(keys), jwt: Some(jwt), ..TokenRules::default() };
        Parties { ed25519, p256, authenticator: Authenticator::open().with_tokens(rules) }
    })
}

const NOW: i64 = 1_800_000_000;
const APP: &str = "tanks";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
