//! From a file to a [`Config`].

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::{
    Auth, Database, Findings, LedgerSettings, LoadError, Model, ModelProvider, RequestLogging,
    Secrets, Server, ServiceAccountDeclaration, Severity, TeamDeclaration, Unpriced,
    UserDeclaration, read,
    source::{
        Field, Reader, Spot,
        yaml::{self, Pos},
    },
};

const VARIABLE: &str = "GATEWAY_CONFIG";
const DEFAULT_PATH: &str = "config/gateway.yaml";
const LARGEST: usize = 1024 * 1024;
const TOO_LARGE: &str = "larger than 1 MiB";

/// A whole file, checked.
#[derive(Clone)]
pub struct Config {
    /// The file as the caller named it.
    pub file: String,
    /// SHA-256, in hex, of the text and the values it refers to: whether a reload changes anything.
    /// For comparing, not for showing: a weak secret could be guessed from it.
    pub digest: String,
    /// `server`.
    pub server: Server,
    /// `database`.
    pub database: Database,
    /// `secrets`.
    pub secrets: Secrets,
    /// `auth`.
    pub auth: Auth,
    /// `teams`.
    pub teams: Vec<TeamDeclaration>,
    /// `users`.
    pub users: Vec<UserDeclaration>,
    /// `service_accounts`.
    pub service_accounts: Vec<ServiceAccountDeclaration>,
    /// `providers`.
    pub providers: Vec<ModelProvider>,
    /// `models`. Every route names one of `providers`.
    pub models: Vec<Model>,
    /// `pricing.unpriced`.
    pub unpriced: Unpriced,
    /// `request_logging`.
    pub request_logging: RequestLogging,
    /// `ledger`.
    pub ledger: LedgerSettings,
    /// What the operator should look at.
    pub warnings: Findings,
}

/// Names the file alone: the rest holds secrets.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// Where `env.NAME` is looked up.
pub trait Environment {
    /// The variable's value, if it is set.
    fn var(&self, name: &str) -> Option<String>;
}

/// The process's own environment.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    fn var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

impl Environment for BTreeMap<String, String> {
    fn var(&self, name: &str) -> Option<String> {
        self.get(name).cloned()
    }
}

/// Reads a file's text. Relative paths in it are taken from the process's working directory.
pub fn parse(text: &str, file: &str, env: &dyn Environment) -> Result<Config, LoadError> {
    let reader = Reader::new(file, env);
    reader.digest(text.as_bytes());
    let document = if text.len() > LARGEST {
        reader.error(&Spot::document(Pos::START), TOO_LARGE);
        None
    } else {
        yaml::tree(text, &reader).map(|root| read::document(&Field::root(&reader, &root)))
    };
    let (findings, digest) = reader.finish();
    let has_error = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    match document {
        Some(document) if !has_error => Ok(Config {
            file: file.to_owned(),
            digest,
            server: document.server,
            database: document.database,
            secrets: document.secrets,
            auth: document.auth,
            teams: document.teams,
            users: document.users,
            service_accounts: document.service_accounts,
            providers: document.providers,
            models: document.models,
            unpriced: document.unpriced,
            request_logging: document.request_logging,
            ledger: document.ledger,
            warnings: Findings(findings),
        }),
        _ => Err(LoadError::Invalid(Findings(findings))),
    }
}

/// Reads the file at `path`, else at `GATEWAY_CONFIG`, else `config/gateway.yaml`.
pub fn load(path: Option<&Path>, env: &dyn Environment) -> Result<Config, LoadError> {
    let named = || env.var(VARIABLE).filter(|path| !path.is_empty());
    let path = path
        .map(Path::to_path_buf)
        .or_else(|| named().map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from(DEFAULT_PATH));
    let file = path.display().to_string();
    let bytes = match bytes(&path) {
        Ok(bytes) => bytes,
        Err(source) if source.kind() == io::ErrorKind::NotFound => {
            return Err(LoadError::NotFound { tried: vec![file] });
        }
        Err(source) => return Err(LoadError::Unreadable { path: file, source }),
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) => parse(text, &file, env),
        // Cut off in the middle of a character, it is too large as well.
        Err(_) if bytes.len() > LARGEST => Err(refused(&file, env, Pos::START, TOO_LARGE)),
        Err(error) => {
            let pos = end_of(&bytes[..error.valid_up_to()]);
            Err(refused(&file, env, pos, "not UTF-8 text"))
        }
    }
}

/// The file's bytes, and one more than it may have if it has too many.
fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(LARGEST + 1).unwrap_or(u64::MAX);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where the character behind a text stands.
fn end_of(text: &[u8]) -> Pos {
    let text = String::from_utf8_lossy(text);
    let line = text.rsplit('\n').next().unwrap_or_default();
    Pos {
        line: text.matches('\n').count() + 1,
        column: line.chars().count() + 1,
    }
}

fn refused(file: &str, env: &dyn Environment, pos: Pos, message: &str) -> LoadError {
    let reader = Reader::new(file, env);
    reader.error(&Spot::document(pos), message);
    LoadError::Invalid(Findings(reader.finish().0))
}
