//! One-time links die with the right of who issued them.

use gateway_domain::{GlobalRole, OneTimePurpose, User};
use gateway_identity::{Caller, ServiceError, one_time, people};
use gateway_store::one_time_links;
use serde_json::json;

use super::{USERS, admin_named, caller_of, set};
use crate::harness::{TestApp, after};

/// A link that `issuer` made for `user`, and where it leads.
async fn link(app: &TestApp, user: &User, issuer: Option<&User>) -> String {
    let (user, issuer) = (Some(user.id), issuer.map(|issuer| issuer.id));
    let mut tx = app.db.begin().await.unwrap();
    let (purpose, now) = (OneTimePurpose::Reset, app.ctx.now());
    let token = one_time::issue(&mut tx, purpose, user, issuer, now).await;
    tx.commit().await.unwrap();
    format!("{}{}", one_time::PATH, token.unwrap().expose())
}

async fn works(app: &TestApp, link: &str) -> bool {
    app.fresh().get(link).await.status == 200
}

cases! {
    async fn links_die_with_the_right_of_who_issued_them(app: TestApp) {
        let boss = app.admin().await;
        let target = app.make_user("target@example.com", "password", GlobalRole::User).await;
        for change in [json!({"status": "disabled"}), json!({"global_role": "auditor"})] {
            let (other, browser) = admin_named(&app, &format!("{}@example.com", change.to_string().len())).await;
            let reset = format!("{USERS}/{}/reset-password-link", target.id);
            let made = browser.post_json(&reset, &json!({})).await;
            made.assert_status(201);
            let url = made.json()["url"].as_str().unwrap().to_owned();
            let path = url.strip_prefix("https://gateway.test").unwrap();
            assert!(works(&app, path).await);
            set(&app, &boss, &other, change).await;
            assert!(!works(&app, path).await);
            let form = [("password", "correct horse battery"), ("repeated", "correct horse battery")];
            app.fresh().post_form(path, &form).await.assert_status(404);
        }
        let disabled = app.audit_of("user.disabled").await.remove(0);
        assert_eq!(after(&disabled)["issued_links_spoiled"], 1);
    }

    async fn links_of_others_live_on(app: TestApp) {
        let boss = app.admin().await;
        let (other, _) = admin_named(&app, "other@example.com").await;
        let target = app.make_user("target@example.com", "password", GlobalRole::User).await;
        let by_the_gateway = link(&app, &target, None).await;
        set(&app, &boss, &other, json!({"global_role": "user"})).await;
        set(&app, &boss, &other, json!({"status": "disabled"})).await;
        assert!(works(&app, &by_the_gateway).await);
    }

    async fn links_of_somebody_deleted_are_gone_and_their_target_stays(app: TestApp) {
        let boss = app.admin().await;
        let target = app.make_user("target@example.com", "password", GlobalRole::User).await;
        let guest = app.invite("guest@example.com", "idp").await;
        let path = link(&app, &target, Some(&guest)).await;
        assert!(works(&app, &path).await);
        boss.call("DELETE", &format!("{USERS}/{}", guest.id), None).await.assert_status(204);
        assert!(!works(&app, &path).await);
        assert!(app.user("target@example.com").await.is_some());
        let left = one_time_links::revoke(&*app.db, Some(target.id), app.ctx.now()).await.unwrap();
        assert_eq!(left, 0);
    }

    async fn only_the_command_line_breaks_the_glass(app: TestApp) {
        let (admin, browser) = admin_named(&app, "admin@example.org").await;
        let ada = app.make_user("ada@example.com", "password", GlobalRole::User).await;
        let caller = caller_of(&app, &browser).await;
        let refused = people::issue_break_glass(&app.ctx, &caller, admin.id).await;
        assert!(matches!(refused.err(), Some(ServiceError::Forbidden(_))));
        let system = Caller::system("command line");
        let refused = people::issue_break_glass(&app.ctx, &system, ada.id).await;
        assert_eq!(refused.err().unwrap().code(), "not_an_admin");
        let token = people::issue_break_glass(&app.ctx, &system, admin.id).await.unwrap();
        let entry = app.audit_of("link.issued").await.remove(0);
        assert_eq!((entry.actor_label.as_str(), entry.target_label.as_str()), ("command line", "admin@example.org"));
        assert_eq!(after(&entry)["purpose"], "break_glass");
        assert!(works(&app, &format!("{}{}", one_time::PATH, token.expose())).await);
    }
}
