//! What one reading of a file collects.

use std::cell::RefCell;

use gateway_domain::TokenHash;
use sha2::{Digest, Sha256};

use super::yaml::Pos;
use crate::{Environment, Finding, Severity};

/// The path of what concerns the whole document.
const DOCUMENT: &str = "(document)";

/// A place in the document, with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// As `auth.oidc.providers[0].key`.
    pub path: String,
    /// Where that is written, or would belong.
    pub pos: Pos,
}

impl Spot {
    /// A place that no path leads to.
    pub fn document(pos: Pos) -> Self {
        Self {
            path: String::new(),
            pos,
        }
    }
}

/// Collects findings, secrets written out, and the digest, on the way through one file.
pub(crate) struct Reader<'a> {
    file: &'a str,
    env: &'a dyn Environment,
    findings: RefCell<Vec<Finding>>,
    literal_secrets: RefCell<Vec<Spot>>,
    digest: RefCell<Sha256>,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a str, env: &'a dyn Environment) -> Self {
        Self {
            file,
            env,
            findings: RefCell::default(),
            literal_secrets: RefCell::default(),
            digest: RefCell::default(),
        }
    }

    pub fn env(&self) -> &'a dyn Environment {
        self.env
    }

    /// The file does not load.
    pub fn error(&self, spot: &Spot, message: impl Into<String>) {
        self.note(Severity::Error, spot, message.into());
    }

    /// The file loads, and somebody should look.
    pub fn warn(&self, spot: &Spot, message: impl Into<String>) {
        self.note(Severity::Warning, spot, message.into());
    }

    fn note(&self, severity: Severity, spot: &Spot, message: String) {
        self.findings.borrow_mut().push(Finding {
            severity,
            file: self.file.to_owned(),
            line: spot.pos.line,
            column: spot.pos.column,
            path: if spot.path.is_empty() {
                DOCUMENT.to_owned()
            } else {
                spot.path.clone()
            },
            message,
        });
    }

    /// Remembers a secret that stands in the file itself. Whether that is an error depends on `server.bind`.
    pub fn literal_secret(&self, spot: &Spot) {
        self.literal_secrets.borrow_mut().push(spot.clone());
    }

    /// The secrets that stand in the file itself.
    pub fn literal_secrets(&self) -> Vec<Spot> {
        self.literal_secrets.borrow().clone()
    }

    /// Makes a value part of the digest. Lengths are counted in, so that no two lists of values are the same bytes.
    pub fn digest(&self, bytes: &[u8]) {
        let mut digest = self.digest.borrow_mut();
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    }

    /// All findings in the file's order, and the digest in hex.
    pub fn finish(self) -> (Vec<Finding>, String) {
        let mut findings = self.findings.into_inner();
        findings.sort_by_key(|finding| (finding.line, finding.column));
        findings.dedup();
        let digest = TokenHash::finish(self.digest.into_inner());
        (findings, digest.to_hex())
    }
}
