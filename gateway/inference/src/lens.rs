//! What an upstream's stream looks like to the caller, and what is read from it on the way.

use bytes::Bytes;
use gateway_domain::{
    RequestId,
    ledger::{Surface, UsageKind},
    money::Tokens,
};
use gateway_llm::{
    callers::{
        Rendering, StreamRenderer,
        errors::{ApiError, stream_error},
    },
    dialects::{Dialect, StreamReader},
    ir::{Event, Garbage},
    sse::Splitter,
    usage::{Failure, Tap, estimate_tokens},
};

use crate::price::Used;

/// The longest event of a stream: pictures come in them.
pub(crate) const LONGEST_FRAME: usize = 32 * 1024 * 1024;

/// Between an upstream and a caller.
pub(crate) enum Lens {
    /// The bytes go through; they are read on a copy.
    Native(Box<Native>),
    /// They are read and said anew.
    Translated(Box<Translated>),
}

pub(crate) struct Native {
    tap: Tap,
    surface: Surface,
    id: RequestId,
    /// The last two bytes that went to the caller.
    tail: [u8; 2],
}

pub(crate) struct Translated {
    splitter: Splitter,
    reader: StreamReader,
    renderer: StreamRenderer,
    usage: Option<Tokens>,
    written: usize,
    ended: bool,
    failure: Option<Failure>,
}

impl Lens {
    /// For an upstream of the caller's protocol. `withhold`: the caller did not ask for the usage.
    pub(crate) fn native(surface: Surface, withhold: bool, id: RequestId) -> Self {
        Self::Native(Box::new(Native {
            tap: Tap::new(surface, withhold, LONGEST_FRAME),
            surface,
            id,
            tail: *b"\n\n",
        }))
    }

    /// For an upstream of another protocol.
    pub(crate) fn translated(dialect: Dialect, surface: Surface, rendering: Rendering) -> Self {
        Self::Translated(Box::new(Translated {
            splitter: Splitter::new(LONGEST_FRAME),
            reader: StreamReader::new(dialect),
            renderer: StreamRenderer::new(surface, rendering),
            usage: None,
            written: 0,
            ended: false,
            failure: None,
        }))
    }

    /// Takes what came; gives what goes to the caller, and whether what came makes no sense from there on.
    pub(crate) fn push(&mut self, chunk: Bytes) -> (Bytes, Result<(), Garbage>) {
        match self {
            Self::Native(native) => {
                let out = native.tap.push(chunk);
                native.passed(&out);
                (out, Ok(()))
            }
            Self::Translated(translated) => translated.push(&chunk),
        }
    }

    /// The upstream ended its answer; gives what is left for the caller. Garbage when the answer is not whole.
    pub(crate) fn finish(&mut self) -> Result<Bytes, Garbage> {
        match self {
            Self::Native(native) => {
                let whole = native.tap.meter().complete() || native.tap.is_blind();
                if whole {
                    Ok(native.tap.finish())
                } else {
                    Err(Garbage("the stream ended before its end".to_owned()))
                }
            }
            Self::Translated(translated) => translated.finish(),
        }
    }

    /// Whether the protocol's end was seen.
    pub(crate) fn ended(&self) -> bool {
        match self {
            Self::Native(native) => native.tap.meter().ended(),
            Self::Translated(translated) => translated.ended,
        }
    }

    /// The error inside the stream, if one came. The caller has it already.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Native(native) => native.tap.meter().failure(),
            Self::Translated(translated) => translated.failure.as_ref(),
        }
    }

    /// About how many tokens were written.
    pub(crate) fn output(&self) -> u64 {
        match self {
            Self::Native(native) => native.tap.meter().estimated_output(),
            Self::Translated(translated) => estimate_tokens(translated.written),
        }
    }

    /// What the stream used as far as it came; the request is reckoned at `input`.
    pub(crate) fn used(&self, input: u64) -> Used {
        match self {
            Self::Native(native) => {
                let meter = native.tap.meter();
                let (tokens, kind) = meter.settle(input);
                Used {
                    tokens,
                    kind,
                    tier: meter.reported().and_then(|reported| reported.tier.clone()),
                }
            }
            Self::Translated(translated) => translated.used(input),
        }
    }

    /// Whether anything was written, or the upstream said what it used.
    pub(crate) fn has_used(&self) -> bool {
        let has_reported = match self {
            Self::Native(native) => native.tap.meter().reported().is_some(),
            Self::Translated(translated) => translated.usage.is_some(),
        };
        has_reported || self.output() > 0
    }

    /// The frames that end the stream with an error.
    pub(crate) fn fail(&mut self, error: &ApiError) -> Bytes {
        match self {
            Self::Native(native) => {
                let frames = stream_error(native.surface, error, &native.id.to_string());
                if native.tail == *b"\n\n" {
                    return frames.into();
                }
                // A frame was cut in two: what is left of it must not swallow the error.
                [b"\n\n", &*frames].concat().into()
            }
            Self::Translated(translated) => {
                let mut out = Vec::new();
                let failed = Event::Failed {
                    kind: error.code.to_owned(),
                    message: error.message.clone(),
                };
                translated.renderer.push(failed, &mut out);
                out.into()
            }
        }
    }
}

impl Native {
    fn passed(&mut self, out: &Bytes) {
        match **out {
            [] => {}
            [last] => self.tail = [self.tail[1], last],
            [.., before, last] => self.tail = [before, last],
        }
    }
}

impl Translated {
    fn push(&mut self, chunk: &[u8]) -> (Bytes, Result<(), Garbage>) {
        let mut out = Vec::new();
        let mut sense = Ok(());
        let Self {
            splitter,
            reader,
            renderer,
            usage,
            written,
            ended,
            failure,
        } = self;
        let mut said = Said {
            usage,
            written,
            ended,
            failure,
        };
        let split = splitter.push(chunk, |frame| {
            if sense.is_err() {
                return;
            }
            match reader.push(frame) {
                Ok(events) => {
                    for event in events {
                        said.note(&event);
                        renderer.push(event, &mut out);
                    }
                }
                Err(garbage) => sense = Err(garbage),
            }
        });
        if let Err(error) = split {
            sense = Err(Garbage(error.to_string()));
        }
        (out.into(), sense)
    }

    fn finish(&mut self) -> Result<Bytes, Garbage> {
        if self.ended {
            return Ok(Bytes::new());
        }
        let mut out = Vec::new();
        let events = self.reader.finish()?;
        for event in events {
            Said {
                usage: &mut self.usage,
                written: &mut self.written,
                ended: &mut self.ended,
                failure: &mut self.failure,
            }
            .note(&event);
            self.renderer.push(event, &mut out);
        }
        if self.ended || self.failure.is_some() {
            Ok(out.into())
        } else {
            Err(Garbage("the stream ended before its end".to_owned()))
        }
    }

    fn used(&self, input: u64) -> Used {
        let output = estimate_tokens(self.written);
        match self.usage {
            Some(tokens) if self.ended => Used::reported(tokens, None),
            Some(tokens) => Used {
                tokens: Tokens {
                    input: if tokens == Tokens::default() {
                        input
                    } else {
                        tokens.input
                    },
                    output: tokens.output.max(output),
                    ..tokens
                },
                kind: UsageKind::Estimated,
                tier: None,
            },
            None => Used::estimated(input, output),
        }
    }
}

/// What is kept of the events.
struct Said<'a> {
    usage: &'a mut Option<Tokens>,
    written: &'a mut usize,
    ended: &'a mut bool,
    failure: &'a mut Option<Failure>,
}

impl Said<'_> {
    fn note(&mut self, event: &Event) {
        match event {
            Event::Start {
                usage: Some(tokens),
                ..
            }
            | Event::Usage(tokens) => *self.usage = Some(*tokens),
            Event::Delta { text, .. } => *self.written += text.len(),
            Event::End => *self.ended = true,
            Event::Failed { kind, message } => {
                *self.failure = Some(Failure {
                    kind: kind.clone(),
                    message: message.clone(),
                });
            }
            _ => {}
        }
    }
}
