//! A mapping, read key by key.

use super::{
    Field, Reader, Spot,
    suggest::{did_you_mean, shown},
    yaml::Entry,
};

/// A mapping. What it may hold is what is asked of it: when it goes out of scope it reports the keys that nobody asked
/// for, with those that somebody did.
pub(crate) struct Section<'a> {
    reader: &'a Reader<'a>,
    spot: Spot,
    entries: &'a [Entry],
    asked: Vec<&'static str>,
    state: State,
}

/// What is expected of a section and what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is in force.
    Live,
    /// It describes something that is switched off.
    Dormant,
    /// It is no section at all; that was reported, and what is missing from it is not.
    Void,
}

impl<'a> Section<'a> {
    pub(super) fn new(
        reader: &'a Reader<'a>,
        spot: Spot,
        entries: &'a [Entry],
        state: State,
    ) -> Self {
        Self {
            reader,
            spot,
            entries,
            asked: Vec::new(),
            state,
        }
    }

    /// The value under a key, there or not.
    pub fn field(&mut self, key: &'static str) -> Field<'a> {
        self.asked.push(key);
        let path = self.path_of(key);
        let entry = self.entries.iter().find(|entry| entry.key == key);
        Field::new(self.reader, path, entry, self.spot.pos, self.state)
    }

    /// Every key with its value, where the keys are the operator's own. Nothing is unknown here.
    pub fn all(mut self) -> Vec<(&'a str, Field<'a>)> {
        let entries = std::mem::take(&mut self.entries);
        entries
            .iter()
            .map(|entry| {
                let path = self.path_of(&entry.key);
                let field = Field::new(self.reader, path, Some(entry), self.spot.pos, self.state);
                (entry.key.as_str(), field)
            })
            .collect()
    }

    /// From here on nothing is looked up: this describes something that is switched off, and what it refers to need
    /// not exist.
    pub fn sleep(&mut self) {
        if self.state == State::Live {
            self.state = State::Dormant;
        }
    }

    /// What it may hold is not known: nothing in it is reported as unknown.
    pub fn give_up(&mut self) {
        self.entries = &[];
    }

    pub fn reader(&self) -> &'a Reader<'a> {
        self.reader
    }

    fn path_of(&self, key: &str) -> String {
        if self.spot.path.is_empty() {
            shown(key)
        } else {
            format!("{}.{}", self.spot.path, shown(key))
        }
    }
}

impl Drop for Section<'_> {
    fn drop(&mut self) {
        for entry in self.entries {
            if self.asked.contains(&entry.key.as_str()) {
                continue;
            }
            let hint = match did_you_mean(&entry.key, self.asked.iter().copied()) {
                hint if hint.is_empty() => format!("; expected one of: {}", self.asked.join(", ")),
                hint => hint,
            };
            let spot = Spot {
                path: self.path_of(&entry.key),
                pos: entry.pos,
            };
            self.reader.error(&spot, format!("unknown key{hint}"));
        }
    }
}
