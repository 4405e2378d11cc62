//! What an answer used, read on a copy of its bytes.
//!
//! A stream is read at the price of a few searches a frame: nothing is parsed but what says usage, an error or the end.

use gateway_domain::{
    ledger::{Surface, UsageKind},
    money::Tokens,
};

use crate::sse::Frame;

mod deltas;
mod estimate;
pub(crate) mod read;
mod tap;
#[cfg(test)]
mod tests;

pub use estimate::{estimate_input, estimate_tokens};
pub(crate) use read::chat as chat_tokens;
pub use tap::Tap;

/// What an upstream says of its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// The usage.
    pub tokens: Tokens,
    /// The `service_tier` that was served.
    pub tier: Option<String>,
    /// Those of `tokens` that summaries of the conversation took: a message's usage says them beside its sums, so that a
    /// later correction of the sums leaves them alone.
    summaries: Tokens,
    /// Those of `tokens` that are in the sums.
    sums: Tokens,
}

/// The usage in a whole answer; none when it says nothing. Counting tokens uses nothing, and says so.
pub fn of_body(surface: Surface, body: &[u8]) -> Option<Reported> {
    match surface {
        Surface::CountTokens => Some(Reported::default()),
        _ => read::body(surface, body),
    }
}

/// What a frame meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// It is the chunk of a chat stream that holds nothing but the usage: not for a caller who did not ask for it.
    pub usage_only: bool,
    /// The protocol's end.
    pub end: bool,
    /// An error that ends the stream; see [`Meter::failure`].
    pub failed: bool,
}

/// An error inside a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The upstream's word for it: `overloaded_error`, `server_error`.
    pub kind: String,
    /// Its sentence.
    pub message: String,
}

/// Reads a native stream as it goes by.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts of a stream that do not exclude each other"
)]
pub struct Meter {
    surface: Surface,
    reported: Option<Reported>,
    /// The usage says what the answer cost, not only what is known at its start.
    is_final: bool,
    /// Text came after the last usage.
    text_since: bool,
    /// Bytes of text that the model wrote.
    written: u64,
    ended: bool,
    stopped: bool,
    failure: Option<Failure>,
}

impl Meter {
    /// For an answer on `surface`.
    pub fn new(surface: Surface) -> Self {
        Self {
            surface,
            reported: None,
            is_final: false,
            text_since: false,
            written: 0,
            ended: false,
            stopped: false,
            failure: None,
        }
    }

    /// Reads the next frame.
    pub fn frame(&mut self, frame: &Frame<'_>) -> Seen {
        match self.surface {
            Surface::Chat => self.chat(frame.data),
            Surface::Responses => self.response(frame),
            Surface::Messages => self.message(frame),
            Surface::CountTokens | Surface::Embeddings => Seen::default(),
        }
    }

    /// What the upstream has said of the usage so far.
    pub fn reported(&self) -> Option<&Reported> {
        self.reported.as_ref()
    }

    /// About how many tokens the text has that came so far.
    pub fn estimated_output(&self) -> u64 {
        self.written.div_ceil(4)
    }

    /// Whether the protocol's end was seen: `[DONE]`, `message_stop`, `response.completed` and its like.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Whether the answer is whole although its end was not seen: some upstreams close a chat stream after its
    /// `finish_reason` without a word.
    pub fn complete(&self) -> bool {
        self.ended || self.stopped
    }

    /// The error inside the stream, if one came.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// What to write into the ledger for the stream as far as it came: what was reported, if that is the last word, else
    /// the best guess. `estimated_input` is what the request is reckoned at ([`estimate_input`]).
    pub fn settle(&self, estimated_input: u64) -> (Tokens, UsageKind) {
        let guess = self.estimated_output();
        match &self.reported {
            Some(reported) if self.is_final && !self.text_since => {
                (reported.tokens, UsageKind::Reported)
            }
            Some(reported) => {
                let output = reported.tokens.output.max(guess);
                (
                    Tokens {
                        output,
                        ..reported.tokens
                    },
                    UsageKind::Estimated,
                )
            }
            None => {
                let tokens = Tokens {
                    input: estimated_input,
                    output: guess,
                    ..Tokens::default()
                };
                (tokens, UsageKind::Estimated)
            }
        }
    }

    fn chat(&mut self, data: &[u8]) -> Seen {
        if data == b"[DONE]" {
            self.ended = true;
            return Seen {
                end: true,
                ..Seen::default()
            };
        }
        let chunk = deltas::chat(data);
        self.wrote(chunk.written);
        self.stopped |= chunk.says_finish_reason;
        let mut seen = Seen::default();
        if chunk.says_usage
            && let Some((reported, nothing_else)) = read::chat_chunk(data)
        {
            seen.usage_only = nothing_else;
            self.report(reported, true);
        }
        if chunk.says_error {
            seen.failed = self.fail(read::error(data));
        }
        seen
    }

    fn response(&mut self, frame: &Frame<'_>) -> Seen {
        let kind = frame
            .event
            .map_or_else(|| read::kind(frame.data), |event| Some(event.into()));
        match kind.as_deref() {
            Some("response.completed" | "response.incomplete" | "response.cancelled") => {
                self.finish_response(frame.data);
                Seen {
                    end: true,
                    ..Seen::default()
                }
            }
            Some("response.failed") => {
                self.finish_response(frame.data);
                self.fail(read::response_error(frame.data).or_else(|| Some(Failure::nameless())));
                Seen {
                    end: true,
                    failed: true,
                    ..Seen::default()
                }
            }
            Some("error") => Seen {
                failed: self.fail(read::error(frame.data)),
                ..Seen::default()
            },
            Some(kind) if kind.rsplit('.').next() == Some("delta") => {
                self.wrote(deltas::response(frame.data));
                Seen::default()
            }
            _ => Seen::default(),
        }
    }

    fn finish_response(&mut self, data: &[u8]) {
        self.ended = true;
        if let Some(reported) = read::finished_response(data) {
            self.report(reported, true);
        }
    }

    fn message(&mut self, frame: &Frame<'_>) -> Seen {
        let kind = frame
            .event
            .map_or_else(|| read::kind(frame.data), |event| Some(event.into()));
        match kind.as_deref() {
            Some("content_block_delta") => self.wrote(deltas::message(frame.data)),
            Some("message_start") => {
                if let Some(reported) = read::message_start(frame.data) {
                    self.report(reported, false);
                }
            }
            Some("message_delta") => {
                if let Some(reported) = read::message_delta(frame.data, self.reported.as_ref()) {
                    self.report(reported, true);
                }
            }
            Some("message_stop") => {
                self.ended = true;
                return Seen {
                    end: true,
                    ..Seen::default()
                };
            }
            Some("error") => {
                let failed = self.fail(read::error(frame.data));
                return Seen {
                    failed,
                    ..Seen::default()
                };
            }
            _ => {}
        }
        Seen::default()
    }

    fn wrote(&mut self, bytes: u64) {
        self.written = self.written.saturating_add(bytes);
        self.text_since |= bytes > 0;
    }

    fn report(&mut self, reported: Reported, is_final: bool) {
        let tier = self.reported.take().and_then(|earlier| earlier.tier);
        self.reported = Some(Reported {
            tier: reported.tier.or(tier),
            ..reported
        });
        self.is_final = is_final;
        self.text_since = false;
    }

    fn fail(&mut self, failure: Option<Failure>) -> bool {
        self.failure = self.failure.take().or(failure);
        self.failure.is_some()
    }
}

impl Failure {
    fn nameless() -> Self {
        Self {
            kind: "server_error".into(),
            message: "the upstream failed in the middle of its answer".into(),
        }
    }
}
