//! Recorded streams, and chance that is the same every time.

use gateway_domain::ledger::Surface;

/// Streams as the providers send them: chat, responses, messages; the last with heartbeats and other line ends.
pub(crate) const STREAMS: [&[u8]; 4] = [CHAT, RESPONSES, MESSAGES, ODD];

pub(crate) const CHAT: &[u8] = include_bytes!("testdata/chat.sse");
pub(crate) const RESPONSES: &[u8] = include_bytes!("testdata/responses.sse");
pub(crate) const MESSAGES: &[u8] = include_bytes!("testdata/messages.sse");
const ODD: &[u8] = b"\xEF\xBB\xBF: OPENROUTER PROCESSING\r\n\r\ndata: {\"a\":\r\ndata: \"\xC3\xA9\"}\r\n\r\nevent: ping\rdata\r\r: c\ndata: [DONE]\n\n";

/// A small generator (xorshift): the same numbers in every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

/// Requests as clients send them, with the model that they name.
pub(crate) const REQUESTS: [(Surface, &str, &str); 5] = [
    (
        Surface::Chat,
        include_str!("testdata/chat.request.json"),
        "gpt-4o-mini",
    ),
    (
        Surface::Responses,
        include_str!("testdata/responses.request.json"),
        "gpt-5-codex",
    ),
    (
        Surface::Messages,
        include_str!("testdata/messages.request.json"),
        "claude-sonnet-4-5",
    ),
    (
        Surface::CountTokens,
        r#"{"model":"claude-x","messages":[{"role":"user","content":"hi"}],"thinking":{"type":"enabled","budget_tokens":1024}}"#,
        "claude-x",
    ),
    (
        Surface::Embeddings,
        r#"{"input":[[9906,1917],[40,617.0]],"model":"text-embedding-3-small","encoding_format":"base64","dimensions":256}"#,
        "text-embedding-3-small",
    ),
];
