//! Whether an ID token is true and for us (OpenID Connect Core §3.1.3.7).
//!
//! `openidconnect` checks signatures here and nothing else: its verifier takes the algorithms that the provider
//! advertises, any `azp`, `iat` and `nbf`, a wrong `at_hash`, empty subjects and weak keys, allows no clock skew, and
//! fails a sign-in over claims that no sign-in needs.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use gateway_config::{OidcProvider, SigningAlgorithm};
use openidconnect::{
    JsonWebKey as _,
    core::{CoreJsonWebKey, CoreJwsSigningAlgorithm as Core},
};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

use super::{jwks::algorithm, jws::Jws};
use crate::words::sanitised;

/// How far two honest clocks may be apart, in seconds.
const SKEW: i64 = 60;
/// How old a token may be that was made for the exchange just done.
const OLDEST: i64 = 600;
const LONGEST_SUBJECT: usize = 255;

/// What the ID token must match.
pub(super) struct Expected<'a> {
    pub settings: &'a OidcProvider,
    pub nonce: &'a str,
    pub access_token: Option<&'a str>,
    pub now: DateTime<Utc>,
    /// What time the provider says it is.
    pub their_time: Option<DateTime<Utc>>,
}

/// The pinned algorithm that a token names: the operator's list alone counts, never the provider's (RFC 8725 §3.1).
pub(super) fn pinned(settings: &OidcProvider, jws: &Jws<'_>) -> Result<SigningAlgorithm, String> {
    let pinned = &settings.signing_algorithms;
    algorithm(&jws.alg)
        .filter(|alg| pinned.contains(alg))
        .ok_or_else(|| {
            let names: Vec<&str> = pinned.iter().map(|alg| alg.as_str()).collect();
            let hint = if jws.alg.starts_with("HS") {
                "; the provider may lack a signing key"
            } else {
                ""
            };
            format!(
                "the ID token is signed with {:?}, not with one of {}{hint}",
                sanitised(&jws.alg),
                names.join(", ")
            )
        })
}

/// The key of the symmetric algorithms: the client secret's bytes (Core §10.1).
pub(super) fn secret_key(settings: &OidcProvider) -> Result<CoreJsonWebKey, String> {
    let secret = settings
        .client_secret
        .as_ref()
        .map(gateway_domain::Secret::expose);
    match secret {
        Some(secret) if !secret.is_empty() => {
            Ok(CoreJsonWebKey::new_symmetric(secret.as_bytes().to_vec()))
        }
        _ => Err("the ID token is signed with the client secret, and there is none".to_owned()),
    }
}

/// Whether `key` made the token's signature.
pub(super) fn signed_by(key: &CoreJsonWebKey, alg: SigningAlgorithm, jws: &Jws<'_>) -> bool {
    key.verify_signature(&core(alg), jws.message, &jws.signature)
        .is_ok()
}

/// Checks what the token says, once its signature is known to be good. The error names the claim that is wrong.
pub(super) fn check(
    claims: &Map<String, Value>,
    key: &CoreJsonWebKey,
    alg: SigningAlgorithm,
    expected: &Expected<'_>,
) -> Result<(), String> {
    let settings = expected.settings;
    match claims.get("iss") {
        Some(Value::String(iss)) if *iss == settings.issuer_url => {}
        Some(Value::String(iss)) => {
            return Err(format!(
                "iss of the ID token is {:?}, not {:?}",
                sanitised(iss),
                settings.issuer_url
            ));
        }
        _ => return Err("iss of the ID token is missing".to_owned()),
    }
    check_audience(claims, &settings.client_id)?;
    check_times(claims, expected)?;
    check_nonce(claims, expected.nonce)?;
    check_age_of_sign_in(claims, expected)?;
    check_access_token(claims, key, alg, expected.access_token)?;
    subject(claims).map(|_| ())
}

/// The subject, if it is one: it becomes half of the key of an identity.
pub(super) fn subject(claims: &Map<String, Value>) -> Result<&str, String> {
    let Some(Value::String(subject)) = claims.get("sub") else {
        return Err("sub of the ID token is missing or not a string".to_owned());
    };
    if subject.trim().is_empty()
        || subject.len() > LONGEST_SUBJECT
        || subject.contains(char::is_control)
    {
        return Err(format!(
            "sub of the ID token is empty, longer than {LONGEST_SUBJECT} bytes, or has control characters"
        ));
    }
    Ok(subject)
}

/// For us and nobody else: who else holds the token could sign in with it here.
fn check_audience(claims: &Map<String, Value>, client_id: &str) -> Result<(), String> {
    let ours = match claims.get("aud") {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(all)) => !all.is_empty() && all.iter().all(|one| one == client_id),
        _ => return Err("aud of the ID token is missing".to_owned()),
    };
    if !ours {
        return Err("aud of the ID token is not our client id, or not it alone".to_owned());
    }
    match claims.get("azp") {
        None => Ok(()),
        Some(Value::String(azp)) if azp == client_id => Ok(()),
        Some(_) => Err("azp of the ID token is not our client id".to_owned()),
    }
}

fn check_times(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), String> {
    let now = expected.now.timestamp();
    let skew = || skew_hint(expected);
    let expires = time(claims, "exp")?.ok_or("exp of the ID token is missing")?;
    if now.saturating_sub(expires) > SKEW {
        return Err(format!("the ID token has expired{}", skew()));
    }
    let issued = time(claims, "iat")?.ok_or("iat of the ID token is missing")?;
    if issued.saturating_sub(now) > SKEW {
        return Err(format!("the ID token is from the future (iat){}", skew()));
    }
    if now.saturating_sub(issued) > OLDEST + SKEW {
        return Err(format!("the ID token is too old (iat){}", skew()));
    }
    match time(claims, "nbf")? {
        Some(from) if from.saturating_sub(now) > SKEW => {
            Err(format!("the ID token is not valid yet (nbf){}", skew()))
        }
        _ => Ok(()),
    }
}

/// A `NumericDate` (RFC 7519 §2) in whole seconds; fractions are allowed there.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, String> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast from a float saturates, which keeps before and after"
    )]
    let seconds = value
        .as_i64()
        .or_else(|| value.as_f64().map(|seconds| seconds as i64));
    seconds
        .map(Some)
        .ok_or_else(|| format!("{name} of the ID token is no number"))
}

/// How far the provider's clock is from ours, where that explains a refusal.
fn skew_hint(expected: &Expected<'_>) -> String {
    let Some(theirs) = expected.their_time else {
        return String::new();
    };
    let seconds = (theirs - expected.now).num_seconds();
    match seconds.abs() {
        0..=5 => String::new(),
        apart if seconds > 0 => {
            format!("; clock skew of {apart} s: our clock is behind the provider's")
        }
        apart => format!("; clock skew of {apart} s: our clock is ahead of the provider's"),
    }
}

/// The nonce binds the token to the sign-in that this browser began (Core §15.5.2).
fn check_nonce(claims: &Map<String, Value>, nonce: &str) -> Result<(), String> {
    let same = match claims.get("nonce") {
        Some(Value::String(theirs)) => bool::from(theirs.as_bytes().ct_eq(nonce.as_bytes())),
        _ => false,
    };
    if same {
        Ok(())
    } else {
        Err("nonce of the ID token is not the one sent".to_owned())
    }
}

/// An operator who sends `max_age` wants it kept (Core §3.1.2.1).
fn check_age_of_sign_in(
    claims: &Map<String, Value>,
    expected: &Expected<'_>,
) -> Result<(), String> {
    let wanted = expected.settings.extra_auth_params.get("max_age");
    let Some(max_age) = wanted.and_then(|text| text.parse::<i64>().ok()) else {
        return Ok(());
    };
    let at = time(claims, "auth_time")?.ok_or("auth_time is missing, although max_age was sent")?;
    let age = expected.now.timestamp().saturating_sub(at);
    if age > max_age.saturating_add(SKEW) {
        return Err("the sign-in at the provider is older than max_age; the person must sign in there again".to_owned());
    }
    Ok(())
}

/// The first half of the access token's hash (Core §3.1.3.6), where it is given.
fn check_access_token(
    claims: &Map<String, Value>,
    key: &CoreJsonWebKey,
    alg: SigningAlgorithm,
    access_token: Option<&str>,
) -> Result<(), String> {
    let (Some(hash), Some(token)) = (claims.get("at_hash"), access_token) else {
        return Ok(());
    };
    let ours = key.hash_bytes(token.as_bytes(), &core(alg)).ok();
    let ours = ours.and_then(|hash| Some(URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2)?)));
    if ours.is_some() && hash.as_str() == ours.as_deref() {
        Ok(())
    } else {
        Err("at_hash of the ID token does not fit the access token".to_owned())
    }
}

fn core(alg: SigningAlgorithm) -> Core {
    match alg {
        SigningAlgorithm::Rs256 => Core::RsaSsaPkcs1V15Sha256,
        SigningAlgorithm::Rs384 => Core::RsaSsaPkcs1V15Sha384,
        SigningAlgorithm::Rs512 => Core::RsaSsaPkcs1V15Sha512,
        SigningAlgorithm::Ps256 => Core::RsaSsaPssSha256,
        SigningAlgorithm::Ps384 => Core::RsaSsaPssSha384,
        SigningAlgorithm::Ps512 => Core::RsaSsaPssSha512,
        SigningAlgorithm::Es256 => Core::EcdsaP256Sha256,
        SigningAlgorithm::Es384 => Core::EcdsaP384Sha384,
        SigningAlgorithm::EdDsa => Core::EdDsa,
        SigningAlgorithm::Hs256 => Core::HmacSha256,
        SigningAlgorithm::Hs384 => Core::HmacSha384,
        SigningAlgorithm::Hs512 => Core::HmacSha512,
    }
}

#[cfg(test)]
mod tests;
