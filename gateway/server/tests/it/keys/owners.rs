//! Whose a key may be, and who sees it.

use gateway_domain::{GlobalRole, MembershipSource, TeamRole};
use gateway_identity::rights::KeyRing;
use gateway_store::teams;
use serde_json::json;

use super::{ACCOUNTS, KEYS, ids, make, path, refusal};
use crate::harness::TestApp;

async fn join(app: &TestApp, email: &str, role: TeamRole) {
    let user = app.user(email).await.unwrap();
    let team = teams::find(&*app.db, "research").await.unwrap().unwrap();
    let (source, now) = (MembershipSource::Manual, app.ctx.now());
    teams::set_member(&*app.db, user.id, team.id, role, source, now)
        .await
        .unwrap();
}

cases! {
    async fn an_owner_is_named_in_many_ways(app: TestApp) {
        let admin = app.admin().await;
        let ann = app.make_user("ann@example.com", "password", GlobalRole::User).await;
        let made = admin.post_json(ACCOUNTS, &json!({"key": "ci", "team": "research"})).await;
        made.assert_status(201);
        let program = made.json()["id"].clone();
        for owner in [json!("ANN@example.com"), json!(ann.id), json!({"kind": "user", "id": ann.id})] {
            let (key, _) = make(&admin, &json!({"name": "a", "owner": owner})).await;
            assert_eq!(key["owner"], json!({"kind": "user", "id": ann.id}), "{owner}");
        }
        for owner in [json!("ci"), program.clone(), json!({"kind": "service_account", "id": program})] {
            let (key, _) = make(&admin, &json!({"name": "a", "owner": owner})).await;
            assert_eq!(key["owner"], json!({"kind": "service_account", "id": program}), "{owner}");
            assert_eq!((&key["owner_label"], &key["team"]), (&json!("ci"), &json!("research")));
        }
        let own = app.user("admin@example.org").await.unwrap();
        for owner in [json!("me"), json!(null)] {
            let (key, _) = make(&admin, &json!({"name": "a", "owner": owner})).await;
            assert_eq!(key["owner"]["id"], json!(own.id));
        }
        for owner in ["nobody@example.com", "cj", "", &uuid::Uuid::nil().to_string()] {
            let answer = admin.post_json(KEYS, &json!({"name": "a", "owner": owner})).await;
            answer.assert_problem(422, "invalid_request");
            assert_eq!(answer.json()["field"], "owner");
        }
        for (query, count) in [("?owner=ann@example.com", 3), ("?owner=ci", 3), ("?owner=me", 2), ("", 8), ("?team=research", 3)] {
            assert_eq!(ids(&admin, query).await.len(), count, "{query}");
        }
        admin.get(&format!("{KEYS}?team=nowhere")).await.assert_problem(422, "invalid_request");
    }

    async fn everybody_sees_what_is_theirs(app: TestApp) {
        let admin = app.admin().await;
        let auditor = app.auditor().await;
        let ann = app.signed_in_as("ann@example.com", GlobalRole::User).await;
        let lead = app.signed_in_as("lead@example.com", GlobalRole::User).await;
        join(&app, "ann@example.com", TeamRole::Member).await;
        join(&app, "lead@example.com", TeamRole::Admin).await;
        lead.post_json(ACCOUNTS, &json!({"key": "ci", "team": "research"})).await.assert_status(201);
        let of_admin = make(&admin, &json!({"name": "a"})).await.0;
        let of_auditor = make(&auditor, &json!({"name": "a"})).await.0;
        let of_ann = make(&ann, &json!({"name": "a"})).await.0;
        let of_program = make(&lead, &json!({"name": "a", "owner": "ci"})).await.0;
        let all: Vec<_> = [&of_program, &of_ann, &of_auditor, &of_admin].map(|key| key["id"].as_str().unwrap().to_owned()).into();
        for reader in [&admin, &auditor] {
            assert_eq!(ids(reader, "").await, all);
        }
        assert_eq!(ids(&lead, "").await, all[..2]);
        assert_eq!(ids(&ann, "").await, all[1..2]);
        assert_eq!(of_ann["team"], "research");
        ann.get(&format!("{KEYS}?owner=nobody@example.com")).await.assert_problem(403, "forbidden");
        ann.get(&format!("{KEYS}?owner=lead@example.com")).await.assert_problem(403, "forbidden");
        ann.get(&format!("{KEYS}?team=nowhere")).await.assert_problem(403, "forbidden");
        ann.get(&path(&of_admin)).await.assert_problem(404, "not_found");
        ann.get(&format!("{KEYS}/{}", uuid::Uuid::nil())).await.assert_problem(404, "not_found");
        let named = json!({"name": "a", "owner": "nobody@example.com"});
        ann.post_json(KEYS, &named).await.assert_problem(403, "forbidden");
    }

    async fn a_disabled_owner_is_given_no_key_and_an_invited_one_is(app: TestApp) {
        let ring = KeyRing::new();
        let admin = app.admin().await;
        let ann = app.invite("ann@example.com", "idp").await;
        let user = format!("/api/v1/admin/users/{}", ann.id);
        admin.call("PATCH", &user, Some(&json!({"status": "disabled"}))).await.assert_status(200);
        let new = json!({"name": "a", "owner": "ann@example.com"});
        admin.post_json(KEYS, &new).await.assert_problem(409, "owner_disabled");
        admin.call("PATCH", &user, Some(&json!({"status": "active"}))).await.assert_status(200);
        let (key, secret) = make(&admin, &new).await;
        assert_eq!(key["state"], "owner_disabled");
        assert!(refusal(&app, &ring, &secret).await.is_some());
        app.sign_in("ann").await.assert_signed_in("/admin");
        assert_eq!(refusal(&app, &ring, &secret).await, None);
    }
}
