//! Embeddings for callers that speak OpenAI's protocol, at providers that do not.

mod reply;
mod request;

pub use reply::read;
pub use request::write;

/// A provider's protocol for embeddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmbeddingsDialect {
    /// AI Studio's `batchEmbedContents`.
    Gemini,
    /// Vertex's `predict`.
    VertexPredict,
    /// Amazon's Titan, version 2, by `InvokeModel`.
    Titan,
    /// Cohere's embed by `InvokeModel`.
    Cohere,
}

#[cfg(test)]
mod tests;
