//! What is wrong with a file.

use std::fmt;

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; the file loads.
    Warning,
    /// The file does not load.
    Error,
}

/// One thing to mend: `file:line:column: path: message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The file as the caller named it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// Where in the document, as `auth.oidc.providers[0].issuer_url`.
    pub path: String,
    /// What is wrong, what was expected, and what was perhaps meant. Never a secret's value.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Warning => "warning: ",
            Severity::Error => "",
        };
        write!(
            f,
            "{}:{}:{}: {}: {word}{}",
            self.file, self.line, self.column, self.path, self.message
        )
    }
}

/// All of them, in the file's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(pub Vec<Finding>);

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{finding}")?;
        }
        Ok(())
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No file was named and none is where one is looked for.
    #[error("no configuration file; tried {}. Name one with --config FILE or GATEWAY_CONFIG, or try `gateway demo`.", .tried.join(", "))]
    NotFound {
        /// The paths tried.
        tried: Vec<String>,
    },
    /// It is there and cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The path.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// It was read and has errors.
    #[error("{0}")]
    Invalid(Findings),
}
