//! How an attempt can fail, what is done about it, and what the caller is told when nothing more can be.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use gateway_domain::{RequestId, ledger::Surface};
use gateway_llm::{
    callers::errors::{ApiError, translate_upstream_error},
    dialects::Dialect,
    providers::Plan,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER},
};

use crate::{refusal::Refusal, reply::Reply};

/// The longest that is waited for an upstream that says when to come back.
const PATIENCE: Duration = Duration::from_secs(2);

/// A failed attempt.
pub(crate) struct Failure {
    pub next: Next,
    pub retry_after: Option<Duration>,
    pub told: Told,
}

/// What is done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: the call itself is wrong.
    Nothing,
    /// Another route may do; this one will not.
    Elsewhere,
    /// The same may work in a moment.
    Again {
        /// Others first: this route is left alone for a while.
        cools: bool,
    },
}

/// What the caller is told.
pub(crate) enum Told {
    /// The gateway's own words.
    Gateway(Refusal),
    /// The upstream's.
    Upstream(Box<Upstream>),
}

/// An upstream's refusal.
pub(crate) struct Upstream {
    pub plan: Plan,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Failure {
    pub(crate) fn gateway(next: Next, refusal: Refusal) -> Self {
        Self {
            next,
            retry_after: None,
            told: Told::Gateway(refusal),
        }
    }

    /// Whether to ask the same route again after `wait`; `None`: not within this call.
    pub(crate) fn wait(&self) -> Option<Duration> {
        match self.retry_after {
            Some(asked) if asked > PATIENCE => None,
            asked => Some(asked.unwrap_or_default()),
        }
    }
}

/// What is done about an upstream's status that is not 2xx.
pub(crate) fn judge(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Next {
    let is_hopeless = headers
        .get("x-should-retry")
        .is_some_and(|value| value == "false");
    match status.as_u16() {
        401..=404 => Next::Elsewhere,
        429 if has_no_quota(body) => Next::Elsewhere,
        408 | 409 | 429 | 500..=599 if is_hopeless => Next::Elsewhere,
        429 | 503 | 529 => Next::Again { cools: true },
        408 | 409 | 500..=599 => Next::Again { cools: false },
        400..=499 => Next::Nothing,
        // A redirect, or something stranger, in place of an answer.
        _ => Next::Elsewhere,
    }
}

/// No money left at the provider: waiting does not help.
fn has_no_quota(body: &[u8]) -> bool {
    memchr::memmem::find(body, b"insufficient_quota").is_some()
}

/// A short word for a status, for the ledger.
pub(crate) fn code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 => "upstream_auth_failed",
        404 => "not_found",
        408 => "request_timeout",
        413 => "request_too_large",
        429 => "rate_limited",
        503 | 529 => "overloaded",
        400..=499 => "invalid_request",
        500..=599 => "upstream_error",
        _ => "unexpected_status",
    }
}

/// When the upstream wants to be asked again.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |text: &str| {
        let number = text.parse::<f64>().ok()?;
        (number.is_finite() && number >= 0.0).then_some(number)
    };
    if let Some(milliseconds) = text("retry-after-ms").and_then(number) {
        return Duration::try_from_secs_f64(milliseconds / 1000.0).ok();
    }
    let said = text(RETRY_AFTER.as_str())?;
    if let Some(seconds) = number(said) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = DateTime::parse_from_rfc2822(said).ok()?;
    Some((at.to_utc() - now).to_std().unwrap_or_default())
}

/// Copies to the caller what an upstream's head says of the call: its kind, limits, and its own id under another name.
pub(crate) fn pass_headers(from: &HeaderMap, to: &mut HeaderMap) {
    for (name, value) in from {
        let word = name.as_str();
        let is_passed = matches!(
            word,
            "retry-after"
                | "retry-after-ms"
                | "x-should-retry"
                | "openai-processing-ms"
                | "openai-version"
        ) || *name == CONTENT_TYPE
            || *name == CONTENT_ENCODING
            || word.starts_with("anthropic-ratelimit-")
            || word.starts_with("x-ratelimit-");
        if is_passed {
            to.insert(name.clone(), value.clone());
        } else if matches!(
            word,
            "request-id" | "x-request-id" | "apim-request-id" | "x-amzn-requestid"
        ) {
            to.insert(
                HeaderName::from_static("x-upstream-request-id"),
                value.clone(),
            );
        }
    }
}

impl Upstream {
    /// What it says, in the caller's words.
    pub(crate) fn said(&self, surface: Surface) -> ApiError {
        let status = self.status.as_u16();
        let own = match surface {
            Surface::Messages | Surface::CountTokens => Dialect::Messages,
            _ => Dialect::Chat,
        };
        let dialect = self.plan.refusal(&self.body).unwrap_or(own);
        translate_upstream_error(dialect, status, &self.body, surface)
    }

    /// As the caller gets it: as it came where both speak the same protocol, else in the caller's words. The status, and the
    /// gateway's own code where there is one.
    pub(crate) fn reply(self, surface: Surface, id: RequestId) -> (Reply, String) {
        if matches!(self.status.as_u16(), 401 | 403) {
            let refusal = Refusal::upstream_auth_failed();
            return (refusal.reply(surface, id), refusal.code().to_owned());
        }
        let is_error = self.status.is_client_error() || self.status.is_server_error();
        match self.plan.refusal(&self.body) {
            None if is_error => {
                let mut reply = Reply::whole(self.status, id, self.body);
                pass_headers(&self.headers, &mut reply.headers);
                reply.for_surface(surface, id);
                (reply, code(self.status).to_owned())
            }
            _ if !is_error => {
                let refusal = Refusal::upstream_broken();
                (refusal.reply(surface, id), refusal.code().to_owned())
            }
            _ => {
                let refusal = Refusal::translated(self.said(surface));
                let mut reply = refusal.reply(surface, id);
                let json = reply.headers.get(CONTENT_TYPE).cloned();
                pass_headers(&self.headers, &mut reply.headers);
                reply.headers.remove(CONTENT_ENCODING);
                reply.headers.insert(
                    CONTENT_TYPE,
                    json.unwrap_or(HeaderValue::from_static("application/json")),
                );
                (reply, refusal.code().to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_all_its_forms() {
        let now = DateTime::parse_from_rfc3339("2026-01-02T03:04:05Z")
            .unwrap()
            .to_utc();
        let read = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(read("retry-after", "7"), Some(Duration::from_secs(7)));
        assert_eq!(read("retry-after", "0.5"), Some(Duration::from_millis(500)));
        assert_eq!(
            read("retry-after-ms", "1500"),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(
            read("retry-after", "Fri, 02 Jan 2026 03:05:05 GMT"),
            Some(Duration::from_mins(1))
        );
        assert_eq!(
            read("retry-after", "Fri, 02 Jan 2026 03:00:05 GMT"),
            Some(Duration::ZERO)
        );
        for odd in ["", "soon", "-1", "NaN", "inf", "1e300"] {
            assert_eq!(read("retry-after", odd), None, "{odd}");
        }
    }

    #[test]
    fn a_status_says_what_to_do() {
        let plain = HeaderMap::new();
        let judged = |status: u16| judge(StatusCode::from_u16(status).unwrap(), &plain, b"");
        for status in [400, 405, 413, 422] {
            assert_eq!(judged(status), Next::Nothing);
        }
        for status in [302, 401, 402, 403, 404] {
            assert_eq!(judged(status), Next::Elsewhere);
        }
        for (status, cools) in [
            (408, false),
            (429, true),
            (500, false),
            (502, false),
            (503, true),
            (529, true),
        ] {
            assert_eq!(judged(status), Next::Again { cools });
        }
        let quota = br#"{"error":{"code":"insufficient_quota"}}"#;
        assert_eq!(
            judge(StatusCode::TOO_MANY_REQUESTS, &plain, quota),
            Next::Elsewhere
        );
        let mut hopeless = HeaderMap::new();
        hopeless.insert("x-should-retry", HeaderValue::from_static("false"));
        assert_eq!(
            judge(StatusCode::BAD_GATEWAY, &hopeless, b""),
            Next::Elsewhere
        );
    }
}
