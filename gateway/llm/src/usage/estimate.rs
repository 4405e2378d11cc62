//! Guesses for answers that never said what they used.

use memchr::{memchr, memchr2};

/// What a picture, a recording or a document in a request is reckoned at.
const MEDIA: u64 = 1_000;
/// Strings from this length on are looked at: they may be base64.
const LONG: usize = 512;

/// About how many tokens a text of so many bytes has.
pub fn estimate_tokens(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(4)
}

/// About how many tokens a request has: one for four bytes of its JSON, and a thousand for everything that is base64.
pub fn estimate_input(body: &[u8]) -> u64 {
    if body.len() < LONG {
        return estimate_tokens(body.len());
    }
    let (mut media, mut encoded) = (0_u64, 0);
    let mut rest = body;
    while let Some(opening) = memchr(b'"', rest) {
        rest = &rest[opening + 1..];
        let length = string_length(rest);
        if length >= LONG && is_base64(&rest[..length]) {
            media += 1;
            encoded += length;
        }
        rest = rest.get(length + 1..).unwrap_or_default();
    }
    estimate_tokens(body.len() - encoded).saturating_add(media.saturating_mul(MEDIA))
}

/// How many bytes a JSON string has whose opening quote is behind us.
pub(super) fn string_length(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(next) = memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        if text[at + next] == b'"' {
            return at + next;
        }
        at += next + 2;
    }
    text.len()
}

fn is_base64(text: &[u8]) -> bool {
    let start = match text.strip_prefix(b"data:") {
        Some(url) => memchr(b',', &url[..url.len().min(128)]).map_or(0, |comma| comma + 6),
        None => 0,
    };
    let sample = &text[start..text.len().min(start + 256)];
    sample
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_\\".contains(byte))
}
