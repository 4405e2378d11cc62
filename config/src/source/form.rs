//! The forms of a value: `env.NAME`, `file.PATH`, `literal.TEXT`, or the text itself.

use std::{fs::File, io::Read};

use super::quoted;
use crate::Environment;

/// A value longer than this is not a setting.
const LONGEST: u64 = 256 * 1024;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form<'a> {
    /// A variable of the environment.
    Env(&'a str),
    /// A file's text.
    File(&'a str),
    /// The text itself.
    Plain(&'a str),
}

impl<'a> Form<'a> {
    pub fn of(text: &'a str) -> Self {
        if let Some(name) = text.strip_prefix("env.") {
            Self::Env(name)
        } else if let Some(path) = text.strip_prefix("file.") {
            Self::File(path)
        } else {
            Self::Plain(text.strip_prefix("literal.").unwrap_or(text))
        }
    }

    /// The value, or why there is none. The reason never holds the value.
    pub fn resolve(self, env: &dyn Environment) -> Result<String, String> {
        match self {
            Self::Plain(text) => Ok(text.to_owned()),
            Self::Env(name) => variable(name, env),
            Self::File("") => Err("file. is followed by a path".to_owned()),
            Self::File(path) => {
                content(path).map_err(|reason| format!("cannot read {}: {reason}", quoted(path)))
            }
        }
    }
}

fn variable(name: &str, env: &dyn Environment) -> Result<String, String> {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Err(
            "env. is followed by a variable's name; literal.TEXT is for text that begins with env."
                .to_owned(),
        );
    }
    match env.var(name) {
        None => Err(format!("the environment variable {name} is not set")),
        Some(value) if value.is_empty() => Err(format!("the environment variable {name} is empty")),
        Some(value) => Ok(value),
    }
}

fn content(path: &str) -> Result<String, String> {
    let bytes = bytes(path)?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(text.to_owned())
}

/// A whole small file.
pub(super) fn bytes(path: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("it is larger than {} KiB", LONGEST / 1024));
    }
    Ok(bytes)
}
