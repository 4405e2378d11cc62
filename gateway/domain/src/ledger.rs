//! What is written down of every call: one row an attempt, one a request.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    ApiKeyId, AttemptId, KeyOwner, RequestId, TeamId,
    money::{NanoUsd, Tokens},
    role::{UnknownWord, words},
};

use std::{fmt, str::FromStr};

words! {
    /// How an attempt ended.
    Outcome {
        /// The upstream answered, all of it reached us.
        Success = "success",
        /// The upstream refused, could not be reached, or answered what is no answer.
        Error = "error",
        /// The upstream took too long to connect, to begin or to go on.
        Timeout = "timeout",
        /// The client went away.
        ClientAbort = "client_abort",
        /// The upstream broke off in the middle of its answer.
        Cut = "cut",
        /// The gateway ended in the middle of it; recovered at a later start.
        Killed = "killed",
    }
    /// Where an attempt's tokens come from.
    UsageKind {
        /// The upstream said.
        Reported = "reported",
        /// The upstream did not say; reckoned from the texts.
        Estimated = "estimated",
        /// Nothing was used.
        None = "none",
    }
    /// Where an attempt's price comes from.
    Pricing {
        /// The catalogue.
        Priced = "priced",
        /// The route's own `price` in the file.
        Override = "override",
        /// Nobody knows one; the cost is 0 and that is not true.
        Unpriced = "unpriced",
    }
    /// Which operation of the data plane was called.
    Surface {
        /// `POST /v1/chat/completions`.
        Chat = "chat",
        /// `POST /v1/responses`.
        Responses = "responses",
        /// `POST /v1/messages`.
        Messages = "messages",
        /// `POST /v1/messages/count_tokens`.
        CountTokens = "count_tokens",
        /// `POST /v1/embeddings`.
        Embeddings = "embeddings",
    }
}

/// On whose account a request goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The key.
    pub key_id: ApiKeyId,
    /// The key's owner.
    pub owner: KeyOwner,
    /// The service account's team, or the team that the person has been in the longest.
    pub team_id: Option<TeamId>,
}

/// A call of one upstream, over and settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which.
    pub id: AttemptId,
    /// Of which request.
    pub request_id: RequestId,
    /// Its place among the request's attempts, from 0.
    pub ordinal: i32,
    /// On whose account.
    pub account: Account,
    /// The model as the caller named it.
    pub model: String,
    /// The provider's id in the file.
    pub provider: String,
    /// The model as the upstream names it.
    pub upstream_model: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The upstream's status, if it sent one.
    pub upstream_status: Option<i32>,
    /// A short stable word for what went wrong, when something did: `connect`, `first_byte_timeout`, `rate_limited`, …
    pub error_code: Option<String>,
    /// Where the tokens come from.
    pub usage: UsageKind,
    /// Where the price comes from.
    pub pricing: Pricing,
    /// What was used.
    pub tokens: Tokens,
    /// What it cost.
    pub cost: NanoUsd,
    /// When the upstream was called.
    pub started_at: DateTime<Utc>,
    /// Milliseconds until the answer's first byte.
    pub first_byte_ms: Option<i32>,
    /// Milliseconds until it was over.
    pub total_ms: i32,
}

/// A request, over. Its tokens and cost are the sums of its attempts'.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// The answer's `x-request-id`.
    pub id: RequestId,
    /// When it came.
    pub at: DateTime<Utc>,
    /// What was called.
    pub surface: Surface,
    /// On whose account.
    pub account: Account,
    /// The model as the caller named it; empty when the request did not get so far.
    pub model: String,
    /// The provider and upstream model that answered, when one did.
    pub served_by: Option<(String, String)>,
    /// Whether a stream was asked for.
    pub streamed: bool,
    /// The status that the caller got.
    pub status: i32,
    /// The stable code of the gateway's or the upstream's refusal; `client_abort`, `cut`, `killed` when the answer was
    /// not finished.
    pub error_code: Option<String>,
    /// How many upstreams were called.
    pub attempts: i32,
    /// Summed over the attempts.
    pub tokens: Tokens,
    /// Summed over the attempts.
    pub cost: NanoUsd,
    /// Milliseconds until the caller got the first byte of the body.
    pub first_byte_ms: Option<i32>,
    /// Milliseconds until the caller had it all.
    pub total_ms: i32,
    /// What the caller sent as `x-request-id`: a label.
    pub client_request_id: Option<String>,
    /// What else the caller says of the request: labels, not facts. A JSON object of texts.
    pub labels: serde_json::Value,
}
