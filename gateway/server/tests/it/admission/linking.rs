//! Section G: links, invitations, conflicts, addresses.

use gateway_domain::{DisabledBy, GlobalRole, UserStatus};
use gateway_store::{identities, users};
use gateway_testkit::FakeIdp;
use serde_json::json;

use crate::harness::{TestApp, after, oidc_provider};

/// A gateway whose provider takes no strangers.
async fn without_jit(app: &TestApp) -> TestApp {
    app.with_provider(|provider| provider["jit"] = json!({"enabled": false}))
        .await
}

/// A gateway with a second provider, `other`.
async fn with_other(app: &TestApp) -> (TestApp, FakeIdp) {
    let other = FakeIdp::start(app.clock.clone()).await;
    let app = app
        .restarted_with(|config| {
            let providers = config["auth"]["oidc"]["providers"].as_array_mut();
            providers.unwrap().push(oidc_provider("other", &other));
        })
        .await;
    (app, other)
}

cases! {
    async fn case_149_a_linked_person_is_who_they_are_whatever_the_address(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        let alice = app.user("alice@example.com").await.unwrap();
        let app = without_jit(&app).await;
        app.idp.person("alice");
        app.idp.claim("email", json!("new@example.com"));
        app.idp.claim("email_verified", json!(false));
        app.finish_sign_in().await.assert_signed_in("/admin");
        assert_eq!(app.email().await, "alice@example.com", "the record keeps its address");
        let changed = app.audit_of("identity.email_changed").await;
        assert_eq!(changed.len(), 1);
        assert_eq!(after(&changed[0])["email"], "new@example.com");
        for absent in ["email", "email_verified", "name"] {
            app.idp.unclaim(absent);
        }
        app.finish_sign_in().await.assert_signed_in("/admin");
        assert_eq!(app.session().await["user"]["id"], alice.id.to_string());
        assert_eq!(app.count_people().await, 1);
    }

    async fn case_150_the_same_subject_at_two_providers(app: TestApp) {
        let (app, other) = with_other(&app).await;
        app.sign_in("alice").await.assert_signed_in("/admin");
        other.person("bob");
        other.claim("sub", json!("sub-alice"));
        let bob = app.fresh();
        let started = bob.start("other").await;
        bob.come_back(&other.authorize(started.location())).await.assert_signed_in("/admin");
        assert_eq!(bob.email().await, "bob@example.com");
        assert_eq!(app.email().await, "alice@example.com");
    }

    async fn case_151_the_issuer_behind_a_key_changed(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        let rebuilt = FakeIdp::start(app.clock.clone()).await;
        rebuilt.person("mallory");
        rebuilt.claim("sub", json!("sub-alice"));
        let app = app.with_provider(|provider| {
            provider["issuer_url"] = json!(rebuilt.issuer());
            provider["jit"] = json!({"enabled": false});
        }).await;
        let mallory = app.fresh();
        let started = mallory.start("idp").await;
        let answer = mallory.come_back(&rebuilt.authorize(started.location())).await;
        app.assert_refused(&answer, "unmatched_identity").await;
        assert_eq!(app.count_people().await, 1);
    }

    async fn case_152_another_subject_with_the_same_address(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        app.idp.claim("sub", json!("sub-after-the-rebuild"));
        let answer = app.fresh().finish_sign_in().await;
        app.assert_refused(&answer, "identity_conflict").await;
        assert_eq!(app.count_people().await, 1);
    }

    async fn case_153_an_invited_person_comes(app: TestApp) {
        let app = without_jit(&app).await;
        let alice = app.invite("alice@example.com", "idp").await;
        app.sign_in("alice").await.assert_signed_in("/admin");
        let now = app.user("alice@example.com").await.unwrap();
        assert_eq!((now.id, now.status), (alice.id, UserStatus::Active));
        let links = identities::of_users(&app.db, [alice.id]).await.unwrap();
        assert_eq!(links.len(), 1);
        assert_eq!((links[0].subject.as_str(), links[0].issuer.as_str()), ("sub-alice", app.idp.issuer().as_str()));
        let request = app.audit_of("user.activated").await.remove(0).correlation_id;
        for action in ["identity.linked", "sign_in.succeeded"] {
            assert_eq!(app.audit_of(action).await[0].correlation_id, request, "{action}");
        }
    }

    async fn case_154_invited_for_another_provider(app: TestApp) {
        let (app, other) = with_other(&app).await;
        app.invite("alice@example.com", "idp").await;
        other.person("alice");
        let started = app.start("other").await;
        let answer = app.come_back(&other.authorize(started.location())).await;
        app.assert_refused(&answer, "identity_conflict").await;
        assert_eq!(app.user("alice@example.com").await.unwrap().status, UserStatus::Invited);
        app.sign_in("alice").await.assert_signed_in("/admin");
    }

    async fn case_155_invited_but_the_address_is_not_verified(app: TestApp) {
        app.invite("alice@example.com", "idp").await;
        app.idp.person("alice");
        for unverified in [json!(false), json!("false"), json!(null)] {
            app.idp.claim("email_verified", unverified);
            let answer = app.finish_sign_in().await;
            app.assert_refused(&answer, "email_unverified").await;
        }
        app.idp.unclaim("email_verified");
        let answer = app.finish_sign_in().await;
        app.assert_refused(&answer, "email_unverified").await;
        assert_eq!(app.user("alice@example.com").await.unwrap().status, UserStatus::Invited);
        let app = app.with_provider(|provider| provider["trust_email"] = json!("always")).await;
        app.finish_sign_in().await.assert_signed_in("/admin");
    }

    async fn case_156_a_password_persons_address(app: TestApp) {
        let alice = app.make_user("alice@example.com", "password", GlobalRole::PlatformAdmin).await;
        let answer = app.sign_in("alice").await;
        app.assert_refused(&answer, "identity_conflict").await;
        assert!(identities::of_users(&app.db, [alice.id]).await.unwrap().is_empty());
    }

    async fn case_157_linked_to_another_provider(app: TestApp) {
        let (app, other) = with_other(&app).await;
        app.sign_in("alice").await.assert_signed_in("/admin");
        other.person("alice");
        let mallory = app.fresh();
        let started = mallory.start("other").await;
        let answer = mallory.come_back(&other.authorize(started.location())).await;
        app.assert_refused(&answer, "identity_conflict").await;
    }

    async fn case_158_another_tenant_names_the_victims_address(app: TestApp) {
        let app = without_jit(&app).await;
        app.invite("victim@example.com", "idp").await;
        // The tenant is part of the issuer: tokens of another are not ours.
        app.idp.person("victim");
        app.idp.claim("sub", json!("sub-attacker"));
        let tenant = format!("{}/another-tenant", app.idp.issuer());
        app.idp.set_in_id_token("iss", json!(tenant));
        let answer = app.finish_sign_in().await;
        app.assert_refused(&answer, "provider_failure").await;
        // And an address that nobody vouches for leads to nobody.
        app.idp.script().id_token = None;
        app.idp.unclaim("email_verified");
        let answer = app.finish_sign_in().await;
        app.assert_refused(&answer, "email_unverified").await;
        assert_eq!(app.user("victim@example.com").await.unwrap().status, UserStatus::Invited);
    }

    async fn case_159_addresses_match_whatever_the_case(app: TestApp) {
        let app = without_jit(&app).await;
        app.invite("victim@ex.com", "idp").await;
        app.idp.claim("email", json!("Victim@Ex.com"));
        app.finish_sign_in().await.assert_signed_in("/admin");
    }

    async fn case_159_but_only_ascii_letters_fold(app: TestApp) {
        let app = without_jit(&app).await;
        // U+212A, the Kelvin sign, is a k to those who fold Unicode; U+0131 and U+017F likewise.
        app.invite("kiss@example.com", "idp").await;
        for lookalike in ["\u{212a}iss@example.com", "k\u{131}ss@example.com", "ki\u{17f}s@example.com"] {
            app.idp.claim("email", json!(lookalike));
            let answer = app.finish_sign_in().await;
            app.assert_refused(&answer, "unmatched_identity").await;
        }
        assert_eq!(app.user("kiss@example.com").await.unwrap().status, UserStatus::Invited);
    }

    async fn case_162_a_domain_is_the_whole_host(app: TestApp) {
        let app = app.with_provider(|provider| provider["allowed_email_domains"] = json!(["ex.com"])).await;
        for (number, address) in [
            "a@ex.com.evil.com", "a@evilex.com", "a@sub.ex.com", "a@ex.co", "a@com", "ex.com@evil.com", "a@ex.com.",
        ].into_iter().enumerate() {
            app.idp.person(&format!("p{number}"));
            app.idp.claim("email", json!(address));
            let answer = app.finish_sign_in().await;
            let reason = if address.ends_with('.') { "unmatched_identity" } else { "policy_denied" };
            app.assert_refused(&answer, reason).await;
        }
        app.idp.person("good");
        app.idp.claim("email", json!("a@EX.COM"));
        app.finish_sign_in().await.assert_signed_in("/admin");
    }

    async fn case_163_aliases_are_other_people(app: TestApp) {
        for (number, address) in ["a@example.com", "a+b@example.com", "a.b@example.com"].into_iter().enumerate() {
            app.idp.person(&format!("p{number}"));
            app.idp.claim("email", json!(address));
            app.fresh().finish_sign_in().await.assert_signed_in("/admin");
        }
        assert_eq!(app.count_people().await, 3);
    }

    async fn case_164_no_address_at_all(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        app.idp.unclaim("email");
        app.fresh().finish_sign_in().await.assert_signed_in("/admin");
        app.idp.person("stranger");
        app.idp.unclaim("email");
        let answer = app.fresh().finish_sign_in().await;
        app.assert_refused(&answer, "unmatched_identity").await;
        for nonsense in [json!("not an address"), json!(""), json!(17), json!("a@b@c"), json!("a b@example.com")] {
            app.idp.claim("email", nonsense);
            let answer = app.fresh().finish_sign_in().await;
            app.assert_refused(&answer, "unmatched_identity").await;
        }
        assert_eq!(app.count_people().await, 1);
    }

    async fn case_165_a_disabled_linked_person(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        let alice = app.user("alice@example.com").await.unwrap();
        users::set_status(&*app.db, alice.id, UserStatus::Disabled, Some(DisabledBy::Admin)).await.unwrap();
        assert!(!app.is_signed_in().await);
        let answer = app.fresh().finish_sign_in().await;
        app.assert_refused(&answer, "denied").await;
        assert_eq!(app.user("alice@example.com").await.unwrap().status, UserStatus::Disabled);
        // Not by another address either.
        app.idp.claim("email", json!("alice2@example.com"));
        let answer = app.fresh().finish_sign_in().await;
        app.assert_refused(&answer, "denied").await;
        assert_eq!(app.count_people().await, 1);
    }

    async fn case_167_a_disabled_person_who_never_came(app: TestApp) {
        let alice = app.invite("alice@example.com", "idp").await;
        users::set_status(&*app.db, alice.id, UserStatus::Disabled, Some(DisabledBy::Admin)).await.unwrap();
        let answer = app.sign_in("alice").await;
        app.assert_refused(&answer, "denied").await;
        assert!(identities::of_users(&app.db, [alice.id]).await.unwrap().is_empty());
    }

    async fn case_168_ten_first_sign_ins_of_one_person_at_once(app: TestApp) {
        let mut callbacks = Vec::new();
        for _ in 0..10 {
            let browser = app.fresh();
            let callback = browser.begin().await;
            callbacks.push((browser, callback));
        }
        let tasks: Vec<_> = callbacks
            .into_iter()
            .map(|(browser, callback)| tokio::spawn(async move { browser.come_back(&callback).await }))
            .collect();
        for task in tasks {
            task.await.unwrap().assert_signed_in("/admin");
        }
        assert_eq!(app.count_people().await, 1);
        assert_eq!(app.audit_of("user.provisioned").await.len(), 1);
        assert_eq!(app.audit_of("identity.linked").await.len(), 1);
        assert_eq!(app.count_sessions().await, 10);
        app.assert_audit_intact().await;
    }

    async fn case_169_two_subjects_with_one_address_at_once(app: TestApp) {
        let mut tasks = Vec::new();
        for subject in ["one", "two"] {
            app.idp.person("alice");
            app.idp.claim("sub", json!(subject));
            let browser = app.fresh();
            let callback = browser.begin().await;
            tasks.push(tokio::spawn(async move { browser.come_back(&callback).await }));
        }
        let mut signed_in = 0;
        for task in tasks {
            let answer = task.await.unwrap();
            if answer.opens_session() {
                signed_in += 1;
            } else {
                app.assert_refused(&answer, "identity_conflict").await;
            }
        }
        assert_eq!((signed_in, app.count_people().await), (1, 1));
    }

    async fn case_170_the_first_person_is_no_admin(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        assert_eq!(app.session().await["user"]["global_role"], "user");
    }

    async fn case_175_an_invitation_is_for_its_address(app: TestApp) {
        let app = without_jit(&app).await;
        app.invite("bob@example.com", "idp").await;
        let answer = app.sign_in("mallory").await;
        app.assert_refused(&answer, "unmatched_identity").await;
        assert_eq!(app.user("bob@example.com").await.unwrap().status, UserStatus::Invited);
    }
}
