//! One value, there or not.

use std::{ops::RangeInclusive, time::Duration};

use gateway_domain::Secret;

use super::{
    Reader, Section, Spot, did_you_mean,
    form::{self, Form},
    quoted,
    yaml::{Content, Entry, Kind, Node, Pos},
};
use crate::duration;

/// A value that may be missing. Its reading methods give `None` when it is missing or when they reported why it is of
/// no use; the caller goes on with a default, so that everything is read in one run.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    reader: &'a Reader<'a>,
    spot: Spot,
    node: Option<&'a Node>,
    /// Where the key stands; sections and missing keys inside them are reported there.
    key: Pos,
    dormant: bool,
}

/// A scalar's text, with whether it stands in the file: only then may a message show it.
pub(crate) struct Text {
    pub value: String,
    pub is_written: bool,
}

impl Text {
    /// `, found "x"`, or nothing.
    fn found(&self) -> String {
        if self.is_written {
            format!(", found {}", quoted(&self.value))
        } else {
            String::new()
        }
    }
}

impl<'a> Field<'a> {
    pub(super) fn new(
        reader: &'a Reader<'a>,
        path: String,
        entry: Option<&'a Entry>,
        section: Pos,
        dormant: bool,
    ) -> Self {
        let pos = entry.map_or(section, |entry| entry.value.pos);
        Self {
            reader,
            spot: Spot { path, pos },
            node: entry.map(|entry| &*entry.value),
            key: entry.map_or(section, |entry| entry.pos),
            dormant,
        }
    }

    /// The whole document.
    pub fn root(reader: &'a Reader<'a>, node: &'a Node) -> Self {
        Self {
            reader,
            spot: Spot {
                path: String::new(),
                pos: node.pos,
            },
            node: Some(node),
            key: node.pos,
            dormant: false,
        }
    }

    pub fn spot(&self) -> &Spot {
        &self.spot
    }

    /// Where its key stands.
    pub fn key_spot(&self) -> Spot {
        Spot {
            path: self.spot.path.clone(),
            pos: self.key,
        }
    }

    /// Whether there is anything, right or wrong.
    pub fn is_given(&self) -> bool {
        self.node.is_some()
    }

    /// Whether it belongs to something that is switched off.
    pub fn is_dormant(&self) -> bool {
        self.dormant
    }

    pub fn error(&self, message: impl Into<String>) {
        self.reader.error(&self.spot, message);
    }

    pub fn warn(&self, message: impl Into<String>) {
        self.reader.warn(&self.spot, message);
    }

    /// Reports it when it is missing.
    pub fn required(self) -> Self {
        if self.node.is_none() {
            self.error("missing; it is required");
        }
        self
    }

    /// As a mapping; a missing one is empty.
    pub fn section(&self) -> Section<'a> {
        let entries: &[Entry] = match self.node.map(|node| (&node.content, node.kind())) {
            None | Some((_, Kind::Null)) => &[],
            Some((Content::Map(entries), _)) => entries,
            Some((_, kind)) => {
                self.error(format!("expected a mapping, found {kind}"));
                &[]
            }
        };
        Section::new(self.reader, self.key_spot(), entries, self.dormant)
    }

    /// As a list of mappings; a missing or empty one has no items.
    pub fn items(&self) -> Vec<Self> {
        match self.node {
            Some(node) if node.kind() == Kind::Null => Vec::new(),
            _ => self.list().unwrap_or_default(),
        }
    }

    /// As a list of texts. An empty value is not taken for an empty list: where a list says who may come in, nothing
    /// would then mean everybody.
    pub fn texts(&self) -> Option<Vec<(Self, String)>> {
        let items = self.list()?;
        let texts = items.into_iter().filter_map(|item| {
            let text = item.text()?.value;
            Some((item, text))
        });
        Some(texts.collect())
    }

    fn list(&self) -> Option<Vec<Self>> {
        let node = self.node?;
        let Content::List(items) = &node.content else {
            let hint = match node.kind() {
                Kind::Null => "; [] is an empty one",
                _ => "",
            };
            self.error(format!("expected a list, found {}{hint}", node.kind()));
            return None;
        };
        let item = |(index, node): (usize, &'a std::rc::Rc<Node>)| Self {
            reader: self.reader,
            spot: Spot {
                path: format!("{}[{index}]", self.spot.path),
                pos: node.pos,
            },
            node: Some(node),
            key: node.pos,
            dormant: self.dormant,
        };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// As text, looked up where it names a variable or a file.
    pub fn text(&self) -> Option<Text> {
        let written = self.scalar(Kind::Text)?;
        let form = Form::of(written);
        let is_written = matches!(form, Form::Plain(_));
        if self.dormant && !is_written {
            return None;
        }
        match form.resolve(self.reader.env()) {
            Ok(value) if value.is_empty() => {
                self.error("is empty");
                None
            }
            Ok(value) => {
                self.reader.digest(value.as_bytes());
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
            _ => self.parse(|text| text.parse().map_err(|_| "expected true or false".to_owned())),
        }
    }

    /// As one of a few words.
    pub fn word<T: Copy>(&self, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            let names = || words.iter().map(|(word, _)| *word);
            let hint = if text.is_written {
                did_you_mean(&text.value, names())
            } else {
                String::new()
            };
            let expected = names().collect::<Vec<_>>().join(", ");
            self.error(format!("expected one of: {expected}{}{hint}", text.found()));
        }
        found.map(|(_, value)| *value)
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
        let (least, most) = (duration::show(*bounds.start()), duration::show(*bounds.end()));
        self.error(format!(
            "expected from {least} to {most}, found {}",
            duration::show(value)
        ));
        None
    }

    /// As a secret. One that stands in the file itself is remembered, of one that is switched off nothing is looked up.
    pub fn secret(&self) -> Option<Secret> {
        let written = self.scalar(Kind::Text)?;
        if matches!(Form::of(written), Form::Plain(_)) {
            self.reader.literal_secret(&self.spot);
        }
        if self.dormant {
            return None;
        }
        Some(Secret::new(self.text()?.value))
    }

    /// The bytes of the file whose path this is.
    pub fn file(&self) -> Option<(String, Vec<u8>)> {
        let path = self.text()?;
        if self.dormant {
            return None;
        }
        match form::bytes(&path.value) {
            Ok(bytes) => {
                self.reader.digest(&bytes);
                Some((path.value, bytes))
            }
            Err(reason) => {
                self.error(format!("cannot be read: {reason}{}", path.found()));
                None
            }
        }
    }
}
