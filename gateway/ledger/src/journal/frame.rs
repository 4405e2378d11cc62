//! Records in a file: the length and CRC-32 of what follows, a byte for the format and the kind, what it tells.

use std::io;

use super::codec::Record;

const HEADER: usize = 8;
/// Nothing is written that is longer; a length beyond it is none.
const LONGEST: usize = 256 * 1024 * 1024;
/// In which way [`super::codec`] writes: a journal may be read by another version of the gateway than wrote it.
const FORMAT: u8 = 1 << 4;

/// What a record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An upstream is about to be called.
    Opened = 1,
    /// How much an attempt has put out.
    Progress = 2,
    /// An attempt is over.
    Settled = 3,
    /// A request is over.
    Closed = 4,
    /// What was said in a request.
    Payload = 5,
}

impl Kind {
    fn byte(self) -> u8 {
        FORMAT | self as u8
    }

    fn of(byte: u8) -> Option<Self> {
        let all = [
            Self::Opened,
            Self::Progress,
            Self::Settled,
            Self::Closed,
            Self::Payload,
        ];
        all.into_iter().find(|kind| kind.byte() == byte)
    }
}

/// Appends the bytes of a record.
pub(crate) fn encode(kind: Kind, told: &impl Record, out: &mut Vec<u8>) -> io::Result<()> {
    let begin = out.len();
    out.extend_from_slice(&[0; HEADER]);
    out.push(kind.byte());
    told.write(out);
    let (header, content) = out[begin..].split_at_mut(HEADER);
    let length = u32::try_from(content.len()).ok();
    let length = length.filter(|_| content.len() <= LONGEST);
    let length = length.ok_or_else(|| io::Error::other("a record is too long"))?;
    header[..4].copy_from_slice(&length.to_le_bytes());
    header[4..].copy_from_slice(&crc32fast::hash(content).to_le_bytes());
    Ok(())
}

/// What stands at some place in a journal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// A record, where it begins and what it tells.
    Record(Kind, u64, &'a [u8]),
    /// A record that is not as it was written, or of a kind that another version knows. The next may be sound.
    Damaged,
    /// A record that was not written to its end, and nothing behind it.
    Torn,
}

/// What stands in `bytes`, which begin at `offset` of their file.
pub(crate) fn read(bytes: &[u8], offset: u64) -> Frames<'_> {
    Frames {
        rest: bytes,
        offset,
    }
}

pub(crate) struct Frames<'a> {
    rest: &'a [u8],
    offset: u64,
}

impl Frames<'_> {
    /// Where the next record begins.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }
}

/// A frame with a length that can be true: its content, whether that is sound, and what follows it.
fn split(bytes: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    let (header, rest) = bytes.split_at_checked(HEADER)?;
    let [a, b, c, d, crc @ ..] = header else {
        return None;
    };
    let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
    let (content, rest) = rest.split_at_checked(length)?;
    let is_sound = length > 0 && crc == crc32fast::hash(content).to_le_bytes();
    Some((content, is_sound, rest))
}

impl<'a> Iterator for Frames<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let at = self.offset;
        let Some((content, is_sound, rest)) = split(self.rest) else {
            self.rest = &[];
            return Some(Found::Torn);
        };
        self.offset += (self.rest.len() - rest.len()) as u64;
        self.rest = rest;
        if is_sound {
            let (kind, told) = content.split_first()?;
            return Some(
                Kind::of(*kind).map_or(Found::Damaged, |kind| Found::Record(kind, at, told)),
            );
        }
        // After a power cut the end of a file may be zeros.
        if rest.is_empty() || rest.iter().chain(content).all(|byte| *byte == 0) {
            self.rest = &[];
            return Some(Found::Torn);
        }
        // Its length is believed only if it leads to a sound record.
        if !split(rest).is_some_and(|(_, is_sound, _)| is_sound) {
            self.rest = &[];
        }
        Some(Found::Damaged)
    }
}
