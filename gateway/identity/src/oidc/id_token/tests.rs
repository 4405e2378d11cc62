//! ID tokens, true and false ones.

use chrono::TimeDelta;
use gateway_domain::Secret;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::oidc::{
    jwks::KeySet,
    testing::{NOW, Pair, claims, settings},
};

const ISSUER: &str = "https://idp.example";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).expect("a time")
}

fn expected(settings: &OidcProvider) -> Expected<'_> {
    Expected {
        settings,
        nonce: "n",
        access_token: None,
        now: now(),
        their_time: None,
    }
}

/// Everything that `Provider::finish` does with a token, with the key "k".
fn outcome(token: &str, expected: &Expected<'_>) -> Result<String, String> {
    let keys = json!({"keys": [Pair::new("k", 1).jwk()]});
    let keys = KeySet::read(keys.to_string().as_bytes()).expect("a set");
    let jws = Jws::parse(token)?;
    let alg = pinned(expected.settings, &jws)?;
    let key = if alg.is_symmetric() {
        secret_key(expected.settings)?
    } else {
        keys.find(jws.kid.as_deref(), alg)
            .map_err(|missing| format!("{missing:?}"))?
            .jwk
            .clone()
    };
    if !signed_by(&key, alg, &jws) {
        return Err("signature".to_owned());
    }
    check(&jws.claims, &key, alg, expected)?;
    subject(&jws.claims).map(str::to_owned)
}

fn verdict(claims: &Value) -> Result<String, String> {
    outcome(
        &Pair::new("k", 1).id_token(claims),
        &expected(&settings(ISSUER)),
    )
}

/// The usual claims with one changed; `null` takes it away.
fn with(name: &str, value: Value) -> Result<String, String> {
    let mut claims = claims(ISSUER);
    match value {
        Value::Null => {
            claims.as_object_mut().expect("an object").remove(name);
        }
        value => claims[name] = value,
    }
    verdict(&claims)
}

fn with_header(header: &Value) -> Result<String, String> {
    let token = Pair::new("k", 1).token(&header.to_string(), &claims(ISSUER).to_string());
    outcome(&token, &expected(&settings(ISSUER)))
}

#[test]
fn case_001_a_true_token_passes() {
    assert_eq!(verdict(&claims(ISSUER)), Ok("me".to_owned()));
}

#[test]
fn case_002_to_006_and_044_claims_that_must_be_there() {
    for name in ["iss", "sub", "aud", "iat", "exp", "nonce"] {
        assert!(with(name, Value::Null).is_err(), "{name} missing");
        for odd in [json!(true), json!({}), json!([1])] {
            assert!(with(name, odd.clone()).is_err(), "{name} {odd}");
        }
    }
    assert!(with("iss", json!("https://idp.example/")).is_err());
    assert!(with("nonce", json!("m")).is_err());
    assert!(with("exp", json!("1800000300")).is_err());
}

#[test]
fn case_045_046_105_for_us_and_nobody_else() {
    assert!(with("aud", json!(["gw"])).is_ok());
    assert!(with("azp", json!("gw")).is_ok());
    for aud in [
        json!("other"),
        json!([]),
        json!(["gw", "other"]),
        json!(["other", "gw"]),
        json!([1]),
        json!(["GW"]),
    ] {
        assert!(with("aud", aud.clone()).is_err(), "{aud}");
    }
    for azp in [json!("evil"), json!(["gw"]), json!(1)] {
        assert!(with("azp", azp.clone()).is_err(), "{azp}");
    }
}

#[test]
fn case_043_106_107_108_times() {
    let age = |name: &str, seconds: i64| with(name, json!(NOW + seconds)).is_ok();
    assert!(age("exp", -30) && age("exp", -60) && !age("exp", -61));
    assert!(age("iat", 59) && age("iat", 60) && !age("iat", 61) && !age("iat", 120));
    assert!(age("iat", -600) && !age("iat", -7200));
    assert!(age("nbf", 60) && !age("nbf", 120) && age("nbf", -7200));
    assert!(with("exp", json!(1_800_000_300.75)).is_ok());
    assert!(with("exp", json!(1e300)).is_ok() && with("exp", json!(-1e300)).is_err());
    assert!(with("exp", json!(u64::MAX)).is_ok() && with("iat", json!(u64::MAX)).is_err());
    assert!(with("iat", json!(i64::MIN)).is_err());
}

#[test]
fn case_118_a_refusal_names_the_skew() {
    let settings = settings(ISSUER);
    let token = Pair::new("k", 1).id_token(&claims(ISSUER));
    let behind = Expected {
        now: now() - TimeDelta::minutes(5),
        their_time: Some(now()),
        ..expected(&settings)
    };
    let cause = outcome(&token, &behind).expect_err("from the future");
    assert!(
        cause.contains("clock skew of 300 s") && cause.contains("behind"),
        "{cause}"
    );
}

#[test]
fn case_113_subjects() {
    for bad in [
        json!(""),
        json!("  "),
        json!("\u{a0}"),
        json!("a\u{0}b"),
        json!("a\nb"),
        json!("x".repeat(256)),
        json!(17),
        json!(1.5),
    ] {
        assert!(with("sub", bad.clone()).is_err(), "{bad}");
    }
    assert_eq!(with("sub", json!("x".repeat(255))), Ok("x".repeat(255)));
    assert_eq!(
        with("sub", json!(" ä|b ")),
        Ok(" ä|b ".to_owned()),
        "byte for byte"
    );
}

#[test]
fn case_116_odd_claims_that_do_not_matter() {
    for (name, value) in [
        ("locale", json!({"a": 1})),
        ("address", json!("street")),
        ("amr", json!("pwd")),
        ("updated_at", json!("2026-01-01T00:00:00.000Z")),
        ("email_verified", json!("TRUE")),
        ("email", json!(1)),
    ] {
        assert!(with(name, value).is_ok(), "{name}");
    }
}

#[test]
fn case_010_013_047_093_only_pinned_algorithms() {
    for alg in ["none", "None", "HS256", "RS384", "ES512", "", "eddsa"] {
        assert!(
            with_header(&json!({"alg": alg, "kid": "k"})).is_err(),
            "{alg}"
        );
    }
    assert!(with_header(&json!({"alg": null, "kid": "k"})).is_err());
    assert!(with_header(&json!({"kid": "k"})).is_err());
    assert!(
        with_header(&json!({"alg": "RS256", "kid": "k"})).is_err(),
        "pinned, but not the key's kind"
    );
    let cause = with_header(&json!({"alg": "HS256"})).expect_err("not pinned");
    assert!(cause.contains("signing key"), "{cause}");
    let unsigned = Pair::new("k", 1).id_token(&claims(ISSUER));
    let (message, _) = unsigned.rsplit_once('.').expect("three parts");
    assert!(outcome(&format!("{message}."), &expected(&settings(ISSUER))).is_err());
}

#[test]
fn case_093_the_client_secret_signs_only_where_pinned_by_hand() {
    use openidconnect::{PrivateSigningKey as _, core::CoreHmacKey};
    let message = |header: &str| {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}", encode(header), encode(&claims(ISSUER).to_string()))
    };
    let message = message(r#"{"alg":"HS256"}"#);
    let signed = |secret: &str| {
        let key = CoreHmacKey::new(secret.as_bytes().to_vec());
        let signature = key
            .sign(&Core::HmacSha256, message.as_bytes())
            .expect("signed");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    let mut settings = settings(ISSUER);
    assert!(outcome(&signed("s3cret"), &expected(&settings)).is_err());
    settings.signing_algorithms = vec![SigningAlgorithm::Hs256];
    assert!(outcome(&signed("s3cret"), &expected(&settings)).is_ok());
    assert!(outcome(&signed("other"), &expected(&settings)).is_err());
    for secret in [None, Some(Secret::new(""))] {
        settings.client_secret = secret;
        assert!(
            outcome(&signed(""), &expected(&settings)).is_err(),
            "no key is no key"
        );
    }
}

#[test]
fn case_011_a_signature_by_another_key() {
    let token = Pair::new("k", 2).id_token(&claims(ISSUER));
    assert_eq!(
        outcome(&token, &expected(&settings(ISSUER))),
        Err("signature".to_owned())
    );
    let token = Pair::new("unknown", 1).id_token(&claims(ISSUER));
    assert_eq!(
        outcome(&token, &expected(&settings(ISSUER))),
        Err("Unknown".to_owned())
    );
}

#[test]
fn case_007_102_103_104_headers() {
    let header = |name: &str, value: Value| {
        let mut header = json!({"alg": "EdDSA", "kid": "k"});
        header[name] = value;
        with_header(&header)
    };
    for typ in ["JWT", "jwt", "Jwt"] {
        assert!(header("typ", json!(typ)).is_ok(), "{typ}");
    }
    for typ in [
        json!("at+jwt"),
        json!("logout+jwt"),
        json!("AT+JWT"),
        json!(1),
        json!(null),
    ] {
        assert!(header("typ", typ.clone()).is_err(), "{typ}");
    }
    assert!(
        with_header(&json!({"alg": "EdDSA"})).is_ok(),
        "no kid, one key"
    );
    assert!(header("kid", json!(1)).is_err());
    for name in ["jku", "x5u", "jwk", "x5c"] {
        assert!(
            header(name, json!("https://evil.example/keys")).is_ok(),
            "{name} is ignored"
        );
    }
    assert!(header("crit", json!(["exp"])).is_err());
    assert!(header("crit", json!([])).is_err());
    assert!(header("cty", json!("JWT")).is_err());
    assert!(header("enc", json!("A256GCM")).is_err());
    assert!(header("pad", json!("x".repeat(9000))).is_err());
}

#[test]
fn case_103_forms_that_are_no_signed_token() {
    let settings = settings(ISSUER);
    let good = Pair::new("k", 1).id_token(&claims(ISSUER));
    for bad in [
        String::new(),
        "a.b".to_owned(),
        "a.b.c.d.e".to_owned(),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}="),
        format!(" {good}"),
        "a".repeat(200_000),
    ] {
        assert!(outcome(&bad, &expected(&settings)).is_err());
    }
    let twice = claims(ISSUER)
        .to_string()
        .replacen('{', r#"{"sub":"you","#, 1);
    let twice = Pair::new("k", 1).token(r#"{"alg":"EdDSA","kid":"k"}"#, &twice);
    assert!(outcome(&twice, &expected(&settings)).is_err());
}

#[test]
fn case_112_at_hash() {
    let settings = settings(ISSUER);
    let key = Pair::new("k", 1);
    let jwk: CoreJsonWebKey = serde_json::from_value(key.jwk()).expect("a key");
    let hash = jwk.hash_bytes(b"token", &Core::EdDsa).expect("a hash");
    let verdict = |at_hash: Value, access_token: Option<&'static str>| {
        let mut claims = claims(ISSUER);
        claims["at_hash"] = at_hash;
        outcome(
            &key.id_token(&claims),
            &Expected {
                access_token,
                ..expected(&settings)
            },
        )
    };
    let right = json!(URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2]));
    assert!(verdict(right.clone(), Some("token")).is_ok());
    assert!(verdict(right, Some("other")).is_err());
    for wrong in [
        json!("x"),
        json!(1),
        json!(null),
        json!(URL_SAFE_NO_PAD.encode(&hash)),
    ] {
        assert!(verdict(wrong.clone(), Some("token")).is_err(), "{wrong}");
    }
}

/// RFC 7515 §A.2 and §A.3: the same payload, signed by others than us.
#[test]
fn case_009_signatures_of_the_standard() {
    const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let rsa = json!({"kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"});
    let ec = json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
    let keys = KeySet::read(json!({"keys": [rsa, ec]}).to_string().as_bytes()).expect("a set");
    for (alg, header, signature) in [
        (
            SigningAlgorithm::Rs256,
            "eyJhbGciOiJSUzI1NiJ9",
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
        ),
        (
            SigningAlgorithm::Es256,
            "eyJhbGciOiJFUzI1NiJ9",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
    ] {
        let token = format!("{header}.{PAYLOAD}.{signature}");
        let jws = Jws::parse(&token).expect("well-formed");
        assert_eq!(algorithm(&jws.alg), Some(alg));
        let key = &keys.find(None, alg).expect("one fits").jwk;
        assert!(signed_by(key, alg, &jws), "{alg}");
        let mut jws = jws;
        jws.signature[10] ^= 1;
        assert!(!signed_by(key, alg, &jws), "{alg}");
    }
}

#[test]
fn case_110_max_age_is_kept() {
    let mut settings = settings(ISSUER);
    settings
        .extra_auth_params
        .insert("max_age".to_owned(), "300".to_owned());
    let verdict = |auth_time: Option<i64>| {
        let mut claims = claims(ISSUER);
        if let Some(at) = auth_time {
            claims["auth_time"] = json!(at);
        }
        outcome(&Pair::new("k", 1).id_token(&claims), &expected(&settings))
    };
    assert!(verdict(Some(NOW - 100)).is_ok());
    assert!(verdict(Some(NOW - 400)).is_err());
    assert!(verdict(None).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn never_panics(token in "[A-Za-z0-9_.=-]{0,200}", header in ".{0,60}", claims in ".{0,60}") {
        let settings = settings(ISSUER);
        let _ = outcome(&token, &expected(&settings));
        let _ = outcome(&Pair::new("k", 1).token(&header, &claims), &expected(&settings));
    }

    #[test]
    fn no_changed_byte_is_believed(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
        let settings = settings(ISSUER);
        let good = Pair::new("k", 1).id_token(&claims(ISSUER));
        let at = at.index(good.len());
        let mut changed = good.clone();
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != good);
        prop_assert!(outcome(&changed, &expected(&settings)).is_err());
    }
}
