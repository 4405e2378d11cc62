//! What goes up and what comes back beside the body.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use gateway_config::ModelProvider;
use gateway_domain::{Secret, ledger::Surface};
use gateway_llm::{
    providers::{BuildError, Call, Plan, Upstream},
    rewrite::NativeForm,
};

use crate::fake::{Fake, Seen, anthropic, built, call, chat, clock, json, openai};

const CALLERS: [(&str, &str); 30] = [
    ("authorization", "Bearer sk-ogw-callers"),
    ("x-api-key", "sk-ogw-callers"),
    ("api-key", "sk-ogw-callers"),
    ("x-goog-api-key", "sk-ogw-callers"),
    ("cookie", "ogw_session=callers"),
    ("proxy-authorization", "Basic callers"),
    ("host", "gateway.callers"),
    ("forwarded", "for=callers"),
    ("x-forwarded-for", "10.0.0.1"),
    ("x-forwarded-host", "callers"),
    ("x-real-ip", "10.0.0.1"),
    ("x-amz-security-token", "callers"),
    ("openai-organization", "org-callers"),
    ("openai-project", "callers"),
    ("idempotency-key", "callers"),
    ("x-request-id", "callers"),
    ("traceparent", "callers"),
    ("origin", "https://callers"),
    ("referer", "https://callers"),
    ("te", "trailers"),
    ("x-ogw-anything", "callers"),
    ("x-openwebui-user-email", "callers"),
    ("x-stainless-os", "callers"),
    ("anthropic-version", "2024-12-31"),
    ("anthropic-beta", "context-1m"),
    ("x-claude-code-session-id", "session"),
    ("x-app", "cli"),
    ("user-agent", "claude-cli/2"),
    ("openai-beta", "responses=v1"),
    ("x-codex-turn-state", "state"),
];

fn callers() -> HeaderMap {
    let mut headers: HeaderMap = CALLERS
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect();
    headers.append("anthropic-beta", HeaderValue::from_static("oauth-2"));
    headers
}

async fn sent(fake: &Fake, settings: &ModelProvider, surface: Surface) -> Seen {
    let upstream = built(settings);
    let plan = upstream.plan(surface, "m").unwrap();
    let headers = callers();
    let call = Call {
        caller_headers: &headers,
        caller_query: Some("key=sk-ogw-callers&beta=true&x=y"),
        ..call(surface, plan, "m")
    };
    upstream.send(call).await.unwrap_or_else(|e| panic!("{e}"));
    fake.last()
}

fn names(seen: &Seen) -> Vec<&str> {
    let mut names: Vec<&str> = seen.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn of_a_callers_headers_only_anthropics_reach_anthropic() {
    let fake = Fake::kind().await;
    let seen = sent(&fake, &anthropic(&fake.url), Surface::Messages).await;
    assert_eq!(
        names(&seen),
        [
            "accept",
            "accept-encoding",
            "anthropic-beta",
            "anthropic-version",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            "x-api-key",
            "x-app",
            "x-claude-code-session-id",
        ]
    );
    assert_eq!(seen.path, "/v1/messages?beta=true");
    assert_eq!(seen.method, "POST");
    assert_eq!(seen.header("x-api-key"), Some("sk-ant-upstream"));
    assert_eq!(seen.header("anthropic-version"), Some("2024-12-31"));
    assert_eq!(seen.header("user-agent"), Some("claude-cli/2"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("host"), fake.url.strip_prefix("http://"));
    let betas: Vec<_> = seen.headers.get_all("anthropic-beta").iter().collect();
    assert_eq!(betas, ["context-1m", "oauth-2"]);
}

#[tokio::test]
async fn of_a_callers_headers_only_openais_reach_openai() {
    let fake = Fake::kind().await;
    let seen = sent(&fake, &openai(&fake.url), Surface::Responses).await;
    assert_eq!(
        names(&seen),
        [
            "accept",
            "accept-encoding",
            "authorization",
            "content-length",
            "content-type",
            "host",
            "openai-beta",
            "user-agent",
            "x-codex-turn-state",
        ]
    );
    assert_eq!(seen.path, "/v1/responses");
    assert_eq!(seen.header("authorization"), Some("Bearer sk-upstream"));
}

#[tokio::test]
async fn a_translated_call_carries_nothing_of_the_callers() {
    let fake = Fake::kind().await;
    let seen = sent(&fake, &anthropic(&fake.url), Surface::Chat).await;
    assert_eq!(
        names(&seen),
        [
            "accept",
            "accept-encoding",
            "anthropic-version",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            "x-api-key",
        ]
    );
    assert_eq!(seen.path, "/v1/messages");
    assert_eq!(seen.header("anthropic-version"), Some("2023-06-01"));
    assert!(seen.header("user-agent").unwrap().starts_with("ogw/"));
}

#[tokio::test]
async fn the_operators_headers_win_and_the_credential_wins_over_them() {
    let fake = Fake::kind().await;
    let mut settings = anthropic(&fake.url);
    settings.headers = vec![
        ("anthropic-beta".to_owned(), Secret::new("operators")),
        ("x-api-key".to_owned(), Secret::new("operators")),
        ("x-title".to_owned(), Secret::new("Ours")),
    ];
    let seen = sent(&fake, &settings, Surface::Messages).await;
    let betas: Vec<_> = seen.headers.get_all("anthropic-beta").iter().collect();
    assert_eq!(betas, ["operators"]);
    assert_eq!(seen.header("x-title"), Some("Ours"));
    let keys: Vec<_> = seen.headers.get_all("x-api-key").iter().collect();
    assert_eq!(keys, ["sk-ant-upstream"]);
}

#[test]
fn headers_that_make_the_message_are_not_the_operators() {
    for name in [
        "host",
        "content-length",
        "transfer-encoding",
        "accept-encoding",
        "bad name",
    ] {
        let mut settings = openai("http://127.0.0.1:1");
        settings.headers = vec![(name.to_owned(), Secret::new("x"))];
        let refused = Upstream::build(&settings, Arc::new(clock())).err();
        assert_eq!(refused, Some(BuildError::Header(name.to_owned())));
    }
}

#[test]
fn a_key_that_is_no_header_is_refused_without_being_repeated() {
    let mut settings = openai("http://127.0.0.1:1");
    if let gateway_config::ProviderKind::OpenAi { api_key, .. } = &mut settings.kind {
        *api_key = Secret::new("sk-geheim\n");
    }
    let refused = Upstream::build(&settings, Arc::new(clock())).err().unwrap();
    assert!(!format!("{refused} {refused:?}").contains("geheim"));
}

#[tokio::test]
async fn a_stream_is_asked_for_as_one() {
    let fake = Fake::kind().await;
    let call = Call {
        stream: true,
        ..chat()
    };
    built(&openai(&fake.url))
        .send(call)
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(fake.last().header("accept"), Some("text/event-stream"));
}

#[tokio::test]
async fn an_answers_headers_come_without_the_connections() {
    let fake = Fake::new(|_| {
        let mut response = json("{}");
        for (name, value) in [
            ("connection", "x-hop, keep-alive"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-authenticate", "Basic"),
            ("request-id", "req_1"),
            ("retry-after", "7"),
        ] {
            let value = HeaderValue::from_static(value);
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
        response
    })
    .await;
    let plan = Plan::Native(NativeForm::AsIs);
    let call = call(Surface::Messages, plan, "m");
    let answer = built(&anthropic(&fake.url))
        .send(call)
        .await
        .unwrap_or_else(|e| panic!("{e}"));
    for gone in ["connection", "x-hop", "keep-alive", "proxy-authenticate"] {
        assert!(!answer.headers.contains_key(gone), "{gone}");
    }
    assert_eq!(answer.headers["request-id"], "req_1");
    assert_eq!(answer.headers["retry-after"], "7");
    assert_eq!(answer.headers["content-type"], "application/json");
}
