//! Whether two descriptions of a provider are the same one. Secrets can be compared, not shown.

use gateway_config::{AwsCredential, AzureCredential, ModelProvider, ProviderKind};
use gateway_domain::Secret;

/// Whether nothing differs: then what was opened under the one can serve under the other.
pub fn same_provider(one: &ModelProvider, other: &ModelProvider) -> bool {
    let headers = |provider: &ModelProvider| -> Vec<(String, String)> {
        let pairs = provider.headers.iter();
        pairs
            .map(|(name, value)| (name.clone(), value.expose().to_owned()))
            .collect()
    };
    one.id == other.id
        && one.timeouts == other.timeouts
        && one.ca_pem == other.ca_pem
        && one.base_url() == other.base_url()
        && headers(one) == headers(other)
        && words(&one.kind) == words(&other.kind)
}

/// All that a kind says beside its base URL, as texts.
fn words(kind: &ProviderKind) -> Vec<Option<&str>> {
    match kind {
        ProviderKind::OpenAi {
            base_url: _,
            api_key,
            organization,
            project,
        } => vec![
            Some("openai"),
            Some(api_key.expose()),
            organization.as_deref(),
            project.as_deref(),
        ],
        ProviderKind::OpenAiCompatible {
            base_url: _,
            api_key,
            surfaces,
        } => {
            let mut words = vec![
                Some("openai_compatible"),
                api_key.as_ref().map(Secret::expose),
            ];
            words.extend(surfaces.iter().map(|surface| Some(surface.as_str())));
            words
        }
        ProviderKind::Anthropic {
            base_url: _,
            api_key,
        } => vec![Some("anthropic"), Some(api_key.expose())],
        ProviderKind::AzureOpenAi {
            base_url: _,
            credential,
            api_version,
        } => {
            let mut words = vec![Some("azure_openai"), api_version.as_deref()];
            words.extend(azure(credential));
            words
        }
        ProviderKind::Gemini {
            base_url: _,
            api_key,
        } => vec![Some("gemini"), Some(api_key.expose())],
        ProviderKind::Vertex {
            base_url: _,
            project,
            location,
            credentials,
        } => vec![
            Some("vertex"),
            Some(project),
            Some(location),
            Some(credentials.expose()),
        ],
        ProviderKind::Bedrock {
            base_url: _,
            region,
            credential,
        } => {
            let mut words = vec![Some("bedrock"), Some(region.as_str())];
            words.extend(aws(credential));
            words
        }
    }
}

fn azure(credential: &AzureCredential) -> Vec<Option<&str>> {
    match credential {
        AzureCredential::Key(key) => vec![Some("key"), Some(key.expose())],
        AzureCredential::Entra {
            tenant_id,
            client_id,
            client_secret,
            authority,
        } => vec![
            Some("entra"),
            Some(tenant_id),
            Some(client_id),
            Some(client_secret.expose()),
            Some(authority.as_str()),
        ],
    }
}

fn aws(credential: &AwsCredential) -> Vec<Option<&str>> {
    match credential {
        AwsCredential::Bearer(key) => vec![Some("bearer"), Some(key.expose())],
        AwsCredential::Static {
            access_key_id,
            secret_access_key,
            session_token,
        } => vec![
            Some("static"),
            Some(access_key_id),
            Some(secret_access_key.expose()),
            session_token.as_ref().map(Secret::expose),
        ],
        AwsCredential::DefaultChain => vec![Some("default_chain")],
    }
}
