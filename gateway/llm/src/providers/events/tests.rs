use super::*;
use crate::providers::event_stream::tests::encode;

fn said(speech: Speech, bytes: &[u8]) -> Result<String, BodyError> {
    let mut events = Events::new(speech);
    let out = events.push(bytes)?;
    events.finish()?;
    Ok(String::from_utf8(out.to_vec()).unwrap())
}

#[test]
fn converse_events_keep_their_names() {
    let mut bytes = encode(
        &[
            (":event-type", "contentBlockDelta"),
            (":message-type", "event"),
        ],
        br#"{"contentBlockIndex":0,"delta":{"text":"Hi"}}"#,
    );
    bytes.extend(encode(
        &[
            (":exception-type", "throttlingException"),
            (":message-type", "exception"),
        ],
        br#"{"message":"Too many tokens"}"#,
    ));
    bytes.extend(encode(
        &[
            (":error-code", "InternalFailure"),
            (":error-message", "Oh"),
            (":message-type", "error"),
        ],
        b"",
    ));
    assert_eq!(
        said(Speech::Converse, &bytes).unwrap(),
        "event: contentBlockDelta\ndata: {\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hi\"}}\n\n\
         event: throttlingException\ndata: {\"message\":\"Too many tokens\"}\n\n\
         event: InternalFailure\ndata: {\"message\":\"Oh\"}\n\n"
    );
}

#[test]
fn claude_on_bedrock_speaks_as_anthropic_does() {
    let event =
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#;
    let chunk = format!(r#"{{"bytes":"{}","p":"abc"}}"#, STANDARD.encode(event));
    let headers = [(":event-type", "chunk"), (":message-type", "event")];
    let bytes = encode(&headers, chunk.as_bytes());
    assert_eq!(
        said(Speech::Claude, &bytes).unwrap(),
        format!("event: content_block_delta\ndata: {event}\n\n")
    );
}

#[test]
fn an_exception_in_the_stream_is_anthropics_error() {
    for (name, kind) in [
        ("throttlingException", "rate_limit_error"),
        ("serviceUnavailableException", "overloaded_error"),
        ("modelStreamErrorException", "api_error"),
    ] {
        let headers = [(":exception-type", name), (":message-type", "exception")];
        let bytes = encode(&headers, br#"{"message":"No."}"#);
        assert_eq!(
            said(Speech::Claude, &bytes).unwrap(),
            format!(
                "event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"{kind}\",\"message\":\"No.\"}}}}\n\n"
            )
        );
    }
}

#[test]
fn a_stream_that_ends_within_an_event_is_broken() {
    let bytes = encode(
        &[(":event-type", "chunk"), (":message-type", "event")],
        b"{}",
    );
    let cut = said(Speech::Converse, &bytes[..bytes.len() - 1]);
    assert!(matches!(cut, Err(BodyError::Broken(_))));
    let garbage = said(Speech::Claude, &bytes);
    assert!(matches!(garbage, Err(BodyError::Broken(_))));
}
