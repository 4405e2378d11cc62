//! The protocols of models.
//!
//! Three kinds of caller (chat completions, responses, messages) meet the dialects of the providers. Where both speak the
//! same, bytes go through as they are, only the model's name is rewritten ([`rewrite`]) and the usage is read on a copy
//! ([`usage`]). Where they do not, a call is read into [`ir`], written in the provider's dialect ([`dialects`]), and the
//! answer goes the way back ([`callers`]). All of that is pure. [`providers`] alone opens connections.

pub mod callers;
pub mod catalogue;
pub mod dialects;
pub mod ir;
pub mod providers;
pub mod rewrite;
pub mod sse;
#[cfg(test)]
mod testdata;
pub mod usage;
