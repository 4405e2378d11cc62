//! Service accounts and request logs that the file declares.

use gateway_domain::{DisabledBy, Payloads, ServiceAccount};
use gateway_identity::rights::{KeyRefusal, KeyRing};
use gateway_store::{service_accounts, teams};
use serde_json::{Value, json};

use super::{ACCOUNTS, KEYS, make, refusal};
use crate::harness::TestApp;

async fn declaring(app: &TestApp, accounts: Value) -> TestApp {
    app.restarted_with(|config| config["service_accounts"] = accounts)
        .await
}

async fn account(app: &TestApp, key: &str) -> Option<ServiceAccount> {
    service_accounts::find(&*app.db, key).await.unwrap()
}

cases! {
    async fn a_declared_one_follows_the_file(app: TestApp) {
        let ci = json!([{"key": "ci", "name": "CI", "team": "research"}]);
        let app = declaring(&app, ci.clone()).await;
        let made = account(&app, "ci").await.unwrap();
        assert_eq!((made.name.as_str(), made.team_key.as_str(), made.managed_by.as_str()), ("CI", "research", "config"));
        let entries = app.audit().await.len();
        let app = declaring(&app, ci).await;
        assert_eq!(app.audit().await.len(), entries, "a second time changes nothing");
        let app = app.restarted_with(|config| {
            config["teams"] = json!([{"key": "research"}, {"key": "ops"}]);
            config["service_accounts"] = json!([{"key": "ci", "name": "Indexer", "team": "ops"}]);
        }).await;
        let changed = account(&app, "ci").await.unwrap();
        assert_eq!(changed.id, made.id);
        assert_eq!((changed.name.as_str(), changed.team_key.as_str()), ("Indexer", "ops"));
        assert_eq!(app.audit_of("service_account.changed").await.len(), 1);
        let app = declaring(&app, json!([])).await;
        assert_eq!(account(&app, "ci").await, None, "it had no history");
        assert_eq!(app.audit_of("service_account.deleted").await.len(), 1);
    }

    async fn the_pages_give_it_keys_and_leave_it_alone(app: TestApp) {
        let app = declaring(&app, json!([{"key": "ci", "team": "research"}])).await;
        let admin = app.admin().await;
        make(&admin, &json!({"name": "a", "owner": "ci"})).await;
        let one = format!("{ACCOUNTS}/ci");
        for change in [json!({"name": "Other"}), json!({"status": "disabled"})] {
            admin.call("PATCH", &one, Some(&change)).await.assert_problem(409, "managed_by_config");
        }
        admin.call("PATCH", &one, Some(&json!({"name": "ci", "status": "active"}))).await.assert_status(200);
        admin.call("DELETE", &one, None).await.assert_problem(409, "managed_by_config");
    }

    async fn one_with_keys_that_leaves_the_file_stops_and_comes_back(app: TestApp) {
        let ring = KeyRing::new();
        let ci = json!([{"key": "ci", "team": "research"}]);
        let app = declaring(&app, ci.clone()).await;
        let admin = app.admin().await;
        let (_, secret) = make(&admin, &json!({"name": "a", "owner": "ci"})).await;
        assert_eq!(refusal(&app, &ring, &secret).await, None);
        let app = declaring(&app, json!([])).await;
        assert_eq!(account(&app, "ci").await.unwrap().disabled_by, Some(DisabledBy::Config));
        assert_eq!(refusal(&app, &ring, &secret).await, Some(KeyRefusal::OwnerDisabled));
        let entries = app.audit().await.len();
        let app = declaring(&app, json!([])).await;
        assert_eq!(app.audit().await.len(), entries, "a second time changes nothing");
        let admin = app.browser_of(&app.user("admin@example.org").await.unwrap()).await;
        let back = admin.call("PATCH", &format!("{ACCOUNTS}/ci"), Some(&json!({"status": "active"}))).await;
        back.assert_problem(409, "managed_by_config");
        let app = declaring(&app, ci).await;
        assert_eq!(refusal(&app, &ring, &secret).await, None);
        let app = declaring(&app, json!([])).await;
        let admin = app.browser_of(&app.user("admin@example.org").await.unwrap()).await;
        admin.call("DELETE", &format!("{ACCOUNTS}/ci"), None).await.assert_status(204);
        assert_eq!(account(&app, "ci").await, None);
        assert_eq!(refusal(&app, &ring, &secret).await, Some(KeyRefusal::Unknown));
    }

    async fn one_of_the_pages_is_taken_over(app: TestApp) {
        let admin = app.admin().await;
        admin.post_json(ACCOUNTS, &json!({"key": "ci", "team": "research"})).await.assert_status(201);
        admin.post_json(ACCOUNTS, &json!({"key": "mine", "team": "research"})).await.assert_status(201);
        admin.call("PATCH", &format!("{ACCOUNTS}/ci"), Some(&json!({"status": "disabled"}))).await.assert_status(200);
        let app = declaring(&app, json!([{"key": "ci", "team": "research"}])).await;
        let taken = account(&app, "ci").await.unwrap();
        assert_eq!((taken.managed_by.as_str(), taken.disabled_by), ("config", Some(DisabledBy::Admin)), "what an admin disabled stays so");
        assert_eq!(account(&app, "mine").await.unwrap().managed_by.as_str(), "admin");
    }

    async fn a_team_that_leaves_the_file_takes_its_programs_along(app: TestApp) {
        let ring = KeyRing::new();
        let admin = app.admin().await;
        admin.post_json(ACCOUNTS, &json!({"key": "ci", "team": "research"})).await.assert_status(201);
        let (_, secret) = make(&admin, &json!({"name": "a", "owner": "ci"})).await;
        assert_eq!(refusal(&app, &ring, &secret).await, None);
        let team = app.config["teams"].clone();
        let app = app.restarted_with(|config| config["teams"] = json!([])).await;
        let found = teams::find(&*app.db, "research").await.unwrap().unwrap();
        assert!(found.archived_at.is_some(), "it is not deleted");
        assert_eq!(refusal(&app, &ring, &secret).await, Some(KeyRefusal::OwnerDisabled));
        let app = app.restarted_with(|config| config["teams"] = team).await;
        assert_eq!(refusal(&app, &ring, &secret).await, None);
    }

    async fn what_a_declared_teams_log_keeps_follows_the_file(app: TestApp) {
        let kept = async |app: &TestApp| teams::find(&*app.db, "research").await.unwrap().unwrap().payloads;
        assert_eq!(kept(&app).await, None);
        let keeping = async |app: &TestApp, payloads: Value| {
            app.restarted_with(|config| config["teams"][0]["request_logging"] = payloads).await
        };
        let app = keeping(&app, json!("redacted")).await;
        assert_eq!(kept(&app).await, Some(Payloads::Redacted));
        let app = app.restarted_with(|config| { config["teams"][0].as_object_mut().unwrap().remove("request_logging"); }).await;
        assert_eq!(kept(&app).await, None);
        assert_eq!(app.audit_of("team.logging_changed").await.len(), 2);
    }

    async fn a_person_who_leaves_the_file_takes_their_keys_along(app: TestApp) {
        let ring = KeyRing::new();
        let ops = json!([{"email": "ops@example.com", "sign_in": "idp"}]);
        let app = app.restarted_with(|config| config["users"] = ops.clone()).await;
        app.sign_in("ops").await.assert_signed_in("/admin");
        let made = app.post_json(KEYS, &json!({"name": "a"})).await;
        let (_, secret) = super::secret_of(&made);
        assert_eq!(refusal(&app, &ring, &secret).await, None);
        let app = app.restarted_with(|config| config["users"] = json!([])).await;
        assert_eq!(refusal(&app, &ring, &secret).await, Some(KeyRefusal::OwnerDisabled));
        let app = app.restarted_with(|config| config["users"] = ops).await;
        assert_eq!(refusal(&app, &ring, &secret).await, None);
    }
}
