//! What no column should have to hold.
//!
//! Some texts of a row come from callers and some numbers from upstreams. One that the database refused would keep the
//! rows beside it waiting, so it is cut to size before it is written down.

use gateway_domain::{
    ledger::{Attempt, RequestRecord},
    money::{NanoUsd, Tokens},
};
use gateway_store::ledger::PayloadRow;
use serde_json::Value;

/// Bytes of a name. PostgreSQL's indexes take less than three times this much.
const LONGEST: usize = 800;
/// Bytes of the labels, as JSON.
const MOST_LABELS: usize = 16 * 1024;
/// No call uses as much; sums of millions of such rows still fit their columns.
const MOST_TOKENS: u64 = 1 << 40;
/// A million dollars: nor does any cost as much.
const MOST_NANO_USD: i64 = 1_000_000_000_000_000;

pub(crate) fn attempt(row: &mut Attempt) {
    text(&mut row.model);
    text(&mut row.provider);
    text(&mut row.upstream_model);
    row.error_code.iter_mut().for_each(text);
    numbers(&mut row.tokens, &mut row.cost);
}

pub(crate) fn request(row: &mut RequestRecord) {
    text(&mut row.model);
    row.error_code.iter_mut().for_each(text);
    row.client_request_id.iter_mut().for_each(text);
    if let Some((provider, upstream_model)) = &mut row.served_by {
        text(provider);
        text(upstream_model);
    }
    labels(&mut row.labels);
    numbers(&mut row.tokens, &mut row.cost);
}

pub(crate) fn payload(row: &mut PayloadRow) {
    without_nul(&mut row.request);
    without_nul(&mut row.response);
}

fn text(text: &mut String) {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
    }
    without_nul(text);
}

fn without_nul(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}");
    }
}

/// Labels stay an object; those go that do not fit beside the ones before. In JSON a NUL is escaped, which is as good as none.
fn labels(labels: &mut Value) {
    let Value::Object(map) = labels else {
        *labels = Value::Object(serde_json::Map::new());
        return;
    };
    if map.is_empty() {
        return;
    }
    let mut left = MOST_LABELS;
    map.retain(|name, value| {
        let size = name.len()
            + value
                .as_str()
                .map_or_else(|| value.to_string().len(), str::len);
        let fits = size <= left;
        left -= if fits { size } else { 0 };
        fits
    });
}

fn numbers(tokens: &mut Tokens, cost: &mut NanoUsd) {
    for count in [
        &mut tokens.input,
        &mut tokens.output,
        &mut tokens.cache_read,
        &mut tokens.cache_write,
        &mut tokens.cache_write_1h,
        &mut tokens.reasoning,
        &mut tokens.audio_input,
        &mut tokens.audio_output,
        &mut tokens.image_input,
    ] {
        *count = (*count).min(MOST_TOKENS);
    }
    *cost = (*cost).clamp(NanoUsd::new(0), NanoUsd::new(MOST_NANO_USD));
}
