use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{call, text, thought};
use crate::{
    dialects::{Target, messages::write},
    ir::{
        Content, Declared, Format, Media, Part, Reasoning, Request, Role, Tool, ToolChoice, Turn,
    },
};

pub(super) const NEW: &str = "claude-opus-4-6";
pub(super) const BUDGETED: &str = "claude-sonnet-4-5-20250929";

pub(super) fn turn(role: Role, parts: Vec<Content>) -> Turn {
    Turn {
        role,
        parts: parts.into_iter().map(Part::new).collect(),
    }
}

pub(super) fn result(id: &str, content: Vec<Part>) -> Content {
    Content::ToolResult {
        id: id.into(),
        name: None,
        content,
        is_error: false,
    }
}

pub(super) fn hello() -> Request {
    Request {
        turns: vec![turn(Role::User, vec![text("hi")])],
        ..Request::default()
    }
}

pub(super) fn said(request: &Request, model: &str) -> Value {
    write(
        request,
        &Target {
            model,
            is_openai: false,
        },
    )
    .unwrap()
}

fn refused(change: impl Fn(&mut Request)) -> String {
    let mut request = hello();
    change(&mut request);
    write(
        &request,
        &Target {
            model: BUDGETED,
            is_openai: false,
        },
    )
    .unwrap_err()
    .field
}

fn tool() -> Tool {
    Tool {
        name: "get".into(),
        description: None,
        parameters: None,
        strict: None,
        cache: None,
        declared: Declared::default(),
    }
}

#[test]
fn a_conversation_is_said_in_anthropics_words() {
    let cached = |content, ttl: &str| Part {
        content,
        cache: Some(ttl.into()),
    };
    let request = Request {
        system: vec![Part::text("Be brief."), cached(text("Be kind."), "1h")],
        turns: vec![
            turn(Role::User, vec![text("one"), text("  \n"), text("")]),
            turn(Role::User, vec![text("two")]),
            turn(
                Role::Assistant,
                vec![
                    thought(None),
                    text("hm"),
                    call("call.1", r#"{"z":1,"a":2}"#),
                ],
            ),
            turn(Role::Assistant, vec![call("call_2", "")]),
            Turn {
                role: Role::User,
                parts: vec![
                    Part::text("and"),
                    cached(result("call.1", vec![Part::text("ok")]), "5m"),
                    Part::new(result("call_2", vec![])),
                ],
            },
        ],
        tools: vec![Tool {
            strict: Some(true),
            cache: Some("5m".into()),
            ..tool()
        }],
        parallel_tool_calls: Some(false),
        max_output_tokens: Some(50),
        temperature: Some(0.5),
        stop: vec!["x".into()],
        user: Some("u".into()),
        service_tier: Some("default".into()),
        stream: true,
        ..Request::default()
    };
    let expected = json!({
        "model": NEW,
        "max_tokens": 50,
        "system": [
            {"type": "text", "text": "Be brief."},
            {"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        ],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "hm"},
                {"type": "tool_use", "id": "call_1", "name": "get", "input": {"z": 1, "a": 2}},
                {"type": "tool_use", "id": "call_2", "name": "get", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "ok"}], "cache_control": {"type": "ephemeral"}},
                {"type": "tool_result", "tool_use_id": "call_2"},
                {"type": "text", "text": "and"},
            ]},
        ],
        "tools": [{"name": "get", "input_schema": {"type": "object", "properties": {}}, "strict": true, "cache_control": {"type": "ephemeral"}}],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": true},
        "temperature": 0.5,
        "stop_sequences": ["x"],
        "metadata": {"user_id": "u"},
        "service_tier": "standard_only",
        "stream": true,
    });
    let body = said(&request, NEW);
    assert_eq!(body, expected);
    assert_eq!(
        body["messages"][1]["content"][1]["input"].to_string(),
        r#"{"z":1,"a":2}"#,
        "the order stays"
    );
}

#[test]
fn pictures_and_documents_are_said() {
    let inline = |media_type: &str, data: &str| Media::Inline {
        media_type: media_type.into(),
        data: data.into(),
    };
    let file = |source| Content::File {
        source,
        name: Some("n".into()),
    };
    let request = Request {
        turns: vec![turn(
            Role::User,
            vec![
                Content::Image {
                    source: inline("image/png", "QQ=="),
                    detail: Some("low".into()),
                },
                Content::Image {
                    source: Media::Url("https://a/b".into()),
                    detail: None,
                },
                file(inline("application/pdf", "QQ==")),
                file(inline("text/csv", &STANDARD.encode("a,é"))),
                file(Media::Url("https://a/c.pdf".into())),
            ],
        )],
        ..Request::default()
    };
    assert_eq!(
        said(&request, NEW)["messages"][0]["content"],
        json!([
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QQ=="}},
            {"type": "image", "source": {"type": "url", "url": "https://a/b"}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "QQ=="}, "title": "n"},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a,é"}, "title": "n"},
            {"type": "document", "source": {"type": "url", "url": "https://a/c.pdf"}, "title": "n"},
        ])
    );
}

#[test]
fn what_messages_cannot_say_is_refused_by_its_name() {
    let user = |content: Content| {
        move |request: &mut Request| request.turns = vec![turn(Role::User, vec![content.clone()])]
    };
    let word = |file: &str| Content::File {
        source: Media::Inline {
            media_type: file.into(),
            data: "QQ==".into(),
        },
        name: None,
    };
    for (field, expected) in [
        (refused(|request| request.seed = Some(1)), "seed"),
        (
            refused(|request| request.frequency_penalty = Some(0.5)),
            "frequency_penalty",
        ),
        (
            refused(|request| request.presence_penalty = Some(-1.0)),
            "presence_penalty",
        ),
        (
            refused(|request| request.verbosity = Some("low".into())),
            "verbosity",
        ),
        (
            refused(|request| request.temperature = Some(1.5)),
            "temperature",
        ),
        (
            refused(|request| request.format = Format::JsonObject),
            "response_format",
        ),
        (
            refused(|request| request.service_tier = Some("flex".into())),
            "service_tier",
        ),
        (
            refused(user(Content::Audio {
                data: String::new(),
                format: "wav".into(),
            })),
            "messages",
        ),
        (refused(user(word("application/msword"))), "messages"),
        (refused(user(thought(Some("x")))), "messages"),
        (
            refused(|request| {
                request
                    .turns
                    .push(turn(Role::Assistant, vec![call("c", "[1]")]));
            }),
            "tool_calls[c].arguments",
        ),
        (
            refused(|request| request.reasoning = Some(Reasoning::Effort("huge".into()))),
            "reasoning_effort",
        ),
        (
            refused(|request| {
                request.reasoning = Some(Reasoning::Effort("low".into()));
                request.max_output_tokens = Some(1000);
            }),
            "max_tokens",
        ),
        (
            refused(|request| {
                request.reasoning = Some(Reasoning::Adaptive);
                request.tools = vec![tool()];
                request.tool_choice = Some(ToolChoice::Required);
            }),
            "tool_choice",
        ),
    ] {
        assert_eq!(field, expected);
    }
    let harmless = Request {
        frequency_penalty: Some(0.0),
        presence_penalty: Some(0.0),
        verbosity: Some("medium".into()),
        ..hello()
    };
    assert_eq!(said(&harmless, NEW), said(&hello(), NEW));
}

#[test]
fn tool_choices_are_said() {
    let choice = |tool_choice, parallel| {
        let request = Request {
            tools: vec![tool()],
            tool_choice,
            parallel_tool_calls: parallel,
            ..hello()
        };
        said(&request, NEW).get("tool_choice").cloned()
    };
    assert_eq!(choice(None, Some(true)), None);
    assert_eq!(
        choice(Some(ToolChoice::None), Some(false)),
        Some(json!({"type": "none"}))
    );
    assert_eq!(
        choice(Some(ToolChoice::Required), Some(false)),
        Some(json!({"type": "any", "disable_parallel_tool_use": true}))
    );
    assert_eq!(
        choice(Some(ToolChoice::Tool("get".into())), None),
        Some(json!({"type": "tool", "name": "get"}))
    );
}

#[test]
fn the_most_that_may_be_written_depends_on_the_generation() {
    for (model, most) in [
        ("claude-3-haiku-20240307", 4096),
        ("claude-3-5-haiku-latest", 8192),
        (BUDGETED, 32_000),
        ("claude-next", 32_000),
    ] {
        assert_eq!(said(&hello(), model)["max_tokens"], most, "{model}");
    }
}

#[test]
fn a_schema_goes_into_the_output_config() {
    let format = Format::JsonSchema {
        name: "n".into(),
        description: Some("what for".into()),
        schema: json!({"type": "object", "additionalProperties": false}),
        strict: Some(true),
    };
    let body = said(&Request { format, ..hello() }, NEW);
    let schema =
        json!({"type": "object", "additionalProperties": false, "description": "what for"});
    assert_eq!(
        body["output_config"],
        json!({"format": {"type": "json_schema", "schema": schema}})
    );
}
