//! The pages of keys and service accounts, as a browser without JavaScript meets them.

use chrono::TimeDelta;
use gateway_domain::{GlobalRole, SignIn, User};
use serde_json::json;

use crate::harness::{Answer, Browser, Client, Upstreams};

const NEW: &str = "/admin/keys/new";

/// The secret that a page shows in its field.
fn shown(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("id=\"key\"").unwrap();
    let (_, rest) = rest.split_once("value=\"").unwrap();
    let secret = rest.split('"').next().unwrap().to_owned();
    assert!(secret.starts_with("sk-ogw-"), "{secret}");
    assert_eq!(page.body.matches(&secret).count(), 1, "in one place");
    assert!(page.header("cache-control").contains("no-store"));
    assert!(page.headers.get("location").is_none());
    secret
}

/// The page of the one key that a browser's list shows under this name.
async fn page_of(browser: &Browser, name: &str) -> String {
    let list = browser.get("/admin/keys").await;
    let before = list.body.split(&format!("\">{name}</a>")).next().unwrap();
    let id = before.rsplit("/admin/keys/").next().unwrap();
    format!("/admin/keys/{id}")
}

async fn make(browser: &Browser, name: &str) -> Answer {
    let fields = [("name", name), ("scope", "all"), ("expiry", "90")];
    browser.submit(NEW, NEW, &fields).await
}

/// Puts somebody into the team `research`.
async fn join(admin: &Browser, user: &User, role: &str) {
    let path = format!("/api/v1/admin/teams/research/members/{}", user.id);
    let put = admin.call("PUT", &path, Some(&json!({"role": role}))).await;
    put.assert_status(200);
}

async fn chat(client: &Client, key: &str, model: &str) -> u16 {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "Hi"}]});
    let answer = client
        .with_key(key)
        .post("/v1/chat/completions", &body)
        .await;
    answer.status.as_u16()
}

async fn count(browser: &Browser) -> usize {
    let keys = browser.get("/api/v1/admin/api-keys").await;
    keys.json()["items"].as_array().unwrap().len()
}

cases! {
    async fn a_key_is_made_shown_once_and_works(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let person = client.signed_in_as("ann@example.org", GlobalRole::User).await;
        person.get("/admin/keys").await.assert_page("You have no key yet");
        person.get("/admin").await.assert_page("Make your first key");
        let form = person.get(NEW).await;
        form.assert_page("value=\"org/claude\"");
        assert!(!form.body.contains("Another person"), "only for oneself");
        let fields = [("name", "laptop"), ("scope", "some"), ("model", "gpt"), ("model", "org/claude"), ("expiry", "30")];
        let made = person.submit(NEW, NEW, &fields).await;
        made.assert_status(201);
        let secret = shown(&made);
        assert!(made.body.contains("https://gateway.test/v1/chat/completions"), "{}", made.body);
        assert_eq!(chat(&client, &secret, "gpt").await, 200);
        assert_eq!(chat(&client, &secret, "safe").await, 403);
        let again = person.submit(NEW, NEW, &fields).await;
        again.assert_status(422);
        assert!(again.body.contains("There is a working key of this name"), "{}", again.body);
        assert_eq!(count(&person).await, 1, "sent twice it is made once");
        let page = page_of(&person, "laptop").await;
        for path in ["/admin/keys", page.as_str(), "/admin"] {
            let seen = person.get(path).await;
            seen.assert_status(200);
            assert!(!seen.body.contains(&secret), "{path}");
        }
        person.get("/admin/keys").await.assert_page(&secret[..13]);
        let entries = client.audit().await;
        assert!(!entries.iter().any(|entry| format!("{entry:?}").contains(&secret)));
    }

    async fn a_form_that_cannot_be_is_shown_again(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let person = client.signed_in_as("ann@example.org", GlobalRole::User).await;
        for (fields, says) in [
            (vec![("name", ""), ("expiry", "30")], "name has between"),
            (vec![("name", "n"), ("scope", "some"), ("expiry", "30")], "Tick at least one model"),
            (vec![("name", "n"), ("scope", "some"), ("model", "gone"), ("expiry", "30")], "There is no model"),
            (vec![("name", "n"), ("expiry", "date"), ("date", "2020-01-01")], "Choose a day that is not over"),
            (vec![("name", "n"), ("expiry", "date"), ("date", "9999-12-31")], "within five years"),
            (vec![("name", "n"), ("expiry", "x")], "Choose one of these"),
            (vec![("name", "n"), ("expiry", "30"), ("owner", "x")], "There is no such owner"),
        ] {
            let answer = person.submit(NEW, NEW, &fields).await;
            answer.assert_status(422);
            assert!(answer.body.contains(says), "{fields:?}: {}", answer.body);
        }
        let other = [("name", "n"), ("expiry", "30"), ("owner", "person"), ("email", "caller@example.org")];
        person.submit(NEW, NEW, &other).await.assert_status(403);
        assert_eq!(count(&person).await, 0);
        let admin = client.admin().await;
        let nobody = admin.submit(NEW, NEW, &other[..3]).await;
        nobody.assert_status(422);
        assert!(nobody.body.contains("Enter an e-mail address"));
        admin.submit(NEW, NEW, &other).await.assert_page("for caller@example.org");
        let day = [("name", "until"), ("expiry", "date"), ("date", "2027-12-31")];
        person.submit(NEW, NEW, &day).await.assert_status(201);
        person.get("/admin/keys").await.assert_page("2028-01-01 00:00 UTC");
    }

    async fn a_key_is_changed_rotated_and_revoked(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let person = client.signed_in_as("ann@example.org", GlobalRole::User).await;
        let first = shown(&make(&person, "laptop").await);
        let page = page_of(&person, "laptop").await;
        let change = [("name", "desk"), ("scope", "some"), ("model", "safe"), ("expiry", "keep")];
        person.submit(&page, &page, &change).await.assert_redirect(&format!("{page}?notice=key_saved"));
        assert_eq!(chat(&client, &first, "gpt").await, 403, "at the next call");
        assert_eq!(chat(&client, &first, "safe").await, 200);
        let wrong = person.submit(&page, &page, &[("name", "desk"), ("scope", "some"), ("expiry", "keep")]).await;
        wrong.assert_status(422);
        assert!(wrong.body.contains("Tick at least one model"));

        let prefix = &first[..13];
        let rotation = [("prefix", prefix), ("overlap", "3600")];
        let rotate = format!("{page}/rotate");
        let rotated = person.submit(&page, &rotate, &rotation).await;
        rotated.assert_status(201);
        let second = shown(&rotated);
        assert!(rotated.body.contains("works for 1 hour more"), "{}", rotated.body);
        let again = person.submit(&page, &rotate, &rotation).await;
        again.assert_status(409);
        assert!(!again.body.contains("id=\"key\""));
        for secret in [&first, &second] {
            assert_eq!(chat(&client, secret, "safe").await, 200, "both work meanwhile");
        }
        client.wait(TimeDelta::hours(2));
        assert_eq!(chat(&client, &first, "safe").await, 401);
        person.submit(&page, &rotate, &[("prefix", &second[..13]), ("overlap", "7")]).await.assert_status(422);

        let revoked = person.submit(&page, &format!("{page}/revoke"), &[]).await;
        revoked.assert_redirect(&format!("{page}?notice=key_revoked"));
        assert_eq!(chat(&client, &second, "safe").await, 401);
        let seen = person.get(&page).await;
        seen.assert_page("Revoked");
        assert!(!seen.body.contains(&format!("{page}/rotate")), "nothing is left to do");
    }

    async fn keys_are_seen_and_changed_by_whom_they_concern(app: TestApp) {
        let admin = app.admin().await;
        let auditor = app.auditor().await;
        let [ann, lead] = [
            app.make_user("ann@example.org", SignIn::PASSWORD, GlobalRole::User).await,
            app.make_user("lead@example.org", SignIn::PASSWORD, GlobalRole::User).await,
        ];
        join(&admin, &ann, "member").await;
        join(&admin, &lead, "admin").await;
        let owner = app.browser_of(&ann).await;
        let team_admin = app.browser_of(&lead).await;
        let stranger = app.signed_in_as("other@example.org", GlobalRole::User).await;
        make(&owner, "laptop").await.assert_status(201);
        let page = page_of(&owner, "laptop").await;
        for (browser, status) in [(&owner, 200), (&admin, 200), (&auditor, 200), (&team_admin, 200), (&stranger, 404)] {
            browser.get(&page).await.assert_status(status);
        }
        for browser in [&auditor, &team_admin] {
            let seen = browser.get(&page).await;
            let main = seen.body.split("<main").nth(1).unwrap();
            assert!(!main.contains("<form"), "{main}");
            for form in [page.clone(), format!("{page}/rotate"), format!("{page}/revoke")] {
                let fields = [("name", "x"), ("expiry", "never"), ("overlap", "0"), ("prefix", "x")];
                let answer = browser.submit("/admin", &form, &fields).await;
                assert!([403, 409].contains(&answer.status.as_u16()), "{form}: {}", answer.status);
            }
        }
        assert!(admin.get(&page).await.body.contains("/revoke"));
        for (browser, status) in [(&admin, 200), (&auditor, 200), (&team_admin, 200), (&stranger, 403)] {
            browser.get("/admin/keys/all").await.assert_status(status);
        }
        let of_team = team_admin.get("/admin/keys/all").await;
        of_team.assert_page("laptop");
        let nobodys = admin.get("/admin/keys/all?owner=nobody%40example.org").await;
        nobodys.assert_page("Nobody whom you may look at");
        for (query, sees) in [
            ("owner=ann%40example.org", true),
            ("owner=lead%40example.org", false),
            ("team=research&state=active", true),
            ("state=revoked", false),
            ("state=expired", false),
            ("state=owner_disabled", false),
        ] {
            let page = admin.get(&format!("/admin/keys/all?{query}")).await;
            page.assert_status(200);
            assert_eq!(page.body.contains(">laptop</a>"), sees, "{query}");
        }
        owner.submit(&page, &format!("{page}/revoke"), &[]).await.assert_status(303);
        admin.get("/admin/keys/all?state=revoked").await.assert_page(">laptop</a>");
        let active = admin.get("/admin/keys/all?state=active").await;
        assert!(!active.body.contains(">laptop</a>"));
    }

    async fn a_service_account_lives_and_dies_on_its_page(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let admin = client.admin().await;
        let auditor = client.auditor().await;
        let lead = client.make_user("lead@example.org", SignIn::PASSWORD, GlobalRole::User).await;
        join(&admin, &lead, "admin").await;
        let lead = client.browser_of(&lead).await;
        let stranger = client.signed_in_as("other@example.org", GlobalRole::User).await;
        stranger.get("/admin/service-accounts").await.assert_status(403);
        let list = "/admin/service-accounts";
        lead.get(list).await.assert_page("There is no service account yet");
        let fields = [("key", "bot"), ("name", "The bot"), ("team", "research")];
        let made = lead.submit(list, list, &fields).await;
        let page = "/admin/service-accounts/bot";
        made.assert_redirect(&format!("{page}?notice=account_created"));
        let twice = lead.submit(list, list, &fields).await;
        twice.assert_status(409);
        assert!(twice.body.contains("There is a service account with this key"));
        auditor.submit("/admin", list, &fields).await.assert_status(403);
        stranger.get(page).await.assert_status(404);
        let seen = auditor.get(page).await;
        seen.assert_page("It has no key yet");
        assert!(!seen.body.split("<main").nth(1).unwrap().contains("<form"));

        let start = lead.get(page).await;
        let (_, rest) = start.body.split_once("/admin/keys/new?owner=").unwrap();
        let id = rest.split('"').next().unwrap();
        let fields = [("owner", id), ("name", "bot's"), ("scope", "all"), ("expiry", "never")];
        let made = lead.submit(NEW, NEW, &fields).await;
        made.assert_status(201);
        let secret = shown(&made);
        assert_eq!(chat(&client, &secret, "gpt").await, 200);
        lead.submit(page, page, &[("name", "Robot")]).await.assert_redirect(&format!("{page}?notice=account_saved"));
        let status = format!("{page}/status");
        lead.submit(page, &status, &[("status", "disabled")]).await.assert_redirect(&format!("{page}?notice=account_disabled"));
        assert_eq!(chat(&client, &secret, "gpt").await, 401);
        admin.get("/admin/keys/all?state=owner_disabled").await.assert_page("bot&#39;s");
        lead.submit(page, &status, &[("status", "active")]).await.assert_redirect(&format!("{page}?notice=account_enabled"));
        assert_eq!(chat(&client, &secret, "gpt").await, 200);
        lead.submit(page, &format!("{page}/delete"), &[]).await.assert_redirect("/admin/service-accounts?notice=account_deleted");
        assert_eq!(chat(&client, &secret, "gpt").await, 401);
    }

    async fn a_declared_service_account_is_the_files(app: TestApp) {
        let app = app.restarted_with(|config| {
            config["service_accounts"] = json!([{"key": "indexer", "name": "Indexer", "team": "research"}]);
        }).await;
        let admin = app.admin().await;
        let page = "/admin/service-accounts/indexer";
        let seen = admin.get(page).await;
        seen.assert_page("The configuration file declares this service account");
        seen.assert_page("/admin/keys/new?owner=");
        assert!(!seen.body.contains("/delete"));
        for (path, fields) in [
            (page.to_owned(), vec![("name", "Other")]),
            (format!("{page}/status"), vec![("status", "disabled")]),
            (format!("{page}/delete"), vec![]),
        ] {
            let answer = admin.submit("/admin/keys/new", &path, &fields).await;
            answer.assert_status(409);
            assert!(answer.body.contains("declared by the configuration file"), "{}", answer.body);
        }
    }
}
