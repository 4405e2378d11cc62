//! `gemini` and `vertex`.

use gateway_domain::ledger::Surface;
use http::Uri;

use crate::{
    dialects::{Dialect, embeddings::EmbeddingsDialect},
    providers::{
        BuildError, Call, Plan,
        address::{Base, segment_with_at},
    },
    rewrite::NativeForm,
};

/// AI Studio.
pub(in crate::providers) struct Gemini {
    base: Base,
}

impl Gemini {
    pub(super) fn new(base: &Base) -> Self {
        Self {
            base: base.joined("/v1beta/models"),
        }
    }

    pub(super) fn plan(surface: Surface, model: &str) -> Option<Plan> {
        segment_with_at(bare(model))?;
        gemini_plan(surface, EmbeddingsDialect::Gemini)
    }

    pub(super) fn uri(&self, call: &Call<'_>) -> Option<Uri> {
        let method = match call.plan {
            Plan::Translated(Dialect::Gemini) => generate(call.stream),
            Plan::Embeddings(EmbeddingsDialect::Gemini) => "batchEmbedContents",
            _ => return None,
        };
        let model = segment_with_at(bare(call.upstream_model))?;
        self.base.under(&format!("/{model}:{method}")).ok()
    }
}

/// Vertex AI: Google's models, and Claude.
pub(in crate::providers) struct Vertex {
    base: Base,
}

impl Vertex {
    pub(super) fn new(base: &Base, project: &str, location: &str) -> Result<Self, BuildError> {
        let refused = |what| BuildError::Address(format!("cannot be called with this {what}"));
        let project = segment_with_at(project).ok_or_else(|| refused("project"))?;
        let location = segment_with_at(location).ok_or_else(|| refused("location"))?;
        let publishers = format!("/v1/projects/{project}/locations/{location}/publishers");
        Ok(Self {
            base: base.joined(&publishers),
        })
    }

    pub(super) fn plan(surface: Surface, model: &str) -> Option<Plan> {
        segment_with_at(bare(model))?;
        if !is_claude(model) {
            return gemini_plan(surface, EmbeddingsDialect::VertexPredict);
        }
        match surface {
            Surface::Messages | Surface::CountTokens => {
                Some(Plan::Native(NativeForm::VertexClaude))
            }
            Surface::Chat | Surface::Responses => Some(Plan::Translated(Dialect::Messages)),
            Surface::Embeddings => None,
        }
    }

    pub(super) fn uri(&self, call: &Call<'_>) -> Option<Uri> {
        let model = segment_with_at(bare(call.upstream_model))?;
        let path = match call.plan {
            Plan::Translated(Dialect::Gemini) => {
                format!("/google/models/{model}:{}", generate(call.stream))
            }
            Plan::Embeddings(EmbeddingsDialect::VertexPredict) => {
                format!("/google/models/{model}:predict")
            }
            Plan::Native(_) if call.surface == Surface::CountTokens => {
                "/anthropic/models/count-tokens:rawPredict".to_owned()
            }
            Plan::Native(_) | Plan::Translated(Dialect::Messages) if call.stream => {
                format!("/anthropic/models/{model}:streamRawPredict")
            }
            Plan::Native(_) | Plan::Translated(Dialect::Messages) => {
                format!("/anthropic/models/{model}:rawPredict")
            }
            _ => return None,
        };
        self.base.under(&path).ok()
    }
}

fn is_claude(model: &str) -> bool {
    model.starts_with("claude")
}

/// Google's own lists write `models/` before the name.
fn bare(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}

fn gemini_plan(surface: Surface, embeddings: EmbeddingsDialect) -> Option<Plan> {
    match surface {
        Surface::Chat | Surface::Responses | Surface::Messages => {
            Some(Plan::Translated(Dialect::Gemini))
        }
        Surface::Embeddings => Some(Plan::Embeddings(embeddings)),
        Surface::CountTokens => None,
    }
}

fn generate(stream: bool) -> &'static str {
    if stream {
        "streamGenerateContent?alt=sse"
    } else {
        "generateContent"
    }
}
