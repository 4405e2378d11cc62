//! The pages under `/admin`, as a browser without JavaScript meets them.

mod forms;
mod links;
mod sign_in_page;

use gateway_domain::{GlobalRole, User};

use crate::harness::{Answer, Browser, TestApp};

/// A gateway with somebody of every kind, and a person in the team `research` to look at.
struct House {
    admin: Browser,
    auditor: Browser,
    team_admin: Browser,
    user: Browser,
    member: User,
}

impl House {
    async fn of(app: &TestApp) -> Self {
        let admin = app.admin().await;
        let auditor = app.auditor().await;
        let team_admin = app.signed_in_as("lead@example.org", GlobalRole::User).await;
        let user = app.signed_in_as("user@example.org", GlobalRole::User).await;
        let member = app.invite("member@example.com", "idp").await;
        let lead = app.user("lead@example.org").await.unwrap();
        for (person, role) in [(&lead, "admin"), (&member, "member")] {
            let place = format!("/admin/users/{}", person.id);
            let fields = [("team", "research"), ("role", role)];
            let answer = admin
                .submit(&place, &format!("{place}/teams"), &fields)
                .await;
            answer.assert_redirect(&format!("{place}?notice=member_saved"));
        }
        Self {
            admin,
            auditor,
            team_admin,
            user,
            member,
        }
    }

    /// Every page, and what the admin, the auditor, the team's admin and a plain user are answered.
    fn pages(&self) -> Vec<(String, [u16; 4])> {
        let everybody = [200; 4];
        let overseers = [200, 200, 403, 403];
        let with_team_admin = [200, 200, 200, 403];
        let pages: [(&str, [u16; 4]); 26] = [
            ("/admin", everybody),
            ("/admin/users", [200, 200, 303, 403]),
            ("/admin/users?team=research", with_team_admin),
            (
                "/admin/users?q=mem&status=invited&team=research",
                with_team_admin,
            ),
            ("/admin/users/new", [200, 403, 403, 403]),
            ("/admin/teams", everybody),
            ("/admin/teams/research", with_team_admin),
            ("/admin/providers", overseers),
            ("/admin/providers/idp", overseers),
            ("/admin/providers/github", overseers),
            ("/admin/audit", overseers),
            ("/admin/audit/export?format=csv", overseers),
            ("/admin/sessions", everybody),
            ("/admin/account", everybody),
            ("/admin/account/password", everybody),
            ("/admin/nowhere", [404; 4]),
            ("/admin/keys", everybody),
            ("/admin/keys/new", everybody),
            ("/admin/keys/all", with_team_admin),
            ("/admin/service-accounts", with_team_admin),
            ("/admin/models", everybody),
            ("/admin/model-providers", overseers),
            ("/admin/connect", everybody),
            ("/admin/requests", everybody),
            ("/admin/usage", everybody),
            ("/admin/usage/export", everybody),
        ];
        let mut pages: Vec<_> = pages
            .map(|(path, statuses)| (path.to_owned(), statuses))
            .into();
        pages.push((format!("/admin/users/{}", self.member.id), with_team_admin));
        pages
    }
}

/// What holds for every page whatever it shows.
#[track_caller]
fn assert_well_made(path: &str, page: &Answer) {
    let csp = page.header("content-security-policy");
    assert!(
        csp.contains("script-src 'self'") && !csp.contains("unsafe"),
        "{path}: {csp}"
    );
    assert!(page.header("cache-control").contains("no-store"), "{path}");
    assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
    if !page.header("content-type").starts_with("text/html") {
        return;
    }
    let html = &page.body;
    assert!(html.starts_with("<!doctype html>"), "{path}");
    assert_eq!(html.matches("<script").count(), 1, "{path}");
    assert!(
        !html.contains("<style") && !html.contains(" style="),
        "{path}"
    );
    assert!(
        !html.contains(" onclick=") && !html.contains(" onsubmit="),
        "{path}"
    );
    assert_eq!(html.matches("<h1").count(), 1, "{path}");
    assert!(html.contains("<main id=\"main\""), "{path}");
}

cases! {
    async fn every_page_for_every_role(app: TestApp) {
        let house = House::of(&app).await;
        let browsers = [&house.admin, &house.auditor, &house.team_admin, &house.user];
        for (path, statuses) in house.pages() {
            for (browser, status) in browsers.iter().zip(statuses) {
                let page = browser.get(&path).await;
                let who = browser.email().await;
                assert_eq!(page.status.as_u16(), status, "{path} for {who}: {}", page.body);
                if status != 303 {
                    assert_well_made(&path, &page);
                }
                if status == 403 || status == 404 {
                    assert!(page.body.contains(page.header("x-request-id")), "{path}: the reference");
                    assert!(page.body.contains("Sign out"), "{path}: within the pages");
                }
            }
        }
    }

    async fn nobody_sees_a_page_without_a_session(app: TestApp) {
        let house = House::of(&app).await;
        for (path, _) in house.pages() {
            let answer = app.get(&path).await;
            assert_eq!(answer.status.as_u16(), 303, "{path}");
            assert!(answer.location().starts_with("/admin/login"), "{path}: {}", answer.location());
        }
    }

    async fn those_who_only_read_are_shown_nothing_that_changes(app: TestApp) {
        let house = House::of(&app).await;
        let person = format!("/admin/users/{}", house.member.id);
        for path in ["/admin/users", person.as_str(), "/admin/teams", "/admin/teams/research", "/admin/providers", "/admin/audit"] {
            let page = house.auditor.get(path).await;
            let main = page.body.split_once("<main").unwrap().1;
            assert!(!main.contains("method=\"post\""), "{path}: {main}");
            assert!(!main.contains("/admin/users/new"), "{path}");
        }
    }

    async fn the_menu_shows_what_one_may_see(app: TestApp) {
        let house = House::of(&app).await;
        let menu = async |browser: &Browser| {
            let page = browser.get("/admin/account").await.body;
            let paths = ["/admin/users", "/admin/teams", "/admin/providers", "/admin/audit"];
            paths.map(|path| page.contains(&format!("<a href=\"{path}\"")))
        };
        assert_eq!(menu(&house.admin).await, [true; 4]);
        assert_eq!(menu(&house.auditor).await, [true; 4]);
        assert_eq!(menu(&house.team_admin).await, [true, true, false, false]);
        assert_eq!(menu(&house.user).await, [false, true, false, false]);
        let page = house.user.get("/admin/account").await;
        page.assert_page("aria-current=\"page\"");
    }

    async fn a_team_admin_begins_with_their_team(app: TestApp) {
        let house = House::of(&app).await;
        house.team_admin.get("/admin/users").await.assert_redirect("/admin/users?team=research");
        let page = house.team_admin.get("/admin/users?team=research").await;
        page.assert_page("member@example.com");
        assert!(!page.body.contains("user@example.org"), "of no team of theirs");
        house.team_admin.get("/admin/teams/research").await.assert_page("Add somebody");
        house.team_admin.get("/admin/users?team=other").await.assert_status(403);
    }

    async fn long_lists_come_in_pages(app: TestApp) {
        let admin = app.admin().await;
        for index in 0..55 {
            app.invite(&format!("p{index}@example.com"), "idp").await;
        }
        let first = admin.get("/admin/users?q=p&status=invited").await;
        assert_eq!(first.body.matches("scope=\"row\"").count(), 50);
        let next = first.body.split_once("rel=\"next\"").unwrap().0;
        let next = next.rsplit_once("href=\"").unwrap().1.split('"').next().unwrap();
        let next = next.replace("&#38;", "&").replace("&amp;", "&");
        assert!(next.contains("q=p") && next.contains("status=invited"), "{next}");
        let second = admin.get(&next).await;
        assert_eq!(second.body.matches("scope=\"row\"").count(), 5, "{}", second.body);
        second.assert_page("End of the list");
        admin.get("/admin/users?q=nobody").await.assert_page("Nobody fits this filter");
    }

    async fn hostile_names_are_shown_as_they_are(app: TestApp) {
        let admin = app.admin().await;
        let name = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
        let fields = [("email", "evil@example.com"), ("name", name), ("sign_in", "idp"), ("global_role", "user")];
        let answer = admin.submit("/admin/users/new", "/admin/users/new", &fields).await;
        let person = answer.location().to_owned();
        for path in ["/admin/users", person.as_str(), "/admin/audit", "/admin/users?q=<script>alert(1)</script>"] {
            let page = admin.get(&path.replace('<', "%3C").replace('>', "%3E")).await;
            assert_well_made(path, &page);
            assert!(!page.body.contains("<img src=x"), "{path}");
        }
    }

    async fn a_notice_is_looked_up_and_never_repeated(app: TestApp) {
        let admin = app.admin().await;
        admin.get("/admin/teams?notice=team_deleted").await.assert_page("The team is deleted.");
        let page = admin.get("/admin/teams?notice=you+won").await;
        assert!(!page.body.contains("you won"));
    }

    async fn the_provider_page_says_what_to_register(app: TestApp) {
        let admin = app.admin().await;
        let page = admin.get("/admin/providers/idp").await;
        page.assert_page("https://gateway.test/api/v1/auth/oidc/callback");
        page.assert_page("absolute limit");
        assert!(!page.body.contains(gateway_testkit::FakeIdp::CLIENT_SECRET));
        let page = admin.get("/admin/providers/github").await;
        page.assert_page("https://gateway.test/api/v1/auth/oauth/callback/github");
        admin.get("/admin/providers/none").await.assert_status(404);
    }

    async fn files_are_kept_for_ever_and_named_by_their_content(app: TestApp) {
        let page = app.get("/admin/login").await.body;
        for (mark, content_type) in [("style.", "text/css"), ("app.", "text/javascript"), ("icon.", "image/svg+xml")] {
            let from = page.find(&format!("/admin/static/{mark}")).unwrap();
            let path = page[from..].split('"').next().unwrap();
            let file = app.get(path).await;
            file.assert_status(200);
            assert!(file.header("content-type").starts_with(content_type), "{path}");
            assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
            assert_eq!(file.header("x-content-type-options"), "nosniff");
        }
        app.get("/admin/static/style.000000000000.css").await.assert_status(404);
    }
}
