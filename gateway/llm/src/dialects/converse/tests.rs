use serde_json::{Value, json};

use super::*;
use crate::{
    dialects::{Target, whole},
    ir::{
        Content, Event, Format, Media, Part, Reasoning, Request, Role, Tool, ToolChoice, Turn,
        Unsupported,
    },
    sse::Frame,
};

const CLAUDE: &str = "eu.anthropic.claude-opus-4-6-v1";

fn written(request: &Request, model: &str) -> Result<Value, Unsupported> {
    let target = Target {
        model,
        is_openai: false,
    };
    write(request, &target)
}

fn said(role: Role, parts: Vec<Part>) -> Request {
    Request {
        turns: vec![Turn { role, parts }],
        ..Request::default()
    }
}

fn tool() -> Tool {
    Tool {
        name: "find".into(),
        strict: Some(true),
        cache: Some("1h".into()),
        ..Tool::default()
    }
}

fn streamed(frames: &[(&str, Value)]) -> Result<Vec<Event>, crate::ir::Garbage> {
    let mut reader = Reader::default();
    let mut events = Vec::new();
    for (name, data) in frames {
        let data = data.to_string().into_bytes();
        events.extend(reader.push(Frame {
            event: Some(name),
            data: &data,
        })?);
    }
    events.extend(reader.finish()?);
    Ok(events)
}

#[test]
fn cache_marks_become_points_where_the_model_has_a_cache() {
    let mut part = Part::text("long");
    part.cache = Some("1h".into());
    let mut request = said(Role::User, vec![part]);
    request.tools = vec![tool()];
    let claude = written(&request, CLAUDE).unwrap();
    let point = json!({"cachePoint": {"type": "default", "ttl": "1h"}});
    assert_eq!(
        claude["messages"][0]["content"],
        json!([{"text": "long"}, point])
    );
    assert_eq!(claude["toolConfig"]["tools"][1], point);
    let nova = written(&request, "amazon.nova-pro-v1:0").unwrap();
    assert_eq!(
        nova["messages"][0]["content"][1],
        json!({"cachePoint": {"type": "default"}})
    );
    assert_eq!(nova["toolConfig"]["tools"].as_array().unwrap().len(), 1);
    let llama = written(&request, "meta.llama3-3-70b-instruct-v1:0").unwrap();
    assert_eq!(llama["messages"][0]["content"], json!([{"text": "long"}]));
}

#[test]
fn turns_alternate_and_thoughts_go_back_to_their_maker_only() {
    let thought = |signature: Option<&str>| {
        Part::new(Content::Reasoning {
            text: "hm".into(),
            signature: signature.map(Into::into),
        })
    };
    let mut request = said(
        Role::Assistant,
        vec![
            thought(Some("c2ln")),
            thought(None),
            thought(Some("gemini#x")),
            Part::text(""),
        ],
    );
    request.turns.push(Turn {
        role: Role::Assistant,
        parts: vec![Part::text("so")],
    });
    assert_eq!(
        written(&request, CLAUDE).unwrap()["messages"],
        json!([{"role": "assistant", "content": [
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
            {"text": "so"},
        ]}])
    );
    assert_eq!(
        written(&request, "amazon.nova-pro-v1:0").unwrap()["messages"][0]["content"],
        json!([{"text": "so"}])
    );
}

#[test]
fn documents_have_names_of_their_own() {
    let file = |name: Option<&str>| {
        Part::new(Content::File {
            source: Media::Inline {
                media_type: "application/pdf".into(),
                data: "AA==".into(),
            },
            name: name.map(Into::into),
        })
    };
    let request = said(
        Role::User,
        vec![
            file(Some("Q1_report, v2.pdf")),
            file(Some("Q1 report v2")),
            file(None),
        ],
    );
    let body = written(&request, CLAUDE).unwrap();
    let names: Vec<_> = body["messages"][0]["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["document"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Q1 report v2", "Q1 report v2 2", "document"]);
}

#[test]
fn each_maker_is_asked_to_think_in_its_own_words() {
    let extra = |reasoning: Reasoning, model: &str| {
        let request = Request {
            reasoning: Some(reasoning),
            max_output_tokens: Some(4096),
            ..Request::default()
        };
        written(&request, model).map(|body| body["additionalModelRequestFields"].clone())
    };
    let effort = |effort: &str| Reasoning::Effort(effort.into());
    assert_eq!(
        extra(effort("minimal"), CLAUDE).unwrap(),
        json!({"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "low"}})
    );
    assert_eq!(
        extra(effort("high"), "anthropic.claude-sonnet-4-5-20250929-v1:0").unwrap(),
        json!({"thinking": {"type": "enabled", "budget_tokens": 3276}})
    );
    assert_eq!(
        extra(effort("max"), "us.amazon.nova-2-lite-v1:0").unwrap(),
        json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}})
    );
    assert_eq!(
        extra(effort("low"), "openai.gpt-oss-120b-1:0").unwrap(),
        json!({"reasoning_effort": "low"})
    );
    let refusal = extra(effort("low"), "meta.llama3-3-70b-instruct-v1:0").unwrap_err();
    assert_eq!(refusal.field, "reasoning_effort");
}

#[test]
fn one_call_at_a_time_is_said_to_the_models_that_understand_it() {
    let request = Request {
        parallel_tool_calls: Some(false),
        tools: vec![tool()],
        tool_choice: Some(ToolChoice::Auto),
        ..Request::default()
    };
    let claude = written(&request, CLAUDE).unwrap();
    assert_eq!(
        claude["additionalModelRequestFields"],
        json!({"tool_choice": {"type": "auto", "disable_parallel_tool_use": true}})
    );
    assert!(claude["toolConfig"]["toolChoice"].is_null());
    let nova = written(&request, "amazon.nova-pro-v1:0").unwrap();
    assert!(nova["additionalModelRequestFields"].is_null());
    assert_eq!(nova["toolConfig"]["toolChoice"], json!({"auto": {}}));
}

#[test]
fn what_converse_cannot_say_is_refused() {
    let image = said(
        Role::User,
        vec![Part::new(Content::Image {
            source: Media::Url("https://pictures.test/a.png".into()),
            detail: None,
        })],
    );
    let call = |arguments: &str| {
        said(
            Role::Assistant,
            vec![Part::new(Content::ToolCall {
                id: "x".into(),
                name: "find".into(),
                arguments: arguments.into(),
                signature: None,
            })],
        )
    };
    let mut forbidden = call("");
    forbidden.tools = vec![tool()];
    forbidden.tool_choice = Some(ToolChoice::None);
    let json_object = Request {
        format: Format::JsonObject,
        ..Request::default()
    };
    let seed = Request {
        seed: Some(1),
        ..Request::default()
    };
    for (request, field) in [
        (image, "image_url"),
        (call("[1]"), "tool_calls[x].arguments"),
        (call("{"), "tool_calls[x].arguments"),
        (forbidden, "tool_choice"),
        (json_object, "response_format"),
        (seed, "seed"),
    ] {
        assert_eq!(written(&request, CLAUDE).unwrap_err().field, field);
    }
}

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    let usage = json!({"inputTokens": 10, "outputTokens": 7, "totalTokens": 37,
        "cacheReadInputTokens": 12, "cacheWriteInputTokens": 8,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 5}, {"ttl": "5m", "inputTokens": 3}]});
    let events = streamed(&[
        ("messageStart", json!({"role": "assistant"})),
        ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "h"}}, "p": "ab"})),
        ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "m"}}})),
        ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "c2ln"}}})),
        ("contentBlockStop", json!({"contentBlockIndex": 0})),
        ("contentBlockDelta", json!({"contentBlockIndex": 1, "delta": {"reasoningContent": {"redactedContent": "AAAA"}}})),
        ("contentBlockStop", json!({"contentBlockIndex": 1})),
        ("contentBlockDelta", json!({"contentBlockIndex": 2, "delta": {"text": "Hi"}})),
        ("contentBlockStart", json!({"contentBlockIndex": 3, "start": {"toolUse": {"toolUseId": "t1", "name": "find"}}})),
        ("contentBlockDelta", json!({"contentBlockIndex": 3, "delta": {"toolUse": {"input": "{\"b\":1,"}}})),
        ("contentBlockDelta", json!({"contentBlockIndex": 3, "delta": {"toolUse": {"input": "\"a\":2}"}}})),
        ("contentBlockStop", json!({"contentBlockIndex": 2})),
        ("contentBlockStop", json!({"contentBlockIndex": 3})),
        ("messageStop", json!({"stopReason": "tool_use"})),
        ("metadata", json!({"usage": usage})),
    ])
    .unwrap();
    let whole_body = json!({"output": {"message": {"role": "assistant", "content": [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "AAAA"}},
        {"text": "Hi"},
        {"toolUse": {"toolUseId": "t1", "name": "find", "input": {"b": 1, "a": 2}}},
    ]}}, "stopReason": "tool_use", "usage": usage});
    let reply = read(whole_body.to_string().as_bytes()).unwrap();
    assert_eq!(whole::collect(events).unwrap(), reply);
    let tokens = Tokens {
        input: 10,
        output: 7,
        cache_read: 12,
        cache_write: 8,
        cache_write_1h: 5,
        ..Tokens::default()
    };
    assert_eq!(reply.usage, Some(tokens));
    assert_eq!(reply.stop, Stop::ToolUse);
}

#[test]
fn a_stream_that_fails_or_breaks_off_does_not_end() {
    let begun = (
        "contentBlockDelta",
        json!({"contentBlockIndex": 0, "delta": {"text": "Hi"}}),
    );
    let thrown = ("throttlingException", json!({"message": "Too many."}));
    let events = streamed(&[begun.clone(), thrown]).unwrap();
    let failed = Event::Failed {
        kind: "rate_limit_error".into(),
        message: "Too many.".into(),
    };
    assert_eq!(events.last(), Some(&failed));
    assert!(
        !events.contains(&Event::Close { index: 0 }),
        "half a part is not closed"
    );
    assert!(streamed(std::slice::from_ref(&begun)).is_err());
    let stopped = (
        "messageStop",
        json!({"stopReason": "stop_sequence",
        "additionalModelResponseFields": {"stop_sequence": "END"}}),
    );
    let events = streamed(&[begun, stopped]).unwrap();
    assert_eq!(
        events[events.len() - 2..],
        [Event::Stop(Stop::Sequence(Some("END".into()))), Event::End]
    );
    let unreadable = [
        ("messageStop", json!({"stopReason": "malformed_tool_use"})),
        (
            "metadata",
            json!({"usage": {"inputTokens": 1, "outputTokens": 2}}),
        ),
    ];
    let events = streamed(&unreadable).unwrap();
    assert!(matches!(
        &events[..],
        [Event::Usage(_), Event::Start { .. }, Event::Failed { .. }]
    ));
}
