//! Section I of the catalogue: where a sign-in leads, and what its answers tell others.

use gateway_store::Executor as _;
use serde_json::json;

use crate::harness::{PUBLIC, TestApp};

/// Where a sign-in that asked for `redirect_to` ends.
async fn lands(app: &TestApp, redirect_to: &str) -> String {
    let started = app
        .start_with(&[("provider_key", "idp"), ("redirect_to", redirect_to)])
        .await;
    let callback = app.idp.authorize(started.location());
    let answer = app.come_back(&callback).await;
    assert!(answer.opens_session());
    app.wait(chrono::TimeDelta::seconds(2));
    answer.location().to_owned()
}

const HOSTILE: [&str; 52] = [
    "//evil",
    "///evil",
    "////evil.example",
    "/\\evil",
    "\\\\evil",
    "\\/evil",
    "/%2f%2fevil",
    "/%2fevil",
    "/%5cevil",
    "/%5c%5cevil",
    "/\tevil",
    "/\t/evil",
    "\t//evil",
    " //evil",
    "/ /evil",
    "/.//evil",
    "/./\\evil",
    "/admin/..//evil",
    "/admin/../../evil",
    "/admin/%2e%2e//evil",
    "/admin/%2e%2e/%2fevil",
    "/admin//evil",
    "/admin/\\evil",
    "https:evil",
    "https:/evil",
    "https://evil",
    "http://evil",
    "HTTPS://evil",
    "//evil%00.gateway.test",
    "//gateway.test@evil",
    "https://gateway.test@evil",
    "https://gateway.test.evil",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "//evil?/admin",
    "//evil#/admin",
    "/admin@evil",
    "admin",
    "",
    "/",
    "/api/v1/auth/logout",
    "/adminevil",
    "?x=/admin",
    "#/admin",
    "/admin\u{0}",
    "/admin\r\nSet-Cookie: a=b",
    "/admin/\u{e9}",
    "/admin/\u{ff0f}\u{ff0f}evil",
];

cases! {
    async fn case_189_hostile_targets_lead_to_the_start_page(app: TestApp) {
        for target in HOSTILE {
            assert_eq!(lands(&app, target).await, "/admin", "{target:?}");
        }
        let long = format!("/admin/{}", "a".repeat(600));
        assert_eq!(lands(&app, &long).await, "/admin");
    }

    async fn case_189_pages_of_ours_are_kept(app: TestApp) {
        for target in [
            "/admin", "/admin/", "/admin/users", "/admin/users?q=a%20b&status=active", "/admin?x=//e", "/admin/teams/a-b_c.d~e",
            "/admin/audit?from=2026-01-01T00:00:00Z", "/admin/users?next=https://evil",
        ] {
            assert_eq!(lands(&app, target).await, target);
        }
    }

    async fn case_189_the_page_that_asked_is_kept_through_a_refusal(app: TestApp) {
        let started = app.start_with(&[("provider_key", "idp"), ("redirect_to", "/admin/teams?x=1")]).await;
        let callback = app.idp.refuse(started.location(), "access_denied");
        let answer = app.come_back(&callback).await;
        answer.assert_sso_error("access_denied");
        assert!(answer.location().contains("redirect_to=%2Fadmin%2Fteams%3Fx%3D1"), "{}", answer.location());
    }

    async fn case_191_odd_bytes_never_break_a_header(app: TestApp) {
        for query in [
            "redirect_to=%0d%0aSet-Cookie:%20a=b", "redirect_to=%00", "redirect_to=%ff%fe", "redirect_to=%c3%a9",
            "redirect_to=/admin%0d%0aLocation:%20//evil", "redirect_to=%E2%80%AE", "redirect_to=%", "redirect_to=%zz",
        ] {
            let started = app.get(&format!("/api/v1/auth/oidc/start?provider_key=idp&{query}")).await;
            started.assert_status(303);
            let callback = app.idp.authorize(started.location());
            app.come_back(&callback).await.assert_signed_in("/admin");
        }
        for query in ["%0d%0a", "%00", "%ff"] {
            let started = app.get(&format!("/api/v1/auth/oidc/start?provider_key={query}")).await;
            app.assert_refused(&started, "provider_failure").await;
        }
    }

    async fn case_194_a_target_that_was_tampered_with_in_the_database(app: TestApp) {
        for sql in [
            "UPDATE login_flows SET return_to = '//evil.example/admin'", "UPDATE login_flows SET return_to = 'https://evil.example'",
            "UPDATE login_flows SET return_to = '/admin/../../x'", "UPDATE login_flows SET return_to = ''",
        ] {
            let started = app.start_with(&[("provider_key", "idp"), ("redirect_to", "/admin/users")]).await;
            let callback = app.idp.authorize(started.location());
            app.db.query(sql).execute().await.unwrap();
            app.come_back(&callback).await.assert_signed_in("/admin");
        }
        // Nor does a refusal lead there.
        let started = app.start("idp").await;
        let callback = app.idp.refuse(started.location(), "access_denied");
        app.db.query("UPDATE login_flows SET return_to = '//evil.example'").execute().await.unwrap();
        let answer = app.come_back(&callback).await;
        app.assert_refused(&answer, "access_denied").await;
        assert!(!answer.location().contains("evil"));
    }

    async fn case_196_of_github_and_of_forms_too(app: TestApp) {
        let callback = app.begin_github().await;
        app.come_back(&callback).await.assert_status(303);
        app.come_back(&callback).await.assert_status(303);
        app.submit("/admin/account", "/api/v1/auth/logout", &[]).await.assert_status(303);
        let wrong = [("email", "nobody@example.com"), ("password", "correct horse battery")];
        app.submit("/admin/login", "/api/v1/auth/login/password", &wrong).await.assert_status(303);
    }

    async fn case_195_sso_error_is_looked_up_and_never_shown(app: TestApp) {
        for hostile in ["%3Cscript%3Ealert(1)%3C/script%3E", "%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", "unknown_code"] {
            let page = app.get(&format!("/admin/login?sso_error={hostile}&ref={hostile}&redirect_to={hostile}")).await;
            page.assert_status(200);
            assert!(!page.body.contains("alert(1)") && !page.body.contains("unknown_code"), "{}", page.body);
        }
        let known = app.get("/admin/login?sso_error=policy_denied").await;
        known.assert_page("The rules of this gateway do not admit this account.");
    }

    async fn case_195_the_page_shows_the_reference(app: TestApp) {
        let started = app.start("nobody").await;
        let reference = started.header("x-request-id").to_owned();
        app.get(started.location()).await.assert_page(&reference);
    }

    async fn case_196_every_redirect_of_a_sign_in_is_303(app: TestApp) {
        let started = app.start("idp").await;
        started.assert_status(303);
        let callback = app.idp.authorize(started.location());
        app.come_back(&callback).await.assert_status(303);
        app.come_back(&callback).await.assert_status(303);
        app.start("nobody").await.assert_status(303);
        app.get("/api/v1/auth/oauth/start?provider_key=github").await.assert_status(303);
        let page = app.get("/admin/users").await;
        assert!(!matches!(page.status.as_u16(), 307 | 308));
        let out = app.fresh().get("/admin").await;
        out.assert_status(303);
    }

    async fn case_197_nothing_is_told_to_others(app: TestApp) {
        let page = app.get("/admin/login?sso_error=state_invalid").await;
        page.assert_status(200);
        assert!(page.header("cache-control").contains("no-store"));
        // Not no-referrer: browsers would then send `Origin: null` with the page's own password form.
        assert_eq!(page.header("referrer-policy"), "same-origin");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") || policy.contains("default-src 'self'"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        for marker in ["src=\"http", "href=\"http", "src=\"//", "href=\"//", "url(http"] {
            assert!(!page.body.replace(PUBLIC, "").contains(marker), "{marker}");
        }
    }

    async fn case_252_the_public_lists_tell_nothing_but_what_they_must(app: TestApp) {
        let list = app.get("/api/v1/auth/oidc/providers").await;
        assert_eq!(list.json(), json!({"providers": [{
            "key": "idp", "label": "Provider idp", "start_url": "/api/v1/auth/oidc/start?provider_key=idp",
        }]}));
        let list = app.get("/api/v1/auth/oauth/providers").await;
        assert_eq!(list.json(), json!({"providers": [{
            "key": "github", "label": "Provider github", "start_url": "/api/v1/auth/oauth/start?provider_key=github",
        }]}));
    }
}
