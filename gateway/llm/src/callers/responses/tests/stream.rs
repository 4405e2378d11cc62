use std::fmt::Write as _;

use gateway_domain::money::Tokens;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    super::{self as responses, Renderer, reply},
    answer, call, codex, read, rendering,
};
use crate::ir::{Event, Opening, Part, Request, Stop};

fn open(index: usize, opening: Opening) -> Event {
    Event::Open { index, opening }
}

fn delta(index: usize, text: &str) -> Event {
    let text = text.to_owned();
    Event::Delta { index, text }
}

fn tool(id: &str, name: &str) -> Opening {
    Opening::ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        signature: None,
    }
}

fn start() -> Event {
    Event::Start {
        id: "up".to_owned(),
        model: "up".to_owned(),
        usage: None,
    }
}

fn stream(events: Vec<Event>, request: Request) -> Vec<Value> {
    let mut renderer = Renderer::new(rendering(request));
    let mut out = Vec::new();
    for event in events {
        renderer.push(event, &mut out);
    }
    let text = String::from_utf8(out).unwrap();
    text.split_terminator("\n\n")
        .enumerate()
        .map(|(number, frame)| {
            let (name, data) = frame.split_once('\n').unwrap();
            let mut data: Value =
                serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            let fields = data.as_object_mut().unwrap();
            assert_eq!(fields.swap_remove("sequence_number").unwrap(), number);
            assert_eq!(name.strip_prefix("event: ").unwrap(), fields["type"]);
            data
        })
        .collect()
}

/// Responses without what was asked.
fn brief(events: &[Value]) -> String {
    events.iter().fold(String::new(), |mut all, event| {
        let mut event = event.clone();
        let fields = event.as_object_mut().unwrap();
        let name = fields.swap_remove("type").unwrap();
        if let Some(response) = fields.get_mut("response") {
            let kept = ["status", "output", "usage", "error", "incomplete_details"];
            response
                .as_object_mut()
                .unwrap()
                .retain(|name, value| kept.contains(&name.as_str()) && !value.is_null());
        }
        writeln!(all, "{} {event}", name.as_str().unwrap()).unwrap();
        all
    })
}

#[test]
fn a_stream_is_said() {
    let signed = |signature: &str| Event::Signature {
        index: 0,
        signature: signature.to_owned(),
    };
    let events = vec![
        start(),
        open(0, Opening::Reasoning),
        delta(0, "Hm"),
        delta(0, "."),
        signed("si"),
        signed("g"),
        Event::Close { index: 0 },
        open(1, Opening::Text),
        delta(1, "Look."),
        Event::Close { index: 1 },
        open(2, Opening::Refusal),
        delta(2, "No."),
        Event::Close { index: 2 },
        open(3, tool("c1", "exec_command")),
        open(4, tool("c2", "apply_patch")),
        delta(3, "{\"cmd\":"),
        delta(4, "{\"input\":\"*"),
        delta(3, "1}"),
        delta(4, "**\\n\"}"),
        Event::Close { index: 3 },
        Event::Close { index: 4 },
        open(5, tool("c3", "agents__close_agent")),
        Event::Close { index: 5 },
        Event::Stop(Stop::ToolUse),
        Event::Usage(Tokens {
            input: 1,
            output: 2,
            ..Tokens::default()
        }),
        Event::End,
        Event::End,
    ];
    insta::assert_snapshot!(brief(&stream(events, read(&codex()))), @r#"
    response.created {"response":{"status":"in_progress","output":[]}}
    response.in_progress {"response":{"status":"in_progress","output":[]}}
    response.output_item.added {"output_index":0,"item":{"id":"rs_0123_0","type":"reasoning","summary":[]}}
    response.reasoning_summary_part.added {"summary_index":0,"part":{"type":"summary_text","text":""},"item_id":"rs_0123_0","output_index":0}
    response.reasoning_summary_text.delta {"summary_index":0,"delta":"Hm","item_id":"rs_0123_0","output_index":0}
    response.reasoning_summary_text.delta {"summary_index":0,"delta":".","item_id":"rs_0123_0","output_index":0}
    response.reasoning_summary_text.done {"summary_index":0,"text":"Hm.","item_id":"rs_0123_0","output_index":0}
    response.reasoning_summary_part.done {"summary_index":0,"part":{"type":"summary_text","text":"Hm."},"item_id":"rs_0123_0","output_index":0}
    response.output_item.done {"output_index":0,"item":{"id":"rs_0123_0","type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}],"encrypted_content":"ogw-signature:sig"}}
    response.output_item.added {"output_index":1,"item":{"id":"msg_0123_1","type":"message","status":"in_progress","role":"assistant","content":[]}}
    response.content_part.added {"content_index":0,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]},"item_id":"msg_0123_1","output_index":1}
    response.output_text.delta {"content_index":0,"delta":"Look.","logprobs":[],"item_id":"msg_0123_1","output_index":1}
    response.output_text.done {"content_index":0,"text":"Look.","logprobs":[],"item_id":"msg_0123_1","output_index":1}
    response.content_part.done {"content_index":0,"part":{"type":"output_text","text":"Look.","annotations":[],"logprobs":[]},"item_id":"msg_0123_1","output_index":1}
    response.content_part.added {"content_index":1,"part":{"type":"refusal","refusal":""},"item_id":"msg_0123_1","output_index":1}
    response.refusal.delta {"content_index":1,"delta":"No.","item_id":"msg_0123_1","output_index":1}
    response.refusal.done {"content_index":1,"refusal":"No.","item_id":"msg_0123_1","output_index":1}
    response.content_part.done {"content_index":1,"part":{"type":"refusal","refusal":"No."},"item_id":"msg_0123_1","output_index":1}
    response.output_item.done {"output_index":1,"item":{"id":"msg_0123_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Look.","annotations":[],"logprobs":[]},{"type":"refusal","refusal":"No."}]}}
    response.output_item.added {"output_index":2,"item":{"id":"fc_0123_2","type":"function_call","status":"in_progress","arguments":"","call_id":"c1","name":"exec_command"}}
    response.output_item.added {"output_index":3,"item":{"id":"ctc_0123_3","type":"custom_tool_call","status":"in_progress","call_id":"c2","name":"apply_patch","input":""}}
    response.function_call_arguments.delta {"delta":"{\"cmd\":","item_id":"fc_0123_2","output_index":2}
    response.custom_tool_call_input.delta {"delta":"*","item_id":"ctc_0123_3","output_index":3}
    response.function_call_arguments.delta {"delta":"1}","item_id":"fc_0123_2","output_index":2}
    response.custom_tool_call_input.delta {"delta":"**\n","item_id":"ctc_0123_3","output_index":3}
    response.function_call_arguments.done {"name":"exec_command","arguments":"{\"cmd\":1}","item_id":"fc_0123_2","output_index":2}
    response.output_item.done {"output_index":2,"item":{"id":"fc_0123_2","type":"function_call","status":"completed","arguments":"{\"cmd\":1}","call_id":"c1","name":"exec_command"}}
    response.custom_tool_call_input.done {"input":"***\n","item_id":"ctc_0123_3","output_index":3}
    response.output_item.done {"output_index":3,"item":{"id":"ctc_0123_3","type":"custom_tool_call","status":"completed","call_id":"c2","name":"apply_patch","input":"***\n"}}
    response.output_item.added {"output_index":4,"item":{"id":"fc_0123_4","type":"function_call","status":"in_progress","arguments":"","call_id":"c3","name":"close_agent","namespace":"agents"}}
    response.function_call_arguments.delta {"delta":"{}","item_id":"fc_0123_4","output_index":4}
    response.function_call_arguments.done {"name":"close_agent","arguments":"{}","item_id":"fc_0123_4","output_index":4}
    response.output_item.done {"output_index":4,"item":{"id":"fc_0123_4","type":"function_call","status":"completed","arguments":"{}","call_id":"c3","name":"close_agent","namespace":"agents"}}
    response.completed {"response":{"status":"completed","output":[{"id":"rs_0123_0","type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}],"encrypted_content":"ogw-signature:sig"},{"id":"msg_0123_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Look.","annotations":[],"logprobs":[]},{"type":"refusal","refusal":"No."}]},{"id":"fc_0123_2","type":"function_call","status":"completed","arguments":"{\"cmd\":1}","call_id":"c1","name":"exec_command"},{"id":"ctc_0123_3","type":"custom_tool_call","status":"completed","call_id":"c2","name":"apply_patch","input":"***\n"},{"id":"fc_0123_4","type":"function_call","status":"completed","arguments":"{}","call_id":"c3","name":"close_agent","namespace":"agents"}],"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":3}}}
    "#);
}

#[test]
fn a_stream_that_is_cut_short_is_incomplete() {
    let events = vec![
        open(0, Opening::Text),
        delta(0, "Lo"),
        Event::Stop(Stop::Length),
        Event::End,
    ];
    let said = stream(events, Request::default());
    let last = said.last().unwrap();
    assert_eq!(last["type"], "response.incomplete");
    assert_eq!(last["response"]["output"][0]["content"][0]["text"], "Lo");
}

#[test]
fn a_failure_is_said() {
    let failed = Event::Failed {
        kind: "overloaded_error".to_owned(),
        message: "Overloaded".to_owned(),
    };
    let said = stream(
        vec![
            start(),
            open(0, Opening::Text),
            delta(0, "Lo"),
            failed,
            Event::End,
        ],
        Request::default(),
    );
    let last = said.last().unwrap();
    assert_eq!(last["type"], "response.failed");
    assert_eq!(last["response"]["status"], "failed");
    assert_eq!(last["response"]["output"][0]["status"], "incomplete");
    let error = json!({"code": "server_is_overloaded", "message": "Overloaded"});
    assert_eq!(last["response"]["error"], error);
}

/// The end of a stream and the whole answer say the same.
#[test]
fn a_stream_ends_in_the_answer() {
    let answer = answer(vec![
        Part::text("One."),
        call("c1", "apply_patch", "no JSON", None),
    ]);
    let request = read(&codex());
    let mut events = vec![start()];
    for (index, part) in answer.parts.iter().enumerate() {
        events.extend(responses::events(index, part));
    }
    events.extend([
        Event::Stop(answer.stop.clone()),
        Event::Usage(answer.usage.unwrap()),
        Event::End,
    ]);
    let whole: Value =
        serde_json::from_slice(&reply(&answer, &rendering(request.clone()))).unwrap();
    assert_eq!(stream(events, request).last().unwrap()["response"], whole);
    assert_eq!(whole["output"][1]["input"], "no JSON");
}

fn any_event() -> impl Strategy<Value = Event> {
    let index = 0..4_usize;
    let opening = prop_oneof![
        Just(Opening::Text),
        Just(Opening::Refusal),
        Just(Opening::Reasoning),
        Just(Opening::SealedReasoning("s".to_owned())),
        Just(tool("c", "apply_patch")),
        Just(tool("c", "f")),
    ];
    prop_oneof![
        Just(start()),
        (index.clone(), opening).prop_map(|(index, opening)| open(index, opening)),
        (index.clone(), ".*").prop_map(|(index, text)| delta(index, &text)),
        (index.clone(), ".*").prop_map(|(index, signature)| Event::Signature { index, signature }),
        index.prop_map(|index| Event::Close { index }),
        Just(Event::Stop(Stop::End)),
    ]
}

proptest! {
    /// Whatever comes, every frame is one, and every item that was added is done by the end.
    #[test]
    fn no_events_panic(mut events in prop::collection::vec(any_event(), 0..20)) {
        events.push(Event::End);
        let said = stream(events, read(&codex()));
        let count = |name: &str| said.iter().filter(|event| event["type"] == name).count();
        prop_assert_eq!(count("response.output_item.added"), count("response.output_item.done"));
        prop_assert_eq!(count("response.created"), 1);
        prop_assert_eq!(count("response.completed"), 1);
    }
}
