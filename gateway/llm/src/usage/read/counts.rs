//! Usage as the protocols say it, and as those do that call themselves compatible.
//!
//! A provider's number is taken as it stands but for what no answer can have: below zero, or beyond a trillion.

use std::fmt;

use gateway_domain::money::Tokens;
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

/// No answer has more tokens of a kind; a number beyond is a fault, and must not overflow a sum.
const MOST: u64 = 1_000_000_000_000;

/// The words of all protocols for what an answer used.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    prompt_tokens: Count,
    completion_tokens: Count,
    total_tokens: Count,
    prompt_tokens_details: Option<Details>,
    completion_tokens_details: Option<Details>,
    prompt_cache_hit_tokens: Count,
    prompt_cache_miss_tokens: Count,
    cached_tokens: Count,
    reasoning_tokens: Count,
    input_tokens: Count,
    output_tokens: Count,
    input_tokens_details: Option<Details>,
    output_tokens_details: Option<Details>,
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_creation: Option<CacheCreation>,
    iterations: Option<Vec<Iteration>>,
    service_tier: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the words of the protocols")]
struct Details {
    cached_tokens: Count,
    cache_write_tokens: Count,
    cache_creation_tokens: Count,
    reasoning_tokens: Count,
    thinking_tokens: Count,
    audio_tokens: Count,
    image_tokens: Count,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CacheCreation {
    ephemeral_5m_input_tokens: Count,
    ephemeral_1h_input_tokens: Count,
}

/// A piece of a long answer.
#[derive(Deserialize)]
struct Iteration {
    #[serde(default, rename = "type")]
    kind: Option<Value>,
    #[serde(flatten)]
    usage: Usage,
}

impl Usage {
    /// Whether there is any number in it. Nothing is not zero.
    pub(super) fn says_something(&self) -> bool {
        let totals = self
            .prompt_tokens
            .or(self.completion_tokens)
            .or(self.total_tokens);
        totals
            .or(self.input_tokens)
            .or(self.output_tokens)
            .0
            .is_some()
    }

    pub(super) fn tier(&self) -> Option<String> {
        self.service_tier
            .as_ref()
            .and_then(Value::as_str)
            .map(str::to_owned)
    }

    /// `OpenAI`'s usage: the prompt's tokens include those from the cache, the completion's those of reasoning.
    pub(super) fn chat(&self) -> Tokens {
        let none = Details::default();
        let prompt = self.prompt_tokens_details.as_ref().unwrap_or(&none);
        let completion = self.completion_tokens_details.as_ref().unwrap_or(&none);
        // DeepSeek and Moonshot speak of the cache in their own words.
        let cached = prompt
            .cached_tokens
            .or(self.prompt_cache_hit_tokens)
            .or(self.cached_tokens);
        let input = self.prompt_tokens.0.unwrap_or_else(|| {
            self.prompt_cache_miss_tokens
                .get()
                .saturating_add(self.prompt_cache_hit_tokens.get())
        });
        let reasoning = completion.reasoning_tokens.or(self.reasoning_tokens);
        let written = prompt.cache_write_tokens.or(prompt.cache_creation_tokens);
        OpenAi {
            input,
            cache_read: cached.get(),
            cache_write: written.get(),
            output: self.completion_tokens.get(),
            reasoning: reasoning.get(),
            total: self.total_tokens.get(),
        }
        .tokens(prompt, completion)
    }

    pub(super) fn responses(&self) -> Tokens {
        let none = Details::default();
        let input = self.input_tokens_details.as_ref().unwrap_or(&none);
        let output = self.output_tokens_details.as_ref().unwrap_or(&none);
        OpenAi {
            input: self.input_tokens.get(),
            cache_read: input.cached_tokens.get(),
            cache_write: input.cache_write_tokens.get(),
            output: self.output_tokens.get(),
            reasoning: output.reasoning_tokens.get(),
            total: self.total_tokens.get(),
        }
        .tokens(input, output)
    }

    /// What summaries took that the provider made of the conversation while it answered: billed, and not in its sums.
    pub(super) fn summaries(&self) -> Option<Tokens> {
        let is_summary = |iteration: &&Iteration| {
            iteration.kind.as_ref().and_then(Value::as_str) == Some("compaction")
        };
        let summaries = self.iterations.as_ref()?.iter().filter(is_summary);
        Some(
            summaries
                .map(|it| it.usage.message(&Tokens::default()))
                .sum(),
        )
    }

    /// Anthropic's usage: input, read from and written into a cache stand beside each other. What it does not say is as it
    /// was in `earlier`.
    pub(super) fn message(&self, earlier: &Tokens) -> Tokens {
        let parts = self.cache_creation.as_ref();
        let short = parts.and_then(|parts| parts.ephemeral_5m_input_tokens.0);
        let long = parts.and_then(|parts| parts.ephemeral_1h_input_tokens.0);
        let parts = short
            .or(long)
            .map(|_| short.unwrap_or(0).saturating_add(long.unwrap_or(0)));
        let cache_write = self.cache_creation_input_tokens.0.max(parts);
        let said = [
            self.input_tokens.0,
            self.cache_read_input_tokens.0,
            cache_write,
        ];
        // Some send zeros where they have nothing to add to what they said at the start.
        let says_input = said.iter().any(|count| count.is_some_and(|n| n > 0));
        let or = |said: Option<u64>, before| said.filter(|_| says_input).unwrap_or(before);
        let cache_write = or(cache_write, earlier.cache_write).min(MOST);
        let output = self.output_tokens.0.unwrap_or(earlier.output);
        let details = self.output_tokens_details.as_ref();
        let reasoning = details.and_then(|it| it.thinking_tokens.or(it.reasoning_tokens).0);
        Tokens {
            input: or(self.input_tokens.0, earlier.input),
            output,
            cache_read: or(self.cache_read_input_tokens.0, earlier.cache_read),
            cache_write,
            cache_write_1h: or(long, earlier.cache_write_1h).min(cache_write),
            reasoning: reasoning.unwrap_or(earlier.reasoning).min(output),
            ..Tokens::default()
        }
    }

    pub(super) fn embeddings(&self) -> Tokens {
        let input = self
            .prompt_tokens
            .or(self.input_tokens)
            .or(self.total_tokens)
            .get();
        let images = self
            .prompt_tokens_details
            .as_ref()
            .map_or(0, |it| it.image_tokens.get());
        Tokens {
            input,
            image_input: images.min(input),
            ..Tokens::default()
        }
    }
}

struct OpenAi {
    input: u64,
    cache_read: u64,
    cache_write: u64,
    output: u64,
    reasoning: u64,
    total: u64,
}

impl OpenAi {
    fn tokens(&self, read: &Details, written: &Details) -> Tokens {
        let missing = self
            .total
            .saturating_sub(self.input.saturating_add(self.output));
        // xAI and Google's compatible endpoint leave the reasoning out of the completion, though it is billed as output:
        // then the total has it, or it is more than the whole completion.
        let left_out = if self.reasoning == 0 || self.reasoning == missing {
            missing
        } else if self.reasoning > self.output {
            self.reasoning
        } else {
            0
        };
        let output = self.output.saturating_add(left_out).min(MOST);
        let cache_read = self.cache_read.min(self.input);
        let cache_write = self.cache_write.min(self.input - cache_read);
        let input = self.input - cache_read - cache_write;
        let audio_input = read.audio_tokens.get().min(input);
        let audio_output = written.audio_tokens.get().min(output);
        Tokens {
            input,
            output,
            cache_read,
            cache_write,
            cache_write_1h: 0,
            reasoning: self.reasoning.max(left_out).min(output - audio_output),
            audio_input,
            audio_output,
            image_input: read.image_tokens.get().min(input - audio_input),
        }
    }
}

/// A number of tokens. What is no number says nothing.
#[derive(Clone, Copy, Default)]
struct Count(Option<u64>);

impl Count {
    fn get(self) -> u64 {
        self.0.unwrap_or(0)
    }

    fn or(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Count, E> {
        Ok(Count(Some(number.min(MOST))))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Count, E> {
        Ok(Count(Some(u64::try_from(number).unwrap_or(0).min(MOST))))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from a float stops at the ends of the range, which is what is wanted"
    )]
    fn visit_f64<E: Error>(self, number: f64) -> Result<Count, E> {
        Ok(Count(Some((number as u64).min(MOST))))
    }

    fn visit_unit<E: Error>(self) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Count, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Count(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Count, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Count(None))
    }
}
