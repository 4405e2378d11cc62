//! A browser's cookies.

use std::collections::BTreeMap;

use http::{HeaderMap, header::SET_COOKIE};

/// Name and value of each.
#[derive(Clone, Debug, Default)]
pub struct Jar(BTreeMap<String, String>);

impl Jar {
    /// Takes what an answer sets and drops what it deletes.
    pub fn take(&mut self, headers: &HeaderMap) {
        for cookie in set_cookies(headers) {
            if cookie.is_deleted() {
                self.0.remove(&cookie.name);
            } else {
                self.0.insert(cookie.name, cookie.value);
            }
        }
    }

    /// The header of a request; `None` without cookies.
    pub fn header(&self) -> Option<String> {
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    pub fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Those of started sign-ins.
    pub fn flows(&self) -> Vec<(String, String)> {
        let pairs = self.0.iter().filter(|(name, _)| name.contains("ogw_flow_"));
        pairs
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// A `Set-Cookie` header in its parts.
#[derive(Clone, Debug)]
pub struct SetCookie {
    pub name: String,
    pub value: String,
    /// In lower case: `path=/`, `secure`.
    pub attributes: Vec<String>,
}

impl SetCookie {
    pub fn is_deleted(&self) -> bool {
        self.has("max-age=0")
            || self
                .attributes
                .iter()
                .any(|attribute| attribute.starts_with("expires=thu, 01 jan 1970"))
    }

    pub fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|known| known == attribute)
    }
}

/// The cookies that an answer sets or deletes.
pub fn set_cookies(headers: &HeaderMap) -> Vec<SetCookie> {
    let lines = headers.get_all(SET_COOKIE).iter();
    lines
        .map(|line| {
            let mut parts = line.to_str().unwrap().split(';').map(str::trim);
            let (name, value) = parts.next().unwrap().split_once('=').unwrap();
            SetCookie {
                name: name.to_owned(),
                value: value.to_owned(),
                attributes: parts.map(str::to_lowercase).collect(),
            }
        })
        .collect()
}
