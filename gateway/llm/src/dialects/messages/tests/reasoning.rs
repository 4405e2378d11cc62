use serde_json::{Value, json};

use super::{
    call,
    requests::{BUDGETED, NEW, hello, result, said, turn},
    text, thought,
};
use crate::{
    dialects::{Target, messages::write},
    ir::{Content, Reasoning, Request, Role},
};

#[test]
fn reasoning_is_said_as_the_generation_understands_it() {
    let reasoning = |reasoning: Reasoning, model: &str| {
        let body = said(
            &Request {
                reasoning: Some(reasoning),
                ..hello()
            },
            model,
        );
        (
            body["thinking"].clone(),
            body["output_config"]["effort"].clone(),
        )
    };
    let effort = |word: &str| Reasoning::Effort(word.into());
    let adaptive = json!({"type": "adaptive", "display": "summarized"});
    let budget = |tokens: u64| json!({"type": "enabled", "budget_tokens": tokens});
    assert_eq!(
        reasoning(effort("minimal"), NEW),
        (adaptive.clone(), json!("low"))
    );
    assert_eq!(
        reasoning(effort("xhigh"), NEW),
        (adaptive.clone(), json!("high"))
    );
    assert_eq!(
        reasoning(effort("xhigh"), "claude-opus-4-7"),
        (adaptive.clone(), json!("xhigh"))
    );
    assert_eq!(
        reasoning(Reasoning::Adaptive, NEW),
        (adaptive.clone(), Value::Null)
    );
    assert_eq!(
        reasoning(Reasoning::Budget(2000), NEW),
        (adaptive, json!("low"))
    );
    assert_eq!(
        reasoning(effort("high"), BUDGETED),
        (budget(16_384), Value::Null)
    );
    assert_eq!(
        reasoning(Reasoning::Budget(2000), BUDGETED),
        (budget(2000), Value::Null)
    );
    assert_eq!(
        reasoning(Reasoning::Off, BUDGETED).0,
        json!({"type": "disabled"})
    );
    assert_eq!(
        reasoning(effort("none"), NEW).0,
        json!({"type": "disabled"})
    );
    assert_eq!(
        reasoning(Reasoning::Off, "claude-3-haiku-20240307").0,
        Value::Null
    );
    let small = Request {
        reasoning: Some(effort("high")),
        max_output_tokens: Some(2000),
        ..hello()
    };
    assert_eq!(said(&small, BUDGETED)["thinking"], budget(1600));
    let old = Request {
        reasoning: Some(effort("low")),
        ..hello()
    };
    let refused = write(
        &old,
        &Target {
            model: "claude-3-haiku-20240307",
            is_openai: false,
        },
    );
    assert_eq!(refused.unwrap_err().field, "reasoning_effort");
}

#[test]
fn thoughts_go_back_to_whom_they_came_from() {
    let asked = |thoughts: Vec<Content>| {
        let mut called = thoughts;
        called.push(call("a", "{}"));
        let turns = vec![
            turn(Role::User, vec![text("hi")]),
            turn(Role::Assistant, called),
            turn(Role::User, vec![result("a", vec![])]),
        ];
        said(
            &Request {
                turns,
                reasoning: Some(Reasoning::Effort("low".into())),
                ..Request::default()
            },
            BUDGETED,
        )
    };
    let kinds = |body: &Value| -> Vec<String> {
        let blocks = body["messages"][1]["content"].as_array().unwrap();
        blocks
            .iter()
            .map(|block| block["type"].as_str().unwrap().to_owned())
            .collect()
    };
    let signed = asked(vec![
        thought(Some("c2ln")),
        Content::SealedReasoning("x".into()),
    ]);
    assert_eq!(
        kinds(&signed),
        ["thinking", "redacted_thinking", "tool_use"]
    );
    assert_eq!(signed["thinking"]["type"], "enabled");
    for lost in [
        vec![],
        vec![thought(None)],
        vec![thought(Some("gemini#x"))],
        vec![text("Let me see.")],
    ] {
        let body = asked(lost);
        assert!(!kinds(&body).contains(&"thinking".to_owned()));
        assert_eq!(body.get("thinking"), None);
    }
}
