use std::sync::Arc;

use gateway_domain::money::Tokens;
use serde_json::{Value, json};

use super::{parse, reply};
use crate::{
    callers::Rendering,
    dialects::chat::tests::outline,
    ir::{Content, Part, Reply, Request, Role, Stop},
};

mod request;
mod stream;

fn read(body: &Value) -> Request {
    parse(body.to_string().as_bytes()).unwrap()
}

fn with(more: &Value) -> Value {
    let mut body = json!({"model": "m", "input": "hi"});
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
        include_usage: false,
        request: Arc::new(request),
    }
}

fn thoughts(text: &str, signature: Option<&str>) -> Part {
    Part::new(Content::Reasoning {
        text: text.to_owned(),
        signature: signature.map(str::to_owned),
    })
}

fn call(id: &str, name: &str, arguments: &str, signature: Option<&str>) -> Part {
    Part::new(Content::ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        signature: signature.map(str::to_owned),
    })
}

/// What Codex 0.169 sends, shortened.
fn codex() -> Value {
    json!({
        "model": "m",
        "instructions": "You are Codex.",
        "input": [
            {"type": "message", "id": "msg_1", "role": "developer", "content": [{"type": "input_text", "text": "Rules."}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Fix it."}]},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}],
             "content": null, "encrypted_content": "ogw-signature:sig=="},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "On it."}], "phase": "commentary"},
            {"type": "custom_tool_call", "status": "completed", "call_id": "c1", "name": "apply_patch", "input": "*** \"x\"\n"},
            {"type": "function_call", "name": "spawn_agent", "namespace": "agents", "arguments": "{}", "call_id": "c2"},
            {"type": "custom_tool_call_output", "call_id": "c1", "output": "done"},
            {"type": "function_call_output", "call_id": "c2", "output": [
                {"type": "input_text", "text": "ok"},
                {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "high"},
            ]},
        ],
        "tools": [
            {"type": "function", "name": "exec_command", "description": "Runs.", "strict": false,
             "parameters": {"type": "object", "properties": {"cmd": {"type": "string"}}}},
            {"type": "namespace", "name": "agents", "description": "Sub-agents.", "tools": [
                {"type": "function", "name": "spawn_agent", "description": "Spawns.", "strict": false, "parameters": {}},
                {"type": "function", "name": "close_agent", "description": "Closes.", "strict": false, "parameters": {}},
            ]},
            {"type": "custom", "name": "apply_patch", "description": "Edits files.",
             "format": {"type": "grammar", "syntax": "lark", "definition": "start: patch"}},
        ],
        "tool_choice": "auto",
        "parallel_tool_calls": true,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "store": false,
        "stream": true,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "k",
        "text": {"verbosity": "low"},
        "client_metadata": {"x": "y"},
    })
}

/// An answer's output, sent back as input.
fn back(answer: &Reply, request: &Request) -> Vec<Part> {
    let said: Value = serde_json::from_slice(&reply(answer, &rendering(request.clone()))).unwrap();
    let again = read(&with(&json!({ "input": said["output"] })));
    assert_eq!(again.turns.len(), 1);
    assert_eq!(again.turns[0].role, Role::Assistant);
    again
        .turns
        .into_iter()
        .flat_map(|turn| turn.parts)
        .collect()
}

fn answer(parts: Vec<Part>) -> Reply {
    Reply {
        id: "up".to_owned(),
        model: "up".to_owned(),
        parts,
        stop: Stop::ToolUse,
        usage: Some(Tokens {
            input: 10,
            output: 7,
            cache_read: 20,
            cache_write: 3,
            reasoning: 2,
            ..Tokens::default()
        }),
    }
}

#[test]
fn what_a_model_said_comes_back_as_it_was() {
    let parts = vec![
        thoughts("Hm.\n", Some("sig==")),
        thoughts("", Some("sig2")),
        Part::new(Content::SealedReasoning("sealed".to_owned())),
        thoughts("Unsigned.", None),
        Part::text("One."),
        Part::new(Content::Refusal("No.".to_owned())),
        call("c1", "exec_command", r#"{"cmd": "ls"}"#, Some("mark\n1")),
        call("c2", "agents__spawn_agent", "{}", None),
        call("c3", "apply_patch", r#"{"input":"a\nb"}"#, Some("mark2")),
    ];
    assert_eq!(back(&answer(parts.clone()), &read(&codex())), parts);
}

#[test]
fn an_answer_is_said() {
    let mut request = read(&codex());
    request.tools.truncate(2);
    let parts = vec![
        thoughts("Hm.", Some("sig==")),
        Part::text("One."),
        Part::text("Two."),
        call("c2", "agents__spawn_agent", "", None),
    ];
    let body: Value = serde_json::from_slice(&reply(&answer(parts), &rendering(request))).unwrap();
    insta::assert_snapshot!(outline(&body), @r#"
    id: "resp_0123"
    object: "response"
    created_at: 1700000000
    status: "completed"
    background: false
    error: null
    incomplete_details: null
    instructions: null
    max_output_tokens: null
    metadata: {}
    model: "house/fast"
    output:
    - {"id":"rs_0123_0","type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}],"encrypted_content":"ogw-signature:sig=="}
    - {"id":"msg_0123_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"One.","annotations":[],"logprobs":[]},{"type":"output_text","text":"Two.","annotations":[],"logprobs":[]}]}
    - {"id":"fc_0123_2","type":"function_call","status":"completed","arguments":"{}","call_id":"c2","name":"spawn_agent","namespace":"agents"}
    parallel_tool_calls: true
    previous_response_id: null
    reasoning: {"effort":"medium","summary":null}
    service_tier: null
    store: false
    temperature: null
    text: {"format":{"type":"text"},"verbosity":"low"}
    tool_choice: "auto"
    tools:
    - {"type":"function","name":"exec_command","description":"Runs.","parameters":{"type":"object","properties":{"cmd":{"type":"string"}}},"strict":false}
    - {"type":"namespace","name":"agents","tools":[{"type":"function","name":"spawn_agent","description":"About all tools whose names begin with agents: Sub-agents.\n\nSpawns.","parameters":{},"strict":false}]}
    top_p: null
    truncation: "disabled"
    usage: {"input_tokens":33,"input_tokens_details":{"cached_tokens":20,"cache_write_tokens":3},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":40}
    user: null
    "#);
}

#[test]
fn a_search_for_tools_is_the_callers() {
    let request = read(&with(&json!({
        "tools": [{"type": "tool_search", "execution": "client", "description": "Finds.",
            "parameters": {"type": "object", "properties": {"query": {"type": "string"}}}}],
        "input": [
            {"type": "tool_search_call", "call_id": "c1", "execution": "client", "arguments": {"query": "mail"}},
            {"type": "tool_search_output", "call_id": "c1", "execution": "client", "status": "completed", "tools": [
                {"type": "namespace", "name": "mcp__mail", "description": "", "tools": [
                    {"type": "function", "name": "send", "defer_loading": true, "parameters": {}},
                ]},
                {"type": "function", "name": "post", "parameters": {}},
            ]},
        ],
    })));
    let names: Vec<_> = request
        .tools
        .iter()
        .map(|tool| tool.name.as_str())
        .collect();
    assert_eq!(names, ["tool_search", "mcp__mail__send", "post"]);
    assert_eq!(
        request.turns[0].parts,
        [call("c1", "tool_search", r#"{"query":"mail"}"#, None)]
    );
    let told = vec![Part::text(
        "These tools can be called now: mcp__mail__send, post.",
    )];
    assert!(
        matches!(&request.turns[1].parts[0].content, Content::ToolResult { content, .. } if *content == told)
    );
    let answer = answer(request.turns[0].parts.clone());
    let body: Value = serde_json::from_slice(&reply(&answer, &rendering(request))).unwrap();
    assert_eq!(
        body["output"],
        json!([{"id": "tsc_0123_0", "type": "tool_search_call", "execution": "client", "status": "completed",
            "call_id": "c1", "arguments": {"query": "mail"}}])
    );
}

#[test]
fn an_answer_that_broke_off_says_why() {
    for (stop, parts, status, reason) in [
        (
            Stop::Length,
            vec![],
            "incomplete",
            json!("max_output_tokens"),
        ),
        (
            Stop::ContextWindow,
            vec![],
            "incomplete",
            json!("max_output_tokens"),
        ),
        (
            Stop::Filtered,
            vec![Part::text("x")],
            "incomplete",
            json!("content_filter"),
        ),
        (
            Stop::Filtered,
            vec![Part::new(Content::Refusal("x".to_owned()))],
            "completed",
            Value::Null,
        ),
        (Stop::Sequence(None), vec![], "completed", Value::Null),
    ] {
        let mut answer = answer(parts);
        answer.stop = stop;
        let body = reply(&answer, &rendering(Request::default()));
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["status"], status);
        assert_eq!(
            body["incomplete_details"]
                .get("reason")
                .cloned()
                .unwrap_or_default(),
            reason
        );
    }
}
