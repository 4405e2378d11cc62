//! `gateway key …`: keys of the data plane without the pages. A key is the only thing on stdout.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::Subcommand;
use gateway_domain::{ApiKeyId, ApiKeySecret, Email};
use gateway_identity::{
    Caller, Context, Paging, ServiceError,
    api_keys::{self, KeyFilter, KeyInfo, KeyState, NewKey, OwnerRef},
    declared,
};

use super::{Failure, Shared, chain, open, print, say};

const ACTOR: &str = "command line";

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make a key; prints it alone on stdout, once
    Create {
        /// Whose: the e-mail address of a person, or the key of a service account
        #[arg(long, value_name = "OWNER")]
        owner: String,
        /// What to call it
        #[arg(long, value_name = "NAME")]
        name: String,
        /// A model that it may call; may be given more than once. Without it: every model
        #[arg(long = "model", value_name = "ID")]
        models: Vec<String>,
        /// How long it works, as in `90d`. Without it: until it is revoked
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires: Option<TimeDelta>,
    },
    /// List keys, newest first, one a line
    List {
        /// Only those of this owner
        #[arg(long, value_name = "OWNER")]
        owner: Option<String>,
    },
    /// Give a key another secret; prints it alone on stdout, once
    Rotate {
        /// The key's id, as `gateway key list` shows it
        id: ApiKeyId,
        /// How long the old secret works on
        #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
        overlap: TimeDelta,
    },
    /// Revoke a key, at once and for good
    Revoke {
        /// The key's id, as `gateway key list` shows it
        id: ApiKeyId,
    },
}

fn duration(text: &str) -> Result<TimeDelta, String> {
    gateway_config::parse_duration(text)
        .and_then(|span| TimeDelta::from_std(span).ok())
        .ok_or_else(|| "expected a number and a unit, as in `30m`, `24h` or `90d`".to_owned())
}

pub(super) async fn run(shared: &Shared, command: KeyCommand) -> Result<(), Failure> {
    let ctx = open::context(shared).await?;
    let outcome = match command {
        KeyCommand::Create {
            owner,
            name,
            models,
            expires,
        } => create(&ctx, owner, name, models, expires).await,
        KeyCommand::List { owner } => list(&ctx, owner).await,
        KeyCommand::Rotate { id, overlap } => rotate(&ctx, id, overlap).await,
        KeyCommand::Revoke { id } => revoke(&ctx, id).await,
    };
    ctx.db().close().await;
    outcome
}

async fn create(
    ctx: &Context,
    owner: String,
    name: String,
    models: Vec<String>,
    expires: Option<TimeDelta>,
) -> Result<(), Failure> {
    let expires_at = match expires {
        Some(span) => Some(end(ctx.now(), span)?),
        None => None,
    };
    let owner = OwnerRef::Named(owner);
    make_declared(ctx, &owner).await?;
    let new = NewKey {
        owner,
        name,
        models: (!models.is_empty()).then_some(models),
        expires_at,
    };
    let made = api_keys::create(ctx, &caller(), new).await;
    let (info, secret) = made.map_err(|error| told(&error))?;
    say(&format!(
        "A key of {}, \"{}\", with the id {}:",
        info.owner_label, info.key.name, info.key.id
    ));
    show(&info, &secret)
}

/// Who is declared by the file is made when the gateway starts. A key for them may be wanted before its first start, so
/// the file is followed here too, as then.
async fn make_declared(ctx: &Context, owner: &OwnerRef) -> Result<(), Failure> {
    let OwnerRef::Named(name) = owner else {
        return Ok(());
    };
    let live = ctx.live();
    let email = name.parse::<Email>().ok();
    let is_declared = live
        .config
        .service_accounts
        .iter()
        .any(|account| account.key == *name)
        || email.is_some_and(|email| {
            let mut users = live.config.users.iter();
            users.any(|user| user.email.key() == email.key())
        });
    if !is_declared || api_keys::find_owner(ctx, &caller(), owner).await.is_ok() {
        return Ok(());
    }
    let applied = declared::reapply(ctx, &Caller::system("config"), &live.config).await;
    let report = applied.map_err(|error| told(&error))?;
    for line in report.changes.iter().chain(&report.warnings) {
        say(line);
    }
    Ok(())
}

fn end(now: DateTime<Utc>, span: TimeDelta) -> Result<DateTime<Utc>, Failure> {
    now.checked_add_signed(span)
        .ok_or_else(|| Failure::new("--expires: no key lasts that long"))
}

async fn rotate(ctx: &Context, id: ApiKeyId, overlap: TimeDelta) -> Result<(), Failure> {
    let span = overlap.to_std().map_err(Failure::new)?;
    let rotated = api_keys::rotate(ctx, &caller(), id, span).await;
    let (info, secret) = rotated.map_err(|error| told(&error))?;
    let until = moment(ctx.now() + overlap);
    say(&format!(
        "The key \"{}\" of {} has a new secret; the old one works until {until}:",
        info.key.name, info.owner_label
    ));
    show(&info, &secret)
}

fn show(info: &KeyInfo, secret: &ApiKeySecret) -> Result<(), Failure> {
    print(secret.expose())?;
    say("It is not shown again.");
    if info.state == KeyState::OwnerDisabled {
        say(&format!(
            "It begins to work when {} becomes active: at their first sign-in.",
            info.owner_label
        ));
    }
    Ok(())
}

async fn revoke(ctx: &Context, id: ApiKeyId) -> Result<(), Failure> {
    let revoked = api_keys::revoke(ctx, &caller(), id).await;
    revoked.map_err(|error| told(&error))?;
    say(&format!(
        "The key {id} is revoked. Running gateways refuse it within a second."
    ));
    Ok(())
}

async fn list(ctx: &Context, owner: Option<String>) -> Result<(), Failure> {
    let caller = caller();
    let owner = match owner {
        Some(text) => {
            let found = api_keys::find_owner(ctx, &caller, &OwnerRef::Named(text)).await;
            Some(found.map_err(|error| told(&error))?)
        }
        None => None,
    };
    let filter = KeyFilter {
        owner,
        ..KeyFilter::default()
    };
    let mut cursor = None;
    say("id\tprefix\tstate\towner\tname\tmodels\texpires");
    loop {
        let page = api_keys::list(ctx, &caller, &filter, &Paging::after(cursor)).await;
        let page = page.map_err(|error| told(&error))?;
        for info in &page.items {
            print(&line(info))?;
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

fn line(info: &KeyInfo) -> String {
    let key = &info.key;
    let models = key
        .models
        .as_ref()
        .map_or_else(|| "all".to_owned(), |models| models.join(","));
    let expires = key.expires_at.map_or_else(|| "never".to_owned(), moment);
    [
        &key.id.to_string(),
        &key.prefix,
        info.state.as_str(),
        &info.owner_label,
        &key.name,
        &models,
        &expires,
    ]
    .join("\t")
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn caller() -> Caller {
    Caller::system(ACTOR)
}

fn told(error: &ServiceError) -> Failure {
    match error {
        ServiceError::Internal(cause) => Failure::new(cause),
        error => Failure::new(chain(error)),
    }
}
