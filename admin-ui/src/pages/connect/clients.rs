//! The clients and what each must be told.

/// A client that can be connected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    /// In the address.
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    /// What to know besides.
    pub(crate) lead: &'static str,
    /// Parts of the names of models that it is made for.
    pub(crate) likes: &'static [&'static str],
    write: fn(&Settings<'_>) -> Vec<Snippet>,
}

/// Something to paste.
#[derive(Clone, Debug)]
pub(crate) struct Snippet {
    /// Where it goes.
    pub(crate) title: &'static str,
    pub(crate) text: String,
}

/// What the texts are made of.
struct Settings<'a> {
    /// Without a slash at the end.
    base: &'a str,
    model: &'a str,
}

/// What stands where the key goes.
const KEY: &str = "sk-ogw-YOUR-KEY";
/// What stands where a model goes while there is none.
const NO_MODEL: &str = "YOUR-MODEL";

/// All of them, as the page offers them.
pub(crate) const CLIENTS: [Client; 8] = [
    Client {
        key: "claude-code",
        name: "Claude Code",
        lead: "It takes the address without /v1. Unset ANTHROPIC_API_KEY if it is set: Claude Code would ask which of the \
               two to use.",
        likes: &["claude", "anthropic"],
        write: claude_code,
    },
    Client {
        key: "codex",
        name: "Codex",
        lead: "It speaks the Responses API and takes the address with /v1.",
        likes: &["codex", "gpt", "o3", "o4"],
        write: codex,
    },
    Client {
        key: "openai",
        name: "OpenAI SDK",
        lead: "The SDKs read OPENAI_BASE_URL, with /v1, and OPENAI_API_KEY by themselves.",
        likes: &["gpt"],
        write: openai,
    },
    Client {
        key: "anthropic",
        name: "Anthropic SDK",
        lead: "The SDKs read ANTHROPIC_BASE_URL, without /v1, and ANTHROPIC_API_KEY by themselves.",
        likes: &["claude", "anthropic"],
        write: anthropic,
    },
    Client {
        key: "open-webui",
        name: "Open WebUI",
        lead: "One key serves everybody who uses it, so make it for a service account. With forwarded user headers the \
               request log shows who asked, as a label.",
        likes: &[],
        write: open_webui,
    },
    Client {
        key: "cursor",
        name: "Cursor",
        lead: "Cursor’s own servers make the calls: this gateway must be reachable from the internet over https. Tab \
               completion does not use it.",
        likes: &["gpt"],
        write: cursor,
    },
    Client {
        key: "other",
        name: "Others",
        lead: "Whatever takes an OpenAI base URL works: Continue, Cline, Zed, LibreChat, LangChain, n8n and the like.",
        likes: &[],
        write: other,
    },
    Client {
        key: "curl",
        name: "curl",
        lead: "To see that the key and the model work.",
        likes: &[],
        write: curls,
    },
];

impl Client {
    /// What to paste, for a gateway at `base` and a model.
    pub(crate) fn snippets(&self, base: &str, model: Option<&str>) -> Vec<Snippet> {
        let settings = Settings {
            base: base.trim_end_matches('/'),
            model: model.unwrap_or(NO_MODEL),
        };
        (self.write)(&settings)
    }
}

/// A line that says hello, with the key in the variable `OGW_API_KEY`.
pub(crate) fn curl(base: &str, model: Option<&str>) -> String {
    let base = base.trim_end_matches('/');
    let model = json(model.unwrap_or(NO_MODEL));
    let body = format!(
        r#"{{"model": {model}, "messages": [{{"role": "user", "content": "Say hello."}}]}}"#
    );
    format!(
        "curl {base}/v1/chat/completions \\\n  -H \"Authorization: Bearer $OGW_API_KEY\" \\\n  -H 'Content-Type: \
         application/json' \\\n  -d {}",
        shell(&body)
    )
}

/// A string of JSON, which is one of TOML, Python and JavaScript too.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A word of the shell.
fn shell(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn snippet(title: &'static str, text: String) -> Snippet {
    Snippet { title, text }
}

fn claude_code(Settings { base, model }: &Settings<'_>) -> Vec<Snippet> {
    let word = shell(model);
    let env = format!(
        "export ANTHROPIC_BASE_URL={base}\nexport ANTHROPIC_AUTH_TOKEN={KEY}\nexport ANTHROPIC_MODEL={word}\nexport \
         ANTHROPIC_DEFAULT_HAIKU_MODEL={word}\nclaude"
    );
    let model = json(model);
    let settings = format!(
        r#"{{
  "env": {{
    "ANTHROPIC_BASE_URL": "{base}",
    "ANTHROPIC_AUTH_TOKEN": "{KEY}",
    "ANTHROPIC_MODEL": {model},
    "ANTHROPIC_DEFAULT_HAIKU_MODEL": {model}
  }}
}}"#
    );
    vec![
        snippet("In the shell", env),
        snippet("Or for good, in ~/.claude/settings.json", settings),
    ]
}

fn codex(Settings { base, model }: &Settings<'_>) -> Vec<Snippet> {
    let model = json(model);
    let config = format!(
        r#"model = {model}
model_provider = "ogw"
web_search = "disabled"  # a tool of OpenAI's own servers: take this line out for a model of theirs

[model_providers.ogw]
name = "OGW"
base_url = "{base}/v1"
env_key = "OGW_API_KEY"
wire_api = "responses""#
    );
    vec![
        snippet("In ~/.codex/config.toml", config),
        snippet("In the shell", format!("export OGW_API_KEY={KEY}\ncodex")),
    ]
}

fn openai(Settings { base, model }: &Settings<'_>) -> Vec<Snippet> {
    let model = json(model);
    let env = format!("export OPENAI_BASE_URL={base}/v1\nexport OPENAI_API_KEY={KEY}");
    let python = format!(
        r#"from openai import OpenAI

client = OpenAI()
answer = client.chat.completions.create(
    model={model},
    messages=[{{"role": "user", "content": "Say hello."}}],
)
print(answer.choices[0].message.content)"#
    );
    let javascript = format!(
        r#"import OpenAI from "openai";

const client = new OpenAI();
const answer = await client.chat.completions.create({{
  model: {model},
  messages: [{{ role: "user", content: "Say hello." }}],
}});
console.log(answer.choices[0].message.content);"#
    );
    vec![
        snippet("In the shell", env),
        snippet("Python", python),
        snippet("JavaScript", javascript),
    ]
}

fn anthropic(Settings { base, model }: &Settings<'_>) -> Vec<Snippet> {
    let model = json(model);
    let env = format!("export ANTHROPIC_BASE_URL={base}\nexport ANTHROPIC_API_KEY={KEY}");
    let python = format!(
        r#"from anthropic import Anthropic

client = Anthropic()
answer = client.messages.create(
    model={model},
    max_tokens=200,
    messages=[{{"role": "user", "content": "Say hello."}}],
)
print(answer.content[0].text)"#
    );
    let javascript = format!(
        r#"import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic();
const answer = await client.messages.create({{
  model: {model},
  max_tokens: 200,
  messages: [{{ role: "user", content: "Say hello." }}],
}});
console.log(answer.content[0].text);"#
    );
    vec![
        snippet("In the shell", env),
        snippet("Python", python),
        snippet("JavaScript", javascript),
    ]
}

fn open_webui(Settings { base, .. }: &Settings<'_>) -> Vec<Snippet> {
    let env = format!(
        "OPENAI_API_BASE_URLS={base}/v1\nOPENAI_API_KEYS={KEY}\nENABLE_FORWARD_USER_INFO_HEADERS=true"
    );
    vec![
        snippet("In its environment", env),
        snippet(
            "Or under Admin Panel, Settings, Connections, OpenAI API",
            format!("URL:  {base}/v1\nKey:  {KEY}"),
        ),
    ]
}

fn cursor(Settings { base, model }: &Settings<'_>) -> Vec<Snippet> {
    let text = format!(
        "OpenAI API Key:            {KEY}\nOverride OpenAI Base URL:  {base}/v1\nAdd model:                 {model}"
    );
    vec![snippet("Under Settings, Models, API Keys", text)]
}

fn other(Settings { base, model }: &Settings<'_>) -> Vec<Snippet> {
    let openai = format!("Base URL:  {base}/v1\nAPI key:   {KEY}\nModel:     {model}");
    let anthropic = format!("Base URL:  {base}\nAPI key:   {KEY}\nModel:     {model}");
    vec![
        snippet("Where it asks for an OpenAI-compatible provider", openai),
        snippet("Where it asks for Anthropic", anthropic),
    ]
}

fn curls(Settings { base, model }: &Settings<'_>) -> Vec<Snippet> {
    let models = format!("curl {base}/v1/models \\\n  -H \"Authorization: Bearer $OGW_API_KEY\"");
    vec![
        snippet("The key, once", format!("export OGW_API_KEY={KEY}")),
        snippet("A call", curl(base, Some(model))),
        snippet("The models that the key may call", models),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_hold_whatever_a_model_is_called() {
        let odd = r#"we're/"odd"\model"#;
        for client in &CLIENTS {
            for snippet in client.snippets("https://gw.example/", Some(odd)) {
                assert!(!snippet.text.contains("example//"), "{}", snippet.text);
            }
        }
        let line = curl("https://gw.example", Some(odd));
        assert!(
            line.contains(r#"'{"model": "we'\''re/\"odd\"\\model""#),
            "{line}"
        );
        let settings = &CLIENTS[0].snippets("https://gw.example", Some(odd))[1];
        let read: serde_json::Value = serde_json::from_str(&settings.text).unwrap();
        assert_eq!(read["env"]["ANTHROPIC_MODEL"], odd);
    }

    #[test]
    fn plain_words_stay_plain() {
        assert_eq!(shell("openai/gpt-4o-mini"), "openai/gpt-4o-mini");
        assert_eq!(shell("a b"), "'a b'");
        assert_eq!(shell(""), "''");
    }
}
