//! How a command fails: one readable message with its causes.

use std::{error::Error, fmt::Display, io};

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// Whoever read our output went away. Nothing to say, and nobody to say it to.
    ReaderGone,
    /// Anything else.
    Told(String),
}

impl Failure {
    /// A failure that is its own explanation.
    pub fn new(message: impl Display) -> Self {
        Self::Told(message.to_string())
    }

    /// A failure with the causes of an error behind it.
    pub fn because(message: impl Display, error: &(dyn Error + 'static)) -> Self {
        Self::Told(format!("{message}: {}", chain(error)))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            Self::because("cannot write the output", &error)
        }
    }
}

/// An error with its causes, each said once: many errors repeat their source in their own text.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !said.is_empty() && !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the outer thing failed")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("the inner thing failed")]
    struct Inner;

    #[test]
    fn causes_follow_what_they_caused() {
        assert_eq!(
            chain(&Outer(Inner)),
            "the outer thing failed: the inner thing failed"
        );
    }

    #[test]
    fn a_lost_reader_is_no_failure_to_tell() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(matches!(failure, Failure::ReaderGone));
    }
}
