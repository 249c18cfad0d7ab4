//! Which tokens are believed. Those in full were made by another implementation.

use ed25519_dalek::{Signer as _, SigningKey};
use p256::ecdsa;
use serde_json::{Value, json};

use super::*;
use crate::claims::Role;

const NOW: i64 = 1_800_000_000;

const PLAIN: &str = "sfct_v1.eyJhcHBfaWQiOiJ0YW5rcyIsImV4cCI6MTgwMDAwMDMwMCwibm9uY2UiOiJuLTEifQ.FucZkGiAnJ5noV3OHjqL\
    kM-Z1FLuDizVdi7uQroBfnmr8DDQwtRT9evyicwVPCT_bER92gai7fVUmfrRA-q3AQ";
const FULL: &str = "sfct_v1.eyJhcHBfaWQiOiJ0YW5rcyIsImV4cCI6MTgwMDAwMDA2MCwibm9uY2UiOiJuLTIiLCJraWQiOiJuZXh0Iiwic3ViI\
    joicGxheWVyLTciLCJyb29tIjoiQUJDMTIzIiwicm9sZSI6InNwZWN0YXRvciIsInNlc3Npb25fZXhwIjoxODAwMDAzNjAwLCJleHRyYSI6WzEuNV\
    19.LEkPf9iRUQACUL50aBGetgmPtlp5aCLCLWl4xl-dJIuIY2rI3XlKALMmVUH2Z1PUfLruIogVkO2kqiDiNcecDQ";
const JWT_EDDSA: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImEifQ.eyJhdWQiOiJzaWduYWwtZmlzaCIsImFwcF9pZCI6I\
    nRhbmtzIiwiZXhwIjoxODAwMDAzNjAwLCJuYmYiOjE3OTk5OTk5OTAsInN1YiI6InBsYXllci03IiwianRpIjoiai0xIn0.w2ZHL_qBS-37q7NfYV\
    DEk3uuxCZVlBvrUrv8KEPjEB6TmyeXyQ7eMBqRYFnnDcbjF0nklUT5YQdZGMEb50WkCg";
const JWT_ES256: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJhdWQiOlsib3RoZXIiLCJzaWduYWwtZmlzaCJdLCJhcHBfaWQiOiJ\
    0YW5rcyIsImV4cCI6MTgwMDAwMzYwMCwicm9sZSI6InBsYXllciJ9.aH4XdValpyu5furMcUCZFkPg-p6vcQUCzNFjHMzBaA_NvAjx6Rkr8Uebcqu\
    xBISs37SZnRm0Sxi1P3I80N-Axg";

fn key(first: u8) -> SigningKey {
    SigningKey::from_bytes(&std::array::from_fn(|index| first + u8::try_from(index).unwrap()))
}

fn p256_key() -> ecdsa::SigningKey {
    let bytes: [u8; 32] = std::array::from_fn(|index| 1 + u8::try_from(index).unwrap());
    ecdsa::SigningKey::from_slice(&bytes).unwrap()
}

/// `a` and `next` as in the tokens above, and the P-256 key.
fn keys() -> KeySet {
    let p256 = p256_key().verifying_key().to_sec1_point(false);
    let jwks = json!({"keys": [
        {"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": URL_SAFE_NO_PAD.encode(key(0).verifying_key())},
        {"kty": "OKP", "crv": "Ed25519", "kid": "next", "x": URL_SAFE_NO_PAD.encode(key(32).verifying_key())},
        {"kty": "EC", "crv": "P-256", "kid": "p",
         "x": URL_SAFE_NO_PAD.encode(p256.x().unwrap()), "y": URL_SAFE_NO_PAD.encode(p256.y().unwrap())},
    ]});
    KeySet::from_jwks(&jwks.to_string(), true).unwrap()
}

fn rules() -> TokenRules {
    let jwt = JwtRules { keys: keys().into(), audience: "signal-fish".into() };
    TokenRules { keys: Some(keys()), jwt: Some(jwt), ..TokenRules::default() }
}

fn encode(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// A token of our own, signed by `key`.
fn ours(key: &SigningKey, payload: &Value) -> String {
    let signed = format!("{PREFIX}{}", encode(payload));
    let signature = key.sign(signed.as_bytes()).to_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A JWT with this header, signed by `sign`.
fn jwt(header: &Value, payload: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let signed = format!("{}.{}", encode(header), encode(payload));
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn eddsa(message: &[u8]) -> Vec<u8> {
    key(0).sign(message).to_bytes().to_vec()
}

fn good() -> Value {
    json!({"app_id": "tanks", "exp": NOW + 60, "nonce": "n"})
}

fn good_jwt() -> Value {
    json!({"app_id": "tanks", "exp": NOW + 60, "aud": "signal-fish"})
}

/// `payload` with some members replaced.
fn with(mut payload: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        payload[name] = value.clone();
    }
    payload
}

fn verify(rules: &TokenRules, token: &str, now: i64) -> Result<Claims, TokenRefusal> {
    rules.verify(&Arc::default(), token, "tanks", now).map(|believed| believed.claims)
}

#[track_caller]
fn refused(token: &str, why: TokenRefusal) {
    assert_eq!(verify(&rules(), token, NOW), Err(why), "{token}");
}

#[test]
fn tokens_of_another_implementation_are_believed() {
    let rules = rules();
    assert_eq!(verify(&rules, PLAIN, NOW), Ok(Claims::default()));
    let full = Claims {
        subject: Some("player-7".into()),
        room: Some("ABC123".into()),
        role: Some(Role::Spectator),
        session_ends: Some(NOW + 3_600),
    };
    assert_eq!(verify(&rules, FULL, NOW), Ok(full));
    let subject = Claims { subject: Some("player-7".into()), ..Claims::default() };
    assert_eq!(verify(&rules, JWT_EDDSA, NOW), Ok(subject));
    let role = Claims { role: Some(Role::Player), ..Claims::default() };
    assert_eq!(verify(&rules, JWT_ES256, NOW), Ok(role));
}

#[test]
fn not_one_character_can_be_changed() {
    let rules = rules();
    for token in [PLAIN, FULL, JWT_EDDSA, JWT_ES256] {
        for index in 0..token.len() {
            let mut changed = token.as_bytes().to_vec();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verify(&rules, &changed, NOW).is_err(), "{index}: {changed}");
        }
        for added in ["A", "AA", "=", ".", "\n"] {
            assert!(verify(&rules, &format!("{token}{added}"), NOW).is_err(), "{token}{added:?}");
        }
    }
}

#[test]
fn a_token_expires_and_has_not_long_to_live() {
    for (exp, outcome) in [
        (NOW + 1, Ok(())),
        (NOW, Err(TokenRefusal::Expired)),
        (i64::MIN, Err(TokenRefusal::Expired)),
        (NOW + 360, Ok(())),
        (NOW + 361, Err(TokenRefusal::LivesTooLong)),
        (i64::MAX, Err(TokenRefusal::LivesTooLong)),
    ] {
        let token = ours(&key(0), &with(good(), &json!({"exp": exp})));
        assert_eq!(verify(&rules(), &token, NOW).map(drop), outcome, "{exp}");
    }
    let over = ours(&key(0), &with(good(), &json!({"session_exp": NOW})));
    refused(&over, TokenRefusal::Expired);
}

#[test]
fn what_is_wrong_is_found_in_this_order() {
    let stranger = key(100);
    let bad = json!({"app_id": "planes", "exp": NOW});
    refused(&ours(&stranger, &bad), TokenRefusal::Malformed);
    let bad = with(bad, &json!({"nonce": "n"}));
    refused(&ours(&stranger, &bad), TokenRefusal::Signature);
    refused(&ours(&key(0), &bad), TokenRefusal::Expired);
    let bad = with(bad, &json!({"exp": NOW + 361}));
    refused(&ours(&key(0), &bad), TokenRefusal::LivesTooLong);
    refused(&ours(&key(0), &with(bad, &json!({"exp": NOW + 360}))), TokenRefusal::OtherApp);
    for app_id in ["tank", "tankss", "Tanks", ""] {
        refused(&ours(&key(0), &with(good(), &json!({"app_id": app_id}))), TokenRefusal::OtherApp);
    }
}

#[test]
fn a_token_may_say_which_key_has_signed_it() {
    let named = |kid: &str| with(good(), &json!({"kid": kid}));
    for (signer, payload, outcome) in [
        (key(0), good(), Ok(())),
        (key(32), good(), Ok(())),
        (key(0), named("a"), Ok(())),
        (key(32), named("next"), Ok(())),
        (key(0), named("next"), Err(TokenRefusal::Signature)),
        (key(0), named("p"), Err(TokenRefusal::Signature)),
        (key(0), named("gone"), Err(TokenRefusal::Signature)),
        (key(0), named(""), Err(TokenRefusal::Signature)),
    ] {
        assert_eq!(verify(&rules(), &ours(&signer, &payload), NOW).map(drop), outcome, "{payload}");
    }
    let unnamed = KeySet::single(&URL_SAFE_NO_PAD.encode(key(0).verifying_key())).unwrap();
    let rules = TokenRules { keys: Some(unnamed), ..TokenRules::default() };
    assert_eq!(verify(&rules, &ours(&key(0), &named("a")), NOW), Err(TokenRefusal::Signature));
    assert!(verify(&rules, &ours(&key(0), &good()), NOW).is_ok());
}

#[test]
fn members_must_be_what_they_are_for() {
    for changes in [
        json!({"app_id": null}),
        json!({"app_id": 1}),
        json!({"exp": null}),
        json!({"exp": 1.5}),
        json!({"exp": "1800000060"}),
        json!({"nonce": null}),
        json!({"nonce": ""}),
        json!({"nonce": "n".repeat(129)}),
        json!({"sub": ""}),
        json!({"sub": "a\nb"}),
        json!({"sub": "s".repeat(129)}),
        json!({"room": 7}),
        json!({"role": "admin"}),
        json!({"role": "Player"}),
        json!({"session_exp": "never"}),
    ] {
        refused(&ours(&key(0), &with(good(), &changes)), TokenRefusal::Malformed);
    }
    let twice = format!(
        "{PREFIX}{}",
        URL_SAFE_NO_PAD
            .encode(r#"{"app_id":"tanks","exp":1800000060,"nonce":"n","role":"spectator","role":"player"}"#,)
    );
    let signature = URL_SAFE_NO_PAD.encode(eddsa(twice.as_bytes()));
    refused(&format!("{twice}.{signature}"), TokenRefusal::Malformed);
    let long = ours(&key(0), &with(good(), &json!({"extra": "x".repeat(1_400)})));
    assert!(long.len() <= 2_048 && verify(&rules(), &long, NOW).is_ok(), "{}", long.len());
    refused(&ours(&key(0), &with(good(), &json!({"extra": "x".repeat(1_500)}))), TokenRefusal::Malformed);
}

#[test]
fn what_is_no_token_is_refused() {
    for text in
        ["", ".", "..", "...", "sfct_v1", "sfct_v1.", "sfct_v1..", "sfct_v1.e30.", "a.b", "a.b.c.d", "é.é.é"]
    {
        let refusal = verify(&rules(), text, NOW).unwrap_err();
        assert_eq!(refusal, TokenRefusal::Malformed, "{text:?}");
    }
    let other_version = PLAIN.replacen("sfct_v1", "sfct_v2", 1);
    refused(&other_version, TokenRefusal::Malformed);
}

#[test]
fn a_server_without_keys_takes_no_token() {
    let (none, rules) = (TokenRules::default(), rules());
    let only_ours = TokenRules { jwt: None, ..rules.clone() };
    let only_jwt = TokenRules { keys: None, ..rules };
    for token in [PLAIN, FULL] {
        assert_eq!(verify(&none, token, NOW), Err(TokenRefusal::NotTaken));
        assert_eq!(verify(&only_jwt, token, NOW), Err(TokenRefusal::NotTaken));
        assert!(verify(&only_ours, token, NOW).is_ok());
    }
    for token in [JWT_EDDSA, JWT_ES256] {
        assert_eq!(verify(&none, token, NOW), Err(TokenRefusal::NotTaken));
        assert_eq!(verify(&only_ours, token, NOW), Err(TokenRefusal::NotTaken));
        assert!(verify(&only_jwt, token, NOW).is_ok());
    }
}

#[test]
fn the_key_decides_the_algorithm_of_a_jwt() {
    let secret = keys_as_a_secret();
    let hmac = |message: &[u8]| {
        use hmac::{Hmac, KeyInit as _, Mac as _};
        let mac = Hmac::<sha2::Sha256>::new_from_slice(&secret).unwrap();
        mac.chain_update(message).finalize().into_bytes().to_vec()
    };
    for alg in ["none", "None", "NONE", "", "HS256", "HS512", "RS256", "PS256", "ES384", "ES512", "eddsa"] {
        let header = json!({"alg": alg});
        refused(&jwt(&header, &good_jwt(), |_| Vec::new()), TokenRefusal::Malformed);
        refused(&jwt(&header, &good_jwt(), hmac), TokenRefusal::Malformed);
        refused(&jwt(&header, &good_jwt(), eddsa), TokenRefusal::Malformed);
    }
    for alg in ["EdDSA", "ES256"] {
        let header = json!({"alg": alg});
        refused(&jwt(&header, &good_jwt(), |_| Vec::new()), TokenRefusal::Signature);
        refused(&jwt(&header, &good_jwt(), hmac), TokenRefusal::Signature);
    }
    refused(&jwt(&json!({"alg": "ES256"}), &good_jwt(), eddsa), TokenRefusal::Signature);
    refused(&jwt(&json!({"alg": "ES256", "kid": "a"}), &good_jwt(), eddsa), TokenRefusal::Signature);
    refused(
        &jwt(&json!({"alg": "EdDSA", "crit": ["b64"], "b64": false}), &good_jwt(), eddsa),
        TokenRefusal::Malformed,
    );
    for header in [json!({}), json!([]), json!({"alg": null}), json!({"alg": ["EdDSA"]})] {
        refused(&jwt(&header, &good_jwt(), eddsa), TokenRefusal::Malformed);
    }
}

/// What somebody would take for a shared secret who has only the public key.
fn keys_as_a_secret() -> Vec<u8> {
    key(0).verifying_key().to_bytes().to_vec()
}

#[test]
fn a_jwt_is_for_this_server_and_for_now() {
    let es256 = |message: &[u8]| {
        let signature: ecdsa::Signature = p256_key().sign(message);
        signature.to_bytes().to_vec()
    };
    for (changes, outcome) in [
        (json!({}), Ok(())),
        (json!({"aud": ["other", "signal-fish"]}), Ok(())),
        (json!({"aud": "other"}), Err(TokenRefusal::OtherAudience)),
        (json!({"aud": []}), Err(TokenRefusal::OtherAudience)),
        (json!({"aud": null}), Err(TokenRefusal::OtherAudience)),
        (json!({"aud": {"signal-fish": 1}}), Err(TokenRefusal::Malformed)),
        (json!({"app_id": "planes"}), Err(TokenRefusal::OtherApp)),
        (json!({"app_id": null}), Err(TokenRefusal::Malformed)),
        (json!({"exp": NOW - 29}), Ok(())),
        (json!({"exp": NOW - 30}), Err(TokenRefusal::Expired)),
        (json!({"exp": NOW + 1_000_000}), Ok(())),
        (json!({"exp": null}), Err(TokenRefusal::Malformed)),
        (json!({"nbf": NOW + 30}), Ok(())),
        (json!({"nbf": NOW + 31}), Err(TokenRefusal::TooEarly)),
        (json!({"nbf": i64::MIN}), Ok(())),
        (json!({"nonce": "of somebody else", "jti": "j"}), Ok(())),
        (json!({"role": "owner"}), Err(TokenRefusal::Malformed)),
    ] {
        let payload = with(good_jwt(), &changes);
        let tokens = [
            jwt(&json!({"alg": "EdDSA"}), &payload, eddsa),
            jwt(&json!({"alg": "ES256", "kid": "p"}), &payload, es256),
        ];
        for token in tokens {
            assert_eq!(verify(&rules(), &token, NOW).map(drop), outcome, "{changes}");
        }
    }
}

#[test]
fn a_token_that_is_good_once_is_used_by_whoever_comes_in() {
    let rules = TokenRules { used_max: NonZeroUsize::new(2), ..rules() };
    let used = Arc::default();
    let show = |token: &str| {
        let believed = rules.verify(&used, token, "tanks", NOW)?;
        believed.used.expect("it is good once").keep();
        Ok(())
    };
    assert_eq!(show(PLAIN), Ok(()));
    assert_eq!(show(PLAIN), Err(TokenRefusal::Used));
    assert_eq!(show(JWT_EDDSA), Ok(()));
    assert_eq!(show(FULL), Err(TokenRefusal::TooManyUsed));
    assert_eq!(show(JWT_ES256), Err(TokenRefusal::Malformed), "it has no id");
}

#[test]
fn a_jwt_is_remembered_for_as_long_as_a_late_clock_takes_it() {
    let rules = TokenRules { used_max: NonZeroUsize::new(9), ..rules() };
    let used = Arc::default();
    let token = jwt(&json!({"alg": "EdDSA"}), &with(good_jwt(), &json!({"jti": "j"})), eddsa);
    rules.verify(&used, &token, "tanks", NOW).unwrap().used.unwrap().keep();
    for (now, why) in [(NOW + 89, TokenRefusal::Used), (NOW + 90, TokenRefusal::Expired)] {
        assert_eq!(rules.verify(&used, &token, "tanks", now).err(), Some(why));
    }
}
