//! How much text a frame brings, found without parsing it: one look at every colon.

use memchr::{memchr_iter, memmem, memrchr};

use super::estimate::string_length;

/// What a chunk of a chat stream holds, at a glance.
#[derive(Default)]
pub(super) struct Chunk {
    /// Bytes of text.
    pub written: u64,
    pub says_usage: bool,
    pub says_error: bool,
    pub says_finish_reason: bool,
}

pub(super) fn chat(data: &[u8]) -> Chunk {
    let mut chunk = Chunk::default();
    let mut reasoning = 0;
    keys(data, |key, value| match key {
        b"content" | b"arguments" | b"refusal" => {
            let (bytes, length) = string(value);
            chunk.written = chunk.written.saturating_add(bytes);
            length
        }
        // Two names of one thing; some upstreams send both.
        b"reasoning" | b"reasoning_content" => {
            let (bytes, length) = string(value);
            reasoning = bytes.max(reasoning);
            length
        }
        b"usage" => {
            chunk.says_usage |= is_something(value);
            0
        }
        b"error" => {
            chunk.says_error |= is_something(value);
            0
        }
        b"finish_reason" => {
            chunk.says_finish_reason |= is_something(value);
            0
        }
        _ => 0,
    });
    chunk.written = chunk.written.saturating_add(reasoning);
    chunk
}

/// Bytes of text in a `…delta` event of a response.
pub(super) fn response(data: &[u8]) -> u64 {
    texts(data, |key| key == b"delta")
}

/// Bytes of text in a `content_block_delta` event.
pub(super) fn message(data: &[u8]) -> u64 {
    texts(data, |key| {
        matches!(key, b"text" | b"thinking" | b"partial_json")
    })
}

fn texts(data: &[u8], wanted: impl Fn(&[u8]) -> bool) -> u64 {
    let mut written = 0_u64;
    keys(data, |key, value| {
        if !wanted(key) {
            return 0;
        }
        let (bytes, length) = string(value);
        written = written.saturating_add(bytes);
        length
    });
    written
}

/// Calls `each` with every key and what follows it; `each` tells how much of that to pass over. A key in a text is none:
/// its quotes are escaped, so that it ends with a backslash. Keys longer than any that matters are cut short.
fn keys(data: &[u8], mut each: impl FnMut(&[u8], &[u8]) -> usize) {
    let mut passed = 0;
    for colon in memchr_iter(b':', data) {
        if colon < passed {
            continue;
        }
        let Some(before) = data[..colon].trim_ascii_end().strip_suffix(b"\"") else {
            continue;
        };
        let near = &before[before.len().saturating_sub(24)..];
        let key = &near[memrchr(b'"', near).map_or(0, |quote| quote + 1)..];
        let value = data[colon + 1..].trim_ascii_start();
        let start = data.len() - value.len();
        passed = start + each(key, value);
    }
}

fn is_something(value: &[u8]) -> bool {
    !value.starts_with(b"null") && !value.starts_with(b"\"\"")
}

/// How many bytes of text the string has that `value` begins with, and how long it stands; 0 when it is none. An escape
/// counts as what it stands for, roughly.
fn string(value: &[u8]) -> (u64, usize) {
    let Some(rest) = value.strip_prefix(b"\"") else {
        return (0, 0);
    };
    let text = &rest[..string_length(rest)];
    let escapes = memchr_iter(b'\\', text).count();
    let wide = if escapes == 0 {
        0
    } else {
        memmem::find_iter(text, "\\u").count()
    };
    let bytes = text.len().saturating_sub(escapes + wide * 2) as u64;
    (bytes, text.len() + 1)
}
