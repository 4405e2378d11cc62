//! Rights are those of the moment of the deed, not of the moment at which a request began.

mod exports;
mod links;

use std::time::Duration;

use axum::body::Body;
use futures_util::stream;
use gateway_domain::{GlobalRole, RoleSource, Secret, SignIn, TeamRole, User, access::Principal};
use gateway_identity::{Caller, ServiceError, account, people, session_service, teams};
use gateway_store::{Executor as _, sessions, teams as team_rows, users};
use http::{Method, header};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::harness::{Answer, Browser, TestApp, after};

const USERS: &str = "/api/v1/admin/users";
const TEAMS: &str = "/api/v1/admin/teams";

async fn admin_named(app: &TestApp, email: &str) -> (User, Browser) {
    let role = GlobalRole::PlatformAdmin;
    let user = app.make_user(email, SignIn::PASSWORD, role).await;
    let browser = app.browser_of(&user).await;
    (user, browser)
}

/// Sends a request whose body comes only after `meanwhile`, which begins when the body is asked for.
async fn slowly(
    browser: &Browser,
    (method, path, body): (Method, &str, String),
    meanwhile: impl Future<Output = ()>,
) -> Answer {
    let (asked, was_asked) = oneshot::channel();
    let (go, gone) = oneshot::channel::<()>();
    let body = stream::once(async move {
        let _ = asked.send(());
        let _ = gone.await;
        Ok::<_, std::io::Error>(body)
    });
    let media_type = if path.starts_with("/api/") {
        "application/json"
    } else {
        "application/x-www-form-urlencoded"
    };
    let request = browser
        .request(method, path)
        .header(header::CONTENT_TYPE, media_type)
        .body(Body::from_stream(body))
        .unwrap();
    let sent = browser.send(request);
    let other = async {
        was_asked.await.unwrap();
        meanwhile.await;
        go.send(()).unwrap();
    };
    let (answer, ()) = tokio::join!(sent, other);
    answer
}

async fn set(app: &TestApp, by: &Browser, user: &User, change: Value) {
    let path = format!("{USERS}/{}", user.id);
    let answer = by.call("PATCH", &path, Some(&change)).await;
    answer.assert_status(200);
    assert!(app.user(&user.email).await.is_some());
}

/// Every call of the API with a body, aimed at somebody and a team that are there.
fn changes(target: &User) -> Vec<(Method, String, Value)> {
    let person = format!("{USERS}/{}", target.id);
    let place = format!("{TEAMS}/research/members/{}", target.id);
    let new = json!({"email": "new@example.com", "sign_in": "idp"});
    vec![
        (Method::POST, USERS.to_owned(), new),
        (Method::PATCH, person, json!({"global_role": "auditor"})),
        (
            Method::POST,
            TEAMS.to_owned(),
            json!({"key": "new", "name": "New"}),
        ),
        (
            Method::PATCH,
            format!("{TEAMS}/tools"),
            json!({"name": "New"}),
        ),
        (Method::PUT, place, json!({"role": "member"})),
    ]
}

async fn caller_of(app: &TestApp, browser: &Browser) -> Caller {
    let cookie = browser.jar().get("ogw_session").unwrap();
    let hash = gateway_identity::sign_in::session_hash(&cookie.parse().unwrap());
    let live = sessions::find_live(&*app.db, &hash, app.ctx.now()).await;
    let id = live.unwrap().unwrap().session_id;
    let principal: Option<Principal> = sessions::principal(&*app.db, id, app.ctx.now())
        .await
        .unwrap();
    Caller::person(principal.unwrap(), gateway_domain::Origin::local("test"))
}

#[track_caller]
fn assert_signed_out<T>(outcome: Result<T, ServiceError>) {
    let error = outcome.err().unwrap();
    assert!(matches!(error, ServiceError::SignedOut), "{error:?}");
}

cases! {
    async fn whoever_is_disabled_before_the_body_comes_changes_nothing(app: TestApp) {
        let boss = app.admin().await;
        boss.post_json(TEAMS, &json!({"key": "tools", "name": "Tools"})).await.assert_status(201);
        let target = app.make_user("target@example.com", "password", GlobalRole::User).await;
        for (number, (method, path, body)) in changes(&target).into_iter().enumerate() {
            let (other, browser) = admin_named(&app, &format!("other{number}@example.com")).await;
            let disable = set(&app, &boss, &other, json!({"status": "disabled"}));
            let count = async || (app.audit().await.len(), app.count_people().await);
            let before = count().await;
            let answer = slowly(&browser, (method, &path, body.to_string()), disable).await;
            answer.assert_problem(401, "unauthenticated");
            assert_eq!(count().await, (before.0 + 1, before.1), "{path}: only the disabling");
        }
    }

    async fn whoever_is_demoted_before_the_body_comes_changes_nothing(app: TestApp) {
        let boss = app.admin().await;
        boss.post_json(TEAMS, &json!({"key": "tools", "name": "Tools"})).await.assert_status(201);
        let target = app.make_user("target@example.com", "password", GlobalRole::User).await;
        for (number, (method, path, body)) in changes(&target).into_iter().enumerate() {
            let (other, browser) = admin_named(&app, &format!("other{number}@example.com")).await;
            let demote = set(&app, &boss, &other, json!({"global_role": "auditor"}));
            let before = app.audit().await.len();
            let answer = slowly(&browser, (method, &path, body.to_string()), demote).await;
            answer.assert_problem(403, "forbidden");
            assert_eq!(app.audit().await.len(), before + 1, "{path}: only the demotion");
        }
    }

    async fn a_slow_form_is_sent_back_to_the_sign_in(app: TestApp) {
        let boss = app.admin().await;
        let (other, browser) = admin_named(&app, "other@example.com").await;
        let token = browser.form_token("/admin/teams").await;
        let form = format!("{}={token}&key=new&name=New", gateway_edge::CSRF_FIELD);
        let disable = set(&app, &boss, &other, json!({"status": "disabled"}));
        let answer = slowly(&browser, (Method::POST, "/admin/teams", form), disable).await;
        answer.assert_redirect("/admin/login");
        boss.get(&format!("{TEAMS}/new")).await.assert_problem(404, "not_found");
    }

    async fn a_session_that_ends_before_the_body_comes_changes_nothing(app: TestApp) {
        let (_, browser) = admin_named(&app, "other@example.com").await;
        let team = json!({"key": "new", "name": "New"}).to_string();
        let logout = async {
            browser.post_json("/api/v1/auth/logout", &json!({})).await.assert_status(200);
        };
        // Another browser with the same cookies, which keeps them when the first one's are deleted.
        let thief = app.fresh();
        *thief.jar() = browser.jar().clone();
        let answer = slowly(&thief, (Method::POST, TEAMS, team.clone()), logout).await;
        answer.assert_problem(401, "unauthenticated");
        let (_, browser) = admin_named(&app, "second@example.com").await;
        let expire = async { app.wait(chrono::TimeDelta::days(365)) };
        let answer = slowly(&browser, (Method::POST, TEAMS, team), expire).await;
        answer.assert_problem(401, "unauthenticated");
        let made = team_rows::find(&*app.db, "new").await.unwrap();
        assert_eq!(made, None);
    }

    async fn a_team_owner_who_is_one_no_more_moves_nobody(app: TestApp) {
        let boss = app.admin().await;
        let owner = app.make_user("owner@example.com", "password", GlobalRole::User).await;
        let target = app.make_user("target@example.com", "password", GlobalRole::User).await;
        let place = |user: &User| format!("{TEAMS}/research/members/{}", user.id);
        boss.call("PUT", &place(&owner), Some(&json!({"role": "owner"}))).await.assert_status(200);
        let browser = app.browser_of(&owner).await;
        let lose = async {
            boss.call("DELETE", &place(&owner), None).await.assert_status(204);
        };
        let body = json!({"role": "member"}).to_string();
        let answer = slowly(&browser, (Method::PUT, &place(&target), body), lose).await;
        answer.assert_problem(403, "forbidden");
        assert!(app.teams_of(&target).await.is_empty());
    }

    async fn no_service_believes_what_it_was_told_of_the_caller(app: TestApp) {
        let boss = app.admin().await;
        let (other, browser) = admin_named(&app, "other@example.com").await;
        let target = app.make_user("target@example.com", "password", GlobalRole::User).await;
        boss.post_json(TEAMS, &json!({"key": "tools", "name": "Tools"})).await.assert_status(201);
        let theirs = caller_of(&app, &app.browser_of(&target).await).await;
        let theirs = theirs.principal().unwrap().session_id;
        let stale = caller_of(&app, &browser).await;
        set(&app, &boss, &other, json!({"status": "disabled"})).await;
        let before = app.audit().await.len();
        let (ctx, id) = (&app.ctx, target.id);
        assert_signed_out(people::delete(ctx, &stale, id).await);
        assert_signed_out(people::issue_reset(ctx, &stale, id).await);
        assert_signed_out(people::reissue_invite(ctx, &stale, id).await);
        assert_signed_out(teams::delete(ctx, &stale, "tools").await);
        assert_signed_out(teams::set_member(ctx, &stale, "tools", id, TeamRole::Owner).await);
        assert_signed_out(teams::remove_member(ctx, &stale, "tools", id).await);
        let email = target.email.parse().unwrap();
        let placed = teams::set_member_by_email(ctx, &stale, "tools", &email, TeamRole::Owner);
        assert_signed_out(placed.await);
        assert_signed_out(session_service::revoke(ctx, &stale, theirs).await);
        assert_signed_out(session_service::revoke_all(ctx, &stale, id, false).await);
        account::sign_out(ctx, &stale, true).await.unwrap();
        assert_eq!(app.audit().await.len(), before, "nothing happened");
    }

    async fn a_password_is_not_changed_by_a_session_that_ended(app: TestApp) {
        let (old, new) = (Secret::new("correct horse battery"), Secret::new("staple of another kind"));
        let ada = app.make_user("ada@example.com", "password", GlobalRole::User).await;
        let phc = gateway_identity::password::hash(&old).await.unwrap();
        users::set_password(&*app.db, ada.id, &phc, false).await.unwrap();
        let stale = caller_of(&app, &app.browser_of(&ada).await).await;
        sessions::revoke_all(&*app.db, ada.id, None, app.ctx.now()).await.unwrap();
        assert_signed_out(account::change_password(&app.ctx, &stale, &old, &new).await);
        assert_eq!(users::password_hash(&*app.db, ada.id).await.unwrap(), Some(phc));
    }

    async fn case_075_the_session_that_a_sign_in_ends_is_written_down(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        let alice = caller_of(&app, &app.browser).await;
        let answer = app.sign_in("bob").await;
        let entry = app.audit_of("session.revoked").await.remove(0);
        assert_eq!(entry.actor_label, "bob@example.com");
        assert_eq!((entry.target_kind.as_str(), entry.target_label.as_str()), ("session", "alice@example.com"));
        assert_eq!(entry.target_id, alice.principal().unwrap().session_id.to_string());
        assert_eq!(entry.correlation_id, answer.header("x-request-id"));
        app.wait(chrono::TimeDelta::days(365));
        app.sign_in("bob").await.assert_signed_in("/admin");
        assert_eq!(app.audit_of("session.revoked").await.len(), 1, "one that was over is not ended");
        app.assert_audit_intact().await;
    }

    async fn a_role_set_by_hand_is_pinned(app: TestApp) {
        let boss = app.admin().await;
        app.sign_in("alice").await.assert_signed_in("/admin");
        let alice = app.user("alice@example.com").await.unwrap();
        assert_eq!(alice.role_source, RoleSource::Jit);
        for _ in 0..2 {
            set(&app, &boss, &alice, json!({"global_role": "user"})).await;
            let pinned = app.user("alice@example.com").await.unwrap();
            assert_eq!((pinned.global_role, pinned.role_source), (GlobalRole::User, RoleSource::Manual));
        }
        let entries = app.audit_of("user.role_changed").await;
        assert_eq!(entries.len(), 1, "said once");
        assert_eq!(after(&entries[0])["role_source"], "manual");
        assert!(app.is_signed_in().await);
    }

    async fn a_role_of_the_file_stays_the_files(app: TestApp) {
        let app = app.restarted_with(|config| {
            config["users"] = json!([{
                "email": "dec@example.com", "name": "Declared", "sign_in": "idp", "global_role": "user",
            }]);
        }).await;
        let boss = app.admin().await;
        let declared = app.user("dec@example.com").await.unwrap();
        set(&app, &boss, &declared, json!({"global_role": "user"})).await;
        assert_eq!(app.user("dec@example.com").await.unwrap().role_source, RoleSource::Config);
    }

    async fn a_place_given_by_hand_is_pinned(app: TestApp) {
        let boss = app.admin().await;
        let ada = app.invite("ada@example.com", "idp").await;
        let team = team_rows::find(&*app.db, "research").await.unwrap().unwrap().id;
        let jit = gateway_domain::MembershipSource::Jit;
        team_rows::set_member(&*app.db, ada.id, team, TeamRole::Member, jit, app.ctx.now()).await.unwrap();
        let path = format!("{TEAMS}/research/members/{}", ada.id);
        boss.call("PUT", &path, Some(&json!({"role": "member"}))).await.assert_status(200);
        let place = team_rows::membership(&*app.db, ada.id, team).await.unwrap();
        assert_eq!(place, Some((TeamRole::Member, gateway_domain::MembershipSource::Manual)));
    }

    async fn names_are_what_they_look_like(app: TestApp) {
        let boss = app.admin().await;
        let ada = app.make_user("ada@example.com", "password", GlobalRole::User).await;
        for name in ["Ada\u{202e}nimda", "A\u{200b}da", "\u{2066}", "Ada\u{feff}", "\u{3164}", "A\u{e0041}da"] {
            let answer = boss.call("PATCH", &format!("{USERS}/{}", ada.id), Some(&json!({"name": name}))).await;
            answer.assert_problem(422, "invalid_request");
            assert_eq!(answer.json()["field"], "name");
            let new = json!({"email": "new@example.com", "sign_in": "idp", "name": name});
            boss.post_json(USERS, &new).await.assert_problem(422, "invalid_request");
            boss.post_json(TEAMS, &json!({"key": "t", "name": name})).await.assert_problem(422, "invalid_request");
            let research = format!("{TEAMS}/research");
            boss.call("PATCH", &research, Some(&json!({"name": name}))).await.assert_problem(422, "invalid_request");
        }
        set(&app, &boss, &ada, json!({"name": "Ádá 李 עדה"})).await;
    }

    async fn the_failure_of_a_client_that_hangs_up_is_written_down(app: TestApp) {
        let body = json!({"email": "nobody@example.com", "password": "correct horse battery"});
        let sent = app.post_json("/api/v1/auth/login/password", &body);
        let counted = async {
            loop {
                let rows: i64 = app.db.query("SELECT COUNT(*) FROM password_failures").fetch_scalar().await.unwrap();
                if rows > 0 { break; }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! { biased; _ = sent => {}, () = counted => {} }
        for _ in 0..1000 {
            if !app.audit_of("sign_in.failed").await.is_empty() { return; }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the failed sign-in is not in the audit log");
    }

}
