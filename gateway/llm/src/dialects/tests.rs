use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{callers, dialects::embeddings::EmbeddingsDialect};

const ALL: [Dialect; 4] = [
    Dialect::Chat,
    Dialect::Messages,
    Dialect::Gemini,
    Dialect::Converse,
];

const EMBEDDINGS: [EmbeddingsDialect; 4] = [
    EmbeddingsDialect::Gemini,
    EmbeddingsDialect::VertexPredict,
    EmbeddingsDialect::Titan,
    EmbeddingsDialect::Cohere,
];

const REQUESTS: [(Surface, &str); 6] = [
    (
        Surface::Chat,
        include_str!("../../testdata/requests/chat/tool_loop.json"),
    ),
    (
        Surface::Chat,
        include_str!("../../testdata/requests/chat/file_and_audio.json"),
    ),
    (
        Surface::Responses,
        include_str!("../../testdata/requests/responses/tool_loop.json"),
    ),
    (
        Surface::Responses,
        include_str!("../../testdata/requests/responses/codex.json"),
    ),
    (
        Surface::Messages,
        include_str!("../../testdata/requests/messages/tool_loop.json"),
    ),
    (
        Surface::Messages,
        include_str!("../../testdata/requests/messages/cache.json"),
    ),
];

/// Keys and words that the readers know, so that arbitrary JSON goes deep into them.
const WORDS: &[&str] = &[
    "candidates",
    "content",
    "parts",
    "text",
    "thought",
    "thoughtSignature",
    "functionCall",
    "name",
    "args",
    "id",
    "finishReason",
    "STOP",
    "MALFORMED_FUNCTION_CALL",
    "usageMetadata",
    "promptTokenCount",
    "promptFeedback",
    "blockReason",
    "error",
    "message",
    "status",
    "output",
    "stopReason",
    "tool_use",
    "toolUse",
    "toolUseId",
    "input",
    "reasoningContent",
    "reasoningText",
    "redactedContent",
    "signature",
    "usage",
    "inputTokens",
    "cacheDetails",
    "contentBlockIndex",
    "delta",
    "start",
    "choices",
    "tool_calls",
    "function",
    "arguments",
    "index",
    "finish_reason",
    "type",
    "content_block",
    "content_block_start",
    "content_block_delta",
    "message_start",
    "message_delta",
    "embeddings",
    "values",
    "predictions",
    "statistics",
    "token_count",
    "embedding",
    "float",
    "role",
    "assistant",
];
const EVENTS: &[&str] = &[
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
    "throttlingException",
    "message_start",
    "content_block_start",
    "content_block_delta",
    "message_delta",
    "error",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![4 => proptest::sample::select(WORDS).prop_map(str::to_owned), 1 => ".{0,8}"]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 64, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((word(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_answers_never_panic(body in any_json()) {
        let bytes = body.to_string().into_bytes();
        for dialect in ALL {
            let _ = read(dialect, &bytes);
            let _ = usage(dialect, &bytes);
        }
        for dialect in EMBEDDINGS {
            let _ = embeddings::read(dialect, "m", &bytes, &bytes);
            let _ = embeddings::write(dialect, &bytes, "m");
        }
    }

    #[test]
    fn requests_with_anything_anywhere_never_panic(
        case in 0..REQUESTS.len(), at: proptest::sample::Index, anything in any_json()
    ) {
        let (surface, body) = REQUESTS[case];
        let mut body: Value = serde_json::from_str(body).unwrap();
        let mut left = at.index(count(&body));
        replace(&mut body, &mut left, &anything);
        if let Ok(request) = callers::parse(surface, body.to_string().as_bytes()) {
            for dialect in ALL {
                for model in ["claude-sonnet-4-5", "gemini-2.5-pro", "amazon.nova-2-lite-v1:0"] {
                    let _ = write(dialect, &request, &Target { model, is_openai: false });
                }
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(body: Vec<u8>) {
        for dialect in ALL {
            let _ = read(dialect, &body);
            let mut reader = StreamReader::new(dialect);
            let _ = reader.push(Frame { event: None, data: &body });
            let _ = reader.finish();
        }
    }

    #[test]
    fn arbitrary_frames_never_panic_and_open_parts_are_closed(
        frames in proptest::collection::vec((proptest::option::of(proptest::sample::select(EVENTS)), any_json()), 0..12)
    ) {
        for dialect in ALL {
            let mut reader = StreamReader::new(dialect);
            let mut events = Vec::new();
            for (event, data) in &frames {
                let data = data.to_string().into_bytes();
                if let Ok(more) = reader.push(Frame { event: *event, data: &data }) {
                    events.extend(more);
                }
            }
            if let Ok(more) = reader.finish() {
                events.extend(more);
                check(dialect, &events);
            }
        }
    }
}

/// The number of values in a value.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(all) => all.iter().map(count).sum(),
        Value::Object(all) => all.values().map(count).sum(),
        _ => 0,
    }
}

/// Puts `with` in the place of the value that `left` others stand before.
fn replace(value: &mut Value, left: &mut usize, with: &Value) {
    if *left == 0 {
        value.clone_from(with);
        *left = usize::MAX;
        return;
    }
    *left -= 1;
    match value {
        Value::Array(all) => all.iter_mut().for_each(|it| replace(it, left, with)),
        Value::Object(all) => all.values_mut().for_each(|it| replace(it, left, with)),
        _ => {}
    }
}

/// What [`Event`] promises of a stream that came to its end.
fn check(dialect: Dialect, events: &[Event]) {
    let mut opened = 0;
    let mut open = std::collections::HashSet::new();
    for event in events {
        match event {
            Event::Open { index, .. } => {
                assert_eq!(*index, opened, "{dialect:?}: {events:?}");
                opened += 1;
                open.insert(*index);
            }
            Event::Delta { index, .. } | Event::Signature { index, .. } => {
                assert!(open.contains(index), "{dialect:?}: {events:?}");
            }
            Event::Close { index } => assert!(open.remove(index), "{dialect:?}: {events:?}"),
            _ => {}
        }
    }
    match events.last() {
        Some(Event::Failed { .. }) => {}
        Some(Event::End) => assert!(open.is_empty(), "{dialect:?}: {events:?}"),
        _ => panic!("no end: {dialect:?}: {events:?}"),
    }
}

#[test]
fn usage_is_read_from_answers_that_are_no_answers() {
    let body = json!({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}],
        "usageMetadata": {"promptTokenCount": 7, "thoughtsTokenCount": 2}});
    let bytes = body.to_string().into_bytes();
    assert!(read(Dialect::Gemini, &bytes).is_err());
    let tokens = usage(Dialect::Gemini, &bytes).unwrap();
    assert_eq!((tokens.input, tokens.output), (7, 2));
}
