//! Bedrock: signatures, and event streams that come out as server-sent events.

use axum::{body::Body, http::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::stream;
use gateway_config::{AwsCredential, ModelProvider, ProviderKind};
use gateway_domain::{
    Secret,
    ledger::Surface::{Chat, Messages},
};
use gateway_llm::providers::{BodyError, Call, Upstream};

use crate::fake::{Fake, built, call, read, send, settings, status};

fn bedrock(url: &str, session_token: Option<&str>) -> ModelProvider {
    settings(ProviderKind::Bedrock {
        base_url: url.parse().unwrap(),
        region: "us-east-1".to_owned(),
        credential: AwsCredential::Static {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: session_token.map(Secret::new),
        },
    })
}

#[tokio::test]
async fn a_call_is_signed() {
    let fake = Fake::kind().await;
    send(
        &built(&bedrock(&fake.url, None)),
        Chat,
        "amazon.nova-pro-v1:0",
        false,
    )
    .await;
    let seen = fake.last();
    assert_eq!(seen.header("x-amz-date"), Some("20260101T000000Z"));
    let shown = seen.header("authorization").unwrap();
    let prefix = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/bedrock/aws4_request, \
                  SignedHeaders=host;x-amz-date, Signature=";
    let signature = shown
        .strip_prefix(prefix)
        .unwrap_or_else(|| panic!("{shown}"));
    assert_eq!(signature, recomputed(&seen, &["host", "x-amz-date"]));
}

#[tokio::test]
async fn a_session_token_is_sent_and_signed() {
    let fake = Fake::kind().await;
    send(
        &built(&bedrock(&fake.url, Some("session/=="))),
        Chat,
        "amazon.nova-pro-v1:0",
        true,
    )
    .await;
    let seen = fake.last();
    assert_eq!(seen.header("x-amz-security-token"), Some("session/=="));
    let shown = seen.header("authorization").unwrap();
    assert!(
        shown.contains("SignedHeaders=host;x-amz-date;x-amz-security-token,"),
        "{shown}"
    );
    let names = ["host", "x-amz-date", "x-amz-security-token"];
    assert!(shown.ends_with(&recomputed(&seen, &names)));
}

/// The signature of what came, worked out from the specification's steps by other means than the gateway's.
fn recomputed(seen: &crate::fake::Seen, names: &[&str]) -> String {
    use aws_lc_rs::{digest, hmac};
    let hex = |bytes: &[u8]| {
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.concat()
    };
    let sha = |bytes: &[u8]| hex(digest::digest(&digest::SHA256, bytes).as_ref());
    let mac = |key: &[u8], text: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
    };
    let headers: Vec<String> = names
        .iter()
        .map(|name| format!("{name}:{}\n", seen.header(name).unwrap()))
        .collect();
    let headers = headers.concat();
    let path = seen.path.replace('%', "%25");
    let canonical = format!(
        "POST\n{path}\n\n{headers}\n{}\n{}",
        names.join(";"),
        sha(&seen.body)
    );
    let date = seen.header("x-amz-date").unwrap();
    let scope = format!("{}/us-east-1/bedrock/aws4_request", &date[..8]);
    let text = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        sha(canonical.as_bytes())
    );
    let secret = "AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let key = scope
        .split('/')
        .fold(secret.as_bytes().to_vec(), |key, part| mac(&key, part));
    hex(&mac(&key, &text))
}

/// A message as AWS writes it.
fn message(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
    let mut head = Vec::new();
    for (name, value) in headers {
        head.push(u8::try_from(name.len()).unwrap());
        head.extend_from_slice(name.as_bytes());
        head.push(7);
        head.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        head.extend_from_slice(value.as_bytes());
    }
    let length = u32::try_from(16 + head.len() + payload.len()).unwrap();
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(&u32::try_from(head.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(payload.as_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

fn event(name: &str, payload: &str) -> Vec<u8> {
    message(
        &[(":event-type", name), (":message-type", "event")],
        payload,
    )
}

async fn streaming(bytes: Vec<u8>, piece: usize) -> Fake {
    Fake::new(move |_| {
        let pieces: Vec<_> = bytes.chunks(piece).map(Bytes::copy_from_slice).collect();
        let pieces = stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>));
        Response::builder()
            .header("content-type", "application/vnd.amazon.eventstream")
            .body(Body::from_stream(pieces))
            .unwrap()
    })
    .await
}

async fn answer(upstream: &Upstream, call: Call<'_>) -> Result<Bytes, BodyError> {
    let answer = upstream.send(call).await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    read(answer).await
}

#[tokio::test]
async fn converse_streams_come_as_server_sent_events() {
    let mut bytes = event("messageStart", r#"{"role":"assistant"}"#);
    bytes.extend(event(
        "contentBlockDelta",
        r#"{"contentBlockIndex":0,"delta":{"text":"Hi"}}"#,
    ));
    let exception = [
        (":exception-type", "throttlingException"),
        (":message-type", "exception"),
    ];
    bytes.extend(message(&exception, r#"{"message":"slow down"}"#));
    let fake = streaming(bytes, 7).await;
    let body = send(
        &built(&bedrock(&fake.url, None)),
        Chat,
        "amazon.nova-pro-v1:0",
        true,
    )
    .await;
    assert_eq!(
        body,
        "event: messageStart\ndata: {\"role\":\"assistant\"}\n\n\
         event: contentBlockDelta\ndata: {\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hi\"}}\n\n\
         event: throttlingException\ndata: {\"message\":\"slow down\"}\n\n"
    );
}

#[tokio::test]
async fn claudes_streams_come_as_anthropics() {
    let start = r#"{"type":"message_start","message":{"id":"msg_1"}}"#;
    let stop = r#"{"type":"message_stop"}"#;
    let chunk = |event: &str| format!(r#"{{"bytes":"{}"}}"#, STANDARD.encode(event));
    let mut bytes = event("chunk", &chunk(start));
    bytes.extend(event("chunk", &chunk(stop)));
    let fake = streaming(bytes, 1000).await;
    let model = "anthropic.claude-3-5-sonnet-20241022-v2:0";
    let body = send(&built(&bedrock(&fake.url, None)), Messages, model, true).await;
    let expected =
        format!("event: message_start\ndata: {start}\n\nevent: message_stop\ndata: {stop}\n\n");
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_damaged_or_cut_event_stream_is_broken() {
    let good = event("messageStart", r#"{"role":"assistant"}"#);
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    for bytes in [damaged, good[..good.len() - 3].to_vec()] {
        let fake = streaming(bytes, 10).await;
        let upstream = built(&bedrock(&fake.url, None));
        let plan = upstream.plan(Chat, "amazon.nova-pro-v1:0").unwrap();
        let call = Call {
            stream: true,
            ..call(Chat, plan, "amazon.nova-pro-v1:0")
        };
        assert!(matches!(
            answer(&upstream, call).await,
            Err(BodyError::Broken(_))
        ));
    }
}

#[tokio::test]
async fn a_refusal_comes_as_it_is() {
    let fake = Fake::new(|_| status(429, r#"{"message":"Too many requests"}"#)).await;
    let upstream = built(&bedrock(&fake.url, None));
    let plan = upstream.plan(Chat, "amazon.nova-pro-v1:0").unwrap();
    let call = Call {
        stream: true,
        ..call(Chat, plan, "amazon.nova-pro-v1:0")
    };
    let answer = upstream.send(call).await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(answer.status, 429);
    assert_eq!(
        read(answer).await.unwrap(),
        r#"{"message":"Too many requests"}"#
    );
}
