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
mod models;
mod oauth;
mod oidc;
mod people;
mod provider;
mod public_url;
mod server;
mod storage;
mod upstream;

use self::{
    key::{Declared, Names},
    public_url::PublicUrls,
};
use crate::{
    Auth, Database, LedgerSettings, Model, ModelProvider, RequestLogging, Secrets, Server,
    ServiceAccountDeclaration, TeamDeclaration, Unpriced, UserDeclaration,
    source::{Field, Section},
};

/// What the sections say.
pub(crate) struct Document {
    pub server: Server,
    pub database: Database,
    pub secrets: Secrets,
    pub auth: Auth,
    pub teams: Vec<TeamDeclaration>,
    pub users: Vec<UserDeclaration>,
    pub service_accounts: Vec<ServiceAccountDeclaration>,
    pub providers: Vec<ModelProvider>,
    pub models: Vec<Model>,
    pub unpriced: Unpriced,
    pub request_logging: RequestLogging,
    pub ledger: LedgerSettings,
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
    let accounts = models::service_accounts(&root.field("service_accounts"), &names);
    let mut ids = Declared::default();
    let providers = upstream::read(&root.field("providers"), &mut ids);
    let models = models::read(&root.field("models"), &ids);
    let unpriced = models::unpriced(&root.field("pricing"));
    let request_logging = models::request_logging(&root.field("request_logging"));
    let ledger = models::ledger(&root.field("ledger"));

    judge_literal_secrets(&root, &draft);
    let public_base_url = urls.settle(&server, draft.bind, &names);
    Document {
        server: draft.with(public_base_url),
        database,
        secrets,
        auth,
        teams,
        users,
        service_accounts: accounts,
        providers,
        models,
        unpriced,
        request_logging,
        ledger,
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
