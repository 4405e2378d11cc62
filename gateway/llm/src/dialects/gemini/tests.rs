use serde_json::json;

use super::*;
use crate::{
    dialects::Target,
    ir::{Content, Event, Media, Opening, Part, Reasoning, Request, Role, Stop, Turn},
    sse::Frame,
};

const GEMINI_3: Target<'static> = Target {
    model: "gemini-3-flash",
    is_openai: false,
};
const GEMINI_2: Target<'static> = Target {
    model: "gemini-2.5-pro",
    is_openai: false,
};

fn call(id: &str, name: &str, signature: Option<&str>) -> Part {
    Part::new(Content::ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: r#"{"b":1,"a":2}"#.into(),
        signature: signature.map(Into::into),
    })
}

fn result(id: &str, content: Vec<Part>) -> Part {
    Part::new(Content::ToolResult {
        id: id.into(),
        name: None,
        content,
        is_error: false,
    })
}

fn turns(turns: impl IntoIterator<Item = (Role, Vec<Part>)>) -> Request {
    Request {
        turns: turns
            .into_iter()
            .map(|(role, parts)| Turn { role, parts })
            .collect(),
        ..Request::default()
    }
}

fn frames(bodies: &[serde_json::Value]) -> Vec<Event> {
    let mut reader = Reader::default();
    let mut events = Vec::new();
    for body in bodies {
        let data = body.to_string().into_bytes();
        let frame = Frame {
            event: None,
            data: &data,
        };
        events.extend(reader.push(frame).unwrap());
    }
    events.extend(reader.finish().unwrap());
    events
}

#[test]
fn results_follow_their_calls_in_order_under_the_tools_name() {
    let request = turns([
        (
            Role::Assistant,
            vec![call("x", "find", None), call("y", "open", None)],
        ),
        (
            Role::User,
            vec![Part::text("and?"), result("y", vec![Part::text("2")])],
        ),
        (Role::User, vec![result("x", vec![Part::text("1")])]),
    ]);
    let body = write(&request, &GEMINI_2).unwrap();
    assert_eq!(
        body["contents"],
        json!([
            {"role": "model", "parts": [
                {"functionCall": {"name": "find", "args": {"b": 1, "a": 2}}},
                {"functionCall": {"name": "open", "args": {"b": 1, "a": 2}}},
            ]},
            {"role": "user", "parts": [
                {"functionResponse": {"name": "find", "response": {"output": "1"}}},
                {"functionResponse": {"name": "open", "response": {"output": "2"}}},
            ]},
            {"role": "user", "parts": [{"text": "and?"}]},
        ])
    );
}

#[test]
fn a_result_of_no_known_call_is_refused_by_its_id() {
    let request = turns([(Role::User, vec![result("nobody", vec![])])]);
    let refusal = write(&request, &GEMINI_2).unwrap_err();
    assert_eq!(refusal.field, "tool_results[nobody]");
}

#[test]
fn only_geminis_own_signatures_go_back_to_it() {
    let part = |signature| {
        let request = turns([(
            Role::Assistant,
            vec![
                Part::new(Content::Reasoning {
                    text: "hm".into(),
                    signature: Some("of another".into()),
                }),
                call("x", "find", signature),
                call("y", "find", None),
            ],
        )]);
        write(&request, &GEMINI_3).unwrap()["contents"][0]["parts"].clone()
    };
    let own = part(Some("gemini#c2ln"));
    assert_eq!(own[0], json!({"text": "hm", "thought": true}));
    assert_eq!(own[1]["thoughtSignature"], "c2ln");
    assert!(own[2]["thoughtSignature"].is_null());
    let foreign = part(Some("c2ln"));
    assert_eq!(
        foreign[1]["thoughtSignature"],
        "skip_thought_signature_validator"
    );
    assert!(foreign[2]["thoughtSignature"].is_null());
}

#[test]
fn efforts_are_levels_or_budgets_by_the_models_age() {
    let thinking = |reasoning, target: &Target<'_>| {
        let request = Request {
            reasoning: Some(reasoning),
            ..Request::default()
        };
        write(&request, target).unwrap()["generationConfig"]["thinkingConfig"].clone()
    };
    let effort = |effort: &str| Reasoning::Effort(effort.into());
    assert_eq!(
        thinking(effort("xhigh"), &GEMINI_3),
        json!({"thinkingLevel": "high", "includeThoughts": true})
    );
    assert_eq!(
        thinking(effort("medium"), &GEMINI_2),
        json!({"thinkingBudget": 8192, "includeThoughts": true})
    );
    assert_eq!(
        thinking(Reasoning::Off, &GEMINI_2),
        json!({"thinkingBudget": 0})
    );
    assert_eq!(
        thinking(Reasoning::Adaptive, &GEMINI_2),
        json!({"thinkingBudget": -1, "includeThoughts": true})
    );
    let latest = Target {
        model: "gemini-flash-latest",
        is_openai: false,
    };
    assert_eq!(
        thinking(Reasoning::Off, &latest),
        json!({"thinkingLevel": "minimal"})
    );
}

#[test]
fn what_gemini_cannot_say_is_refused() {
    let image = |address: &str| {
        let source = Media::Url(address.into());
        turns([(
            Role::User,
            vec![Part::new(Content::Image {
                source,
                detail: None,
            })],
        )])
    };
    let tier = Request {
        service_tier: Some("flex".into()),
        ..Request::default()
    };
    let seed = Request {
        seed: Some(1 << 40),
        ..Request::default()
    };
    let terse = Request {
        verbosity: Some("low".into()),
        ..Request::default()
    };
    for (request, field) in [
        (tier, "service_tier"),
        (seed, "seed"),
        (terse, "verbosity"),
        (image("http://pictures.test/a.png"), "image_url"),
        (image("https://pictures.test/a"), "image_url"),
    ] {
        assert_eq!(write(&request, &GEMINI_3).unwrap_err().field, field);
    }
    let fetched = write(&image("https://pictures.test/a.PNG?x=.jpg"), &GEMINI_3).unwrap();
    assert_eq!(
        fetched["contents"][0]["parts"][0]["fileData"],
        json!({"mimeType": "image/png", "fileUri": "https://pictures.test/a.PNG?x=.jpg"})
    );
}

#[test]
fn images_in_results_go_where_the_model_looks_for_them() {
    let request = turns([
        (Role::Assistant, vec![call("x", "look", None)]),
        (
            Role::User,
            vec![result(
                "x",
                vec![Part::new(Content::Image {
                    source: Media::Inline {
                        media_type: "image/png".into(),
                        data: "AA==".into(),
                    },
                    detail: None,
                })],
            )],
        ),
    ]);
    let image = json!({"inlineData": {"mimeType": "image/png", "data": "AA=="}});
    let new = write(&request, &GEMINI_3).unwrap();
    assert_eq!(
        new["contents"][1]["parts"][0]["functionResponse"]["parts"],
        json!([image])
    );
    let old = write(&request, &GEMINI_2).unwrap();
    assert_eq!(old["contents"][1]["parts"][1], image);
}

#[test]
fn thoughts_text_and_calls_become_parts_with_stable_ids() {
    let bodies = [
        json!({"responseId": "r/1", "modelVersion": "gemini-3-flash", "candidates": [{"content": {"parts": [
            {"text": "Let me", "thought": true}]}}]}),
        json!({"candidates": [{"content": {"parts": [
            {"text": " see.", "thought": true}, {"text": "Look"}, {"text": "ing"},
            {"functionCall": {"name": "find", "args": {"z": 1, "a": 2}}, "thoughtSignature": "c2ln"},
            {"functionCall": {"name": "now"}}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 10, "cachedContentTokenCount": 4,
                "candidatesTokenCount": 5, "thoughtsTokenCount": 3, "toolUsePromptTokenCount": 2,
                "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 3}],
                "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 1}]}}),
    ];
    let reply = crate::dialects::whole::collect(frames(&bodies)).unwrap();
    assert_eq!(
        (reply.id.as_str(), reply.model.as_str()),
        ("r/1", "gemini-3-flash")
    );
    assert_eq!(reply.stop, Stop::ToolUse);
    let expected = [
        Content::Reasoning {
            text: "Let me see.".into(),
            signature: None,
        },
        Content::Text("Looking".into()),
        Content::ToolCall {
            id: "call_r1_0".into(),
            name: "find".into(),
            arguments: r#"{"z":1,"a":2}"#.into(),
            signature: Some("gemini#c2ln".into()),
        },
        Content::ToolCall {
            id: "call_r1_1".into(),
            name: "now".into(),
            arguments: String::new(),
            signature: None,
        },
    ];
    assert_eq!(reply.parts, expected.map(Part::new));
    let usage = Tokens {
        input: 8,
        output: 8,
        cache_read: 4,
        reasoning: 3,
        audio_input: 2,
        ..Tokens::default()
    };
    assert_eq!(reply.usage, Some(usage));
}

#[test]
fn every_ending_is_told_apart() {
    let ending = |reason: &str| {
        frames(&[json!({"candidates": [{"finishReason": reason}]})])
            .into_iter()
            .find_map(|event| match event {
                Event::Stop(stop) => Some(Ok(stop)),
                Event::Failed { kind, .. } => Some(Err(kind)),
                _ => None,
            })
            .unwrap()
    };
    assert_eq!(ending("STOP"), Ok(Stop::End));
    assert_eq!(ending("MAX_TOKENS"), Ok(Stop::Length));
    for filter in [
        "SAFETY",
        "RECITATION",
        "PROHIBITED_CONTENT",
        "SPII",
        "OTHER",
        "OF_TOMORROW",
    ] {
        assert_eq!(ending(filter), Ok(Stop::Filtered), "{filter}");
    }
    assert_eq!(
        ending("MALFORMED_FUNCTION_CALL"),
        Err("malformed_function_call".into())
    );
    let blocked = frames(&[json!({"promptFeedback": {"blockReason": "SAFETY"}})]);
    assert_eq!(blocked[1..], [Event::Stop(Stop::Filtered), Event::End]);
}

#[test]
fn an_answer_that_breaks_off_is_none() {
    let mut reader = Reader::default();
    let data = br#"{"candidates":[{"content":{"parts":[{"text":"Hel"}]}}]}"#;
    let events = reader.push(Frame { event: None, data }).unwrap();
    assert!(matches!(
        events[1],
        Event::Open {
            opening: Opening::Text,
            ..
        }
    ));
    assert!(reader.finish().is_err());
    assert!(read(b"{}").is_err());
    assert!(read(b"[]").is_err());
    let failed = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Too many: hello"}});
    let refused = read(failed.to_string().as_bytes()).unwrap_err();
    assert_eq!(refused.0, "the provider failed: rate_limit_error");
}
