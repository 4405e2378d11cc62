//! `bedrock`.

use gateway_domain::ledger::Surface;
use http::Uri;

use crate::{
    dialects::{Dialect, embeddings::EmbeddingsDialect},
    providers::{
        Call, Plan,
        address::{Base, segment},
    },
    rewrite::NativeForm,
};

/// Bedrock's runtime.
pub(in crate::providers) struct Bedrock {
    base: Base,
}

impl Bedrock {
    pub(super) fn new(base: &Base) -> Self {
        Self {
            base: base.joined("/model"),
        }
    }

    pub(super) fn plan(surface: Surface, model: &str) -> Option<Plan> {
        segment(model)?;
        match surface {
            Surface::Messages if model.contains("anthropic.claude") => {
                Some(Plan::Native(NativeForm::BedrockClaude))
            }
            Surface::Chat | Surface::Responses | Surface::Messages => {
                Some(Plan::Translated(Dialect::Converse))
            }
            Surface::Embeddings if model.contains("amazon.titan-embed") => {
                Some(Plan::Embeddings(EmbeddingsDialect::Titan))
            }
            Surface::Embeddings if model.contains("cohere.embed") => {
                Some(Plan::Embeddings(EmbeddingsDialect::Cohere))
            }
            Surface::Embeddings | Surface::CountTokens => None,
        }
    }

    pub(super) fn uri(&self, call: &Call<'_>) -> Option<Uri> {
        let operation = match (call.plan, call.stream) {
            (Plan::Translated(Dialect::Converse), false) => "converse",
            (Plan::Translated(Dialect::Converse), true) => "converse-stream",
            (Plan::Native(NativeForm::BedrockClaude), true) => "invoke-with-response-stream",
            (Plan::Native(NativeForm::BedrockClaude), false) | (Plan::Embeddings(_), _) => "invoke",
            _ => return None,
        };
        let model = segment(call.upstream_model)?;
        self.base.under(&format!("/{model}/{operation}")).ok()
    }
}
