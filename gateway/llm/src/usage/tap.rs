//! A native stream on its way to the caller.

use bytes::{Bytes, BytesMut};
use gateway_domain::ledger::Surface;

use crate::sse::Splitter;

use super::Meter;

/// Reads a stream as it goes by, and takes the usage chunk out of it when the caller did not ask for one. Never stands in
/// the way of a stream: what it cannot read (a frame beyond `longest`) goes through unread.
#[derive(Debug)]
pub struct Tap {
    meter: Meter,
    splitter: Splitter,
    /// The beginning of a frame that may have to be withheld; none when nothing is withheld.
    held: Option<BytesMut>,
    /// The longest frame, and the most that is held.
    longest: usize,
    blind: bool,
}

impl Tap {
    /// A tap on an answer of `surface`. `withhold`: the caller shall not see the chunk that has only the usage.
    pub fn new(surface: Surface, withhold: bool, longest: usize) -> Self {
        Self {
            meter: Meter::new(surface),
            splitter: Splitter::new(longest),
            held: (withhold && surface == Surface::Chat).then(BytesMut::new),
            longest,
            blind: false,
        }
    }

    /// Takes what came; gives back what goes on to the caller: the same bytes, but for what is withheld or held until its
    /// frame is whole.
    pub fn push(&mut self, chunk: Bytes) -> Bytes {
        if self.blind {
            return self.release(chunk);
        }
        let meter = &mut self.meter;
        let mut withheld = Vec::new();
        let mut last = 0;
        let pushed = self.splitter.push_with_ends(&chunk, |frame, end| {
            if frame.is_some_and(|frame| meter.frame(&frame).usage_only) {
                withheld.push(last..end);
            }
            last = end;
        });
        let waiting = self.held.as_ref().map_or(0, BytesMut::len) + chunk.len() - last;
        self.blind = pushed.is_err() || (last == 0 && waiting > self.longest);
        let Some(held) = &mut self.held else {
            return chunk;
        };
        if self.blind {
            return self.release(chunk);
        }
        if held.is_empty() && withheld.is_empty() {
            held.extend_from_slice(&chunk[last..]);
            return chunk.slice(..last);
        }
        // Every frame begins where the one before it ended; the first of this chunk with what was held.
        let mut out = BytesMut::with_capacity(held.len() + chunk.len());
        let mut copied = 0;
        for span in withheld {
            if span.start == 0 {
                held.clear();
            }
            out.extend_from_slice(&held.split());
            out.extend_from_slice(&chunk[copied..span.start]);
            copied = span.end;
        }
        if last > 0 {
            out.extend_from_slice(&held.split());
            out.extend_from_slice(&chunk[copied..last]);
        }
        held.extend_from_slice(&chunk[last..]);
        out.freeze()
    }

    /// The stream is over; gives back what was held.
    pub fn finish(&mut self) -> Bytes {
        self.release(Bytes::new())
    }

    /// What was read so far.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Whether the stream could not be read to where it is now; its usage may be unknown, and its end.
    pub fn is_blind(&self) -> bool {
        self.blind
    }

    fn release(&mut self, chunk: Bytes) -> Bytes {
        match self.held.as_mut().filter(|held| !held.is_empty()) {
            None => chunk,
            Some(held) => {
                held.extend_from_slice(&chunk);
                held.split().freeze()
            }
        }
    }
}
