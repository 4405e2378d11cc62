//! Where a sign-in returns to.

use std::fmt;

const DEFAULT: &str = "/admin";
const LONGEST: usize = 512;

/// A path of our own pages, safe to redirect to: it begins with `/admin`, stays on this host whatever the browser
/// makes of it, and holds nothing that could end a header. Anything else becomes `/admin`; so do the sign-in page, to
/// which nobody returns from a sign-in, and one-time links, whose address is a secret that must not be passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// Takes the text if it is a local path, else the default. Called again when a stored value is used.
    pub fn parse(text: &str) -> Self {
        Self(if is_local(text) {
            text.to_owned()
        } else {
            DEFAULT.to_owned()
        })
    }

    /// The path with its query.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the page one gets without asking for any.
    pub fn is_default(&self) -> bool {
        self.0 == DEFAULT
    }
}

impl Default for ReturnTo {
    fn default() -> Self {
        Self(DEFAULT.to_owned())
    }
}

impl fmt::Display for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_local(text: &str) -> bool {
    if text.len() > LONGEST
        || !text
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'\\' && b != b'#')
    {
        return false;
    }
    let (path, query) = text
        .split_once('?')
        .map_or((text, ""), |(path, query)| (path, query));
    let Some(decoded) = decode_once(path) else {
        return false;
    };
    let below = decoded.strip_prefix("/admin");
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        && path.starts_with("/admin")
        && !decoded.contains("//")
        && !decoded.split('/').any(|part| part == "." || part == "..")
        && !below.is_some_and(is_entrance)
        && decoded
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-./~%".contains(&b))
        && query.bytes().all(|b| b != b'<' && b != b'>' && b != b'"')
}

/// Whether what follows `/admin` is the sign-in page or a one-time link.
fn is_entrance(below: &str) -> bool {
    let page = below.split('/').nth(1).unwrap_or_default();
    ["login", "link"]
        .iter()
        .any(|entrance| page.eq_ignore_ascii_case(entrance))
}

/// Percent-decoding, once. What is still encoded afterwards (`%25…`) is refused: it could be decoded again behind us.
fn decode_once(path: &str) -> Option<String> {
    let mut bytes = path.bytes();
    let mut decoded = String::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(char::from(byte));
            continue;
        }
        let digits = [bytes.next()?, bytes.next()?];
        let value = u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?;
        if !value.is_ascii_graphic() || value == b'%' {
            return None;
        }
        decoded.push(char::from(value));
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_189_only_our_own_pages() {
        for legal in [
            "/admin",
            "/admin/",
            "/admin/users",
            "/admin/users?q=a%20b&next=1",
            "/admin?x=//e",
            "/admin/users/0190-a_b.c~d",
            "/admin/a%2Db",
        ] {
            assert_eq!(ReturnTo::parse(legal).as_str(), legal);
        }
        for evil in [
            "",
            "/",
            "//evil",
            "/\\evil",
            "\\\\evil",
            "/%2f%2fevil",
            "/%5cevil",
            "/\t/evil",
            "/ /evil",
            "/./\\evil",
            "/admin/..//evil",
            "///evil",
            "https:evil",
            "javascript:alert(1)",
            "data:text/html,x",
            "/admin@evil",
            "/administrator",
            "/admin/../x",
            "/admin/%2e%2e/x",
            "/admin/%252e%252e/x",
            "/admin//evil.com",
            "/admin/%2fevil",
            "/admin#x",
            "http://localhost/admin",
            "/admin/;@evil",
            "/api/v1/auth/session",
            "/%61dmin",
            "admin",
            "/admin/%",
            "/admin/%zz",
            "/admin/%0d%0aX:1",
        ] {
            assert!(ReturnTo::parse(evil).is_default(), "{evil}");
        }
        assert!(ReturnTo::parse(&format!("/admin/{}", "a".repeat(LONGEST))).is_default());
    }

    #[test]
    fn case_253_neither_links_nor_the_sign_in_page() {
        for entrance in [
            "/admin/link/s3cret",
            "/admin/link/s3cret/",
            "/admin/link/s3cret?x=1",
            "/admin/%6cink/s3cret",
            "/admin/LINK/s3cret",
            "/admin/link%2fs3cret",
            "/admin/login",
            "/admin/login/",
            "/admin/login?redirect_to=/admin/link/s3cret",
        ] {
            assert!(ReturnTo::parse(entrance).is_default(), "{entrance}");
        }
        for page in ["/admin/links", "/admin/users/link", "/admin/loginx"] {
            assert_eq!(ReturnTo::parse(page).as_str(), page);
        }
    }

    #[test]
    fn case_191_nothing_that_ends_a_header() {
        for evil in [
            "/admin/\r\nSet-Cookie: a=b",
            "/admin/\0",
            "/admin/ü",
            "/admin?a=\n",
            "/admin?ü",
        ] {
            assert!(ReturnTo::parse(evil).is_default(), "{evil:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_stays_here(text in "\\PC*|/admin[/%.?\\\\a-z0-9@:#]*") {
            let path = ReturnTo::parse(&text);
            prop_assert!(path.as_str().starts_with("/admin"));
            prop_assert!(path.as_str().bytes().all(|b| b.is_ascii_graphic()));
            let before_query = path.as_str().split('?').next().unwrap_or_default();
            prop_assert!(!before_query.contains("//") && !before_query.contains(".."));
        }
    }
}
