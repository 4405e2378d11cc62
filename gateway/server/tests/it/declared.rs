//! What the file declares, and how the first admin comes in.

use gateway_domain::{DisabledBy, GlobalRole, MembershipSource, Secret, SignIn, UserStatus};
use gateway_identity::{
    Caller,
    declared::{self, Bootstrap, Report},
};
use gateway_store::{one_time_links, teams, users};
use serde_json::{Value, json};

use crate::harness::{TestApp, after};

fn ops() -> Value {
    json!({
        "email": "ops@example.com", "name": "Ops", "sign_in": "idp", "global_role": "auditor",
        "membership": {"team": "research", "role": "owner"}, "request_logging_enabled": true,
    })
}

async fn declaring(app: &TestApp, users: Value) -> TestApp {
    app.restarted_with(|config| config["users"] = users).await
}

/// The path of the link that a start would print.
async fn set_up_link(app: &TestApp) -> String {
    let Bootstrap::SetupLink(token) = declared::bootstrap(&app.ctx).await.unwrap() else {
        panic!("no link")
    };
    format!("/admin/link/{}", token.expose())
}

async fn apply(app: &TestApp) -> Report {
    let caller = Caller::system("config");
    let live = app.ctx.live();
    declared::apply(&app.ctx, &caller, &live.config)
        .await
        .unwrap()
}

cases! {
    async fn a_declared_person_is_invited_as_declared(app: TestApp) {
        let app = declaring(&app, json!([ops()])).await;
        let user = app.user("ops@example.com").await.unwrap();
        assert_eq!(user.status, UserStatus::Invited);
        assert_eq!(user.global_role, GlobalRole::Auditor);
        assert_eq!(user.role_source.as_str(), "config");
        assert_eq!(user.managed_by.as_str(), "config");
        assert!(user.request_logging_enabled);
        assert_eq!(app.teams_of(&user).await, [("research".to_owned(), "owner".to_owned())]);
        app.sign_in("ops").await.assert_signed_in("/admin");
        let before = app.audit().await.len();
        assert_eq!(apply(&app).await.changes, Vec::<String>::new());
        assert_eq!(app.audit().await.len(), before, "a second time changes nothing");
    }

    async fn a_changed_declaration_is_followed(app: TestApp) {
        let app = declaring(&app, json!([ops()])).await;
        app.sign_in("ops").await.assert_signed_in("/admin");
        let mut changed = ops();
        changed["name"] = json!("Operations");
        changed["global_role"] = json!("platform_admin");
        changed["membership"] = Value::Null;
        let app = app.restarted_with(|config| {
            config["users"] = json!([changed]);
            config["users"][0].as_object_mut().unwrap().remove("membership");
        }).await;
        let user = app.user("ops@example.com").await.unwrap();
        assert_eq!((user.name.as_str(), user.global_role), ("Operations", GlobalRole::PlatformAdmin));
        assert!(app.teams_of(&user).await.is_empty());
        assert!(!app.is_signed_in().await, "a raised role needs a new sign-in");
        app.assert_audit_intact().await;
    }

    async fn who_leaves_the_file_is_out_until_they_return(app: TestApp) {
        let app = declaring(&app, json!([ops()])).await;
        app.sign_in("ops").await.assert_signed_in("/admin");
        let gone = declaring(&app, json!([])).await;
        let user = gone.user("ops@example.com").await.unwrap();
        assert_eq!(user.disabled_by.unwrap().as_str(), "config");
        assert!(!gone.is_signed_in().await);
        gone.finish_sign_in().await.assert_sso_error("denied");
        let admin = gone.admin().await;
        let path = format!("/api/v1/admin/users/{}", user.id);
        let enable = admin.call("PATCH", &path, Some(&json!({"status": "active"}))).await;
        enable.assert_problem(409, "managed_by_config");
        assert!(apply(&gone).await.changes.is_empty());
        let back = declaring(&app, json!([ops()])).await;
        assert_eq!(back.user("ops@example.com").await.unwrap().status, UserStatus::Active);
        back.finish_sign_in().await.assert_signed_in("/admin");
    }

    async fn who_never_came_returns_as_invited(app: TestApp) {
        let app = declaring(&app, json!([ops()])).await;
        let app = declaring(&app, json!([])).await;
        let app = declaring(&app, json!([ops()])).await;
        let user = app.user("ops@example.com").await.unwrap();
        assert_eq!((user.status, user.disabled_by), (UserStatus::Invited, None));
    }

    async fn a_declaration_takes_over_who_signs_in_the_same_way(app: TestApp) {
        app.sign_in("ops").await.assert_signed_in("/admin");
        let before = app.user("ops@example.com").await.unwrap();
        let app = declaring(&app, json!([ops()])).await;
        let user = app.user("ops@example.com").await.unwrap();
        assert_eq!(user.id, before.id);
        assert_eq!(user.managed_by.as_str(), "config");
        assert_eq!((user.global_role, user.role_source.as_str()), (GlobalRole::Auditor, "config"));
        assert_eq!(user.status, UserStatus::Active);
        let team = teams::find(&*app.db, "research").await.unwrap().unwrap();
        let place = teams::membership(&*app.db, user.id, team.id).await.unwrap().unwrap();
        assert_eq!(place.1, MembershipSource::Config);
    }

    async fn a_declaration_never_changes_how_somebody_here_signs_in(app: TestApp) {
        let before = app.make_user("ops@example.com", "password", GlobalRole::User).await;
        let app = declaring(&app, json!([ops()])).await;
        assert_eq!(app.user("ops@example.com").await.unwrap(), before);
        let report = apply(&app).await;
        assert!(report.warnings.iter().any(|line| line.contains("ops@example.com")), "{report:?}");
        app.sign_in("ops").await.assert_sso_error("identity_conflict");
    }

    async fn the_file_may_change_how_its_own_people_sign_in(app: TestApp) {
        let mut by_password = ops();
        by_password["sign_in"] = json!("password");
        let app = declaring(&app, json!([ops()])).await;
        app.sign_in("ops").await.assert_signed_in("/admin");
        let app = declaring(&app, json!([by_password])).await;
        let user = app.user("ops@example.com").await.unwrap();
        assert_eq!(user.sign_in, SignIn::password());
        assert_eq!(user.status, UserStatus::Invited);
        assert!(!app.is_signed_in().await);
        app.finish_sign_in().await.assert_sso_error("identity_conflict");
        users::set_password(&*app.db, user.id, "phc", false).await.unwrap();
        users::set_status(&*app.db, user.id, UserStatus::Active, None).await.unwrap();
        let app = declaring(&app, json!([ops()])).await;
        assert_eq!(users::password_hash(&*app.db, user.id).await.unwrap(), None);
        app.finish_sign_in().await.assert_signed_in("/admin");
    }

    async fn what_admins_made_is_left_alone(app: TestApp) {
        let admin = app.admin().await;
        admin.post_json("/api/v1/admin/teams", &json!({"key": "own", "name": "Own"})).await.assert_status(201);
        let user = app.invite("a@example.com", "idp").await;
        let app = app.restarted_with(|config| config["teams"] = json!([])).await;
        assert_eq!(app.user("a@example.com").await.unwrap(), user);
        let team = teams::find(&*app.db, "own").await.unwrap().unwrap();
        assert!(team.archived_at.is_none());
        let empty = teams::find(&*app.db, "research").await.unwrap();
        assert_eq!(empty, None, "a declared team that nobody was in just goes");
    }

    async fn a_team_with_people_is_kept_aside_and_comes_back(app: TestApp) {
        let admin = app.admin().await;
        let user = app.invite("a@example.com", "idp").await;
        let place = format!("/api/v1/admin/teams/research/members/{}", user.id);
        admin.call("PUT", &place, Some(&json!({"role": "member"}))).await.assert_status(200);
        let gone = app.restarted_with(|config| config["teams"] = json!([])).await;
        let team = teams::find(&*gone.db, "research").await.unwrap().unwrap();
        assert!(team.archived_at.is_some());
        assert!(apply(&gone).await.changes.is_empty());
        let back = app.restarted_with(|config| config["teams"][0]["name"] = json!("Again")).await;
        let again = teams::find(&*back.db, "research").await.unwrap().unwrap();
        assert_eq!((again.id, again.name.as_str(), again.archived_at), (team.id, "Again", None));
        assert_eq!(back.teams_of(&user).await.len(), 1);
    }

    async fn a_file_without_an_admin_is_warned_of(app: TestApp) {
        assert!(!apply(&app).await.has_admin);
        let mut admin = ops();
        admin["global_role"] = json!("platform_admin");
        let app = declaring(&app, json!([admin])).await;
        let report = apply(&app).await;
        assert!(report.has_admin && report.warnings.is_empty(), "{report:?}");
    }

    async fn a_running_gateway_keeps_its_last_admin(app: TestApp) {
        let mut admin = ops();
        admin["global_role"] = json!("platform_admin");
        let app = declaring(&app, json!([admin])).await;
        app.sign_in("ops").await.assert_signed_in("/admin");
        let people = app.config["users"].clone();
        let caller = Caller::system("config");
        for users in [json!([]), json!([ops()])] {
            let mut file = app.config.clone();
            file["users"] = users;
            file["teams"] = json!([{"key": "other"}, {"key": "research"}]);
            let file = crate::harness::parse(&file);
            let before = app.audit().await.len();
            let refused = declared::reapply(&app.ctx, &caller, &file).await.unwrap_err();
            assert_eq!(refused.code(), "last_admin");
            assert_eq!(app.audit().await.len(), before);
            assert_eq!(teams::find(&*app.db, "other").await.unwrap(), None, "nothing of the file is followed");
            assert!(app.is_signed_in().await);
        }
        // Where another admin stays, the file has its way; so it has at a start.
        let another = app.admin().await;
        let mut file = app.config.clone();
        file["users"] = json!([]);
        let report = declared::reapply(&app.ctx, &caller, &crate::harness::parse(&file)).await.unwrap();
        assert!(report.has_admin && !report.lost_last_admin());
        assert!(!app.is_signed_in().await && another.is_signed_in().await);
        let back = declaring(&app, people).await;
        let other = back.user("admin@example.org").await.unwrap();
        users::set_status(&*app.db, other.id, UserStatus::Disabled, Some(DisabledBy::Admin)).await.unwrap();
        let gone = declaring(&back, json!([])).await;
        assert_eq!(gone.user("ops@example.com").await.unwrap().status, UserStatus::Disabled);
        assert!(matches!(declared::bootstrap(&gone.ctx).await.unwrap(), Bootstrap::SetupLink(_)));
    }

    async fn a_provider_that_goes_takes_its_sessions_along(app: TestApp) {
        let by_password = app.admin().await;
        app.sign_in("alice").await.assert_signed_in("/admin");
        let second = app.fresh();
        second.sign_in("alice").await.assert_signed_in("/admin");
        let by_github = app.fresh();
        by_github.sign_in_by_github().await.assert_signed_in("/admin");
        let app = app.with_provider(|provider| provider["enabled"] = json!(false)).await;
        assert!(!app.is_signed_in().await && !second.is_signed_in().await);
        assert!(by_password.is_signed_in().await && by_github.is_signed_in().await);
        let entries = app.audit_of("session.all_revoked").await;
        assert_eq!(entries.len(), 1, "one for each person");
        assert_eq!(entries[0].target_label, "alice@example.com");
        assert_eq!(after(&entries[0]), json!({
            "sessions_ended": 2, "providers": ["idp"], "reason": "provider_gone",
        }));
        assert!(apply(&app).await.changes.is_empty());
        let app = app.restarted_with(|config| config["auth"]["oauth"]["providers"] = json!([])).await;
        assert!(!by_github.is_signed_in().await && by_password.is_signed_in().await);
        app.assert_audit_intact().await;
    }

    async fn without_an_admin_there_is_a_link_to_set_up(app: TestApp) {
        let Bootstrap::SetupLink(first) = declared::bootstrap(&app.ctx).await.unwrap() else {
            panic!("no link")
        };
        let Bootstrap::SetupLink(second) = declared::bootstrap(&app.ctx).await.unwrap() else {
            panic!("no link")
        };
        let now = app.ctx.now();
        assert!(one_time_links::find(&*app.db, &first.hash(), now).await.unwrap().is_none());
        assert!(one_time_links::find(&*app.db, &second.hash(), now).await.unwrap().is_some());
        app.admin().await;
        assert!(matches!(declared::bootstrap(&app.ctx).await.unwrap(), Bootstrap::Nothing));
    }

    async fn an_invited_admin_counts_when_they_can_come(app: TestApp) {
        let mut admin = ops();
        admin["global_role"] = json!("platform_admin");
        admin["sign_in"] = json!("password");
        let by_password = declaring(&app, json!([admin])).await;
        let made = declared::bootstrap(&by_password.ctx).await.unwrap();
        assert!(matches!(made, Bootstrap::SetupLink(_)), "nobody could hand them a link");
        admin["sign_in"] = json!("idp");
        let by_provider = declaring(&app, json!([admin])).await;
        let made = declared::bootstrap(&by_provider.ctx).await.unwrap();
        assert!(matches!(made, Bootstrap::Nothing));
    }

    async fn the_link_to_set_up_works_beside_a_declared_admin(app: TestApp) {
        let mut admin = ops();
        admin["global_role"] = json!("platform_admin");
        admin["sign_in"] = json!("password");
        let app = declaring(&app, json!([admin])).await;
        let link = set_up_link(&app).await;
        let password = "seven quiet otters swim";
        let fields = |email| [("email", email), ("name", "Root"), ("password", password), ("repeated", password)];
        app.submit(&link, &link, &fields("ops@example.com")).await.assert_redirect("/admin");
        let ops = app.user("ops@example.com").await.unwrap();
        assert_eq!((ops.status, ops.global_role), (UserStatus::Active, GlobalRole::PlatformAdmin));
        assert_eq!(app.email().await, "ops@example.com", "the declared admin came in");
        assert!(apply(&app).await.changes.is_empty());
    }

    async fn the_link_to_set_up_makes_another_admin_than_the_declared(app: TestApp) {
        let mut admin = ops();
        admin["global_role"] = json!("platform_admin");
        admin["sign_in"] = json!("password");
        let mut other = ops();
        other["email"] = json!("other@example.com");
        other["sign_in"] = json!("password");
        let app = declaring(&app, json!([admin, other])).await;
        let link = set_up_link(&app).await;
        let password = "seven quiet otters swim";
        let fields = |email| [("email", email), ("name", "Root"), ("password", password), ("repeated", password)];
        let taken = app.submit(&link, &link, &fields("other@example.com")).await;
        assert!(!taken.opens_session(), "only a waiting admin is made one");
        app.submit(&link, &link, &fields("root@example.com")).await.assert_redirect("/admin");
        assert_eq!(app.email().await, "root@example.com");
        assert_eq!(app.user("ops@example.com").await.unwrap().status, UserStatus::Invited);
    }

    async fn the_file_names_the_first_admin_and_two_starts_make_one(app: TestApp) {
        let app = app.restarted_with(|config| {
            config["auth"]["bootstrap_admin"] = json!({"email": "root@example.com", "password": "env.IDP_SECRET"});
        }).await;
        let replica = app.replica().await;
        let (one, two) = tokio::join!(declared::bootstrap(&app.ctx), declared::bootstrap(&replica.ctx));
        let made = [one.unwrap(), two.unwrap()];
        let count = made.iter().filter(|made| matches!(made, Bootstrap::AdminCreated(_))).count();
        assert_eq!(count, 1);
        let root = app.user("root@example.com").await.unwrap();
        assert_eq!((root.status, root.global_role), (UserStatus::Active, GlobalRole::PlatformAdmin));
        assert!(root.must_change_password);
        let phc = users::password_hash(&*app.db, root.id).await.unwrap().unwrap();
        let password = Secret::new(gateway_testkit::FakeIdp::CLIENT_SECRET);
        let verdict = gateway_identity::password::verify(&password, &phc).await.unwrap();
        assert_eq!(verdict, gateway_identity::password::Verdict::Right);
        app.assert_audit_intact().await;
    }
}
