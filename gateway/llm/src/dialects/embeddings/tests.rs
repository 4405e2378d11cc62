use gateway_domain::money::Tokens;
use serde_json::{Value, json};

use super::{EmbeddingsDialect as Dialect, *};

fn written(dialect: Dialect, body: &Value, model: &str) -> Result<Value, String> {
    match write(dialect, body.to_string().as_bytes(), model) {
        Ok(body) => Ok(serde_json::from_slice(&body).unwrap()),
        Err(refusal) => Err(refusal.field),
    }
}

fn answered(dialect: Dialect, asked: &Value, body: &Value) -> (Value, Option<Tokens>) {
    let (asked, body) = (asked.to_string(), body.to_string());
    let (list, tokens) = read(dialect, "m", asked.as_bytes(), body.as_bytes()).unwrap();
    (serde_json::from_slice(&list).unwrap(), tokens)
}

#[test]
fn every_provider_is_asked_in_its_own_words() {
    let asked = json!({"model": "mine", "input": ["a", "b"], "dimensions": 256, "encoding_format": "base64", "user": "u"});
    assert_eq!(
        written(Dialect::Gemini, &asked, "gemini-embedding-001").unwrap()["requests"][1],
        json!({"model": "models/gemini-embedding-001", "content": {"parts": [{"text": "b"}]}, "outputDimensionality": 256})
    );
    assert_eq!(
        written(Dialect::VertexPredict, &asked, "text-embedding-005").unwrap(),
        json!({"instances": [{"content": "a"}, {"content": "b"}],
            "parameters": {"autoTruncate": false, "outputDimensionality": 256}})
    );
    let one = json!({"model": "mine", "input": "a", "dimensions": 256});
    assert_eq!(
        written(Dialect::Titan, &one, "amazon.titan-embed-text-v2:0").unwrap(),
        json!({"inputText": "a", "dimensions": 256})
    );
    assert_eq!(
        written(Dialect::Cohere, &one, "cohere.embed-v4:0").unwrap(),
        json!({"texts": ["a"], "input_type": "search_document", "truncate": "NONE",
            "embedding_types": ["float"], "output_dimension": 256})
    );
}

#[test]
fn what_a_provider_cannot_embed_is_refused_by_its_field() {
    let refused =
        |dialect, body: Value| written(dialect, &body, "cohere.embed-english-v3").unwrap_err();
    assert_eq!(refused(Dialect::Gemini, json!({"input": [1, 2]})), "input");
    assert_eq!(
        refused(Dialect::Gemini, json!({"input": [[1, 2]]})),
        "input"
    );
    assert_eq!(refused(Dialect::Gemini, json!({"input": []})), "input");
    assert_eq!(refused(Dialect::Gemini, json!({})), "input");
    assert_eq!(refused(Dialect::Gemini, json!([])), "body");
    assert_eq!(
        refused(Dialect::Titan, json!({"input": ["a", "b"]})),
        "input"
    );
    assert_eq!(
        refused(Dialect::Cohere, json!({"input": "a", "dimensions": 2})),
        "dimensions"
    );
    assert_eq!(
        refused(Dialect::Titan, json!({"input": "a", "input_type": "x"})),
        "input_type"
    );
    assert_eq!(
        refused(Dialect::Titan, json!({"input": "a", "truncate": 1})),
        "truncate"
    );
    assert_eq!(
        refused(
            Dialect::Titan,
            json!({"input": "a", "encoding_format": "int8"})
        ),
        "encoding_format"
    );
}

#[test]
fn answers_come_in_openais_shape_with_their_usage() {
    let floats = json!({"input": ["a", "b"]});
    let (list, tokens) = answered(
        Dialect::VertexPredict,
        &floats,
        &json!({"predictions": [
            {"embeddings": {"values": [0.25, -1], "statistics": {"token_count": 2.0, "truncated": false}}},
            {"embeddings": {"values": [0.5, 1], "statistics": {"token_count": 3}}},
        ]}),
    );
    assert_eq!(
        list,
        json!({"object": "list", "model": "m", "usage": {"prompt_tokens": 5, "total_tokens": 5}, "data": [
            {"object": "embedding", "index": 0, "embedding": [0.25, -1]},
            {"object": "embedding", "index": 1, "embedding": [0.5, 1]},
        ]})
    );
    assert_eq!(tokens.unwrap().input, 5);
    let (list, tokens) = answered(
        Dialect::Titan,
        &json!({"input": "a", "encoding_format": "base64"}),
        &json!({"embedding": [1, -0.5], "inputTextTokenCount": 4}),
    );
    assert_eq!(list["data"][0]["embedding"], "AACAPwAAAL8=");
    assert_eq!(tokens.unwrap().input, 4);
    for vectors in [json!([[1], [2]]), json!({"float": [[1], [2]]})] {
        let (list, tokens) = answered(Dialect::Cohere, &floats, &json!({"embeddings": vectors}));
        assert_eq!(list["data"][1]["embedding"], json!([2]));
        assert_eq!(tokens, None);
    }
    let (list, tokens) = answered(
        Dialect::Gemini,
        &floats,
        &json!({"embeddings": [{"values": [1]}]}),
    );
    assert_eq!(list["data"][0]["embedding"], json!([1]));
    assert_eq!(tokens, None);
}

#[test]
fn numbers_are_passed_on_as_they_were_written() {
    let body = br#"{"embeddings":[{"values":[0.10000000149011612,1e-7,-0.0]}]}"#;
    let (list, _) = read(Dialect::Gemini, "m", b"{}", body).unwrap();
    let list = String::from_utf8(list).unwrap();
    assert!(list.contains("[0.10000000149011612,1e-7,-0.0]"), "{list}");
}
