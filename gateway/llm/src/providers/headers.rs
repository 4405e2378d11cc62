//! Which headers go up, and which come back.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Whose words the call is in, as far as the caller's headers go. By name only what is listed is handed on; nobody's
/// credentials, cookies, addresses or tracing are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forward {
    /// The call is the gateway's own, or translated: nothing of the caller's fits.
    Nothing,
    /// `OpenAI`'s protocols.
    OpenAi,
    /// Anthropic's.
    Anthropic,
    /// Anthropic's at somebody else's address: only what chooses features of the protocol.
    AnthropicElsewhere,
}

impl Forward {
    fn hands_on(self, name: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::OpenAi => {
                matches!(
                    name,
                    "openai-beta" | "user-agent" | "originator" | "session_id" | "conversation_id"
                ) || name.starts_with("x-codex-")
            }
            Self::Anthropic => {
                matches!(
                    name,
                    "anthropic-version" | "anthropic-beta" | "user-agent" | "x-app"
                ) || name.starts_with("x-claude-")
            }
            Self::AnthropicElsewhere => name == "anthropic-beta",
        }
    }
}

/// The headers that are the same for every call of a provider.
pub(super) struct Fixed {
    json: HeaderMap,
    stream: HeaderMap,
    /// The operator's: the caller's do not replace them.
    pinned: Vec<HeaderName>,
}

impl Fixed {
    /// Ours, then the vendor's, then the operator's.
    pub(super) fn new(vendor: HeaderMap, operator: Vec<(HeaderName, HeaderValue)>) -> Self {
        let mut json = HeaderMap::with_capacity(16);
        let ours = [
            (header::CONTENT_TYPE, "application/json"),
            (header::ACCEPT, "application/json"),
            // Bodies are read on the way, for usage and by translations.
            (header::ACCEPT_ENCODING, "identity"),
            (
                header::USER_AGENT,
                concat!("ogw/", env!("CARGO_PKG_VERSION")),
            ),
        ];
        for (name, value) in ours {
            json.insert(name, HeaderValue::from_static(value));
        }
        json.extend(vendor);
        let mut stream = json.clone();
        let events = HeaderValue::from_static("text/event-stream");
        stream.insert(header::ACCEPT, events);
        let pinned = operator.iter().map(|(name, _)| name.clone()).collect();
        for (name, value) in operator {
            json.insert(name.clone(), value.clone());
            stream.insert(name, value);
        }
        Self {
            json,
            stream,
            pinned,
        }
    }

    /// The headers of one call; the credential is still to come.
    pub(super) fn of_call(&self, stream: bool, forward: Forward, caller: &HeaderMap) -> HeaderMap {
        let mut headers = if stream { &self.stream } else { &self.json }.clone();
        if forward == Forward::Nothing {
            return headers;
        }
        for name in caller.keys() {
            if !forward.hands_on(name.as_str()) || self.pinned.contains(name) {
                continue;
            }
            headers.remove(name);
            for value in caller.get_all(name) {
                headers.append(name, value.clone());
            }
        }
        headers
    }
}

/// Whether an operator may set such a header: not what makes the message or what the body depends on.
pub(super) fn is_settable(name: &HeaderName) -> bool {
    !is_hop_by_hop(name)
        && !matches!(
            *name,
            header::HOST
                | header::CONTENT_LENGTH
                | header::CONTENT_TYPE
                | header::CONTENT_ENCODING
                | header::ACCEPT_ENCODING
                | header::EXPECT
        )
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::CONNECTION
            | header::PROXY_AUTHENTICATE
            | header::PROXY_AUTHORIZATION
            | header::TE
            | header::TRAILER
            | header::TRANSFER_ENCODING
            | header::UPGRADE
    ) || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}

/// Takes away what belongs to the connection: the hop-by-hop headers, and those that `Connection` names.
pub(super) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let hop_by_hop: Vec<HeaderName> = headers
        .keys()
        .filter(|name| is_hop_by_hop(name))
        .cloned()
        .collect();
    for name in named.iter().chain(&hop_by_hop) {
        headers.remove(name);
    }
}
