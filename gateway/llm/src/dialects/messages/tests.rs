use super::*;
use crate::{
    ir::{Content, Event, Opening},
    sse::{Frame, Splitter},
    testdata,
};

mod reasoning;
mod requests;

fn text(text: &str) -> Content {
    Content::Text(text.into())
}

fn call(id: &str, arguments: &str) -> Content {
    Content::ToolCall {
        id: id.into(),
        name: "get".into(),
        arguments: arguments.into(),
        signature: None,
    }
}

fn thought(signature: Option<&str>) -> Content {
    Content::Reasoning {
        text: "hm".into(),
        signature: signature.map(str::to_owned),
    }
}

#[test]
fn generations_are_told_from_names() {
    for (model, expected) in [
        ("claude-3-5-sonnet-20241022", Some((3, 5))),
        ("claude-3-opus-20240229", Some((3, 0))),
        ("claude-3-7-sonnet-latest", Some((3, 7))),
        ("claude-opus-4-20250514", Some((4, 0))),
        ("claude-opus-4-1-20250805", Some((4, 1))),
        ("claude-sonnet-4@20250514", Some((4, 0))),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", Some((4, 5))),
        ("anthropic/claude-sonnet-5", Some((5, 0))),
        ("claude-next", None),
        ("echo", None),
    ] {
        assert_eq!(generation(model), expected, "{model}");
    }
}

#[test]
fn a_whole_answer_is_read() {
    let body = br#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[
        {"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"redacted_thinking","data":"x"},
        {"type":"text","text":"Hello","citations":null},{"type":"server_tool_use","id":"s","name":"w","input":{}},
        {"type":"tool_use","id":"toolu_1","name":"get","input":{ "n": 12345678901234567890123 }}],
        "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":5,"output_tokens":7,"cache_read_input_tokens":2}}"#;
    let reply = read(body).unwrap();
    let parts: Vec<Content> = reply.parts.into_iter().map(|part| part.content).collect();
    let called = Content::ToolCall {
        id: "toolu_1".into(),
        name: "get".into(),
        arguments: "{ \"n\": 12345678901234567890123 }".into(),
        signature: None,
    };
    assert_eq!(
        parts,
        [
            thought(Some("c2ln")),
            Content::SealedReasoning("x".into()),
            text("Hello"),
            called
        ]
    );
    assert_eq!((reply.id.as_str(), reply.stop), ("msg_1", Stop::ToolUse));
    let usage = reply.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.cache_read), (5, 7, 2));
}

#[test]
fn what_is_no_answer_is_garbage() {
    for body in [
        "",
        "<html>",
        "{}",
        "[]",
        r#"{"type":"error","error":{}}"#,
        r#"{"content":[{}]}"#,
        r#"{"content":[{"type":"tool_use"}]}"#,
    ] {
        let read = read(body.as_bytes());
        assert!(read.is_err() || read.unwrap().parts.is_empty(), "{body}");
    }
}

fn events(stream: &[u8]) -> Vec<Event> {
    let mut reader = Reader::default();
    let mut events = Vec::new();
    Splitter::new(100_000)
        .push(stream, |frame| events.extend(reader.push(frame).unwrap()))
        .unwrap();
    events.extend(reader.finish().unwrap());
    events
}

#[test]
fn a_stream_is_read() {
    let mut events = events(testdata::MESSAGES);
    let Event::Start {
        id,
        usage: Some(usage),
        ..
    } = events.remove(0)
    else {
        panic!()
    };
    assert_eq!(
        (id.as_str(), usage.input, usage.cache_write_1h),
        ("msg_01A", 12, 200)
    );
    let open = |index, opening| Event::Open { index, opening };
    let delta = |index, text: &str| Event::Delta {
        index,
        text: text.into(),
    };
    let close = |index| Event::Close { index };
    let signature = "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds==".to_owned();
    let expected = [
        open(0, Opening::Reasoning),
        delta(0, "Let me \"usage\" think."),
        Event::Signature {
            index: 0,
            signature,
        },
        close(0),
        open(1, Opening::SealedReasoning("EmwKAhgBEgy3va3pzix==".into())),
        close(1),
        open(2, Opening::Text),
        delta(2, "Hello"),
        close(2),
        open(
            3,
            Opening::ToolCall {
                id: "toolu_01".into(),
                name: "get_weather".into(),
                signature: None,
            },
        ),
        delta(3, "{\"city\": \"Oslo\"}"),
        close(3),
    ];
    assert_eq!(events[..expected.len()], expected);
    let Event::Usage(tokens) = &events[expected.len()] else {
        panic!()
    };
    assert_eq!((tokens.output, tokens.cache_write_1h), (89, 200));
    assert_eq!(
        events[expected.len() + 1..],
        [Event::Stop(Stop::ToolUse), Event::End]
    );
}

fn stream(frames: &[&str]) -> Vec<u8> {
    frames
        .iter()
        .flat_map(|data| format!("data: {data}\n\n").into_bytes())
        .collect()
}

const START: &str = r#"{"type":"message_start","message":{"id":"m","model":"c","content":[]}}"#;

#[test]
fn calls_that_come_whole_and_blocks_that_stay_open_are_read() {
    let events = events(&stream(&[
        START,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"w","input":{}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"x"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"n","input":{"a": 1}}}"#,
        r#"{"type":"something_new"}"#,
        r#"{"type":"message_stop"}"#,
        r#"{"type":"ping"}"#,
    ]));
    let opening = Opening::ToolCall {
        id: "t".into(),
        name: "n".into(),
        signature: None,
    };
    let expected = [
        Event::Start {
            id: "m".into(),
            model: "c".into(),
            usage: None,
        },
        Event::Open { index: 0, opening },
        Event::Delta {
            index: 0,
            text: r#"{"a": 1}"#.into(),
        },
        Event::Close { index: 0 },
        Event::End,
    ];
    assert_eq!(events, expected);
}

#[test]
fn an_error_in_a_stream_is_its_end() {
    let failed = r#"{"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"}}"#;
    let events = events(&stream(&[START, failed, r#"{"type":"message_stop"}"#]));
    let expected = Event::Failed {
        kind: "overloaded_error".into(),
        message: "Overloaded".into(),
    };
    assert_eq!(events[1..], [expected]);
}

#[test]
fn a_stream_that_breaks_off_or_makes_no_sense_is_garbage() {
    let mut reader = Reader::default();
    let push = |reader: &mut Reader, data: &str| {
        reader.push(Frame {
            event: None,
            data: data.as_bytes(),
        })
    };
    assert!(push(&mut reader, START).is_ok());
    assert!(reader.finish().is_err());
    assert!(push(&mut reader, START).is_err());
    for data in [
        "<html>",
        "{}",
        r#"{"type":"content_block_start","index":0}"#,
        r#"{"type":"message_stop"}"#,
        r#"{"type":"message_start"}"#,
    ] {
        assert!(push(&mut Reader::default(), data).is_err(), "{data}");
    }
}
