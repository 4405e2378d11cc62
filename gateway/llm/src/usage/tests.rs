#![expect(
    clippy::needless_pass_by_value,
    reason = "JSON is written where it is used"
)]

use serde_json::json;

use super::*;

mod streams;

fn body(surface: Surface, usage: serde_json::Value) -> Tokens {
    let body = json!({"id": "x", "usage": usage, "choices": [{"usage": 1}]}).to_string();
    of_body(surface, body.as_bytes()).unwrap().tokens
}

const OPENAI: Tokens = Tokens {
    input: 176,
    output: 40,
    cache_read: 1024,
    cache_write: 0,
    cache_write_1h: 0,
    reasoning: 16,
    audio_input: 0,
    audio_output: 0,
    image_input: 0,
};

#[test]
fn openai_counts_the_cache_into_the_prompt() {
    let chat = json!({
        "prompt_tokens": 1200, "completion_tokens": 40, "total_tokens": 1240,
        "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 16},
    });
    assert_eq!(body(Surface::Chat, chat), OPENAI);
    let responses = json!({
        "input_tokens": 1200, "input_tokens_details": {"cached_tokens": 1024},
        "output_tokens": 40, "output_tokens_details": {"reasoning_tokens": 16}, "total_tokens": 1240,
    });
    assert_eq!(body(Surface::Responses, responses), OPENAI);
    let audio = json!({
        "prompt_tokens": 100, "completion_tokens": 50,
        "prompt_tokens_details": {"audio_tokens": 60, "image_tokens": 10, "cached_tokens": null},
        "completion_tokens_details": {"audio_tokens": 30},
    });
    let audio = body(Surface::Chat, audio);
    assert_eq!(
        (audio.input, audio.audio_input, audio.image_input),
        (100, 60, 10)
    );
    assert_eq!((audio.output, audio.audio_output), (50, 30));
}

#[test]
fn those_who_call_themselves_compatible_are_understood() {
    let deepseek = json!({
        "prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105,
        "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36,
    });
    let deepseek = body(Surface::Chat, deepseek);
    assert_eq!((deepseek.input, deepseek.cache_read), (36, 64));
    let openrouter = json!({
        "prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105, "cost": 0.0001,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
    });
    let openrouter = body(Surface::Chat, openrouter);
    assert_eq!(
        (
            openrouter.input,
            openrouter.cache_read,
            openrouter.cache_write
        ),
        (10, 60, 30)
    );
    let moonshot = json!({"prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 4});
    assert_eq!(body(Surface::Chat, moonshot).cache_read, 4);
    let vllm = json!({
        "prompt_tokens": 7, "total_tokens": 12, "completion_tokens": 5, "prompt_tokens_details": null,
    });
    let vllm = body(Surface::Chat, vllm);
    assert_eq!((vllm.input, vllm.output, vllm.reasoning), (7, 5, 0));
    // xAI: the reasoning is not in the completion, but in the total.
    let xai = json!({
        "prompt_tokens": 10, "completion_tokens": 9, "total_tokens": 119,
        "completion_tokens_details": {"reasoning_tokens": 100},
    });
    let xai = body(Surface::Chat, xai);
    assert_eq!((xai.output, xai.reasoning), (109, 100));
    // Google's compatible endpoint: only the total knows of it.
    let google = json!({"prompt_tokens": 10, "completion_tokens": 9, "total_tokens": 119});
    let google = body(Surface::Chat, google);
    assert_eq!((google.output, google.reasoning), (109, 100));
    let embedding = json!({"prompt_tokens": 8, "total_tokens": 8});
    assert_eq!(body(Surface::Embeddings, embedding).input, 8);
}

#[test]
fn anthropic_counts_the_cache_beside_the_input() {
    let usage = json!({
        "input_tokens": 12, "cache_creation_input_tokens": 300, "cache_read_input_tokens": 1024,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
        "output_tokens": 89, "output_tokens_details": {"thinking_tokens": 50}, "service_tier": "priority",
    });
    let body = json!({"type": "message", "usage": usage}).to_string();
    let reported = of_body(Surface::Messages, body.as_bytes()).unwrap();
    assert_eq!(reported.tier.as_deref(), Some("priority"));
    let expected = Tokens {
        input: 12,
        output: 89,
        cache_read: 1024,
        cache_write: 300,
        cache_write_1h: 200,
        reasoning: 50,
        ..Tokens::default()
    };
    assert_eq!(reported.tokens, expected);
}

#[test]
fn what_a_compaction_used_is_billed_too() {
    let usage = json!({
        "input_tokens": 100, "output_tokens": 10,
        "iterations": [
            {"type": "compaction", "input_tokens": 5000, "output_tokens": 700},
            {"type": "message", "input_tokens": 100, "output_tokens": 10},
        ],
    });
    let tokens = body(Surface::Messages, usage);
    assert_eq!((tokens.input, tokens.output), (5100, 710));
}

#[test]
fn no_usage_is_none_and_counting_is_nothing() {
    for surface in [
        Surface::Chat,
        Surface::Responses,
        Surface::Messages,
        Surface::Embeddings,
    ] {
        for body in [
            "{}",
            r#"{"usage":null}"#,
            r#"{"usage":7}"#,
            r#"{"usage":{}}"#,
            r#"{"usage":[]}"#,
            "[]",
            "",
            "<html>",
        ] {
            assert_eq!(of_body(surface, body.as_bytes()), None, "{body}");
        }
    }
    let counted = of_body(Surface::CountTokens, br#"{"input_tokens":2095}"#);
    assert_eq!(counted, Some(Reported::default()));
}

#[test]
fn absurd_numbers_are_bounded() {
    for absurd in [
        json!(-5),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(3.7),
        json!("12"),
        json!({}),
    ] {
        let usage = json!({
            "prompt_tokens": absurd, "completion_tokens": absurd, "total_tokens": absurd,
            "prompt_tokens_details": {"cached_tokens": absurd, "audio_tokens": absurd},
            "completion_tokens_details": {"reasoning_tokens": absurd},
            "input_tokens": absurd, "output_tokens": absurd, "cache_read_input_tokens": absurd,
            "cache_creation_input_tokens": absurd,
            "cache_creation": {"ephemeral_1h_input_tokens": absurd, "ephemeral_5m_input_tokens": absurd},
        });
        for surface in [
            Surface::Chat,
            Surface::Responses,
            Surface::Messages,
            Surface::Embeddings,
        ] {
            let body = json!({"usage": usage}).to_string();
            let Some(Reported { tokens, .. }) = of_body(surface, body.as_bytes()) else {
                assert!(!absurd.is_number(), "{absurd}");
                continue;
            };
            assert!(
                tokens.input <= 1_000_000_000_000 && tokens.output <= 1_000_000_000_000,
                "{tokens:?}"
            );
            assert!(
                tokens.reasoning <= tokens.output && tokens.cache_write_1h <= tokens.cache_write
            );
        }
    }
}

#[test]
fn a_request_is_reckoned_by_its_text() {
    let text = json!({"messages": [{"content": "word ".repeat(800)}]}).to_string();
    assert!((1000..1100).contains(&estimate_input(text.as_bytes())));
    let image = format!("data:image/png;base64,{}", "iVBORw0KGgo".repeat(100_000));
    let body = json!({"messages": [{"content": [{"image_url": {"url": image}}, {"data": "QUJD".repeat(5000)}]}]});
    assert!((2000..2200).contains(&estimate_input(body.to_string().as_bytes())));
    assert_eq!(estimate_input(b""), 0);
}
