//! Providers of models, keys, and a client that calls with them.

use std::{net::SocketAddr, ops::Deref, time::Duration};

use axum::body::Body;
use gateway_domain::{GlobalRole, KeyOwner, RequestId, SignIn, User, ledger::Attempt};
use gateway_identity::{
    Caller,
    api_keys::{self, NewKey, OwnerRef},
};
use gateway_ledger::requests::{self, RequestDetail};
use gateway_testkit::FakeUpstream;
use http::{Method, Request};
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::sleep};
use tower::ServiceExt as _;

use super::{Answer, TestApp};

/// The largest answer that a test reads.
const LARGEST: usize = 64 << 20;

/// Three providers of models: `one` and `two` speak as `OpenAI` does, `claude` as Anthropic does.
pub struct Upstreams {
    pub one: FakeUpstream,
    pub two: FakeUpstream,
    pub claude: FakeUpstream,
}

/// A gateway with models, and somebody's key for it.
#[derive(Clone)]
pub struct Client {
    pub app: TestApp,
    pub user: User,
    pub key: String,
}

impl Upstreams {
    pub async fn start() -> Self {
        Self {
            one: FakeUpstream::start().await,
            two: FakeUpstream::start().await,
            claude: FakeUpstream::start().await,
        }
    }

    /// What the file says of them.
    pub fn configure(&self, config: &mut Value) {
        let timeouts = json!({"connect": "2s", "first_byte": "1s", "idle": "1s"});
        let provider = |id: &str, kind: &str, base_url: String| json!({"id": id, "type": kind, "base_url": base_url, "api_key": "env.UPSTREAM_KEY", "timeouts": timeouts});
        config["providers"] = json!([
            provider("one", "openai", self.one.v1()),
            provider("two", "openai", self.two.v1()),
            provider("claude", "anthropic", self.claude.url()),
        ]);
        let price = json!({"input_usd_per_million": "1", "output_usd_per_million": "2"});
        let route = |provider: &str, upstream: &str, priority: u32| json!({"provider": provider, "upstream_model": upstream, "priority": priority, "price": price});
        config["models"] = json!([
            {"id": "gpt", "name": "The first", "routes": [route("one", "up-gpt", 1)]},
            {"id": "org/claude", "routes": [route("claude", "up-claude", 1)]},
            {"id": "safe", "routes": [route("one", "up-gpt", 1), route("two", "up-two", 2)]},
            {"id": "free", "routes": [{"provider": "one", "upstream_model": "up-unknown"}]},
        ]);
    }
}

impl TestApp {
    /// The same gateway with these providers, and a person's key for all of its models.
    pub async fn with_models(
        &self,
        upstreams: &Upstreams,
        change: impl FnOnce(&mut Value),
    ) -> Client {
        let app = self
            .restarted_with(|config| {
                upstreams.configure(config);
                change(config);
            })
            .await;
        let user = app
            .make_user("caller@example.org", SignIn::PASSWORD, GlobalRole::User)
            .await;
        let key = app.key_of(&user, None).await;
        Client { app, user, key }
    }

    /// A key of a person for these models.
    pub async fn key_of(&self, user: &User, models: Option<&[&str]>) -> String {
        let new = NewKey {
            owner: OwnerRef::Owner(KeyOwner::User(user.id)),
            name: "test".to_owned(),
            models: models.map(|models| models.iter().map(ToString::to_string).collect()),
            expires_at: None,
        };
        let made = api_keys::create(&self.ctx, &Caller::system("test"), new).await;
        made.unwrap().1.expose().to_owned()
    }

    /// What was written down of a request, once it is over.
    pub async fn row(&self, id: RequestId) -> RequestDetail {
        for _ in 0..500 {
            self.plane.ledger().flush().await.unwrap();
            if let Ok(row) = requests::get(&self.ctx, &Caller::system("test"), id).await {
                return row;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("nothing was written down of {id}");
    }

    /// Listens on loopback, for tests of what happens on the socket.
    pub async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = self.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        address
    }
}

impl Client {
    /// Calls through the router.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, body, &[]).await
    }

    /// The same with more headers.
    pub async fn post_with(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        self.send(self.request(Method::POST, path, headers), body.to_string())
            .await
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(self.request(Method::GET, path, headers), String::new())
            .await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> http::request::Builder {
        let mut request = Request::builder().method(method).uri(path);
        if !self.key.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
    }

    async fn send(&self, request: http::request::Builder, body: String) -> Answer {
        let request = request.body(Body::from(body)).unwrap();
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, LARGEST).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// With another key; the empty one is not sent.
    pub fn with_key(&self, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            ..self.clone()
        }
    }

    /// What was written down of an answered request.
    pub async fn row_of(&self, answer: &Answer) -> RequestDetail {
        self.app
            .row(answer.header("x-request-id").parse().unwrap())
            .await
    }

    /// The attempts of an answered request: provider, outcome, upstream status, error, usage, tokens read and written.
    pub async fn attempts_of(&self, answer: &Answer) -> Vec<String> {
        let row = self.row_of(answer).await;
        assert_eq!(
            usize::try_from(row.view.record.attempts).unwrap(),
            row.attempts.len()
        );
        let cost: i64 = row.attempts.iter().map(|attempt| attempt.cost.nano()).sum();
        assert_eq!(row.view.record.cost.nano(), cost);
        row.attempts.iter().map(told).collect()
    }
}

/// An attempt in a line.
pub fn told(attempt: &Attempt) -> String {
    format!(
        "{} {} {} {} {} {}+{}",
        attempt.provider,
        attempt.outcome,
        attempt
            .upstream_status
            .map_or("-".to_owned(), |status| status.to_string()),
        attempt.error_code.as_deref().unwrap_or("-"),
        attempt.usage,
        attempt.tokens.input,
        attempt.tokens.output
    )
}

impl Deref for Client {
    type Target = TestApp;

    fn deref(&self) -> &TestApp {
        &self.app
    }
}
