//! The tools of a response: functions, tools that take free text, and namespaces of both. Upstreams know functions only;
//! what a tool was declared as stays with it, and calls are said in the same words.

use serde_json::{Value, json};

use super::super::{fields::Fields, openai};
use crate::ir::{Declared, Form, Tool, ToolChoice, Unsupported};

/// The name of the search for more tools.
pub(super) const SEARCH: &str = "tool_search";

/// Reads tools.
pub(super) fn read(declared: Vec<Fields>, found: bool) -> Result<Vec<Tool>, Unsupported> {
    let mut tools = Vec::new();
    for mut fields in declared {
        match fields.required_text("type")?.as_str() {
            "namespace" => namespace(fields, found, &mut tools)?,
            kind => {
                let kind = kind.to_owned();
                tools.push(one(&kind, fields, found)?);
            }
        }
    }
    Ok(tools)
}

fn elsewhere(kind: &str) -> String {
    let how = match kind {
        "web_search" => " (Codex: web_search = \"disabled\" in config.toml)",
        _ => "",
    };
    format!(
        "{kind} is a tool of OpenAI's own servers, and this model is served elsewhere: turn it off in the client{how}"
    )
}

/// A search for more tools that the caller makes itself.
fn search(fields: &mut Fields) -> Result<Tool, Unsupported> {
    fields.only(
        "execution",
        |place| place == "client",
        "only a search that the client makes itself can be given",
    )?;
    let parameters = fields.object("parameters")?.map(Fields::rest);
    Ok(Tool {
        name: SEARCH.to_owned(),
        description: fields.text("description")?,
        parameters,
        declared: Declared {
            form: Form::ToolSearch,
            namespace: None,
        },
        ..Tool::default()
    })
}

/// Reads one tool. One that a search has `found` may say that it was to be loaded later: now is later.
fn one(kind: &str, mut fields: Fields, found: bool) -> Result<Tool, Unsupported> {
    let cache = openai::cache_mark(&mut fields)?;
    let mut tool = match kind {
        "function" => openai::function(&mut fields)?,
        "custom" => openai::custom_tool(&mut fields)?,
        "tool_search" => search(&mut fields)?,
        _ => return Err(fields.refuse("type", elsewhere(kind))),
    };
    tool.cache = cache;
    if !found {
        let reason = "tools cannot be loaded later: give them at once";
        fields.only("defer_loading", |deferred| deferred == false, reason)?;
    }
    fields.ignore(&["defer_loading"]);
    fields.only(
        "allowed_callers",
        |callers| {
            callers
                .as_array()
                .is_some_and(|all| all.iter().all(|caller| caller == "direct"))
        },
        "only direct calls can be made",
    )?;
    // What a function gives back is described for OpenAI's programs, which cannot be asked for here.
    fields.ignore(&["output_schema"]);
    fields.finish()?;
    Ok(tool)
}

/// A namespace's tools bear both names; its description goes with the first of them.
fn namespace(mut fields: Fields, found: bool, tools: &mut Vec<Tool>) -> Result<(), Unsupported> {
    let space = fields.required_text("name")?;
    let mut described = fields.text("description")?.filter(|text| !text.is_empty());
    for mut inner in fields.objects("tools")? {
        let kind = inner.required_text("type")?;
        let mut tool = one(&kind, inner, found)?;
        let name = full_name(Some(&space), &tool.name);
        tool.declared.namespace = Some((space.clone(), std::mem::replace(&mut tool.name, name)));
        if let Some(described) = described.take() {
            let own = tool.description.unwrap_or_default();
            let both =
                format!("About all tools whose names begin with {space}: {described}\n\n{own}");
            tool.description = Some(both.trim_end().to_owned());
        }
        tools.push(tool);
    }
    fields.finish()
}

/// What a tool is called at the upstream.
pub(super) fn full_name(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        None => name.to_owned(),
        Some(space) if space.ends_with("__") => format!("{space}{name}"),
        Some(space) => format!("{space}__{name}"),
    }
}

/// Reads `tool_choice`.
pub(super) fn choice(fields: &mut Fields) -> Result<Option<ToolChoice>, Unsupported> {
    let path = fields.path("tool_choice");
    let mut choice = match fields.take("tool_choice") {
        None => return Ok(None),
        Some(Value::String(word)) => return openai::tool_choice_word(&path, &word).map(Some),
        Some(object) => Fields::of(object, path)?,
    };
    let kind = choice.required_text("type")?;
    if kind != "function" && kind != "custom" {
        return Err(choice.refuse("type", "expected function or custom"));
    }
    let namespace = choice.text("namespace")?;
    let name = full_name(namespace.as_deref(), &choice.required_text("name")?);
    choice.finish()?;
    Ok(Some(ToolChoice::Tool(name)))
}

/// `tools`, as a response says them again. Those of a namespace stand in it.
pub(super) fn again(tools: &[Tool]) -> Value {
    let mut said: Vec<Value> = Vec::new();
    for tool in tools {
        match &tool.declared.namespace {
            None => said.push(one_again(tool, &tool.name)),
            Some((space, name)) => {
                let inner = one_again(tool, name);
                match said
                    .last_mut()
                    .filter(|last| last["name"] == **space && last["type"] == "namespace")
                {
                    Some(last) => {
                        if let Some(tools) = last["tools"].as_array_mut() {
                            tools.push(inner);
                        }
                    }
                    None => {
                        said.push(json!({"type": "namespace", "name": space, "tools": [inner]}));
                    }
                }
            }
        }
    }
    said.into()
}

fn one_again(tool: &Tool, name: &str) -> Value {
    match tool.declared.form {
        Form::Function => json!({
            "type": "function",
            "name": name,
            "description": tool.description,
            "parameters": tool.parameters,
            "strict": tool.strict,
        }),
        Form::Custom => json!({"type": "custom", "name": name, "description": tool.description}),
        Form::ToolSearch => json!({
            "type": "tool_search",
            "execution": "client",
            "description": tool.description,
            "parameters": tool.parameters,
        }),
    }
}

/// `tool_choice`, as a response says it again.
pub(super) fn choice_again(choice: Option<&ToolChoice>, tools: &[Tool]) -> Value {
    match choice {
        None | Some(ToolChoice::Auto) => "auto".into(),
        Some(ToolChoice::None) => "none".into(),
        Some(ToolChoice::Required) => "required".into(),
        Some(ToolChoice::Tool(name)) => {
            let custom = openai::declared(tools, name).form == Form::Custom;
            let kind = if custom { "custom" } else { "function" };
            json!({"type": kind, "name": name})
        }
    }
}
