//! `providers`: the model providers.

use std::{collections::BTreeSet, time::Duration};

use gateway_domain::{Secret, ledger::Surface};
use url::Url;

/// One of `providers`.
#[derive(Clone)]
pub struct ModelProvider {
    /// Its name in routes, the ledger and the pages; `[a-z0-9][a-z0-9_-]*`.
    pub id: String,
    /// What it speaks, and how it is asked.
    pub kind: ProviderKind,
    /// Sent with every call, such as `HTTP-Referer` for a broker. Names in lower case; values may be secrets.
    pub headers: Vec<(String, Secret)>,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// `http.ca_file`: certificates trusted beside the system's, PEM.
    pub ca_pem: Option<Vec<u8>>,
}

/// `timeouts`. There is none for the whole of an answer: a long stream is a healthy one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until connected, TLS included. Default 5 s.
    pub connect: Duration,
    /// From there until the answer begins. Default 60 s.
    pub first_byte: Duration,
    /// Between two pieces of the answer. Default 60 s.
    pub idle: Duration,
}

/// `type`, with what belongs to it. Base URLs are as the vendor's own SDK takes them, without a slash at the end.
#[derive(Clone)]
pub enum ProviderKind {
    /// `openai`.
    OpenAi {
        /// With `/v1`. Default `https://api.openai.com/v1`.
        base_url: Url,
        /// The key.
        api_key: Secret,
        /// `OpenAI-Organization`.
        organization: Option<String>,
        /// `OpenAI-Project`.
        project: Option<String>,
    },
    /// `openai_compatible`: Ollama, vLLM, OpenRouter, Mistral, Groq and the like.
    OpenAiCompatible {
        /// With `/v1`, where the product has it.
        base_url: Url,
        /// The key, where one is needed.
        api_key: Option<Secret>,
        /// `surfaces`: what it serves of `chat`, `responses`, `embeddings`, `messages`. Default: chat and embeddings.
        surfaces: BTreeSet<Surface>,
    },
    /// `anthropic`.
    Anthropic {
        /// Without `/v1`. Default `https://api.anthropic.com`.
        base_url: Url,
        /// The key.
        api_key: Secret,
    },
    /// `azure_openai`. The upstream model is the deployment's name.
    AzureOpenAi {
        /// `https://NAME.openai.azure.com`.
        base_url: Url,
        /// Who we are there.
        credential: AzureCredential,
        /// `api_version`: the dated API with the deployment in the path; `None`: the `/openai/v1` API.
        api_version: Option<String>,
    },
    /// `gemini`: AI Studio.
    Gemini {
        /// Without `/v1beta`. Default `https://generativelanguage.googleapis.com`.
        base_url: Url,
        /// The key.
        api_key: Secret,
    },
    /// `vertex`. Gemini models, and Claude where the upstream model begins with `claude`.
    Vertex {
        /// Default `https://LOCATION-aiplatform.googleapis.com`, `https://aiplatform.googleapis.com` for `global`.
        base_url: Url,
        /// `project`.
        project: String,
        /// `location`.
        location: String,
        /// `credentials`: the service account's key file, its JSON text.
        credentials: Secret,
    },
    /// `bedrock`.
    Bedrock {
        /// Default `https://bedrock-runtime.REGION.amazonaws.com`.
        base_url: Url,
        /// `region`.
        region: String,
        /// Who we are there.
        credential: AwsCredential,
    },
}

/// How Azure knows us.
#[derive(Clone)]
pub enum AzureCredential {
    /// `api_key`.
    Key(Secret),
    /// `entra: {tenant_id, client_id, client_secret, authority?}`: client credentials.
    Entra {
        /// The directory.
        tenant_id: String,
        /// The application.
        client_id: String,
        /// Its secret.
        client_secret: Secret,
        /// Default `https://login.microsoftonline.com`.
        authority: Url,
    },
}

/// How AWS knows us.
#[derive(Clone)]
pub enum AwsCredential {
    /// `api_key`: a Bedrock API key, sent as a bearer token.
    Bearer(Secret),
    /// `access_key_id`, `secret_access_key`, `session_token?`.
    Static {
        /// Which key.
        access_key_id: String,
        /// Its secret.
        secret_access_key: Secret,
        /// For temporary ones.
        session_token: Option<Secret>,
    },
    /// None of these: the default chain of environment, profile, web identity, container and instance.
    DefaultChain,
}

impl ModelProvider {
    /// The word under `type`.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            ProviderKind::OpenAi { .. } => "openai",
            ProviderKind::OpenAiCompatible { .. } => "openai_compatible",
            ProviderKind::Anthropic { .. } => "anthropic",
            ProviderKind::AzureOpenAi { .. } => "azure_openai",
            ProviderKind::Gemini { .. } => "gemini",
            ProviderKind::Vertex { .. } => "vertex",
            ProviderKind::Bedrock { .. } => "bedrock",
        }
    }

    /// Where it is called.
    pub fn base_url(&self) -> &Url {
        match &self.kind {
            ProviderKind::OpenAi { base_url, .. }
            | ProviderKind::OpenAiCompatible { base_url, .. }
            | ProviderKind::Anthropic { base_url, .. }
            | ProviderKind::AzureOpenAi { base_url, .. }
            | ProviderKind::Gemini { base_url, .. }
            | ProviderKind::Vertex { base_url, .. }
            | ProviderKind::Bedrock { base_url, .. } => base_url,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_mins(1),
            idle: Duration::from_mins(1),
        }
    }
}
