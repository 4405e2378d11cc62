//! Keys that the file declares and refers to.

use crate::source::{Field, Section, Spot, quoted};

/// Long enough for a name, short enough for a path and an index.
const LONGEST: usize = 64;

/// What is declared, for those that refer to it. Keys that were reported as wrong are among them, so that a reference
/// to one is not reported as well.
#[derive(Default)]
pub(super) struct Names {
    teams: Declared,
    providers: Vec<Provider>,
}

/// A sign-in provider's key.
pub(super) struct Provider {
    pub key: String,
    pub spot: Spot,
    pub is_enabled: bool,
}

impl Names {
    /// Adds a team; a key given twice is reported.
    pub fn add_team(&mut self, field: &Field<'_>, key: &str) {
        self.teams.add(field, key);
    }

    /// Adds a provider, of OIDC or OAuth; a key given twice is reported.
    pub fn add_provider(&mut self, field: &Field<'_>, key: &str, is_enabled: bool) {
        match self.providers.iter().find(|other| other.key == key) {
            Some(first) if !key.is_empty() => {
                field.error(format!("{} is {} already", quoted(key), first.spot.path));
            }
            _ => self.providers.push(Provider {
                key: key.to_owned(),
                spot: field.spot().clone(),
                is_enabled,
            }),
        }
    }

    /// The first provider with which people may sign in.
    pub fn enabled(&self) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.is_enabled)
    }

    /// The provider with this key.
    pub fn provider(&self, key: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.key == key)
    }

    /// All providers' keys, in the file's order.
    pub fn provider_keys(&self) -> impl Iterator<Item = &str> {
        let keys = self.providers.iter().map(|provider| provider.key.as_str());
        keys.filter(|key| !key.is_empty())
    }

    /// Reads `team`, a reference to a declared team.
    pub fn team(&self, section: &mut Section<'_>) -> String {
        let field = section.field("team").required();
        self.teams.refer(&field, "a team that this file declares")
    }
}

/// Ids of one kind: each once, and referred to by others.
#[derive(Default)]
pub(super) struct Declared(Vec<(String, Spot)>);

impl Declared {
    /// Adds an id; one given twice is reported.
    pub fn add(&mut self, field: &Field<'_>, id: &str) {
        match self.0.iter().find(|(other, _)| other == id) {
            Some((_, first)) if !id.is_empty() => {
                field.error(format!("{} is {} already", quoted(id), first.path));
            }
            _ => self.0.push((id.to_owned(), field.spot().clone())),
        }
    }

    /// Reads a reference to one of them; `what` says of what.
    pub fn refer(&self, field: &Field<'_>, what: &str) -> String {
        let Some(text) = field.text() else {
            return String::new();
        };
        let words: Vec<_> = self.0.iter().map(|(id, _)| (id.as_str(), ())).collect();
        if words.is_empty() {
            field.error(format!(
                "expected {what}, and this file declares none{}",
                text.found()
            ));
        } else {
            field.choose(&text, what, &words);
        }
        text.value
    }
}

/// Reads `key`: it stands in paths, links and redirect addresses. A wrong one is reported and given all the same, since
/// others refer to it.
pub(super) fn read(field: &Field<'_>) -> String {
    let Some(text) = field.text() else {
        return String::new();
    };
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_key = text.value.len() <= LONGEST
        && text.value.bytes().next().is_some_and(is_plain)
        && text
            .value
            .bytes()
            .all(|byte| is_plain(byte) || b"_-".contains(&byte));
    if !is_key {
        field.error(format!(
            "expected a key: at most {LONGEST} of a-z, 0-9, _ and -, beginning with a letter or digit{}",
            text.found()
        ));
    }
    text.value
}
