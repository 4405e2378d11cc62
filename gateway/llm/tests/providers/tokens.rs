//! Tokens that somebody gives out: Entra ID's and Google's.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicUsize, Ordering},
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use chrono::TimeDelta;
use gateway_config::{AzureCredential, ModelProvider, ProviderKind};
use gateway_domain::{
    Secret,
    ledger::Surface::{Chat, CountTokens, Embeddings, Messages},
};
use gateway_llm::providers::{BuildError, Call, SendError, Upstream};
use serde_json::{Value, json};

use crate::fake::{self, Fake, built, call, clock, failed, read, send, settings, status};

fn entra(models: &Fake, directory: &str) -> ModelProvider {
    settings(ProviderKind::AzureOpenAi {
        base_url: models.url.parse().unwrap(),
        credential: AzureCredential::Entra {
            tenant_id: "tenant-1".to_owned(),
            client_id: "client-1".to_owned(),
            client_secret: Secret::new("entra-secret"),
            authority: directory.parse().unwrap(),
        },
        api_version: None,
    })
}

/// Gives out `token-1`, `token-2`, … for an hour each.
async fn directory() -> Fake {
    let count = AtomicUsize::new(0);
    Fake::new(move |_| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        let token = json!({"token_type": "Bearer", "expires_in": 3600, "access_token": format!("token-{number}")});
        fake::json(token.to_string())
    })
    .await
}

#[tokio::test]
async fn entra_is_asked_once_for_all_and_again_after_the_end() {
    let (models, directory, clock) = (Fake::kind().await, directory().await, clock());
    let settings = entra(&models, &directory.url);
    let upstream = Upstream::build(&settings, Arc::new(clock.clone())).unwrap();
    let calls = (0..20).map(|_| send(&upstream, Chat, "d", false));
    futures_util::future::join_all(calls).await;
    assert_eq!(directory.seen().len(), 1);
    assert_eq!(models.seen().len(), 20);
    for seen in models.seen() {
        assert_eq!(seen.header("authorization"), Some("Bearer token-1"));
        assert_eq!(seen.header("api-key"), None);
    }
    let asked = directory.last();
    assert_eq!(asked.path, "/tenant-1/oauth2/v2.0/token");
    assert_eq!(
        asked.form("grant_type").as_deref(),
        Some("client_credentials")
    );
    assert_eq!(asked.form("client_id").as_deref(), Some("client-1"));
    assert_eq!(asked.form("client_secret").as_deref(), Some("entra-secret"));
    let scope = "https://cognitiveservices.azure.com/.default";
    assert_eq!(asked.form("scope").as_deref(), Some(scope));

    clock.advance(TimeDelta::minutes(56));
    send(&upstream, Chat, "d", false).await;
    assert_eq!(directory.seen().len(), 2);
    assert_eq!(
        models.last().header("authorization"),
        Some("Bearer token-2")
    );
}

#[tokio::test]
async fn a_token_that_the_provider_refuses_is_replaced() {
    let directory = directory().await;
    let models = Fake::new(|seen| match seen.header("authorization") {
        Some("Bearer token-1") => status(401, "{}"),
        _ => fake::json("{}"),
    })
    .await;
    let clock = clock();
    let settings = entra(&models, &directory.url);
    let upstream = Upstream::build(&settings, Arc::new(clock.clone())).unwrap();
    send(&upstream, Chat, "d", false).await;
    send(&upstream, Chat, "d", false).await;
    assert_eq!(directory.seen().len(), 1, "a new token is no better");
    clock.advance(TimeDelta::minutes(2));
    send(&upstream, Chat, "d", false).await;
    send(&upstream, Chat, "d", false).await;
    assert_eq!(
        models.last().header("authorization"),
        Some("Bearer token-2")
    );
}

#[tokio::test]
async fn a_refusal_is_told_without_secrets() {
    let models = Fake::kind().await;
    let directory = Fake::new(|_| {
        let body = json!({
            "error": "invalid_client",
            "error_description": "AADSTS7000215: Invalid client secret entra-secret provided.",
            "error_codes": [7_000_215],
        });
        status(401, body.to_string())
    })
    .await;
    let upstream = built(&entra(&models, &directory.url));
    let plan = upstream.plan(Chat, "d").unwrap();
    let error = failed(upstream.send(call(Chat, plan, "d")).await);
    assert_eq!(
        error,
        SendError::Credential(
            "Entra ID: the token endpoint answered 401 invalid_client (7000215)".to_owned()
        )
    );
    assert!(models.seen().is_empty());
}

#[tokio::test]
async fn an_unreachable_token_endpoint_is_told() {
    let models = Fake::kind().await;
    let upstream = built(&entra(&models, "http://127.0.0.1:1"));
    let plan = upstream.plan(Chat, "d").unwrap();
    let error = failed(upstream.send(call(Chat, plan, "d")).await);
    let SendError::Credential(reason) = error else {
        panic!("{error}");
    };
    assert!(
        reason.starts_with("Entra ID's token endpoint: "),
        "{reason}"
    );
}

#[test]
fn secrets_do_not_go_to_plain_http() {
    let settings = settings(ProviderKind::AzureOpenAi {
        base_url: "http://127.0.0.1:1".parse().unwrap(),
        credential: AzureCredential::Entra {
            tenant_id: "t".to_owned(),
            client_id: "c".to_owned(),
            client_secret: Secret::new("s"),
            authority: "http://login.example".parse().unwrap(),
        },
        api_version: None,
    });
    let refused = Upstream::build(&settings, Arc::new(clock())).err();
    assert!(matches!(refused, Some(BuildError::Credential(_))));
}

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());

fn key_file(token_uri: &str) -> Value {
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&*KEY).unwrap();
    let base64 = STANDARD.encode(der.as_ref());
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        lines.join("\n")
    );
    json!({
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "key-1",
        "private_key": pem,
        "client_email": "gateway@p.iam.gserviceaccount.com",
        "token_uri": token_uri,
    })
}

fn vertex(url: &str, key_file: &Value) -> ModelProvider {
    settings(ProviderKind::Vertex {
        base_url: url.parse().unwrap(),
        project: "my-project".to_owned(),
        location: "europe-west1".to_owned(),
        credentials: Secret::new(key_file.to_string()),
    })
}

#[tokio::test]
async fn googles_token_is_given_for_a_signed_claim() {
    let (models, tokens) = (Fake::kind().await, directory().await);
    let file = key_file(&format!("{}/token", tokens.url));
    let upstream = built(&vertex(&models.url, &file));
    let calls = (0..5).map(|_| send(&upstream, Chat, "gemini-2.5-pro", true));
    futures_util::future::join_all(calls).await;
    assert_eq!(tokens.seen().len(), 1);
    let seen = models.last();
    assert_eq!(seen.header("authorization"), Some("Bearer token-1"));
    assert_eq!(
        seen.path,
        "/v1/projects/my-project/locations/europe-west1/publishers/google/models/\
         gemini-2.5-pro:streamGenerateContent?alt=sse"
    );

    let asked = tokens.last();
    let grant = asked.form("grant_type").unwrap();
    assert_eq!(grant, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let assertion = asked.form("assertion").unwrap();
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(KEY.public_key()).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public.as_ref())
        .verify(
            signed.as_bytes(),
            &URL_SAFE_NO_PAD.decode(signature).unwrap(),
        )
        .unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let part = |text: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
    };
    assert_eq!(
        part(header),
        json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"})
    );
    let at = 1_767_225_600;
    assert_eq!(
        part(claims),
        json!({
            "iss": "gateway@p.iam.gserviceaccount.com",
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "aud": format!("{}/token", tokens.url),
            "iat": at,
            "exp": at + 3600,
        })
    );
}

#[tokio::test]
async fn claude_on_vertex_has_its_own_addresses_and_form() {
    let (models, tokens) = (Fake::kind().await, directory().await);
    let upstream = built(&vertex(&models.url, &key_file(&tokens.url)));
    let publisher = "/v1/projects/my-project/locations/europe-west1/publishers";
    let claude = "claude-sonnet-4@20250514";
    for (surface, model, stream, path) in [
        (
            Messages,
            claude,
            false,
            "anthropic/models/claude-sonnet-4@20250514:rawPredict",
        ),
        (
            Messages,
            claude,
            true,
            "anthropic/models/claude-sonnet-4@20250514:streamRawPredict",
        ),
        (
            CountTokens,
            claude,
            false,
            "anthropic/models/count-tokens:rawPredict",
        ),
        (
            Embeddings,
            "text-embedding-005",
            false,
            "google/models/text-embedding-005:predict",
        ),
        (
            Messages,
            "gemini-2.5-pro",
            false,
            "google/models/gemini-2.5-pro:generateContent",
        ),
    ] {
        send(&upstream, surface, model, stream).await;
        assert_eq!(models.last().path, format!("{publisher}/{path}"));
    }
    let plan = upstream.plan(Chat, claude).unwrap();
    let body = json!({"model": claude, "max_tokens": 5, "messages": []}).to_string();
    let call = Call {
        body: Bytes::from(body),
        ..call(Chat, plan, claude)
    };
    let answer = upstream.send(call).await.unwrap_or_else(|e| panic!("{e}"));
    read(answer).await.unwrap();
    let sent: Value = serde_json::from_slice(&models.last().body).unwrap();
    assert_eq!(sent.get("model"), None);
    assert_eq!(sent["anthropic_version"], "vertex-2023-10-16");
    assert_eq!(sent["max_tokens"], 5);
}

#[test]
fn a_key_file_is_read_when_the_provider_is_built() {
    let good = key_file("https://oauth2.googleapis.com/token");
    let with = |name: &str, value: &str| {
        let mut file = good.clone();
        file[name] = json!(value);
        file
    };
    assert!(Upstream::build(&vertex("https://x.example", &good), Arc::new(clock())).is_ok());
    for file in [
        with("type", "authorized_user"),
        with(
            "private_key",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ),
        with("token_uri", "http://tokens.example/token"),
        json!("geheim"),
    ] {
        let refused = Upstream::build(&vertex("https://x.example", &file), Arc::new(clock())).err();
        assert!(
            matches!(&refused, Some(BuildError::Credential(_))),
            "{refused:?}"
        );
        assert!(!format!("{refused:?}").contains("geheim"));
    }
}
