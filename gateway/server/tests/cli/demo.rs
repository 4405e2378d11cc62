//! `gateway demo`: a newcomer's round trip, by hand.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
};

use reqwest::{
    Client, Method, Response, StatusCode,
    header::{CONTENT_SECURITY_POLICY, COOKIE, LOCATION, SET_COOKIE, X_FRAME_OPTIONS},
};
use url::Url;

use crate::process::{Folder, Running, free_port};

/// A browser as far as it matters: cookies by host, redirects followed by us.
struct Browser {
    client: Client,
    cookies: BTreeMap<(String, String), String>,
}

impl Browser {
    fn new() -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self {
            client,
            cookies: BTreeMap::new(),
        }
    }

    async fn send(&mut self, method: Method, url: &Url, form: &[(String, String)]) -> Response {
        let host = url.host_str().unwrap().to_owned();
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .filter(|((of, _), _)| *of == host)
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        let mut request = self.client.request(method.clone(), url.clone());
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        if method == Method::POST {
            let body = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form)
                .finish();
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
        }
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies
                .insert((host.clone(), name.to_owned()), value.to_owned());
        }
        response
    }

    async fn get(&mut self, url: &Url) -> Response {
        self.send(Method::GET, url, &[]).await
    }

    /// Follows redirects to a page.
    async fn follow(&mut self, mut response: Response) -> Response {
        for _ in 0..10 {
            let Some(next) = location(&response) else {
                return response;
            };
            response = self.get(&next).await;
        }
        panic!("redirects without end");
    }
}

fn location(response: &Response) -> Option<Url> {
    let next = response.headers().get(LOCATION)?.to_str().unwrap();
    Some(response.url().join(next).unwrap())
}

struct Demo {
    running: Running,
    base: Url,
    folder: Folder,
}

impl Demo {
    /// Another run in the same folder.
    fn again(self, arguments: &[&str]) -> Self {
        start_in(self.folder, arguments)
    }
}

fn start(arguments: &[&str]) -> Demo {
    start_in(Folder::new(), arguments)
}

fn start_in(folder: Folder, arguments: &[&str]) -> Demo {
    let arguments: Vec<_> = ["demo"].iter().chain(arguments).copied().collect();
    let running = folder.start(&arguments);
    let line = running.line("Open http://");
    let base = line.split("Open ").nth(1).unwrap().parse().unwrap();
    Demo {
        running,
        base,
        folder,
    }
}

/// From `/admin` to the provider's page and back, as the person with this button.
async fn sign_in(demo: &Demo, browser: &mut Browser, person: &str) -> Response {
    let begin = demo
        .base
        .join("/api/v1/auth/oidc/start?provider_key=dev&redirect_to=/admin")
        .unwrap();
    let response = browser.get(&begin).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let authorize = location(&response).unwrap();
    let page = browser.get(&authorize).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert_eq!(page.headers()[X_FRAME_OPTIONS], "DENY");
    let policy = page.headers()[CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let html = page.text().await.unwrap();
    assert!(html.contains("never for production"), "{html}");
    assert!(html.contains(&format!("id=\"person-{person}\"")), "{html}");
    let mut form: Vec<(String, String)> = authorize.query_pairs().into_owned().collect();
    form.push(("person".to_owned(), person.to_owned()));
    let mut action = authorize.clone();
    action.set_query(None);
    let answer = browser.send(Method::POST, &action, &form).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    browser.follow(answer).await
}

async fn session(demo: &Demo, browser: &mut Browser) -> serde_json::Value {
    let url = demo.base.join("/api/v1/auth/session").unwrap();
    let body = browser.get(&url).await.text().await.unwrap();
    serde_json::from_str(&body).unwrap()
}

#[tokio::test]
async fn each_of_the_three_gets_what_the_terminal_says() {
    let mut demo = start(&["--bind", &format!("127.0.0.1:{}", free_port())]);

    let mut browser = Browser::new();
    let url = demo.base.clone();
    let first = browser.get(&url).await;
    let login = browser.follow(first).await;
    let html = login.text().await.unwrap();
    assert!(
        html.contains("Demo: development identity provider"),
        "{html}"
    );

    let page = sign_in(&demo, &mut browser, "ada").await;
    assert_eq!(
        (page.status(), page.url().path()),
        (StatusCode::OK, "/admin")
    );
    let ada = session(&demo, &mut browser).await;
    assert_eq!(ada["user"]["email"], "ada@demo.example");
    assert_eq!(ada["user"]["global_role"], "platform_admin");
    assert_eq!(ada["user"]["teams"][0]["role"], "admin");

    let mut browser = Browser::new();
    let page = sign_in(&demo, &mut browser, "mel").await;
    assert_eq!(page.url().path(), "/admin");
    let mel = session(&demo, &mut browser).await;
    assert_eq!(mel["user"]["global_role"], "user");
    assert_eq!(mel["user"]["teams"][0]["role"], "member");

    let mut browser = Browser::new();
    let page = sign_in(&demo, &mut browser, "sam").await;
    assert_eq!(page.url().path(), "/admin/login");
    let query = page.url().query().unwrap_or_default().to_owned();
    assert!(query.contains("sso_error=policy_denied"), "{query}");
    assert_eq!(session(&demo, &mut browser).await["authenticated"], false);

    let mut browser = Browser::new();
    let page = sign_in_and_cancel(&demo, &mut browser).await;
    let query = page.url().query().unwrap_or_default().to_owned();
    assert!(query.contains("sso_error=access_denied"), "{query}");

    demo.running.signal("TERM");
    assert_eq!(demo.running.end().code(), Some(0));
}

async fn sign_in_and_cancel(demo: &Demo, browser: &mut Browser) -> Response {
    let begin = demo
        .base
        .join("/api/v1/auth/oidc/start?provider_key=dev")
        .unwrap();
    let response = browser.get(&begin).await;
    let authorize = location(&response).unwrap();
    let mut form: Vec<(String, String)> = authorize.query_pairs().into_owned().collect();
    form.push(("person".to_owned(), "cancel".to_owned()));
    let mut action = authorize.clone();
    action.set_query(None);
    let answer = browser.send(Method::POST, &action, &form).await;
    browser.follow(answer).await
}

#[tokio::test]
async fn the_provider_is_as_strict_as_a_real_one() {
    let demo = start(&["--bind", &format!("127.0.0.1:{}", free_port())]);
    let mut browser = Browser::new();
    let begin = demo
        .base
        .join("/api/v1/auth/oidc/start?provider_key=dev")
        .unwrap();
    let response = browser.get(&begin).await;
    let authorize = location(&response).unwrap();
    let with = |name: &str, value: &str| {
        let mut url = authorize.clone();
        let pairs: Vec<_> = authorize
            .query_pairs()
            .into_owned()
            .filter(|(known, _)| known != name)
            .collect();
        url.query_pairs_mut()
            .clear()
            .extend_pairs(pairs)
            .append_pair(name, value);
        url
    };
    // Nobody is sent to an address that is not the client's.
    for url in [
        with("redirect_uri", "http://evil.example/"),
        with("client_id", "other"),
    ] {
        let refused = browser.get(&url).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{url}");
        assert!(location(&refused).is_none());
    }
    // Anything else goes back as an error, with the state.
    for url in [
        with("code_challenge_method", "plain"),
        with("response_type", "token"),
        with("scope", "email"),
    ] {
        let refused = browser.get(&url).await;
        let back = location(&refused).unwrap();
        let query: BTreeMap<_, _> = back.query_pairs().into_owned().collect();
        assert!(
            query.contains_key("error") && query.contains_key("state") && query.contains_key("iss"),
            "{back}"
        );
    }
    // A code without the client's secret, and under another name of this machine.
    let mut token = authorize.clone();
    token.set_path("/dev/token");
    token.set_query(None);
    let refused = browser
        .send(
            Method::POST,
            &token,
            &[("grant_type".to_owned(), "authorization_code".to_owned())],
        )
        .await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let mut other_name = authorize.clone();
    other_name.set_host(Some("localhost")).unwrap();
    assert_eq!(
        browser.get(&other_name).await.status(),
        StatusCode::MISDIRECTED_REQUEST
    );
}

#[test]
fn the_demo_stays_on_this_machine() {
    let folder = Folder::new();
    let outcome = folder.run(&["demo", "--bind", "0.0.0.0:8080"]).failed(1);
    assert!(
        outcome.stderr.contains("loopback only"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn two_demos_do_not_share_a_folder() {
    let demo = start(&["--bind", "127.0.0.1:0"]);
    let output = Command::new(env!("CARGO_BIN_EXE_gateway"))
        .args(["demo", "--bind", "127.0.0.1:0"])
        .current_dir(&demo.folder.0)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("another demo runs"), "{told}");
}

#[tokio::test]
async fn kept_data_knows_its_people_again() {
    let mut demo = start(&["--bind", "127.0.0.1:0", "--keep"]);
    let mut browser = Browser::new();
    sign_in(&demo, &mut browser, "mel").await;
    let first = session(&demo, &mut browser).await;
    demo.running.signal("HUP");
    assert_eq!(demo.running.end().code(), Some(0));

    demo = demo.again(&["--bind", "127.0.0.1:0", "--keep"]);
    let mut browser = Browser::new();
    sign_in(&demo, &mut browser, "mel").await;
    let again = session(&demo, &mut browser).await;
    assert_eq!(first["user"]["id"], again["user"]["id"]);
    demo.running.signal("INT");
    assert_eq!(demo.running.end().code(), Some(0));

    demo = demo.again(&["--bind", "127.0.0.1:0"]);
    let mut browser = Browser::new();
    sign_in(&demo, &mut browser, "mel").await;
    let anew = session(&demo, &mut browser).await;
    assert_ne!(first["user"]["id"], anew["user"]["id"]);
}

#[tokio::test]
async fn at_trace_no_line_holds_what_opens_a_door() {
    let mut demo = start(&[
        "--bind",
        "127.0.0.1:0",
        "--log-level",
        "trace",
        "--log-format",
        "json",
    ]);
    let mut browser = Browser::new();
    let begin = demo
        .base
        .join("/api/v1/auth/oidc/start?provider_key=dev")
        .unwrap();
    let response = browser.get(&begin).await;
    let authorize = location(&response).unwrap();
    let mut form: Vec<(String, String)> = authorize.query_pairs().into_owned().collect();
    form.push(("person".to_owned(), "ada".to_owned()));
    let mut action = authorize.clone();
    action.set_query(None);
    let answer = browser.send(Method::POST, &action, &form).await;
    let callback = location(&answer).unwrap();
    // The flow cookie goes with the callback: its value is kept before.
    let mut canaries: Vec<String> = browser.cookies.values().cloned().collect();
    let page = browser.follow(answer).await;
    assert_eq!(page.url().path(), "/admin");
    canaries.extend(browser.cookies.values().cloned());
    for name in ["state", "code", "nonce", "code_challenge"] {
        let pairs = authorize.query_pairs().chain(callback.query_pairs());
        canaries.extend(
            pairs
                .filter(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned()),
        );
    }
    canaries.retain(|canary| canary.len() > 8);
    assert!(canaries.len() >= 5, "{canaries:?}");

    demo.running.signal("TERM");
    assert_eq!(demo.running.end().code(), Some(0));
    let log = demo.running.rest_of_log();
    assert!(log.contains("\"message\":\"request\""), "{log}");
    for canary in canaries {
        assert!(!log.contains(&canary), "{canary} is in:\n{log}");
    }
}
