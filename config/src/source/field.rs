//! One place for a value, there or not, and the lists and mappings in it. [`super::scalar`] reads the rest.

use std::rc::Rc;

use super::{
    Reader, Section, Spot,
    section::State,
    yaml::{Content, Entry, Kind, Node, Pos},
};

/// A value that may be missing. Its reading methods give `None` when it is missing or when they reported why it is of
/// no use; the caller goes on with a default, so that everything is read in one run.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    reader: &'a Reader<'a>,
    spot: Spot,
    pub(super) node: Option<&'a Node>,
    /// Where the key stands; sections and missing keys inside them are reported there.
    key: Pos,
    state: State,
}

impl<'a> Field<'a> {
    pub(super) fn new(
        reader: &'a Reader<'a>,
        path: String,
        entry: Option<&'a Entry>,
        section: Pos,
        state: State,
    ) -> Self {
        let pos = entry.map_or(section, |entry| entry.value.pos);
        Self {
            reader,
            spot: Spot { path, pos },
            node: entry.map(|entry| &*entry.value),
            key: entry.map_or(section, |entry| entry.pos),
            state,
        }
    }

    /// The whole document.
    pub fn root(reader: &'a Reader<'a>, node: &'a Node) -> Self {
        Self {
            reader,
            spot: Spot::document(node.pos),
            node: Some(node),
            key: node.pos,
            state: State::Live,
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

    /// Whether it is missing from a section that is one.
    pub fn is_missing(&self) -> bool {
        self.node.is_none() && self.state != State::Void
    }

    /// Whether it belongs to something that is switched off.
    pub fn is_dormant(&self) -> bool {
        self.state == State::Dormant
    }

    pub fn reader(&self) -> &'a Reader<'a> {
        self.reader
    }

    pub fn error(&self, message: impl Into<String>) {
        self.reader.error(&self.spot, message);
    }

    pub fn warn(&self, message: impl Into<String>) {
        self.reader.warn(&self.spot, message);
    }

    /// Reports it when it is missing.
    pub fn required(self) -> Self {
        if self.is_missing() {
            self.error("missing; it is required");
        }
        self
    }

    /// As a mapping; a missing one is empty.
    pub fn section(&self) -> Section<'a> {
        let (entries, state): (&[Entry], _) =
            match self.node.map(|node| (&node.content, node.kind())) {
                None | Some((_, Kind::Null)) => (&[], self.state),
                Some((Content::Map(entries), _)) => (entries, self.state),
                Some((_, kind)) => {
                    self.error(format!("expected a mapping, found {kind}"));
                    (&[], State::Void)
                }
            };
        Section::new(self.reader, self.key_spot(), entries, state)
    }

    /// As a list of mappings; a missing or empty one has no items.
    pub fn items(&self) -> Vec<Self> {
        match self.node {
            Some(node) if node.kind() == Kind::Null => Vec::new(),
            _ => self.values().unwrap_or_default(),
        }
    }

    /// As a list of values. Nothing is not taken for an empty list: where a list says who may come in, an empty one
    /// means everybody.
    pub fn values(&self) -> Option<Vec<Self>> {
        let node = self.node?;
        let Content::List(items) = &node.content else {
            let hint = match node.kind() {
                Kind::Null => "; an empty one is []",
                _ => "",
            };
            self.error(format!("expected a list, found {}{hint}", node.kind()));
            return None;
        };
        let item = |(index, node): (usize, &'a Rc<Node>)| Self {
            reader: self.reader,
            spot: Spot {
                path: format!("{}[{index}]", self.spot.path),
                pos: node.pos,
            },
            node: Some(node),
            key: node.pos,
            state: self.state,
        };
        Some(items.iter().enumerate().map(item).collect())
    }
}
