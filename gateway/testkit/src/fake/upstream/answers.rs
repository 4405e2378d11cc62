//! What a model that is asked anything says: [`TEXT`], for 42 tokens read and 7 written.

use serde_json::{Value, json};

use super::super::Seen;

/// What it says.
pub const TEXT: &str = "Hello from the fake.";

/// The same as it is streamed.
pub fn words() -> impl Iterator<Item = &'static str> {
    TEXT.split_inclusive(' ')
}

pub(super) enum Answer {
    Json(u16, String),
    Stream(Vec<String>),
}

pub(super) fn to(seen: &Seen) -> Answer {
    let body: Value = serde_json::from_str(&seen.body).unwrap_or(Value::Null);
    let model = body["model"].as_str().unwrap_or("unnamed").to_owned();
    let stream = body["stream"] == true;
    let path = seen.path.as_str();
    if path.ends_with("/messages/count_tokens") {
        Answer::Json(200, json!({"input_tokens": 42}).to_string())
    } else if path.ends_with("/messages") {
        messages(&model, stream)
    } else if path.ends_with("/chat/completions") {
        let wants_usage = body["stream_options"]["include_usage"] == true;
        chat(&model, stream, wants_usage)
    } else if path.ends_with("/responses") {
        responses(&model, stream)
    } else if path.ends_with("/embeddings") {
        let data = json!([{"object": "embedding", "index": 0, "embedding": [0.5, -0.25]}]);
        let usage = json!({"prompt_tokens": 42, "total_tokens": 42});
        let answer = json!({"object": "list", "data": data, "model": model, "usage": usage});
        Answer::Json(200, answer.to_string())
    } else {
        let error = json!({"error": {"message": format!("no {path}"), "type": "not_found", "param": null, "code": null}});
        Answer::Json(404, error.to_string())
    }
}

fn data(value: &Value) -> String {
    format!("data: {value}\n\n")
}

fn event(name: &str, value: &Value) -> String {
    format!("event: {name}\ndata: {value}\n\n")
}

fn chat(model: &str, stream: bool, wants_usage: bool) -> Answer {
    let usage = json!({"prompt_tokens": 42, "completion_tokens": 7, "total_tokens": 49});
    if !stream {
        let message = json!({"role": "assistant", "content": TEXT, "x_unknown": {"kept": [1, 2]}});
        let choice =
            json!({"index": 0, "message": message, "logprobs": null, "finish_reason": "stop"});
        let answer = json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice], "usage": usage});
        return Answer::Json(200, answer.to_string());
    }
    let chunk = |choices: Value, usage: Option<&Value>| {
        let mut chunk = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": choices});
        if wants_usage {
            chunk["usage"] = usage.cloned().unwrap_or(Value::Null);
        }
        data(&chunk)
    };
    let delta = |delta: Value, reason: Value| json!([{"index": 0, "delta": delta, "finish_reason": reason}]);
    let mut frames: Vec<_> = words()
        .map(|word| {
            let piece = json!({"role": "assistant", "content": word});
            chunk(delta(piece, Value::Null), None)
        })
        .collect();
    frames.push(chunk(delta(json!({}), json!("stop")), None));
    if wants_usage {
        frames.push(chunk(json!([]), Some(&usage)));
    }
    frames.push("data: [DONE]\n\n".to_owned());
    Answer::Stream(frames)
}

fn messages(model: &str, stream: bool) -> Answer {
    let usage = json!({"input_tokens": 42, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 7});
    let message = |content: Value, reason: Value, usage: &Value| json!({"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": content, "stop_reason": reason, "stop_sequence": null, "usage": usage});
    if !stream {
        let content = json!([{"type": "text", "text": TEXT}]);
        return Answer::Json(200, message(content, json!("end_turn"), &usage).to_string());
    }
    let mut first = usage.clone();
    first["output_tokens"] = json!(1);
    let start =
        json!({"type": "message_start", "message": message(json!([]), Value::Null, &first)});
    let open = json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}});
    let mut frames = vec![
        event("message_start", &start),
        event("content_block_start", &open),
        event("ping", &json!({"type": "ping"})),
    ];
    frames.extend(words().map(|word| {
        let delta = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}});
        event("content_block_delta", &delta)
    }));
    let close = json!({"type": "content_block_stop", "index": 0});
    let end = json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null}, "usage": {"output_tokens": 7}});
    frames.push(event("content_block_stop", &close));
    frames.push(event("message_delta", &end));
    frames.push(event("message_stop", &json!({"type": "message_stop"})));
    Answer::Stream(frames)
}

fn responses(model: &str, stream: bool) -> Answer {
    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
    let item = |status: &str, content: Value| json!({"id": "msg_1", "type": "message", "status": status, "role": "assistant", "content": content});
    let done = item("completed", json!([part(TEXT)]));
    let usage = json!({"input_tokens": 42, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 49});
    let whole = json!({"id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": model, "output": [done], "usage": usage});
    if !stream {
        return Answer::Json(200, whole.to_string());
    }
    let mut begun = whole.clone();
    begun["status"] = json!("in_progress");
    begun["output"] = json!([]);
    begun["usage"] = Value::Null;
    let mut steps = vec![
        json!({"type": "response.created", "response": begun}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": item("in_progress", json!([]))}),
        json!({"type": "response.content_part.added", "item_id": "msg_1", "output_index": 0, "content_index": 0, "part": part("")}),
    ];
    steps.extend(words().map(|word| {
        json!({"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": word})
    }));
    steps.push(json!({"type": "response.output_text.done", "item_id": "msg_1", "output_index": 0, "content_index": 0, "text": TEXT}));
    steps.push(json!({"type": "response.content_part.done", "item_id": "msg_1", "output_index": 0, "content_index": 0, "part": part(TEXT)}));
    steps.push(json!({"type": "response.output_item.done", "output_index": 0, "item": done}));
    steps.push(json!({"type": "response.completed", "response": whole}));
    let frames = steps.iter_mut().enumerate().map(|(number, step)| {
        step["sequence_number"] = json!(number);
        event(step["type"].as_str().unwrap_or_default(), step)
    });
    Answer::Stream(frames.collect())
}
