//! What a caller asks, and how it is said to an upstream.

use std::sync::Arc;

use bytes::Bytes;
use gateway_domain::{RequestId, ledger::Surface};
use gateway_llm::{
    callers::{self, Rendering},
    dialects::{self, Target, embeddings},
    ir::{Request, Unsupported},
    providers::Plan,
    rewrite::{self, Peek},
};
use http::HeaderMap;

use crate::models::Route;

/// A call that is understood as far as it must be.
pub(crate) struct Ask {
    pub surface: Surface,
    pub headers: HeaderMap,
    pub query: Option<String>,
    pub body: Bytes,
    pub peek: Peek,
    /// Read in full when the first upstream needs it.
    request: Option<Result<Arc<Request>, Unsupported>>,
}

impl Ask {
    pub(crate) fn new(
        surface: Surface,
        headers: HeaderMap,
        query: Option<String>,
        body: Bytes,
        peek: Peek,
    ) -> Self {
        Self {
            surface,
            headers,
            query,
            body,
            peek,
            request: None,
        }
    }

    /// The body in the words of a route's upstream.
    pub(crate) fn words(&mut self, route: &Route, plan: Plan) -> Result<Bytes, Unsupported> {
        let model = route.upstream_model.as_str();
        match plan {
            Plan::Native(form) => rewrite::native(
                self.surface,
                &self.body,
                &self.peek,
                form,
                model,
                &self.headers,
            ),
            Plan::Translated(dialect) => {
                let request = self.request()?;
                let target = Target {
                    model,
                    is_openai: route.provider.is_openai(),
                };
                let body = dialects::write(dialect, &request, &target)?;
                let bytes = serde_json::to_vec(&body);
                bytes
                    .map(Bytes::from)
                    .map_err(|error| Unsupported::new("", error.to_string()))
            }
            Plan::Embeddings(dialect) => {
                embeddings::write(dialect, &self.body, model).map(Bytes::from)
            }
        }
    }

    fn request(&mut self) -> Result<Arc<Request>, Unsupported> {
        self.request
            .get_or_insert_with(|| callers::parse(self.surface, &self.body).map(Arc::new))
            .clone()
    }

    /// What an answer says of itself.
    pub(crate) fn rendering(
        &mut self,
        id: RequestId,
        created: i64,
    ) -> Result<Rendering, Unsupported> {
        Ok(Rendering {
            id: id.uuid().simple().to_string(),
            model: self.peek.model.clone(),
            created,
            include_usage: self.peek.include_usage,
            request: self.request()?,
        })
    }
}
