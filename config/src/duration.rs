//! Durations as operators write them: `30s`, `10m`, `8h`, `7d`.

use std::time::Duration;

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// A whole number and one unit. Nothing else, so that no duration has two readings.
pub fn parse(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let (_, seconds) = UNITS.into_iter().find(|(letter, _)| *letter == unit)?;
    let number = text.strip_suffix(unit)?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let total = number.parse::<u64>().ok()?.checked_mul(seconds)?;
    Some(Duration::from_secs(total))
}

/// The shortest way to write it, for messages.
pub(crate) fn show(duration: Duration) -> String {
    let seconds = duration.as_secs();
    UNITS
        .into_iter()
        .find(|(_, size)| seconds >= *size && seconds.is_multiple_of(*size))
        .map_or_else(
            || "0s".to_owned(),
            |(letter, size)| format!("{}{letter}", seconds / size),
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_and_a_unit() {
        for (text, seconds) in [
            ("0s", 0),
            ("30s", 30),
            ("10m", 600),
            ("8h", 28_800),
            ("7d", 604_800),
            ("007d", 604_800),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn nothing_else() {
        for text in [
            "",
            "s",
            "30",
            "30 s",
            " 30s",
            "30S",
            "-1s",
            "+1s",
            "1.5h",
            "1h30m",
            "10ms",
            "10é",
            "٣s",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = parse(&text);
        }

        #[test]
        fn shown_and_read_again_is_the_same(seconds in any::<u64>()) {
            let duration = Duration::from_secs(seconds);
            prop_assert_eq!(parse(&show(duration)), Some(duration));
        }
    }
}
