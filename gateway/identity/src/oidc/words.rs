//! Words of a provider, made fit for a log.

use url::Url;

use crate::http::host_of;

/// An error code of RFC 6749 §5.2, reduced to what such codes are made of.
pub(super) fn error_code(text: &str) -> String {
    let code: String = text
        .chars()
        .filter(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'))
        .take(64)
        .collect();
    if code.is_empty() {
        "unnamed".to_owned()
    } else {
        code
    }
}

/// Where a request went.
pub(super) fn place(url: &Url) -> String {
    host_of(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_067_the_words_of_others_are_tamed() {
        assert_eq!(error_code("invalid_grant"), "invalid_grant");
        assert_eq!(error_code("<script>\r\nX</script>"), "scriptscript");
        assert_eq!(error_code(&"a".repeat(100)).len(), 64);
        assert_eq!(error_code("!"), "unnamed");
    }
}
