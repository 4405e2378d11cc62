//! What is kept of bodies: the strictest of the policies.

use std::time::Duration;

use gateway_domain::Payloads;
use gateway_ledger::Payload;
use gateway_testkit::upstream::TEXT;
use http::StatusCode;
use serde_json::json;
use tokio::time::sleep;

use super::{chat, streamed};
use crate::harness::{Answer, Client, Upstreams};

async fn payload(client: &Client, answer: &Answer) -> Option<Payload> {
    client.row_of(answer).await.payload
}

/// What was kept; it may come a moment after the row.
async fn what_was_kept(client: &Client, answer: &Answer) -> Payload {
    for _ in 0..500 {
        if let Some(found) = payload(client, answer).await {
            return found;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing was kept");
}

async fn allow(client: &Client) {
    let admin = client.admin().await;
    let path = format!("/api/v1/admin/users/{}", client.user.id);
    let answer = admin
        .call(
            "PATCH",
            &path,
            Some(&json!({"request_logging_enabled": true})),
        )
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

cases! {
    async fn nothing_is_kept_unless_all_agree(app: TestApp) {
        let up = Upstreams::start().await;
        let full = |config: &mut serde_json::Value| config["request_logging"] = json!({"payloads": "full"});
        let mut client = app.with_models(&up, full).await;
        let answer = client.post("/v1/chat/completions", &chat("gpt")).await;
        assert!(payload(&client, &answer).await.is_none(), "the person's policy is off");
        allow(&client).await;
        let answer = client.post("/v1/chat/completions", &chat("gpt")).await;
        let kept = what_was_kept(&client, &answer).await;
        assert_eq!(kept.kept, Payloads::Full);
        assert_eq!(kept.request, chat("gpt").to_string());
        assert_eq!(kept.response, answer.body);
        assert!(!kept.truncated);
        let answer = client.post("/v1/chat/completions", &streamed(chat("gpt"))).await;
        assert_eq!(what_was_kept(&client, &answer).await.response, answer.body);
        client.app.reload_with(|config| config["request_logging"]["payloads"] = json!("redacted")).await;
        for body in [chat("gpt"), streamed(chat("gpt"))] {
            let answer = client.post("/v1/chat/completions", &body).await;
            let kept = what_was_kept(&client, &answer).await;
            assert_eq!(kept.kept, Payloads::Redacted);
            for text in [&kept.request, &kept.response] {
                assert!(!text.contains("What is it") && !text.contains(TEXT), "{text}");
                assert!(text.contains(" characters]"), "{text}");
            }
        }
        client.app.reload_with(|config| config["request_logging"]["payloads"] = json!("off")).await;
        let answer = client.post("/v1/chat/completions", &chat("gpt")).await;
        assert!(payload(&client, &answer).await.is_none());
    }

    async fn much_is_cut_and_says_so(app: TestApp) {
        let up = Upstreams::start().await;
        let full = |config: &mut serde_json::Value| config["request_logging"] = json!({"payloads": "full"});
        let client = app.with_models(&up, full).await;
        allow(&client).await;
        let mut body = chat("gpt");
        body["messages"][0]["content"] = json!("x".repeat(300 * 1024));
        let answer = client.post("/v1/chat/completions", &body).await;
        answer.assert_status(200);
        let kept = what_was_kept(&client, &answer).await;
        assert!(kept.truncated);
        assert_eq!(kept.request.len(), 256 * 1024);
    }
}
