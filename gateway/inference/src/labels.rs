//! What callers say of their requests: labels, not facts.

use bytes::Bytes;
use http::{HeaderMap, header::USER_AGENT};
use memchr::memmem;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The most labels of a request.
const MOST: usize = 16;
/// The longest name and the longest text of a label, in bytes.
const LONGEST: usize = 256;
/// The longest `x-request-id` that is kept.
const LONGEST_ID: usize = 128;
/// Headers of clients that say on whose behalf they ask, and the label that each becomes.
const HEADERS: [(&str, &str); 6] = [
    ("x-openwebui-user-id", "openwebui_user_id"),
    ("x-openwebui-user-name", "openwebui_user_name"),
    ("x-openwebui-user-email", "openwebui_user_email"),
    ("x-openwebui-user-role", "openwebui_user_role"),
    ("x-openwebui-chat-id", "openwebui_chat_id"),
    ("x-claude-code-session-id", "claude_code_session_id"),
];
/// The gateway's own: `x-ogw-labels: project=atlas, stage=test`.
const OWN: &str = "x-ogw-labels";

/// The client's own id of the request.
pub(crate) fn client_request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    let fits = !id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| id.to_owned())
}

/// What the headers say.
pub(crate) fn of_headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut labels = Map::new();
    if let Some(agent) = headers.get(USER_AGENT) {
        put(
            &mut labels,
            "user_agent",
            &String::from_utf8_lossy(agent.as_bytes()),
        );
    }
    for (header, label) in HEADERS {
        if let Some(value) = headers.get(header) {
            put(
                &mut labels,
                label,
                &String::from_utf8_lossy(value.as_bytes()),
            );
        }
    }
    let own = headers
        .get_all(OWN)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    for pair in own.flat_map(|list| list.split(',')) {
        if let Some((name, text)) = pair.split_once('=') {
            put(&mut labels, name.trim(), text.trim());
        }
    }
    labels
}

/// What the body says: `user`, `safety_identifier`, `metadata.user_id`.
pub(crate) fn of_body(labels: &mut Map<String, Value>, body: &Bytes) {
    // In texts the quotes would be escaped: without these bytes there is no such field.
    let says = [
        "\"user\":",
        "\"user\" ",
        "\"user_id\"",
        "\"safety_identifier\"",
    ]
    .iter()
    .any(|name| memmem::find(body, name.as_bytes()).is_some());
    if !says {
        return;
    }
    let Ok(said) = serde_json::from_slice::<Said>(body) else {
        return;
    };
    let user_id = said
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.get("user_id"));
    for (label, value) in [
        ("user", said.user.as_ref()),
        ("safety_identifier", said.safety_identifier.as_ref()),
        ("user_id", user_id),
    ] {
        if let Some(Value::String(text)) = value {
            put(labels, label, text);
        }
    }
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    user: Option<Value>,
    #[serde(default)]
    safety_identifier: Option<Value>,
    #[serde(default)]
    metadata: Option<Value>,
}

/// The first to say something is believed; too much is cut, controls are left out.
fn put(labels: &mut Map<String, Value>, name: &str, text: &str) {
    let is_name = !name.is_empty()
        && name.len() <= 64
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if !is_name || text.is_empty() || labels.len() >= MOST || labels.contains_key(name) {
        return;
    }
    let mut kept: String = text.chars().filter(|c| !c.is_control()).collect();
    while kept.len() > LONGEST {
        kept.pop();
    }
    labels.insert(name.to_owned(), Value::String(kept));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_are_few_short_and_clean() {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, "curl/8".parse().unwrap());
        headers.insert("x-openwebui-user-email", "ada@example.org".parse().unwrap());
        headers.insert(
            OWN,
            "project=atlas, stage = test,=x,user_agent=no, b ad=1"
                .parse()
                .unwrap(),
        );
        let mut labels = of_headers(&headers);
        let body = json!({"model": "m", "user": "u\n1", "metadata": {"user_id": "x".repeat(300)}});
        of_body(&mut labels, &Bytes::from(body.to_string()));
        assert_eq!(
            Value::Object(labels),
            json!({
                "user_agent": "curl/8", "openwebui_user_email": "ada@example.org", "project": "atlas",
                "stage": "test", "user": "u1", "user_id": "x".repeat(256),
            })
        );
        let many = (0..40)
            .map(|n| format!("k{n}=v"))
            .collect::<Vec<_>>()
            .join(",");
        headers.insert(OWN, many.parse().unwrap());
        assert_eq!(of_headers(&headers).len(), MOST);
    }

    #[test]
    fn an_id_is_taken_as_it_is_or_not_at_all() {
        let id = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", text.parse().unwrap());
            client_request_id(&headers)
        };
        assert_eq!(id("abc-1").as_deref(), Some("abc-1"));
        for odd in ["", "a b", &"a".repeat(129)] {
            assert_eq!(id(odd), None);
        }
    }
}
