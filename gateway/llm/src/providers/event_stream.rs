//! `application/vnd.amazon.eventstream`: framed messages with headers, a payload and two checksums.

#[cfg(test)]
pub(super) mod tests;

/// No message of a model is near that; AWS's own limit is 24 MiB.
const LONGEST: usize = 24 * 1024 * 1024;
const PRELUDE: usize = 12;
const CHECKSUM: usize = 4;
const TEXT: u8 = 7;

/// A message, lent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Message<'a> {
    /// `:message-type`: `event`, `exception`, `error`.
    pub kind: &'a str,
    /// `:event-type`, `:exception-type` or `:error-code`.
    pub name: &'a str,
    /// `:error-message`.
    pub sentence: &'a str,
    pub payload: &'a [u8],
}

/// Puts messages together from whatever pieces come.
#[derive(Default)]
pub(super) struct Decoder {
    held: Vec<u8>,
}

impl Decoder {
    /// Takes the next bytes and calls `each` for every message that they complete.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(Message<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        self.held.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(length) = complete(&self.held[at..])? {
            each(message(&self.held[at..at + length])?)?;
            at += length;
        }
        self.held.drain(..at);
        Ok(())
    }

    /// Whether the bytes so far are whole messages.
    pub(super) fn is_between(&self) -> bool {
        self.held.is_empty()
    }
}

/// The length of the first message, when all of it is there. The prelude is checked before its length is believed.
fn complete(bytes: &[u8]) -> Result<Option<usize>, String> {
    if bytes.len() < PRELUDE {
        return Ok(None);
    }
    if crc32fast::hash(&bytes[..8]) != word(bytes, 8)? {
        return Err("the checksum of an event's prelude is wrong".to_owned());
    }
    let length = usize::try_from(word(bytes, 0)?).unwrap_or(usize::MAX);
    let headers = usize::try_from(word(bytes, 4)?).unwrap_or(usize::MAX);
    if length > LONGEST || length < headers.saturating_add(PRELUDE + CHECKSUM) {
        return Err("the lengths of an event are impossible".to_owned());
    }
    Ok((bytes.len() >= length).then_some(length))
}

fn message(bytes: &[u8]) -> Result<Message<'_>, String> {
    let end = bytes.len() - CHECKSUM;
    if crc32fast::hash(&bytes[..end]) != word(bytes, end)? {
        return Err("the checksum of an event is wrong".to_owned());
    }
    let headers = PRELUDE + usize::try_from(word(bytes, 4)?).unwrap_or(usize::MAX);
    let mut message = Message {
        payload: &bytes[headers..end],
        ..Message::default()
    };
    let mut rest = &bytes[PRELUDE..headers];
    while !rest.is_empty() {
        let (name, value) = header(&mut rest).ok_or("the headers of an event are damaged")?;
        match name {
            b":message-type" => message.kind = value,
            b":event-type" | b":exception-type" | b":error-code" => message.name = value,
            b":error-message" => message.sentence = value,
            _ => {}
        }
    }
    Ok(message)
}

/// Takes a header off; the value is empty when it is not text.
fn header<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], &'a str)> {
    let length = usize::from(*rest.split_off_first()?);
    let name = rest.split_off(..length)?;
    let kind = *rest.split_off_first()?;
    let length = match kind {
        0 | 1 => 0,
        2 => 1,
        3 => 2,
        4 => 4,
        5 | 8 => 8,
        6 | TEXT => {
            let length = rest.split_off(..2)?;
            usize::from(u16::from_be_bytes([length[0], length[1]]))
        }
        9 => 16,
        _ => return None,
    };
    let value = rest.split_off(..length)?;
    if kind != TEXT {
        return Some((name, ""));
    }
    Some((name, std::str::from_utf8(value).ok()?))
}

fn word(bytes: &[u8], at: usize) -> Result<u32, String> {
    let word = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    word.map(u32::from_be_bytes)
        .ok_or_else(|| "an event is too short".to_owned())
}
