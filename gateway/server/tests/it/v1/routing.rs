//! Which route is tried when.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use gateway_identity::Caller;
use gateway_inference::status::{self, Health};
use gateway_testkit::Act;
use serde_json::json;

use super::{chat, streamed};
use crate::harness::{Client, Upstreams};

async fn served_by(client: &Client, model: &str) -> (String, String) {
    let answer = client.post("/v1/chat/completions", &chat(model)).await;
    answer.assert_status(200);
    (
        answer.header("x-ogw-provider").to_owned(),
        answer.header("x-ogw-attempts").to_owned(),
    )
}

fn health(client: &Client, model: &str) -> Vec<Health> {
    let models = status::models(&client.plane, &Caller::system("test")).unwrap();
    let model = models.into_iter().find(|found| found.id == model).unwrap();
    model.routes.into_iter().map(|route| route.health).collect()
}

cases! {
    async fn the_first_priority_is_used_while_it_works(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        assert_eq!(health(&client, "safe"), [Health::Untried, Health::Untried]);
        for _ in 0..5 {
            assert_eq!(served_by(&client, "safe").await, ("one".to_owned(), "1".to_owned()));
        }
        assert_eq!(health(&client, "safe"), [Health::Ready, Health::Untried]);
        assert_eq!(up.two.log().all().len(), 0);
    }

    async fn a_killed_upstream_is_passed_by_and_tried_again(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        up.one.kill().await;
        let answer = client.post("/v1/chat/completions", &chat("safe")).await;
        answer.assert_status(200);
        assert_eq!(
            client.attempts_of(&answer).await,
            ["one error - connect none 0+0", "two success 200 - reported 42+7"]
        );
        assert_eq!(served_by(&client, "safe").await, ("two".to_owned(), "1".to_owned()));
        assert!(matches!(health(&client, "safe")[0], Health::CoolingDown { .. }));
        client.wait(TimeDelta::seconds(3));
        assert_eq!(served_by(&client, "safe").await, ("two".to_owned(), "2".to_owned()), "one trial");
        let _again = gateway_testkit::FakeUpstream::start_at(up.one.address()).await;
        client.wait(TimeDelta::seconds(60));
        assert_eq!(served_by(&client, "safe").await, ("one".to_owned(), "1".to_owned()));
        assert_eq!(health(&client, "safe")[0], Health::Ready);
    }

    async fn a_busy_upstream_rests_for_as_long_as_it_says(app: TestApp) {
        let up = Upstreams::start().await;
        let mut client = app.with_models(&up, |_| {}).await;
        up.one.next([Act::refuse_with(429, vec![("retry-after", "90".to_owned())])]);
        let answer = client.post("/v1/chat/completions", &chat("safe")).await;
        answer.assert_status(200);
        assert_eq!(
            client.attempts_of(&answer).await,
            ["one error 429 rate_limited none 0+0", "two success 200 - reported 42+7"]
        );
        client.wait(TimeDelta::seconds(89));
        client.app.reload_with(|config| config["request_logging"] = json!({"payloads": "off"})).await;
        assert_eq!(served_by(&client, "safe").await.0, "two", "a reload forgets nothing");
        client.wait(TimeDelta::seconds(2));
        assert_eq!(served_by(&client, "safe").await, ("one".to_owned(), "1".to_owned()));
    }

    async fn the_only_route_is_tried_however_it_fares(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        up.one.next([Act::refuse_with(429, vec![("retry-after", "90".to_owned())])]);
        client.post("/v1/chat/completions", &chat("gpt")).await.assert_status(429);
        assert_eq!(served_by(&client, "gpt").await, ("one".to_owned(), "1".to_owned()));
    }

    async fn routes_of_one_priority_share_by_weight(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app
            .with_models(&up, |config| {
                config["models"][2]["routes"][1]["priority"] = json!(1);
                config["models"][2]["routes"][0]["weight"] = json!(3);
            })
            .await;
        let mut served = BTreeMap::new();
        for _ in 0..60 {
            *served.entry(served_by(&client, "safe").await.0).or_insert(0) += 1;
        }
        assert!(served["one"] > served["two"], "{served:?}");
        let client = client
            .restarted_with(|config| config["models"][2]["routes"][1]["weight"] = json!(0))
            .await;
        let models = status::models(&client.plane, &Caller::system("test")).unwrap();
        assert_eq!(models[2].routes[1].weight, 0);
    }

    async fn what_is_hopeless_is_not_repeated(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        up.one.next([Act::refuse(400)]);
        let answer = client.post("/v1/chat/completions", &chat("safe")).await;
        answer.assert_status(400);
        assert_eq!(answer.json()["error"]["message"], "upstream says 400");
        assert_eq!(client.attempts_of(&answer).await, ["one error 400 invalid_request none 0+0"]);
        assert_eq!(client.row_of(&answer).await.view.record.error_code.as_deref(), Some("invalid_request"));
        for status in [401, 403, 404] {
            up.one.next([Act::refuse(status)]);
            let answer = client.post("/v1/chat/completions", &chat("safe")).await;
            answer.assert_status(200);
            assert_eq!(answer.header("x-ogw-provider"), "two", "{status}");
            client.wait(TimeDelta::minutes(11));
        }
        up.one.next([Act::refuse(401)]);
        let answer = client.post("/v1/chat/completions", &chat("gpt")).await;
        answer.assert_status(502);
        assert_eq!(answer.json()["error"]["code"], "upstream_auth_failed");
        assert!(!answer.body.contains("upstream says"));
        assert_eq!(client.attempts_of(&answer).await, ["one error 401 upstream_auth_failed none 0+0"]);
    }

    async fn a_call_has_a_budget(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        up.one.always(Act::refuse(503));
        up.two.always(Act::refuse(500));
        let answer = client.post("/v1/chat/completions", &streamed(chat("safe"))).await;
        answer.assert_status(503);
        assert_eq!(
            client.attempts_of(&answer).await,
            [
                "one error 503 overloaded none 0+0",
                "two error 500 upstream_error none 0+0",
                "two error 500 upstream_error none 0+0",
                "one error 503 overloaded none 0+0",
            ]
        );
        assert_eq!(answer.header("x-ogw-attempts"), "4");
    }

    async fn a_broken_provider_breaks_nothing_else(app: TestApp) {
        let up = Upstreams::start().await;
        let credentials = json!({"client_email": "a@b.test", "private_key": "none", "token_uri": "https://oauth2.googleapis.com/token"});
        let credentials = credentials.to_string();
        let client = app
            .with_models(&up, |config| {
                config["providers"].as_array_mut().unwrap().push(json!({
                    "id": "broken", "type": "vertex", "project": "p", "location": "global", "credentials": credentials,
                }));
                config["models"].as_array_mut().unwrap().push(json!({"id": "lame", "routes": [{"provider": "broken"}]}));
            })
            .await;
        served_by(&client, "gpt").await;
        let answer = client.post("/v1/chat/completions", &chat("lame")).await;
        answer.assert_status(502);
        assert_eq!(answer.json()["error"]["code"], "provider_misconfigured");
        assert!(matches!(health(&client, "lame")[0], Health::Broken { .. }));
    }
}
