//! `openai` and `openai_compatible`.

use gateway_domain::ledger::Surface;
use http::Uri;

use crate::{
    dialects::Dialect,
    providers::{BuildError, Plan, address::Base},
    rewrite::NativeForm,
};

/// What `OpenAI` itself serves.
pub(super) const OWN: [Surface; 3] = [Surface::Chat, Surface::Responses, Surface::Embeddings];

/// The addresses of the surfaces that are served.
pub(in crate::providers) struct OpenAi {
    served: Vec<(Surface, Uri)>,
}

impl OpenAi {
    pub(super) fn new(base: &Base, surfaces: &[Surface]) -> Result<Self, BuildError> {
        let served = surfaces.iter().map(|surface| {
            let path = match surface {
                Surface::Chat => "/chat/completions",
                Surface::Responses => "/responses",
                Surface::Embeddings => "/embeddings",
                Surface::Messages => "/messages",
                Surface::CountTokens => "/messages/count_tokens",
            };
            Ok((*surface, base.under(path)?))
        });
        Ok(Self {
            served: served.collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn plan(&self, surface: Surface) -> Option<Plan> {
        if self.uri(surface).is_some() {
            return Some(Plan::Native(NativeForm::AsIs));
        }
        let converses = matches!(
            surface,
            Surface::Chat | Surface::Responses | Surface::Messages
        );
        if !converses {
            return None;
        }
        let spoken = [
            (Surface::Chat, Dialect::Chat),
            (Surface::Messages, Dialect::Messages),
        ];
        spoken
            .into_iter()
            .find(|(surface, _)| self.uri(*surface).is_some())
            .map(|(_, dialect)| Plan::Translated(dialect))
    }

    pub(super) fn uri(&self, surface: Surface) -> Option<Uri> {
        let mut served = self.served.iter();
        served
            .find(|(served, _)| *served == surface)
            .map(|(_, uri)| uri.clone())
    }
}
