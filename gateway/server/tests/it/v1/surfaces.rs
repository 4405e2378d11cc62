//! Every surface, native and translated, whole and streamed.

use gateway_testkit::upstream::TEXT;
use serde_json::{Value, json};

use super::{chat, data, message, streamed};
use crate::harness::{Answer, Client, UPSTREAM_KEY, Upstreams};

/// Prompt and completion of the fake at a dollar and two a million tokens.
const COST: i64 = 42 * 1_000 + 7 * 2_000;

async fn assert_paid(client: &Client, answer: &Answer, attempt: &str) {
    assert_eq!(client.attempts_of(answer).await, [attempt]);
    let record = client.row_of(answer).await.view.record;
    assert_eq!(record.cost.nano(), COST);
    assert_eq!((record.status, record.error_code), (200, None));
}

cases! {
    async fn a_native_call_goes_through_unchanged(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let mut body = chat("gpt");
        body["unknown"] = json!({"kept": [1, 2]});
        let answer = client.post_with("/v1/chat/completions", &body, &[("x-api-key", &client.key)]).await;
        answer.assert_status(200);
        assert_eq!(answer.json()["choices"][0]["message"]["content"], TEXT);
        assert_eq!(answer.json()["choices"][0]["message"]["x_unknown"], json!({"kept": [1, 2]}));
        assert_eq!(answer.header("x-ogw-provider"), "one");
        assert_eq!(answer.header("x-ogw-model"), "up-gpt");
        assert_eq!(answer.header("x-ogw-attempts"), "1");
        assert_eq!(answer.header("x-ogw-cost-nano-usd"), COST.to_string());
        assert_eq!(answer.header("x-upstream-request-id"), "upstream-1");
        let seen = up.one.log().last("/chat/completions");
        assert_eq!(seen.body, body.to_string().replace("\"gpt\"", "\"up-gpt\""));
        assert_eq!(seen.header("authorization"), Some(&*format!("Bearer {UPSTREAM_KEY}")));
        assert!(!seen.headers.values().any(|value| value.as_bytes().windows(7).any(|part| part == b"sk-ogw-")));
        assert_paid(&client, &answer, "one success 200 - reported 42+7").await;
        let record = client.row_of(&answer).await.view.record;
        assert_eq!(record.served_by, Some(("one".to_owned(), "up-gpt".to_owned())));
        assert_eq!(record.model, "gpt");
    }

    async fn a_chat_stream_hides_the_usage_that_was_not_asked_for(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let answer = client.post("/v1/chat/completions", &streamed(chat("gpt"))).await;
        answer.assert_status(200);
        assert_eq!(answer.header("content-type"), "text/event-stream");
        assert_eq!(answer.header("x-accel-buffering"), "no");
        assert_eq!(answer.header("cache-control"), "no-cache");
        let events = data(&answer.body);
        assert_eq!(events.last().unwrap(), "[DONE]");
        assert!(!answer.body.contains("prompt_tokens"), "{}", answer.body);
        assert_paid(&client, &answer, "one success 200 - reported 42+7").await;
        assert!(client.row_of(&answer).await.view.record.streamed);

        let mut asked = streamed(chat("gpt"));
        asked["stream_options"] = json!({"include_usage": true});
        let answer = client.post("/v1/chat/completions", &asked).await;
        assert!(answer.body.contains("\"prompt_tokens\":42"), "{}", answer.body);
        assert_paid(&client, &answer, "one success 200 - reported 42+7").await;
    }

    async fn messages_and_responses_go_through_natively(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let headers = [("anthropic-version", "2023-06-01"), ("anthropic-beta", "some-beta-1")];
        let answer = client.post_with("/v1/messages?beta=true", &message("org/claude"), &headers).await;
        answer.assert_status(200);
        assert_eq!(answer.json()["content"][0]["text"], TEXT);
        assert_eq!(answer.header("request-id"), answer.header("x-request-id"));
        let seen = up.claude.log().last("/v1/messages");
        assert_eq!(seen.header("anthropic-beta"), Some("some-beta-1"));
        assert_eq!(seen.header("x-api-key"), Some(UPSTREAM_KEY));
        assert_paid(&client, &answer, "claude success 200 - reported 42+7").await;
        let answer = client.post("/v1/messages", &streamed(message("org/claude"))).await;
        assert!(answer.body.contains("event: message_stop"));
        assert_paid(&client, &answer, "claude success 200 - reported 42+7").await;

        let ask = json!({"model": "gpt", "input": "What is it?"});
        let answer = client.post("/v1/responses", &ask).await;
        assert_eq!(answer.json()["output"][0]["content"][0]["text"], TEXT);
        assert_paid(&client, &answer, "one success 200 - reported 42+7").await;
        let answer = client.post("/v1/responses", &streamed(ask)).await;
        assert!(answer.body.contains("event: response.completed"));
        assert_paid(&client, &answer, "one success 200 - reported 42+7").await;
    }

    async fn every_surface_reaches_every_provider(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let answer = client.post("/v1/chat/completions", &chat("org/claude")).await;
        answer.assert_status(200);
        assert_eq!(answer.json()["choices"][0]["message"]["content"], TEXT);
        assert_eq!(answer.json()["model"], "org/claude");
        assert_paid(&client, &answer, "claude success 200 - reported 42+7").await;
        let answer = client.post("/v1/chat/completions", &streamed(chat("org/claude"))).await;
        let text: String = data(&answer.body)
            .iter()
            .filter_map(|event| serde_json::from_str::<Value>(event).ok())
            .filter_map(|event| event["choices"][0]["delta"]["content"].as_str().map(ToOwned::to_owned))
            .collect();
        assert_eq!(text, TEXT, "{}", answer.body);
        assert_eq!(data(&answer.body).last().unwrap(), "[DONE]");
        assert_paid(&client, &answer, "claude success 200 - reported 42+7").await;

        let answer = client.post("/v1/messages", &message("gpt")).await;
        assert_eq!(answer.json()["content"][0]["text"], TEXT, "{}", answer.body);
        assert_paid(&client, &answer, "one success 200 - reported 42+7").await;
        let answer = client.post("/v1/messages", &streamed(message("gpt"))).await;
        assert!(answer.body.contains("event: message_stop"), "{}", answer.body);
        assert_paid(&client, &answer, "one success 200 - reported 42+7").await;

        let ask = json!({"model": "org/claude", "input": "What is it?"});
        let answer = client.post("/v1/responses", &ask).await;
        assert_eq!(answer.json()["output"][0]["content"][0]["text"], TEXT, "{}", answer.body);
        let answer = client.post("/v1/responses", &streamed(ask)).await;
        assert!(answer.body.contains("response.completed"), "{}", answer.body);
        assert_paid(&client, &answer, "claude success 200 - reported 42+7").await;
    }

    async fn embeddings_and_counting(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let answer = client.post("/v1/embeddings", &json!({"model": "gpt", "input": [[1, 2, 3]]})).await;
        answer.assert_status(200);
        assert_eq!(answer.json()["data"][0]["embedding"], json!([0.5, -0.25]));
        assert_eq!(client.attempts_of(&answer).await, ["one success 200 - reported 42+0"]);

        let answer = client.post("/v1/messages/count_tokens", &message("org/claude")).await;
        assert_eq!(answer.json(), json!({"input_tokens": 42}));
        assert_eq!(client.attempts_of(&answer).await, ["claude success 200 - none 0+0"]);
        assert_eq!(client.row_of(&answer).await.view.record.cost.nano(), 0);
        let answer = client.post("/v1/messages/count_tokens", &message("gpt")).await;
        answer.assert_status(404);
        assert_eq!(answer.json()["type"], "error");
        let answer = client.post("/v1/embeddings", &json!({"model": "org/claude", "input": "x"})).await;
        answer.assert_status(400);
        assert_eq!(answer.json()["error"]["code"], "unsupported_operation");
        assert!(client.attempts_of(&answer).await.is_empty());
    }

    async fn what_cannot_be_said_is_refused_by_name(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let mut body = chat("org/claude");
        body["logprobs"] = json!(true);
        let answer = client.post("/v1/chat/completions", &body).await;
        answer.assert_status(400);
        assert_eq!(answer.json()["error"]["param"], "logprobs");
        assert!(client.attempts_of(&answer).await.is_empty());
        assert_eq!(up.claude.log().all().len(), 0);
        for body in ["", "{", "[]", r#"{"model":"gpt","model":"free"}"#, r#"{"messages":[]}"#] {
            let body: Value = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()));
            let answer = client.post("/v1/messages", &body).await;
            assert!(matches!(answer.status.as_u16(), 400 | 404), "{body} {}", answer.body);
            assert_eq!(answer.json()["type"], "error");
        }
    }

    async fn an_address_answers_only_what_it_is_for(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let answer = client.get("/v1/chat/completions", &[]).await;
        answer.assert_status(405);
        assert_eq!(answer.header("allow"), "POST");
        assert_eq!(answer.json()["error"]["code"], "method_not_allowed");
        let answer = client.post("/v1/models", &json!({})).await;
        answer.assert_status(405);
        assert_eq!(answer.header("allow"), "GET,HEAD");
        let answer = client.post("/v1/audio/speech", &json!({})).await;
        answer.assert_status(404);
        assert_eq!(answer.json()["error"]["code"], "not_found");
        assert!(!answer.header("x-request-id").is_empty());
        let answer = client.get("/v1/messages/batches", &[]).await;
        answer.assert_status(404);
        assert_eq!(answer.json()["error"]["type"], "not_found_error");
        let answer = client.get("/v1/files", &[("anthropic-version", "2023-06-01")]).await;
        assert_eq!(answer.json()["error"]["type"], "not_found_error");
        client.head("/").await.assert_status(200);
        client.browser.get("/").await.assert_redirect("/admin");
    }
}
