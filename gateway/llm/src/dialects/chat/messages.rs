//! A conversation, said as the messages of a chat completions request.

use serde_json::{Value, json};

use crate::{
    dialects::Target,
    ir::{Content, Media, Part, Request, Role, Turn, Unsupported},
};

/// The messages.
pub(super) fn write(request: &Request, target: &Target<'_>) -> Result<Vec<Value>, Unsupported> {
    let mut messages = Vec::new();
    if !request.system.is_empty() {
        // `system` is what every model of this protocol knows; OpenAI's read it as `developer` where that is the word.
        messages.push(json!({"role": "system", "content": texts(&request.system, target)?}));
    }
    // The thoughts of the answer that is still being made: of what was said since the user last spoke.
    let is_asked = |turn: &Turn| turn.role == Role::User && !turn.parts.iter().all(is_result);
    let now = request.turns.iter().rposition(is_asked).unwrap_or(0);
    for (index, turn) in request.turns.iter().enumerate() {
        match turn.role {
            Role::User => user(&turn.parts, target, &mut messages)?,
            Role::Assistant => messages.extend(assistant(&turn.parts, index > now, target)?),
        }
    }
    Ok(messages)
}

fn is_result(part: &Part) -> bool {
    matches!(part.content, Content::ToolResult { .. })
}

/// Texts that must be texts. `OpenAI` takes several; others join them.
fn texts(parts: &[Part], target: &Target<'_>) -> Result<Value, Unsupported> {
    let mut all = Vec::new();
    for part in parts {
        match &part.content {
            Content::Text(text) => all.push(text.as_str()),
            _ => {
                return Err(Unsupported::new(
                    "system",
                    "instructions may hold text only",
                ));
            }
        }
    }
    Ok(one_or_many(&all, target))
}

fn one_or_many(texts: &[&str], target: &Target<'_>) -> Value {
    if texts.len() > 1 && target.is_openai {
        let part = |text: &&str| json!({"type": "text", "text": text});
        texts.iter().map(part).collect()
    } else {
        texts.join("\n\n").into()
    }
}

/// Results of tools are messages of their own, and come first: the protocol wants them next to the calls. What they hold
/// beside text follows in the user's message, since theirs may hold text only.
fn user(parts: &[Part], target: &Target<'_>, messages: &mut Vec<Value>) -> Result<(), Unsupported> {
    let mut content = Vec::new();
    for part in parts {
        if let Content::ToolResult {
            id,
            content: result,
            is_error,
            ..
        } = &part.content
        {
            let text = tool_result(id, result, *is_error, target, &mut content)?;
            messages.push(json!({"role": "tool", "tool_call_id": id, "content": text}));
        }
    }
    for part in parts.iter().filter(|part| !is_result(part)) {
        content.push(user_part(part)?);
    }
    match content.as_slice() {
        [] => {}
        [only] if only["type"] == "text" => {
            messages.push(json!({"role": "user", "content": only["text"]}));
        }
        _ => messages.push(json!({"role": "user", "content": content})),
    }
    Ok(())
}

/// The text of a result. That it failed can be said in words only.
fn tool_result(
    id: &str,
    result: &[Part],
    is_error: bool,
    target: &Target<'_>,
    rest: &mut Vec<Value>,
) -> Result<Value, Unsupported> {
    let mut texts = Vec::new();
    let mut others = Vec::new();
    for part in result {
        match &part.content {
            Content::Text(text) | Content::Refusal(text) => texts.push(text.as_str()),
            _ => others.push(user_part(part)?),
        }
    }
    let says_so = |text: &&str| {
        text.get(..5)
            .is_some_and(|word| word.eq_ignore_ascii_case("error"))
    };
    if is_error && !texts.first().is_some_and(says_so) {
        texts.insert(0, "Error:");
    }
    if !others.is_empty() {
        let where_from = format!("From the result of the tool call {id}:");
        rest.push(json!({"type": "text", "text": where_from}));
        rest.extend(others);
        if texts.is_empty() {
            texts.push("The result follows in the next message.");
        }
    }
    Ok(one_or_many(&texts, target))
}

fn user_part(part: &Part) -> Result<Value, Unsupported> {
    Ok(match &part.content {
        Content::Text(text) | Content::Refusal(text) => json!({"type": "text", "text": text}),
        Content::Image { source, detail } => {
            let url = match source {
                Media::Url(url) => url.clone(),
                Media::Inline { media_type, data } => data_url(media_type, data),
            };
            let mut image = json!({ "url": url });
            if let Some(detail) = detail {
                image["detail"] = json!(detail);
            }
            json!({"type": "image_url", "image_url": image})
        }
        Content::File { source, name } => {
            let Media::Inline { media_type, data } = source else {
                return Err(Unsupported::new(
                    "file_url",
                    "this model's protocol takes documents in the request only",
                ));
            };
            let name = name.as_deref().unwrap_or("document");
            let file = json!({"filename": name, "file_data": data_url(media_type, data)});
            json!({"type": "file", "file": file})
        }
        Content::Audio { data, format } => {
            json!({"type": "input_audio", "input_audio": {"data": data, "format": format}})
        }
        Content::ToolCall { .. }
        | Content::ToolResult { .. }
        | Content::Reasoning { .. }
        | Content::SealedReasoning(_) => {
            return Err(Unsupported::new(
                "messages",
                "this belongs in what the model says",
            ));
        }
    })
}

fn data_url(media_type: &str, data: &str) -> String {
    format!("data:{media_type};base64,{data}")
}

/// What the model said. Thoughts have no place in `OpenAI`'s protocol and are left out: its models begin anew with every
/// request. Those who show them as `reasoning_content` want them back while they work with their tools, and only then.
fn assistant(
    parts: &[Part],
    is_now: bool,
    target: &Target<'_>,
) -> Result<Option<Value>, Unsupported> {
    let (mut text, mut refusal, mut thoughts) = (String::new(), String::new(), String::new());
    let mut calls = Vec::new();
    for part in parts {
        match &part.content {
            Content::Refusal(more) if target.is_openai => refusal.push_str(more),
            Content::Text(more) | Content::Refusal(more) => text.push_str(more),
            Content::Reasoning { text, .. } => thoughts.push_str(text),
            Content::SealedReasoning(_) => {}
            Content::ToolCall {
                id,
                name,
                arguments,
                signature,
            } => calls.push(call(id, name, arguments, signature.as_deref(), target)),
            Content::Image { .. }
            | Content::File { .. }
            | Content::Audio { .. }
            | Content::ToolResult { .. } => {
                return Err(Unsupported::new(
                    "messages",
                    "in this model's protocol the assistant says text only",
                ));
            }
        }
    }
    // A turn of thoughts alone: nothing is left to say.
    if text.is_empty() && calls.is_empty() && refusal.is_empty() {
        return Ok(None);
    }
    let content = if text.is_empty() {
        Value::Null
    } else {
        text.into()
    };
    let mut message = json!({"role": "assistant", "content": content});
    if !refusal.is_empty() {
        message["refusal"] = refusal.into();
    }
    if !calls.is_empty() {
        if is_now && !target.is_openai && !thoughts.is_empty() {
            message["reasoning_content"] = thoughts.into();
        }
        message["tool_calls"] = calls.into();
    }
    Ok(Some(message))
}

fn call(
    id: &str,
    name: &str,
    arguments: &str,
    signature: Option<&str>,
    target: &Target<'_>,
) -> Value {
    let arguments = if arguments.is_empty() {
        "{}"
    } else {
        arguments
    };
    let function = json!({"name": name, "arguments": arguments});
    let mut call = json!({"id": id, "type": "function", "function": function});
    // Google's own chat completions want the mark back where they gave it; nobody else knows the field.
    if let Some(signature) = signature
        && target.model.contains("gemini")
    {
        call["extra_content"] = json!({"google": {"thought_signature": signature}});
    }
    call
}
