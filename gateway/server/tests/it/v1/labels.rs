//! What callers say of their requests.

use serde_json::json;

use super::chat;
use crate::harness::Upstreams;

cases! {
    async fn labels_are_kept_and_never_believed(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let mut body = chat("gpt");
        body["user"] = json!("u-1");
        let headers = [
            ("x-request-id", "mine-1"),
            ("user-agent", "sdk/1"),
            ("x-openwebui-user-email", "ada@example.org"),
            ("x-ogw-labels", "project=atlas"),
        ];
        let first = client.post_with("/v1/chat/completions", &body, &headers).await;
        let second = client.post_with("/v1/chat/completions", &body, &headers).await;
        assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
        for answer in [first, second] {
            let record = client.row_of(&answer).await.view.record;
            assert_eq!(record.client_request_id.as_deref(), Some("mine-1"));
            assert_eq!(record.labels, json!({
                "user_agent": "sdk/1", "openwebui_user_email": "ada@example.org", "project": "atlas", "user": "u-1",
            }));
        }
    }
}
