//! Money and what it is paid for. Integers only: a bill that was rounded along the way cannot be checked.

use std::{fmt, iter::Sum, ops::Add, str::FromStr};

use serde::{Deserialize, Serialize};

/// Billionths of a US dollar.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    sqlx::Type,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct NanoUsd(i64);

impl NanoUsd {
    /// So many billionths of a dollar.
    pub fn new(nano: i64) -> Self {
        Self(nano)
    }

    /// The number of billionths.
    pub fn nano(self) -> i64 {
        self.0
    }
}

/// Adds; stops at the greatest amount that can be written down, some nine billion dollars.
impl Add for NanoUsd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

/// As dollars with as many decimals as it takes, at least two: `$0.00015`, `$12.00`.
impl fmt::Display for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nano = self.0.unsigned_abs();
        let fraction = format!("{:09}", nano % 1_000_000_000);
        let kept = fraction.trim_end_matches('0').len().max(2);
        write!(f, "{sign}${}.{}", nano / 1_000_000_000, &fraction[..kept])
    }
}

/// A price: trillionths of a dollar a token, which are millionths of a dollar a million tokens.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Rate(u64);

/// A text is not a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected US dollars a million tokens as a decimal such as \"0.15\", with at most 6 decimals and below 1000000"
)]
pub struct RateError;

impl Rate {
    /// Trillionths of a dollar a token.
    pub fn pico(self) -> u64 {
        self.0
    }

    /// What so many tokens cost, in trillionths of a dollar.
    fn of(self, tokens: u64) -> u128 {
        u128::from(self.0) * u128::from(tokens)
    }
}

/// Reads dollars a million tokens: `0.15`.
impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str, most: usize| {
            (!part.is_empty() && part.len() <= most && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse::<u64>().ok())
                .flatten()
        };
        let dollars = digits(whole, 6).ok_or(RateError)?;
        let rest = digits(&format!("{fraction:0<6}"), 6).filter(|_| !fraction.is_empty());
        Ok(Self(dollars * 1_000_000 + rest.ok_or(RateError)?))
    }
}

/// As dollars a million tokens: `0.15`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:06}", self.0 % 1_000_000);
        let kept = fraction.trim_end_matches('0').len().max(2);
        write!(f, "{}.{}", self.0 / 1_000_000, &fraction[..kept])
    }
}

/// What a call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// Read by the model, without those that came from a cache or went into one.
    pub input: u64,
    /// Written by the model, its reasoning included.
    pub output: u64,
    /// Read from a prompt cache.
    pub cache_read: u64,
    /// Written into a prompt cache.
    pub cache_write: u64,
    /// Those of `cache_write` that are kept for an hour rather than minutes.
    pub cache_write_1h: u64,
    /// Those of `output` that were reasoning.
    pub reasoning: u64,
    /// Those of `input` that were audio.
    pub audio_input: u64,
    /// Those of `output` that were audio.
    pub audio_output: u64,
    /// Those of `input` that were images.
    pub image_input: u64,
}

impl Add for Tokens {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            output: self.output.saturating_add(other.output),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            cache_write_1h: self.cache_write_1h.saturating_add(other.cache_write_1h),
            reasoning: self.reasoning.saturating_add(other.reasoning),
            audio_input: self.audio_input.saturating_add(other.audio_input),
            audio_output: self.audio_output.saturating_add(other.audio_output),
            image_input: self.image_input.saturating_add(other.image_input),
        }
    }
}

impl Sum for Tokens {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// What a model's tokens cost. A kind without a price of its own costs what the kind costs that it is part of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Price {
    /// Input.
    pub input: Rate,
    /// Output.
    pub output: Rate,
    /// Read from a cache; else as input.
    pub cache_read: Option<Rate>,
    /// Written into a cache; else as input.
    pub cache_write: Option<Rate>,
    /// Written into a cache for an hour; else as `cache_write`.
    pub cache_write_1h: Option<Rate>,
    /// Reasoning; else as output.
    pub reasoning: Option<Rate>,
    /// Audio read; else as input.
    pub audio_input: Option<Rate>,
    /// Audio written; else as output.
    pub audio_output: Option<Rate>,
    /// Images read; else as input.
    pub image_input: Option<Rate>,
}

impl Price {
    /// What `tokens` cost: added up in trillionths of a dollar, then rounded once, half up, to billionths.
    pub fn cost(&self, tokens: &Tokens) -> NanoUsd {
        let audio_input = tokens.audio_input.min(tokens.input);
        let image_input = tokens.image_input.min(tokens.input - audio_input);
        let audio_output = tokens.audio_output.min(tokens.output);
        let reasoning = tokens.reasoning.min(tokens.output - audio_output);
        let long = tokens.cache_write_1h.min(tokens.cache_write);
        let cache_write = self.cache_write.unwrap_or(self.input);
        let pico = self.input.of(tokens.input - audio_input - image_input)
            + self.audio_input.unwrap_or(self.input).of(audio_input)
            + self.image_input.unwrap_or(self.input).of(image_input)
            + self.output.of(tokens.output - audio_output - reasoning)
            + self.audio_output.unwrap_or(self.output).of(audio_output)
            + self.reasoning.unwrap_or(self.output).of(reasoning)
            + self.cache_read.unwrap_or(self.input).of(tokens.cache_read)
            + cache_write.of(tokens.cache_write - long)
            + self.cache_write_1h.unwrap_or(cache_write).of(long);
        NanoUsd(i64::try_from((pico + 500) / 1000).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    #[test]
    fn a_price_is_read_exactly_or_refused() {
        assert_eq!(rate("0.15").pico(), 150_000);
        assert_eq!(rate("15").pico(), 15_000_000);
        assert_eq!(rate("0.000001").pico(), 1);
        for (text, shown) in [("0.15", "0.15"), ("3", "3.00"), ("0.0375", "0.0375")] {
            assert_eq!(rate(text).to_string(), shown);
        }
        for odd in [
            "",
            ".",
            ".5",
            "5.",
            "-1",
            "1e3",
            "0.0000001",
            "1,5",
            " 1",
            "1000000",
            "+1",
        ] {
            assert!(odd.parse::<Rate>().is_err(), "{odd}");
        }
    }

    #[test]
    fn a_bill_is_exact() {
        let price = Price {
            input: rate("0.15"),
            output: rate("0.60"),
            cache_read: Some(rate("0.075")),
            reasoning: Some(rate("1.2")),
            ..Price::default()
        };
        let tokens = Tokens {
            input: 42,
            output: 7,
            cache_read: 10,
            reasoning: 2,
            ..Tokens::default()
        };
        // 42 × 150 + 5 × 600 + 2 × 1200 + 10 × 75
        assert_eq!(price.cost(&tokens), NanoUsd::new(12_450));
        assert_eq!(NanoUsd::new(12_450).to_string(), "$0.00001245");
        assert_eq!(NanoUsd::new(12_000_000_000).to_string(), "$12.00");
    }

    proptest! {
        #[test]
        fn parts_never_cost_more_often_than_once(output in 0_u64..1 << 40, reasoning: u64, audio: u64) {
            let price = Price { output: rate("2"), ..Price::default() };
            let plain = Tokens { output, ..Tokens::default() };
            let split = Tokens { output, reasoning, audio_output: audio, ..Tokens::default() };
            prop_assert_eq!(price.cost(&plain), price.cost(&split));
        }
    }
}
