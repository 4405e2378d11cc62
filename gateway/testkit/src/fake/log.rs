//! What a fake provider was asked.

use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, Method, Uri};
use url::form_urlencoded;

/// One request that arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// With which method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// The query; empty without one.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Seen {
    pub(crate) fn new(method: Method, uri: &Uri, headers: HeaderMap, body: &[u8]) -> Self {
        Self {
            method,
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            headers,
            body: String::from_utf8_lossy(body).into_owned(),
        }
    }

    /// A field of the body as a form.
    pub fn field(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.body.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Every request that arrived, in order. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<Seen>>>);

impl Log {
    pub(crate) fn push(&self, seen: Seen) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seen);
    }

    /// The requests whose path ends so.
    pub fn of(&self, path_end: &str) -> Vec<Seen> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .filter(|seen| seen.path.ends_with(path_end))
            .cloned()
            .collect()
    }

    /// How many requests had a path that ends so.
    pub fn count(&self, path_end: &str) -> usize {
        self.of(path_end).len()
    }

    /// The last request whose path ends so.
    pub fn last(&self, path_end: &str) -> Seen {
        let found = self.of(path_end).pop();
        found.unwrap_or_else(|| panic!("nobody asked for …{path_end}"))
    }

    /// All of them.
    pub fn all(&self) -> Vec<Seen> {
        self.of("")
    }
}
