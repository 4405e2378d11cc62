//! What upstreams do wrong, and the rows that it leaves.

use gateway_llm::usage::estimate_input;
use gateway_testkit::{Act, upstream::TEXT};
use serde_json::{Value, json};

use super::{chat, data, streamed};
use crate::harness::{Answer, Client, Upstreams};

const WELL: &str = "one success 200 - reported 42+7";

async fn ask(client: &Client, body: &Value) -> Answer {
    client.post("/v1/chat/completions", body).await
}

fn input(body: &Value) -> u64 {
    estimate_input(body.to_string().as_bytes())
}

async fn assert_code(client: &Client, answer: &Answer, status: i32, code: &str) {
    let record = client.row_of(answer).await.view.record;
    assert_eq!(
        (record.status, record.error_code.as_deref()),
        (status, Some(code))
    );
}

cases! {
    async fn what_passes_is_repeated(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let body = chat("gpt");
        let html = Act::Raw { status: 200, content_type: "text/html", headers: Vec::new(), body: b"<html>".to_vec() };
        let read = input(&body);
        for (act, row) in [
            (Act::Reset, "one error - broken none 0+0".to_owned()),
            (Act::Garbage, "one error - broken none 0+0".to_owned()),
            (Act::CutBody, format!("one cut 200 cut estimated {read}+3")),
            (Act::HangBeforeHead, format!("one timeout - first_byte_timeout estimated {read}+0")),
            (Act::refuse(500), "one error 500 upstream_error none 0+0".to_owned()),
            (Act::refuse(529), "one error 529 overloaded none 0+0".to_owned()),
            (Act::refuse_with(429, vec![("retry-after-ms", "1".to_owned())]), "one error 429 rate_limited none 0+0".to_owned()),
            (html, "one error 200 garbage none 0+0".to_owned()),
        ] {
            up.one.next([act]);
            let answer = ask(&client, &body).await;
            answer.assert_status(200);
            assert_eq!(answer.json()["choices"][0]["message"]["content"], TEXT);
            assert_eq!(client.attempts_of(&answer).await, [row.as_str(), WELL]);
        }
    }

    async fn what_stays_is_told_as_it_is(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let body = chat("gpt");
        for (act, status, code) in [
            (Act::HangBeforeHead, 504, "upstream_timeout"),
            (Act::Reset, 502, "upstream_broken"),
            (Act::Garbage, 502, "upstream_broken"),
            (Act::CutBody, 502, "upstream_broken"),
        ] {
            up.one.next([act.clone(), act]);
            let answer = ask(&client, &body).await;
            answer.assert_status(status);
            assert_eq!(answer.json()["error"]["code"], code);
            assert_eq!(client.attempts_of(&answer).await.len(), 2);
            assert_code(&client, &answer, i32::from(status), code).await;
        }
        let headers = vec![("retry-after", "30".to_owned()), ("x-ratelimit-remaining-requests", "0".to_owned())];
        up.one.next([Act::refuse_with(429, headers)]);
        let answer = ask(&client, &body).await;
        answer.assert_status(429);
        assert_eq!(answer.header("retry-after"), "30");
        assert_eq!(answer.header("x-ratelimit-remaining-requests"), "0");
        let Act::Raw { body: bytes, .. } = Act::refuse(429) else { unreachable!() };
        assert_eq!(answer.body.as_bytes(), bytes);
        assert_eq!(client.attempts_of(&answer).await, ["one error 429 rate_limited none 0+0"]);
        up.one.kill().await;
        let answer = ask(&client, &body).await;
        answer.assert_status(502);
        assert_eq!(answer.json()["error"]["code"], "upstream_unreachable");
        assert_eq!(client.attempts_of(&answer).await, ["one error - connect none 0+0"; 2]);
    }

    async fn a_refusal_is_translated_with_its_sentence(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let refusal = json!({"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 > 8"}});
        up.claude.next([Act::Raw { status: 400, content_type: "application/json", headers: Vec::new(), body: refusal.to_string().into_bytes() }]);
        let answer = ask(&client, &chat("org/claude")).await;
        answer.assert_status(400);
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains("prompt is too long: 9 > 8"));
        assert_eq!(answer.json()["error"]["code"], "context_length_exceeded");
        assert_eq!(client.attempts_of(&answer).await, ["claude error 400 invalid_request none 0+0"]);
    }

    async fn twenty_megabytes_pass_both_ways(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let mut big = json!({"usage": {"prompt_tokens": 42, "completion_tokens": 7}, "choices": []});
        big["text"] = json!("y".repeat(20 << 20));
        let big = big.to_string();
        up.one.next([Act::Raw { status: 200, content_type: "application/json", headers: Vec::new(), body: big.clone().into_bytes() }]);
        let mut body = chat("gpt");
        body["messages"][0]["content"] = json!("x".repeat(20 << 20));
        let answer = ask(&client, &body).await;
        answer.assert_status(200);
        assert!(answer.body == big, "other bytes came than were sent");
        assert!(up.one.log().last("/completions").body.len() > 20 << 20);
        assert_eq!(client.attempts_of(&answer).await, [WELL]);
        body["messages"][0]["content"] = json!("x".repeat(65 << 20));
        let answer = ask(&client, &body).await;
        answer.assert_status(413);
        assert_eq!(answer.json()["error"]["code"], "request_too_large");
        assert!(client.attempts_of(&answer).await.is_empty());
    }

    async fn a_stream_that_dies_before_its_first_event_is_repeated(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let body = streamed(chat("gpt"));
        let read = input(&body);
        let overloaded = "event: error\ndata: {\"error\":{\"message\":\"busy\",\"type\":\"overloaded_error\",\"code\":null}}\n\n";
        let failing = Act::Raw { status: 200, content_type: "text/event-stream", headers: Vec::new(), body: overloaded.as_bytes().to_vec() };
        for (act, row) in [
            (Act::CutAfter(0), format!("one cut 200 cut estimated {read}+0")),
            (Act::HangAfter(0), format!("one timeout 200 idle_timeout estimated {read}+0")),
            (Act::EndAfter(0), "one error 200 garbage none 0+0".to_owned()),
            (failing, "one error 200 overloaded_error none 0+0".to_owned()),
        ] {
            up.one.next([act]);
            let answer = ask(&client, &body).await;
            answer.assert_status(200);
            assert_eq!(data(&answer.body).last().unwrap(), "[DONE]");
            assert!(!answer.body.contains("busy"));
            assert_eq!(client.attempts_of(&answer).await, [row.as_str(), WELL]);
        }
    }

    async fn what_was_written_before_an_error_in_the_first_piece_is_booked(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let chunk = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": {"content": "word ".repeat(40)}, "finish_reason": null}]});
        let body = format!("data: {chunk}\n\ndata: {{\"error\": {{\"message\": \"no\", \"type\": \"server_error\"}}}}\n\n");
        let act = Act::Raw { status: 200, content_type: "text/event-stream", headers: Vec::new(), body: body.into_bytes() };
        up.one.next([act]);
        let request = streamed(chat("gpt"));
        let answer = ask(&client, &request).await;
        assert_eq!(data(&answer.body).last().map(String::as_str), Some("[DONE]"));
        let rows = client.attempts_of(&answer).await;
        let read = input(&request);
        assert_eq!(rows, [format!("one error 200 server_error estimated {read}+50").as_str(), WELL]);
    }

    async fn half_a_refusal_is_not_told(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        // Promises more than it sends: the connection breaks.
        let act = Act::CutRefusal(400);
        up.one.next([act]);
        let answer = ask(&client, &chat("gpt")).await;
        answer.assert_status(502);
        assert_eq!(answer.json()["error"]["code"], "upstream_broken");
    }

    async fn a_long_name_of_no_model_is_not_said_again(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let answer = ask(&client, &chat(&"x".repeat(100_000))).await;
        answer.assert_status(404);
        assert!(answer.body.len() < 1000);
    }

    async fn a_stream_that_breaks_never_ends_as_if_it_were_whole(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        for (model, fake, provider) in [("gpt", &up.one, "one"), ("org/claude", &up.claude, "claude")] {
            let body = streamed(chat(model));
            // Claude's text begins after three events.
            let frames = if provider == "one" { 2 } else { 5 };
            let estimated = if provider == "one" { input(&body) } else { 42 };
            for (act, outcome, status, code) in [
                (Act::CutAfter(frames), "cut", "cut", "cut"),
                (Act::EndAfter(frames), "cut", "cut", "cut"),
                (Act::HangAfter(frames), "timeout", "idle_timeout", "upstream_timeout"),
            ] {
                fake.next([act]);
                let answer = ask(&client, &body).await;
                answer.assert_status(200);
                let events = data(&answer.body);
                let last: Value = serde_json::from_str(events.last().unwrap()).unwrap();
                assert!(last["error"]["message"].is_string(), "{}", answer.body);
                assert!(!answer.body.contains("[DONE]"));
                let row = format!("{provider} {outcome} 200 {status} estimated {estimated}+3");
                assert_eq!(client.attempts_of(&answer).await, [row]);
                assert_code(&client, &answer, 200, code).await;
            }
        }
    }
}
