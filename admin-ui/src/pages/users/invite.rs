//! Inviting somebody, and the links for those who sign in by password.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use gateway_domain::{
    Email, GlobalRole, OneTimePurpose, SignIn, Team, TeamRole, Token, User, UserId, UserStatus,
};
use gateway_identity::{
    Context, ServiceError, one_time,
    people::{self, Invited, NewPerson},
};
use serde::Deserialize;

use super::{all_teams, one, path_of};
use crate::{
    errors::Errors,
    notice::Notice,
    page::{Page, PageError, done},
    pages::sessions::Nothing,
    shell::Shell,
    view::{Label as _, duration},
    visitor::{Posted, Visitor},
};

/// The fields beside which something can be told.
const FIELDS: [&str; 6] = [
    "email",
    "name",
    "sign_in",
    "global_role",
    "team",
    "team_role",
];

#[derive(Template)]
#[template(path = "pages/user_new.html")]
pub(crate) struct InvitePage {
    pub(crate) shell: Shell,
    pub(crate) providers: Vec<Choice>,
    pub(crate) teams: Vec<Team>,
    pub(crate) form: InviteForm,
    pub(crate) errors: Errors,
}

/// A provider to choose.
pub(crate) struct Choice {
    pub(crate) key: String,
    pub(crate) label: String,
}

#[derive(Template)]
#[template(path = "pages/one_time_link.html")]
pub(crate) struct LinkShownPage {
    pub(crate) shell: Shell,
    pub(crate) title: &'static str,
    pub(crate) user: User,
    pub(crate) url: String,
    pub(crate) lifetime: String,
}

/// The form, as it was filled in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct InviteForm {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) sign_in: String,
    pub(crate) global_role: String,
    pub(crate) team: String,
    pub(crate) team_role: String,
}

pub(super) async fn show(
    State(ctx): State<Context>,
    visitor: Visitor,
) -> Result<Page<InvitePage>, PageError> {
    let page = page(&ctx, visitor, InviteForm::default(), Errors::default()).await?;
    Ok(Page::ok(page))
}

pub(super) async fn send(
    State(ctx): State<Context>,
    Posted { visitor, form }: Posted<InviteForm>,
) -> Result<Response, PageError> {
    let invited = async {
        let new = form.read()?;
        people::invite(&ctx, &visitor.caller, new).await
    };
    match invited.await {
        Ok(Invited {
            person,
            link: Some(token),
        }) => {
            let shown = shown(
                &ctx,
                visitor.shell,
                person.user,
                OneTimePurpose::Invite,
                &token,
            );
            Ok(Page(StatusCode::CREATED, shown).into_response())
        }
        Ok(Invited { person, link: None }) => Ok(done(&path_of(person.user.id), Notice::Invited)),
        Err(error) => {
            let (status, errors) = Errors::told(error, &FIELDS)?;
            let page = page(&ctx, visitor, form, errors).await?;
            Ok(Page(status, page).into_response())
        }
    }
}

/// Makes a link for a password person: an invitation for those who never came, else a reset.
pub(super) async fn link(
    State(ctx): State<Context>,
    Path(id): Path<UserId>,
    Posted { visitor, .. }: Posted<Nothing>,
) -> Result<Response, PageError> {
    let issued = async {
        let person = people::get(&ctx, &visitor.caller, id).await?;
        let (purpose, token) = if person.user.status == UserStatus::Invited {
            let token = people::reissue_invite(&ctx, &visitor.caller, id).await?;
            (OneTimePurpose::Invite, token)
        } else {
            let token = people::issue_reset(&ctx, &visitor.caller, id).await?;
            (OneTimePurpose::Reset, token)
        };
        Ok::<_, ServiceError>((person.user, purpose, token))
    };
    match issued.await {
        Ok((user, purpose, token)) => {
            let shown = shown(&ctx, visitor.shell, user, purpose, &token);
            Ok(Page(StatusCode::CREATED, shown).into_response())
        }
        Err(error) => one::refused(&ctx, visitor, id, None, error).await,
    }
}

fn shown(
    ctx: &Context,
    shell: Shell,
    user: User,
    purpose: OneTimePurpose,
    token: &Token,
) -> LinkShownPage {
    let live = ctx.live();
    let lasts = one_time::lifetime(purpose).to_std().unwrap_or_default();
    LinkShownPage {
        shell,
        title: match purpose {
            OneTimePurpose::Invite => "Invitation link",
            _ => "Link to choose a new password",
        },
        user,
        url: one_time::url(&live.config.server.public_base_url, token),
        lifetime: format!("within {}", duration(lasts)),
    }
}

async fn page(
    ctx: &Context,
    visitor: Visitor,
    form: InviteForm,
    errors: Errors,
) -> Result<InvitePage, PageError> {
    if !visitor.shell.manages_people() {
        return Err(PageError::forbidden());
    }
    let live = ctx.live();
    let enabled = live
        .providers
        .all()
        .filter(|provider| provider.is_enabled());
    let providers = enabled.map(|provider| Choice {
        key: provider.key().to_owned(),
        label: provider.label().to_owned(),
    });
    Ok(InvitePage {
        providers: providers.collect(),
        teams: all_teams(ctx, &visitor.caller).await?,
        shell: visitor.shell,
        form,
        errors,
    })
}

impl InviteForm {
    fn read(&self) -> Result<NewPerson, ServiceError> {
        let email: Email = self
            .email
            .parse()
            .map_err(|_| ServiceError::invalid("email", "Enter an e-mail address."))?;
        let global_role: GlobalRole = self
            .global_role
            .parse()
            .map_err(|_| ServiceError::invalid("global_role", "Choose one of the roles."))?;
        let team = if self.team.is_empty() {
            None
        } else {
            let role: TeamRole = self
                .team_role
                .parse()
                .map_err(|_| ServiceError::invalid("team_role", "Choose one of the roles."))?;
            Some((self.team.clone(), role))
        };
        let name = self.name.trim();
        Ok(NewPerson {
            email,
            name: Some(name.to_owned()).filter(|name| !name.is_empty()),
            sign_in: SignIn::provider(self.sign_in.as_str()),
            global_role,
            team,
            request_logging_enabled: false,
        })
    }
}
