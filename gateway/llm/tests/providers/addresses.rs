//! Which calls each kind of provider serves, and where.

use gateway_config::{AwsCredential, AzureCredential, ModelProvider, ProviderKind};
use gateway_domain::{
    Secret,
    ledger::Surface::{self, Chat, CountTokens, Embeddings, Messages, Responses},
};
use gateway_llm::{
    dialects::{Dialect, embeddings::EmbeddingsDialect},
    providers::Plan,
    rewrite::NativeForm,
};

use crate::fake::{Fake, anthropic, built, compatible, openai, send, settings};

const NATIVE: Option<Plan> = Some(Plan::Native(NativeForm::AsIs));

const CHAT: Option<Plan> = Some(Plan::Translated(Dialect::Chat));
const MESSAGES: Option<Plan> = Some(Plan::Translated(Dialect::Messages));
const GEMINI: Option<Plan> = Some(Plan::Translated(Dialect::Gemini));
const CONVERSE: Option<Plan> = Some(Plan::Translated(Dialect::Converse));

fn azure(url: &str, api_version: Option<&str>) -> ModelProvider {
    settings(ProviderKind::AzureOpenAi {
        base_url: url.parse().unwrap(),
        credential: AzureCredential::Key(Secret::new("azure-key")),
        api_version: api_version.map(str::to_owned),
    })
}

fn gemini(url: &str) -> ModelProvider {
    settings(ProviderKind::Gemini {
        base_url: url.parse().unwrap(),
        api_key: Secret::new("AIza-upstream"),
    })
}

fn bedrock(url: &str) -> ModelProvider {
    settings(ProviderKind::Bedrock {
        base_url: url.parse().unwrap(),
        region: "eu-central-1".to_owned(),
        credential: AwsCredential::Bearer(Secret::new("bedrock-key")),
    })
}

fn plans(settings: &ModelProvider, model: &str) -> [Option<Plan>; 5] {
    let upstream = built(settings);
    [Chat, Responses, Messages, CountTokens, Embeddings]
        .map(|surface| upstream.plan(surface, model))
}

const NOWHERE: &str = "http://127.0.0.1:1";

#[test]
fn each_kind_serves_what_it_can() {
    let embeddings = |dialect| Some(Plan::Embeddings(dialect));
    assert_eq!(
        plans(&openai(NOWHERE), "m"),
        [NATIVE, NATIVE, CHAT, None, NATIVE]
    );
    assert_eq!(
        plans(&anthropic(NOWHERE), "m"),
        [MESSAGES, MESSAGES, NATIVE, NATIVE, None]
    );
    for version in [None, Some("2024-10-21")] {
        let settings = azure(NOWHERE, version);
        assert_eq!(plans(&settings, "m"), [NATIVE, NATIVE, CHAT, None, NATIVE]);
    }
    assert_eq!(
        plans(&gemini(NOWHERE), "gemini-2.5-pro"),
        [
            GEMINI,
            GEMINI,
            GEMINI,
            None,
            embeddings(EmbeddingsDialect::Gemini)
        ]
    );
    assert_eq!(
        plans(
            &bedrock(NOWHERE),
            "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
        ),
        [
            CONVERSE,
            CONVERSE,
            Some(Plan::Native(NativeForm::BedrockClaude)),
            None,
            None
        ]
    );
    assert_eq!(
        plans(&bedrock(NOWHERE), "amazon.titan-embed-text-v2:0")[4],
        embeddings(EmbeddingsDialect::Titan)
    );
    assert_eq!(
        plans(&bedrock(NOWHERE), "cohere.embed-multilingual-v3")[4],
        embeddings(EmbeddingsDialect::Cohere)
    );
    assert_eq!(
        plans(&bedrock(NOWHERE), "amazon.nova-pro-v1:0")[2],
        CONVERSE
    );
}

#[test]
fn a_compatible_one_serves_what_the_file_says() {
    assert_eq!(
        plans(&compatible(NOWHERE, &[Chat, Embeddings]), "m"),
        [NATIVE, CHAT, CHAT, None, NATIVE]
    );
    assert_eq!(
        plans(&compatible(NOWHERE, &[Chat, Responses, Messages]), "m"),
        [NATIVE, NATIVE, NATIVE, None, None]
    );
    assert_eq!(
        plans(&compatible(NOWHERE, &[Messages]), "m"),
        [MESSAGES, MESSAGES, NATIVE, None, None]
    );
    assert_eq!(
        plans(&compatible(NOWHERE, &[Embeddings]), "m"),
        [None, None, None, None, NATIVE]
    );
}

#[test]
fn a_refusal_is_told_from_the_callers_own_words() {
    let anthropics = br#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#;
    let googles = br#"[{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED"}}]"#;
    let amazons = br#"{"message":"Too many tokens"}"#;
    let vertex = Plan::Native(NativeForm::VertexClaude);
    let bedrock = Plan::Native(NativeForm::BedrockClaude);
    assert_eq!(Plan::Native(NativeForm::AsIs).refusal(googles), None);
    assert_eq!(vertex.refusal(anthropics), None);
    assert_eq!(vertex.refusal(googles), Some(Dialect::Gemini));
    assert_eq!(bedrock.refusal(amazons), Some(Dialect::Converse));
    let titan = Plan::Embeddings(EmbeddingsDialect::Titan);
    assert_eq!(titan.refusal(amazons), Some(Dialect::Converse));
}

async fn path(
    settings: impl Fn(&str) -> ModelProvider,
    surface: Surface,
    model: &str,
    stream: bool,
) -> String {
    let fake = Fake::kind().await;
    send(&built(&settings(&fake.url)), surface, model, stream).await;
    fake.last().path
}

#[tokio::test]
async fn addresses_are_the_vendors() {
    let v1 = |url: &str| azure(url, None);
    let dated = |url: &str| azure(url, Some("2024-10-21"));
    assert_eq!(path(openai, Chat, "m", false).await, "/v1/chat/completions");
    assert_eq!(
        path(openai, Messages, "m", false).await,
        "/v1/chat/completions"
    );
    assert_eq!(path(openai, Embeddings, "m", false).await, "/v1/embeddings");
    assert_eq!(
        path(anthropic, CountTokens, "m", false).await,
        "/v1/messages/count_tokens"
    );
    assert_eq!(
        path(v1, Chat, "d", false).await,
        "/openai/v1/chat/completions"
    );
    assert_eq!(
        path(v1, Responses, "d", false).await,
        "/openai/v1/responses"
    );
    assert_eq!(
        path(dated, Messages, "my dep", false).await,
        "/openai/deployments/my%20dep/chat/completions?api-version=2024-10-21"
    );
    assert_eq!(
        path(dated, Responses, "d", false).await,
        "/openai/responses?api-version=2024-10-21"
    );
    assert_eq!(
        path(gemini, Chat, "models/gemini-2.5-pro", false).await,
        "/v1beta/models/gemini-2.5-pro:generateContent"
    );
    assert_eq!(
        path(gemini, Chat, "gemini-2.5-pro", true).await,
        "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"
    );
    assert_eq!(
        path(gemini, Embeddings, "gemini-embedding-001", false).await,
        "/v1beta/models/gemini-embedding-001:batchEmbedContents"
    );
    assert_eq!(
        path(bedrock, Chat, "amazon.nova-pro-v1:0", true).await,
        "/model/amazon.nova-pro-v1%3A0/converse-stream"
    );
    assert_eq!(
        path(
            bedrock,
            Chat,
            "arn:aws:bedrock:eu-central-1:1:inference-profile/x",
            false
        )
        .await,
        "/model/arn%3Aaws%3Abedrock%3Aeu-central-1%3A1%3Ainference-profile%2Fx/converse"
    );
    assert_eq!(
        path(bedrock, Messages, "anthropic.claude-3", true).await,
        "/model/anthropic.claude-3/invoke-with-response-stream"
    );
    assert_eq!(
        path(bedrock, Embeddings, "amazon.titan-embed-text-v2:0", false).await,
        "/model/amazon.titan-embed-text-v2%3A0/invoke"
    );
}

#[tokio::test]
async fn a_model_never_leaves_its_place_in_the_path() {
    for model in ["..", "../x", "a/../../b", ".", "", "a\r\nx: y", "..\\..\\x"] {
        for settings in [
            gemini(NOWHERE),
            bedrock(NOWHERE),
            azure(NOWHERE, Some("2024-10-21")),
        ] {
            assert_eq!(built(&settings).plan(Chat, model), None, "{model:?}");
        }
    }
    for (model, expected) in [
        ("a?alt=json&key=x", "a%3Falt%3Djson%26key%3Dx"),
        ("a#b", "a%23b"),
        ("a/b", "a%2Fb"),
        ("a%2e%2e", "a%252e%252e"),
        ("a:countTokens", "a%3AcountTokens"),
    ] {
        assert_eq!(
            path(gemini, Chat, model, false).await,
            format!("/v1beta/models/{expected}:generateContent")
        );
    }
}

#[tokio::test]
async fn each_kind_shows_its_own_credential() {
    let shown = |settings: fn(&str) -> ModelProvider, name: &'static str| async move {
        let fake = Fake::kind().await;
        send(&built(&settings(&fake.url)), Chat, "m", false).await;
        fake.last().header(name).map(str::to_owned)
    };
    let azure = |url: &str| azure(url, None);
    let keyless = |url: &str| compatible(url, &[Chat]);
    assert_eq!(
        shown(openai, "authorization").await.unwrap(),
        "Bearer sk-upstream"
    );
    assert_eq!(
        shown(anthropic, "x-api-key").await.unwrap(),
        "sk-ant-upstream"
    );
    assert_eq!(shown(azure, "api-key").await.unwrap(), "azure-key");
    assert_eq!(
        shown(gemini, "x-goog-api-key").await.unwrap(),
        "AIza-upstream"
    );
    assert_eq!(
        shown(bedrock, "authorization").await.unwrap(),
        "Bearer bedrock-key"
    );
    assert_eq!(shown(keyless, "authorization").await, None);
}

#[tokio::test]
async fn openai_is_told_the_organization() {
    let fake = Fake::kind().await;
    let upstream = built(&settings(ProviderKind::OpenAi {
        base_url: format!("{}/v1", fake.url).parse().unwrap(),
        api_key: Secret::new("k"),
        organization: Some("org-1".to_owned()),
        project: Some("proj-1".to_owned()),
    }));
    send(&upstream, Chat, "m", false).await;
    assert_eq!(fake.last().header("openai-organization"), Some("org-1"));
    assert_eq!(fake.last().header("openai-project"), Some("proj-1"));
}
