//! An upstream that notes what it is asked, and the settings of a provider that is there.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Request, Response, StatusCode},
    serve::ListenerExt as _,
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use gateway_config::{ModelProvider, ProviderKind, Timeouts};
use gateway_domain::{FixedClock, Secret, ledger::Surface};
use gateway_llm::{
    providers::{Answer, BodyError, Call, Plan, SendError, Upstream},
    rewrite::NativeForm,
};
use http_body_util::BodyExt as _;
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Clone)]
pub struct Seen {
    pub method: String,
    /// Path and query.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn form(&self, name: &str) -> Option<String> {
        let mut fields = url::form_urlencoded::parse(&self.body);
        fields
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.into_owned())
    }
}

type Script = dyn Fn(&Seen) -> Response<Body> + Send + Sync;

#[derive(Clone)]
struct Wiring {
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Arc<Script>,
}

/// An upstream on a port of its own.
pub struct Fake {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
}

impl Fake {
    /// Answers by `script`.
    pub async fn new(script: impl Fn(&Seen) -> Response<Body> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        let listener = listener.tap_io(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        let seen = Arc::new(Mutex::new(Vec::new()));
        let wiring = Wiring {
            seen: seen.clone(),
            script: Arc::new(script),
        };
        let router = Router::new()
            .fallback(answer)
            .layer(DefaultBodyLimit::disable())
            .with_state(wiring);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            url,
            seen,
            connections,
        }
    }

    /// Answers everything with `{}`.
    pub async fn kind() -> Self {
        Self::new(|_| json("{}")).await
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn last(&self) -> Seen {
        self.seen().pop().unwrap()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn answer(State(wiring): State<Wiring>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let seen = Seen {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: head.headers,
        body: body.collect().await.unwrap().to_bytes(),
    };
    let response = (wiring.script)(&seen);
    wiring.seen.lock().unwrap().push(seen);
    response
}

pub fn json(body: impl Into<Body>) -> Response<Body> {
    status(200, body)
}

pub fn status(status: u16, body: impl Into<Body>) -> Response<Body> {
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

/// A provider of `kind`, with timeouts that no healthy test reaches.
pub fn settings(kind: ProviderKind) -> ModelProvider {
    ModelProvider {
        id: "fake".to_owned(),
        kind,
        headers: Vec::new(),
        timeouts: Timeouts {
            connect: Duration::from_secs(30),
            first_byte: Duration::from_secs(30),
            idle: Duration::from_secs(30),
        },
        ca_pem: None,
    }
}

/// An `openai` at `url`.
pub fn openai(url: &str) -> ModelProvider {
    settings(ProviderKind::OpenAi {
        base_url: format!("{url}/v1").parse().unwrap(),
        api_key: Secret::new("sk-upstream"),
        organization: None,
        project: None,
    })
}

/// An `openai_compatible` at `url`, without a key.
pub fn compatible(url: &str, surfaces: &[Surface]) -> ModelProvider {
    settings(ProviderKind::OpenAiCompatible {
        base_url: format!("{url}/v1").parse().unwrap(),
        api_key: None,
        surfaces: surfaces.iter().copied().collect(),
    })
}

/// An `anthropic` at `url`.
pub fn anthropic(url: &str) -> ModelProvider {
    settings(ProviderKind::Anthropic {
        base_url: url.parse().unwrap(),
        api_key: Secret::new("sk-ant-upstream"),
    })
}

pub fn clock() -> FixedClock {
    FixedClock::new("2026-01-01T00:00:00Z".parse().unwrap())
}

pub fn built(settings: &ModelProvider) -> Upstream {
    Upstream::build(settings, Arc::new(clock())).unwrap()
}

/// A call that asks as little as possible.
pub fn call(surface: Surface, plan: Plan, model: &str) -> Call<'_> {
    static NONE: std::sync::LazyLock<HeaderMap> = std::sync::LazyLock::new(HeaderMap::new);
    Call {
        surface,
        plan,
        upstream_model: model,
        body: Bytes::from_static(b"{}"),
        stream: false,
        caller_headers: &NONE,
        caller_query: None,
    }
}

/// A native chat call.
pub fn chat() -> Call<'static> {
    call(Surface::Chat, Plan::Native(NativeForm::AsIs), "gpt-4o")
}

/// The body to its end.
pub async fn read(answer: Answer) -> Result<Bytes, BodyError> {
    let mut body = answer.body;
    let mut whole = Vec::new();
    while let Some(piece) = body.next().await {
        whole.extend_from_slice(&piece?);
    }
    Ok(whole.into())
}

/// As it is planned, answered and read to its end.
pub async fn send(upstream: &Upstream, surface: Surface, model: &str, stream: bool) -> Bytes {
    let plan = upstream.plan(surface, model).unwrap();
    let call = Call {
        stream,
        ..call(surface, plan, model)
    };
    let answer = upstream
        .send(call)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    read(answer).await.unwrap()
}

pub fn failed(answer: Result<Answer, SendError>) -> SendError {
    match answer {
        Ok(answer) => panic!("answered {}", answer.status),
        Err(error) => error,
    }
}
