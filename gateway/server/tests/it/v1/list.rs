//! The list of models.

use serde_json::json;

use crate::harness::Upstreams;

cases! {
    async fn a_key_sees_its_models_in_the_shape_that_its_client_reads(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let answer = client.get("/v1/models", &[]).await;
        answer.assert_status(200);
        assert_eq!(answer.json()["object"], "list");
        let ids = |list: &serde_json::Value| -> Vec<String> {
            let data = list["data"].as_array().unwrap();
            data.iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(ids(&answer.json()), ["gpt", "org/claude", "safe", "free"]);
        assert_eq!(answer.json()["data"][0]["object"], "model");
        let few = client.with_key(&client.key_of(&client.user, Some(&["org/claude"])).await);
        assert_eq!(ids(&few.get("/v1/models", &[]).await.json()), ["org/claude"]);
        let answer = few.get("/v1/models/org/claude", &[]).await;
        answer.assert_status(200);
        assert_eq!(answer.json()["id"], "org/claude");
        few.get("/v1/models/org%2Fclaude", &[]).await.assert_status(200);
        few.get("/v1/models/gpt", &[]).await.assert_status(403);
        few.get("/v1/models/none", &[]).await.assert_status(404);

        let anthropic = [("anthropic-version", "2023-06-01")];
        let answer = client.get("/v1/models?limit=1000", &anthropic).await.json();
        assert_eq!(answer["has_more"], false);
        assert_eq!((&answer["first_id"], &answer["last_id"]), (&json!("gpt"), &json!("free")));
        assert_eq!(answer["data"][0]["type"], "model");
        assert_eq!(answer["data"][0]["display_name"], "The first");
        assert!(answer["data"][0]["created_at"].as_str().unwrap().ends_with('Z'));
        let answer = client.get("/v1/models?limit=2&after_id=gpt", &anthropic).await.json();
        assert_eq!(ids(&answer), ["org/claude", "safe"]);
        assert_eq!(answer["has_more"], true);
        let answer = client.get("/v1/models?limit=1&before_id=org%2Fclaude", &anthropic).await.json();
        assert_eq!(ids(&answer), ["gpt"]);
        let one = client.get("/v1/models/gpt", &anthropic).await.json();
        assert_eq!(one["type"], "model");
    }
}
