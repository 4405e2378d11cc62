//! E-mail addresses, compared conservatively.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// An e-mail address as its owner wrote it, with the key by which two addresses are the same.
///
/// The key folds ASCII upper case and nothing else: dots, plus-tags and Unicode forms stay distinct, so that no two
/// mailboxes are ever taken for one. An address with characters outside ASCII keeps its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// Why a text is not an e-mail address that the gateway takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an e-mail address: expected name@host, at most 254 bytes, without spaces or control characters"
)]
pub struct EmailError;

impl Email {
    /// The address as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two addresses are compared by: ASCII letters folded to lower case.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// The part behind the last `@`, in lower case.
    pub fn domain(&self) -> String {
        self.0
            .rsplit_once('@')
            .map_or_else(String::new, |(_, host)| host.to_ascii_lowercase())
    }

    /// Whether the host is exactly one of `domains`; no sub-domain, no suffix. An empty list allows every host.
    pub fn is_within(&self, domains: &[String]) -> bool {
        domains.is_empty()
            || domains
                .iter()
                .any(|domain| domain.eq_ignore_ascii_case(&self.domain()))
    }
}

impl FromStr for Email {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        let (local, host) = text.rsplit_once('@').ok_or(EmailError)?;
        let odd = |c: char| {
            c.is_control()
                || c.is_whitespace()
                || matches!(
                    c,
                    '@' | '<' | '>' | '"' | ',' | ';' | '\\' | '(' | ')' | '[' | ']' | ':'
                )
        };
        let invisible = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}');
        let host_ok = !host.is_empty()
            && host.len() <= 253
            && !host.starts_with(['.', '-'])
            && !host.ends_with(['.', '-'])
            && !host.contains("..")
            && host
                .chars()
                .all(|c| c.is_alphanumeric() || c == '.' || c == '-');
        if local.is_empty()
            || text.len() > 254
            || !host_ok
            || text.chars().any(invisible)
            || local.chars().any(odd)
        {
            return Err(EmailError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Email {
    type Error = EmailError;

    fn try_from(text: String) -> Result<Self, EmailError> {
        text.parse()
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn email(text: &str) -> Email {
        text.parse()
            .unwrap_or_else(|_| panic!("{text} is an address"))
    }

    #[test]
    fn case_159_only_ascii_case_is_folded() {
        assert_eq!(email("Victim@Ex.com").key(), email("victim@ex.com").key());
        assert_ne!(email("ÄNNE@ex.com").key(), email("änne@ex.com").key());
        assert_ne!(email("a\u{30a}@ex.com").key(), email("\u{e5}@ex.com").key());
    }

    #[test]
    fn case_162_a_domain_is_the_exact_host() {
        let allowed = ["ex.com".to_owned()];
        for inside in ["a@ex.com", "a@EX.COM"] {
            assert!(email(inside).is_within(&allowed), "{inside}");
        }
        for outside in ["a@ex.com.evil.com", "a@evilex.com", "a@sub.ex.com"] {
            assert!(!email(outside).is_within(&allowed), "{outside}");
        }
        assert!("a@evil.com@ex.com".parse::<Email>().is_err());
    }

    #[test]
    fn case_163_plus_and_dot_are_part_of_the_name() {
        assert_ne!(email("a+b@ex.com").key(), email("a@ex.com").key());
        assert_ne!(email("a.b@ex.com").key(), email("ab@ex.com").key());
    }

    #[test]
    fn refuses_what_is_no_address() {
        for text in [
            "",
            "a",
            "@ex.com",
            "a@",
            "a b@ex.com",
            "a@ex com",
            "a\0@ex.com",
            "a@-ex.com",
            "a@ex..com",
            "a\u{200b}@ex.com",
            "a@b@c",
        ] {
            assert!(text.parse::<Email>().is_err(), "{text:?}");
        }
        assert!(
            format!("{}@ex.com", "a".repeat(260))
                .parse::<Email>()
                .is_err()
        );
        assert!("admin@local".parse::<Email>().is_ok());
    }

    proptest! {
        #[test]
        fn never_panics_and_keeps_its_key(text in any::<String>()) {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert_eq!(email.key().parse::<Email>().map(|again| again.key()), Ok(email.key()));
                prop_assert!(!email.as_str().contains(['\0', '\n', '\r']));
            }
        }
    }
}
