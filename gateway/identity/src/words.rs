//! Other people's words in our log.

const LONGEST: usize = 256;

/// A provider's text, fit for the audit trail: at most 256 characters, none that controls a terminal, turns the writing
/// direction or cannot be seen.
pub(crate) fn sanitised(text: &str) -> String {
    text.chars()
        .filter(|&c| is_plain(c))
        .take(LONGEST)
        .collect()
}

/// Whether a character may stand in a line of the log: it can be seen, leaves the line and the writing direction alone.
fn is_plain(c: char) -> bool {
    !c.is_control() && !is_invisible(c)
}

/// Whether a character may stand in a name. Joiners and variation selectors may: Persian, Hindi and Sinhala names are
/// written with the first, and a name is never what somebody is recognised by.
pub(crate) fn may_stand_in_name(c: char) -> bool {
    is_plain(c) || matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

/// Unicode's default-ignorable code points, those that turn the writing direction, and blanks that pass for letters.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_067_nothing_that_forges_a_line_or_turns_it_around() {
        assert_eq!(
            sanitised("<b>no</b>\r\nSet-Cookie: a=b\u{202e}txt.exe\u{200b}\u{1b}[31m"),
            "<b>no</b>Set-Cookie: a=btxt.exe[31m"
        );
        assert_eq!(sanitised(&"x".repeat(10_000)).len(), LONGEST);
    }

    #[test]
    fn names_of_the_world_are_names() {
        for name in [
            "علی\u{200c}رضا",
            "श्री\u{200d}",
            "Zoë ❤\u{fe0f}",
            "O'Brien-李",
        ] {
            assert!(name.chars().all(may_stand_in_name), "{name}");
        }
        for odd in ['\u{202e}', '\u{200b}', '\u{2800}', '\n', '\u{feff}'] {
            assert!(!may_stand_in_name(odd), "{odd:?}");
        }
    }

    proptest! {
        #[test]
        fn always_short_and_on_one_line(text in any::<String>()) {
            let clean = sanitised(&text);
            prop_assert!(clean.chars().count() <= LONGEST);
            prop_assert!(!clean.chars().any(|c| c.is_control() || is_invisible(c)));
        }
    }
}
