//! Sessions through the API.

use gateway_domain::GlobalRole;
use serde_json::Value;

use crate::harness::Browser;

const SESSIONS: &str = "/api/v1/admin/sessions";

async fn own(browser: &Browser) -> Vec<Value> {
    let answer = browser.get(SESSIONS).await;
    answer.assert_status(200);
    answer.json()["items"].as_array().unwrap().clone()
}

cases! {
    async fn a_person_sees_and_ends_their_own(app: TestApp) {
        let user = app.make_user("a@example.com", "password", GlobalRole::User).await;
        let (one, two) = (app.browser_of(&user).await, app.browser_of(&user).await);
        let seen = own(&two).await;
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0]["current"], true, "newest first");
        assert_eq!(seen[1]["current"], false);
        assert_eq!(seen[0]["user_id"], user.id.to_string());
        let path = format!("{SESSIONS}/{}", seen[1]["id"].as_str().unwrap());
        two.call("DELETE", &path, None).await.assert_status(204);
        assert!(!one.is_signed_in().await);
        assert!(two.is_signed_in().await);
        two.call("DELETE", &path, None).await.assert_problem(404, "not_found");
        assert_eq!(app.audit_of("session.revoked").await.len(), 1);
    }

    async fn somebody_elses_session_does_not_exist(app: TestApp) {
        let admin = app.admin().await;
        let auditor = app.auditor().await;
        let id = own(&admin).await[0]["id"].as_str().unwrap().to_owned();
        let path = format!("{SESSIONS}/{id}");
        auditor.call("DELETE", &path, None).await.assert_problem(404, "not_found");
        assert!(admin.is_signed_in().await);
    }

    async fn case_208_signing_out_everywhere(app: TestApp) {
        let user = app.make_user("a@example.com", "password", GlobalRole::User).await;
        let path = format!("/api/v1/admin/users/{}/sessions", user.id);
        let (one, two) = (app.browser_of(&user).await, app.browser_of(&user).await);
        one.call("DELETE", &format!("{path}?keep_current=true"), None).await.assert_status(204);
        assert!(one.is_signed_in().await);
        assert!(!two.is_signed_in().await);
        one.call("DELETE", &path, None).await.assert_status(204);
        assert!(!one.is_signed_in().await);
        let admin = app.admin().await;
        let three = app.browser_of(&user).await;
        admin.call("DELETE", &path, None).await.assert_status(204);
        assert!(!three.is_signed_in().await);
        assert_eq!(app.audit_of("session.all_revoked").await.len(), 3);
    }
}
