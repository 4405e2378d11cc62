//! Google's `generateContent`, as AI Studio and Vertex serve it.
//!
//! Left out, because Gemini has no such thing and the answer is none the worse: cache marks (it caches by itself), an image's
//! `detail`, the caller's `user`, thoughts that another provider sealed.

mod contents;
mod reply;
mod request;
mod stream;

pub use reply::read;
pub use request::write;
pub use stream::Reader;

use gateway_domain::money::Tokens;
use serde_json::Value;

/// Stands before Gemini's signatures in the conversation, so that a conversation which moves between providers shows
/// whose a signature is: everybody refuses everybody else's.
pub const SIGNATURE_MARK: &str = "gemini#";

/// Gemini's signature as the conversation carries it.
fn marked(signature: &str) -> String {
    format!("{SIGNATURE_MARK}{signature}")
}

/// Whether a model is older than Gemini 3: thinks by budget rather than by level, asks for no signatures. What does not tell its
/// generation (`gemini-flash-latest`) is a new one.
fn is_older_than_3(model: &str) -> bool {
    model
        .split_once("gemini-")
        .and_then(|(_, version)| version.bytes().next())
        .is_some_and(|digit| matches!(digit, b'1' | b'2'))
}

/// What a `usageMetadata` says.
fn usage(metadata: &Value) -> Option<Tokens> {
    let count = |key: &str| metadata[key].as_u64().unwrap_or(0);
    let detail = |key: &str, modality: &str| -> u64 {
        metadata[key]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|it| it["modality"] == modality)
            .filter_map(|it| it["tokenCount"].as_u64())
            .fold(0, u64::saturating_add)
    };
    let fresh = |modality: &str| {
        detail("promptTokensDetails", modality)
            .saturating_add(detail("toolUsePromptTokensDetails", modality))
            .saturating_sub(detail("cacheTokensDetails", modality))
    };
    metadata.is_object().then(|| {
        let cached = count("cachedContentTokenCount");
        Tokens {
            input: count("promptTokenCount")
                .saturating_add(count("toolUsePromptTokenCount"))
                .saturating_sub(cached),
            output: count("candidatesTokenCount").saturating_add(count("thoughtsTokenCount")),
            cache_read: cached,
            reasoning: count("thoughtsTokenCount"),
            audio_input: fresh("AUDIO"),
            image_input: fresh("IMAGE"),
            audio_output: detail("candidatesTokensDetails", "AUDIO"),
            ..Tokens::default()
        }
    })
}

/// The usage that an answer's body reports, whatever else it holds.
pub(super) fn usage_of(body: &[u8]) -> Option<Tokens> {
    let body: Value = serde_json::from_slice(body).ok()?;
    usage(&body["usageMetadata"])
}

#[cfg(test)]
mod tests;
