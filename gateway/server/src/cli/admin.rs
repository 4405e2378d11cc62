//! `gateway admin …`: the way in when the pages cannot be. Links are the only thing on stdout.

use clap::Subcommand;
use gateway_domain::{Email, GlobalRole, OneTimePurpose, SignIn, Token, User, UserStatus};
use gateway_identity::{
    Caller, Context, ServiceError, one_time, people, providers::IdentityProvider,
};
use gateway_store::users;

use super::{Failure, Shared, chain, open, print, say};

const ACTOR: &str = "command line";

#[derive(Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// Make a person; prints a one-time link for one who signs in by password
    Create {
        /// Their address
        #[arg(long, value_name = "ADDRESS")]
        email: Email,
        /// Their global role: `platform_admin`, `auditor` or `user`
        #[arg(long, default_value = "platform_admin")]
        role: GlobalRole,
        /// `password`, or the key of an identity provider in the file
        #[arg(long, value_name = "KEY", default_value = "password")]
        sign_in: String,
    },
    /// Print a one-time link with which a person chooses a new password
    ResetPassword {
        /// Their address
        #[arg(long, value_name = "ADDRESS")]
        email: Email,
    },
    /// Print a one-time link that signs a platform admin in while the identity provider is down; one who has to change
    /// their password chooses a new one there
    BreakGlass {
        /// Whom; needed only when there is more than one platform admin
        #[arg(long, value_name = "ADDRESS")]
        email: Option<Email>,
    },
}

pub(super) async fn run(shared: &Shared, command: AdminCommand) -> Result<(), Failure> {
    let ctx = open::context(shared).await?;
    let outcome = match command {
        AdminCommand::Create {
            email,
            role,
            sign_in,
        } => create(&ctx, email, role, sign_in).await,
        AdminCommand::ResetPassword { email } => reset_password(&ctx, &email).await,
        AdminCommand::BreakGlass { email } => break_glass(&ctx, email.as_ref()).await,
    };
    ctx.db().close().await;
    outcome
}

async fn create(
    ctx: &Context,
    email: Email,
    role: GlobalRole,
    sign_in: String,
) -> Result<(), Failure> {
    let sign_in = if sign_in == SignIn::PASSWORD {
        SignIn::password()
    } else {
        SignIn::provider(sign_in)
    };
    let new = people::NewPerson {
        email: email.clone(),
        name: None,
        sign_in: sign_in.clone(),
        global_role: role,
        team: None,
        request_logging_enabled: false,
    };
    let invited = people::invite(ctx, &Caller::system(ACTOR), new)
        .await
        .map_err(|error| refused_to_create(&error, &email, ctx))?;
    if let Some(token) = invited.link {
        let words = format!("{email} was made {role}. They choose a password here:");
        return print_link(ctx, &token, OneTimePurpose::Invite, &words);
    }
    say(&format!(
        "{email} was made {role}; they sign in through {} at",
        sign_in.as_str()
    ));
    print(&ctx.live().config.server.public_base_url.join("/admin"))
}

fn refused_to_create(error: &ServiceError, email: &Email, ctx: &Context) -> Failure {
    match error.code() {
        "email_taken" => Failure::new(format!(
            "{email} is here already. `gateway admin reset-password --email {email}` makes a link to a new password; \
             a platform admin changes roles in the pages"
        )),
        "invalid_request" => {
            let live = ctx.live();
            let keys: Vec<&str> = live.providers.all().map(IdentityProvider::key).collect();
            Failure::new(format!(
                "{error} Those are: {}",
                if keys.is_empty() {
                    "none".to_owned()
                } else {
                    keys.join(", ")
                }
            ))
        }
        _ => told(error),
    }
}

async fn reset_password(ctx: &Context, email: &Email) -> Result<(), Failure> {
    let user = find(ctx, email).await?;
    let caller = Caller::system(ACTOR);
    // One who never came has no password to reset: the link to their first one does it.
    let (purpose, token) = if user.status == UserStatus::Invited {
        let token = people::reissue_invite(ctx, &caller, user.id).await;
        (OneTimePurpose::Invite, token)
    } else {
        let token = people::issue_reset(ctx, &caller, user.id).await;
        (OneTimePurpose::Reset, token)
    };
    let token = token.map_err(|error| told(&error))?;
    print_link(
        ctx,
        &token,
        purpose,
        &format!("{} chooses a new password here:", user.email),
    )
}

async fn break_glass(ctx: &Context, email: Option<&Email>) -> Result<(), Failure> {
    let user = match email {
        Some(email) => find(ctx, email).await?,
        None => only_admin(ctx).await?,
    };
    if user.global_role != GlobalRole::PlatformAdmin || user.status != UserStatus::Active {
        return Err(Failure::new(format!(
            "{} is not an active platform admin, and only those are let in this way. `gateway admin create` makes one",
            user.email
        )));
    }
    if user.must_change_password && user.sign_in.is_password() {
        return break_glass_to_password(ctx, &user).await;
    }
    let token = people::issue_break_glass(ctx, &Caller::system(ACTOR), user.id)
        .await
        .map_err(|error| told(&error))?;
    print_link(
        ctx,
        &token,
        OneTimePurpose::BreakGlass,
        &format!(
            "{} signs in here without the identity provider:",
            user.email
        ),
    )
}

/// Whoever must change a password is asked for it before anything else, and who lost it would be stuck there.
async fn break_glass_to_password(ctx: &Context, user: &User) -> Result<(), Failure> {
    let token = people::issue_reset(ctx, &Caller::system(ACTOR), user.id).await;
    let token = token.map_err(|error| told(&error))?;
    let words = format!(
        "{} has to change their password before anything else. They choose a new one here and are signed in:",
        user.email
    );
    print_link(ctx, &token, OneTimePurpose::Reset, &words)
}

async fn only_admin(ctx: &Context) -> Result<User, Failure> {
    let admins = users::active_admins(ctx.db(), 10)
        .await
        .map_err(|error| Failure::because("the database", &error))?;
    match <[User; 1]>::try_from(admins) {
        Ok([admin]) => Ok(admin),
        Err(admins) if admins.is_empty() => Err(Failure::new(
            "there is no active platform admin; `gateway admin create --email ADDRESS` makes one",
        )),
        Err(admins) => {
            let emails: Vec<_> = admins.into_iter().map(|admin| admin.email).collect();
            Err(Failure::new(format!(
                "there is more than one platform admin; name one with --email: {}",
                emails.join(", ")
            )))
        }
    }
}

async fn find(ctx: &Context, email: &Email) -> Result<User, Failure> {
    users::find_by_email(ctx.db(), email)
        .await
        .map_err(|error| Failure::because("the database", &error))?
        .ok_or_else(|| {
            Failure::new(format!(
                "nobody here has the address {email}; `gateway admin create --email {email}` makes a person"
            ))
        })
}

fn print_link(
    ctx: &Context,
    token: &Token,
    purpose: OneTimePurpose,
    words: &str,
) -> Result<(), Failure> {
    say(words);
    print(&one_time::url(
        &ctx.live().config.server.public_base_url,
        token,
    ))?;
    let minutes = one_time::lifetime(purpose).num_minutes();
    let span = match minutes {
        ..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    };
    say(&format!(
        "The link works once, within {span}, and is not shown again."
    ));
    Ok(())
}

fn told(error: &ServiceError) -> Failure {
    match error {
        ServiceError::Internal(cause) => Failure::new(cause),
        error => Failure::new(chain(error)),
    }
}
