//! Opaque random tokens: 256 bits from the system's generator, stored as their SHA-256 only.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngExt as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A fresh or presented token. No `Debug`: whoever holds it may act with it.
#[derive(Clone)]
pub struct Token(zeroize::Zeroizing<String>);

/// What is kept of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl Token {
    /// Draws 256 random bits, written as 43 characters of base64url.
    pub fn generate() -> Self {
        let bits: [u8; 32] = rand::rng().random();
        Self(URL_SAFE_NO_PAD.encode(bits).into())
    }

    /// Takes what a caller presented; `None` when it cannot be one of ours (longer than 256 bytes, or not base64url).
    pub fn presented(text: &str) -> Option<Self> {
        let plausible = !text.is_empty()
            && text.len() <= 256
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        plausible.then(|| Self(text.to_owned().into()))
    }

    /// The token's text.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What to store, or to look it up by.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.0.as_bytes())
    }
}

impl TokenHash {
    /// The SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash as stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether `stored` is this hash, in constant time.
    pub fn matches(&self, stored: &[u8]) -> bool {
        bool::from(self.0.ct_eq(stored))
    }
}
