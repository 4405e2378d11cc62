//! `azure_openai`.

use gateway_domain::ledger::Surface;
use http::Uri;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::openai::{OWN, OpenAi};
use crate::{
    dialects::Dialect,
    providers::{
        BuildError, Plan,
        address::{Base, segment},
    },
    rewrite::NativeForm,
};

/// The two forms of the API.
pub(in crate::providers) enum Azure {
    /// `/openai/v1`: the deployment's name is the body's `model`.
    Undated(OpenAi),
    /// The dated API: the deployment stands in the path.
    Dated {
        base: Base,
        /// `?api-version=…`
        query: String,
    },
}

impl Azure {
    pub(super) fn new(base: &Base, api_version: Option<&str>) -> Result<Self, BuildError> {
        let Some(version) = api_version else {
            return Ok(Self::Undated(OpenAi::new(
                &base.joined("/openai/v1"),
                &OWN,
            )?));
        };
        let version: String = utf8_percent_encode(version, NON_ALPHANUMERIC)
            .to_string()
            .replace("%2D", "-");
        Ok(Self::Dated {
            base: base.joined("/openai"),
            query: format!("?api-version={version}"),
        })
    }

    pub(super) fn plan(&self, surface: Surface, model: &str) -> Option<Plan> {
        if matches!(self, Self::Dated { .. }) {
            segment(model)?;
        }
        match surface {
            Surface::Chat | Surface::Responses | Surface::Embeddings => {
                Some(Plan::Native(NativeForm::AsIs))
            }
            Surface::Messages => Some(Plan::Translated(Dialect::Chat)),
            Surface::CountTokens => None,
        }
    }

    pub(super) fn uri(&self, surface: Surface, model: &str) -> Option<Uri> {
        let (base, query) = match self {
            Self::Undated(site) => return site.uri(surface),
            Self::Dated { base, query } => (base, query),
        };
        let deployment = segment(model)?;
        let path = match surface {
            Surface::Chat => format!("/deployments/{deployment}/chat/completions{query}"),
            Surface::Embeddings => format!("/deployments/{deployment}/embeddings{query}"),
            // The one operation of the dated API that has the deployment in its body.
            Surface::Responses => format!("/responses{query}"),
            Surface::Messages | Surface::CountTokens => return None,
        };
        base.under(&path).ok()
    }
}
