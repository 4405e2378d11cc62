//! The items of a request's `input`.

use std::collections::HashMap;

use serde_json::Value;

use super::{
    super::{
        fields::{Fields, numbered},
        openai,
    },
    seal::Seal,
    tools,
};
use crate::ir::{Content, Part, Request, Role, Tool, Turn, Unsupported};

/// Reads a request's input.
pub(super) fn read(input: Value, request: &mut Request) -> Result<(), Unsupported> {
    let mut items = Items {
        request,
        marks: HashMap::new(),
    };
    match input {
        Value::String(text) => items.say(Role::User, vec![Part::text(text)]),
        Value::Array(values) => {
            for (path, value) in numbered("input", values) {
                items.item(Fields::of(value, path)?)?;
            }
        }
        _ => {
            return Err(Unsupported::new(
                "input",
                "expected a string or a list of items",
            ));
        }
    }
    Ok(())
}

struct Items<'a> {
    request: &'a mut Request,
    /// The marks of calls that are still to come, by the calls' ids.
    marks: HashMap<String, String>,
}

impl Items<'_> {
    /// Items have no turns: what one side says goes into one until the other speaks.
    fn say(&mut self, role: Role, parts: Vec<Part>) {
        if parts.is_empty() {
            return;
        }
        let turns = &mut self.request.turns;
        match turns.last_mut().filter(|turn| turn.role == role) {
            Some(turn) => turn.parts.extend(parts),
            None => turns.push(Turn { role, parts }),
        }
    }

    /// Reads the next item. Names and states of items are the protocol's own and go no further.
    fn item(&mut self, mut item: Fields) -> Result<(), Unsupported> {
        let kind = item.text("type")?.unwrap_or_else(|| "message".to_owned());
        item.ignore(&["id", "status"]);
        match kind.as_str() {
            "message" => self.message(&mut item)?,
            "function_call" => {
                let arguments = item.text("arguments")?.unwrap_or_default();
                self.call(&mut item, arguments)?;
            }
            "custom_tool_call" => {
                let input = item.required_text("input")?;
                self.call(&mut item, openai::custom_arguments(&input))?;
            }
            "tool_search_call" => {
                client(&mut item)?;
                let arguments = item.take("arguments").unwrap_or_default().to_string();
                self.call_of(tools::SEARCH.to_owned(), &mut item, arguments)?;
            }
            "tool_search_output" => self.found(&mut item)?,
            "function_call_output" | "custom_tool_call_output" => self.result(&mut item)?,
            "reasoning" => self.reasoning(&mut item)?,
            "additional_tools" => {
                item.ignore(&["role"]);
                self.add_tools(tools::read(item.objects("tools")?, false)?);
            }
            "item_reference" => {
                let reason = "items are not stored here: send the item itself (clients do so when told store: false)";
                return Err(item.refuse("type", reason));
            }
            _ => return Err(item.refuse("type", "the model's provider has no such item")),
        }
        item.finish()
    }

    fn message(&mut self, item: &mut Fields) -> Result<(), Unsupported> {
        // Whether the model said it before or after its last call.
        item.ignore(&["phase"]);
        let parts = content(item, "content")?;
        match item.required_text("role")?.as_str() {
            "user" => self.say(Role::User, parts),
            "assistant" => self.say(Role::Assistant, parts),
            // Instructions join those before the conversation: most providers know no other place for them.
            "system" | "developer" => {
                let texts = openai::only_texts(&item.path("content"), parts)?;
                self.request.system.extend(texts);
            }
            _ => return Err(item.refuse("role", "expected user, assistant, system or developer")),
        }
        Ok(())
    }

    fn call(&mut self, item: &mut Fields, arguments: String) -> Result<(), Unsupported> {
        direct(item)?;
        let namespace = item.text("namespace")?;
        let name = tools::full_name(namespace.as_deref(), &item.required_text("name")?);
        self.call_of(name, item, arguments)
    }

    fn call_of(
        &mut self,
        name: String,
        item: &mut Fields,
        arguments: String,
    ) -> Result<(), Unsupported> {
        let id = item.required_text("call_id")?;
        let call = Content::ToolCall {
            name,
            signature: self.marks.remove(&id),
            id,
            arguments,
        };
        self.say(Role::Assistant, vec![Part::new(call)]);
        Ok(())
    }

    fn result(&mut self, item: &mut Fields) -> Result<(), Unsupported> {
        direct(item)?;
        let id = item.required_text("call_id")?;
        let content = content(item, "output")?;
        let name = item.text("name")?.or_else(|| self.called(&id));
        let result = Content::ToolResult {
            id,
            name,
            content,
            is_error: false,
        };
        self.say(Role::User, vec![Part::new(result)]);
        Ok(())
    }

    /// The tools that a search found can be called from now on; the model is told their names.
    fn found(&mut self, item: &mut Fields) -> Result<(), Unsupported> {
        client(item)?;
        let id = item.required_text("call_id")?;
        let found = tools::read(item.objects("tools")?, true)?;
        let names: Vec<_> = found.iter().map(|tool| tool.name.as_str()).collect();
        let told = match names.as_slice() {
            [] => "No tools were found.".to_owned(),
            names => format!("These tools can be called now: {}.", names.join(", ")),
        };
        let result = Content::ToolResult {
            id,
            name: Some(tools::SEARCH.to_owned()),
            content: vec![Part::text(told)],
            is_error: false,
        };
        self.add_tools(found);
        self.say(Role::User, vec![Part::new(result)]);
        Ok(())
    }

    /// A tool that is found again is not a second one.
    fn add_tools(&mut self, more: Vec<Tool>) {
        for tool in more {
            if self
                .request
                .tools
                .iter()
                .all(|known| known.name != tool.name)
            {
                self.request.tools.push(tool);
            }
        }
    }

    /// The name of the tool that a call called.
    fn called(&self, call: &str) -> Option<String> {
        let mut parts = self.request.turns.iter().rev().flat_map(|turn| &turn.parts);
        parts.find_map(|part| match &part.content {
            Content::ToolCall { id, name, .. } if id == call => Some(name.clone()),
            _ => None,
        })
    }

    /// Thoughts that only `OpenAI` can read are left out: the model that goes on is another's. Their summary stays.
    fn reasoning(&mut self, item: &mut Fields) -> Result<(), Unsupported> {
        let mut text = texts(item, "summary", "summary_text")?;
        // Models that show their thoughts whole put them here; a summary says no more.
        let whole = texts(item, "content", "reasoning_text")?;
        if text.is_empty() {
            text = whole;
        }
        let text = text.join("\n\n");
        let sealed = item.text("encrypted_content")?.unwrap_or_default();
        let signature = match Seal::open(&sealed) {
            Seal::Signature(mark) => Some(mark.to_owned()),
            Seal::Sealed(thoughts) => {
                let thoughts = Content::SealedReasoning(thoughts.to_owned());
                self.say(Role::Assistant, vec![Part::new(thoughts)]);
                return Ok(());
            }
            Seal::Call(id, mark) => {
                self.marks.insert(id.to_owned(), mark.to_owned());
                None
            }
            Seal::Foreign => None,
        };
        if !text.is_empty() || signature.is_some() {
            let thoughts = Content::Reasoning { text, signature };
            self.say(Role::Assistant, vec![Part::new(thoughts)]);
        }
        Ok(())
    }
}

fn client(item: &mut Fields) -> Result<(), Unsupported> {
    let reason = "only a search that the client made itself can be given";
    item.only("execution", |place| place == "client", reason)
}

fn direct(item: &mut Fields) -> Result<(), Unsupported> {
    let by_model = |caller: &Value| caller["type"] == "direct";
    item.only("caller", by_model, "only direct calls can be made")
}

/// A text, or a list of parts.
fn content(item: &mut Fields, name: &str) -> Result<Vec<Part>, Unsupported> {
    let path = item.path(name);
    match item.take(name) {
        None => Err(Unsupported::new(path, "missing")),
        Some(Value::String(text)) => Ok(vec![Part::text(text)]),
        Some(Value::Array(values)) => numbered(&path, values)
            .into_iter()
            .map(|(path, value)| part(Fields::of(value, path)?))
            .collect(),
        Some(_) => Err(Unsupported::new(
            path,
            "expected a string or a list of parts",
        )),
    }
}

fn part(mut fields: Fields) -> Result<Part, Unsupported> {
    let cache = openai::cache_mark(&mut fields)?;
    let content = match fields.required_text("type")?.as_str() {
        // The last is chat completions' word; some clients mix the two.
        "input_text" | "output_text" | "text" => {
            fields.ignore(&["annotations", "logprobs"]);
            Content::Text(fields.required_text("text")?)
        }
        "refusal" => Content::Refusal(fields.required_text("refusal")?),
        "input_image" => openai::image(&mut fields, "image_url")?,
        "input_file" => {
            fields.only(
                "detail",
                |detail| detail == "auto",
                "only auto can be asked for",
            )?;
            openai::file(&mut fields)?
        }
        "input_audio" => openai::audio(&mut fields)?,
        _ => {
            let known =
                "expected input_text, input_image, input_file, input_audio, output_text or refusal";
            return Err(fields.refuse("type", known));
        }
    };
    fields.finish()?;
    Ok(Part { content, cache })
}

fn texts(item: &mut Fields, list: &str, kind: &str) -> Result<Vec<String>, Unsupported> {
    item.objects(list)?
        .into_iter()
        .map(|mut part| {
            let of_kind = |found: &Value| found == kind || found == "text";
            part.only("type", of_kind, "unknown")?;
            let text = part.required_text("text")?;
            part.finish()?;
            Ok(text)
        })
        .collect()
}
