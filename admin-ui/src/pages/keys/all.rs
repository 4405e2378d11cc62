//! Everybody's keys, for those who look after them.

use askama::Template;
use axum::extract::{Query, State};
use gateway_domain::Team;
use gateway_identity::{
    Context, Paging,
    api_keys::{self, KeyFilter, KeyInfo},
};
use serde::Deserialize;

use super::{ALL, STATES};
use crate::{
    errors::Errors,
    page::{Page, PageError},
    pages::owners,
    shell::Shell,
    view::{Label as _, Moment as _, address},
    visitor::Visitor,
};

#[derive(Template)]
#[template(path = "pages/keys_all.html")]
pub(crate) struct AllKeysPage {
    pub(crate) shell: Shell,
    pub(crate) keys: Vec<KeyInfo>,
    pub(crate) shows_owner: bool,
    /// The teams to filter by.
    pub(crate) teams: Vec<Team>,
    pub(crate) filter: Asked,
    pub(crate) errors: Errors,
    pub(crate) first: Option<String>,
    pub(crate) next: Option<String>,
}

/// The filter, as it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    pub(crate) owner: String,
    pub(crate) team: String,
    pub(crate) state: String,
    pub(crate) cursor: Option<String>,
}

impl Asked {
    /// Whether anything is filtered.
    pub(crate) fn is_set(&self) -> bool {
        ![&self.owner, &self.team, &self.state]
            .into_iter()
            .all(String::is_empty)
    }

    fn address(&self, cursor: Option<&str>) -> String {
        let query = [
            ("owner", Some(self.owner.as_str())),
            ("team", Some(&self.team)),
            ("state", Some(&self.state)),
            ("cursor", cursor),
        ];
        address(ALL, &query)
    }
}

pub(super) async fn list(
    State(ctx): State<Context>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Page<AllKeysPage>, PageError> {
    let Visitor { caller, shell, .. } = visitor;
    if !shell.oversees() {
        return Err(PageError::forbidden());
    }
    let teams = owners::teams(&ctx, &caller, &shell).await?;
    let mut errors = Errors::default();
    let owner = owners::named(&ctx, &caller, &asked.owner, &mut errors).await?;
    let filter = KeyFilter {
        owner,
        team: Some(asked.team.clone()).filter(|team| !team.is_empty()),
        state: STATES
            .into_iter()
            .find(|state| state.as_str() == asked.state),
    };
    let page = if errors == Errors::default() {
        api_keys::list(&ctx, &caller, &filter, &Paging::after(asked.cursor.clone())).await?
    } else {
        gateway_identity::Page {
            items: Vec::new(),
            next: None,
        }
    };
    Ok(Page::ok(AllKeysPage {
        shell,
        keys: page.items,
        shows_owner: true,
        teams,
        errors,
        first: asked.cursor.as_ref().map(|_| asked.address(None)),
        next: page.next.map(|cursor| asked.address(Some(&cursor))),
        filter: asked,
    }))
}
