//! A JSON object that is read field by field. What nobody asked for is an error that names it: that is how nothing is
//! dropped in silence. `null` is as good as absent, as the vendors' own servers have it.

use serde_json::{Map, Value};

use crate::ir::Unsupported;

/// The fields of an object that nobody has read yet.
pub(super) struct Fields {
    path: String,
    map: Map<String, Value>,
}

impl Fields {
    /// The body of a request.
    pub(super) fn body(body: &[u8]) -> Result<Self, Unsupported> {
        let value = serde_json::from_slice(body).map_err(|error| {
            // The parser's own sentence may quote the caller's text.
            let reason = format!(
                "the body is not JSON at line {}, column {}",
                error.line(),
                error.column()
            );
            Unsupported::new("body", reason)
        })?;
        Self::of(value, String::new())
    }

    /// An object that stands at `path`.
    pub(super) fn of(value: Value, path: String) -> Result<Self, Unsupported> {
        match value {
            Value::Object(map) => Ok(Self { path, map }),
            _ => Err(Unsupported::new(
                if path.is_empty() {
                    "body".to_owned()
                } else {
                    path
                },
                "expected an object",
            )),
        }
    }

    /// What a field of this object is called, seen from the top of the request.
    pub(super) fn path(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// Whether the field is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// An error about a field.
    pub(super) fn refuse(&self, name: &str, reason: impl Into<String>) -> Unsupported {
        Unsupported::new(self.path(name), reason)
    }

    /// The field, whatever it is.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.map.swap_remove(name).filter(|value| !value.is_null())
    }

    /// A text.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Unsupported> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.refuse(name, "expected a string")),
        }
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, name: &str) -> Result<String, Unsupported> {
        self.text(name)?.ok_or_else(|| self.refuse(name, "missing"))
    }

    /// A yes or no.
    pub(super) fn boolean(&mut self, name: &str) -> Result<Option<bool>, Unsupported> {
        self.number(name, "expected true or false", Value::as_bool)
    }

    /// A number.
    pub(super) fn float(&mut self, name: &str) -> Result<Option<f64>, Unsupported> {
        self.number(name, "expected a number", Value::as_f64)
    }

    /// A whole number that is not negative.
    pub(super) fn unsigned(&mut self, name: &str) -> Result<Option<u64>, Unsupported> {
        self.number(name, "expected a whole number of at least 0", Value::as_u64)
    }

    /// A whole number.
    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i64>, Unsupported> {
        self.number(name, "expected a whole number", Value::as_i64)
    }

    fn number<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, Unsupported> {
        self.take(name)
            .map(|value| read(&value).ok_or_else(|| self.refuse(name, expected)))
            .transpose()
    }

    /// An object; absent: `None`.
    pub(super) fn object(&mut self, name: &str) -> Result<Option<Self>, Unsupported> {
        let path = self.path(name);
        self.take(name)
            .map(|value| Self::of(value, path))
            .transpose()
    }

    /// A list with the path of each of its values; absent: empty.
    pub(super) fn list(&mut self, name: &str) -> Result<Vec<(String, Value)>, Unsupported> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => Ok(numbered(&self.path(name), values)),
            Some(_) => Err(self.refuse(name, "expected a list")),
        }
    }

    /// A list of objects; absent: empty.
    pub(super) fn objects(&mut self, name: &str) -> Result<Vec<Self>, Unsupported> {
        self.list(name)?
            .into_iter()
            .map(|(path, value)| Self::of(value, path))
            .collect()
    }

    /// What nobody has read, as it is.
    pub(super) fn rest(self) -> Value {
        Value::Object(self.map)
    }

    /// Passes over fields that change nothing in what the model says.
    pub(super) fn ignore(&mut self, names: &[&str]) {
        self.map.retain(|name, _| !names.contains(&name.as_str()));
    }

    /// Fails if a field that has only one meaning here has another value.
    pub(super) fn only(
        &mut self,
        name: &str,
        allowed: impl Fn(&Value) -> bool,
        reason: &str,
    ) -> Result<(), Unsupported> {
        match self.take(name) {
            Some(value) if !allowed(&value) => Err(self.refuse(name, reason)),
            _ => Ok(()),
        }
    }

    /// Fails with the name of the first field that nobody has read.
    pub(super) fn finish(self) -> Result<(), Unsupported> {
        match self.map.iter().find(|(_, value)| !value.is_null()) {
            None => Ok(()),
            Some((name, _)) => Err(self.refuse(
                name,
                "this field is unknown, or the model's provider has no place for it",
            )),
        }
    }
}

/// The values of a list with the path of each.
pub(super) fn numbered(path: &str, values: Vec<Value>) -> Vec<(String, Value)> {
    let name = |(index, value)| (format!("{path}[{index}]"), value);
    values.into_iter().enumerate().map(name).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        Fields::of(value, "messages[1]".to_owned()).unwrap()
    }

    #[test]
    fn what_nobody_reads_is_named() {
        let mut read = fields(json!({"a": "x", "b": null, "c": 1}));
        assert_eq!(read.text("a").unwrap().as_deref(), Some("x"));
        assert_eq!(read.finish().unwrap_err().field, "messages[1].c");
        assert!(fields(json!({"b": null})).finish().is_ok());
    }

    #[test]
    fn a_wrong_type_is_named() {
        let mut read = fields(json!({"a": 1, "b": "x", "c": -1, "d": {}}));
        assert_eq!(read.text("a").unwrap_err().field, "messages[1].a");
        assert_eq!(read.boolean("b").unwrap_err().field, "messages[1].b");
        assert_eq!(read.unsigned("c").unwrap_err().field, "messages[1].c");
        assert_eq!(read.list("d").unwrap_err().field, "messages[1].d");
        assert_eq!(read.required_text("e").unwrap_err().field, "messages[1].e");
    }

    #[test]
    fn the_body_is_an_object() {
        for body in [&b"[]"[..], b"", b"{", b"\xff", b"1"] {
            assert_eq!(Fields::body(body).err().unwrap().field, "body");
        }
    }
}
