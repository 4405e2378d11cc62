//! What a provider answered.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, StatusCode, header};
use serde::de::DeserializeOwned;

use super::HttpError;

/// An answer of any status, with its whole body.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The decoded body, within the limit that the caller set.
    pub body: Body,
}

/// A body. Its content does not show in `Debug`: it may be a token.
#[derive(Clone, Default)]
pub struct Body(Vec<u8>);

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Answer {
    /// The body as JSON; `None` when it is none of the asked shape.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body.0).ok()
    }

    /// A header's text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The media type in lower case, without parameters.
    pub fn media_type(&self) -> Option<String> {
        let value = self.header(&header::CONTENT_TYPE)?;
        let (essence, _) = value.split_once(';').unwrap_or((value, ""));
        Some(essence.trim().to_ascii_lowercase())
    }

    /// What time the other side thinks it is (RFC 9110 §6.6.1).
    pub fn date(&self) -> Option<DateTime<Utc>> {
        http_date(self.header(&header::DATE)?)
    }

    /// How long the other side wants to be left alone (RFC 9110 §10.2.3), in its seconds or up to its date.
    pub fn retry_after(&self, now: DateTime<Utc>) -> Option<Duration> {
        let text = self.header(&header::RETRY_AFTER)?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        (http_date(text)? - now).to_std().ok()
    }
}

/// The preferred form of RFC 9110 §5.6.7; the obsolete ones are not sent by anything alive.
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text.trim())
        .ok()
        .map(|at| at.with_timezone(&Utc))
}

/// Reads the decoded body up to `limit`: a small compressed answer may be a large one.
pub(super) async fn read(
    mut response: reqwest::Response,
    limit: usize,
    failed: impl Fn(&reqwest::Error) -> HttpError,
    too_large: impl FnOnce() -> HttpError,
) -> Result<Answer, HttpError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body: Body(body),
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn answer(name: HeaderName, value: &'static str) -> Answer {
        Answer {
            status: StatusCode::OK,
            headers: HeaderMap::from_iter([(name, HeaderValue::from_static(value))]),
            body: Body::default(),
        }
    }

    #[test]
    fn reads_dates_and_waits() {
        let date = answer(header::DATE, "Sun, 06 Nov 1994 08:49:37 GMT")
            .date()
            .expect("a date");
        assert_eq!(date.timestamp(), 784_111_777);
        let seconds = answer(header::RETRY_AFTER, "120").retry_after(date);
        assert_eq!(seconds, Some(Duration::from_mins(2)));
        let until = answer(header::RETRY_AFTER, "Sun, 06 Nov 1994 08:50:37 GMT").retry_after(date);
        assert_eq!(until, Some(Duration::from_mins(1)));
        assert_eq!(answer(header::RETRY_AFTER, "soon").retry_after(date), None);
    }

    #[test]
    fn reads_media_types() {
        let json = answer(header::CONTENT_TYPE, "Application/JSON; charset=utf-8");
        assert_eq!(json.media_type().as_deref(), Some("application/json"));
    }
}
