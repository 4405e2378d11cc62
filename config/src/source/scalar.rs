//! Scalars: text, and what is made from it.

use std::{ops::RangeInclusive, time::Duration};

use gateway_domain::Secret;

use super::{
    Field, did_you_mean,
    form::{self, Form},
    quoted,
    yaml::{Content, Kind},
};
use crate::duration;

/// A scalar's text, with whether it stands in the file: only then may a message show it.
pub(crate) struct Text {
    pub value: String,
    pub is_written: bool,
}

impl Text {
    /// `, found "x"`, or nothing.
    pub fn found(&self) -> String {
        if self.is_written {
            format!(", found {}", quoted(&self.value))
        } else {
            String::new()
        }
    }
}

impl<'a> Field<'a> {
    /// As text, looked up where it names a variable or a file.
    pub fn text(&self) -> Option<Text> {
        let written = self.scalar(Kind::Text)?;
        let form = Form::of(written);
        let is_written = matches!(form, Form::Plain(_));
        if self.is_dormant() && !is_written {
            return None;
        }
        match form.resolve(self.reader().env()) {
            Ok(value) if value.is_empty() => {
                self.error("is empty");
                None
            }
            Ok(value) => {
                self.reader().digest(value.as_bytes());
                Some(Text { value, is_written })
            }
            Err(reason) => {
                self.error(reason);
                None
            }
        }
    }

    /// A scalar's text as it stands, of the given kind or text.
    fn scalar(&self, kind: Kind) -> Option<&'a str> {
        let node = self.node?;
        match (&node.content, node.kind()) {
            (Content::Scalar { text, .. }, found) if found == kind || found == Kind::Text => {
                return Some(text);
            }
            (_, Kind::Null) => self.error("has no value; give it one or remove the key"),
            (_, Kind::Bool) => self.error("expected text, found a boolean; quote it"),
            (_, found) => self.error(format!("expected {kind}, found {found}")),
        }
        None
    }

    /// As something made from text. `read` says what was expected; what was found is added if the file shows it.
    pub fn parse<T>(&self, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text()?;
        read(&text.value)
            .map_err(|expected| self.error(format!("{expected}{}", text.found())))
            .ok()
    }

    /// As `true` or `false`; as text too, since the environment holds nothing else.
    pub fn flag(&self) -> Option<bool> {
        match self.scalar(Kind::Bool)? {
            "true" => Some(true),
            "false" => Some(false),
            _ => self.parse(|text| {
                text.parse()
                    .map_err(|_| "expected true or false".to_owned())
            }),
        }
    }

    /// As one of a few words.
    pub fn word<T: Clone>(&self, words: &[(&str, T)]) -> Option<T> {
        self.choose(&self.text()?, "one of", words)
    }

    /// The same for a text that was read already, with a name for what is expected.
    pub fn choose<T: Clone>(&self, text: &Text, what: &str, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            let names = || words.iter().map(|(word, _)| *word);
            let hint = if text.is_written {
                did_you_mean(&text.value, names())
            } else {
                String::new()
            };
            let list = names().collect::<Vec<_>>().join(", ");
            self.error(format!("expected {what}: {list}{}{hint}", text.found()));
        }
        found.map(|(_, value)| value.clone())
    }

    /// As a duration within bounds.
    pub fn duration(&self, bounds: RangeInclusive<Duration>) -> Option<Duration> {
        let value = self.parse(|text| {
            duration::parse(text)
                .ok_or_else(|| "expected a duration such as 30s, 10m, 8h or 7d".to_owned())
        })?;
        if bounds.contains(&value) {
            return Some(value);
        }
        let (least, most) = (
            duration::show(*bounds.start()),
            duration::show(*bounds.end()),
        );
        self.error(format!(
            "expected from {least} to {most}, found {}",
            duration::show(value)
        ));
        None
    }

    /// Remembers that a secret stands here in the file itself.
    pub fn note_literal_secret(&self) {
        self.reader().literal_secret(self.spot());
    }

    /// As a secret. One that stands in the file itself is remembered, of one that is switched off nothing is looked up.
    pub fn secret(&self) -> Option<Secret> {
        let written = self.scalar(Kind::Text)?;
        if matches!(Form::of(written), Form::Plain(_)) {
            self.note_literal_secret();
        }
        if self.is_dormant() {
            return None;
        }
        Some(Secret::new(self.text()?.value))
    }

    /// The bytes of the file whose path this is.
    pub fn file(&self) -> Option<(String, Vec<u8>)> {
        let path = self.text()?;
        if self.is_dormant() {
            return None;
        }
        match form::bytes(&path.value) {
            Ok(bytes) => {
                self.reader().digest(&bytes);
                Some((path.value, bytes))
            }
            Err(reason) => {
                let shown = if path.is_written {
                    quoted(&path.value)
                } else {
                    "the file".to_owned()
                };
                self.error(format!("cannot read {shown}: {reason}"));
                None
            }
        }
    }
}
