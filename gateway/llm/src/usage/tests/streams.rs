use bytes::Bytes;
use proptest::prelude::*;

use super::OPENAI;
use crate::{
    sse::{Frame, Splitter},
    testdata,
    usage::*,
};

fn metered(surface: Surface, stream: &[u8]) -> (Meter, Vec<Seen>) {
    let mut meter = Meter::new(surface);
    let mut seen = Vec::new();
    Splitter::new(1 << 20)
        .push(stream, |frame| seen.push(meter.frame(&frame)))
        .unwrap();
    (meter, seen)
}

fn frames(frames: &[&str]) -> Vec<u8> {
    frames
        .iter()
        .flat_map(|data| format!("data: {data}\n\n").into_bytes())
        .collect()
}

#[test]
fn a_chat_stream_is_read() {
    let (meter, seen) = metered(Surface::Chat, testdata::CHAT);
    assert_eq!(meter.settle(1), (OPENAI, UsageKind::Reported));
    assert_eq!(meter.reported().unwrap().tier.as_deref(), Some("default"));
    assert!(meter.ended() && meter.failure().is_none());
    let usage_only: Vec<bool> = seen.iter().map(|seen| seen.usage_only).collect();
    assert_eq!(usage_only, [false, false, false, false, false, true, false]);
    assert!(seen.last().unwrap().end);
}

#[test]
fn a_chat_stream_that_breaks_off_is_estimated() {
    let stream = frames(&[
        r#"{"choices":[{"delta":{"content":"12345678"}}],"usage":null}"#,
        r#"{"choices": [{"delta": {"content": "1234"}, "finish_reason": null}]}"#,
        r#"{"choices":[{"delta":{"content":null,"reasoning":"1234","reasoning_content":"1234"}}]}"#,
        r#"{"choices":[{"delta":{"content":"","tool_calls":[{"function":{"arguments":"\"\u00e9\""}}]}}]}"#,
    ]);
    let (meter, _) = metered(Surface::Chat, &stream);
    assert!(!meter.complete());
    assert_eq!(meter.estimated_output(), 6);
    let expected = Tokens {
        input: 77,
        output: 6,
        ..Tokens::default()
    };
    assert_eq!(meter.settle(77), (expected, UsageKind::Estimated));
}

#[test]
fn usage_before_the_last_text_is_not_the_last_word() {
    let early = r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":9,"completion_tokens":1}}"#;
    let text = r#"{"choices":[{"delta":{"content":"12345678"}}]}"#;
    let (meter, _) = metered(Surface::Chat, &frames(&[early, text]));
    let (tokens, kind) = meter.settle(1000);
    assert_eq!(
        (tokens.input, tokens.output, kind),
        (9, 3, UsageKind::Estimated)
    );
    let (meter, seen) = metered(Surface::Chat, &frames(&[text, early]));
    assert_eq!(meter.settle(0).1, UsageKind::Reported);
    assert!(!seen[1].usage_only, "there is text in it");
}

#[test]
fn a_stream_that_closes_after_its_reason_is_whole() {
    let (meter, _) = metered(
        Surface::Chat,
        &frames(&[r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#]),
    );
    assert!(meter.complete() && !meter.ended());
    let groq =
        r#"{"choices":[],"x_groq":{"id":"r","usage":{"prompt_tokens":3,"completion_tokens":4}}}"#;
    assert_eq!(
        metered(Surface::Chat, &frames(&[groq]))
            .0
            .settle(0)
            .0
            .output,
        4
    );
}

#[test]
fn errors_inside_a_stream_are_seen() {
    let cases: [(Surface, &str, &str, &str); 5] = [
        (
            Surface::Chat,
            r#"{"error":{"message":"Busy","type":"server_error","code":null}}"#,
            "server_error",
            "Busy",
        ),
        (
            Surface::Chat,
            r#"{"error":"Out of memory"}"#,
            "server_error",
            "Out of memory",
        ),
        (
            Surface::Messages,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            "overloaded_error",
            "Overloaded",
        ),
        (
            Surface::Responses,
            r#"{"type":"error","code":"rate_limit_exceeded","message":"Slow down","sequence_number":1}"#,
            "rate_limit_exceeded",
            "Slow down",
        ),
        (
            Surface::Responses,
            r#"{"type":"response.failed","response":{"error":{"code":"server_error","message":"Oops"},"usage":null}}"#,
            "server_error",
            "Oops",
        ),
    ];
    for (surface, data, kind, message) in cases {
        let (meter, seen) = metered(surface, &frames(&[data]));
        let expected = Failure {
            kind: kind.into(),
            message: message.into(),
        };
        assert_eq!(meter.failure(), Some(&expected));
        assert!(seen[0].failed);
    }
    let (meter, _) = metered(
        Surface::Chat,
        &frames(&[r#"{"error":null,"choices":[{"delta":{"content":"\"error\":1"}}]}"#]),
    );
    assert_eq!(meter.failure(), None);
}

#[test]
fn a_message_stream_is_read() {
    let (meter, seen) = metered(Surface::Messages, testdata::MESSAGES);
    let (tokens, kind) = meter.settle(1);
    assert_eq!(
        (tokens.input, tokens.output, kind),
        (12, 89, UsageKind::Reported)
    );
    assert_eq!(
        (tokens.cache_read, tokens.cache_write, tokens.cache_write_1h),
        (1024, 300, 200)
    );
    assert_eq!(meter.reported().unwrap().tier.as_deref(), Some("standard"));
    assert!(meter.ended() && seen.last().unwrap().end);

    let cut = testdata::MESSAGES.len() / 2;
    let (meter, _) = metered(Surface::Messages, &testdata::MESSAGES[..cut]);
    let (tokens, kind) = meter.settle(99_999);
    assert_eq!(
        (tokens.input, tokens.cache_read, kind),
        (12, 1024, UsageKind::Estimated)
    );
    assert!(tokens.output > 1 && !meter.complete());
}

#[test]
fn a_message_delta_corrects_the_start() {
    let start =
        r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"output_tokens":1}}}"#;
    let settled = |delta: &str| {
        metered(Surface::Messages, &frames(&[start, delta]))
            .0
            .settle(0)
            .0
    };
    let more = settled(
        r#"{"type":"message_delta","usage":{"input_tokens":500,"cache_read_input_tokens":7,"output_tokens":20}}"#,
    );
    assert_eq!((more.input, more.cache_read, more.output), (500, 7, 20));
    let zeros =
        settled(r#"{"type":"message_delta","usage":{"input_tokens":0,"output_tokens":20}}"#);
    assert_eq!((zeros.input, zeros.output), (10, 20));
    let nulls = settled(
        r#"{"type":"message_delta","usage":{"input_tokens":null,"cache_read_input_tokens":null,"output_tokens":20}}"#,
    );
    assert_eq!((nulls.input, nulls.output), (10, 20));
}

#[test]
fn a_compaction_is_billed_once() {
    let start =
        r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"output_tokens":1}}}"#;
    let compacted = r#"{"type":"message_delta","usage":{"output_tokens":20,"iterations":[{"type":"compaction","input_tokens":900,"output_tokens":70},{"type":"message","input_tokens":10,"output_tokens":20}]}}"#;
    let plain = r#"{"type":"message_delta","usage":{"output_tokens":30}}"#;
    let settled = |deltas: &[&str]| {
        let stream = frames(&[&[start], deltas].concat());
        let (tokens, _) = metered(Surface::Messages, &stream).0.settle(0);
        (tokens.input, tokens.output)
    };
    assert_eq!(settled(&[compacted]), (910, 90));
    assert_eq!(settled(&[compacted, compacted]), (910, 90));
    assert_eq!(settled(&[compacted, plain]), (910, 100));
}

#[test]
fn a_message_delta_without_usage_leaves_a_guess() {
    let start =
        r#"{"type":"message_start","message":{"usage":{"input_tokens":10,"output_tokens":1}}}"#;
    let text = r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"12345678"}}"#;
    let delta = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#;
    let stop = r#"{"type":"message_stop"}"#;
    let (meter, _) = metered(Surface::Messages, &frames(&[start, text, delta, stop]));
    let (tokens, kind) = meter.settle(0);
    assert_eq!(
        (tokens.input, tokens.output, kind),
        (10, 2, UsageKind::Estimated)
    );
}

#[test]
fn a_response_stream_is_read() {
    let (meter, seen) = metered(Surface::Responses, testdata::RESPONSES);
    assert_eq!(meter.settle(1), (OPENAI, UsageKind::Reported));
    assert!(meter.ended() && seen.last().unwrap().end);
    assert_eq!(meter.estimated_output(), 8, "thoughts, text and arguments");
    let incomplete = r#"{"type":"response.incomplete","response":{"usage":{"input_tokens":3,"output_tokens":4}}}"#;
    let (meter, seen) = metered(Surface::Responses, &frames(&[incomplete]));
    assert_eq!((meter.settle(0).0.output, seen[0].end), (4, true));
}

fn tapped(withhold: bool, stream: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut tap = Tap::new(Surface::Chat, withhold, 1 << 20);
    let mut out = Vec::new();
    let mut from = 0;
    for cut in cuts.iter().copied().chain([stream.len()]) {
        let cut = cut.clamp(from, stream.len());
        out.extend_from_slice(&tap.push(Bytes::copy_from_slice(&stream[from..cut])));
        from = cut;
    }
    out.extend_from_slice(&tap.finish());
    assert!(tap.meter().ended());
    out
}

#[test]
fn the_usage_chunk_is_withheld_wherever_the_stream_is_cut() {
    let mut stream = b": ping\n\n".to_vec();
    stream.extend_from_slice(testdata::CHAT);
    let text = String::from_utf8(stream.clone()).unwrap();
    let usage = text
        .split_inclusive("\n\n")
        .find(|frame| frame.contains("\"choices\":[]"))
        .unwrap();
    let expected = text.replace(usage, "").into_bytes();
    for cut in 0..=stream.len() {
        assert_eq!(tapped(true, &stream, &[cut]), expected, "{cut}");
        assert_eq!(tapped(false, &stream, &[cut]), stream, "{cut}");
    }
}

#[test]
fn heartbeats_are_not_held_back() {
    let mut tap = Tap::new(Surface::Chat, true, 1 << 20);
    assert_eq!(tap.push(Bytes::from_static(b": ping\n\n")), ": ping\n\n");
    assert_eq!(tap.push(Bytes::from_static(b"data: {\"choices\":")), "");
    assert_eq!(
        tap.push(Bytes::from_static(b"[1]}\n\ndata")),
        "data: {\"choices\":[1]}\n\n"
    );
    assert_eq!(tap.finish(), "data");
}

#[test]
fn what_cannot_be_read_goes_through() {
    let mut tap = Tap::new(Surface::Chat, true, 16);
    assert_eq!(tap.push(Bytes::from_static(b"data: 12")), "");
    assert_eq!(
        tap.push(Bytes::from_static(b"34567890123456789")),
        "data: 1234567890123456789"
    );
    assert!(tap.is_blind());
    assert_eq!(tap.push(Bytes::from_static(b"\n\n")), "\n\n");
}

#[test]
fn lines_without_an_end_are_not_held_for_ever() {
    let mut tap = Tap::new(Surface::Chat, true, 16);
    let out: usize = (0..100)
        .map(|_| tap.push(Bytes::from_static(b": ping\n")).len())
        .sum();
    assert!(out > 600, "{out}");
}

proptest! {
    #[test]
    fn any_chunks_give_the_same_bytes(cuts in prop::collection::vec(0..testdata::CHAT.len(), 0..20)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        prop_assert_eq!(tapped(true, testdata::CHAT, &cuts), tapped(true, testdata::CHAT, &[]));
    }

    #[test]
    fn no_frame_panics(data in "[{}\\[\\]\":,\\\\a-z0-9 -]{0,60}", key in "usage|error|content|delta|text|reasoning") {
        for data in [data.clone(), format!("\"{key}\":{data}"), format!("{{\"{key}\" : \"{data}")] {
            for surface in [Surface::Chat, Surface::Responses, Surface::Messages] {
                let frame = Frame { event: None, data: data.as_bytes() };
                let mut meter = Meter::new(surface);
                meter.frame(&frame);
                let named = Frame { event: Some("content_block_delta"), data: data.as_bytes() };
                meter.frame(&named);
                meter.settle(1);
            }
            estimate_input(data.as_bytes());
        }
    }
}
