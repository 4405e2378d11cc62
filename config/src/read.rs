//! The sections of `gateway.yaml`, one reading function each.
//!
//! What a section refers to is read before it: `teams` before the providers, the providers before `users`. A setting
//! that is wrong is reported and then has its default, so that the rest is read as well; a file with an error never
//! becomes a [`crate::Config`].

mod address;
mod auth;
mod http;
mod jit;
mod key;
mod oauth;
mod oidc;
mod people;
mod provider;
mod public_url;
mod server;
mod storage;

use self::{key::Names, public_url::PublicUrls};
use crate::{
    Auth, Database, Secrets, Server, TeamDeclaration, UserDeclaration,
    source::{Field, Section},
};

/// Served by later versions. Files that have them already load.
const LATER: [&str; 5] = [
    "service_accounts",
    "providers",
    "models",
    "pricing",
    "request_logging",
];

/// What the sections say.
pub(crate) struct Document {
    pub server: Server,
    pub database: Database,
    pub secrets: Secrets,
    pub auth: Auth,
    pub teams: Vec<TeamDeclaration>,
    pub users: Vec<UserDeclaration>,
}

/// Reads everything and reports everything.
pub(crate) fn document(root: &Field<'_>) -> Document {
    let mut root = root.section();
    let mut urls = PublicUrls::default();
    let mut names = Names::default();

    let server = root.field("server");
    let draft = server::read(&server, &mut urls);
    let database = storage::database(&root.field("database"));
    let secrets = storage::secrets(&root.field("secrets"));
    let teams = people::teams(&root.field("teams"), &mut names);
    let auth = auth::read(&root.field("auth"), &mut urls, &mut names);
    let users = people::users(&root.field("users"), &names);
    later(&mut root);

    judge_literal_secrets(&root, &draft);
    let public_base_url = urls.settle(&server, draft.bind, &names);
    Document {
        server: draft.with(public_base_url),
        database,
        secrets,
        auth,
        teams,
        users,
    }
}

fn later(root: &mut Section<'_>) {
    for key in LATER {
        let field = root.field(key);
        if field.is_given() {
            root.reader()
                .warn(&field.key_spot(), "not used by this version");
        }
    }
}

/// A secret in the file travels with every copy of it. On one's own machine that may be all right.
fn judge_literal_secrets(root: &Section<'_>, server: &server::Draft) {
    for spot in root.reader().literal_secrets() {
        if server.bind.ip().is_loopback() {
            let message =
                "a secret that stands in the file; env.NAME or file.PATH keep it out of copies";
            root.reader().warn(&spot, message);
        } else {
            let message = format!(
                "a secret may stand in the file only while server.bind is a loopback address, \
                 not {}; use env.NAME or file.PATH",
                server.bind
            );
            root.reader().error(&spot, message);
        }
    }
}
