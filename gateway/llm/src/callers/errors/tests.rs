use serde_json::Value;

use super::*;

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn every_surface_has_its_own_shape() {
    let error = ApiError::new(404, "model_not_found", "No model \"x\".").about("model");
    let openai = json!({"error": {
        "message": "No model \"x\".", "type": "invalid_request_error", "param": "model", "code": "model_not_found",
    }});
    for surface in [Surface::Chat, Surface::Responses, Surface::Embeddings] {
        assert_eq!(parsed(&error_body(surface, &error, "r1")), openai);
    }
    let anthropic = json!({
        "type": "error",
        "error": {"type": "not_found_error", "message": "No model \"x\"."},
        "request_id": "r1",
    });
    for surface in [Surface::Messages, Surface::CountTokens] {
        assert_eq!(parsed(&error_body(surface, &error, "r1")), anthropic);
    }
}

#[test]
fn anthropic_types_follow_the_status() {
    for (status, kind) in [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
    ] {
        let body = error_body(Surface::Messages, &ApiError::new(status, "x", ""), "");
        assert_eq!(parsed(&body)["error"]["type"], kind, "{status}");
    }
}

#[test]
fn a_stream_ends_with_an_error_and_without_an_end() {
    let error = ApiError::new(502, "upstream_error", "It broke\noff.");
    let frames = |surface| {
        let mut seen = Vec::new();
        let pushed =
            sse::Splitter::new(10_000).push(&stream_error(surface, &error, "r1"), |frame| {
                seen.push((frame.event.map(str::to_owned), parsed(frame.data)));
            });
        pushed.unwrap();
        seen
    };
    let chat = frames(Surface::Chat);
    assert_eq!(chat.len(), 1);
    assert_eq!(
        (&chat[0].0, &chat[0].1["error"]["code"]),
        (&None, &json!("upstream_error"))
    );
    let messages = frames(Surface::Messages);
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].0.as_deref(), Some("error"));
    assert_eq!(messages[0].1["error"]["message"], "It broke\noff.");
    let responses = frames(Surface::Responses);
    let names: Vec<_> = responses
        .iter()
        .map(|frame| frame.0.as_deref().unwrap())
        .collect();
    assert_eq!(names, ["error", "response.failed"]);
    assert_eq!(
        responses[1].1["response"]["error"]["message"],
        "It broke\noff."
    );
}

#[test]
fn an_upstreams_sentence_stays_and_its_credential_trouble_does_not_look_like_the_callers() {
    let refused = br#"{"error":{"message":"Incorrect API key provided: sk-pro****abcd","code":"invalid_api_key"}}"#;
    for status in [401, 403] {
        let error = translate_upstream_error(Dialect::Chat, status, refused, Surface::Messages);
        assert_eq!((error.status, error.code), (502, "upstream_auth_failed"));
        assert!(!error.message.contains("sk-"));
    }
    let cases: [(Dialect, u16, &[u8], &str, &str); 7] = [
        (
            Dialect::Messages,
            400,
            br#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#,
            "context_length_exceeded",
            "prompt is too long: 210000 tokens > 200000 maximum",
        ),
        (
            Dialect::Messages,
            529,
            br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            "overloaded",
            "Overloaded",
        ),
        (
            Dialect::Gemini,
            429,
            br#"[{"error":{"code":429,"message":"Resource exhausted","status":"RESOURCE_EXHAUSTED"}}]"#,
            "rate_limit_exceeded",
            "Resource exhausted",
        ),
        (
            Dialect::Converse,
            400,
            br#"{"message":"Input is too long for requested model."}"#,
            "context_length_exceeded",
            "Input is too long for requested model.",
        ),
        (
            Dialect::Chat,
            429,
            br#"{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"#,
            "insufficient_quota",
            "You exceeded your current quota",
        ),
        (Dialect::Chat, 500, b"<html>", "upstream_error", "The provider answered with status 500."),
        (Dialect::Chat, 400, br#"{"error":"no such template"}"#, "invalid_request_error", "no such template"),
    ];
    for (dialect, status, body, code, message) in cases {
        let error = translate_upstream_error(dialect, status, body, Surface::Chat);
        assert_eq!(
            (error.status, error.code, error.message.as_str()),
            (status, code, message)
        );
    }
}

#[test]
fn a_full_context_is_said_in_the_words_that_claude_code_looks_for() {
    let body = br#"{"error":{"message":"Your input exceeds the context window of this model.","type":"invalid_request_error","param":"input","code":"context_length_exceeded"}}"#;
    let error = translate_upstream_error(Dialect::Chat, 400, body, Surface::Messages);
    assert_eq!(
        error.message,
        "prompt is too long: Your input exceeds the context window of this model."
    );
    assert_eq!(error.param.as_deref(), Some("input"));
}

#[test]
fn an_answer_that_is_no_error_is_a_bad_gateway() {
    assert_eq!(
        translate_upstream_error(Dialect::Chat, 302, b"", Surface::Chat).status,
        502
    );
}
