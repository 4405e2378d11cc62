//! People through the API.

use gateway_domain::{GlobalRole, User};
use http::{Method, header};
use serde_json::{Value, json};

use crate::harness::{Answer, Browser, TestApp, after};

const USERS: &str = "/api/v1/admin/users";

fn path(user: &User) -> String {
    format!("{USERS}/{}", user.id)
}

async fn patch(browser: &Browser, user: &User, change: Value) -> Answer {
    browser.call("PATCH", &path(user), Some(&change)).await
}

/// The file with one person in it.
async fn declaring(app: &TestApp, email: &str, sign_in: &str, role: &str) -> TestApp {
    app.restarted_with(|config| {
        config["users"] = json!([{
            "email": email, "name": "Declared", "sign_in": sign_in, "global_role": role,
            "membership": {"team": "research", "role": "admin"}
        }]);
    })
    .await
}

cases! {
    async fn an_invited_password_person_gets_a_link_once(app: TestApp) {
        let admin = app.admin().await;
        let new = json!({
            "email": "Ada@Example.com", "name": "Ada", "sign_in": "password", "global_role": "auditor",
            "team": {"key": "research", "role": "member"}, "request_logging_enabled": true,
        });
        let answer = admin.post_json(USERS, &new).await;
        answer.assert_status(201);
        let made = answer.json();
        let url = made["invite_url"].as_str().unwrap();
        assert!(url.starts_with("https://gateway.test/admin/link/"), "{url}");
        let mut expected = made.clone();
        expected.as_object_mut().unwrap().remove("invite_url");
        let read = admin.get(answer.header("location")).await.json();
        assert_eq!(read, expected, "the link is shown once");
        assert_eq!(read["status"], "invited");
        assert_eq!(read["role_source"], "manual");
        assert_eq!(read["managed_by"], "admin");
        assert_eq!(
            read["teams"],
            json!([{"key": "research", "name": "Research", "role": "member", "source": "manual"}])
        );
        let token = url.rsplit('/').next().unwrap();
        for entry in app.audit().await {
            assert!(!format!("{entry:?}").contains(token), "{entry:?}");
        }
        let entry = &app.audit_of("user.invited").await[0];
        assert_eq!(entry.correlation_id, answer.header("x-request-id"));
        assert_eq!(entry.actor_label, "admin@example.org");
        app.assert_audit_intact().await;
    }

    async fn an_invited_person_of_a_provider_just_signs_in(app: TestApp) {
        let admin = app.admin().await;
        let new = json!({"email": "alice@example.com", "sign_in": "idp", "global_role": "auditor"});
        let made = admin.post_json(USERS, &new).await;
        made.assert_status(201);
        assert_eq!(made.json().get("invite_url"), None);
        assert_eq!(made.json()["name"], "alice@example.com");
        app.sign_in("alice").await.assert_signed_in("/admin");
        let read = admin.get(made.header("location")).await.json();
        assert_eq!(read["status"], "active");
        assert_eq!(read["global_role"], "auditor");
        assert_eq!(read["identities"][0]["provider_key"], "idp");
    }

    async fn an_invitation_is_checked(app: TestApp) {
        let admin = app.admin().await;
        let taken = json!({"email": "ADMIN@example.org", "sign_in": "idp"});
        admin.post_json(USERS, &taken).await.assert_problem(409, "email_taken");
        let nowhere = json!({"email": "a@example.com", "sign_in": "nowhere"});
        let answer = admin.post_json(USERS, &nowhere).await;
        answer.assert_problem(422, "invalid_request");
        assert_eq!(answer.json()["field"], "sign_in");
        let team = json!({"email": "a@example.com", "sign_in": "idp", "team": {"key": "x", "role": "member"}});
        let answer = admin.post_json(USERS, &team).await;
        answer.assert_problem(422, "invalid_request");
        assert_eq!(answer.json()["field"], "team");
        assert!(app.user("a@example.com").await.is_none(), "all or nothing");
        let odd = json!({"email": "not an address", "sign_in": "idp"});
        admin.post_json(USERS, &odd).await.assert_problem(400, "invalid_request");
    }

    async fn a_body_is_exactly_what_the_operation_takes(app: TestApp) {
        let admin = app.admin().await;
        let unknown = json!({"email": "a@example.com", "sign_in": "idp", "is_admin": true});
        let answer = admin.post_json(USERS, &unknown).await;
        answer.assert_problem(400, "invalid_request");
        assert!(answer.json()["detail"].as_str().unwrap().contains("`is_admin`"), "{}", answer.body);
        let large = json!({"email": "a@example.com", "sign_in": "idp", "name": "x".repeat(70_000)});
        admin.post_json(USERS, &large).await.assert_problem(413, "too_large");
        for broken in ["", "{", "[]", "null", "{\"email\": 1}"] {
            let request = admin.request(Method::POST, USERS).header(header::CONTENT_TYPE, "application/json");
            let answer = admin.send(request.body(broken.to_owned().into()).unwrap()).await;
            answer.assert_problem(400, "invalid_request");
        }
    }

    async fn case_209_only_our_own_pages_change_anything(app: TestApp) {
        let admin = app.admin().await;
        let target = app.make_user("target@example.com", "password", GlobalRole::User).await;
        for origin in [None, Some("null"), Some("https://evil.example"), Some("http://gateway.test"), Some("https://a.gateway.test")] {
            let elsewhere = admin.with_origin(origin);
            let change = json!({"status": "disabled"});
            let answer = patch(&elsewhere, &target, change).await;
            answer.assert_problem(403, "origin_mismatch");
            let answer = elsewhere.call("DELETE", &path(&target), None).await;
            answer.assert_problem(403, "origin_mismatch");
        }
        let cross_site = admin.with_origin(None).with_header("sec-fetch-site", "cross-site");
        cross_site.call("DELETE", &path(&target), None).await.assert_problem(403, "origin_mismatch");
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            let request = admin.request(Method::PATCH, &path(&target)).header(header::CONTENT_TYPE, content_type);
            let body = json!({"status": "disabled"}).to_string();
            let answer = admin.send(request.body(body.into()).unwrap()).await;
            answer.assert_problem(415, "unsupported_media_type");
        }
        assert_eq!(app.user("target@example.com").await.unwrap(), target);
    }

    async fn the_last_platform_admin_stays(app: TestApp) {
        let admin = app.admin().await;
        let own = app.user("admin@example.org").await.unwrap();
        // An invited admin does not count: they may never come.
        app.make_user("soon@example.com", "idp", GlobalRole::PlatformAdmin).await;
        for change in [json!({"global_role": "auditor"}), json!({"status": "disabled"})] {
            patch(&admin, &own, change).await.assert_problem(409, "last_admin");
        }
        admin.call("DELETE", &path(&own), None).await.assert_problem(409, "last_admin");
        let other = app.signed_in_as("other@example.org", GlobalRole::PlatformAdmin).await;
        patch(&admin, &own, json!({"global_role": "user"})).await.assert_status(200);
        let last = app.user("other@example.org").await.unwrap();
        patch(&other, &last, json!({"global_role": "user"})).await.assert_problem(409, "last_admin");
    }

    async fn two_admins_cannot_demote_each_other_at_once(app: TestApp) {
        let one = app.admin().await;
        let two = app.signed_in_as("two@example.org", GlobalRole::PlatformAdmin).await;
        let first = app.user("admin@example.org").await.unwrap();
        let second = app.user("two@example.org").await.unwrap();
        let demoted = json!({"global_role": "user"});
        let (a, b) = tokio::join!(patch(&one, &second, demoted.clone()), patch(&two, &first, demoted));
        assert!(a.status != b.status, "{} {}", a.status, b.status);
        let admins = gateway_store::users::count_active_admins(&*app.db).await.unwrap();
        assert_eq!(admins, 1);
    }

    async fn case_203_a_disabled_person_is_out_at_once(app: TestApp) {
        let admin = app.admin().await;
        let target = app.make_user("target@example.com", "password", GlobalRole::User).await;
        let person = app.browser_of(&target).await;
        let link = admin.call("POST", &format!("{}/reset-password-link", path(&target)), None).await;
        link.assert_status(201);
        let url = link.json()["url"].as_str().unwrap().to_owned();
        assert!(person.is_signed_in().await);
        patch(&admin, &target, json!({"status": "disabled"})).await.assert_status(200);
        assert!(!person.is_signed_in().await);
        person.get("/api/v1/admin/sessions").await.assert_problem(401, "unauthenticated");
        assert_eq!(app.count_sessions().await, 1, "the admin's alone");
        let token = url.rsplit('/').next().unwrap();
        let view = gateway_identity::one_time::inspect(&app.ctx, token).await.unwrap();
        assert_eq!(view, None, "links stop working too");
        patch(&admin, &target, json!({"status": "active"})).await.assert_status(200);
        assert!(!person.is_signed_in().await, "nothing comes back");
        let entry = &app.audit_of("user.disabled").await[0];
        assert_eq!(after(entry)["sessions_ended"], 1);
    }

    async fn who_is_enabled_and_never_came_is_invited_again(app: TestApp) {
        let admin = app.admin().await;
        let invited = app.invite("alice@example.com", "idp").await;
        patch(&admin, &invited, json!({"status": "disabled"})).await.assert_status(200);
        app.sign_in("alice").await.assert_sso_error("denied");
        let enabled = patch(&admin, &invited, json!({"status": "active"})).await;
        assert_eq!(enabled.json()["status"], "invited");
        app.sign_in("alice").await.assert_signed_in("/admin");
        patch(&admin, &invited, json!({"status": "disabled"})).await.assert_status(200);
        let enabled = patch(&admin, &invited, json!({"status": "active"})).await;
        assert_eq!(enabled.json()["status"], "active");
        let made_invited = patch(&admin, &invited, json!({"status": "invited"})).await;
        made_invited.assert_problem(422, "invalid_request");
    }

    async fn case_204_a_lowered_role_holds_at_the_next_request(app: TestApp) {
        let admin = app.admin().await;
        let auditor = app.auditor().await;
        let user = app.user("auditor@example.org").await.unwrap();
        auditor.get(USERS).await.assert_status(200);
        let changed = patch(&admin, &user, json!({"global_role": "user"})).await;
        assert_eq!(changed.json()["role_source"], "manual");
        auditor.get(USERS).await.assert_problem(403, "forbidden");
        assert!(auditor.is_signed_in().await);
    }

    async fn case_205_a_raised_role_needs_a_new_sign_in(app: TestApp) {
        let admin = app.admin().await;
        let auditor = app.auditor().await;
        let user = app.user("auditor@example.org").await.unwrap();
        patch(&admin, &user, json!({"global_role": "platform_admin"})).await.assert_status(200);
        assert!(!auditor.is_signed_in().await);
        assert!(admin.is_signed_in().await);
        let entry = &app.audit_of("user.role_changed").await[0];
        assert_eq!(after(entry)["global_role"], "platform_admin");
    }

    async fn nothing_changed_is_nothing_written(app: TestApp) {
        let admin = app.admin().await;
        app.sign_in("alice").await.assert_signed_in("/admin");
        let user = app.user("alice@example.com").await.unwrap();
        let before = app.audit().await.len();
        let same = json!({"name": user.name, "status": "active", "request_logging_enabled": false});
        let answer = patch(&admin, &user, same).await;
        answer.assert_status(200);
        assert_eq!(answer.json()["role_source"], "jit", "a role that nobody names stays the provider's");
        assert_eq!(app.audit().await.len(), before);
    }

    async fn only_who_never_came_can_be_deleted(app: TestApp) {
        let admin = app.admin().await;
        app.sign_in("alice").await.assert_signed_in("/admin");
        let alice = app.user("alice@example.com").await.unwrap();
        admin.call("DELETE", &path(&alice), None).await.assert_problem(409, "has_history");
        let invited = app.invite("bob@example.com", "idp").await;
        admin.call("DELETE", &path(&invited), None).await.assert_status(204);
        assert!(app.user("bob@example.com").await.is_none());
        admin.get(&path(&invited)).await.assert_problem(404, "not_found");
        assert_eq!(app.audit_of("user.deleted").await[0].target_label, "bob@example.com");
    }

    async fn what_the_file_declares_is_read_only(app: TestApp) {
        let app = declaring(&app, "ops@example.com", "idp", "auditor").await;
        let admin = app.admin().await;
        let ops = app.user("ops@example.com").await.unwrap();
        for change in [json!({"name": "Other"}), json!({"global_role": "user"})] {
            patch(&admin, &ops, change).await.assert_problem(409, "managed_by_config");
        }
        admin.call("DELETE", &path(&ops), None).await.assert_problem(409, "managed_by_config");
        let place = format!("/api/v1/admin/teams/research/members/{}", ops.id);
        let role = json!({"role": "member"});
        admin.call("PUT", &place, Some(&role)).await.assert_problem(409, "managed_by_config");
        admin.call("DELETE", &place, None).await.assert_problem(409, "managed_by_config");
        let same = json!({"name": "Declared", "global_role": "auditor", "request_logging_enabled": true});
        patch(&admin, &ops, same).await.assert_status(200);
        patch(&admin, &ops, json!({"status": "disabled"})).await.assert_status(200);
        let again = app.restarted_with(|_| {}).await;
        let kept = again.user("ops@example.com").await.unwrap();
        assert_eq!(kept.status.as_str(), "disabled", "the file does not undo what an admin did");
        assert!(kept.request_logging_enabled, "the file says nothing of it");
        patch(&admin, &ops, json!({"status": "active"})).await.assert_status(200);
    }

    async fn links_are_for_passwords_only_and_replace_each_other(app: TestApp) {
        let admin = app.admin().await;
        let of_idp = app.invite("alice@example.com", "idp").await;
        for link in ["reset-password-link", "invite-link"] {
            let answer = admin.call("POST", &format!("{}/{link}", path(&of_idp)), None).await;
            answer.assert_problem(409, "no_password");
        }
        let new = json!({"email": "bob@example.com", "sign_in": "password"});
        let made = admin.post_json(USERS, &new).await.json();
        let bob = app.user("bob@example.com").await.unwrap();
        let reset = admin.call("POST", &format!("{}/reset-password-link", path(&bob)), None).await;
        reset.assert_problem(409, "not_active");
        let again = admin.call("POST", &format!("{}/invite-link", path(&bob)), None).await;
        again.assert_status(201);
        let token = |url: &Value| url.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let works = async |url: &Value| {
            let view = gateway_identity::one_time::inspect(&app.ctx, &token(url)).await;
            view.unwrap().is_some()
        };
        assert!(!works(&made["invite_url"]).await);
        assert!(works(&again.json()["url"]).await);
    }

    async fn the_list_is_searched_and_paged(app: TestApp) {
        let admin = app.admin().await;
        for number in 1..=5 {
            app.invite(&format!("person{number}@example.com"), "idp").await;
        }
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = admin.get(&format!("{USERS}?limit=2&q=person&cursor={cursor}")).await.json();
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 2);
            seen.extend(items.iter().map(|item| item["email"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        let expected: Vec<_> = (1..=5).rev().map(|n| format!("person{n}@example.com")).collect();
        assert_eq!(seen, expected);
        let count = async |query: &str| {
            let page = admin.get(&format!("{USERS}?{query}")).await.json();
            page["items"].as_array().unwrap().len()
        };
        assert_eq!(count("status=invited").await, 5);
        assert_eq!(count("status=active&q=&team=").await, 1);
        assert_eq!(count("q=ADMIN").await, 1);
        assert_eq!(count("team=research").await, 0);
        for odd in ["limit=0", "limit=x", "cursor=x", "status=gone", "team=nowhere"] {
            let answer = admin.get(&format!("{USERS}?{odd}")).await;
            answer.assert_problem(422, "invalid_request");
            assert_eq!(answer.json()["field"], odd.split('=').next().unwrap());
        }
    }

    async fn who_manages_a_team_sees_its_people_and_no_more(app: TestApp) {
        let admin = app.admin().await;
        app.sign_in("alice").await.assert_signed_in("/admin");
        let alice = app.user("alice@example.com").await.unwrap();
        let stranger = app.invite("stranger@example.com", "idp").await;
        let lead = app.signed_in_as("lead@example.com", GlobalRole::User).await;
        let boss = app.user("lead@example.com").await.unwrap();
        admin.post_json("/api/v1/admin/teams", &json!({"key": "other", "name": "Other"})).await.assert_status(201);
        for (team, user, role) in [("research", &boss, "admin"), ("research", &alice, "member"), ("other", &alice, "member")] {
            let path = format!("/api/v1/admin/teams/{team}/members/{}", user.id);
            admin.call("PUT", &path, Some(&json!({"role": role}))).await.assert_status(200);
        }
        lead.get(USERS).await.assert_problem(403, "forbidden");
        lead.get(&format!("{USERS}?team=other")).await.assert_problem(403, "forbidden");
        let page = lead.get(&format!("{USERS}?team=research")).await.json();
        assert_eq!(page["items"].as_array().unwrap().len(), 2);
        let seen = lead.get(&path(&alice)).await.json();
        assert_eq!(seen["identities"], json!([]));
        assert_eq!(seen["teams"].as_array().unwrap().len(), 1);
        lead.get(&path(&stranger)).await.assert_problem(403, "forbidden");
        let own = app.browser.get(&path(&alice)).await.json();
        assert_eq!(own["teams"].as_array().unwrap().len(), 2);
        assert_eq!(own["identities"].as_array().unwrap().len(), 1);
    }
}
