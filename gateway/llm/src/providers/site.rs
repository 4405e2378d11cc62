//! What each kind of provider serves, and at which of its addresses.

mod azure;
mod bedrock;
mod google;
mod openai;

use bytes::Bytes;
use gateway_config::ProviderKind;
use gateway_domain::ledger::Surface;
use http::{HeaderMap, Uri};

use self::{
    azure::Azure,
    bedrock::Bedrock,
    google::{Gemini, Vertex},
    openai::OpenAi,
};
use super::{
    BuildError, Call, Plan, SendError,
    address::{Base, with_query},
    headers::Forward,
};
use crate::{
    dialects::Dialect,
    ir::Unsupported,
    rewrite::{self, NativeForm},
};

/// A provider's addresses.
pub(super) enum Site {
    OpenAi(OpenAi),
    Anthropic(Anthropic),
    Azure(Azure),
    Gemini(Gemini),
    Vertex(Vertex),
    Bedrock(Bedrock),
}

impl Site {
    /// The addresses of a provider, most of them ready.
    pub(super) fn new(kind: &ProviderKind, base: &Base) -> Result<Self, BuildError> {
        Ok(match kind {
            ProviderKind::OpenAi { .. } => Self::OpenAi(OpenAi::new(base, &openai::OWN)?),
            ProviderKind::OpenAiCompatible { surfaces, .. } => {
                let surfaces: Vec<Surface> = surfaces.iter().copied().collect();
                Self::OpenAi(OpenAi::new(base, &surfaces)?)
            }
            ProviderKind::Anthropic { .. } => Self::Anthropic(Anthropic::new(base)?),
            ProviderKind::AzureOpenAi { api_version, .. } => {
                Self::Azure(Azure::new(base, api_version.as_deref())?)
            }
            ProviderKind::Gemini { .. } => Self::Gemini(Gemini::new(base)),
            ProviderKind::Vertex {
                project, location, ..
            } => Self::Vertex(Vertex::new(base, project, location)?),
            ProviderKind::Bedrock { .. } => Self::Bedrock(Bedrock::new(base)),
        })
    }

    /// How a call would be served.
    pub(super) fn plan(&self, surface: Surface, model: &str) -> Option<Plan> {
        match self {
            Self::OpenAi(site) => site.plan(surface),
            Self::Anthropic(_) => Anthropic::plan(surface),
            Self::Azure(site) => site.plan(surface, model),
            Self::Gemini(_) => Gemini::plan(surface, model),
            Self::Vertex(_) => Vertex::plan(surface, model),
            Self::Bedrock(_) => Bedrock::plan(surface, model),
        }
    }

    /// Where the call goes.
    pub(super) fn uri(&self, call: &Call<'_>) -> Option<Uri> {
        match self {
            Self::OpenAi(site) => site.uri(spoken(call)?),
            Self::Anthropic(site) => site.uri(call),
            Self::Azure(site) => site.uri(spoken(call)?, call.upstream_model),
            Self::Gemini(site) => site.uri(call),
            Self::Vertex(site) => site.uri(call),
            Self::Bedrock(site) => site.uri(call),
        }
    }

    /// The body as it is sent. A call that was said in Anthropic's words for a Claude on Vertex gets the form it has there.
    pub(super) fn body(&self, call: &Call<'_>) -> Result<Bytes, SendError> {
        if !matches!(
            (self, call.plan),
            (Self::Vertex(_), Plan::Translated(Dialect::Messages))
        ) {
            return Ok(call.body.clone());
        }
        let unfit = |error: Unsupported| SendError::Broken(error.to_string());
        let peek = rewrite::peek(Surface::Messages, &call.body).map_err(unfit)?;
        let form = NativeForm::VertexClaude;
        let (model, none) = (call.upstream_model, HeaderMap::new());
        rewrite::native(Surface::Messages, &call.body, &peek, form, model, &none).map_err(unfit)
    }

    /// What of the caller's headers goes with it.
    pub(super) fn forward(&self, call: &Call<'_>) -> Forward {
        let is_anthropic = matches!(call.surface, Surface::Messages | Surface::CountTokens);
        match (self, call.plan) {
            (Self::OpenAi(_) | Self::Anthropic(_) | Self::Azure(_), Plan::Native(_)) => {
                if is_anthropic {
                    Forward::Anthropic
                } else {
                    Forward::OpenAi
                }
            }
            (Self::Vertex(_), Plan::Native(_)) => Forward::AnthropicElsewhere,
            _ => Forward::Nothing,
        }
    }
}

/// The protocol that a call is in, named by the surface that speaks it; `None` for a protocol that no surface speaks.
fn spoken(call: &Call<'_>) -> Option<Surface> {
    match call.plan {
        Plan::Native(_) => Some(call.surface),
        Plan::Translated(Dialect::Chat) => Some(Surface::Chat),
        Plan::Translated(Dialect::Messages) => Some(Surface::Messages),
        Plan::Translated(_) | Plan::Embeddings(_) => None,
    }
}

/// `anthropic`.
pub(super) struct Anthropic {
    messages: Uri,
    count_tokens: Uri,
}

impl Anthropic {
    fn new(base: &Base) -> Result<Self, BuildError> {
        Ok(Self {
            messages: base.under("/v1/messages")?,
            count_tokens: base.under("/v1/messages/count_tokens")?,
        })
    }

    fn plan(surface: Surface) -> Option<Plan> {
        match surface {
            Surface::Messages | Surface::CountTokens => Some(Plan::Native(NativeForm::AsIs)),
            Surface::Chat | Surface::Responses => Some(Plan::Translated(Dialect::Messages)),
            Surface::Embeddings => None,
        }
    }

    fn uri(&self, call: &Call<'_>) -> Option<Uri> {
        let uri = match spoken(call)? {
            Surface::Messages => &self.messages,
            Surface::CountTokens => &self.count_tokens,
            _ => return None,
        };
        // Of the caller's query only this is handed on: the rest may hold a key.
        let beta = match call.plan {
            Plan::Native(_) => call.caller_query.and_then(beta),
            _ => None,
        };
        match beta {
            Some(beta) => with_query(uri, beta),
            None => Some(uri.clone()),
        }
    }
}

fn beta(query: &str) -> Option<&str> {
    let mut pairs = query.split('&');
    pairs.find(|pair| pair.starts_with("beta=") && pair.len() < 32)
}
