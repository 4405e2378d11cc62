//! A whole answer.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use gateway_domain::ledger::{Outcome, Surface};
use gateway_llm::{
    callers,
    dialects::{self, embeddings},
    ir::Garbage,
    providers::{AnswerBody, BodyError, Plan},
    usage,
};
use http::{HeaderMap, StatusCode};

use super::{Attempt, Good};
use crate::{failure::Failure, price::Used, ticket::End};

/// The longest whole answer. Embeddings and pictures are tens of megabytes at most.
const LONGEST: usize = 256 * 1024 * 1024;

impl Attempt<'_> {
    /// A whole answer: read before anything of it is sent, so that one that breaks off can be asked for again.
    pub(super) async fn whole(
        &mut self,
        status: StatusCode,
        headers: HeaderMap,
        body: AnswerBody,
    ) -> Result<Good, Failure> {
        let body = match read(body, LONGEST).await {
            Ok(body) => body,
            Err((error, so_far)) => return Err(self.cut(&error, so_far.len())),
        };
        let native = matches!(self.plan, Plan::Native(_));
        match self.understood(&body) {
            Ok((said, used)) => {
                self.ticket.settle(End {
                    outcome: Outcome::Success,
                    status: Some(status.as_u16()),
                    code: None,
                    used,
                });
                self.succeeded();
                Ok(Good::Whole {
                    status,
                    headers,
                    body: said.unwrap_or(body),
                    native,
                })
            }
            Err(_) => Err(self.garbage(self.reported(&body))),
        }
    }

    /// What an answer reports that cannot be told to the caller: it was paid for.
    fn reported(&self, body: &[u8]) -> Used {
        let tokens = match self.plan {
            Plan::Translated(dialect) => dialects::usage(dialect, body),
            Plan::Native(_) | Plan::Embeddings(_) => None,
        };
        tokens.map_or_else(Used::nothing, |tokens| Used::reported(tokens, None))
    }

    /// What a whole answer becomes for the caller, when it changes, and what it used.
    fn understood(&mut self, body: &Bytes) -> Result<(Option<Bytes>, Used), Garbage> {
        let surface = self.ask.surface;
        match self.plan {
            Plan::Native(_) => {
                if surface == Surface::CountTokens {
                    return Ok((None, Used::nothing()));
                }
                if let Some(reported) = usage::of_body(surface, body) {
                    return Ok((None, Used::reported(reported.tokens, reported.tier)));
                }
                // Without a usage it may be anything at all.
                serde_json::from_slice::<serde::de::IgnoredAny>(body)
                    .map_err(|error| Garbage(error.to_string()))?;
                Ok((None, self.estimated(body.len())))
            }
            Plan::Translated(dialect) => {
                let reply = dialects::read(dialect, body)?;
                let (id, created) = (self.ticket.id(), self.ticket.at().timestamp());
                let rendering = self.ask.rendering(id, created);
                let rendering = rendering.map_err(|error| Garbage(error.to_string()))?;
                let said = callers::reply(surface, &reply, &rendering);
                let used = match reply.usage {
                    Some(tokens) => Used::reported(tokens, None),
                    None => self.estimated(body.len()),
                };
                Ok((Some(said.into()), used))
            }
            Plan::Embeddings(dialect) => {
                let (said, tokens) =
                    embeddings::read(dialect, &self.ask.peek.model, &self.ask.body, body)?;
                let used = match tokens {
                    Some(tokens) => Used::reported(tokens, None),
                    None => self.estimated(0),
                };
                Ok((Some(said.into()), used))
            }
        }
    }
}

/// A body as a whole; on failure what has come of it.
pub(super) async fn read(
    mut body: AnswerBody,
    longest: usize,
) -> Result<Bytes, (BodyError, Bytes)> {
    let mut first: Option<Bytes> = None;
    let mut whole = BytesMut::new();
    while let Some(piece) = body.next().await {
        let piece = match piece {
            Ok(piece) => piece,
            Err(error) => return Err((error, first.unwrap_or_else(|| whole.freeze()))),
        };
        if whole.is_empty() && first.is_none() {
            first = Some(piece);
            continue;
        }
        if let Some(first) = first.take() {
            whole.extend_from_slice(&first);
        }
        if whole.len() + piece.len() > longest {
            let error = BodyError::Broken("the answer is too long".to_owned());
            return Err((error, whole.freeze()));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}
