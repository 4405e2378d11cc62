//! What a started sign-in is bound to.

use sha2::{Digest, Sha256};

/// SHA-256 over the parts with their lengths, so that no two lists of parts are the same bytes.
pub(crate) fn digest(parts: [&str; 3]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}
