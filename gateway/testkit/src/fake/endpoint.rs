//! How an endpoint answers when it does not answer properly.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use futures_util::stream;
use http::{HeaderName, HeaderValue, StatusCode, header};

/// How an endpoint answers: properly unless told otherwise.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    delay: Duration,
    headers: Vec<(String, String)>,
    instead: Option<Instead>,
}

#[derive(Clone, Debug)]
enum Instead {
    Body(u16, Bytes),
    /// This many bytes of spaces in one chunk after the other.
    Flood(u64),
    /// One byte a second.
    Drip,
    HangUp,
}

impl Manner {
    /// Properly.
    pub fn proper() -> Self {
        Self::default()
    }

    /// With a status and a small HTML page.
    pub fn status(status: u16) -> Self {
        Self::body(status, "text/html", "<h1>No</h1>")
    }

    /// With this and nothing else.
    pub fn body(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            instead: Some(Instead::Body(status, body.into())),
            ..Self::default()
        }
        .with_header("content-type", content_type)
    }

    /// With a JSON value.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::body(status, "application/json", body.to_string())
    }

    /// With an error of OAuth (RFC 6749 §5.2).
    pub fn oauth_error(status: u16, error: &str) -> Self {
        Self::json(status, &serde_json::json!({ "error": error }))
    }

    /// With a redirect.
    pub fn redirect(status: u16, to: &str) -> Self {
        Self::status(status).with_header("location", to)
    }

    /// With JSON that does not end before so many bytes.
    pub fn flood(bytes: u64) -> Self {
        Self {
            instead: Some(Instead::Flood(bytes)),
            ..Self::default()
        }
        .with_header("content-type", "application/json")
    }

    /// With 64 MiB of JSON in 64 KiB of gzip.
    pub fn gzip_bomb() -> Self {
        const BOMB: &[u8] = include_bytes!("../../testdata/padding-64mib.json.gz");
        Self::body(200, "application/json", BOMB).with_header("content-encoding", "gzip")
    }

    /// With one byte a second, for ever.
    pub fn drip() -> Self {
        Self {
            instead: Some(Instead::Drip),
            ..Self::default()
        }
        .with_header("content-type", "application/json")
    }

    /// Not at all: the connection closes in the middle of the body.
    pub fn hang_up() -> Self {
        Self {
            instead: Some(Instead::HangUp),
            ..Self::default()
        }
    }

    /// The same, later.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The same with another header, also on a proper answer.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Answers; `properly` only runs when there is nothing to answer instead.
    pub(crate) async fn answer(self, properly: impl FnOnce() -> Response) -> Response {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        let mut response = match self.instead {
            None => properly(),
            Some(instead) => instead.response(),
        };
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name.as_str()).expect("a header's name");
            let value = HeaderValue::try_from(value.as_str()).expect("a header's value");
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl Instead {
    fn response(self) -> Response {
        let (status, body) = match self {
            Self::Body(status, body) => (status, Body::from(body)),
            Self::Flood(bytes) => (200, flood(bytes)),
            Self::Drip => (200, drip()),
            Self::HangUp => (200, hang_up()),
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
        response
    }
}

fn flood(bytes: u64) -> Body {
    const CHUNK: &[u8] = &[b' '; 16384];
    let chunks = bytes.div_ceil(CHUNK.len() as u64);
    Body::from_stream(stream::unfold(0, move |sent| async move {
        (sent < chunks).then(|| (Ok::<_, std::io::Error>(Bytes::from_static(CHUNK)), sent + 1))
    }))
}

fn drip() -> Body {
    Body::from_stream(stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ()))
    }))
}

fn hang_up() -> Body {
    let pieces = [
        Ok(Bytes::from_static(b"{")),
        Err(std::io::Error::other("hung up")),
    ];
    Body::from_stream(stream::iter(pieces))
}

/// A proper JSON answer.
pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
