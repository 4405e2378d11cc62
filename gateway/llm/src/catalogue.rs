//! What models cost, as their vendors publish it: one file a vendor, with its source and the day it was checked.
//!
//! A price is found by provider type and exact model, at the day of the call and for the tier that answered. What is not
//! there is not guessed: a model whose price hangs on what the gateway cannot see (Azure's deployments, Vertex's places,
//! the region of most of Bedrock) is not in it. An operator says the price of such a one on its route.

use std::{collections::HashMap, sync::OnceLock};

use chrono::{DateTime, NaiveDate, Utc};
use gateway_domain::money::{Price, Rate};
use serde::Deserialize;

/// The vendors' files. That they can be read is a test's matter.
const FILES: [&str; 5] = [
    include_str!("../catalogue/openai.json"),
    include_str!("../catalogue/anthropic.json"),
    include_str!("../catalogue/gemini.json"),
    include_str!("../catalogue/vertex.json"),
    include_str!("../catalogue/bedrock.json"),
];

/// How urgently a call was served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tier {
    /// As usual.
    #[default]
    Standard,
    /// Within a day.
    Batch,
    /// When there is room.
    Flex,
    /// Before others.
    Priority,
    /// One that the catalogue has no word for; never priced.
    Other,
}

impl Tier {
    /// From the `service_tier` that an upstream answered with; none said is the usual.
    pub fn answered(word: Option<&str>) -> Self {
        match word {
            None | Some("default" | "standard" | "auto") => Self::Standard,
            Some("batch") => Self::Batch,
            Some("flex") => Self::Flex,
            Some("priority") => Self::Priority,
            Some(_) => Self::Other,
        }
    }
}

/// All vendors' prices.
#[derive(Debug, Default)]
pub struct Catalogue(HashMap<String, HashMap<String, Vec<Entry>>>);

#[derive(Debug)]
struct Entry {
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    tiers: HashMap<Tier, Price>,
    long: Option<Long>,
}

/// Another price for the whole of a call whose prompt is long.
#[derive(Debug)]
struct Long {
    above: u64,
    standard: Price,
}

/// The catalogue that the gateway was built with.
pub fn bundled() -> &'static Catalogue {
    static BUNDLED: OnceLock<Catalogue> = OnceLock::new();
    BUNDLED.get_or_init(|| {
        let mut catalogue = Catalogue::default();
        for text in FILES {
            // A file that cannot be read leaves its models unpriced, which is said of every call; never priced at 0.
            if let Err(error) = catalogue.add(text) {
                tracing::error!(%error, "a file of the price catalogue cannot be read");
            }
        }
        catalogue
    })
}

impl Catalogue {
    /// What a call costs: `provider_type` as under `type` in the file, the model as that provider names it, at the
    /// moment of the call, for the tier that answered and a prompt of so many tokens, cached ones included.
    pub fn price(
        &self,
        provider_type: &str,
        model: &str,
        at: DateTime<Utc>,
        tier: Tier,
        prompt: u64,
    ) -> Option<Price> {
        let day = at.date_naive();
        let entries = self.0.get(provider_type)?.get(model)?;
        let entry = entries.iter().find(|entry| entry.holds(day))?;
        match &entry.long {
            Some(long) if prompt > long.above => (tier == Tier::Standard).then_some(long.standard),
            _ => entry.tiers.get(&tier).copied(),
        }
    }

    fn add(&mut self, text: &str) -> Result<(), serde_json::Error> {
        let file: wire::File = serde_json::from_str(text)?;
        for model in &file.models {
            for provider in &file.providers {
                let models = self.0.entry(provider.clone()).or_default();
                for id in &model.ids {
                    let entries = models.entry(id.clone()).or_default();
                    entries.push(Entry::of(model));
                }
            }
        }
        Ok(())
    }
}

impl Entry {
    fn of(model: &wire::Model) -> Self {
        let tiers = [
            (Tier::Standard, Some(&model.standard)),
            (Tier::Batch, model.batch.as_ref()),
            (Tier::Flex, model.flex.as_ref()),
            (Tier::Priority, model.priority.as_ref()),
        ];
        Self {
            from: model.from,
            until: model.until,
            tiers: tiers
                .into_iter()
                .filter_map(|(tier, price)| Some((tier, price?.price())))
                .collect(),
            long: model.long.as_ref().map(|long| Long {
                above: long.above,
                standard: long.standard.price(),
            }),
        }
    }

    fn holds(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day < until)
    }
}

/// The files' form. Prices are dollars a million tokens.
mod wire {
    use super::{Deserialize, NaiveDate, Price, Rate};

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct File {
        pub providers: Vec<String>,
        #[expect(dead_code, reason = "for whoever checks the prices again")]
        pub source: String,
        #[expect(dead_code, reason = "for whoever checks the prices again")]
        pub checked: NaiveDate,
        pub models: Vec<Model>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Model {
        pub ids: Vec<String>,
        /// The first day that it holds.
        pub from: Option<NaiveDate>,
        /// The first day that it does not hold any more.
        pub until: Option<NaiveDate>,
        pub standard: Prices,
        pub batch: Option<Prices>,
        pub flex: Option<Prices>,
        pub priority: Option<Prices>,
        pub long: Option<Long>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Long {
        pub above: u64,
        pub standard: Prices,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Prices {
        input: Dollars,
        output: Dollars,
        cache_read: Option<Dollars>,
        cache_write: Option<Dollars>,
        cache_write_1h: Option<Dollars>,
        reasoning: Option<Dollars>,
        audio_input: Option<Dollars>,
        audio_output: Option<Dollars>,
        image_input: Option<Dollars>,
    }

    #[derive(Clone, Copy, Deserialize)]
    #[serde(try_from = "String")]
    struct Dollars(Rate);

    impl TryFrom<String> for Dollars {
        type Error = gateway_domain::money::RateError;

        fn try_from(text: String) -> Result<Self, Self::Error> {
            text.parse().map(Self)
        }
    }

    impl Prices {
        pub fn price(&self) -> Price {
            let rate = |dollars: Option<Dollars>| dollars.map(|dollars| dollars.0);
            Price {
                input: self.input.0,
                output: self.output.0,
                cache_read: rate(self.cache_read),
                cache_write: rate(self.cache_write),
                cache_write_1h: rate(self.cache_write_1h),
                reasoning: rate(self.reasoning),
                audio_input: rate(self.audio_input),
                audio_output: rate(self.audio_output),
                image_input: rate(self.image_input),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> DateTime<Utc> {
        format!("{text}T12:00:00Z").parse().unwrap()
    }

    fn input(provider: &str, model: &str, at: &str, tier: Tier, prompt: u64) -> Option<u64> {
        let price = bundled().price(provider, model, day(at), tier, prompt);
        price.map(|price| price.input.pico())
    }

    #[test]
    fn every_file_can_be_read_and_no_two_prices_hold_at_once() {
        let mut catalogue = Catalogue::default();
        for text in FILES {
            catalogue.add(text).unwrap();
        }
        let all: Vec<_> = catalogue.0.values().flatten().collect();
        assert!(all.len() > 60);
        for (name, entries) in all {
            for at in ["2024-01-01", "2025-05-01", "2025-06-10", "2026-11-22"] {
                let at = day(at).date_naive();
                let holding = entries.iter().filter(|entry| entry.holds(at)).count();
                assert!(holding <= 1, "{name:?}");
            }
            for entry in entries {
                assert!(entry.tiers[&Tier::Standard].input.pico() > 0, "{name:?}");
            }
        }
    }

    #[test]
    fn a_price_holds_for_its_days_its_tier_and_its_length() {
        let standard = Tier::Standard;
        assert_eq!(
            input("openai", "o3", "2025-06-09", standard, 1),
            Some(10_000_000)
        );
        assert_eq!(
            input("openai", "o3", "2025-06-10", standard, 1),
            Some(2_000_000)
        );
        assert_eq!(input("openai", "o3", "2025-01-01", standard, 1), None);
        assert_eq!(
            input("openai", "gpt-4o-mini", "2026-01-01", Tier::Batch, 1),
            Some(75_000)
        );
        assert_eq!(
            input("openai", "gpt-4o-mini", "2026-01-01", Tier::Other, 1),
            None
        );
        let pro = |prompt| input("gemini", "gemini-2.5-pro", "2026-01-01", standard, prompt);
        assert_eq!(pro(200_000), Some(1_250_000));
        assert_eq!(pro(200_001), Some(2_500_000));
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        let at = "2026-01-01";
        for (provider, model) in [
            ("openai", "gpt-4o-mini-2030-01-01"),
            ("openai_compatible", "gpt-4o-mini"),
            ("azure_openai", "gpt-4o-mini"),
            ("anthropic", "gpt-4o-mini"),
        ] {
            assert_eq!(
                input(provider, model, at, Tier::Standard, 1),
                None,
                "{model}"
            );
        }
        assert_eq!(Tier::answered(Some("scale")), Tier::Other);
        assert_eq!(Tier::answered(None), Tier::Standard);
    }
}
