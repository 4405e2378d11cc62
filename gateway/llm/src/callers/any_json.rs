//! Hostile input: JSON of every kind, with the words of the protocols.

use proptest::prelude::*;
use serde_json::Value;

const NAMES: &str = "messages role content type text image_url url tools function name input output summary arguments \
    tool_calls id call_id format reasoning stop custom namespace stream_options tool_choice file \
    file_data encrypted_content input_audio";
const WORDS: &str = "user assistant system tool text image_url function message input_text file data:a/b;base64, \
    data: reasoning function_call function_call_output custom namespace ogw-call: é";

/// JSON of every kind, with the field names of the protocols.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(NAMES.split(' ').collect::<Vec<_>>());
    let word = prop::sample::select(WORDS.split(' ').collect::<Vec<_>>());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}
