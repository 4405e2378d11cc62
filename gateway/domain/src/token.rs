//! Opaque random tokens: 256 bits from the system's generator, stored as their SHA-256 only.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngExt as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A fresh or presented token. No `Debug`: whoever holds it may act with it.
#[derive(Clone)]
pub struct Token(zeroize::Zeroizing<String>);

/// What is kept of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

    /// The hash of what was fed to `hasher`.
    pub fn finish(hasher: Sha256) -> Self {
        Self(hasher.finalize().into())
    }

    /// The hash as 64 hexadecimal digits.
    pub fn to_hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |half: u8| char::from(DIGITS[usize::from(half & 15)]);
        self.0
            .iter()
            .flat_map(|&byte| [digit(byte >> 4), digit(byte)])
            .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_written_as_everybody_writes_it() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(TokenHash::of(b"").to_hex(), empty);
    }

    #[test]
    fn only_what_could_be_ours_is_taken() {
        let token = Token::generate();
        assert_eq!(token.expose().len(), 43);
        assert!(Token::presented(token.expose()).is_some_and(|same| same.hash() == token.hash()));
        for odd in ["", "a b", "a/b", "ü", &"a".repeat(257)] {
            assert!(Token::presented(odd).is_none(), "{odd:?}");
        }
    }
}
