//! Numbers for readers: money, counts, shares, times. Integers all the way; what is rounded for the eye stands exactly
//! beside it.

use gateway_domain::money::NanoUsd;

const DOLLAR: u64 = 1_000_000_000;

/// An amount of money, in a page.
pub(crate) trait Amount {
    /// Rounded for the eye: to cents from ten dollars on, else to hundredths of a cent. What is less is said to be.
    fn short(&self) -> String;
}

impl Amount for NanoUsd {
    fn short(&self) -> String {
        let sign = if self.nano() < 0 { "-" } else { "" };
        let nano = self.nano().unsigned_abs();
        let (step, decimals) = if nano >= 10 * DOLLAR {
            (DOLLAR / 100, 2)
        } else {
            (DOLLAR / 10_000, 4)
        };
        let steps = nano / step + u64::from(nano % step >= step / 2);
        if steps == 0 && nano > 0 {
            return format!("< {sign}$0.0001");
        }
        let per_dollar = DOLLAR / step;
        let fraction = format!("{:0decimals$}", steps % per_dollar);
        let kept = if fraction.ends_with("00") {
            2
        } else {
            decimals
        };
        format!("{sign}${}.{}", count(steps / per_dollar), &fraction[..kept])
    }
}

/// A whole number that is not below nothing, as templates have it: by value or by reference.
pub(crate) trait Whole {
    fn whole(&self) -> u64;
}

impl Whole for u64 {
    fn whole(&self) -> u64 {
        *self
    }
}

impl Whole for i32 {
    fn whole(&self) -> u64 {
        u64::try_from(*self).unwrap_or_default()
    }
}

impl<T: Whole> Whole for &T {
    fn whole(&self) -> u64 {
        (*self).whole()
    }
}

/// A whole number with its thousands apart: `1,234,567`.
pub(crate) fn count(number: impl Whole) -> String {
    let digits = number.whole().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many of something: `1 call`, `2 calls`.
pub(crate) fn many(number: impl Whole, one: &str) -> String {
    let plural = if number.whole() == 1 { "" } else { "s" };
    format!("{} {one}{plural}", count(number))
}

/// How much of the whole a part is: `12.3 %`. Nothing of nothing is nothing.
pub(crate) fn share(part: impl Whole, whole: impl Whole) -> String {
    let (part, whole) = (u128::from(part.whole()), u128::from(whole.whole()));
    if whole == 0 {
        return "–".to_owned();
    }
    let permille = (part * 1000 + whole / 2) / whole;
    match (permille, part) {
        (0, 1..) => "< 0.1 %".to_owned(),
        _ => format!("{}.{} %", permille / 10, permille % 10),
    }
}

/// A span of milliseconds: `850 ms`, `1.24 s`, `2 min 5 s`.
pub(crate) fn span(milliseconds: impl Whole) -> String {
    let ms = milliseconds.whole();
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{:02} s", ms / 1000, ms % 1000 / 10),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_rounded_for_the_eye_and_never_to_nothing() {
        let short = |nano| NanoUsd::new(nano).short();
        assert_eq!(short(0), "$0.00");
        assert_eq!(short(12_450), "< $0.0001");
        assert_eq!(short(50_000), "$0.0001");
        assert_eq!(short(123_456_789), "$0.1235");
        assert_eq!(short(1_500_000_000), "$1.50");
        assert_eq!(short(2_963_000_000), "$2.9630");
        assert_eq!(short(9_999_960_000), "$10.00");
        assert_eq!(short(1_234_567_895_000_000), "$1,234,567.90");
        assert_eq!(short(-2_000_000_000), "-$2.00");
        assert_eq!(short(i64::MAX), "$9,223,372,036.85");
    }

    #[test]
    fn numbers_are_told_apart() {
        assert_eq!(count(0_u64), "0");
        assert_eq!(count(999_u64), "999");
        assert_eq!(count(1_234_567_u64), "1,234,567");
        assert_eq!(count(-3), "0");
        assert_eq!(many(1_u64, "call"), "1 call");
        assert_eq!(many(2_000_u64, "call"), "2,000 calls");
        assert_eq!(share(1_u64, 3_u64), "33.3 %");
        assert_eq!(share(1_u64, 100_000_u64), "< 0.1 %");
        assert_eq!(share(0_u64, 0_u64), "–");
        assert_eq!(share(u64::MAX, u64::MAX), "100.0 %");
        assert_eq!(span(850_u64), "850 ms");
        assert_eq!(span(1_249_u64), "1.24 s");
        assert_eq!(span(125_000_u64), "2 min 5 s");
    }
}
