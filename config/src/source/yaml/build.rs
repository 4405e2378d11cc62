//! From the parser's events to the tree.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use saphyr_parser::{Event, ScalarStyle, Span, Tag};

use super::{Content, Entry, Node, Pos, Size};
use crate::source::{Reader, Spot, suggest::shown};

/// So many values, counting those that aliases repeat. A long text counts more than once.
const BUDGET: usize = 100_000;
const TEXT_PER_NODE: usize = 64;
const DEEPEST: usize = 64;

/// Why there is no tree.
pub(super) struct Halt {
    pub pos: Pos,
    pub message: String,
}

/// A list or mapping that is not complete yet.
struct Frame {
    pos: Pos,
    anchor: usize,
    parts: Parts,
}

enum Parts {
    List(Vec<Rc<Node>>),
    Map {
        entries: Vec<Entry>,
        seen: HashMap<String, Pos>,
        key: Key,
    },
}

/// Where a mapping stands: before a key or behind one.
enum Key {
    Awaited,
    Known(String, Pos),
    /// It was refused; its value is read and dropped.
    Refused,
}

pub(super) struct Builder<'a, 'r> {
    reader: &'a Reader<'r>,
    frames: Vec<Frame>,
    anchors: BTreeMap<usize, Rc<Node>>,
    nodes: usize,
    root: Option<Rc<Node>>,
    documents: usize,
}

impl<'a, 'r> Builder<'a, 'r> {
    pub fn new(reader: &'a Reader<'r>) -> Self {
        Self {
            reader,
            frames: Vec::new(),
            anchors: BTreeMap::new(),
            nodes: 0,
            root: None,
            documents: 0,
        }
    }

    pub fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Halt> {
        let pos = Pos::of(span.start);
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return halt(pos, "a second document begins here; expected one");
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.check_tag(
                    tag.as_deref(),
                    &["str", "bool", "int", "float", "null"],
                    pos,
                );
                let is_text = tag.is_some_and(|tag| is_bare(&tag) || tag.suffix == "str");
                let node = Node {
                    pos,
                    size: Size {
                        nodes: 1 + text.len() / TEXT_PER_NODE,
                        height: 0,
                    },
                    content: Content::Scalar {
                        text: text.into_owned(),
                        is_plain: style == ScalarStyle::Plain && !is_text,
                    },
                };
                self.count(pos, node.size.nodes)?;
                self.place(node, anchor)?;
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    return halt(pos, "this alias stands inside of what it stands for");
                };
                // The value stands here; what is in it stays where it is written.
                let node = Node {
                    pos,
                    size: node.size,
                    content: node.content.clone(),
                };
                self.count(pos, node.size.nodes)?;
                self.place(node, 0)?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), &["seq"], pos);
                self.open(pos, anchor, Parts::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), &["map"], pos);
                let parts = Parts::Map {
                    entries: Vec::new(),
                    seen: HashMap::new(),
                    key: Key::Awaited,
                };
                self.open(pos, anchor, parts)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close()?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    /// The tree. A text without a value, or with comments alone, is an empty one.
    pub fn finish(self) -> Rc<Node> {
        self.root.unwrap_or_else(|| {
            Rc::new(Node {
                pos: Pos::START,
                size: Size {
                    nodes: 1,
                    height: 0,
                },
                content: Content::Map(Vec::new()),
            })
        })
    }

    fn open(&mut self, pos: Pos, anchor: usize, parts: Parts) -> Result<(), Halt> {
        if self.frames.len() >= DEEPEST {
            return halt(pos, "nested too deeply");
        }
        self.count(pos, 1)?;
        self.frames.push(Frame { pos, anchor, parts });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Halt> {
        // The parser pairs starts and ends.
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        let content = match frame.parts {
            Parts::List(items) => Content::List(items),
            Parts::Map { entries, .. } => Content::Map(entries),
        };
        let mut size = Size {
            nodes: 1,
            height: 0,
        };
        let mut count = |node: &Node| {
            size.nodes += node.size.nodes;
            size.height = size.height.max(node.size.height + 1);
        };
        match &content {
            Content::List(items) => items.iter().for_each(|item| count(item)),
            Content::Map(entries) => entries.iter().for_each(|entry| count(&entry.value)),
            Content::Scalar { .. } => {}
        }
        let node = Node {
            pos: frame.pos,
            content,
            size,
        };
        self.place(node, frame.anchor)
    }

    fn count(&mut self, pos: Pos, nodes: usize) -> Result<(), Halt> {
        self.nodes += nodes;
        if self.nodes > BUDGET {
            return halt(pos, "too large; a configuration has fewer values");
        }
        Ok(())
    }

    /// Puts a complete value where it belongs.
    fn place(&mut self, node: Node, anchor: usize) -> Result<(), Halt> {
        if self.frames.len() + node.size.height > DEEPEST {
            return halt(node.pos, "nested too deeply");
        }
        let node = Rc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        match self.frames.last_mut().map(|frame| &mut frame.parts) {
            None => self.root = Some(node),
            Some(Parts::List(items)) => items.push(node),
            Some(Parts::Map { entries, key, .. }) => match std::mem::replace(key, Key::Awaited) {
                Key::Awaited => self.key(&node),
                Key::Known(key, pos) => entries.push(Entry {
                    key,
                    pos,
                    value: node,
                }),
                Key::Refused => {}
            },
        }
        Ok(())
    }

    /// Takes a complete value as the key of the innermost mapping, or says why not.
    fn key(&mut self, node: &Node) {
        let Some(Parts::Map { seen, key, .. }) =
            self.frames.last_mut().map(|frame| &mut frame.parts)
        else {
            return;
        };
        let refusal = match &node.content {
            Content::Scalar {
                text,
                is_plain: true,
            } if text == "<<" => {
                *key = Key::Refused;
                "merge keys are not supported; repeat the keys, \
                 or let an alias stand for the whole value"
                    .to_owned()
            }
            Content::Scalar { text, .. } if !text.is_empty() => {
                *key = Key::Known(text.clone(), node.pos);
                match seen.insert(text.clone(), node.pos) {
                    None => return,
                    Some(first) => format!("given twice, before in line {}", first.line),
                }
            }
            _ => {
                *key = Key::Refused;
                "expected a name as the key".to_owned()
            }
        };
        self.reader.error(&self.spot(node.pos), refusal);
        if let Some(Parts::Map { key, .. }) = self.frames.last_mut().map(|frame| &mut frame.parts) {
            *key = Key::Refused;
        }
    }

    /// Tags of YAML itself change nothing, since each setting knows its type. Others would promise something.
    fn check_tag(&self, tag: Option<&Tag>, core: &[&str], pos: Pos) {
        let Some(tag) = tag else { return };
        let is_core = tag.is_yaml_core_schema() && core.contains(&tag.suffix.as_str());
        if !is_core && !is_bare(tag) {
            self.reader
                .error(&self.spot(pos), "tags are not supported; remove it");
        }
    }

    /// The place that the open lists and mappings lead to.
    fn spot(&self, pos: Pos) -> Spot {
        let mut path = String::new();
        for frame in &self.frames {
            match &frame.parts {
                Parts::List(items) => path = format!("{path}[{}]", items.len()),
                Parts::Map {
                    key: Key::Known(key, _),
                    ..
                } => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(&shown(key));
                }
                Parts::Map { .. } => {}
            }
        }
        Spot { path, pos }
    }
}

/// `!` alone: text, whatever it looks like.
fn is_bare(tag: &Tag) -> bool {
    tag.handle.is_empty() && tag.suffix == "!"
}

fn halt<T>(pos: Pos, message: &str) -> Result<T, Halt> {
    Err(Halt {
        pos,
        message: message.to_owned(),
    })
}
