use proptest::prelude::*;
use serde_json::{Value, json};

use super::{super::parse, call, codex, read, thoughts, with};
use crate::{
    callers::any_json::any_json,
    ir::{Content, Format, Media, Part, Reasoning, Role, ToolChoice},
};

fn refused(body: &Value) -> String {
    parse(body.to_string().as_bytes()).unwrap_err().field
}

#[test]
fn what_codex_sends_is_read() {
    let request = read(&codex());
    assert_eq!(
        request.system,
        [Part::text("You are Codex."), Part::text("Rules.")]
    );
    let roles: Vec<_> = request.turns.iter().map(|turn| turn.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::User]);
    assert_eq!(
        request.turns[1].parts,
        [
            thoughts("Hm.", Some("sig==")),
            Part::text("On it."),
            call("c1", "apply_patch", r#"{"input":"*** \"x\"\n"}"#, None),
            call("c2", "agents__spawn_agent", "{}", None),
        ]
    );
    let image = Content::Image {
        source: Media::Inline {
            media_type: "image/png".to_owned(),
            data: "AAAA".to_owned(),
        },
        detail: Some("high".to_owned()),
    };
    let result = |id: &str, name: &str, content| {
        Part::new(Content::ToolResult {
            id: id.to_owned(),
            name: Some(name.to_owned()),
            content,
            is_error: false,
        })
    };
    assert_eq!(
        request.turns[2].parts,
        [
            result("c1", "apply_patch", vec![Part::text("done")]),
            result(
                "c2",
                "agents__spawn_agent",
                vec![Part::text("ok"), Part::new(image)]
            ),
        ]
    );
    let names: Vec<_> = request
        .tools
        .iter()
        .map(|tool| tool.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "exec_command",
            "agents__spawn_agent",
            "agents__close_agent",
            "apply_patch"
        ]
    );
    let described: Vec<_> = request
        .tools
        .iter()
        .map(|tool| tool.description.as_deref().unwrap())
        .collect();
    assert_eq!(
        described[1],
        "About all tools whose names begin with agents: Sub-agents.\n\nSpawns."
    );
    assert_eq!(described[2], "Closes.");
    assert!(described[3].ends_with("The text follows this lark grammar:\nstart: patch"));
    assert_eq!(
        request.reasoning,
        Some(Reasoning::Effort("medium".to_owned()))
    );
    assert_eq!(request.verbosity.as_deref(), Some("low"));
    assert!(request.stream);
}

#[test]
fn settings_are_read() {
    let request = read(&with(&json!({
        "max_output_tokens": 7, "temperature": 1, "top_p": 0.5, "user": "u", "store": true, "background": false,
        "truncation": "auto", "metadata": {}, "service_tier": "auto", "previous_response_id": null,
        "reasoning": {"effort": "none"}, "tool_choice": {"type": "function", "name": "f", "namespace": "n"},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": true}},
    })));
    assert_eq!(request.max_output_tokens, Some(7));
    assert_eq!(request.reasoning, Some(Reasoning::Off));
    assert_eq!(
        request.tool_choice,
        Some(ToolChoice::Tool("n__f".to_owned()))
    );
    assert!(matches!(
        request.format,
        Format::JsonSchema {
            strict: Some(true),
            ..
        }
    ));
    assert_eq!(request.turns[0].parts, [Part::text("hi")]);
}

#[test]
fn what_cannot_be_said_is_named() {
    for (more, field) in [
        (
            json!({"previous_response_id": "resp_1"}),
            "previous_response_id",
        ),
        (json!({"conversation": "c"}), "conversation"),
        (json!({"prompt": {"id": "p"}}), "prompt"),
        (json!({"background": true}), "background"),
        (json!({"truncation": "some"}), "truncation"),
        (
            json!({"include": ["message.output_text.logprobs"]}),
            "include[0]",
        ),
        (
            json!({"tools": [{"type": "function", "name": "f"}, {"type": "web_search"}]}),
            "tools[1].type",
        ),
        (
            json!({"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "mcp"}]}]}),
            "tools[0].tools[0].type",
        ),
        (
            json!({"tools": [{"type": "function", "name": "f", "defer_loading": true}]}),
            "tools[0].defer_loading",
        ),
        (
            json!({"tool_choice": {"type": "file_search"}}),
            "tool_choice.type",
        ),
        (json!({"reasoning": {"effort": 3}}), "reasoning.effort"),
        (json!({"reasoning": {"mode": "pro"}}), "reasoning.mode"),
        (
            json!({"text": {"format": {"type": "json_schema"}}}),
            "text.format.name",
        ),
        (json!({"seed": 1}), "seed"),
        (json!({"input": null}), "input"),
        (json!({"input": 1}), "input"),
        (json!({"input": ["hi"]}), "input[0]"),
        (
            json!({"input": [{"type": "item_reference", "id": "msg_1"}]}),
            "input[0].type",
        ),
        (
            json!({"input": [{"type": "web_search_call"}]}),
            "input[0].type",
        ),
        (json!({"input": [{"role": "user"}]}), "input[0].content"),
        (
            json!({"input": [{"role": "critic", "content": ""}]}),
            "input[0].role",
        ),
        (
            json!({"input": [{"role": "system", "content": [{"type": "input_image", "image_url": "x"}]}]}),
            "input[0].content[0].type",
        ),
        (
            json!({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]}),
            "input[0].content[0].file_id",
        ),
        (
            json!({"input": [{"type": "function_call", "name": "f", "arguments": "{}"}]}),
            "input[0].call_id",
        ),
        (
            json!({"input": [{"type": "reasoning", "summary": [{"text": 1}]}]}),
            "input[0].summary[0].text",
        ),
        (json!({"surprise": {}}), "surprise"),
    ] {
        assert_eq!(refused(&with(&more)), field, "{more}");
    }
}

#[test]
fn what_only_openai_can_read_is_left_out() {
    let item = json!({"type": "reasoning", "id": "rs_1", "encrypted_content": "gAAAA",
        "summary": [{"type": "summary_text", "text": "Hm."}]});
    let request = read(&with(
        &json!({"input": [item, {"role": "assistant", "content": "x"}]}),
    ));
    assert_eq!(
        request.turns[0].parts,
        [thoughts("Hm.", None), Part::text("x")]
    );
    let orphan =
        json!({"type": "reasoning", "summary": [], "encrypted_content": "ogw-call:gone\nmark"});
    assert_eq!(read(&with(&json!({"input": [orphan]}))).turns, []);
}

proptest! {
    #[test]
    fn no_json_panics(input in any_json(), more in any_json()) {
        let _ = parse(json!({"input": input, "tools": [more]}).to_string().as_bytes());
        let _ = parse(more.to_string().as_bytes());
    }
}
