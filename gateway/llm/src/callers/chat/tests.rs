use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::parse;
use crate::{
    callers::{Rendering, any_json::any_json},
    ir::{Content, Format, Media, Part, Reasoning, Request, Role, ToolChoice},
};

mod said;

fn read(body: &Value) -> Request {
    parse(body.to_string().as_bytes()).unwrap()
}

fn refused(body: &Value) -> String {
    parse(body.to_string().as_bytes()).unwrap_err().field
}

/// A request of one message, with more fields.
fn with(more: &Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn rendering(request: Request) -> Rendering {
    Rendering {
        id: "0123".to_owned(),
        model: "house/fast".to_owned(),
        created: 1_700_000_000,
        include_usage: true,
        request: Arc::new(request),
    }
}

#[test]
fn a_conversation_is_read_whole() {
    let request = read(&json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": [{"type": "text", "text": "Speak Dutch."}]},
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                {"type": "input_audio", "input_audio": {"data": "BBBB", "format": "wav"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,CCCC"}},
            ]},
            {"role": "assistant", "content": null, "refusal": null, "annotations": [], "audio": null,
             "function_call": null, "reasoning_content": "Hm.", "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{\"at\": 1}"},
                 "extra_content": {"google": {"thought_signature": "sig=="}}},
            ]},
            {"role": "tool", "tool_call_id": "call_1", "name": "look", "content": "a cat"},
            {"role": "assistant", "content": "A cat."},
        ],
    }));
    assert_eq!(
        request.system,
        [Part::text("Be brief."), Part::text("Speak Dutch.")]
    );
    let roles: Vec<_> = request.turns.iter().map(|turn| turn.role).collect();
    assert_eq!(
        roles,
        [Role::User, Role::Assistant, Role::User, Role::Assistant]
    );
    let asked = &request.turns[0].parts;
    assert_eq!(asked[0].cache.as_deref(), Some("1h"));
    let inline = |media_type: &str, data: &str| Media::Inline {
        media_type: media_type.to_owned(),
        data: data.to_owned(),
    };
    let image = Content::Image {
        source: inline("image/png", "AAAA"),
        detail: Some("low".to_owned()),
    };
    assert_eq!(asked[1].content, image);
    let image = Content::Image {
        source: Media::Url("https://example.com/a.png".to_owned()),
        detail: None,
    };
    assert_eq!(asked[2].content, image);
    let file = Content::File {
        source: inline("application/pdf", "CCCC"),
        name: Some("a.pdf".to_owned()),
    };
    assert_eq!(asked[4].content, file);
    let thoughts = Content::Reasoning {
        text: "Hm.".to_owned(),
        signature: None,
    };
    let call = Content::ToolCall {
        id: "call_1".to_owned(),
        name: "look".to_owned(),
        arguments: "{\"at\": 1}".to_owned(),
        signature: Some("sig==".to_owned()),
    };
    assert_eq!(
        request.turns[1].parts,
        [Part::new(thoughts), Part::new(call)]
    );
    let result = Content::ToolResult {
        id: "call_1".to_owned(),
        name: Some("look".to_owned()),
        content: vec![Part::text("a cat")],
        is_error: false,
    };
    assert_eq!(request.turns[2].parts, [Part::new(result)]);
}

#[test]
fn settings_are_read() {
    let request = read(&with(&json!({
        "max_tokens": 5, "max_completion_tokens": 7, "temperature": 0, "top_p": 0.5, "top_k": 4, "seed": -1,
        "frequency_penalty": 0.1, "presence_penalty": -0.1, "stop": "END", "reasoning_effort": "high",
        "verbosity": "low", "user": "old", "safety_identifier": "new", "service_tier": "flex", "stream": true,
        "stream_options": {"include_usage": true}, "parallel_tool_calls": false, "n": 1, "logprobs": false,
        "metadata": {"a": "b"}, "store": true, "prompt_cache_key": "k", "modalities": ["text"], "logit_bias": {},
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "strict": true,
            "parameters": {"type": "object", "properties": {"b": {}, "a": {}}}}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": true}},
        "whatever": null,
    })));
    assert_eq!(request.max_output_tokens, Some(7));
    assert_eq!(
        (request.temperature, request.top_p, request.top_k),
        (Some(0.0), Some(0.5), Some(4))
    );
    assert_eq!(request.seed, Some(-1));
    assert_eq!(request.stop, ["END"]);
    assert_eq!(
        request.reasoning,
        Some(Reasoning::Effort("high".to_owned()))
    );
    assert_eq!(request.user.as_deref(), Some("new"));
    assert_eq!(request.parallel_tool_calls, Some(false));
    assert_eq!(request.tool_choice, Some(ToolChoice::Tool("f".to_owned())));
    assert!(request.stream);
    let schema = request.tools[0].parameters.as_ref().unwrap();
    assert_eq!(
        schema.to_string(),
        r#"{"type":"object","properties":{"b":{},"a":{}}}"#
    );
    assert!(matches!(
        request.format,
        Format::JsonSchema {
            strict: Some(true),
            ..
        }
    ));
    let off = read(&with(
        &json!({"reasoning_effort": "none", "stop": ["a", "b"]}),
    ));
    assert_eq!(off.reasoning, Some(Reasoning::Off));
    assert_eq!(off.stop, ["a", "b"]);
}

#[test]
fn what_cannot_be_said_is_named() {
    for (more, field) in [
        (json!({"n": 2}), "n"),
        (json!({"logprobs": true}), "logprobs"),
        (json!({"logit_bias": {"1": 1}}), "logit_bias"),
        (json!({"modalities": ["text", "audio"]}), "modalities"),
        (json!({"audio": {"voice": "x"}}), "audio"),
        (json!({"prediction": {}}), "prediction"),
        (json!({"web_search_options": {}}), "web_search_options"),
        (json!({"functions": []}), "functions"),
        (json!({"surprise": 1}), "surprise"),
        (json!({"temperature": "hot"}), "temperature"),
        (json!({"max_tokens": -1}), "max_tokens"),
        (json!({"max_tokens": 1.5}), "max_tokens"),
        (json!({"stop": [1]}), "stop"),
        (json!({"stream_options": {"x": 1}}), "stream_options.x"),
        (json!({"tools": [{"type": "retrieval"}]}), "tools[0].type"),
        (
            json!({"tools": [{"type": "function", "function": {"name": 1}}]}),
            "tools[0].function.name",
        ),
        (
            json!({"tool_choice": {"type": "allowed_tools"}}),
            "tool_choice.type",
        ),
        (json!({"tool_choice": "any"}), "tool_choice"),
        (
            json!({"response_format": {"type": "xml"}}),
            "response_format.type",
        ),
        (json!({"messages": "hi"}), "messages"),
        (json!({"messages": [1]}), "messages[0]"),
        (
            json!({"messages": [{"role": "function", "name": "f", "content": ""}]}),
            "messages[0].role",
        ),
        (
            json!({"messages": [{"role": "user", "name": "Ann", "content": ""}]}),
            "messages[0].name",
        ),
        (
            json!({"messages": [{"role": "user", "content": 1}]}),
            "messages[0].content",
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "video_url"}]}]}),
            "messages[0].content[0].type",
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]}]}),
            "messages[0].content[0].image_url.url",
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]}),
            "messages[0].content[0].file.file_id",
        ),
        (
            json!({"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "function": {"arguments": ""}}]}]}),
            "messages[0].tool_calls[0].function.name",
        ),
        (
            json!({"messages": [{"role": "user", "content": null}]}),
            "messages[0].content",
        ),
        (
            json!({"messages": [{"role": "tool", "content": "x"}]}),
            "messages[0].tool_call_id",
        ),
    ] {
        assert_eq!(refused(&with(&more)), field, "{more}");
    }
    assert_eq!(refused(&json!({"model": "m"})), "messages");
    let deep = "[".repeat(500);
    assert_eq!(parse(deep.as_bytes()).unwrap_err().field, "body");
}

#[test]
fn a_body_of_responses_is_read_too() {
    let request = read(&json!({
        "model": "m", "stream": true, "stream_options": {"include_usage": true},
        "input": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "name": "f", "parameters": {}}],
    }));
    assert_eq!(request.system, [Part::text("Be brief.")]);
    assert_eq!(request.tools[0].name, "f");
    let mixed = read(&with(
        &json!({"tools": [{"type": "function", "name": "f", "parameters": {}}]}),
    ));
    assert_eq!(mixed.tools[0].name, "f");
}

proptest! {
    #[test]
    fn no_json_panics(messages in any_json(), more in any_json()) {
        let _ = parse(json!({"messages": messages}).to_string().as_bytes());
        let _ = parse(more.to_string().as_bytes());
    }

    #[test]
    fn no_bytes_panic(body: Vec<u8>) {
        let _ = parse(&body);
    }
}
