//! Sign-in by password, its limits, and what passwords and one-time links lead to.

use chrono::TimeDelta;
use gateway_domain::{DisabledBy, GlobalRole, OneTimePurpose, Secret, User, UserStatus};
use gateway_identity::{one_time, password};
use gateway_store::users;
use serde_json::{Value, json};

use crate::harness::{Answer, Browser, TestApp, after};

const LOGIN: &str = "/api/v1/auth/login/password";
const GOOD: &str = "correct horse battery";
const OTHER: &str = "staple of another kind";

async fn with_password(app: &TestApp, user: &User, must_change: bool) {
    let phc = password::hash(&Secret::new(GOOD)).await.unwrap();
    users::set_password(&*app.db, user.id, &phc, must_change)
        .await
        .unwrap();
}

/// Somebody active with the password [`GOOD`].
async fn person(app: &TestApp, email: &str) -> User {
    let user = app.make_user(email, "password", GlobalRole::User).await;
    with_password(app, &user, false).await;
    user
}

async fn log_in(browser: &Browser, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    browser.post_json(LOGIN, &body).await
}

async fn link(app: &TestApp, purpose: OneTimePurpose, user: Option<&User>) -> String {
    let mut tx = app.db.begin().await.unwrap();
    let user = user.map(|user| user.id);
    let token = one_time::issue(&mut tx, purpose, user, None, app.ctx.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    format!("{}{}", one_time::PATH, token.expose())
}

cases! {
    async fn signs_in_by_password(app: TestApp) {
        person(&app, "ada@example.com").await;
        let answer = log_in(&app, "ADA@example.com", GOOD).await;
        answer.assert_status(200);
        assert_eq!(answer.json(), json!({ "redirect_to": "/admin", "must_change_password": false }));
        assert!(answer.opens_session());
        let session = app.session().await;
        assert_eq!(session["user"]["email"], "ada@example.com");
        assert_eq!(session["session"]["provider_key"], "password");

        let form = [("email", "ada@example.com"), ("password", GOOD), ("redirect_to", "/admin/account")];
        app.fresh().submit("/admin/login", LOGIN, &form).await.assert_signed_in("/admin/account");
        app.fresh().post_form(LOGIN, &form).await.assert_signed_in("/admin/account");
        let entries = app.audit_of("sign_in.succeeded").await;
        assert_eq!(entries.len(), 3);
        assert_eq!(entries[0].provider_key.as_deref(), Some("password"));
        app.assert_audit_intact().await;
    }

    async fn case_189_the_password_form_leads_to_our_own_pages_only(app: TestApp) {
        person(&app, "ada@example.com").await;
        for elsewhere in ["//evil.example", "https://evil.example", "/\\evil.example", "/other"] {
            let form = [("email", "ada@example.com"), ("password", GOOD), ("redirect_to", elsewhere)];
            app.fresh().post_form(LOGIN, &form).await.assert_redirect("/admin");
        }
    }

    async fn case_256_one_answer_for_every_cause(app: TestApp) {
        person(&app, "ada@example.com").await;
        let disabled = person(&app, "disabled@example.com").await;
        users::set_status(&*app.db, disabled.id, UserStatus::Disabled, Some(DisabledBy::Admin)).await.unwrap();
        let invited = person(&app, "invited@example.com").await;
        users::set_status(&*app.db, invited.id, UserStatus::Invited, None).await.unwrap();
        let sso = app.make_user("sso@example.com", "idp", GlobalRole::User).await;
        users::set_status(&*app.db, sso.id, UserStatus::Active, None).await.unwrap();
        with_password(&app, &sso, false).await;
        app.make_user("none@example.com", "password", GlobalRole::User).await;

        let mut answers = Vec::new();
        for (email, given, cause) in [
            ("ada@example.com", OTHER, "wrong password"),
            ("nobody@example.com", GOOD, "unknown address"),
            ("disabled@example.com", GOOD, "disabled"),
            ("invited@example.com", GOOD, "invited, not yet activated"),
            ("sso@example.com", GOOD, "signs in through a provider"),
            ("none@example.com", GOOD, "has no password yet"),
            ("no address", GOOD, "unknown address"),
            ("", "", "unknown address"),
        ] {
            let answer = log_in(&app, email, given).await;
            answer.assert_problem(401, "invalid_credentials");
            assert!(!answer.opens_session());
            let entry = &app.audit_of("sign_in.failed").await[0];
            assert_eq!(after(entry)["cause"], cause, "{email}");
            assert_eq!(entry.correlation_id, answer.header("x-request-id"));
            let mut body = answer.json();
            body["request_id"] = Value::Null;
            answers.push(body);
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        let form = [("email", "ada@example.com"), ("password", OTHER), ("redirect_to", "/admin/users")];
        app.post_form(LOGIN, &form).await
            .assert_redirect("/admin/login?error=invalid_credentials&redirect_to=%2Fadmin%2Fusers");
    }

    async fn case_253_what_is_typed_into_the_wrong_field_is_not_kept(app: TestApp) {
        log_in(&app, "hunter2 my secret", GOOD).await.assert_status(401);
        for entry in app.audit().await {
            assert!(!format!("{entry:?}").contains("hunter2"));
        }
    }

    async fn case_256_after_five_failures_the_next_waits_and_only_there(app: TestApp) {
        person(&app, "ada@example.com").await;
        let stranger = app.fresh().from("198.51.100.66");
        for _ in 0..5 {
            log_in(&stranger, "ada@example.com", OTHER).await.assert_status(401);
        }
        let refused = log_in(&stranger, "ada@example.com", GOOD).await;
        refused.assert_problem(429, "rate_limited");
        assert_eq!(refused.header("retry-after"), "1");
        // The owner elsewhere notices nothing.
        log_in(&app, "ada@example.com", GOOD).await.assert_status(200);

        app.wait(TimeDelta::seconds(1));
        log_in(&stranger, "ada@example.com", OTHER).await.assert_status(401);
        let refused = log_in(&stranger, "Ada@Example.com", OTHER).await;
        assert_eq!(refused.header("retry-after"), "2", "doubled; the case does not matter");
        app.wait(TimeDelta::seconds(2));
        log_in(&stranger, "ada@example.com", GOOD).await.assert_status(200);
        // A success forgets the failures.
        for _ in 0..5 {
            log_in(&stranger, "ada@example.com", OTHER).await.assert_status(401);
        }
    }

    async fn case_256_the_delay_is_the_same_for_nobody(app: TestApp) {
        for _ in 0..5 {
            log_in(&app, "nobody@example.com", GOOD).await.assert_status(401);
        }
        log_in(&app, "nobody@example.com", GOOD).await.assert_problem(429, "rate_limited");
        let form = [("email", "nobody@example.com"), ("password", GOOD)];
        let page = app.post_form(LOGIN, &form).await;
        page.assert_status(429);
        assert_eq!(page.header("retry-after"), "1");
        app.wait(TimeDelta::hours(25));
        log_in(&app, "nobody@example.com", GOOD).await.assert_status(401);
        log_in(&app, "nobody@example.com", GOOD).await.assert_status(401);
    }

    async fn case_256_twenty_attempts_a_minute_from_one_address(app: TestApp) {
        person(&app, "ada@example.com").await;
        for n in 0..20 {
            let email = format!("user{n}@example.com");
            log_in(&app, &email, GOOD).await.assert_status(401);
        }
        let refused = log_in(&app, "ada@example.com", GOOD).await;
        refused.assert_problem(429, "rate_limited");
        assert_eq!(refused.header("retry-after"), "60");
        // No proxy is trusted: the header changes nothing.
        let pretender = app.with_header("x-forwarded-for", "192.0.2.1");
        log_in(&pretender, "ada@example.com", GOOD).await.assert_status(429);
        let elsewhere = app.fresh().from("198.51.100.66");
        log_in(&elsewhere, "ada@example.com", GOOD).await.assert_status(200);
        app.wait(TimeDelta::seconds(61));
        log_in(&app, "ada@example.com", GOOD).await.assert_status(200);
    }

    async fn case_255_behind_a_trusted_proxy_the_forwarded_address_counts(app: TestApp) {
        let app = app.restarted_with(|config| {
            config["server"]["trusted_proxies"] = json!(["203.0.113.0/24"]);
        }).await;
        person(&app, "ada@example.com").await;
        for n in 0..25 {
            let client = app.fresh().with_header("x-forwarded-for", &format!("192.0.2.{n}"));
            log_in(&client, "ada@example.com", OTHER).await.assert_status(401);
        }
        let client = app.fresh().with_header("x-forwarded-for", "10.9.9.9, 192.0.2.77");
        log_in(&client, "ada@example.com", GOOD).await.assert_status(200);
        assert_eq!(app.audit_of("sign_in.succeeded").await[0].address, "192.0.2.77");
    }

    async fn case_211_the_password_form_is_taken_from_our_own_page_only(app: TestApp) {
        person(&app, "ada@example.com").await;
        let form = [("email", "ada@example.com"), ("password", GOOD)];
        for origin in [None, Some("null"), Some("https://evil.example"), Some("http://gateway.test"), Some("https://sub.gateway.test")] {
            let browser = app.fresh().with_origin(origin);
            browser.post_form(LOGIN, &form).await.assert_status(403);
            log_in(&browser, "ada@example.com", GOOD).await.assert_problem(403, "origin_mismatch");
            let cross = browser.with_header("sec-fetch-site", "cross-site");
            cross.post_form(LOGIN, &form).await.assert_status(403);
        }
        // A browser that has our ticket must send the page's token too.
        let browser = app.fresh();
        let token = browser.form_token("/admin/login").await;
        browser.post_form(LOGIN, &form).await.assert_status(403);
        let other = app.fresh();
        other.get("/admin/login").await;
        let stolen = [form[0], form[1], ("_csrf", token.as_str())];
        other.post_form(LOGIN, &stolen).await.assert_status(403);
        browser.post_form(LOGIN, &stolen).await.assert_signed_in("/admin");
        // Somebody signed in may sign in again from the page.
        browser.submit("/admin/login", LOGIN, &form).await.assert_signed_in("/admin");
    }

    async fn case_209_a_password_is_sent_as_json_or_as_a_form(app: TestApp) {
        let text = app
            .request(http::Method::POST, LOGIN)
            .header("content-type", "text/plain")
            .body(axum::body::Body::from(json!({ "email": "a@b.c", "password": GOOD }).to_string()));
        app.send(text.unwrap()).await.assert_problem(415, "unsupported_media_type");
        app.post_json(LOGIN, &json!({ "email": "a@b.c" })).await.assert_problem(400, "invalid_request");
        app.call("POST", LOGIN, None).await.assert_problem(400, "invalid_request");
        app.get(LOGIN).await.assert_status(405);
    }

    async fn case_200_a_password_sign_in_ends_the_session_before(app: TestApp) {
        person(&app, "ada@example.com").await;
        log_in(&app, "ada@example.com", GOOD).await.assert_status(200);
        let before = app.jar().get("ogw_session").unwrap();
        log_in(&app, "ada@example.com", GOOD).await.assert_status(200);
        let now = app.jar().get("ogw_session").unwrap();
        assert_ne!(before, now);
        assert!(!app.is_live(&before).await);
        assert!(app.is_live(&now).await);
        // A failed one leaves the session as it is.
        log_in(&app, "ada@example.com", OTHER).await.assert_status(401);
        assert!(app.is_signed_in().await);
    }

    async fn an_old_hash_is_made_anew_at_the_next_sign_in(app: TestApp) {
        const OLD: &str = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let ada = app.make_user("ada@example.com", "password", GlobalRole::User).await;
        users::set_password(&*app.db, ada.id, OLD, true).await.unwrap();
        log_in(&app, "ada@example.com", "passwore").await.assert_status(401);
        assert_eq!(users::password_hash(&*app.db, ada.id).await.unwrap().as_deref(), Some(OLD));
        log_in(&app, "ada@example.com", "password").await.assert_status(200);
        let new = users::password_hash(&*app.db, ada.id).await.unwrap().unwrap();
        assert!(new.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{new}");
        assert!(app.user("ada@example.com").await.unwrap().must_change_password, "still to be changed");
        log_in(&app, "ada@example.com", "password").await.assert_status(200);
    }

    async fn a_required_change_comes_before_everything(app: TestApp) {
        let admin = app.make_user("ada@example.com", "password", GlobalRole::PlatformAdmin).await;
        with_password(&app, &admin, true).await;
        let answer = log_in(&app, "ada@example.com", GOOD).await;
        assert_eq!(answer.json(), json!({ "redirect_to": "/admin/account/password", "must_change_password": true }));
        for page in ["/admin", "/admin/users", "/admin/account", "/admin/sessions"] {
            app.get(page).await.assert_redirect("/admin/account/password");
        }
        app.get("/api/v1/admin/users").await.assert_problem(403, "password_change_required");
        app.post_json("/api/v1/admin/teams", &json!({ "key": "a", "name": "A" })).await
            .assert_problem(403, "password_change_required");
        assert!(app.is_signed_in().await, "who one is can still be asked");
        let change = "/admin/account/password";
        let same = [("current", GOOD), ("password", GOOD), ("repeated", GOOD)];
        app.submit(change, change, &same).await.assert_status(422);
        app.get("/admin").await.assert_redirect(change);
        let new = [("current", GOOD), ("password", OTHER), ("repeated", OTHER)];
        let done = app.submit(change, change, &new).await;
        assert_eq!(done.status, 303, "{}", done.body);
        app.get("/api/v1/admin/users").await.assert_status(200);
        app.get("/admin").await.assert_status(200);
        log_in(&app.fresh(), "ada@example.com", OTHER).await.assert_status(200);
    }

    async fn case_208_a_changed_password_ends_the_other_sessions(app: TestApp) {
        let ada = person(&app, "ada@example.com").await;
        log_in(&app, "ada@example.com", GOOD).await.assert_status(200);
        let laptop = app.fresh();
        log_in(&laptop, "ada@example.com", GOOD).await.assert_status(200);
        let pending = link(&app, OneTimePurpose::Reset, Some(&ada)).await;

        let change = "/admin/account/password";
        let wrong = [("current", OTHER), ("password", "a third of its kind"), ("repeated", "a third of its kind")];
        app.submit(change, change, &wrong).await.assert_status(422);
        assert!(laptop.is_signed_in().await);
        let right = [("current", GOOD), ("password", OTHER), ("repeated", OTHER)];
        assert_eq!(app.submit(change, change, &right).await.status, 303);
        assert!(app.is_signed_in().await);
        assert!(!laptop.is_signed_in().await);
        app.get(&pending).await.assert_status(404);
        let entry = &app.audit_of("password.changed").await[0];
        assert_eq!(after(entry)["sessions_ended"], 1);
    }

    async fn an_invitation_is_accepted_once(app: TestApp) {
        let ada = app.make_user("ada@example.com", "password", GlobalRole::User).await;
        users::set_status(&*app.db, ada.id, UserStatus::Invited, None).await.unwrap();
        let path = link(&app, OneTimePurpose::Invite, Some(&ada)).await;
        // A scanner that opens it uses nothing up.
        app.fresh().get(&path).await.assert_page("ada@example.com");
        app.fresh().head(&path).await.assert_status(200);
        let weak = [("password", "ada@example.com"), ("repeated", "ada@example.com")];
        app.submit(&path, &path, &weak).await.assert_status(422);
        let good = [("password", GOOD), ("repeated", GOOD)];
        app.with_origin(Some("https://evil.example")).post_form(&path, &good).await.assert_status(403);
        app.submit(&path, &path, &good).await.assert_redirect("/admin");
        assert_eq!(app.email().await, "ada@example.com");
        assert_eq!(app.user("ada@example.com").await.unwrap().status, UserStatus::Active);
        app.fresh().get(&path).await.assert_status(404);
        app.fresh().post_form(&path, &good).await.assert_status(404);
        log_in(&app.fresh(), "ada@example.com", GOOD).await.assert_status(200);
        assert_eq!(app.audit_of("link.used").await.len(), 1);
        assert_eq!(app.audit_of("user.activated").await.len(), 1);
        app.assert_audit_intact().await;
    }

    async fn a_link_is_used_by_one_of_many(app: TestApp) {
        let ada = person(&app, "ada@example.com").await;
        let path = link(&app, OneTimePurpose::Reset, Some(&ada)).await;
        let form = [("password", OTHER), ("repeated", OTHER)];
        let attempts = (0..8).map(|_| {
            let browser = app.fresh();
            let path = path.clone();
            tokio::spawn(async move { browser.post_form(&path, &form).await })
        });
        let mut opened = 0;
        for attempt in attempts.collect::<Vec<_>>() {
            let answer = attempt.await.unwrap();
            opened += usize::from(answer.opens_session());
            assert!([303, 404].contains(&answer.status.as_u16()), "{}", answer.body);
        }
        assert_eq!(opened, 1);
        assert_eq!(app.count_sessions().await, 1);
    }

    async fn case_208_a_reset_ends_every_session_and_every_earlier_link(app: TestApp) {
        let ada = person(&app, "ada@example.com").await;
        log_in(&app, "ada@example.com", GOOD).await.assert_status(200);
        let first = link(&app, OneTimePurpose::Reset, Some(&ada)).await;
        let second = link(&app, OneTimePurpose::Reset, Some(&ada)).await;
        let form = [("password", OTHER), ("repeated", OTHER)];
        app.fresh().post_form(&first, &form).await.assert_status(404);
        app.fresh().post_form(&second, &form).await.assert_redirect("/admin");
        assert!(!app.is_signed_in().await);
        log_in(&app, "ada@example.com", GOOD).await.assert_status(401);

        let late = link(&app, OneTimePurpose::Reset, Some(&ada)).await;
        app.wait(TimeDelta::minutes(61));
        app.fresh().post_form(&late, &form).await.assert_status(404);
    }

    async fn case_165_a_link_does_not_bring_a_disabled_person_back(app: TestApp) {
        let ada = person(&app, "ada@example.com").await;
        let path = link(&app, OneTimePurpose::Reset, Some(&ada)).await;
        users::set_status(&*app.db, ada.id, UserStatus::Disabled, Some(DisabledBy::Admin)).await.unwrap();
        let form = [("password", OTHER), ("repeated", OTHER)];
        app.post_form(&path, &form).await.assert_status(404);
        assert_eq!(app.user("ada@example.com").await.unwrap().status, UserStatus::Disabled);
        assert_eq!(app.count_sessions().await, 0);
    }

    async fn case_170_the_first_admin_is_made_once(app: TestApp) {
        let path = link(&app, OneTimePurpose::Setup, None).await;
        let form = [("email", "first@example.com"), ("name", "First"), ("password", GOOD), ("repeated", GOOD)];
        app.submit(&path, &path, &form).await.assert_redirect("/admin");
        let first = app.user("first@example.com").await.unwrap();
        assert_eq!(first.global_role, GlobalRole::PlatformAdmin);
        app.get("/api/v1/admin/users").await.assert_status(200);
        // A link that is still about makes no second one.
        let path = link(&app, OneTimePurpose::Setup, None).await;
        let second = [("email", "second@example.com"), form[1], form[2], form[3]];
        let refused = app.fresh().post_form(&path, &second).await;
        assert!(!refused.opens_session());
        assert_eq!(app.count_people().await, 1);
    }

    async fn break_glass_is_for_admins_and_is_told(app: TestApp) {
        let admin = app.make_user("boss@example.com", "idp", GlobalRole::PlatformAdmin).await;
        users::set_status(&*app.db, admin.id, UserStatus::Active, None).await.unwrap();
        let ada = person(&app, "ada@example.com").await;
        let for_user = link(&app, OneTimePurpose::BreakGlass, Some(&ada)).await;
        app.post_form(&for_user, &[]).await.assert_status(404);
        let path = link(&app, OneTimePurpose::BreakGlass, Some(&admin)).await;
        app.submit(&path, &path, &[]).await.assert_redirect("/admin");
        assert_eq!(app.email().await, "boss@example.com");
        assert_eq!(after(&app.audit_of("link.used").await[0])["purpose"], "break_glass");
    }
}
