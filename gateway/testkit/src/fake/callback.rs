//! What a provider sends the browser back with.

use std::fmt;

use url::{Url, form_urlencoded};

/// A redirect of the browser back to the gateway, to be bent before it is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The path of the redirect URI.
    pub path: String,
    /// The query, in order.
    pub params: Vec<(String, String)>,
}

impl Callback {
    /// To `redirect_uri`, with nothing yet.
    pub fn to(redirect_uri: &str) -> Self {
        let url = Url::parse(redirect_uri).expect("a redirect URI is absolute");
        Self {
            path: url.path().to_owned(),
            params: Vec::new(),
        }
    }

    /// With one more parameter, also when there is one of the name already.
    #[must_use]
    pub fn and(mut self, name: &str, value: impl Into<String>) -> Self {
        self.params.push((name.to_owned(), value.into()));
        self
    }

    /// With this parameter in place of those of its name.
    #[must_use]
    pub fn with(self, name: &str, value: impl Into<String>) -> Self {
        self.without(name).and(name, value)
    }

    /// Without the parameters of this name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.params.retain(|(known, _)| known != name);
        self
    }

    /// The same at another path.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// The first value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.params.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.params)
            .finish();
        write!(f, "{}?{query}", self.path)
    }
}
