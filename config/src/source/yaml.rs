//! YAML as a tree in which every key and value knows its line and column.
//!
//! It refuses what makes a file mean something else than it seems to: keys given twice, several documents, merge keys
//! and tags. Anchors and aliases are fine as long as the tree stays small.

mod build;

use std::{fmt, rc::Rc};

use saphyr_parser::{Parser, ScanError};

use self::build::{Builder, Halt};
use super::{Reader, Spot};

/// A place in the text, from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pos {
    pub line: usize,
    pub column: usize,
}

/// A value.
#[derive(Debug)]
pub(crate) struct Node {
    pub pos: Pos,
    pub content: Content,
    size: Size,
}

/// What a value holds.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Text; `is_plain` when it stands there without quotes and may be something else than text.
    Scalar { text: String, is_plain: bool },
    /// Items. They are shared, for aliases.
    List(Vec<Rc<Node>>),
    /// Keys and values, no key twice.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub key: String,
    pub pos: Pos,
    pub value: Rc<Node>,
}

/// How much of the budget a value takes wherever an alias repeats it.
#[derive(Clone, Copy, Debug)]
struct Size {
    nodes: usize,
    height: usize,
}

/// What a value is, after YAML's own reading. A number is text: no setting is one, and `client_id: 0123` stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Text,
    List,
    Map,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "nothing",
            Self::Bool => "a boolean",
            Self::Text => "text",
            Self::List => "a list",
            Self::Map => "a mapping",
        })
    }
}

impl Node {
    pub fn kind(&self) -> Kind {
        match &self.content {
            Content::List(_) => Kind::List,
            Content::Map(_) => Kind::Map,
            Content::Scalar { text, is_plain } if *is_plain => match text.as_str() {
                "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
                "true" | "false" => Kind::Bool,
                _ => Kind::Text,
            },
            Content::Scalar { .. } => Kind::Text,
        }
    }
}

/// Reads the text. `None` when it is not YAML or too much of it; what is wrong goes to the reader.
pub(crate) fn tree(text: &str, reader: &Reader<'_>) -> Option<Rc<Node>> {
    let mut builder = Builder::new(reader);
    // An editor's byte order mark is no character of the first line.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let step = match event {
            Ok((event, span)) => builder.take(event, span),
            Err(error) => Err(Halt::at(&error)),
        };
        if let Err(halt) = step {
            reader.error(&Spot::document(halt.pos), halt.message);
            return None;
        }
    }
    Some(builder.finish())
}

impl Pos {
    /// Where a text begins.
    pub const START: Self = Self { line: 1, column: 1 };

    fn of(marker: saphyr_parser::Marker) -> Self {
        Self {
            line: marker.line().max(1),
            column: marker.col() + 1,
        }
    }
}

impl Halt {
    fn at(error: &ScanError) -> Self {
        Self {
            pos: Pos::of(*error.marker()),
            message: format!("not valid YAML: {}", error.info()),
        }
    }
}

#[cfg(test)]
mod tests;
