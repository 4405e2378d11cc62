//! Did-you-mean, and text of the file shown in messages.

/// How alike two names must be, from 0 to 1, before one is offered for the other.
const ALIKE: f64 = 0.8;
/// More of a text than this says nothing new.
const SHOWN: usize = 60;

/// `; did you mean "x"?`, or nothing when no candidate is close.
pub(crate) fn did_you_mean<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let wanted = plain(text);
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&wanted, &plain(candidate)), candidate))
        .filter(|(likeness, candidate)| *likeness >= ALIKE && *candidate != text)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map_or_else(String::new, |(_, best)| {
            format!("; did you mean {}?", quoted(best))
        })
}

/// The text in quotes, on one line and not endless.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", shown(text))
}

/// The text on one line and not endless.
pub(crate) fn shown(text: &str) -> String {
    let mut line: String = text
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_what_is_close() {
        let keys = ["issuer_url", "client_id", "client_secret", "enabled"];
        for (typo, meant) in [
            ("issuer", "issuer_url"),
            ("isuer_url", "issuer_url"),
            ("clientSecret", "client_secret"),
            ("client-id", "client_id"),
            ("enable", "enabled"),
        ] {
            assert_eq!(
                did_you_mean(typo, keys),
                format!("; did you mean \"{meant}\"?")
            );
        }
        for other in ["", "zebra", "x"] {
            assert_eq!(did_you_mean(other, keys), "", "{other}");
        }
    }

    #[test]
    fn shows_one_short_line() {
        assert_eq!(quoted("a\nb"), r#""a\nb""#);
        assert_eq!(quoted(&"x".repeat(100)).chars().count(), SHOWN + 3);
    }
}
