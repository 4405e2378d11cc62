//! Service accounts.

use gateway_domain::GlobalRole;
use gateway_identity::rights::{KeyRefusal, KeyRing};
use serde_json::json;

use super::{ACCOUNTS, make, path, refusal};

cases! {
    async fn a_service_account_is_made_renamed_disabled_and_deleted(app: TestApp) {
        let ring = KeyRing::new();
        let admin = app.admin().await;
        let made = admin.post_json(ACCOUNTS, &json!({"key": "ci", "name": " CI ", "team": "research"})).await;
        made.assert_status(201);
        let object = made.json();
        assert_eq!(object, json!({
            "id": object["id"], "key": "ci", "name": "CI", "team": "research", "status": "active", "managed_by": "admin",
            "created_at": app.ctx.now(),
        }));
        let one = format!("{ACCOUNTS}/ci");
        assert_eq!(admin.get(&one).await.json(), object);
        assert_eq!(admin.get(ACCOUNTS).await.json(), json!({"items": [object], "next": null}));
        let (key, secret) = make(&admin, &json!({"name": "a", "owner": "ci"})).await;
        assert_eq!(refusal(&app, &ring, &secret).await, None);
        let change = json!({"name": "Indexer", "status": "disabled"});
        for _ in 0..2 {
            let changed = admin.call("PATCH", &one, Some(&change)).await.json();
            assert_eq!((&changed["name"], &changed["status"]), (&json!("Indexer"), &json!("disabled")));
        }
        assert_eq!(refusal(&app, &ring, &secret).await, Some(KeyRefusal::OwnerDisabled));
        assert_eq!(admin.get(&path(&key)).await.json()["state"], "owner_disabled");
        admin.call("POST", &format!("{}/rotate", path(&key)), None).await.assert_problem(409, "owner_disabled");
        admin.call("PATCH", &one, Some(&json!({"status": "active"}))).await.assert_status(200);
        assert_eq!(refusal(&app, &ring, &secret).await, None);
        admin.call("DELETE", &one, None).await.assert_status(204);
        assert_eq!(refusal(&app, &ring, &secret).await, Some(KeyRefusal::Unknown));
        admin.get(&path(&key)).await.assert_problem(404, "not_found");
        admin.call("DELETE", &one, None).await.assert_problem(404, "not_found");
        let log = app.audit().await;
        let actions: Vec<_> = log.iter().filter(|entry| entry.target_kind == "service_account").map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions, [
            "service_account.deleted", "service_account.enabled", "service_account.disabled", "service_account.changed",
            "service_account.created",
        ]);
        app.assert_audit_intact().await;
    }

    async fn a_key_is_well_formed_and_taken_once(app: TestApp) {
        let admin = app.admin().await;
        for (key, name, team, field) in [
            ("A", "N", "research", "key"), ("a@b", "N", "research", "key"), ("", "N", "research", "key"),
            ("ci", " ", "research", "name"), ("ci", "N", "nowhere", "team"),
        ] {
            let answer = admin.post_json(ACCOUNTS, &json!({"key": key, "name": name, "team": team})).await;
            answer.assert_problem(422, "invalid_request");
            assert_eq!(answer.json()["field"], field, "{key} {team}");
        }
        let new = json!({"key": "ci", "team": "research"});
        admin.post_json(ACCOUNTS, &new).await.assert_status(201);
        admin.post_json(ACCOUNTS, &new).await.assert_problem(409, "key_taken");
        let ann = app.signed_in_as("ann@example.com", GlobalRole::User).await;
        let elsewhere = json!({"key": "cj", "team": "nowhere"});
        ann.post_json(ACCOUNTS, &elsewhere).await.assert_problem(403, "forbidden");
        ann.get(&format!("{ACCOUNTS}/ci")).await.assert_problem(404, "not_found");
        ann.get(&format!("{ACCOUNTS}/cj")).await.assert_problem(404, "not_found");
        assert_eq!(ann.get(ACCOUNTS).await.json()["items"], json!([]));
    }

    async fn a_team_with_service_accounts_is_kept(app: TestApp) {
        let admin = app.admin().await;
        let teams = "/api/v1/admin/teams";
        admin.post_json(teams, &json!({"key": "ml", "name": "ML"})).await.assert_status(201);
        admin.post_json(ACCOUNTS, &json!({"key": "ci", "team": "ml"})).await.assert_status(201);
        let team = format!("{teams}/ml");
        admin.call("DELETE", &team, None).await.assert_problem(409, "team_in_use");
        admin.call("DELETE", &format!("{ACCOUNTS}/ci"), None).await.assert_status(204);
        admin.call("DELETE", &team, None).await.assert_status(204);
    }

    async fn what_a_teams_log_keeps_is_changed_and_audited(app: TestApp) {
        let admin = app.admin().await;
        let teams = "/api/v1/admin/teams";
        let made = admin.post_json(teams, &json!({"key": "ml", "name": "ML"})).await.json();
        assert_eq!(made["payloads"], json!(null));
        let team = format!("{teams}/ml");
        for payloads in [json!("redacted"), json!("redacted"), json!(null)] {
            let changed = admin.call("PATCH", &team, Some(&json!({"payloads": payloads}))).await.json();
            assert_eq!(changed["payloads"], payloads);
        }
        admin.call("PATCH", &team, Some(&json!({"payloads": "some"}))).await.assert_problem(400, "invalid_request");
        assert_eq!(app.audit_of("team.logging_changed").await.len(), 2);
        let declared = format!("{teams}/research");
        let answer = admin.call("PATCH", &declared, Some(&json!({"payloads": "full"}))).await;
        answer.assert_problem(409, "managed_by_config");
    }
}
