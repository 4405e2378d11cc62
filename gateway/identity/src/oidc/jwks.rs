//! The provider's keys (RFC 7517).
//!
//! Each key is read by itself, so that one that is odd does not spoil the others. What is kept are public keys that can
//! check a signature of a supported kind and are strong enough; the checking itself is `openidconnect`'s.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use gateway_config::SigningAlgorithm;
use gateway_domain::Clock;
use http::HeaderMap;
use openidconnect::core::{CoreJsonCurveType, CoreJsonWebKey};
use serde_json::{Map, Value};
use url::Url;

use super::{discovery::expect_ok, fault::Fault};
use crate::http::Guarded;

/// What a set may weigh.
const LIMIT: usize = 512 * 1024;
const MOST_KEYS: usize = 100;
/// NIST SP 800-131A; the upper bound is that of the library that checks.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// FIPS 186-5 §A.1.1: odd and above 2^16. Smaller ones are legal in RSA and used by no provider.
const SMALLEST_EXPONENT: u64 = 65_537;

/// The usable keys of a provider.
#[derive(Debug, Default)]
pub(super) struct KeySet {
    keys: Vec<Key>,
}

/// A public key that may check signatures.
#[derive(Debug)]
pub(super) struct Key {
    kid: Option<String>,
    alg: Option<SigningAlgorithm>,
    kind: Kind,
    pub jwk: CoreJsonWebKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// Why a set has no key for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// None fits; a newer set may have it.
    Unknown,
    /// Several fit, and trying them all would let any of them answer for the named one.
    Ambiguous,
}

/// Fetches and reads the key set.
pub(super) async fn fetch(
    address: Url,
    http: Guarded,
    clock: Arc<dyn Clock>,
) -> Result<KeySet, Fault> {
    let answer = http.get(&address, HeaderMap::new(), LIMIT).await?;
    expect_ok(&answer, &address, "the key set", clock.as_ref())?;
    KeySet::read(answer.body.as_ref())
}

impl KeySet {
    /// Reads a set. Unusable keys are left out; a document that is no set is refused.
    pub fn read(document: &[u8]) -> Result<Self, Fault> {
        let document: Map<String, Value> = serde_json::from_slice(document)
            .map_err(|_| Fault::new("the key set is no JSON object"))?;
        let keys = match document.get("keys") {
            Some(Value::Array(keys)) => keys.as_slice(),
            // Authentik's set without a signing key.
            None if document.is_empty() => &[],
            _ => return Err(Fault::new("the key set has no list of keys")),
        };
        if keys.len() > MOST_KEYS {
            return Err(Fault::new(format!(
                "the key set has more than {MOST_KEYS} keys"
            )));
        }
        let usable = keys.iter().filter_map(|key| Key::read(key.as_object()?));
        Ok(Self {
            keys: usable.collect(),
        })
    }

    /// How many keys are usable.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// The one key that may have signed with `alg` under the name `kid`; without a name, the only one for `alg`.
    pub fn find(&self, kid: Option<&str>, alg: SigningAlgorithm) -> Result<&Key, NoKey> {
        let mut fitting = self
            .keys
            .iter()
            .filter(|key| key.fits(alg) && (kid.is_none() || key.kid.as_deref() == kid));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(NoKey::Ambiguous),
            (None, _) => Err(NoKey::Unknown),
        }
    }
}

impl Key {
    fn read(key: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        if key.get("use").is_some_and(|value| value != "sig") || !may_verify(key) {
            return None;
        }
        let alg = match key.get("alg") {
            None => None,
            // A key for an algorithm that we do not know checks nothing of ours.
            Some(alg) => Some(algorithm(alg.as_str()?)?),
        };
        let (kind, jwk) = match (text("kty")?, text("crv")) {
            ("RSA", _) => (Kind::Rsa, rsa(&bytes(text("n")?)?, &bytes(text("e")?)?)?),
            ("EC", Some("P-256")) => {
                let (x, y) = (sized(text("x")?, 32)?, sized(text("y")?, 32)?);
                (
                    Kind::P256,
                    CoreJsonWebKey::new_ec(x, y, CoreJsonCurveType::P256, None),
                )
            }
            ("EC", Some("P-384")) => {
                let (x, y) = (sized(text("x")?, 48)?, sized(text("y")?, 48)?);
                (
                    Kind::P384,
                    CoreJsonWebKey::new_ec(x, y, CoreJsonCurveType::P384, None),
                )
            }
            ("OKP", Some("Ed25519")) => {
                let x = sized(text("x")?, 32)?;
                (
                    Kind::Ed25519,
                    CoreJsonWebKey::new_okp(x, CoreJsonCurveType::Ed25519, None),
                )
            }
            // Also `oct`: a shared secret has no place in a public document.
            _ => return None,
        };
        Some(Self {
            kid: text("kid").map(str::to_owned),
            alg,
            kind,
            jwk,
        })
    }

    /// Whether the key is of the algorithm's kind (RFC 7518 §3.1) and not reserved for another.
    fn fits(&self, alg: SigningAlgorithm) -> bool {
        use SigningAlgorithm as Alg;
        let kind = match alg {
            Alg::Rs256 | Alg::Rs384 | Alg::Rs512 | Alg::Ps256 | Alg::Ps384 | Alg::Ps512 => {
                Kind::Rsa
            }
            Alg::Es256 => Kind::P256,
            Alg::Es384 => Kind::P384,
            Alg::EdDsa => Kind::Ed25519,
            Alg::Hs256 | Alg::Hs384 | Alg::Hs512 => return false,
        };
        self.kind == kind && self.alg.is_none_or(|own| own == alg)
    }
}

/// The algorithm of a registered name.
pub(super) fn algorithm(name: &str) -> Option<SigningAlgorithm> {
    SigningAlgorithm::ALL
        .into_iter()
        .find(|alg| alg.as_str() == name)
}

/// `key_ops` (RFC 7517 §4.3), where it is given.
fn may_verify(key: &Map<String, Value>) -> bool {
    match key.get("key_ops") {
        Some(Value::Array(operations)) => operations.iter().any(|operation| operation == "verify"),
        _ => true,
    }
}

fn rsa(n: &[u8], e: &[u8]) -> Option<CoreJsonWebKey> {
    let (n, e) = (unsigned(n), unsigned(e));
    let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
    let exponent = e
        .iter()
        .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    let strong = RSA_BITS.contains(&bits)
        && e.len() <= 8
        && exponent >= SMALLEST_EXPONENT
        && exponent % 2 == 1
        && n.last()? % 2 == 1;
    strong.then(|| CoreJsonWebKey::new_rsa(n.to_vec(), e.to_vec(), None))
}

/// Some write a leading zero, as in ASN.1.
fn unsigned(number: &[u8]) -> &[u8] {
    let start = number
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(number.len());
    &number[start..]
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

fn sized(text: &str, length: usize) -> Option<Vec<u8>> {
    bytes(text).filter(|bytes| bytes.len() == length)
}

#[cfg(test)]
mod tests;
