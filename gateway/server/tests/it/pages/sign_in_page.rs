//! The sign-in page.

use gateway_domain::GlobalRole;
use serde_json::json;

use crate::harness::{Answer, Browser};

/// The address behind a provider's button.
fn button(page: &Answer, provider: &str) -> String {
    let mark = format!("provider_key={provider}");
    let at = page.body.find(&mark).unwrap();
    let from = page.body[..at].rfind('"').unwrap() + 1;
    let address = page.body[from..].split('"').next().unwrap();
    address.replace("&#38;", "&").replace("&amp;", "&")
}

async fn sign_in_from(page: &Answer, browser: &Browser) -> Answer {
    browser.idp.person("mel");
    let started = browser.get(&button(page, "idp")).await;
    let callback = browser.idp.authorize(started.location());
    browser.come_back(&callback).await
}

cases! {
    async fn providers_come_first(app: TestApp) {
        let page = app.get("/admin/login").await;
        super::assert_well_made("/admin/login", &page);
        page.assert_page("Sign in with Provider idp");
        page.assert_page("Sign in with Provider github");
        let (buttons, rest) = page.body.split_once("<details").unwrap();
        assert!(buttons.contains("provider_key=idp"));
        assert!(rest.contains("type=\"password\""), "behind the providers");
    }

    async fn without_a_provider_the_page_says_so(app: TestApp) {
        let app = app.restarted_with(|config| {
            config["auth"]["oidc"]["providers"] = json!([]);
            config["auth"]["oauth"]["providers"] = json!([]);
        }).await;
        let page = app.get("/admin/login").await;
        page.assert_page("No identity provider is set up here.");
        page.assert_page("type=\"password\"");
    }

    async fn the_deep_link_survives_the_sign_in(app: TestApp) {
        let wanted = "/admin/teams?notice=team_saved";
        let asked = app.get(wanted).await;
        asked.assert_redirect("/admin/login?redirect_to=%2Fadmin%2Fteams%3Fnotice%3Dteam_saved");
        let page = app.get(asked.location()).await;
        page.assert_page("You will come back to the page you asked for.");
        sign_in_from(&page, &app).await.assert_signed_in(wanted);
        app.get(wanted).await.assert_page("The team is saved.");
    }

    async fn the_deep_link_never_leaves_the_gateway(app: TestApp) {
        for evil in ["https://evil.example", "//evil.example", "/admin/../../evil", "/%5cevil.example", "javascript:alert(1)"] {
            let query: String = url::form_urlencoded::byte_serialize(evil.as_bytes()).collect();
            let page = app.get(&format!("/admin/login?redirect_to={query}")).await;
            assert!(!page.body.contains("evil") && !page.body.contains("javascript:"), "{evil}");
        }
    }

    async fn a_refusal_is_told_in_plain_words(app: TestApp) {
        let reference = "01a203f2-89fb-765f-ab86-a038e3c34154";
        let page = app.get(&format!("/admin/login?sso_error=unmatched_identity&ref={reference}")).await;
        page.assert_page("There is no account for you here yet.");
        page.assert_page(reference);
        let page = app.get("/admin/login?sso_error=%3Cb%3Eyou+won&ref=%3Cb%3Ecall+us").await;
        page.assert_page("The sign-in did not succeed.");
        assert!(!page.body.contains("you won") && !page.body.contains("call us"));
    }

    async fn a_refused_sign_in_keeps_the_deep_link(app: TestApp) {
        let app = app.with_provider(|provider| provider["jit"] = json!({"enabled": false})).await;
        let page = app.get("/admin/login?redirect_to=/admin/teams").await;
        let refused = sign_in_from(&page, &app).await;
        refused.assert_sso_error("unmatched_identity");
        let page = app.get(refused.location()).await;
        page.assert_page("There is no account for you here yet.");
        page.assert_page("redirect_to=%2Fadmin%2Fteams");
        page.assert_page("Reference:");
    }

    async fn who_is_signed_in_is_told_so(app: TestApp) {
        let user = app.signed_in_as("user@example.org", GlobalRole::User).await;
        let page = user.get("/admin/login?redirect_to=/admin/teams").await;
        page.assert_page("You are signed in");
        page.assert_page("href=\"/admin/teams\"");
        assert!(!page.body.contains("type=\"password\""));
        let out = user.submit("/admin", "/api/v1/auth/logout", &[]).await;
        user.get(out.location()).await.assert_page("You are signed out.");
        assert!(!user.is_signed_in().await);
    }

    async fn a_wrong_password_is_told_beside_the_form(app: TestApp) {
        let fields = [("email", "nobody@example.org"), ("password", "wrong horse"), ("redirect_to", "/admin/teams")];
        let answer = app.submit("/admin/login", "/api/v1/auth/login/password", &fields).await;
        let page = app.get(answer.location()).await;
        page.assert_page("The address or the password is wrong.");
        page.assert_page("<details class=\"more\" open>");
        page.assert_page("value=\"/admin/teams\"");
    }
}
