//! What a conversation is, whoever's words it is said in. Everything that any of the protocols can say and another can
//! understand has a place here; what has none is refused when it is read ([`Unsupported`]), never dropped.
//!
//! JSON that the gateway has no business in (tool schemas, arguments) keeps its text or its order of keys: models and prompt
//! caches can tell.

use gateway_domain::money::Tokens;
use serde_json::Value;

/// Something in a request that the upstream's protocol cannot say, or that is not what the protocol allows: answered by
/// 400 with the field's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Unsupported {
    /// The field in the caller's own terms: `messages[2].content[0].image_url`.
    pub field: String,
    /// One sentence for the developer.
    pub reason: String,
}

impl Unsupported {
    /// A field and a sentence.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            reason: reason.into(),
        }
    }
}

/// The upstream's answer is not what its protocol says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Garbage(pub String);

/// A request for the next turn of a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Instructions that stand before the conversation: text parts.
    pub system: Vec<Part>,
    /// The conversation.
    pub turns: Vec<Turn>,
    /// What the model may call.
    pub tools: Vec<Tool>,
    /// Which of them it may or must.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once.
    pub parallel_tool_calls: Option<bool>,
    /// How much it may write.
    pub max_output_tokens: Option<u64>,
    /// Sampling.
    pub temperature: Option<f64>,
    /// Sampling.
    pub top_p: Option<f64>,
    /// Sampling.
    pub top_k: Option<u64>,
    /// Sampling.
    pub seed: Option<i64>,
    /// Sampling.
    pub frequency_penalty: Option<f64>,
    /// Sampling.
    pub presence_penalty: Option<f64>,
    /// Texts at which it stops.
    pub stop: Vec<String>,
    /// What the answer must look like.
    pub format: Format,
    /// Whether and how much it shall think.
    pub reasoning: Option<Reasoning>,
    /// How much it shall say: `low`, `medium`, `high` (OpenAI's `verbosity`).
    pub verbosity: Option<String>,
    /// An opaque name of the end user, for the provider's abuse detection.
    pub user: Option<String>,
    /// `service_tier`, as the caller wrote it.
    pub service_tier: Option<String>,
    /// Whether the answer shall come as a stream.
    pub stream: bool,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The caller; tool results too.
    User,
    /// The model.
    Assistant,
}

/// One side's parts until the other speaks. Neighbouring turns of one role may occur.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Who.
    pub role: Role,
    /// What.
    pub parts: Vec<Part>,
}

/// A piece of content.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What it is.
    pub content: Content,
    /// A prompt-cache mark on it (`cache_control`): the time to live, `5m` or `1h`. A hint: dialects that cache by
    /// themselves may leave it out.
    pub cache: Option<String>,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Text.
    Text(String),
    /// An image, with OpenAI's `detail`.
    Image {
        /// Where it is.
        source: Media,
        /// `auto`, `low`, `high`.
        detail: Option<String>,
    },
    /// A document.
    File {
        /// Where it is.
        source: Media,
        /// Its name.
        name: Option<String>,
    },
    /// A recording: base64, and `wav` or `mp3`.
    Audio {
        /// Base64.
        data: String,
        /// `wav`, `mp3`.
        format: String,
    },
    /// The model calls a tool.
    ToolCall {
        /// Which call.
        id: String,
        /// Which tool.
        name: String,
        /// With what: the JSON text as it was written; empty for none.
        arguments: String,
        /// The provider's mark on it (Gemini's `thoughtSignature`).
        signature: Option<String>,
    },
    /// What a tool gave back.
    ToolResult {
        /// To which call.
        id: String,
        /// Which tool, where known.
        name: Option<String>,
        /// Text, images, files.
        content: Vec<Part>,
        /// Whether it failed.
        is_error: bool,
    },
    /// What the model thought.
    Reasoning {
        /// In words; a summary as a rule.
        text: String,
        /// The provider's mark on it, byte for byte.
        signature: Option<String>,
    },
    /// Thoughts that only the provider can read (Anthropic's `redacted_thinking`, OpenAI's `encrypted_content`).
    SealedReasoning(String),
    /// The model declines.
    Refusal(String),
}

impl Part {
    /// A part without a cache mark.
    pub fn new(content: Content) -> Self {
        Self {
            content,
            cache: None,
        }
    }

    /// Text without a cache mark.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Content::Text(text.into()))
    }
}

/// Where an image or a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Media {
    /// In the request.
    Inline {
        /// `image/png`, `application/pdf`.
        media_type: String,
        /// Base64.
        data: String,
    },
    /// At an address that the provider fetches. The gateway never does.
    Url(String),
}

/// A function that the model may call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// The JSON schema of its arguments.
    pub parameters: Option<Value>,
    /// Whether arguments must follow the schema to the letter.
    pub strict: Option<bool>,
    /// A prompt-cache mark.
    pub cache: Option<String>,
    /// How the caller declared it, for the sake of the answer. Dialects take no notice of it.
    pub declared: Declared,
}

/// How a caller declared a tool that is a plain function to the upstream: the answer calls it in the same words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// As what.
    pub form: Form,
    /// In a namespace (responses): the namespace's name, and the tool's within. [`Tool::name`] is both together.
    pub namespace: Option<(String, String)>,
}

/// As what a caller declared a tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A function.
    #[default]
    Function,
    /// One that takes free text (`type: custom`): the function's only argument is `input`.
    Custom,
    /// The search for further tools that the caller makes itself (responses: `type: tool_search`).
    ToolSearch,
}

/// Which tools the model may or must call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// As it likes.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// This one.
    Tool(String),
}

/// What the answer must look like.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Format {
    /// Text.
    #[default]
    Text,
    /// Some JSON object.
    JsonObject,
    /// JSON by a schema.
    JsonSchema {
        /// Its name.
        name: String,
        /// What it is for.
        description: Option<String>,
        /// The schema.
        schema: Value,
        /// To the letter.
        strict: Option<bool>,
    },
}

/// How much the model shall think.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reasoning {
    /// Not at all.
    Off,
    /// As much as it likes (Anthropic's `adaptive`).
    Adaptive,
    /// `minimal`, `low`, `medium`, `high`, `xhigh`, `max`, as the caller wrote it.
    Effort(String),
    /// At most so many tokens.
    Budget(u64),
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The upstream's id of it.
    pub id: String,
    /// The model as the upstream names it.
    pub model: String,
    /// What the model said, in order.
    pub parts: Vec<Part>,
    /// Why it stopped.
    pub stop: Stop,
    /// What it used.
    pub usage: Option<Tokens>,
}

/// Why the model stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It had finished.
    End,
    /// It may write no more.
    Length,
    /// The context is full.
    ContextWindow,
    /// It waits for its tools.
    ToolUse,
    /// At one of the texts of `stop`, if the upstream says which.
    Sequence(Option<String>),
    /// A filter stepped in, or the model declined.
    Filtered,
    /// The provider paused a long turn.
    Pause,
}

/// What a part of a streamed answer is going to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Text.
    Text,
    /// A refusal.
    Refusal,
    /// Thoughts.
    Reasoning,
    /// Thoughts that only the provider can read.
    SealedReasoning(String),
    /// A call of a tool.
    ToolCall {
        /// Which call.
        id: String,
        /// Which tool.
        name: String,
        /// The provider's mark on it.
        signature: Option<String>,
    },
}

/// A step of a streamed answer. Parts are numbered from 0 in the order of their opening; one may be opened while another
/// is not closed yet. Every part is closed, and the last event is [`Event::End`] or [`Event::Failed`].
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The answer begins.
    Start {
        /// The upstream's id of it.
        id: String,
        /// The model as the upstream names it.
        model: String,
        /// What is known of the usage already.
        usage: Option<Tokens>,
    },
    /// A part begins.
    Open {
        /// Which.
        index: usize,
        /// What it is.
        opening: Opening,
    },
    /// More of a part: text, refusal, thoughts, or the JSON text of arguments.
    Delta {
        /// Which.
        index: usize,
        /// What comes next.
        text: String,
    },
    /// The mark on a part of thoughts.
    Signature {
        /// Which.
        index: usize,
        /// The mark, or a piece of it.
        signature: String,
    },
    /// A part is finished.
    Close {
        /// Which.
        index: usize,
    },
    /// It is known why the model stopped.
    Stop(Stop),
    /// The usage, or a later state of it: replaces what was said before.
    Usage(Tokens),
    /// All was said.
    End,
    /// The upstream failed in the middle.
    Failed {
        /// The upstream's word for it: `overloaded_error`, `server_error`.
        kind: String,
        /// Its sentence.
        message: String,
    },
}
