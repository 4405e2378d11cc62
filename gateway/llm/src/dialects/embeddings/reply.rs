//! The providers' answers in OpenAI's shape. Numbers are passed on as they were written.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use gateway_domain::money::Tokens;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{EmbeddingsDialect, request};
use crate::{ir::Garbage, usage};

type Raw = Box<RawValue>;

/// The answer in OpenAI's shape, and what was used, where the provider says. `asked` is the caller's body: it says how the
/// numbers are to be written. A caller is told an estimate where the provider does not count.
pub fn read(
    dialect: EmbeddingsDialect,
    model: &str,
    asked: &[u8],
    body: &[u8],
) -> Result<(Vec<u8>, Option<Tokens>), Garbage> {
    let (vectors, tokens) = match dialect {
        EmbeddingsDialect::Gemini => gemini(body)?,
        EmbeddingsDialect::VertexPredict => vertex(body)?,
        EmbeddingsDialect::Titan => titan(body)?,
        EmbeddingsDialect::Cohere => cohere(body)?,
    };
    let base64 = request::wants_base64(asked);
    let data = vectors
        .into_iter()
        .enumerate()
        .map(|(index, vector)| {
            Ok(Entry {
                object: "embedding",
                index,
                vector: if base64 { packed(&vector)? } else { vector },
            })
        })
        .collect::<Result<_, Garbage>>()?;
    let told = tokens.unwrap_or_else(|| usage::estimate_input(asked));
    let list = List {
        object: "list",
        data,
        model,
        usage: Usage {
            prompt_tokens: told,
            total_tokens: told,
        },
    };
    let list = serde_json::to_vec(&list).map_err(|error| Garbage(error.to_string()))?;
    let tokens = tokens.map(|input| Tokens {
        input,
        ..Tokens::default()
    });
    Ok((list, tokens))
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Entry>,
    model: &'a str,
    usage: Usage,
}

#[derive(Serialize)]
struct Entry {
    object: &'static str,
    index: usize,
    #[serde(rename = "embedding")]
    vector: Raw,
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: u64,
    total_tokens: u64,
}

/// Little-endian floats of 32 bits in base64.
fn packed(vector: &RawValue) -> Result<Raw, Garbage> {
    let numbers: Vec<f32> = parse(vector.get().as_bytes())?;
    let bytes: Vec<u8> = numbers.iter().flat_map(|it| it.to_le_bytes()).collect();
    RawValue::from_string(format!("\"{}\"", STANDARD.encode(bytes)))
        .map_err(|error| Garbage(error.to_string()))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Garbage> {
    // The error itself would quote what it does not like.
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Garbage(format!(
            "the answer holds no embeddings: line {line}, column {column}"
        ))
    })
}

type Vectors = Result<(Vec<Raw>, Option<u64>), Garbage>;

fn gemini(body: &[u8]) -> Vectors {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        embeddings: Vec<Vector>,
        usage_metadata: Option<Counted>,
    }
    #[derive(Deserialize)]
    struct Vector {
        values: Raw,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Counted {
        prompt_token_count: Option<u64>,
    }
    let answer: Answer = parse(body)?;
    let vectors = answer.embeddings.into_iter().map(|it| it.values);
    let tokens = answer.usage_metadata.and_then(|it| it.prompt_token_count);
    Ok((vectors.collect(), tokens))
}

fn vertex(body: &[u8]) -> Vectors {
    #[derive(Deserialize)]
    struct Answer {
        predictions: Vec<Prediction>,
    }
    #[derive(Deserialize)]
    struct Prediction {
        embeddings: Vector,
    }
    #[derive(Deserialize)]
    struct Vector {
        values: Raw,
        statistics: Option<Statistics>,
    }
    #[derive(Deserialize)]
    struct Statistics {
        token_count: Option<Raw>,
    }
    let answer: Answer = parse(body)?;
    let mut vectors = Vec::new();
    let mut tokens = Some(0_u64);
    for Prediction { embeddings } in answer.predictions {
        // Written as `5` or as `5.0`.
        let counted = embeddings
            .statistics
            .and_then(|it| it.token_count)
            .and_then(|it| it.get().split('.').next()?.parse::<u64>().ok());
        tokens = tokens
            .zip(counted)
            .map(|(sum, one)| sum.saturating_add(one));
        vectors.push(embeddings.values);
    }
    Ok((vectors, tokens))
}

fn titan(body: &[u8]) -> Vectors {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        embedding: Raw,
        input_text_token_count: Option<u64>,
    }
    let answer: Answer = parse(body)?;
    Ok((vec![answer.embedding], answer.input_text_token_count))
}

/// Cohere counts in a header only.
fn cohere(body: &[u8]) -> Vectors {
    #[derive(Deserialize)]
    struct Answer {
        embeddings: Raw,
    }
    #[derive(Deserialize)]
    struct ByType {
        float: Vec<Raw>,
    }
    let answer: Answer = parse(body)?;
    let vectors = answer.embeddings.get().as_bytes();
    let vectors = match parse::<Vec<Raw>>(vectors) {
        Ok(plain) => plain,
        Err(_) => parse::<ByType>(vectors)?.float,
    };
    Ok((vectors, None))
}
