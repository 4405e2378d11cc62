//! One request with its attempts.

use askama::Template;
use axum::extract::{Path, State};
use gateway_domain::ledger::Attempt;
use gateway_domain::{RequestId, money::Tokens};
use gateway_identity::Context;
use gateway_ledger::{
    Payload,
    requests::{self, RequestView},
};

use crate::{
    page::{Page, PageError},
    shell::Shell,
    view::{Label as _, Moment as _},
    visitor::Visitor,
};

#[derive(Template)]
#[template(path = "pages/request.html")]
pub(crate) struct RequestPage {
    pub(crate) shell: Shell,
    pub(crate) view: RequestView,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) payload: Option<Payload>,
}

pub(super) async fn show(
    State(ctx): State<Context>,
    visitor: Visitor,
    Path(id): Path<RequestId>,
) -> Result<Page<RequestPage>, PageError> {
    let detail = requests::get(&ctx, &visitor.caller, id).await?;
    Ok(Page::ok(RequestPage {
        shell: visitor.shell,
        view: detail.view,
        attempts: detail.attempts,
        payload: detail.payload,
    }))
}

impl RequestPage {
    /// What the caller says of the request.
    pub(crate) fn labels(&self) -> Vec<(String, String)> {
        let Some(labels) = self.view.record.labels.as_object() else {
            return Vec::new();
        };
        let text = |value: &serde_json::Value| match value.as_str() {
            Some(text) => text.to_owned(),
            None => value.to_string(),
        };
        let labels = labels.iter();
        labels
            .map(|(name, value)| (name.clone(), text(value)))
            .collect()
    }

    /// Whether some of it is paid for at a price that nobody knows.
    pub(crate) fn is_unpriced(&self) -> bool {
        let used = |attempt: &&Attempt| attempt.tokens != Tokens::default();
        let mut used = self.attempts.iter().filter(used);
        used.any(|attempt| attempt.pricing == gateway_domain::ledger::Pricing::Unpriced)
    }

    /// Whether some of its tokens are estimated.
    pub(crate) fn is_estimated(&self) -> bool {
        let mut attempts = self.attempts.iter();
        attempts.any(|attempt| attempt.usage == gateway_domain::ledger::UsageKind::Estimated)
    }
}

/// The kinds of tokens that were used, with what they are part of.
pub(crate) fn kinds(tokens: &Tokens) -> Vec<(&'static str, u64)> {
    let always = [("Input", tokens.input), ("Output", tokens.output)];
    let some = [
        ("Cache read", tokens.cache_read),
        ("Cache write", tokens.cache_write),
        ("of which for 1 h", tokens.cache_write_1h),
        ("Reasoning, part of output", tokens.reasoning),
        ("Audio, part of input", tokens.audio_input),
        ("Audio, part of output", tokens.audio_output),
        ("Images, part of input", tokens.image_input),
    ];
    let some = some.into_iter().filter(|(_, tokens)| *tokens > 0);
    always.into_iter().chain(some).collect()
}

/// A payload as it is best read: JSON indented, anything else as it is.
pub(crate) fn readable(text: &str) -> String {
    serde_json::from_str::<serde_json::Value>(text)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| text.to_owned())
}
