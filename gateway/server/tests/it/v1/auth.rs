//! Who may call what.

use chrono::TimeDelta;
use gateway_domain::ApiKeySecret;
use gateway_identity::{
    Caller, Paging,
    api_keys::{self, Change, KeyFilter},
};
use serde_json::json;

use super::{chat, message};
use crate::harness::{Client, Upstreams};

async fn only_key(client: &Client) -> api_keys::KeyInfo {
    let keys = api_keys::list(
        &client.ctx,
        &Caller::system("test"),
        &KeyFilter::default(),
        &Paging::default(),
    )
    .await;
    keys.unwrap().items.remove(0)
}

cases! {
    async fn a_wrong_key_is_told_in_the_shape_of_the_surface(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let unknown = ApiKeySecret::generate();
        for (key, part) in [
            ("", "carries no API key"),
            ("sk-proj-123", "begin with sk-ogw-"),
            (&client.key[..30], "mistyped"),
            (unknown.expose(), "does not know"),
        ] {
            let other = client.with_key(key);
            let answer = other.post("/v1/chat/completions", &chat("gpt")).await;
            answer.assert_status(401);
            assert_eq!(answer.json()["error"]["code"], "invalid_api_key");
            assert!(answer.body.contains(part), "{}", answer.body);
            assert!(!answer.body.contains(unknown.expose()));
            let answer = other.post("/v1/messages", &message("gpt")).await;
            answer.assert_status(401);
            assert_eq!(answer.json()["type"], "error");
            assert_eq!(answer.json()["error"]["type"], "authentication_error");
            assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
            other.get("/v1/models", &[]).await.assert_status(401);
        }
        assert_eq!(up.one.log().all().len(), 0);
    }

    async fn keys_come_by_every_sdk_and_never_by_the_address(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let none = client.with_key("");
        for name in ["x-api-key", "api-key", "x-goog-api-key"] {
            let answer = none.post_with("/v1/chat/completions", &chat("gpt"), &[(name, &client.key)]).await;
            answer.assert_status(200);
        }
        let second = client.key_of(&client.user, None).await;
        let answer = client.post_with("/v1/chat/completions", &chat("gpt"), &[("x-api-key", &second)]).await;
        answer.assert_status(401);
        let answer = none.post(&format!("/v1/chat/completions?key={}", client.key), &chat("gpt")).await;
        answer.assert_status(401);
        assert!(answer.body.contains("in the address"), "{}", answer.body);
    }

    async fn the_first_call_after_a_decision_is_refused(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let system = Caller::system("test");
        client.post("/v1/chat/completions", &chat("gpt")).await.assert_status(200);
        let id = only_key(&client).await.key.id;
        let change = Change { models: Some(Some(vec!["safe".to_owned()])), ..Change::default() };
        api_keys::change(&client.ctx, &system, id, change).await.unwrap();
        let answer = client.post("/v1/chat/completions", &chat("gpt")).await;
        answer.assert_status(403);
        assert_eq!(answer.json()["error"]["code"], "permission_denied");
        assert!(client.attempts_of(&answer).await.is_empty());
        let answer = client.post("/v1/messages", &message("gpt")).await;
        assert_eq!(answer.json()["error"]["type"], "permission_error");
        client.post("/v1/chat/completions", &chat("safe")).await.assert_status(200);
        let answer = client.post("/v1/chat/completions", &chat("nothing")).await;
        answer.assert_status(404);
        assert_eq!(answer.json()["error"]["code"], "model_not_found");
        assert_eq!(client.row_of(&answer).await.view.record.status, 404);
        api_keys::revoke(&client.ctx, &system, id).await.unwrap();
        let answer = client.post("/v1/chat/completions", &chat("safe")).await;
        answer.assert_status(401);
        assert!(answer.body.contains("revoked"), "{}", answer.body);
    }

    async fn a_key_ends_at_its_time(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let id = only_key(&client).await.key.id;
        let expires_at = Some(Some(client.ctx.now() + TimeDelta::minutes(5)));
        let change = Change { expires_at, ..Change::default() };
        api_keys::change(&client.ctx, &Caller::system("test"), id, change).await.unwrap();
        client.post("/v1/chat/completions", &chat("gpt")).await.assert_status(200);
        client.wait(TimeDelta::minutes(5));
        let answer = client.post("/v1/chat/completions", &chat("gpt")).await;
        answer.assert_status(401);
        assert!(answer.body.contains("expired"), "{}", answer.body);
    }

    async fn a_model_without_a_price_is_flagged_or_blocked(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let answer = client.post("/v1/chat/completions", &chat("free")).await;
        answer.assert_status(200);
        let attempt = client.row_of(&answer).await.attempts.remove(0);
        assert_eq!((attempt.pricing.as_str(), attempt.cost.nano()), ("unpriced", 0));
        let mut strict = client.clone();
        strict.app.reload_with(|config| config["pricing"] = json!({"unpriced": "block"})).await;
        let answer = strict.post("/v1/chat/completions", &chat("free")).await;
        answer.assert_status(403);
        assert_eq!(answer.json()["error"]["code"], "model_unpriced");
        assert!(strict.attempts_of(&answer).await.is_empty());
        strict.post("/v1/chat/completions", &chat("gpt")).await.assert_status(200);
    }
}
