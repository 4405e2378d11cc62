#![expect(
    clippy::needless_pass_by_value,
    reason = "JSON is written where it is used"
)]

use serde_json::{Value, json};

use super::parts;
use crate::{
    callers::messages::parse,
    ir::{Content, Format, Media, Part, Reasoning, Request, ToolChoice},
};

fn request(changed: Value) -> Value {
    let mut request =
        json!({"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]});
    let Value::Object(changed) = changed else {
        panic!()
    };
    request.as_object_mut().unwrap().extend(changed);
    request
}

fn read(changed: Value) -> Request {
    parse(request(changed).to_string().as_bytes()).unwrap()
}

fn refused(changed: Value) -> String {
    parse(request(changed).to_string().as_bytes())
        .unwrap_err()
        .field
}

fn said(role: &str, content: Value) -> Value {
    json!({"messages": [{"role": role, "content": content}]})
}

fn part(role: &str, block: Value) -> Content {
    parts(role, &json!([block])).remove(0).content
}

#[test]
fn what_claude_code_sends_reaches_every_model() {
    let body = include_bytes!("../../../testdata/messages.request.json");
    let request = parse(body).unwrap();
    assert_eq!(request.system[0].cache.as_deref(), Some("5m"));
    assert_eq!(request.turns[0].parts[0].cache.as_deref(), Some("1h"));
    assert_eq!(request.reasoning, Some(Reasoning::Effort("high".into())));
    assert_eq!(request.user.as_deref(), Some("user_abc_account__session_1"));
    assert_eq!(request.max_output_tokens, Some(32_000));
    assert!(request.stream);
    let Content::ToolCall { arguments, .. } = &request.turns[1].parts[1].content else {
        panic!()
    };
    assert_eq!(arguments, r#"{"command":"ls\t-la","timeout":1.2}"#);
    let Content::ToolResult { name, content, .. } = &request.turns[2].parts[0].content else {
        panic!()
    };
    assert_eq!(
        (name.as_deref(), content),
        (Some("Bash"), &vec![Part::text("ok")])
    );
    let schema = request.tools[0].parameters.as_ref().unwrap();
    assert_eq!(
        schema.as_object().unwrap().keys().next().unwrap(),
        "$schema",
        "the order stays"
    );
}

#[test]
fn plain_parameters_are_read() {
    let request = read(json!({
        "system": "Be brief.", "temperature": 0.5, "top_p": 0.9, "top_k": 40, "stop_sequences": ["a", "b"],
        "service_tier": "auto", "metadata": {"user_id": null}, "stream": false,
    }));
    assert_eq!(request.system, [Part::text("Be brief.")]);
    assert_eq!(
        (request.temperature, request.top_p, request.top_k),
        (Some(0.5), Some(0.9), Some(40))
    );
    assert_eq!(request.stop, ["a", "b"]);
    assert_eq!(
        (request.service_tier.as_deref(), request.user),
        (Some("auto"), None)
    );
}

#[test]
fn every_block_that_others_know_is_read() {
    let inline = |media_type: &str| Media::Inline {
        media_type: media_type.into(),
        data: "QQ==".into(),
    };
    let base64 =
        |media_type: &str| json!({"type": "base64", "media_type": media_type, "data": "QQ=="});
    assert_eq!(
        part(
            "user",
            json!({"type": "image", "source": base64("image/png")})
        ),
        Content::Image {
            source: inline("image/png"),
            detail: None
        }
    );
    assert_eq!(
        part(
            "user",
            json!({"type": "image", "source": {"type": "url", "url": "https://a/b.png"}})
        ),
        Content::Image {
            source: Media::Url("https://a/b.png".into()),
            detail: None
        }
    );
    assert_eq!(
        part(
            "user",
            json!({"type": "document", "source": base64("application/pdf"), "title": "T", "citations": {"enabled": false}})
        ),
        Content::File {
            source: inline("application/pdf"),
            name: Some("T".into())
        }
    );
    let text = json!({"type": "document", "title": "T", "context": "C", "source": {"type": "text", "media_type": "text/plain", "data": "D"}});
    assert_eq!(part("user", text), Content::Text("T\n\nC\n\nD".into()));
    assert_eq!(
        part(
            "assistant",
            json!({"type": "thinking", "thinking": "hm", "signature": "c2ln"})
        ),
        Content::Reasoning {
            text: "hm".into(),
            signature: Some("c2ln".into())
        }
    );
    assert_eq!(
        part(
            "assistant",
            json!({"type": "redacted_thinking", "data": "x"})
        ),
        Content::SealedReasoning("x".into())
    );
    let result = json!({
        "type": "tool_result", "tool_use_id": "t", "is_error": true, "cache_control": {"type": "ephemeral"},
        "content": [{"type": "text", "text": "no"}, {"type": "image", "source": base64("image/png")}],
    });
    let read = parts("user", &json!([result])).remove(0);
    assert_eq!(read.cache.as_deref(), Some("5m"));
    let Content::ToolResult {
        content, is_error, ..
    } = read.content
    else {
        panic!()
    };
    assert_eq!((content.len(), is_error), (2, true));
}

#[test]
fn what_only_anthropic_knows_is_refused_by_its_name() {
    let block = |block: Value| refused(said("user", json!([block])));
    let reply = |block: Value| refused(said("assistant", json!([block])));
    let tool = |tool: Value| refused(json!({"tools": [{"name": "a", "input_schema": {}}, tool]}));
    for (field, expected) in [
        (
            block(json!({"type": "image", "source": {"type": "file", "file_id": "f"}})),
            "messages[0].content[0].source.file_id",
        ),
        (
            block(json!({"type": "document", "source": {"type": "content", "content": "x"}})),
            "messages[0].content[0].source.type",
        ),
        (
            block(
                json!({"type": "document", "citations": {"enabled": true}, "source": {"type": "url", "url": "u"}}),
            ),
            "messages[0].content[0].citations.enabled",
        ),
        (
            block(json!({"type": "search_result", "source": "x"})),
            "messages[0].content[0].type",
        ),
        (
            block(json!({"type": "tool_use", "id": "a", "name": "b", "input": {}})),
            "messages[0].content[0].type",
        ),
        (
            block(json!({"type": "text", "text": "a", "new": 1})),
            "messages[0].content[0].new",
        ),
        (
            block(
                json!({"type": "tool_result", "tool_use_id": "a", "content": [{"type": "tool_reference"}]}),
            ),
            "messages[0].content[0].content[0].type",
        ),
        (
            reply(json!({"type": "server_tool_use", "id": "a", "name": "web_search", "input": {}})),
            "messages[0].content[0].type",
        ),
        (
            reply(json!({"type": "text", "text": "a", "citations": [{}]})),
            "messages[0].content[0].citations",
        ),
        (
            tool(json!({"type": "web_search_20250305", "name": "web_search"})),
            "tools[1].type",
        ),
        (
            tool(json!({"name": "b", "input_schema": {}, "defer_loading": true})),
            "tools[1].defer_loading",
        ),
        (
            tool(json!({"name": "b", "input_schema": {}, "input_examples": [{}]})),
            "tools[1].input_examples",
        ),
        (tool(json!({"name": "b"})), "tools[1].input_schema"),
        (refused(said("tool", json!("x"))), "messages[0].role"),
        (
            refused(json!({"system": [{"type": "image"}]})),
            "system[0].type",
        ),
        (refused(json!({"max_tokens": null})), "max_tokens"),
        (refused(json!({"max_tokens": 0})), "max_tokens"),
        (refused(json!({"messages": null})), "messages"),
        (
            refused(json!({"thinking": {"type": "between_tools"}})),
            "thinking.type",
        ),
        (
            refused(json!({"thinking": {"type": "enabled"}})),
            "thinking.budget_tokens",
        ),
        (
            refused(json!({"context_management": {"edits": [{"type": "compact_20260112"}]}})),
            "context_management.edits[0].type",
        ),
        (
            refused(json!({"output_config": {"task_budget": {}}})),
            "output_config.task_budget",
        ),
        (
            refused(json!({"output_config": {"format": {"type": "xml"}}})),
            "output_config.format.type",
        ),
        (refused(json!({"mcp_servers": [{}]})), "mcp_servers"),
        (refused(json!({"container": "c"})), "container"),
        (refused(json!({"inference_geo": "us"})), "inference_geo"),
        (refused(json!({"speed": "fast"})), "speed"),
        (refused(json!({"fallbacks": []})), "fallbacks"),
        (refused(json!({"metadata": {"x": 1}})), "metadata.x"),
        (refused(json!({"something_new": 1})), "something_new"),
        (
            refused(json!({"tool_choice": {"type": "some"}})),
            "tool_choice.type",
        ),
    ] {
        assert_eq!(field, expected);
    }
}

#[test]
fn instructions_within_the_conversation_join_those_before_it() {
    let system = |text: &str, clear_at: Value| json!({"role": "system", "content": text, "clear_at": clear_at});
    let user = json!({"role": "user", "content": "hi"});
    let passing = json!("next_user_message");
    let blocks = json!([{"type": "text", "text": "b"}]);
    let request = read(json!({"system": "a", "messages": [
        user, {"role": "system", "content": blocks}, system("gone", passing.clone()), user, system("c", passing), system("d", json!("never")),
    ]}));
    let texts = ["a", "b", "d", "c"].map(Part::text);
    assert_eq!((request.system, request.turns.len()), (texts.to_vec(), 2));
    let odd = json!({"role": "system", "content": "x", "output_config": {"effort": "low"}});
    assert_eq!(
        refused(json!({"messages": [odd]})),
        "messages[0].output_config"
    );
}

#[test]
fn hints_are_left_out() {
    let plain = read(json!({}));
    for hint in [
        json!({"cache_control": {"type": "ephemeral"}}),
        json!({"diagnostics": {"previous_message_id": null}}),
        json!({"context_management": {"edits": [{"type": "clear_tool_uses_20250919", "keep": {}}]}}),
        json!({"speed": "standard", "mcp_servers": [], "container": null}),
    ] {
        assert_eq!(read(hint), plain);
    }
}

#[test]
fn thinking_and_effort_become_one() {
    let reasoning = |changed| read(changed).reasoning;
    let effort = |word: &str| Some(Reasoning::Effort(word.into()));
    let enabled = json!({"type": "enabled", "budget_tokens": 2000, "display": "omitted"});
    assert_eq!(
        reasoning(json!({"thinking": enabled})),
        Some(Reasoning::Budget(2000))
    );
    assert_eq!(
        reasoning(json!({"thinking": {"type": "adaptive"}})),
        Some(Reasoning::Adaptive)
    );
    let low = json!({"effort": "low"});
    assert_eq!(
        reasoning(json!({"thinking": enabled, "output_config": low})),
        effort("low")
    );
    assert_eq!(reasoning(json!({"output_config": low})), effort("low"));
    assert_eq!(
        reasoning(json!({"thinking": {"type": "disabled"}, "output_config": low})),
        Some(Reasoning::Off)
    );
    assert_eq!(reasoning(json!({})), None);
}

#[test]
fn schemas_and_choices_are_read() {
    let format = json!({"type": "json_schema", "schema": {"type": "object"}});
    for changed in [
        json!({"output_config": {"format": format}}),
        json!({"output_format": format}),
    ] {
        let Format::JsonSchema { schema, strict, .. } = read(changed).format else {
            panic!()
        };
        assert_eq!((schema, strict), (json!({"type": "object"}), Some(true)));
    }
    let choice = |choice| {
        let request = read(json!({"tool_choice": choice}));
        (request.tool_choice, request.parallel_tool_calls)
    };
    assert_eq!(
        choice(json!({"type": "auto"})),
        (Some(ToolChoice::Auto), None)
    );
    assert_eq!(
        choice(json!({"type": "any", "disable_parallel_tool_use": true})),
        (Some(ToolChoice::Required), Some(false))
    );
    assert_eq!(
        choice(json!({"type": "tool", "name": "a"})),
        (Some(ToolChoice::Tool("a".into())), None)
    );
    assert_eq!(
        choice(json!({"type": "none"})),
        (Some(ToolChoice::None), None)
    );
}
