//! Audit entries as text, for export: the same from the pages and from the command line.

use std::str::FromStr;

use gateway_domain::audit::Entry;
use serde_json::{Value, json};

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Comma-separated values with a line of names (RFC 4180).
    Csv,
    /// One JSON object a line.
    Jsonl,
}

const COLUMNS: &str = "id,at,actor_kind,actor_id,actor_label,action,target_kind,target_id,target_label,before,after,\
                       provider_key,address,user_agent,correlation_id,previous_hash,hash\r\n";

impl ExportFormat {
    /// The word for it: `csv` or `jsonl`. Also the ending of the file's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl => "application/jsonl; charset=utf-8",
        }
    }

    /// What comes before the first entry.
    pub fn head(self) -> &'static str {
        match self {
            Self::Csv => COLUMNS,
            Self::Jsonl => "",
        }
    }

    /// An entry with the end of its line.
    pub fn line(self, entry: &Entry) -> String {
        match self {
            Self::Csv => csv(entry),
            Self::Jsonl => format!("{}\n", as_json(entry)),
        }
    }
}

/// A word that names no form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the format is jsonl or csv")]
pub struct UnknownFormat;

impl FromStr for ExportFormat {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, UnknownFormat> {
        [Self::Csv, Self::Jsonl]
            .into_iter()
            .find(|format| format.as_str() == word)
            .ok_or(UnknownFormat)
    }
}

/// An entry as in the API, with what a check of the chain needs besides.
pub fn as_json(entry: &Entry) -> Value {
    let state = |text: &Option<String>| {
        let parsed = text.as_deref().map(serde_json::from_str::<Value>);
        // What is no JSON was tampered with: it is shown as it is.
        parsed.map(|parsed| parsed.unwrap_or_else(|_| json!(text)))
    };
    json!({
        "id": entry.seq,
        "at": entry.at,
        "actor": { "kind": entry.actor_kind, "id": entry.actor_id, "label": entry.actor_label },
        "action": entry.action,
        "target": { "kind": entry.target_kind, "id": entry.target_id, "label": entry.target_label },
        "before": state(&entry.before),
        "after": state(&entry.after),
        "provider_key": entry.provider_key,
        "address": entry.address,
        "user_agent": entry.user_agent,
        "correlation_id": entry.correlation_id,
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    })
}

fn csv(entry: &Entry) -> String {
    let fields = [
        entry.seq.to_string().as_str(),
        &entry.at.to_rfc3339(),
        &entry.actor_kind,
        &entry.actor_id,
        &entry.actor_label,
        &entry.action,
        &entry.target_kind,
        &entry.target_id,
        &entry.target_label,
        entry.before.as_deref().unwrap_or_default(),
        entry.after.as_deref().unwrap_or_default(),
        entry.provider_key.as_deref().unwrap_or_default(),
        &entry.address,
        &entry.user_agent,
        &entry.correlation_id,
        &entry.previous_hash,
        &entry.hash,
    ]
    .map(quoted);
    format!("{}\r\n", fields.join(","))
}

/// A field between quotes. One that a spreadsheet would take for a formula begins with an apostrophe: strangers choose
/// their user agent.
fn quoted(field: &str) -> String {
    let is_formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if is_formula { "'" } else { "" };
    format!("\"{guard}{}\"", field.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_neither_break_the_table_nor_calculate() {
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(quoted("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
        assert_eq!(quoted("@SUM(1)"), "\"'@SUM(1)\"");
        assert_eq!(quoted(""), "\"\"");
    }
}
