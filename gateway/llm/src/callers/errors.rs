//! Errors in the words of the protocol that was called: the gateway's own, and those of an upstream that speaks another.

use gateway_domain::ledger::Surface;
use serde_json::{Value, json};

use crate::{dialects::Dialect, sse};

#[cfg(test)]
mod tests;

/// An error for a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The answer's status.
    pub status: u16,
    /// `OpenAI`'s `type`.
    pub kind: &'static str,
    /// A stable word that clients match on.
    pub code: &'static str,
    /// One sentence for the developer.
    pub message: String,
    /// The field that is to blame.
    pub param: Option<String>,
}

impl ApiError {
    /// An error whose `type` is the usual one of its status.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind: kind(status, code),
            code,
            message: message.into(),
            param: None,
        }
    }

    /// The same, with the field that is to blame.
    #[must_use]
    pub fn about(self, param: impl Into<String>) -> Self {
        Self {
            param: Some(param.into()),
            ..self
        }
    }
}

/// What cannot be said to the upstream, or is not allowed: 400.
impl From<crate::ir::Unsupported> for ApiError {
    fn from(unsupported: crate::ir::Unsupported) -> Self {
        Self::new(400, "invalid_request_error", unsupported.to_string()).about(unsupported.field)
    }
}

fn kind(status: u16, code: &str) -> &'static str {
    match status {
        403 => "permission_error",
        429 if code == "insufficient_quota" => "insufficient_quota",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

/// Anthropic's `type` for a status.
fn anthropic_kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

fn is_anthropic(surface: Surface) -> bool {
    matches!(surface, Surface::Messages | Surface::CountTokens)
}

fn value(surface: Surface, error: &ApiError, request_id: &str) -> Value {
    if is_anthropic(surface) {
        json!({
            "type": "error",
            "error": {"type": anthropic_kind(error.status), "message": error.message},
            "request_id": request_id,
        })
    } else {
        json!({"error": {
            "message": error.message,
            "type": error.kind,
            "param": error.param,
            "code": error.code,
        }})
    }
}

/// The JSON body of an error.
pub fn error_body(surface: Surface, error: &ApiError, request_id: &str) -> Vec<u8> {
    value(surface, error, request_id).to_string().into_bytes()
}

/// The frames that end a begun stream with an error. Nothing may follow them: no `[DONE]`, no `message_stop`.
pub fn stream_error(surface: Surface, error: &ApiError, request_id: &str) -> Vec<u8> {
    let mut out = Vec::new();
    match surface {
        Surface::Messages | Surface::CountTokens => {
            sse::write_frame(
                &mut out,
                Some("error"),
                &error_body(surface, error, request_id),
            );
        }
        Surface::Chat | Surface::Embeddings => {
            sse::write_frame(&mut out, None, &error_body(surface, error, request_id));
        }
        // OpenAI sends both: clients wait for the one or the other.
        Surface::Responses => {
            let said = json!({
                "type": "error",
                "code": error.code,
                "message": error.message,
                "param": error.param,
                "sequence_number": 0,
            });
            sse::write_frame(&mut out, Some("error"), said.to_string().as_bytes());
            let failed = json!({
                "type": "response.failed",
                "sequence_number": 1,
                "response": {
                    "id": format!("resp_{request_id}"),
                    "object": "response",
                    "status": "failed",
                    "output": [],
                    "error": {"code": error.code, "message": error.message},
                    "incomplete_details": null,
                    "usage": null,
                },
            });
            sse::write_frame(
                &mut out,
                Some("response.failed"),
                failed.to_string().as_bytes(),
            );
        }
    }
    out
}

/// What an upstream's refusal says.
#[derive(Default)]
struct Refusal {
    message: Option<String>,
    word: Option<String>,
    param: Option<String>,
}

/// An upstream's refusal in the caller's words. Its sentence stays, because clients look for parts of it. An upstream that
/// does not accept the gateway's credential (401, 403) is the operator's trouble: 502, and not its sentence, which may
/// quote the credential.
pub fn translate_upstream_error(
    from: Dialect,
    status: u16,
    body: &[u8],
    surface: Surface,
) -> ApiError {
    if matches!(status, 401 | 403) {
        let message = "The provider did not accept the gateway's credentials. Ask the operator.";
        return ApiError::new(502, "upstream_auth_failed", message);
    }
    let refusal = refusal(from, body);
    let sentence = refusal
        .message
        .unwrap_or_else(|| format!("The provider answered with status {status}."));
    let code = code(status, refusal.word.as_deref(), &sentence);
    let too_long = code == "context_length_exceeded";
    let message = if too_long && is_anthropic(surface) && !sentence.contains("prompt is too long") {
        // Claude Code shortens a conversation when it reads these words.
        format!("prompt is too long: {sentence}")
    } else {
        sentence
    };
    ApiError {
        param: refusal.param,
        ..ApiError::new(answered(status), code, message)
    }
}

/// The status that a caller gets for an upstream's. What is no error at all cannot be passed on as one.
fn answered(status: u16) -> u16 {
    match status {
        400..=599 => status,
        _ => 502,
    }
}

fn code(status: u16, word: Option<&str>, sentence: &str) -> &'static str {
    const KNOWN: [&str; 11] = [
        "context_length_exceeded",
        "string_above_max_length",
        "insufficient_quota",
        "model_not_found",
        "content_filter",
        "content_policy_violation",
        "invalid_prompt",
        "invalid_image",
        "unsupported_parameter",
        "unsupported_value",
        "invalid_type",
    ];
    if let Some(known) = KNOWN.into_iter().find(|known| Some(*known) == word) {
        return known;
    }
    match status {
        400 | 413 if says_too_long(sentence) => "context_length_exceeded",
        404 => "model_not_found",
        413 => "request_too_large",
        429 => "rate_limit_exceeded",
        503 | 529 => "overloaded",
        408 | 504 => "timeout",
        400..=499 => "invalid_request_error",
        _ => "upstream_error",
    }
}

/// The providers' ways of saying that a conversation does not fit.
fn says_too_long(sentence: &str) -> bool {
    let sentence = sentence.to_ascii_lowercase();
    [
        "prompt is too long",
        "input is too long",
        "maximum context length",
        "context window",
        "context length",
        "exceeds the maximum number of tokens",
    ]
    .iter()
    .any(|words| sentence.contains(words))
}

fn refusal(from: Dialect, body: &[u8]) -> Refusal {
    let Ok(said) = serde_json::from_slice::<Value>(body) else {
        return Refusal::default();
    };
    // Google wraps the error of a stream into an array.
    let said = said.get(0).unwrap_or(&said);
    let error = match said.get("error") {
        Some(error) if !error.is_null() => error,
        _ => said,
    };
    let text = |key: &str| {
        let text = error.get(key).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let word = match from {
        Dialect::Chat => text("code").or_else(|| text("type")),
        Dialect::Messages => text("type"),
        Dialect::Gemini => text("status"),
        Dialect::Converse => text("__type").or_else(|| text("type")),
    };
    Refusal {
        message: text("message")
            .or_else(|| text("Message"))
            .or_else(|| error.as_str().map(str::to_owned)),
        word,
        param: (from == Dialect::Chat).then(|| text("param")).flatten(),
    }
}
