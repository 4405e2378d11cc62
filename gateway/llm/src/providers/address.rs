//! Where calls go: a base URL that was read once, and what comes after it.

use http::{
    Uri,
    uri::{Authority, Parts, PathAndQuery, Scheme},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::BuildError;

/// What AWS leaves alone in a path, and nobody else minds.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Google's versions of models follow an `@`, which its own clients leave as it is.
const SEGMENT_WITH_AT: &AsciiSet = &SEGMENT.remove(b'@');

/// A base URL.
#[derive(Clone)]
pub(super) struct Base {
    scheme: Scheme,
    authority: Authority,
    prefix: String,
}

impl Base {
    /// Takes a base URL apart. A query, a fragment or a password in it is refused.
    pub(super) fn new(url: &Url) -> Result<Self, BuildError> {
        let refused = |reason: &str| BuildError::Address(reason.to_owned());
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("takes neither a query nor a fragment"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("takes no user and no password"));
        }
        let scheme = match url.scheme() {
            "https" => Scheme::HTTPS,
            "http" => Scheme::HTTP,
            _ => return Err(refused("is neither http nor https")),
        };
        let host = url.host_str().ok_or_else(|| refused("has no host"))?;
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Ok(Self {
            scheme,
            authority: authority
                .parse()
                .map_err(|_| refused("has no usable host"))?,
            prefix: url.path().trim_end_matches('/').to_owned(),
        })
    }

    pub(super) fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The base that lies `rest` further down, unless this one ends with it already.
    pub(super) fn joined(&self, rest: &str) -> Self {
        let mut joined = self.clone();
        if !joined.prefix.ends_with(rest) {
            joined.prefix.push_str(rest);
        }
        joined
    }

    /// The URL of the base itself, for connecting.
    pub(super) fn origin(&self) -> Uri {
        self.with(PathAndQuery::from_static("/"))
    }

    /// The URL of what lies under the base. `rest` begins with a slash and is encoded already.
    pub(super) fn under(&self, rest: &str) -> Result<Uri, BuildError> {
        let path = format!("{}{rest}", self.prefix);
        let path = path
            .try_into()
            .map_err(|_| BuildError::Address("has a path that cannot be called".to_owned()))?;
        Ok(self.with(path))
    }

    fn with(&self, path: PathAndQuery) -> Uri {
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).unwrap_or_default()
    }
}

/// A model's name as one segment of a path: whatever is in it, it stays one segment. `None` when that cannot be promised,
/// because some server on the way may decode it and read `..` out of it.
pub(super) fn segment(model: &str) -> Option<String> {
    escaped(model, SEGMENT)
}

/// The same, with `@` left as it is.
pub(super) fn segment_with_at(model: &str) -> Option<String> {
    escaped(model, SEGMENT_WITH_AT)
}

fn escaped(model: &str, set: &'static AsciiSet) -> Option<String> {
    let climbs = model
        .split(['/', '\\'])
        .any(|part| matches!(part, "" | "." | ".."));
    let is_safe = !climbs && !model.contains(char::is_control);
    is_safe.then(|| utf8_percent_encode(model, set).to_string())
}

/// `uri` with another query.
pub(super) fn with_query(uri: &Uri, query: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    let path = format!("{}?{query}", uri.path());
    parts.path_and_query = Some(path.try_into().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Result<Base, BuildError> {
        Base::new(&text.parse().unwrap())
    }

    #[test]
    fn a_base_keeps_its_path_and_port() {
        let base = base("https://proxy.example:8443/openai/v1/").unwrap();
        let uri = base.under("/chat/completions").unwrap();
        assert_eq!(uri, "https://proxy.example:8443/openai/v1/chat/completions");
        assert_eq!(base.origin(), "https://proxy.example:8443/");
    }

    #[test]
    fn a_base_with_secrets_or_a_query_is_refused() {
        for text in [
            "https://user:secret@example.com/v1",
            "https://example.com/v1?key=1",
            "https://example.com/v1#x",
            "ftp://example.com",
        ] {
            assert!(base(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_model_stays_one_segment() {
        for (model, expected) in [
            ("gpt-4o", Some("gpt-4o")),
            ("a/b", Some("a%2Fb")),
            ("x?alt=sse", Some("x%3Falt%3Dsse")),
            ("x#y", Some("x%23y")),
            ("x:rawPredict", Some("x%3ArawPredict")),
            ("a b%2e", Some("a%20b%252e")),
            ("claude@20250514", Some("claude%4020250514")),
            ("modèle", Some("mod%C3%A8le")),
            ("", None),
            (".", None),
            ("..", None),
            ("../../secrets", None),
            ("a/../b", None),
            ("a\\..\\b", None),
            ("a//b", None),
            ("a\r\nHost: evil", None),
            ("a\0", None),
        ] {
            assert_eq!(segment(model).as_deref(), expected, "{model:?}");
        }
        assert_eq!(segment_with_at("claude@1").as_deref(), Some("claude@1"));
    }
}
