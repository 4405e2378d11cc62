//! One of three upstreams is killed while calls come in.

use futures_util::{StreamExt as _, stream};
use gateway_testkit::FakeUpstream;
use serde_json::json;

use super::chat;
use crate::harness::{TestApp, Upstreams};

const CALLS: usize = 1000;
const AT_ONCE: usize = 16;

async fn most_calls_succeed(app: TestApp) {
    let up = Upstreams::start().await;
    let third = FakeUpstream::start().await;
    let client = app
        .with_models(&up, |config| {
            config["providers"][2] =
                json!({"id": "three", "type": "openai_compatible", "base_url": third.v1()});
            let route = |provider: &str| json!({"provider": provider, "upstream_model": "m"});
            config["models"] =
                json!([{"id": "m", "routes": [route("one"), route("two"), route("three")]}]);
        })
        .await;
    let calls = stream::iter(0..CALLS).map(|number| {
        let (client, two) = (client.clone(), up.two.clone());
        async move {
            if number == CALLS / 3 {
                two.kill().await;
            }
            client.post("/v1/chat/completions", &chat("m")).await
        }
    });
    let answers: Vec<_> = calls.buffer_unordered(AT_ONCE).collect().await;
    let failed = answers.iter().filter(|answer| answer.status != 200).count();
    assert!(failed <= CALLS / 1000, "{failed} of {CALLS} failed");
    let mut reported = 0;
    for answer in answers
        .iter()
        .filter(|answer| answer.header("x-ogw-attempts") != "1")
    {
        let rows = client.attempts_of(answer).await;
        assert!(rows.last().unwrap().contains("success"), "{rows:?}");
        reported += rows.len();
    }
    let row = client.row_of(&answers[0]).await;
    assert_eq!(row.attempts.len(), 1);
    assert!(reported > 0, "nobody met the killed upstream");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let app = TestApp::new(gateway_testkit::sqlite().await).await;
    Box::pin(most_calls_succeed(app)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    if let Some(db) = gateway_testkit::postgres().await {
        let app = TestApp::new(db).await;
        Box::pin(most_calls_succeed(app)).await;
    }
}
