//! One-time links and passwords, through their pages.

use crate::harness::{Answer, Browser, TestApp};

const PAGE: &str = "/admin/account/password";
const PASSWORD: &str = "seven quiet otters swim";

/// Invites somebody with a password; the path of their link.
async fn invited(admin: &Browser, email: &str) -> String {
    let fields = [
        ("email", email),
        ("name", "Alan"),
        ("sign_in", "password"),
        ("global_role", "user"),
    ];
    let shown = admin
        .submit("/admin/users/new", "/admin/users/new", &fields)
        .await;
    shown.assert_status(201);
    link_of(&shown)
}

fn link_of(shown: &Answer) -> String {
    let from = shown.body.find("https://gateway.test/admin/link/").unwrap();
    let url = shown.body[from..].split('<').next().unwrap();
    url.strip_prefix("https://gateway.test").unwrap().to_owned()
}

async fn choose(browser: &Browser, link: &str, password: &str, repeated: &str) -> Answer {
    browser
        .submit(
            link,
            link,
            &[("password", password), ("repeated", repeated)],
        )
        .await
}

async fn signs_in(app: &TestApp, email: &str, password: &str) -> bool {
    let browser = app.fresh();
    let fields = [("email", email), ("password", password)];
    let answer = browser
        .submit("/admin/login", "/api/v1/auth/login/password", &fields)
        .await;
    answer.opens_session()
}

cases! {
    async fn an_invited_person_chooses_a_password(app: TestApp) {
        let admin = app.admin().await;
        let link = invited(&admin, "alan@example.com").await;
        for _ in 0..3 {
            let page = app.get(&link).await;
            page.assert_page("alan@example.com");
            super::assert_well_made(&link, &page);
        }
        choose(&app, &link, PASSWORD, "another one altogether").await.assert_status(422);
        let short = choose(&app, &link, "short", "short").await;
        short.assert_status(422);
        assert!(short.body.contains("id=\"password-wrong\""), "{}", short.body);
        assert!(!app.is_signed_in().await);
        let done = choose(&app, &link, PASSWORD, PASSWORD).await;
        done.assert_redirect("/admin");
        assert!(done.opens_session());
        app.get("/admin").await.assert_page("Hello, Alan");
        let again = app.fresh();
        let page = again.get(&link).await;
        page.assert_status(404);
        assert!(page.body.contains("This link is not valid"));
        assert!(signs_in(&app, "alan@example.com", PASSWORD).await);
    }

    async fn a_link_is_of_no_use_to_another_site(app: TestApp) {
        let admin = app.admin().await;
        let link = invited(&admin, "alan@example.com").await;
        let fields = [("password", PASSWORD), ("repeated", PASSWORD)];
        app.get(&link).await.assert_status(200);
        app.post_form(&link, &fields).await.assert_status(403);
        let evil = app.with_origin(Some("https://evil.example"));
        evil.submit(&link, &link, &fields).await.assert_status(403);
        app.get(&link).await.assert_status(200);
    }

    async fn a_signed_in_browser_can_take_a_link_too(app: TestApp) {
        let admin = app.admin().await;
        let link = invited(&admin, "alan@example.com").await;
        let done = choose(&admin, &link, PASSWORD, PASSWORD).await;
        done.assert_redirect("/admin");
        assert_eq!(admin.email().await, "alan@example.com");
    }

    async fn a_forgotten_password_is_reset_by_a_link(app: TestApp) {
        let admin = app.admin().await;
        let link = invited(&admin, "alan@example.com").await;
        choose(&app, &link, PASSWORD, PASSWORD).await.assert_redirect("/admin");
        let person = format!("/admin/users/{}", app.user("alan@example.com").await.unwrap().id);
        admin.get(&person).await.assert_page("Make a link to reset the password");
        let shown = admin.submit(&person, &format!("{person}/link"), &[]).await;
        shown.assert_status(201);
        let reset = link_of(&shown);
        let other = "nine loud herons stand";
        let browser = app.fresh();
        choose(&browser, &reset, other, other).await.assert_redirect("/admin");
        assert!(!app.is_signed_in().await, "the other session ended");
        assert!(!signs_in(&app, "alan@example.com", PASSWORD).await);
        assert!(signs_in(&app, "alan@example.com", other).await);
    }

    async fn a_password_is_changed_on_its_page(app: TestApp) {
        let admin = app.admin().await;
        let link = invited(&admin, "alan@example.com").await;
        choose(&app, &link, PASSWORD, PASSWORD).await.assert_redirect("/admin");
        let other = "nine loud herons stand";
        let wrong = [("current", "not this one at all"), ("password", other), ("repeated", other)];
        let answer = app.submit(PAGE, PAGE, &wrong).await;
        answer.assert_status(422);
        assert!(answer.body.contains("id=\"current-wrong\""));
        assert!(!answer.body.contains(other) && !answer.body.contains("not this one"), "never repeated");
        let right = [("current", PASSWORD), ("password", other), ("repeated", other)];
        let answer = app.submit(PAGE, PAGE, &right).await;
        answer.assert_redirect("/admin/account?notice=password_changed");
        assert!(signs_in(&app, "alan@example.com", other).await);
    }

    async fn people_of_a_provider_have_no_password_to_change(app: TestApp) {
        app.sign_in("mel").await.assert_signed_in("/admin");
        app.get("/admin/account/password").await.assert_status(404);
        let page = app.get("/admin/account").await;
        page.assert_page("mel@example.com");
        assert!(!page.body.contains("Change the password"));
    }

    async fn a_link_that_never_was_is_not_valid(app: TestApp) {
        for token in ["x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%00", "a.b"] {
            let page = app.get(&format!("/admin/link/{token}")).await;
            page.assert_status(404);
            assert!(page.body.contains("This link is not valid"), "{token}: {}", page.body);
        }
    }
}
