//! `OpenAI`'s chat completions as an upstream's protocol: its own, and that of all who call themselves compatible.
//!
//! Left out, since the protocol has no place for it and the answer is the same without: prompt-cache marks (these providers
//! cache by themselves), the marks on thoughts and thoughts under seal, and an end user's name that is longer than `OpenAI`
//! takes or that a compatible provider may not know. Said in other words: that a tool failed (`Error:` before its result),
//! images and documents in a tool's result (in the user's message after it), a budget of thoughts (as effort).

mod messages;
mod reply;
mod request;
mod said;
mod stream;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use self::{reply::read, request::write, stream::Reader};
