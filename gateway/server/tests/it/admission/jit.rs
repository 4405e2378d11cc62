//! Section H: what becomes of strangers, once and never again.

use std::collections::BTreeMap;

use gateway_domain::{GlobalRole, ManagedBy, MembershipSource, RoleSource, TeamRole};
use gateway_store::{teams, users};
use serde_json::{Value, json};

use crate::harness::{TestApp, after};

/// Everything that a policy can give.
fn generous() -> Value {
    json!({
        "enabled": true, "global_role": "auditor", "request_logging_enabled": true,
        "membership": {"team": "research", "role": "admin"},
    })
}

async fn with_jit(app: &TestApp, jit: Value) -> TestApp {
    app.with_provider(|provider| provider["jit"] = jit).await
}

cases! {
    async fn case_176_strangers_are_refused_without_a_trace(app: TestApp) {
        for jit in [json!({"enabled": false}), json!({"enabled": false, "global_role": "platform_admin"})] {
            let app = with_jit(&app, jit).await;
            let answer = app.sign_in("stranger").await;
            let entry = app.assert_refused(&answer, "unmatched_identity").await;
            assert_eq!(entry.target_label, "stranger@example.com");
        }
        assert_eq!((app.count_people().await, app.count_sessions().await), (0, 0));
    }

    async fn case_177_without_a_role_a_stranger_is_a_user(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        let alice = app.user("alice@example.com").await.unwrap();
        assert_eq!((alice.global_role, alice.role_source), (GlobalRole::User, RoleSource::Jit));
        assert!(!alice.request_logging_enabled);
        assert_eq!(alice.managed_by, ManagedBy::Provider);
        assert_eq!(alice.name, "Alice");
        assert!(app.teams_of(&alice).await.is_empty());
    }

    async fn case_177_a_stranger_becomes_what_the_policy_says(app: TestApp) {
        let app = with_jit(&app, generous()).await;
        app.sign_in("alice").await.assert_signed_in("/admin");
        let alice = app.user("alice@example.com").await.unwrap();
        assert_eq!((alice.global_role, alice.request_logging_enabled), (GlobalRole::Auditor, true));
        assert_eq!(app.teams_of(&alice).await, [("research".to_owned(), "admin".to_owned())]);
        let made = app.audit_of("user.provisioned").await.remove(0);
        assert_eq!(after(&made)["global_role"], "auditor");
        assert_eq!(made.provider_key.as_deref(), Some("idp"));
    }

    async fn case_177_an_admin_only_where_it_is_written(app: TestApp) {
        let app = with_jit(&app, json!({"enabled": true, "global_role": "platform_admin"})).await;
        let warnings = app.ctx.live().config.warnings.0.clone();
        assert!(warnings.iter().any(|warning| warning.path.ends_with("jit.global_role")), "{warnings:?}");
        app.sign_in("alice").await.assert_signed_in("/admin");
        assert_eq!(app.session().await["user"]["global_role"], "platform_admin");
    }

    async fn case_178_a_team_that_is_gone_stops_the_sign_in(app: TestApp) {
        let app = with_jit(&app, generous()).await;
        let team = teams::find(&*app.db, "research").await.unwrap().unwrap();
        teams::set_ownership(&*app.db, team.id, ManagedBy::Config, Some(app.ctx.now())).await.unwrap();
        let answer = app.sign_in("alice").await;
        let entry = app.assert_refused(&answer, "server_error").await;
        assert!(after(&entry)["cause"].as_str().unwrap().contains("research"));
        assert_eq!((app.count_people().await, app.count_sessions().await), (0, 0));
        assert!(app.audit_of("user.provisioned").await.is_empty());
        // Back again, the person comes in with everything.
        teams::set_ownership(&*app.db, team.id, ManagedBy::Config, None).await.unwrap();
        app.sign_in("alice").await.assert_signed_in("/admin");
        let alice = app.user("alice@example.com").await.unwrap();
        assert_eq!(app.teams_of(&alice).await.len(), 1);
    }

    async fn case_178_it_keeps_nobody_else_out(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        let app = with_jit(&app, generous()).await;
        let team = teams::find(&*app.db, "research").await.unwrap().unwrap();
        teams::set_ownership(&*app.db, team.id, ManagedBy::Config, Some(app.ctx.now())).await.unwrap();
        app.sign_in("alice").await.assert_signed_in("/admin");
    }

    async fn case_180_a_policy_is_applied_once(app: TestApp) {
        let app = with_jit(&app, generous()).await;
        app.sign_in("alice").await.assert_signed_in("/admin");
        let alice = app.user("alice@example.com").await.unwrap();
        let team = teams::find(&*app.db, "research").await.unwrap().unwrap();
        // An admin lowers everything.
        users::set_role(&*app.db, alice.id, GlobalRole::User, RoleSource::Manual).await.unwrap();
        users::set_request_logging(&*app.db, alice.id, false).await.unwrap();
        teams::remove_member(&*app.db, alice.id, team.id).await.unwrap();
        app.sign_in("alice").await.assert_signed_in("/admin");
        let now = app.user("alice@example.com").await.unwrap();
        assert_eq!((now.global_role, now.role_source), (GlobalRole::User, RoleSource::Manual));
        assert!(!now.request_logging_enabled);
        assert!(app.teams_of(&now).await.is_empty());
    }

    async fn case_180_a_more_generous_policy_raises_nobody(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        let app = with_jit(&app, json!({
            "enabled": true, "global_role": "platform_admin", "membership": {"team": "research", "role": "admin"},
        })).await;
        app.sign_in("alice").await.assert_signed_in("/admin");
        let alice = app.user("alice@example.com").await.unwrap();
        assert_eq!(alice.global_role, GlobalRole::User);
        assert!(app.teams_of(&alice).await.is_empty());
    }

    async fn case_180_it_is_for_strangers_and_not_for_the_invited(app: TestApp) {
        let app = with_jit(&app, generous()).await;
        app.invite("alice@example.com", "idp").await;
        app.sign_in("alice").await.assert_signed_in("/admin");
        let alice = app.user("alice@example.com").await.unwrap();
        assert_eq!((alice.global_role, alice.request_logging_enabled), (GlobalRole::User, false));
        assert!(app.teams_of(&alice).await.is_empty());
    }

    async fn case_181_claims_give_no_rights(app: TestApp) {
        for (name, value) in [
            ("role", json!("platform_admin")), ("roles", json!(["platform_admin", "admin"])),
            ("global_role", json!("platform_admin")), ("groups", json!(["admins", "platform_admin"])),
            ("is_admin", json!(true)), ("team", json!("research")), ("status", json!("active")),
        ] {
            app.idp.claim(name, value);
        }
        app.finish_sign_in().await.assert_signed_in("/admin");
        let alice = app.user("alice@example.com").await.unwrap();
        assert_eq!(alice.global_role, GlobalRole::User);
        assert!(app.teams_of(&alice).await.is_empty());
    }

    async fn case_186_logging_set_by_an_admin_stays(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        assert_eq!(app.session().await["user"]["request_logging_enabled"], false);
        let alice = app.user("alice@example.com").await.unwrap();
        users::set_request_logging(&*app.db, alice.id, true).await.unwrap();
        app.sign_in("alice").await.assert_signed_in("/admin");
        assert_eq!(app.session().await["user"]["request_logging_enabled"], true);
    }

    async fn case_188_domains_are_checked_at_every_sign_in(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        let app = app.with_provider(|provider| provider["allowed_email_domains"] = json!(["elsewhere.example"])).await;
        for name in ["alice", "stranger"] {
            let answer = app.fresh().sign_in(name).await;
            app.assert_refused(&answer, "policy_denied").await;
        }
        // Nor does leaving the address out help.
        app.idp.person("alice");
        app.idp.unclaim("email");
        let answer = app.fresh().finish_sign_in().await;
        app.assert_refused(&answer, "policy_denied").await;
        assert_eq!(app.count_people().await, 1);
    }

    async fn the_name_comes_from_the_provider_once(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        app.idp.claim("name", json!("<script>Mallory</script>"));
        app.finish_sign_in().await.assert_signed_in("/admin");
        assert_eq!(app.session().await["user"]["name"], "Alice");
    }

    async fn members_and_owners_of_a_team_keep_their_role(app: TestApp) {
        let app = with_jit(&app, generous()).await;
        app.sign_in("alice").await.assert_signed_in("/admin");
        let alice = app.user("alice@example.com").await.unwrap();
        let team = teams::find(&*app.db, "research").await.unwrap().unwrap();
        teams::set_member(&*app.db, alice.id, team.id, TeamRole::Owner, MembershipSource::Manual, app.ctx.now()).await.unwrap();
        app.sign_in("alice").await.assert_signed_in("/admin");
        assert_eq!(app.teams_of(&alice).await, [("research".to_owned(), "owner".to_owned())]);
    }
}

#[test]
fn case_178_case_179_an_unknown_team_and_an_owner_are_refused_in_the_file() {
    let environment = BTreeMap::from([("S".to_owned(), "secret".to_owned())]);
    let load = |membership: Value| {
        let config = json!({
            "server": {"public_base_url": "https://gateway.test"},
            "auth": {"oidc": {"providers": [{
                "key": "idp", "issuer_url": "https://idp.example", "client_id": "a", "client_secret": "env.S",
                "jit": {"enabled": true, "membership": membership},
            }]}},
            "teams": [{"key": "research", "name": "Research"}],
        });
        gateway_config::parse(&config.to_string(), "test.yaml", &environment)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    assert_eq!(load(json!({"team": "research", "role": "member"})), Ok(()));
    let unknown = load(json!({"team": "reserch", "role": "member"})).unwrap_err();
    assert!(
        unknown.contains("jit.membership.team") && unknown.contains("research"),
        "{unknown}"
    );
    let owner = load(json!({"team": "research", "role": "owner"})).unwrap_err();
    assert!(owner.contains("jit.membership.role"), "{owner}");
}
