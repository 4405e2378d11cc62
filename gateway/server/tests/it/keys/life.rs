//! From its making to its end.

use chrono::TimeDelta;
use gateway_domain::{GlobalRole, TokenHash};
use gateway_identity::rights::{KeyRefusal, KeyRing};
use serde_json::{Value, json};

use super::{KEYS, ids, make, path, refusal, secret_of, with_models};
use crate::harness::after;

cases! {
    async fn a_key_is_made_changed_rotated_and_revoked(app: TestApp) {
        let app = with_models(&app).await;
        let ring = KeyRing::new();
        let ann = app.signed_in_as("ann@example.com", GlobalRole::User).await;
        let user = app.user("ann@example.com").await.unwrap();
        let ends = app.ctx.now() + TimeDelta::days(30);
        let (key, first) = make(&ann, &json!({
            "name": " Laptop ", "models": ["vendor/beta", "vendor/beta"], "expires_at": ends,
        })).await;
        assert_eq!(key, json!({
            "id": key["id"], "prefix": first.prefix(), "name": "Laptop",
            "owner": {"kind": "user", "id": user.id}, "owner_label": "ann@example.com", "team": null,
            "models": ["vendor/beta"], "state": "active", "created_at": app.ctx.now(), "expires_at": ends,
            "last_used_at": null, "revoked_at": null,
        }));
        assert_eq!(ann.get(&path(&key)).await.json(), key);
        assert_eq!(ann.get(KEYS).await.json(), json!({"items": [key], "next": null}));
        let rights = ring.rights(&app.ctx, &first).await.unwrap();
        assert!(rights.allow("vendor/beta") && !rights.allow("alpha-large"));

        let change = json!({"name": "Desk", "models": null, "expires_at": null});
        let changed = ann.call("PATCH", &path(&key), Some(&change)).await;
        changed.assert_status(200);
        let changed = changed.json();
        assert_eq!((&changed["name"], &changed["models"], &changed["expires_at"]), (&json!("Desk"), &Value::Null, &Value::Null));
        assert!(ring.rights(&app.ctx, &first).await.unwrap().allow("alpha-large"));
        ann.call("PATCH", &path(&key), Some(&change)).await.assert_status(200);
        ann.call("PATCH", &path(&key), Some(&json!({}))).await.assert_status(200);

        let rotated = ann.post_json(&format!("{}/rotate", path(&key)), &json!({"overlap": "1h"})).await;
        rotated.assert_status(200);
        let (object, second) = secret_of(&rotated);
        assert_eq!(object["prefix"], second.prefix());
        assert_eq!(object["id"], key["id"]);
        assert_eq!(refusal(&app, &ring, &first).await, None);
        app.wait(TimeDelta::minutes(60));
        assert_eq!(refusal(&app, &ring, &first).await, Some(KeyRefusal::Revoked));
        assert_eq!(refusal(&app, &ring, &second).await, None);

        ann.call("DELETE", &path(&key), None).await.assert_status(204);
        assert_eq!(refusal(&app, &ring, &second).await, Some(KeyRefusal::Revoked));
        ann.call("DELETE", &path(&key), None).await.assert_status(204);
        let revoked = ann.get(&path(&key)).await.json();
        assert_eq!((&revoked["state"], &revoked["revoked_at"]), (&json!("revoked"), &json!(app.ctx.now())));
        let late = ann.call("PATCH", &path(&key), Some(&json!({"name": "Again"}))).await;
        late.assert_problem(409, "key_revoked");
        let late = ann.call("POST", &format!("{}/rotate", path(&key)), None).await;
        late.assert_problem(409, "key_revoked");

        let log: Vec<_> = app.audit().await.into_iter().filter(|entry| entry.target_kind == "key").collect();
        let actions: Vec<_> = log.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions, ["key.revoked", "key.rotated", "key.changed", "key.created"], "the same again is no change");
        assert!(log.iter().all(|entry| entry.actor_label == "ann@example.com"));
        assert_eq!(after(&log[2])["models"], Value::Null);
        assert_eq!(after(&log[3])["owner"]["label"], "ann@example.com");
        for secret in [&first, &second] {
            let hash = TokenHash::of(secret.expose().as_bytes()).to_hex();
            for entry in &log {
                let text = format!("{entry:?}");
                assert!(!text.contains(secret.expose()) && !text.contains(&hash));
            }
        }
        app.assert_audit_intact().await;
    }

    async fn a_rotation_without_a_body_overlaps_by_a_day(app: TestApp) {
        let ring = KeyRing::new();
        let ann = app.signed_in_as("ann@example.com", GlobalRole::User).await;
        let (key, first) = make(&ann, &json!({"name": "a"})).await;
        let rotated = ann.call("POST", &format!("{}/rotate", path(&key)), None).await;
        rotated.assert_status(200);
        let (_, second) = secret_of(&rotated);
        app.wait(TimeDelta::hours(24) - TimeDelta::seconds(1));
        assert_eq!(refusal(&app, &ring, &first).await, None);
        app.wait(TimeDelta::seconds(1));
        assert_eq!(refusal(&app, &ring, &first).await, Some(KeyRefusal::Revoked));
        assert_eq!(refusal(&app, &ring, &second).await, None);
        for (overlap, field) in [("31d", "overlap"), ("soon", "overlap"), ("", "overlap")] {
            let ann = app.browser_of(&app.user("ann@example.com").await.unwrap()).await;
            let answer = ann.post_json(&format!("{}/rotate", path(&key)), &json!({"overlap": overlap})).await;
            answer.assert_problem(422, "invalid_request");
            assert_eq!(answer.json()["field"], field, "{overlap}");
        }
    }

    async fn what_makes_no_sense_is_refused(app: TestApp) {
        let app = with_models(&app).await;
        let ann = app.signed_in_as("ann@example.com", GlobalRole::User).await;
        let now = app.ctx.now();
        let long = "x".repeat(101);
        for (new, field) in [
            (json!({"name": " "}), "name"),
            (json!({"name": long}), "name"),
            (json!({"name": "a\u{202e}b"}), "name"),
            (json!({"name": "a", "models": []}), "models"),
            (json!({"name": "a", "models": ["vendor/beta", "nothing"]}), "models"),
            (json!({"name": "a", "expires_at": now}), "expires_at"),
            (json!({"name": "a", "expires_at": now + TimeDelta::days(10_000)}), "expires_at"),
        ] {
            let answer = ann.post_json(KEYS, &new).await;
            answer.assert_problem(422, "invalid_request");
            assert_eq!(answer.json()["field"], field, "{new}");
        }
        let answer = ann.post_json(KEYS, &json!({"name": "a", "models": ["alpha-larg"]})).await;
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("Did you mean \"alpha-large\"?"), "{detail}");
        for new in [
            json!({}), json!({"name": 1}), json!({"name": "a", "models": "alpha-large"}), json!({"name": "a", "owner": 5}),
            json!({"name": "a", "owner": ["user", uuid::Uuid::nil()]}), json!({"name": "a", "owner": {"kind": "team", "id": uuid::Uuid::nil()}}),
            json!({"name": "a", "expires_at": "tomorrow"}), json!({"name": "a", "other": 1}),
        ] {
            ann.post_json(KEYS, &new).await.assert_problem(400, "invalid_request");
        }
        ann.with_origin(None).post_json(KEYS, &json!({"name": "a"})).await.assert_status(403);
        assert_eq!(ids(&ann, "").await, [""; 0]);
    }

    async fn a_model_that_left_the_file_stays_on_the_list(app: TestApp) {
        let app = with_models(&app).await;
        let ann = app.signed_in_as("ann@example.com", GlobalRole::User).await;
        let both = json!(["alpha-large", "vendor/beta"]);
        let (key, _) = make(&ann, &json!({"name": "a", "models": both})).await;
        let app = app.restarted_with(|config| { config["models"].as_array_mut().unwrap().pop(); }).await;
        let ann = app.browser_of(&app.user("ann@example.com").await.unwrap()).await;
        let same = ann.call("PATCH", &path(&key), Some(&json!({"name": "b", "models": both}))).await;
        same.assert_status(200);
        let fewer = ann.call("PATCH", &path(&key), Some(&json!({"models": ["alpha-large"]}))).await;
        fewer.assert_status(200);
        let more = ann.call("PATCH", &path(&key), Some(&json!({"models": both}))).await;
        more.assert_problem(422, "invalid_request");
    }

    async fn an_expired_key_is_given_a_later_end_before_another_secret(app: TestApp) {
        let ring = KeyRing::new();
        let ann = app.signed_in_as("ann@example.com", GlobalRole::User).await;
        let ends = app.ctx.now() + TimeDelta::hours(1);
        let (key, secret) = make(&ann, &json!({"name": "a", "expires_at": ends})).await;
        app.wait(TimeDelta::hours(1));
        assert_eq!(refusal(&app, &ring, &secret).await, Some(KeyRefusal::Expired));
        assert_eq!(ann.get(&path(&key)).await.json()["state"], "expired");
        let rotate = format!("{}/rotate", path(&key));
        ann.call("POST", &rotate, None).await.assert_problem(409, "key_expired");
        let later = json!({"expires_at": ends + TimeDelta::hours(1)});
        ann.call("PATCH", &path(&key), Some(&later)).await.assert_status(200);
        assert_eq!(refusal(&app, &ring, &secret).await, None);
        ann.call("POST", &rotate, None).await.assert_status(200);
    }

    async fn an_owner_has_a_hundred_working_keys_at_most(app: TestApp) {
        let ann = app.signed_in_as("ann@example.com", GlobalRole::User).await;
        let mut last = Value::Null;
        for number in 0..100 {
            last = make(&ann, &json!({"name": format!("key {number}")})).await.0;
        }
        let one_more = json!({"name": "one more"});
        ann.post_json(KEYS, &one_more).await.assert_problem(409, "too_many_keys");
        ann.call("DELETE", &path(&last), None).await.assert_status(204);
        make(&ann, &one_more).await;
        let first = ann.get(&format!("{KEYS}?limit=60")).await.json();
        assert_eq!(first["items"].as_array().unwrap().len(), 60);
        assert_eq!(first["items"][0]["name"], "one more");
        let rest = ids(&ann, &format!("?limit=60&cursor={}", first["next"].as_str().unwrap())).await;
        assert_eq!(rest.len(), 41);
        ann.get(&format!("{KEYS}?cursor=x")).await.assert_problem(422, "invalid_request");
    }
}
