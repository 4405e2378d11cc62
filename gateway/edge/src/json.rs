//! Bodies of JSON.

use serde::de::{DeserializeOwned, Error as _};

/// Reads an object. Derived readers would take an array of the fields' values for one as well.
pub fn json_object<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if first.is_some_and(|&first| first != b'{') {
        return Err(serde_json::Error::custom("expected an object"));
    }
    serde_json::from_slice(body)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Pair {
        a: u8,
        b: Option<u8>,
    }

    #[test]
    fn an_array_is_no_object() {
        let read = |text: &str| json_object::<Pair>(text.as_bytes());
        assert_eq!(read(" \n{\"a\":1}").unwrap(), Pair { a: 1, b: None });
        for other in ["[1,2]", " [1,null]", "1", "null", "\"a\"", "", "  "] {
            assert!(read(other).is_err(), "{other}");
        }
    }
}
