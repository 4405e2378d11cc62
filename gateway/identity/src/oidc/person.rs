//! What the claims say of a person. Odd values are as good as none: they never stop a sign-in.

use gateway_config::Claims;
use gateway_domain::Email;
use serde_json::{Map, Value};

use crate::words::may_stand_in_name;

const LONGEST_NAME: usize = 200;

/// What one source, ID token or userinfo, says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub email: Option<Email>,
    /// `None`: not said.
    pub email_verified: Option<bool>,
    pub name: Option<String>,
}

impl Person {
    /// Reads the claims that the operator named.
    pub fn read(claims: &Map<String, Value>, names: &Claims) -> Self {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let address = text(&names.email);
        // `email_verified` speaks of the claim `email` (Core §5.1): where the operator reads the address elsewhere, it
        // says nothing of an address that differs.
        let vouched = text("email").is_none_or(|email| Some(email) == address);
        Self {
            email: address.and_then(|address| address.parse().ok()),
            email_verified: claims
                .get("email_verified")
                .map(|value| vouched && is_true(value)),
            name: text(&names.name).and_then(readable),
        }
    }

    /// Adds what userinfo says and the ID token does not; where they contradict, the ID token is right.
    pub fn or(self, userinfo: Self) -> Self {
        let (email, email_verified) = match self.email {
            None => (userinfo.email, userinfo.email_verified),
            Some(email) => {
                let same = userinfo
                    .email
                    .as_ref()
                    .is_some_and(|theirs| theirs.key() == email.key());
                let theirs = userinfo.email_verified.filter(|_| same);
                (Some(email), self.email_verified.or(theirs))
            }
        };
        Self {
            email,
            email_verified,
            name: self.name.or(userinfo.name),
        }
    }

    /// Whether userinfo could add something.
    pub fn lacks_something(&self) -> bool {
        self.email.is_none() || self.email_verified.is_none() || self.name.is_none()
    }
}

/// `true`, or the text that Cognito sends for it; no other word is a yes.
fn is_true(value: &Value) -> bool {
    *value == Value::Bool(true) || value == "true"
}

fn readable(name: &str) -> Option<String> {
    let name: String = name
        .chars()
        .filter(|&c| may_stand_in_name(c))
        .take(LONGEST_NAME)
        .collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(email: &str) -> Claims {
        Claims {
            email: email.to_owned(),
            name: "name".to_owned(),
        }
    }

    fn person(claims: &Value) -> Person {
        Person::read(claims.as_object().expect("an object"), &names("email"))
    }

    #[test]
    fn case_116_only_true_is_a_yes() {
        for (value, verified) in [
            (json!(true), true),
            (json!("true"), true),
            (json!(false), false),
            (json!("false"), false),
            (json!("TRUE"), false),
            (json!("yes"), false),
            (json!(1), false),
            (json!(null), false),
            (json!({}), false),
        ] {
            let person = person(&json!({"email": "a@ex.com", "email_verified": value}));
            assert_eq!(person.email_verified, Some(verified), "{value}");
        }
        assert_eq!(person(&json!({"email": "a@ex.com"})).email_verified, None);
    }

    #[test]
    fn case_116_odd_values_are_none() {
        for value in [
            json!(1),
            json!(null),
            json!(["a@ex.com"]),
            json!({"a": 1}),
            json!("no address"),
            json!(""),
        ] {
            assert_eq!(
                person(&json!({"email": value, "name": value})).email,
                None,
                "{value}"
            );
        }
        assert_eq!(person(&json!({"name": ["x"]})).name, None);
        assert_eq!(person(&json!({"name": " \u{0} "})).name, None);
        assert_eq!(
            person(&json!({"name": " Ada\nL "})).name.as_deref(),
            Some("AdaL")
        );
        assert_eq!(
            person(&json!({"name": "\u{202e}nimda\u{200b} "}))
                .name
                .as_deref(),
            Some("nimda")
        );
        assert_eq!(person(&json!({"name": "\u{200b}\u{2066}"})).name, None);
        let nested = json!({"address": "x", "locale": {}, "amr": "pwd", "updated_at": "2026-01-01", "email": "a@ex.com"});
        assert!(person(&nested).email.is_some());
    }

    #[test]
    fn case_158_the_flag_speaks_of_the_claim_email() {
        let read =
            |claims: Value| Person::read(claims.as_object().expect("an object"), &names("upn"));
        let other =
            read(json!({"upn": "victim@ex.com", "email": "me@evil.com", "email_verified": true}));
        assert_eq!(other.email_verified, Some(false));
        let same = read(json!({"upn": "a@ex.com", "email": "a@ex.com", "email_verified": true}));
        assert_eq!(same.email_verified, Some(true));
        let alone = read(json!({"upn": "a@ex.com", "email_verified": true}));
        assert_eq!(alone.email_verified, Some(true));
    }

    #[test]
    fn case_148_the_id_token_wins() {
        let token = person(&json!({"email": "a@ex.com", "email_verified": false}));
        let userinfo = person(&json!({"email": "b@ex.com", "email_verified": true, "name": "B"}));
        let merged = token.or(userinfo.clone());
        assert_eq!(merged.email.as_ref().map(Email::as_str), Some("a@ex.com"));
        assert_eq!(merged.email_verified, Some(false));
        assert_eq!(merged.name.as_deref(), Some("B"));
        let silent = person(&json!({"email": "a@ex.com"}));
        assert_eq!(silent.clone().or(userinfo).email_verified, None);
        let agreeing = person(&json!({"email": "A@ex.com", "email_verified": "true"}));
        assert_eq!(silent.or(agreeing).email_verified, Some(true));
    }
}
