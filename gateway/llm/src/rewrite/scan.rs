//! The members of a JSON object, with where they stand.

use std::{borrow::Cow, fmt, ops::Range};

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::ir::Unsupported;

/// A member of an object.
pub(super) struct Member<'a> {
    /// Its name, escapes undone.
    pub key: &'a str,
    /// Its value, as it is written.
    pub value: &'a RawValue,
    /// Where the value stands.
    pub value_span: Range<usize>,
    /// Where the whole member stands, from the name's quote on.
    pub span: Range<usize>,
}

/// Calls `each` for the members of the object in `text`, in order.
pub(super) fn members(
    text: &[u8],
    each: impl FnMut(Member<'_>) -> Result<(), Unsupported>,
) -> Result<(), Unsupported> {
    let mut refused = None;
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = reader
        .deserialize_map(Members {
            start: text.as_ptr() as usize,
            each,
            refused: &mut refused,
        })
        .and_then(|()| reader.end());
    if let Some(refused) = refused {
        return Err(refused);
    }
    read.map_err(|cause| {
        Unsupported::new(
            "body",
            format!(
                "is not a JSON object: line {}, column {}",
                cause.line(),
                cause.column()
            ),
        )
    })
}

struct Members<'r, F> {
    start: usize,
    each: F,
    refused: &'r mut Option<Unsupported>,
}

impl<'de, F: FnMut(Member<'_>) -> Result<(), Unsupported>> Visitor<'de> for Members<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let place = |raw: &RawValue| {
            let start = raw.get().as_ptr() as usize - self.start;
            start..start + raw.get().len()
        };
        while let Some((key, value)) = map.next_entry::<&'de RawValue, &'de RawValue>()? {
            let value_span = place(value);
            let span = place(key).start..value_span.end;
            let key = name(key.get()).map_err(A::Error::custom)?;
            let member = Member {
                key: &key,
                value,
                value_span,
                span,
            };
            if let Err(refused) = (self.each)(member) {
                *self.refused = Some(refused);
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

fn name(quoted: &str) -> Result<Cow<'_, str>, serde_json::Error> {
    match quoted.get(1..quoted.len().saturating_sub(1)) {
        Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
        _ => serde_json::from_str(quoted).map(Cow::Owned),
    }
}
