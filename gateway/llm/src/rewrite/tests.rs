use http::HeaderValue;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const SURFACES: [Surface; 5] = [
    Surface::Chat,
    Surface::Responses,
    Surface::Messages,
    Surface::CountTokens,
    Surface::Embeddings,
];

fn rewrite(
    surface: Surface,
    body: &str,
    form: NativeForm,
    model: &str,
    headers: &HeaderMap,
) -> String {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let peek = peek(surface, &body).unwrap();
    let out = native(surface, &body, &peek, form, model, headers).unwrap();
    String::from_utf8(out.to_vec()).unwrap()
}

fn as_is(surface: Surface, body: &str, model: &str) -> String {
    rewrite(surface, body, NativeForm::AsIs, model, &HeaderMap::new())
}

fn refused(body: &str) -> String {
    peek(Surface::Chat, body.as_bytes()).unwrap_err().field
}

#[test]
fn a_peek_reads_what_decides() {
    let body = br#" {"model":"a/b","stream":true,"max_tokens":7,"stream_options":{"include_usage":true}} "#;
    let chat = peek(Surface::Chat, body).unwrap();
    assert_eq!(
        (
            chat.model.as_str(),
            chat.stream,
            chat.include_usage,
            chat.max_output
        ),
        ("a/b", true, true, Some(7))
    );
    let responses = peek(
        Surface::Responses,
        br#"{"model":"m","stream":null,"max_output_tokens":9}"#,
    )
    .unwrap();
    assert_eq!((responses.stream, responses.max_output), (false, Some(9)));
    let odd = peek(Surface::Messages, br#"{"max_tokens":-5,"model":"m"}"#).unwrap();
    assert_eq!(odd.max_output, None);
}

#[test]
fn what_two_parsers_could_read_differently_is_refused() {
    for (body, field) in [
        (r#"{"model":"cheap","model":"dear"}"#, "model"),
        (r#"{"model":"a","mod\u0065l":"b"}"#, "model"),
        (r#"{"model":"a","stream":true,"stream":false}"#, "stream"),
        (
            r#"{"model":"a","stream_options":{},"stream_options":{}}"#,
            "stream_options",
        ),
        (
            r#"{"model":"a","stream_options":{"include_usage":true,"include_usage":false}}"#,
            "stream_options.include_usage",
        ),
        (r#"{"model":"a","stream":"true"}"#, "stream"),
        (r#"{"model":"a","stream":1}"#, "stream"),
        (r#"{"model":"a","stream_options":[]}"#, "stream_options"),
        (r#"{"model":["a"]}"#, "model"),
        (r#"{"model":null}"#, "model"),
        (r#"{"model":""}"#, "model"),
        (r#"{"model":"\ud800"}"#, "model"),
        (r#"{"messages":[]}"#, "model"),
        (r#"["model"]"#, "body"),
        (r#"{"model":"a"} {"model":"b"}"#, "body"),
        (r#"{"model":"a","messages":[}"#, "body"),
        (r#"{"model":"a""#, "body"),
        ("", "body"),
        ("null", "body"),
    ] {
        assert_eq!(refused(body), field, "{body}");
    }
    assert_eq!(
        peek(Surface::Chat, b"{\"model\":\"a\",\"x\":\"\xFF\"}")
            .unwrap_err()
            .field,
        "body"
    );
}

#[test]
fn the_refusal_never_quotes_the_body() {
    let error = peek(Surface::Chat, br#"{"model":"a","messages":["my secret" "#).unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn only_the_models_bytes_change() {
    let body = "\n{ \"x\" : 1.50e+3 ,\t\"model\"\n:  \"ours\" , \"nested\":{\"model\":\"ours\"},\"\\u006d\":\"\\u00e9\\/é\" }\r\n";
    for surface in SURFACES {
        assert_eq!(
            as_is(surface, body, "theirs"),
            body.replacen("\"ours\"", "\"theirs\"", 1)
        );
        assert_eq!(as_is(surface, body, "ours"), body);
    }
    let same = Bytes::from_static(br#"{"model":"a"}"#);
    let peeked = peek(Surface::Messages, &same).unwrap();
    let out = native(
        Surface::Messages,
        &same,
        &peeked,
        NativeForm::AsIs,
        "a",
        &HeaderMap::new(),
    )
    .unwrap();
    assert_eq!(out.as_ptr(), same.as_ptr(), "not copied");
}

#[test]
fn names_with_escapes_are_understood_and_written() {
    let body = r#"{"mod\u0065l":"gpt\u002d4\/x","a":1}"#;
    assert_eq!(
        peek(Surface::Chat, body.as_bytes()).unwrap().model,
        "gpt-4/x"
    );
    assert_eq!(as_is(Surface::Chat, body, "gpt-4/x"), body);
    assert_eq!(
        as_is(Surface::Chat, body, "a\"b\\c\n\u{1}é"),
        r#"{"mod\u0065l":"a\"b\\c\n\u0001é","a":1}"#
    );
}

#[test]
fn a_chat_stream_asks_for_its_usage() {
    for (body, expected) in [
        (
            r#"{"model":"a","stream":true} "#,
            r#"{"model":"b","stream":true,"stream_options":{"include_usage":true}} "#,
        ),
        (
            r#"{"stream_options":{ },"model":"a","stream":true}"#,
            r#"{"stream_options":{"include_usage":true },"model":"b","stream":true}"#,
        ),
        (
            r#"{"model":"a","stream_options":{"include_obfuscation":false},"stream":true}"#,
            r#"{"model":"b","stream_options":{"include_usage":true,"include_obfuscation":false},"stream":true}"#,
        ),
        (
            r#"{"model":"a","stream_options":{"include_usage" : false},"stream":true}"#,
            r#"{"model":"b","stream_options":{"include_usage" : true},"stream":true}"#,
        ),
        (
            r#"{"model":"a","stream_options":{"include_usage":null},"stream":true}"#,
            r#"{"model":"b","stream_options":{"include_usage":true},"stream":true}"#,
        ),
        (
            r#"{"model":"a","stream_options":null,"stream":true}"#,
            r#"{"model":"b","stream_options":{"include_usage":true},"stream":true}"#,
        ),
        (
            r#"{"model":"a","stream_options":{"include_usage":true},"stream":true}"#,
            r#"{"model":"b","stream_options":{"include_usage":true},"stream":true}"#,
        ),
        (
            r#"{"model":"a","stream":false}"#,
            r#"{"model":"b","stream":false}"#,
        ),
        (
            r#"{"model":"a","stream_options":null}"#,
            r#"{"model":"b","stream_options":null}"#,
        ),
    ] {
        assert_eq!(as_is(Surface::Chat, body, "b"), expected);
    }
    let other = r#"{"model":"a","stream":true,"stream_options":"x"}"#;
    assert_eq!(as_is(Surface::Responses, other, "a"), other);
}

#[test]
fn vertex_has_the_model_in_its_address_and_a_version_in_the_body() {
    let vertex = |surface, body| {
        rewrite(
            surface,
            body,
            NativeForm::VertexClaude,
            "claude@1",
            &HeaderMap::new(),
        )
    };
    assert_eq!(
        vertex(
            Surface::Messages,
            r#"{ "model":"a", "stream":true, "x":[1, 2] }"#
        ),
        r#"{"stream":true,"x":[1, 2],"anthropic_version":"vertex-2023-10-16"}"#
    );
    assert_eq!(
        vertex(Surface::Messages, r#"{"model":"a"}"#),
        r#"{"anthropic_version":"vertex-2023-10-16"}"#
    );
    assert_eq!(
        vertex(
            Surface::Messages,
            r#"{"anthropic_version":"mine","model":"a"}"#
        ),
        r#"{"anthropic_version":"mine"}"#
    );
    assert_eq!(
        vertex(Surface::CountTokens, r#"{"model":"a","x":1}"#),
        r#"{"model":"claude@1","x":1,"anthropic_version":"vertex-2023-10-16"}"#
    );
}

#[test]
fn bedrock_has_model_and_stream_in_its_address_and_the_betas_in_the_body() {
    let mut headers = HeaderMap::new();
    let bedrock = |body, headers: &HeaderMap| {
        rewrite(
            Surface::Messages,
            body,
            NativeForm::BedrockClaude,
            "m",
            headers,
        )
    };
    assert_eq!(
        bedrock(r#"{"stream":true,"model":"a","max_tokens": 5}"#, &headers),
        r#"{"max_tokens": 5,"anthropic_version":"bedrock-2023-05-31"}"#
    );
    headers.append("anthropic-beta", HeaderValue::from_static("one-1, two-2,"));
    headers.append("anthropic-beta", HeaderValue::from_static("three\"3"));
    assert_eq!(
        bedrock(
            r#"{"a":1,"model":"a","anthropic_beta":["two-2","four-4"]}"#,
            &headers
        ),
        r#"{"a":1,"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["one-1","two-2","three\"3","four-4"]}"#
    );
}

/// Requests as clients send them: nothing changes but the model's name, in whatever protocol.
#[test]
fn recorded_requests_pass_through_equal_but_for_the_model() {
    for (surface, body, model) in crate::testdata::REQUESTS {
        let quoted = format!("\"{model}\"");
        assert_eq!(body.matches(&quoted).count(), 1);
        assert_eq!(
            as_is(surface, body, "the/upstream's"),
            body.replace(&quoted, "\"the/upstream's\"")
        );
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z\"\\\\é]{0,6}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn every_other_member_stays(
        before in prop::collection::vec(("[a-k\"\\\\é]{1,5}", json_value()), 0..4),
        after in prop::collection::vec(("[n-r]{1,5}", json_value()), 0..4),
        model in "\\PC{1,12}",
        upstream in "\\PC{1,12}",
        pretty: bool,
    ) {
        let member = |(key, value): (String, Value)| (key, value);
        let mut object: serde_json::Map<String, Value> = before.into_iter().map(member).collect();
        object.insert("model".into(), json!(model));
        object.extend(after.into_iter().map(member));
        let value = Value::Object(object);
        let body = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
        let mut expected = value;
        expected["model"] = json!(upstream);
        let out = as_is(Surface::Messages, &body, &upstream);
        prop_assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), expected);
        prop_assert_eq!(out.len() + json!(model).to_string().len(), body.len() + json!(upstream).to_string().len());
    }

    #[test]
    fn nothing_panics(body in prop::collection::vec(any::<u8>(), 0..200), text in "[{}\\[\\]\":,\\\\a-z ]{0,80}") {
        for surface in SURFACES {
            for body in [body.as_slice(), text.as_bytes()] {
                let _ = peek(surface, body);
            }
        }
    }
}
