//! The text of a call whose tool takes free text, out of the JSON in which the model writes it: `{"input": "…"}`. It can be
//! long (a patch), so it is passed on as it comes.

use serde_json::Value;

/// Takes the text out of arguments that come in pieces.
#[derive(Default)]
pub(super) struct FreeText {
    arguments: String,
    /// How far the arguments are read, once the text has begun.
    at: Option<usize>,
    /// The text ended, or went on as no JSON does.
    over: bool,
    text: String,
}

impl FreeText {
    /// Takes more of the arguments, and says how much of the text came with it.
    pub(super) fn push(&mut self, more: &str) -> &str {
        self.arguments.push_str(more);
        let before = self.text.len();
        if self.at.is_none() {
            self.at = beginning(&self.arguments);
        }
        while let Some(at) = self.at.filter(|_| !self.over) {
            let rest = &self.arguments[at..];
            let plain = rest.find(['"', '\\']).unwrap_or(rest.len());
            self.text.push_str(&rest[..plain]);
            self.at = Some(at + plain);
            let rest = &rest[plain..];
            if rest.is_empty() {
                break;
            }
            if rest.starts_with('"') {
                self.over = true;
                break;
            }
            match escaped(rest) {
                Escaped::Char(char, length) => {
                    self.text.push(char);
                    self.at = Some(at + plain + length);
                }
                Escaped::Unfinished => break,
                Escaped::Wrong => self.over = true,
            }
        }
        &self.text[before..]
    }

    /// Whether any of the text was told by [`FreeText::push`].
    pub(super) fn has_begun(&self) -> bool {
        self.at.is_some()
    }

    /// The text, as far as it came. A model that kept to no schema is shown as it wrote.
    pub(super) fn whole(&self) -> String {
        if self.has_begun() {
            return self.text.clone();
        }
        match serde_json::from_str(&self.arguments) {
            Ok(Value::Object(mut object)) => match object.swap_remove("input") {
                Some(Value::String(input)) => input,
                _ => self.arguments.clone(),
            },
            Ok(Value::String(input)) => input,
            _ => self.arguments.clone(),
        }
    }

    /// The text in whole arguments.
    pub(super) fn of(arguments: &str) -> String {
        let mut text = Self::default();
        text.push(arguments);
        text.whole()
    }
}

/// Where the text begins, if it is the first field and its quote has come.
fn beginning(arguments: &str) -> Option<usize> {
    let mut rest = arguments;
    for token in ["{", "\"input\"", ":", "\""] {
        rest = rest.trim_ascii_start().strip_prefix(token)?;
    }
    Some(arguments.len() - rest.len())
}

enum Escaped {
    /// A character, and the length of what stands for it.
    Char(char, usize),
    Unfinished,
    Wrong,
}

/// Reads what begins with a backslash.
fn escaped(rest: &str) -> Escaped {
    let char = match rest.as_bytes().get(1) {
        None => return Escaped::Unfinished,
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(&byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
        Some(b'u') => return unicode(rest.as_bytes()),
        Some(_) => return Escaped::Wrong,
    };
    Escaped::Char(char, 2)
}

/// Reads `\u0041`, or two of them that stand for one character.
fn unicode(rest: &[u8]) -> Escaped {
    let unit = |at: usize| {
        let digits = rest.get(at + 2..at + 6)?;
        let digits = std::str::from_utf8(digits).ok()?;
        let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        plain
            .then(|| u16::from_str_radix(digits, 16).ok())
            .flatten()
    };
    if rest.len() < 6 {
        return Escaped::Unfinished;
    }
    let Some(first) = unit(0) else {
        return Escaped::Wrong;
    };
    if let Some(char) = char::from_u32(u32::from(first)) {
        return Escaped::Char(char, 6);
    }
    let second = &rest[6..];
    if second.len() < 6 && b"\\u".starts_with(&second[..second.len().min(2)]) {
        return Escaped::Unfinished;
    }
    let pair = unit(6).filter(|_| second.starts_with(b"\\u"));
    let pair = pair.map(|second| char::decode_utf16([first, second]).next());
    match pair {
        Some(Some(Ok(char))) => Escaped::Char(char, 12),
        _ => Escaped::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn in_pieces(arguments: &str, size: usize) -> (String, String) {
        let mut free = FreeText::default();
        let mut told = String::new();
        let chars: Vec<char> = arguments.chars().collect();
        for piece in chars.chunks(size) {
            told.push_str(free.push(&piece.iter().collect::<String>()));
        }
        (told, free.whole())
    }

    #[test]
    fn escapes_are_read() {
        let arguments = r#" { "input" : "a\n\"\\\/\u00e9\ud83d\ude00\b" } "#;
        for size in 1..arguments.len() {
            let text = "a\n\"\\/é😀\u{8}".to_owned();
            assert_eq!(in_pieces(arguments, size), (text.clone(), text));
        }
    }

    #[test]
    fn what_keeps_to_no_schema_is_shown_as_it_is() {
        for (arguments, text) in [
            (r#"{"input":"cut of"#, "cut of"),
            (r#"{"input":"cut \u00"#, "cut "),
            (r#"{"input":"odd \x"}"#, "odd "),
            (r#"{"input":"odd \ud83d\n"}"#, "odd "),
            (r#"{"why":1,"input":"x"}"#, "x"),
            (r#"{"patch":"x"}"#, r#"{"patch":"x"}"#),
            (r#""x\n""#, "x\n"),
            ("*** Begin", "*** Begin"),
            ("", ""),
        ] {
            assert_eq!(FreeText::of(arguments), text, "{arguments}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_through(text: String, size in 1..9_usize) {
            let arguments = json!({"input": text}).to_string();
            prop_assert_eq!(in_pieces(&arguments, size), (text.clone(), text));
        }

        #[test]
        fn nothing_panics(arguments in "[{}\":\\\\ud8a0/n input]{0,40}", size in 1..9_usize) {
            in_pieces(&arguments, size);
            in_pieces(&format!("{{\"input\":\"{arguments}"), size);
        }
    }
}
