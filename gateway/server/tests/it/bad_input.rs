//! Input that no page of ours would send: it is refused in its place, alike on both databases, and is nobody's outage.

use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};
use gateway_domain::{DisabledBy, GlobalRole, SignIn, UserStatus};
use gateway_store::{Executor as _, users};
use http::{Method, header};
use serde_json::json;

use crate::harness::Browser;

const GOOD: &str = "a good long password";

/// Sends a body piece by piece, as JSON.
async fn trickle(
    browser: &Browser,
    method: Method,
    path: &str,
    pieces: impl futures_util::Stream<Item = &'static str> + Send + 'static,
) -> crate::harness::Answer {
    let pieces = pieces.map(|piece| Ok::<_, std::io::Error>(Bytes::from_static(piece.as_bytes())));
    let request = browser
        .request(method, path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from_stream(pieces))
        .unwrap();
    browser.send(request).await
}

cases! {
    async fn a_nul_is_refused_and_no_outage(app: TestApp) {
        let admin = app.admin().await;
        let api = "/api/v1/admin";
        for (path, status, code) in [
            ("teams/%00", 404, "not_found"),
            ("teams/a%00b/members", 404, "not_found"),
            ("teams?cursor=%00", 400, "invalid_request"),
            ("users?q=%00", 400, "invalid_request"),
            ("users?team=%00", 400, "invalid_request"),
            ("audit?actor=%00", 400, "invalid_request"),
            ("audit?action=%00", 400, "invalid_request"),
            ("audit/export?target=%00", 400, "invalid_request"),
            ("sign-in-providers/%00", 404, "not_found"),
        ] {
            let answer = admin.get(&format!("{api}/{path}")).await;
            assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (status, Some(code)), "{path}");
        }
        for (path, body) in [
            ("teams", json!({ "key": "k\0", "name": "Team" })),
            ("teams", json!({ "key": "fine", "name": "Te\0am" })),
            ("users", json!({
                "email": "new@example.com", "sign_in": "password", "team": { "key": "\0", "role": "member" },
            })),
            ("users", json!({ "email": "new@example.com", "sign_in": "pass\0word" })),
            ("users", json!({ "email": "new@example.com", "sign_in": "password", "name": "N\0" })),
        ] {
            let answer = admin.post_json(&format!("{api}/{path}"), &body).await;
            assert!([400, 404, 422].contains(&answer.status.as_u16()), "{body}: {} {}", answer.status, answer.body);
        }
        assert!(app.user("new@example.com").await.is_none());
        for path in [
            "/admin/teams/%00",
            "/admin/users?q=%00",
            "/admin/users?team=%00",
            "/admin/audit?actor=%00",
            "/admin/audit/export?format=csv&actor=%00",
        ] {
            let answer = admin.get(path).await;
            assert!([400, 404, 422].contains(&answer.status.as_u16()), "{path}: {}", answer.status);
        }
    }

    async fn the_store_refuses_what_one_database_cannot_keep(app: TestApp) {
        let refused = |error| matches!(error, gateway_store::Error::InvalidValue(_));
        let found = gateway_store::teams::find(&*app.db, "a\0b").await;
        assert!(refused(found.unwrap_err()));
        let early = "-9999-01-01T00:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        let counted = gateway_store::sessions::count_live(&*app.db, early).await;
        assert!(refused(counted.unwrap_err()));
    }

    async fn what_postgres_itself_refuses_is_no_outage(app: TestApp) {
        if app.db.engine() != gateway_store::Engine::Postgres {
            return;
        }
        let cast = (&*app.db).query("SELECT CAST($1 AS integer)").bind("no number");
        let refused = cast.fetch_scalar::<i32>().await.unwrap_err();
        assert!(matches!(refused, gateway_store::Error::InvalidValue(_)), "{refused:?}");
    }

    async fn dates_are_of_our_calendar(app: TestApp) {
        let admin = app.admin().await;
        for moment in ["-9999-01-01T00:00:00Z", "-9999-01-01", "%2B10000-01-01"] {
            for field in ["from", "to"] {
                let answer = admin.get(&format!("/api/v1/admin/audit?{field}={moment}")).await;
                answer.assert_problem(422, "invalid_request");
                let answer = admin.get(&format!("/admin/audit?{field}={moment}T00:00")).await;
                answer.assert_status(422);
            }
        }
        admin.get("/api/v1/admin/audit?from=0000-01-01&to=9999-12-31").await.assert_status(200);
    }

    async fn an_array_is_no_object(app: TestApp) {
        let admin = app.admin().await;
        let ada = app.make_user("ada@example.com", SignIn::PASSWORD, GlobalRole::User).await;
        let path = format!("/api/v1/admin/users/{}", ada.id);
        let answer = admin.call("PATCH", &path, Some(&json!([null, null, "x", null]))).await;
        answer.assert_problem(400, "invalid_request");
        let invitation = json!({ "email": "b@example.com", "sign_in": "password", "team": ["platform", "member"] });
        admin.post_json("/api/v1/admin/users", &invitation).await.assert_problem(400, "invalid_request");
        assert_eq!(app.user("ada@example.com").await.unwrap().name, ada.name);
        let answer = app.post_json("/api/v1/auth/login/password", &json!(["a@example.com", GOOD, null])).await;
        answer.assert_problem(400, "invalid_request");
    }

    async fn a_body_that_trickles_is_given_up(app: TestApp) {
        let admin = app.admin().await;
        tokio::time::pause();
        let began = tokio::time::Instant::now();
        let drops = stream::repeat(" ").then(async |space| {
            tokio::time::sleep(Duration::from_secs(10)).await;
            space
        });
        let answer = trickle(&admin, Method::POST, "/api/v1/admin/teams", drops).await;
        assert_eq!(began.elapsed().as_secs(), 30);
        tokio::time::resume();
        answer.assert_problem(408, "request_timeout");
    }

    async fn an_oversized_body_is_413(app: TestApp) {
        let admin = app.admin().await;
        let login = "/api/v1/auth/login/password";
        for length in [20 * 1024, 70 * 1024] {
            let credentials = json!({ "email": "ada@example.com", "password": "x".repeat(length) });
            app.post_json(login, &credentials).await.assert_problem(413, "too_large");
        }
        let long = "x".repeat(70 * 1024);
        app.submit("/admin/login", login, &[("email", "a@example.com"), ("password", &long)])
            .await
            .assert_status(413);
        let team = json!({ "key": "long", "name": long });
        admin.post_json("/api/v1/admin/teams", &team).await.assert_problem(413, "too_large");
        let pieces = stream::repeat("                ").take(70 * 64);
        let answer = trickle(&admin, Method::POST, "/api/v1/admin/teams", pieces).await;
        answer.assert_problem(413, "too_large");
    }

    async fn rights_are_those_at_the_end_of_the_body(app: TestApp) {
        let admin = app.admin().await;
        let user = app.user("admin@example.org").await.unwrap();
        let db = app.db.clone();
        let pieces = stream::iter(["{\"key\":\"late\",", "\"name\":\"Late\"}"]).enumerate().then(
            move |(number, piece)| {
                let db = db.clone();
                async move {
                    if number == 1 {
                        users::set_status(&*db, user.id, UserStatus::Disabled, Some(DisabledBy::Admin)).await.unwrap();
                    }
                    piece
                }
            },
        );
        let answer = trickle(&admin, Method::POST, "/api/v1/admin/teams", pieces).await;
        answer.assert_problem(401, "unauthenticated");
    }

    async fn case_253_a_link_is_never_a_target(app: TestApp) {
        let admin = app.admin().await;
        let ada = app.make_user("ada@example.com", SignIn::PASSWORD, GlobalRole::User).await;
        let made = admin.post_json(&format!("/api/v1/admin/users/{}/reset-password-link", ada.id), &json!({})).await;
        made.assert_status(201);
        let made = made.json();
        let link = url::Url::parse(made["url"].as_str().unwrap()).unwrap();
        let token = link.path().strip_prefix("/admin/link/").unwrap();
        let stranger = app.fresh();
        stranger.get(link.path()).await.assert_page("Choose a new password");
        stranger.get(&format!("/admin/link/{token}/")).await.assert_page("Choose a new password");
        for path in [format!("/admin//link/{token}"), format!("/admin/link/{token}/x"), format!("/admin/%6cink/{token}")] {
            let answer = stranger.get(&path).await;
            assert!(!answer.header("location").contains(token), "{path}: {}", answer.location());
        }
        stranger.get("/admin/login/").await.assert_redirect("/admin/login");
        let page = stranger.get(&format!("/admin/login?redirect_to=/admin/link/{token}")).await;
        assert!(!page.body.contains(token));
        for target in [format!("/admin/link/{token}"), format!("/admin/login?redirect_to=/admin/link/{token}")] {
            stranger.start_with(&[("provider_key", "idp"), ("redirect_to", &target)]).await.assert_status(303);
        }
        let kept: i64 = (&*app.db)
            .query("SELECT COUNT(*) FROM login_flows WHERE return_to <> '/admin'")
            .fetch_scalar()
            .await
            .unwrap();
        assert_eq!(kept, 0);
    }

    async fn who_must_choose_a_password_can_do_it_by_a_link(app: TestApp) {
        let admin = app.admin().await;
        let ada = app.make_user("ada@example.com", SignIn::PASSWORD, GlobalRole::User).await;
        let made = admin.post_json(&format!("/api/v1/admin/users/{}/reset-password-link", ada.id), &json!({})).await;
        let made = made.json();
        let link = url::Url::parse(made["url"].as_str().unwrap()).unwrap();
        (&*app.db)
            .query("UPDATE users SET must_change_password = TRUE WHERE id = $1")
            .bind(ada.id)
            .execute()
            .await
            .unwrap();
        let browser = app.browser_of(&ada).await;
        browser.get("/admin").await.assert_redirect("/admin/account/password");
        let fields = [("password", GOOD), ("repeated", GOOD)];
        browser.submit(link.path(), link.path(), &fields).await.assert_redirect("/admin");
        browser.get("/admin").await.assert_status(200);
        let login = json!({ "email": "ada@example.com", "password": GOOD });
        app.post_json("/api/v1/auth/login/password", &login).await.assert_status(200);
    }

    async fn refused_forms_of_the_door_look_like_the_door(app: TestApp) {
        let login = "/api/v1/auth/login/password";
        let fields = [("email", "a@example.com"), ("password", "wrong"), ("redirect_to", "/admin/users?q=a")];
        let back = "href=\"/admin/login?redirect_to=%2Fadmin%2Fusers%3Fq%3Da\"";
        let is_door = |answer: &crate::harness::Answer, status: u16| {
            answer.assert_status(status);
            assert!(answer.header("content-type").starts_with("text/html"));
            assert!(answer.body.contains("class=\"door\""), "{}", answer.body);
            assert!(answer.body.contains("role=\"alert\""), "{}", answer.body);
            assert!(answer.body.contains(answer.header("x-request-id")), "{}", answer.body);
        };
        let mut last = None;
        for _ in 0..25 {
            let answer = app.submit("/admin/login", login, &fields).await;
            let over = answer.status == 429;
            last = Some(answer);
            if over {
                break;
            }
        }
        let last = last.unwrap();
        is_door(&last, 429);
        assert!(!last.header("retry-after").is_empty());
        assert!(last.body.to_lowercase().contains("too many") && last.body.contains(back), "{}", last.body);

        let other = app.fresh().from("198.51.100.9");
        other.form_token("/admin/login").await;
        let mut forged = vec![(gateway_edge::CSRF_FIELD, "x")];
        forged.extend(fields);
        let answer = other.post_form(login, &forged).await;
        is_door(&answer, 403);
        assert!(answer.body.contains(back), "{}", answer.body);
        let foreign = other.with_origin(Some("https://evil.example"));
        is_door(&foreign.post_form(login, &fields).await, 403);

        let html = other.with_header("accept", "text/html");
        let start = "/api/v1/auth/oidc/start?provider_key=idp&redirect_to=%2Fadmin%2Fusers%3Fq%3Da";
        for _ in 0..60 {
            other.get(start).await;
        }
        let answer = html.get(start).await;
        is_door(&answer, 429);
        assert!(answer.body.contains(back), "{}", answer.body);
        is_door(&other.get("/nothing").await, 404);
    }
}
