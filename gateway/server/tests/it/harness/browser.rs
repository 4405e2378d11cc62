//! A small browser: cookies, Origin, an address.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{Router, body::Body, extract::ConnectInfo};
use gateway_testkit::{Callback, FakeGitHub, FakeIdp};
use http::{Method, Request, header};
use serde_json::Value;
use tower::ServiceExt as _;
use url::form_urlencoded;

use super::{Answer, config::PUBLIC, jar::Jar};

/// The largest answer that a test reads.
const LARGEST: usize = 16 << 20;

/// A browser. Clones share its cookies.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    jar: Arc<Mutex<Jar>>,
    peer: SocketAddr,
    headers: Vec<(String, String)>,
    origin: Option<String>,
    pub idp: FakeIdp,
    pub github: FakeGitHub,
}

impl Browser {
    pub fn new(router: Router, idp: FakeIdp, github: FakeGitHub) -> Self {
        Self {
            router,
            jar: Arc::default(),
            peer: ([203, 0, 113, 7], 40000).into(),
            headers: Vec::new(),
            origin: Some(PUBLIC.to_owned()),
            idp,
            github,
        }
    }

    /// Another browser, without a cookie.
    pub fn fresh(&self) -> Self {
        Self {
            jar: Arc::default(),
            headers: Vec::new(),
            ..self.clone()
        }
    }

    /// The same browser at another gateway.
    pub fn at(&self, router: Router) -> Self {
        Self {
            router,
            ..self.clone()
        }
    }

    /// The same browser from another address.
    pub fn from(&self, address: &str) -> Self {
        let address: IpAddr = address.parse().unwrap();
        Self {
            peer: (address, 40000).into(),
            ..self.clone()
        }
    }

    /// The same browser sending one more header.
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut browser = self.clone();
        browser.headers.push((name.to_owned(), value.to_owned()));
        browser
    }

    /// The same browser on a page of another origin; `None` sends no `Origin`.
    pub fn with_origin(&self, origin: Option<&str>) -> Self {
        Self {
            origin: origin.map(str::to_owned),
            ..self.clone()
        }
    }

    /// Its cookies. Do not hold them across an `await`.
    pub fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap())
            .await
    }

    pub async fn head(&self, path: &str) -> Answer {
        self.send(
            self.request(Method::HEAD, path)
                .body(Body::empty())
                .unwrap(),
        )
        .await
    }

    /// Submits a form as it is, with our `Origin` unless told otherwise.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Submits a form of a page: with the hidden token that the page holds.
    pub async fn submit(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.form_token(page).await;
        let mut all = vec![(gateway_edge::CSRF_FIELD, token.as_str())];
        all.extend(fields);
        self.post_form(path, &all).await
    }

    /// The hidden token of a page's forms.
    pub async fn form_token(&self, page: &str) -> String {
        let answer = self.get(page).await;
        let marker = format!("name=\"{}\" value=\"", gateway_edge::CSRF_FIELD);
        let Some((_, rest)) = answer.body.split_once(&marker) else {
            panic!("{page} has no form: {} {}", answer.status, answer.body)
        };
        rest.split('"').next().unwrap().to_owned()
    }

    /// A call with JSON, with our `Origin` unless told otherwise.
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    pub async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, Some(body)).await
    }

    /// A request with everything that this browser sends by itself.
    pub fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let mut request = Request::builder()
            .uri(path)
            .header(header::USER_AGENT, "TestBrowser/1.0");
        if !self.headers.iter().any(|(name, _)| name == "host") {
            request = request.header(header::HOST, "gateway.test");
        }
        if let Some(cookies) = self.jar().header() {
            request = request.header(header::COOKIE, cookies);
        }
        let is_safe = method == Method::GET || method == Method::HEAD;
        if let Some(origin) = self.origin.as_ref().filter(|_| !is_safe) {
            request = request.header(header::ORIGIN, origin);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.method(method).extension(ConnectInfo(self.peer))
    }

    /// Sends a request and keeps the cookies of the answer.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        self.jar().take(&head.headers);
        let body = axum::body::to_bytes(body, LARGEST).await.unwrap();
        Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// Begins a sign-in at an OIDC provider.
    pub async fn start(&self, provider: &str) -> Answer {
        self.start_with(&[("provider_key", provider)]).await
    }

    /// The same with any parameters.
    pub async fn start_with(&self, params: &[(&str, &str)]) -> Answer {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(params)
            .finish();
        self.get(&format!("/api/v1/auth/oidc/start?{query}")).await
    }

    /// Comes back from a provider.
    pub async fn come_back(&self, callback: &Callback) -> Answer {
        self.get(&callback.to_string()).await
    }

    /// Begins a sign-in at `idp` and agrees there; the callback is yet to be followed.
    pub async fn begin(&self) -> Callback {
        let started = self.start("idp").await;
        self.idp.authorize(started.location())
    }

    /// Signs in through `idp` as whoever is signed in there.
    pub async fn finish_sign_in(&self) -> Answer {
        let callback = self.begin().await;
        self.come_back(&callback).await
    }

    /// Signs in through `idp` as `NAME@example.com`.
    pub async fn sign_in(&self, name: &str) -> Answer {
        self.idp.person(name);
        self.finish_sign_in().await
    }

    /// Begins a sign-in at `github` and agrees there; the callback is yet to be followed.
    pub async fn begin_github(&self) -> Callback {
        let started = self
            .get("/api/v1/auth/oauth/start?provider_key=github")
            .await;
        self.github.authorize(started.location())
    }

    /// Signs in through `github` as whoever is signed in there.
    pub async fn sign_in_by_github(&self) -> Answer {
        let callback = self.begin_github().await;
        self.come_back(&callback).await
    }

    /// What the gateway says of this browser's session.
    pub async fn session(&self) -> Value {
        let answer = self.get("/api/v1/auth/session").await;
        answer.assert_status(200);
        answer.json()
    }

    /// Whether this browser is signed in.
    pub async fn is_signed_in(&self) -> bool {
        self.session().await["authenticated"] == true
    }

    /// The address of the person signed in here.
    pub async fn email(&self) -> String {
        let session = self.session().await;
        session["user"]["email"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}
