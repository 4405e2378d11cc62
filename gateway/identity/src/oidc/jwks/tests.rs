//! What is read from key sets.

use SigningAlgorithm::{EdDsa, Es256, Es384, Hs256, Ps256, Rs256, Rs512};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An odd number of so many bits.
fn modulus(bits: usize) -> Vec<u8> {
    let mut n = vec![0xff; bits / 8];
    n[0] = 0x80;
    n
}

fn rsa_key(kid: &str, bits: usize, e: &[u8]) -> Value {
    json!({"kty": "RSA", "kid": kid, "n": encoded(&modulus(bits)), "e": encoded(e)})
}

const F4: [u8; 3] = [1, 0, 1];

fn set(keys: &Value) -> KeySet {
    KeySet::read(json!({"keys": keys}).to_string().as_bytes()).expect("a set")
}

#[test]
fn case_098_odd_keys_do_not_spoil_the_others() {
    let keys = set(&json!([
        17,
        null,
        {},
        {"kty": "wonder", "kid": "a"},
        {"kty": "RSA", "x5c": ["MII"], "kid": "b"},
        {"kty": "EC", "crv": "P-521", "x": encoded(&[1; 66]), "y": encoded(&[1; 66])},
        {"kty": "EC", "crv": "P-256", "x": encoded(&[1; 31]), "y": encoded(&[1; 32])},
        {"kty": "OKP", "crv": "X25519", "x": encoded(&[1; 32])},
        {"kty": "RSA", "kid": "good", "n": encoded(&modulus(2048)), "e": "AQAB", "d": "AQAB", "x5c": 1, "use": "sig", "alg": "RS256"},
    ]));
    assert_eq!(keys.len(), 1);
    assert!(keys.find(Some("good"), Rs256).is_ok());
}

#[test]
fn case_095_shared_secrets_have_no_place_in_a_key_set() {
    let keys = set(&json!([{"kty": "oct", "k": encoded(b"secret"), "kid": "a", "alg": "HS256"}]));
    assert_eq!(keys.len(), 0);
    assert_eq!(keys.find(Some("a"), Hs256).err(), Some(NoKey::Unknown));
}

#[test]
fn case_099_weak_rsa_keys_are_not_taken() {
    for bits in [512, 1024, 2040, 4104, 8192] {
        assert_eq!(set(&json!([rsa_key("a", bits, &F4)])).len(), 0, "{bits}");
    }
    for bits in [2048, 3072, 4096] {
        assert_eq!(set(&json!([rsa_key("a", bits, &F4)])).len(), 1, "{bits}");
    }
    for e in [&[0][..], &[1], &[2], &[3], &[1, 0, 0], &[1; 9], &[]] {
        assert_eq!(set(&json!([rsa_key("a", 2048, e)])).len(), 0, "{e:?}");
    }
    let mut padded = vec![0];
    padded.extend(modulus(2048));
    let padded = json!([{"kty": "RSA", "n": encoded(&padded), "e": "AQAB"}]);
    assert_eq!(set(&padded).len(), 1, "a leading zero is not a bit");
    let mut short = vec![0; 128];
    short.extend(modulus(1024));
    assert_eq!(
        set(&json!([{"kty": "RSA", "n": encoded(&short), "e": "AQAB"}])).len(),
        0
    );
}

#[test]
fn case_097_two_keys_of_one_name_answer_for_nothing() {
    let keys = set(&json!([
        rsa_key("a", 2048, &F4),
        rsa_key("a", 3072, &F4),
        rsa_key("b", 2048, &F4)
    ]));
    assert_eq!(keys.find(Some("a"), Rs256).err(), Some(NoKey::Ambiguous));
    assert!(keys.find(Some("b"), Rs256).is_ok());
}

#[test]
fn case_007_008_without_a_name_only_one_key_may_fit() {
    let p256 = json!({"kty": "EC", "crv": "P-256", "x": encoded(&[1; 32]), "y": encoded(&[1; 32])});
    let one_of_each = set(&json!([rsa_key("a", 2048, &F4), p256]));
    assert!(one_of_each.find(None, Rs256).is_ok());
    assert!(one_of_each.find(None, Es256).is_ok());
    assert_eq!(one_of_each.find(None, EdDsa).err(), Some(NoKey::Unknown));
    let two = set(&json!([rsa_key("a", 2048, &F4), rsa_key("b", 2048, &F4)]));
    assert_eq!(two.find(None, Rs256).err(), Some(NoKey::Ambiguous));
}

#[test]
fn keys_serve_only_what_they_are_for() {
    let with = |name: &str, value: Value| {
        let mut key = rsa_key("a", 2048, &F4);
        key[name] = value;
        set(&json!([key]))
    };
    assert_eq!(with("use", json!("enc")).len(), 0);
    assert_eq!(with("key_ops", json!(["sign"])).len(), 0);
    assert_eq!(with("key_ops", json!(["verify"])).len(), 1);
    assert_eq!(with("alg", json!("RSA-OAEP")).len(), 0);
    let reserved = with("alg", json!("PS256"));
    assert!(reserved.find(Some("a"), Ps256).is_ok());
    assert_eq!(reserved.find(Some("a"), Rs256).err(), Some(NoKey::Unknown));
    let free = with("kid", json!("a"));
    assert!(free.find(Some("a"), Rs512).is_ok());
    for other in [Es256, Es384, EdDsa, Hs256] {
        assert_eq!(
            free.find(Some("a"), other).err(),
            Some(NoKey::Unknown),
            "{other}"
        );
    }
}

#[test]
fn case_126_documents_that_are_no_sets() {
    let many: Vec<Value> = (0..101).map(|_| json!({})).collect();
    for document in [
        json!({"keys": many}),
        json!({"keys": {}}),
        json!({"error": "x"}),
        json!([]),
    ] {
        assert!(KeySet::read(document.to_string().as_bytes()).is_err());
    }
    assert!(KeySet::read(b"<html>").is_err());
    assert_eq!(
        KeySet::read(b"{}").map(|set| set.len()),
        Ok(0),
        "Authentik without a signing key"
    );
}

proptest! {
    #[test]
    fn never_panics(
        bytes in any::<Vec<u8>>(),
        kty in "RSA|EC|OKP|oct",
        crv in "P-256|P-384|Ed25519|x",
        part in "[A-Za-z0-9_=-]{0,90}",
        alg in "RS256|ES256|EdDSA|x",
    ) {
        let _ = KeySet::read(&bytes);
        let key = json!({"kty": kty, "crv": crv, "n": part, "e": part, "x": part, "y": part, "alg": alg});
        let keys = set(&json!([key]));
        for alg in SigningAlgorithm::ALL {
            let _ = keys.find(None, alg);
        }
    }
}
