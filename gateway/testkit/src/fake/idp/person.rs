//! Who is signed in at the fake provider.

use serde_json::{Map, Value, json};

/// A person at the provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Their subject; a string in a proper provider.
    pub sub: Value,
    /// What else the provider says of them.
    pub claims: Map<String, Value>,
}

impl Person {
    /// `NAME@example.com`, verified, called Name, with the subject `sub-NAME`.
    pub fn named(name: &str) -> Self {
        let mut letters = name.chars();
        let capital: String = letters
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .collect();
        let claims = json!({
            "email": format!("{name}@example.com"),
            "email_verified": true,
            "name": format!("{capital}{}", letters.as_str()),
        });
        let Value::Object(claims) = claims else {
            unreachable!("written as an object")
        };
        Self {
            sub: json!(format!("sub-{name}")),
            claims,
        }
    }

    /// The claims with the subject.
    pub(super) fn with_sub(&self) -> Map<String, Value> {
        let mut all = self.claims.clone();
        all.insert("sub".to_owned(), self.sub.clone());
        all
    }
}
