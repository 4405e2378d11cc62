//! Anthropic's messages as an upstream's protocol.
//!
//! - `max_tokens` must be given: a caller who gave none gets what every model of the generation can write: 4096 before Claude
//!   3.5, 8192 before 3.7, 32000 since.
//! - Reasoning: models since 4.6, and those whose name tells no generation, think adaptively, with `output_config.effort`.
//!   Models from 3.7 to 4.5 get a budget: minimal 1024, low 2048, medium 8192, high 16384, xhigh 24576, max 30000 tokens, less
//!   than `max_tokens` in any case. Older models do not think: refused.
//! - A budget needs the thoughts that led to the tool calls being answered. Where the caller's protocol lost them, the model
//!   goes on without thinking.
//! - A JSON schema goes into `output_config.format`; `JsonObject` is refused, because no schema says "any object".
//! - `seed`, penalties and a `verbosity` other than medium have no place here and are refused; so are recordings.
//! - Left out, because the answer is none the worse: an image's `detail`, marks that another provider put on thoughts or
//!   calls, and thoughts without a mark, which Anthropic would refuse.

mod blocks;
mod reply;
mod request;
mod stream;
#[cfg(test)]
mod tests;
mod thinking;

pub use reply::read;
pub use request::write;
pub use stream::Reader;
pub(super) use thinking::of as thinking;

use crate::ir::Stop;

/// `claude-opus-4-1-20250805` is of the generation 4.1, `claude-3-haiku` of 3.0. None: the name does not tell.
pub(super) fn generation(model: &str) -> Option<(u32, u32)> {
    let (_, name) = model.split_once("claude-")?;
    // Dates are longer than versions.
    let number = |word: &str| word.parse::<u32>().ok().filter(|_| word.len() <= 2);
    let mut words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    let major = words.by_ref().find_map(number)?;
    Some((major, words.next().and_then(number).unwrap_or(0)))
}

fn stop(reason: Option<&str>, sequence: Option<String>) -> Stop {
    match reason {
        Some("max_tokens") => Stop::Length,
        Some("model_context_window_exceeded") => Stop::ContextWindow,
        Some("tool_use") => Stop::ToolUse,
        Some("stop_sequence") => Stop::Sequence(sequence),
        Some("refusal") => Stop::Filtered,
        Some("pause_turn") => Stop::Pause,
        _ => Stop::End,
    }
}
