//! Words for what the ledger and the request log say.

use std::borrow::Cow;

use gateway_domain::{
    Payloads, ServiceAccountStatus,
    ledger::{Outcome, Pricing, RequestRecord, Surface, UsageKind},
    money::Price,
};

use super::Label;

impl Label for Surface {
    fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Chat => "Chat completions".into(),
            Self::Responses => "Responses".into(),
            Self::Messages => "Messages".into(),
            Self::CountTokens => "Count tokens".into(),
            Self::Embeddings => "Embeddings".into(),
        }
    }
}

impl Label for Outcome {
    fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Success => "Success".into(),
            Self::Error => "Error".into(),
            Self::Timeout => "Timeout".into(),
            Self::ClientAbort => "Client went away".into(),
            Self::Cut => "Broken off".into(),
            Self::Killed => "Gateway stopped".into(),
        }
    }

    fn tone(&self) -> &'static str {
        match self {
            Self::Success => "ok",
            Self::ClientAbort => "warn",
            Self::Error | Self::Timeout | Self::Cut | Self::Killed => "bad",
        }
    }
}

impl Label for UsageKind {
    fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Reported => "reported by the provider".into(),
            Self::Estimated => "estimated from the texts".into(),
            Self::None => "nothing was used".into(),
        }
    }
}

impl Label for Pricing {
    fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Priced => "catalogue".into(),
            Self::Override => "this route’s own price".into(),
            Self::Unpriced => "no price known".into(),
        }
    }
}

impl Label for Payloads {
    fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Off => "Nothing is kept".into(),
            Self::Redacted => "Redacted: texts are replaced by their lengths".into(),
            Self::Full => "Kept in full".into(),
        }
    }
}

impl Label for ServiceAccountStatus {
    fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Active => "Active".into(),
            Self::Disabled => "Disabled".into(),
        }
    }

    fn tone(&self) -> &'static str {
        match self {
            Self::Active => "ok",
            Self::Disabled => "bad",
        }
    }
}

/// The kinds of a price that are known, in dollars a million tokens.
pub(crate) fn price_kinds(price: &Price) -> Vec<(&'static str, String)> {
    let always = [("input", Some(price.input)), ("output", Some(price.output))];
    let some = [
        ("cache read", price.cache_read),
        ("cache write", price.cache_write),
        ("cache write, 1 h", price.cache_write_1h),
        ("reasoning", price.reasoning),
        ("audio in", price.audio_input),
        ("audio out", price.audio_output),
        ("image in", price.image_input),
    ];
    let known = |(kind, rate): (&'static str, Option<_>)| Some((kind, format!("${}", rate?)));
    always.into_iter().chain(some).filter_map(known).collect()
}

/// The tone of what a status and a code together say.
pub(crate) fn tone(record: &RequestRecord) -> &'static str {
    match (record.status, &record.error_code) {
        (200..400, None) => "ok",
        (500.., _) => "bad",
        _ => "warn",
    }
}

/// What a status does not say: that the answer was not finished.
pub(crate) fn unfinished(record: &RequestRecord) -> Option<&'static str> {
    match record.error_code.as_deref()? {
        "client_abort" => Some("client went away"),
        "cut" => Some("broken off"),
        "killed" => Some("gateway stopped"),
        _ => None,
    }
}

/// One sentence on why a request or an attempt went wrong, for the codes that need one.
pub(crate) fn reason(code: &str) -> &'static str {
    match code {
        "client_abort" => "The client went away before the answer was finished.",
        "cut" => "The provider broke off in the middle of its answer.",
        "killed" => "The gateway ended in the middle of the call; what was used is estimated.",
        "model_not_found" => "There is no model of this name here.",
        "permission_denied" | "model_not_allowed" => "The key may not call this model.",
        "upstream_auth_failed" => {
            "The provider refused the gateway’s own credentials. An administrator has to look at them."
        }
        "unpriced" | "model_unpriced" => {
            "Nobody knows a price of this model, and the gateway’s policy is to refuse such calls."
        }
        "connect" | "connect_timeout" => "The provider could not be reached.",
        "first_byte_timeout" => "The provider did not begin its answer in time.",
        "idle_timeout" => "The provider stopped in the middle of its answer.",
        "rate_limited" | "rate_limit_exceeded" => "The provider asked to wait.",
        "overloaded" => "The provider is overloaded.",
        "credential" => "The gateway has no working credentials for the provider.",
        "garbage" => "The provider’s answer could not be understood.",
        "invalid_request_error" | "invalid_request" => "The request was not understood.",
        _ => "It failed; the code says how.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_names_the_kinds_it_has() {
        let price = Price {
            input: "0.15".parse().unwrap(),
            output: "0.6".parse().unwrap(),
            cache_read: "0.075".parse().ok(),
            ..Price::default()
        };
        let kinds = price_kinds(&price);
        let texts: Vec<&str> = kinds.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["$0.15", "$0.60", "$0.075"]);
    }
}
