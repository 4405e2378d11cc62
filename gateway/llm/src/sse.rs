//! Server-sent events as the WHATWG defines them: every line ending, comments, a byte order mark, data over several lines.
//! Frames that lie whole in a chunk are lent out of it without a copy.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

#[cfg(test)]
mod tests;

/// An event of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its name, unless it has none.
    pub event: Option<&'a str>,
    /// Its data; lines are joined by `\n`.
    pub data: &'a [u8],
}

/// A frame is longer than is allowed; the stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than {0} bytes")]
pub struct TooLong(pub usize);

/// Cuts a stream of bytes into frames, wherever its chunks end.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts of a stream that do not exclude each other"
)]
pub struct Splitter {
    longest: usize,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// What earlier chunks said of the frame that is not finished.
    event: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// The last line ended in CR: an LF that follows belongs to it.
    after_cr: bool,
    at_start: bool,
    broken: bool,
}

/// What this chunk said of the frame that is not finished, lent.
#[derive(Default)]
struct Lent<'a> {
    event: Option<&'a [u8]>,
    data: Option<&'a [u8]>,
}

impl Splitter {
    /// A splitter that refuses frames with more than `longest` bytes.
    pub fn new(longest: usize) -> Self {
        Self {
            longest,
            line: Vec::new(),
            event: Vec::new(),
            data: Vec::new(),
            has_data: false,
            after_cr: false,
            at_start: true,
            broken: false,
        }
    }

    /// Takes the next bytes of the stream and calls `each` for every frame that they finish. After [`TooLong`] nothing
    /// more can be read.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(Frame<'_>)) -> Result<(), TooLong> {
        self.push_with_ends(bytes, |frame, _| {
            if let Some(frame) = frame {
                each(frame);
            }
        })
    }

    /// As [`Splitter::push`]; also tells where in `bytes` the frame's last line ends. Without a frame: a blank line that
    /// ends none, as after a comment.
    pub fn push_with_ends(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(Option<Frame<'_>>, usize),
    ) -> Result<(), TooLong> {
        if self.broken {
            return Err(TooLong(self.longest));
        }
        let mut lent = Lent::default();
        let mut at = 0;
        while at < bytes.len() {
            if self.after_cr {
                self.after_cr = false;
                if bytes[at] == b'\n' {
                    at += 1;
                    continue;
                }
            }
            let Some(length) = memchr2(b'\n', b'\r', &bytes[at..]) else {
                break;
            };
            let line = &bytes[at..at + length];
            self.after_cr = bytes[at + length] == b'\r';
            at += length + 1;
            // `\r\n` in one chunk: the frame ends after both.
            if self.after_cr && bytes.get(at) == Some(&b'\n') {
                self.after_cr = false;
                at += 1;
            }
            if self.line.is_empty() {
                self.fits(&lent, line.len())?;
                self.take_line(line, &mut lent, &mut |frame| each(frame, at));
            } else {
                self.fits(&lent, self.line.len() + line.len())?;
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.keep(&mut lent);
                let mut own = Lent::default();
                self.take_line(&whole, &mut own, &mut |frame| each(frame, at));
                self.keep(&mut own);
                whole.clear();
                self.line = whole;
            }
        }
        self.fits(&lent, self.line.len() + (bytes.len() - at))?;
        self.keep(&mut lent);
        self.line.extend_from_slice(&bytes[at..]);
        Ok(())
    }

    /// Reads a whole line. What it says of the frame is lent to `lent`, or kept when it does not stand alone.
    fn take_line<'a>(
        &mut self,
        line: &'a [u8],
        lent: &mut Lent<'a>,
        each: &mut impl FnMut(Option<Frame<'_>>),
    ) {
        let line = if std::mem::take(&mut self.at_start) {
            line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)
        } else {
            line
        };
        if line.is_empty() {
            return self.dispatch(lent, each);
        }
        let (name, value) = match memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" if self.has_data || lent.data.is_some() => {
                self.keep(lent);
                self.data.push(b'\n');
                self.data.extend_from_slice(value);
            }
            b"data" => lent.data = Some(value),
            b"event" => {
                self.event.clear();
                lent.event = Some(value);
            }
            // Comments (an empty name), `id`, `retry` and what is to come say nothing of models.
            _ => {}
        }
    }

    fn dispatch(&mut self, lent: &mut Lent<'_>, each: &mut impl FnMut(Option<Frame<'_>>)) {
        let lent = std::mem::take(lent);
        if self.has_data || lent.data.is_some() {
            let event = String::from_utf8_lossy(lent.event.unwrap_or(&self.event));
            each(Some(Frame {
                event: Some(event.as_ref()).filter(|name| !name.is_empty()),
                data: lent.data.unwrap_or(&self.data),
            }));
        } else {
            each(None);
        }
        self.event.clear();
        self.data.clear();
        self.has_data = false;
    }

    /// Copies what is lent, because its chunk ends or more data comes.
    fn keep(&mut self, lent: &mut Lent<'_>) {
        if let Some(event) = lent.event.take() {
            self.event.clear();
            self.event.extend_from_slice(event);
        }
        if let Some(data) = lent.data.take() {
            self.data.extend_from_slice(data);
            self.has_data = true;
        }
    }

    fn fits(&mut self, lent: &Lent<'_>, line: usize) -> Result<(), TooLong> {
        let event = lent.event.map_or(self.event.len(), <[u8]>::len);
        let held = event + self.data.len() + lent.data.map_or(0, <[u8]>::len);
        if held + line <= self.longest {
            return Ok(());
        }
        self.broken = true;
        (self.line, self.event, self.data) = (Vec::new(), Vec::new(), Vec::new());
        Err(TooLong(self.longest))
    }
}

/// Appends a frame. Data with line breaks becomes several lines.
pub fn write_frame(out: &mut Vec<u8>, event: Option<&str>, data: &[u8]) {
    out.reserve(data.len() + event.map_or(0, str::len) + 16);
    if let Some(event) = event {
        out.extend_from_slice(b"event: ");
        out.extend(one_line(event).bytes());
        out.push(b'\n');
    }
    let mut rest = data;
    loop {
        out.extend_from_slice(b"data: ");
        let Some(length) = memchr2(b'\n', b'\r', rest) else {
            out.extend_from_slice(rest);
            break;
        };
        out.extend_from_slice(&rest[..length]);
        out.push(b'\n');
        let pair = rest[length..].starts_with(b"\r\n");
        rest = &rest[length + 1 + usize::from(pair)..];
    }
    out.extend_from_slice(b"\n\n");
}

fn one_line(event: &str) -> Cow<'_, str> {
    if event.contains(['\n', '\r']) {
        Cow::Owned(event.replace(['\n', '\r'], " "))
    } else {
        Cow::Borrowed(event)
    }
}
