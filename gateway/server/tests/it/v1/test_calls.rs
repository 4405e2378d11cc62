//! The admin's test call.

use gateway_domain::GlobalRole;
use gateway_identity::{Caller, ServiceError};
use gateway_inference::status::{providers, test_call};
use gateway_testkit::Act;
use serde_json::json;

use crate::harness::{UPSTREAM_KEY, Upstreams, told};

cases! {
    async fn a_test_call_says_what_is_wrong_and_is_written_down(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let system = Caller::system("test");
        let result = test_call(&client.plane, &system, "one", None).await.unwrap();
        assert!(result.ok && result.status == Some(200), "{result:?}");
        let row = client.row(result.request_id).await;
        assert_eq!(row.attempts.iter().map(told).collect::<Vec<_>>(), ["one success 200 - reported 42+7"]);
        assert!(row.view.record.account.key_id.uuid().is_nil());
        let result = test_call(&client.plane, &system, "claude", Some("other")).await.unwrap();
        assert!(result.ok);
        assert_eq!(up.claude.log().all().len(), 1);
        for (act, part) in [
            (Act::refuse(401), "refused the gateway's credentials"),
            (Act::refuse(404), "knows no model"),
            (Act::refuse(500), "upstream says 500"),
            (Act::Reset, "broke"),
            (Act::HangBeforeHead, "in time"),
        ] {
            up.one.next([act]);
            let result = test_call(&client.plane, &system, "one", None).await.unwrap();
            assert!(!result.ok && result.message.contains(part), "{result:?}");
            assert!(!result.message.contains(UPSTREAM_KEY));
            assert_eq!(client.row(result.request_id).await.attempts.len(), 1);
        }
        let found = providers(&client.plane, &system).unwrap();
        let one = found.iter().find(|found| found.id == "one").unwrap();
        assert!(one.last_success.is_some() && one.last_failure.is_some());
        let nothing = test_call(&client.plane, &system, "none", None).await;
        assert!(matches!(nothing, Err(ServiceError::NotFound(_))));
    }

    async fn only_admins_send_one(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let browser = client.signed_in_as("other@example.org", GlobalRole::Auditor).await;
        let answer = browser.post_json("/api/v1/admin/model-providers/one/test", &json!({})).await;
        assert!(matches!(answer.status.as_u16(), 403..=405), "{}", answer.body);
        assert_eq!(up.one.log().all().len(), 0);
    }
}
