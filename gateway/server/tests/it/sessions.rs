//! The session's cookie, and who may make the browser act.

use axum::body::Body;
use chrono::TimeDelta;
use gateway_domain::{DisabledBy, GlobalRole, RoleSource, TokenHash, UserStatus};
use gateway_identity::{session_store::DbSessionStore, sign_in::session_hash};
use gateway_store::{Executor as _, users};
use http::Method;
use serde_json::{Value, json};
use tower_sessions::{SessionStore as _, session::Id};

use crate::harness::after;

const LOGOUT: &str = "/api/v1/auth/logout";
const EVIL: &str = "https://evil.example";

fn names(value: &Value) -> Vec<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

cases! {
    async fn case_198_the_cookie_of_a_session(app: TestApp) {
        let cookie = app.sign_in("alice").await.cookie("ogw_session").unwrap();
        let mut attributes = cookie.attributes.clone();
        attributes.sort();
        assert_eq!(attributes, ["httponly", "path=/", "samesite=lax", "secure"]);
        assert_eq!(cookie.value.parse::<Id>().unwrap().to_string(), cookie.value, "128 bits, opaque");
    }

    async fn case_198_secure_follows_public_base_url_alone(app: TestApp) {
        let app = app.restarted_with(|config| {
            config["server"]["public_base_url"] = json!("http://127.0.0.1:8080");
        }).await;
        let browser = app.fresh().with_header("x-forwarded-proto", "https");
        let cookie = browser.sign_in("alice").await.cookie("ogw_session").unwrap();
        assert!(!cookie.has("secure"), "{cookie:?}");
        assert!(cookie.has("httponly") && cookie.has("samesite=lax"));
    }

    async fn case_199_a_session_that_somebody_else_chose_is_never_valid(app: TestApp) {
        let chosen = Id(42).to_string();
        app.jar().set("ogw_session", &chosen);
        app.sign_in("alice").await.assert_signed_in("/admin");
        assert_ne!(app.jar().get("ogw_session").unwrap(), chosen);
        assert!(!app.is_live(&chosen).await);
    }

    async fn case_200_a_sign_in_ends_the_session_before(app: TestApp) {
        app.sign_in("alice").await;
        let before = app.jar().get("ogw_session").unwrap();
        app.sign_in("alice").await.assert_signed_in("/admin");
        assert!(!app.is_live(&before).await);
        assert_eq!(app.count_sessions().await, 1);
    }

    async fn case_201_the_database_opens_nothing(app: TestApp) {
        app.sign_in("alice").await;
        let cookie = app.jar().get("ogw_session").unwrap();
        let rows: Vec<(Vec<u8>, String)> = app.db
            .query("SELECT token_hash, data FROM sessions")
            .fetch_all()
            .await
            .unwrap();
        let (stored, data) = &rows[0];
        let id: Id = cookie.parse().unwrap();
        assert_eq!(stored, session_hash(&id).as_bytes());
        assert_eq!(session_hash(&id), TokenHash::of(&id.0.to_le_bytes()));
        assert!(!data.contains(&cookie));
        let thief = app.fresh();
        for part in [&stored[..16], &stored[16..]] {
            let forged = Id(i128::from_le_bytes(part.try_into().unwrap()));
            thief.jar().set("ogw_session", &forged.to_string());
            assert!(!thief.is_signed_in().await);
        }
    }

    async fn case_202_an_unused_session_ends_after_eight_hours(app: TestApp) {
        app.sign_in("alice").await;
        app.wait(TimeDelta::hours(7));
        assert!(app.is_signed_in().await);
        app.wait(TimeDelta::hours(7) + TimeDelta::minutes(59));
        assert!(app.is_signed_in().await, "using it kept it");
        app.wait(TimeDelta::hours(8));
        assert!(!app.is_signed_in().await);
        app.get("/api/v1/admin/users").await.assert_problem(401, "unauthenticated");
    }

    async fn case_202_every_session_ends_after_a_day(app: TestApp) {
        app.sign_in("alice").await;
        for _ in 0..23 {
            app.wait(TimeDelta::hours(1));
            assert!(app.is_signed_in().await);
        }
        app.wait(TimeDelta::hours(1));
        assert!(!app.is_signed_in().await);
    }

    async fn case_202_the_way_back_survives_the_end_of_the_session(app: TestApp) {
        let page = "/admin/users?q=a%20b&status=active";
        app.get(page).await
            .assert_redirect("/admin/login?redirect_to=%2Fadmin%2Fusers%3Fq%3Da%2520b%26status%3Dactive");
        app.get("/admin").await.assert_redirect("/admin/login");
        app.post_form("/admin/teams", &[("key", "a")]).await.assert_redirect("/admin/login");
    }

    async fn case_203_a_disabled_person_is_out_at_the_next_request(app: TestApp) {
        app.sign_in("alice").await;
        let alice = app.user("alice@example.com").await.unwrap();
        users::set_status(&*app.db, alice.id, UserStatus::Disabled, Some(DisabledBy::Admin)).await.unwrap();
        assert!(!app.is_signed_in().await);
        app.get("/api/v1/admin/sessions").await.assert_problem(401, "unauthenticated");
        app.get("/admin/account").await.assert_redirect("/admin/login?redirect_to=%2Fadmin%2Faccount");
        users::set_status(&*app.db, alice.id, UserStatus::Active, None).await.unwrap();
        assert!(!app.is_signed_in().await, "enabled again, the old session stays dead");
    }

    async fn case_203_a_deleted_person_is_out_at_the_next_request(app: TestApp) {
        app.sign_in("alice").await;
        let alice = app.user("alice@example.com").await.unwrap();
        users::delete(&*app.db, alice.id).await.unwrap();
        assert!(!app.is_signed_in().await);
    }

    async fn case_204_a_lowered_role_holds_at_the_next_request(app: TestApp) {
        let admin = app.admin().await;
        app.make_user("other@example.org", "password", GlobalRole::PlatformAdmin).await;
        admin.get("/api/v1/admin/users").await.assert_status(200);
        let user = app.user("admin@example.org").await.unwrap();
        users::set_role(&*app.db, user.id, GlobalRole::User, RoleSource::Manual).await.unwrap();
        admin.get("/api/v1/admin/users").await.assert_problem(403, "forbidden");
        assert_eq!(admin.session().await["user"]["global_role"], "user");
    }

    async fn case_206_a_late_write_does_not_revive_a_session(app: TestApp) {
        app.sign_in("alice").await;
        let id: Id = app.jar().get("ogw_session").unwrap().parse().unwrap();
        let store = DbSessionStore::new((*app.db).clone(), app.ctx.clock().clone());
        let mut in_flight = store.load(&id).await.unwrap().unwrap();
        in_flight.data.insert("notice".to_owned(), json!("saved"));
        store.save(&in_flight).await.unwrap();
        assert_eq!(store.load(&id).await.unwrap().unwrap().data["notice"], "saved");
        app.post_json(LOGOUT, &json!({})).await.assert_status(200);
        store.save(&in_flight).await.unwrap();
        assert!(store.load(&id).await.unwrap().is_none());
        assert!(!app.is_live(&id.to_string()).await);
        // Nor does anything but a sign-in create one.
        assert!(store.create(&mut in_flight).await.is_err());
        assert_eq!(app.count_sessions().await, 0);
    }

    async fn case_207_signing_out_is_idempotent_and_ours(app: TestApp) {
        app.post_json(LOGOUT, &json!({})).await.assert_status(200);
        app.sign_in("alice").await;
        let cookie = app.jar().get("ogw_session").unwrap();
        app.get(LOGOUT).await.assert_status(405);
        for origin in [None, Some("null"), Some(EVIL)] {
            app.with_origin(origin).post_json(LOGOUT, &json!({})).await.assert_status(403);
            app.with_origin(origin).post_form(LOGOUT, &[]).await.assert_status(403);
        }
        assert!(app.is_live(&cookie).await);
        let answer = app.call("POST", LOGOUT, None).await;
        answer.assert_status(200);
        assert_eq!(answer.json(), json!({ "redirect_to": null }));
        assert!(answer.cookie("ogw_session").unwrap().is_deleted());
        assert!(!app.is_live(&cookie).await);
        app.jar().set("ogw_session", &cookie);
        app.post_json(LOGOUT, &json!({})).await.assert_status(200);
        app.post_form(LOGOUT, &[]).await.assert_redirect("/admin/login?signed_out=1");
        assert_eq!(app.audit_of("sign_out").await.len(), 1);
    }

    async fn case_208_signing_out_on_every_device(app: TestApp) {
        app.sign_in("alice").await;
        let laptop = app.fresh();
        laptop.sign_in("alice").await;
        let bob = app.fresh();
        bob.sign_in("bob").await;
        app.post_json(LOGOUT, &json!({ "everywhere": true })).await.assert_status(200);
        assert!(!laptop.is_signed_in().await);
        assert!(bob.is_signed_in().await);
        assert_eq!(after(&app.audit_of("session.all_revoked").await[0])["sessions_ended"], 1);
    }

    async fn case_209_no_other_site_acts_for_the_person(app: TestApp) {
        let admin = app.admin().await;
        let body = json!({ "key": "evil", "name": "Evil" });
        for origin in [Some(EVIL), Some("null"), Some("https://sub.gateway.test"), None] {
            let browser = admin.with_origin(origin).with_header("sec-fetch-site", "cross-site");
            browser.post_json("/api/v1/admin/teams", &body).await.assert_status(403);
            browser.post_form("/admin/teams", &[("key", "evil"), ("name", "Evil")]).await.assert_status(403);
        }
        let plain = admin
            .request(Method::POST, "/api/v1/admin/teams")
            .header("content-type", "text/plain")
            .body(Body::from(body.to_string()));
        admin.send(plain.unwrap()).await.assert_status(415);
        let teams = admin.get("/api/v1/admin/teams").await.json();
        assert!(!teams.to_string().contains("evil"));
        admin.post_json("/api/v1/admin/teams", &json!({ "key": "good", "name": "Good" })).await.assert_status(201);
    }

    async fn case_210_a_form_belongs_to_its_session(app: TestApp) {
        let admin = app.admin().await;
        let token = admin.form_token("/admin").await;
        let auditor = app.auditor().await;
        let others = auditor.form_token("/admin").await;
        let post = async |token: Option<&str>| {
            let mut fields = vec![("name", "Neat"), ("key", "neat")];
            fields.extend(token.map(|token| ("_csrf", token)));
            admin.post_form("/admin/teams", &fields).await.status.as_u16()
        };
        for bad in [None, Some(""), Some(others.as_str()), Some(&token[..42])] {
            assert_eq!(post(bad).await, 403, "{bad:?}");
        }
        let teams = auditor.get("/api/v1/admin/teams").await.body;
        assert!(!teams.contains("\"neat\""));
        assert_eq!(post(Some(&token)).await, 303);
        let teams = auditor.get("/api/v1/admin/teams").await.body;
        assert!(teams.contains("\"neat\""));
        admin.post_json(LOGOUT, &json!({})).await;
        let late = admin.post_form("/admin/teams", &[("name", "B"), ("key", "b"), ("_csrf", &token)]).await;
        late.assert_redirect("/admin/login");
    }

    async fn case_212_no_other_origin_may_read(app: TestApp) {
        let admin = app.admin().await;
        for path in ["/api/v1/auth/session", "/api/v1/admin/users", "/admin", "/api/v1/auth/oidc/providers"] {
            let read = admin.with_header("origin", EVIL).get(path).await;
            let asked = admin
                .with_origin(Some(EVIL))
                .with_header("access-control-request-method", "POST")
                .call("OPTIONS", path, None)
                .await;
            for answer in [read, asked] {
                assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{path}");
                assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
            }
        }
    }

    async fn case_063_going_back_to_the_callback_leaves_the_session(app: TestApp) {
        app.idp.person("alice");
        let callback = app.begin().await;
        app.come_back(&callback).await.assert_signed_in("/admin");
        app.come_back(&callback).await.assert_sso_error("state_invalid");
        assert!(app.is_signed_in().await);
    }

    async fn case_075_a_callback_for_somebody_else_ends_the_session(app: TestApp) {
        app.sign_in("alice").await;
        let of_alice = app.jar().get("ogw_session").unwrap();
        app.sign_in("bob").await.assert_signed_in("/admin");
        assert_eq!(app.email().await, "bob@example.com");
        assert!(!app.is_live(&of_alice).await);
        assert_eq!(app.audit_of("sign_in.succeeded").await.len(), 2);
    }

    async fn the_session_as_the_contract_shows_it(app: TestApp) {
        let answer = app.get("/api/v1/auth/session").await;
        answer.assert_status(200).assert_private();
        assert_eq!(answer.json(), json!({ "authenticated": false }));
        app.sign_in("alice").await;
        let shown = app.session().await;
        assert_eq!(names(&shown), ["authenticated", "user", "session"]);
        assert_eq!(
            names(&shown["user"]),
            ["id", "email", "name", "status", "global_role", "request_logging_enabled", "teams"]
        );
        assert_eq!(names(&shown["session"]), ["provider_key", "created_at", "expires_at"]);
        assert_eq!(shown["session"]["provider_key"], "idp");
    }

    async fn case_092_no_page_is_framed_and_nothing_foreign_is_loaded(app: TestApp) {
        for path in ["/admin/login", "/api/v1/auth/session", "/no/such/page"] {
            let answer = app.get(path).await;
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert!(answer.header("strict-transport-security").starts_with("max-age="));
            assert!(answer.header("cache-control").contains("no-store"), "{path}");
            assert!(!answer.header("x-request-id").is_empty());
        }
        // With no-referrer browsers send `Origin: null` with our own forms.
        assert_eq!(app.get("/admin/login").await.header("referrer-policy"), "same-origin");
        let chosen = app.with_header("x-request-id", "mine").get("/admin/login").await;
        assert_ne!(chosen.header("x-request-id"), "mine");
    }
}
