//! Who a GitHub account is here: ids, addresses, organisations.

use gateway_testkit::{Account, FakeGitHub, Manner};
use serde_json::{Value, json};

use crate::harness::{TestApp, after};

/// Signs in a browser without a session as this account.
async fn sign_in(app: &TestApp, account: Account) -> crate::harness::Answer {
    app.github.account(account);
    app.fresh().sign_in_by_github().await
}

async fn refused(app: &TestApp, account: Account, code: &str) {
    let answer = sign_in(app, account).await;
    app.assert_refused(&answer, code).await;
}

fn of(organizations: &[(&str, &str)]) -> Account {
    let mut account = Account::new(1, "octo");
    account.organizations = organizations
        .iter()
        .map(|(name, state)| ((*name).to_owned(), (*state).to_owned()))
        .collect();
    account
}

cases! {
    async fn case_223_the_numeric_id_and_the_primary_verified_address(app: TestApp) {
        app.sign_in_by_github().await.assert_signed_in("/admin");
        assert_eq!(app.email().await, "octo@example.com");
        let octo = app.user("octo@example.com").await.unwrap();
        let links = gateway_store::identities::of_users(&app.db, [octo.id]).await.unwrap();
        assert_eq!(links[0].subject, "583231");
        let sent = app.github.last_authorization();
        assert_eq!(sent["client_id"], FakeGitHub::CLIENT_ID);
        assert_eq!(sent["code_challenge_method"], "S256");
        assert_eq!(sent["redirect_uri"], "https://gateway.test/api/v1/auth/oauth/callback/github");
        assert_eq!(app.session().await["session"]["provider_key"], "github");
        assert_eq!(app.github.log().last("/api/v3/user").path, "/api/v3/user");
    }

    async fn case_224_ids_that_are_none(app: TestApp) {
        for id in [
            json!(null), json!(0), json!(-1), json!("583231"), json!(1.5), json!(583_231.0), json!(true), json!([1]),
            serde_json::from_str::<Value>("18446744073709551616").unwrap(),
        ] {
            let account = Account { id: id.clone(), ..Account::new(1, "octo") };
            refused(&app, account, "provider_failure").await;
        }
        app.github.script().user = Manner::json(200, &json!({"login": "octo"}));
        refused(&app, Account::new(1, "octo"), "provider_failure").await;
        assert_eq!(app.count_people().await, 0);
    }

    async fn case_225_a_login_changes_hands(app: TestApp) {
        sign_in(&app, Account::new(1, "octo")).await.assert_signed_in("/admin");
        let renamed = Account { login: "octo-renamed".to_owned(), ..Account::new(1, "octo") };
        sign_in(&app, renamed).await.assert_signed_in("/admin");
        assert_eq!(app.count_people().await, 1);
        let app = app.with_github(|provider| provider["jit"] = json!({"enabled": false})).await;
        let mut other = Account::new(2, "octo");
        other.emails = json!([{"email": "other@example.com", "primary": true, "verified": true}]);
        refused(&app, other, "unmatched_identity").await;
    }

    async fn case_226_the_primary_address_is_not_verified(app: TestApp) {
        let unverified = |id| {
            let mut account = Account::new(id, "octo");
            account.emails = json!([
                {"email": "octo@example.com", "primary": true, "verified": false},
                {"email": "second@example.com", "primary": false, "verified": true},
            ]);
            account
        };
        refused(&app, unverified(1), "github_unverified_email").await;
        sign_in(&app, Account::new(1, "octo")).await.assert_signed_in("/admin");
        sign_in(&app, unverified(1)).await.assert_signed_in("/admin");
    }

    async fn case_226_the_word_verified_is_missing(app: TestApp) {
        let mut account = Account::new(1, "octo");
        account.emails = json!([{"email": "octo@example.com", "primary": true}]);
        refused(&app, account.clone(), "github_unverified_email").await;
        account.emails[0]["verified"] = json!("true");
        refused(&app, account, "github_unverified_email").await;
    }

    async fn case_227_no_primary_address_to_be_had(app: TestApp) {
        for emails in [
            json!([]),
            json!([{"email": "octo@example.com", "primary": false, "verified": true}]),
            json!([{"primary": true, "verified": true}]),
            json!([{"email": "nonsense", "primary": true, "verified": true}]),
        ] {
            let account = Account { emails, ..Account::new(1, "octo") };
            refused(&app, account, "github_unverified_email").await;
        }
        for status in [403, 404] {
            app.github.script().emails = Manner::json(status, &json!({"message": "Not Found"}));
            refused(&app, Account::new(1, "octo"), "provider_failure").await;
        }
        assert_eq!(app.count_people().await, 0);
    }

    async fn case_227_linked_people_need_no_address(app: TestApp) {
        sign_in(&app, Account::new(1, "octo")).await.assert_signed_in("/admin");
        app.github.script().emails = Manner::status(404);
        sign_in(&app, Account::new(1, "octo")).await.assert_signed_in("/admin");
    }

    async fn case_228_the_public_address_is_nobodys_word(app: TestApp) {
        app.invite("victim@example.com", "github").await;
        let mut account = Account::new(1, "mallory");
        account.email = json!("victim@example.com");
        account.emails = json!([]);
        refused(&app, account.clone(), "github_unverified_email").await;
        account.emails = json!([{"email": "victim@example.com", "primary": true, "verified": false}]);
        refused(&app, account, "github_unverified_email").await;
    }

    async fn case_229_a_noreply_address_finds_nobody(app: TestApp) {
        let mut account = Account::new(1, "octo");
        account.emails = json!([
            {"email": "1+octo@users.noreply.github.com", "primary": true, "verified": true},
        ]);
        refused(&app, account, "github_unverified_email").await;
        assert_eq!(app.count_people().await, 0);
    }

    async fn an_invited_person_comes_by_github(app: TestApp) {
        let app = app.with_github(|provider| provider["jit"] = json!({"enabled": false})).await;
        app.invite("octo@example.com", "github").await;
        sign_in(&app, Account::new(1, "octo")).await.assert_signed_in("/admin");
        refused(&app, Account::new(2, "stranger"), "unmatched_identity").await;
    }

    async fn case_237_only_active_members_come_in(app: TestApp) {
        let app = app.with_github(|provider| provider["allowed_organizations"] = json!(["acme", "Umbrella"])).await;
        for (organizations, is_in) in [
            (vec![("acme", "active")], true),
            (vec![("Acme", "active")], true),
            (vec![("umbrella", "active"), ("other", "active")], true),
            (vec![("acme", "pending")], false),
            (vec![("other", "active")], false),
            (vec![("acme-evil", "active")], false),
            (vec![], false),
        ] {
            let account = of(&organizations);
            if is_in {
                sign_in(&app, account).await.assert_signed_in("/admin");
            } else {
                refused(&app, account, "policy_denied").await;
            }
        }
        let scope = &app.github.last_authorization()["scope"];
        assert!(scope.split([' ', ',']).any(|scope| scope == "read:org"), "{scope}");
    }

    async fn case_237_what_github_answers_instead_of_a_membership(app: TestApp) {
        let app = app.with_github(|provider| provider["allowed_organizations"] = json!(["acme"])).await;
        for manner in [
            Manner::redirect(302, "https://api.github.com/orgs/acme/public_members/octo"),
            Manner::json(403, &json!({"message": "Resource protected by organization SAML enforcement."}))
                .with_header("x-github-sso", "required; url=https://github.com/orgs/acme/sso"),
            Manner::json(403, &json!({"message": "OAuth App access restrictions"})),
            Manner::json(200, &json!({"state": "something else"})),
            Manner::json(200, &json!({})),
        ] {
            app.github.script().memberships = manner;
            refused(&app, of(&[("acme", "active")]), "policy_denied").await;
        }
        assert_eq!(app.count_people().await, 0);
    }

    async fn case_237_organisations_are_checked_at_every_sign_in(app: TestApp) {
        sign_in(&app, of(&[("acme", "active")])).await.assert_signed_in("/admin");
        let app = app.with_github(|provider| provider["allowed_organizations"] = json!(["acme"])).await;
        refused(&app, of(&[]), "policy_denied").await;
    }

    async fn case_188_domains_of_github_addresses(app: TestApp) {
        let app = app.with_github(|provider| provider["allowed_email_domains"] = json!(["corp.example"])).await;
        refused(&app, Account::new(1, "octo"), "policy_denied").await;
        let mut account = Account::new(2, "worker");
        account.emails = json!([{"email": "worker@corp.example", "primary": true, "verified": true}]);
        sign_in(&app, account).await.assert_signed_in("/admin");
    }

    async fn case_242_an_enterprise_server_vouches_only_when_asked_to(app: TestApp) {
        let mut account = Account::new(1, "octo");
        account.emails = json!([{"email": "octo@example.com", "primary": true}]);
        refused(&app, account.clone(), "github_unverified_email").await;
        let app = app.with_github(|provider| provider["trust_email"] = json!("always")).await;
        sign_in(&app, account).await.assert_signed_in("/admin");
        let entry = app.audit_of("sign_in.succeeded").await.remove(0);
        assert_eq!(after(&entry)["email_verified"], false);
    }
}
