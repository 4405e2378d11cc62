//! A whole answer of Gemini's: a stream of one frame.

use super::Reader;
use crate::{
    dialects::whole,
    ir::{Garbage, Reply},
    sse::Frame,
};

/// Reads the answer of `generateContent`.
pub fn read(body: &[u8]) -> Result<Reply, Garbage> {
    let mut reader = Reader::default();
    let mut events = reader.push(Frame {
        event: None,
        data: body,
    })?;
    events.extend(reader.finish()?);
    whole::collect(events)
}
