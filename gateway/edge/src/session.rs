//! From the cookie to the person.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use chrono::{DateTime, Utc};
use gateway_domain::{Membership, SessionId, TokenHash, User, UserStatus, access::Principal};
use gateway_identity::{
    Caller, Context, ServiceError,
    session_store::DbSessionStore,
    sign_in::{after, session_hash},
};
use gateway_store::{sessions, teams};
use http::{Extensions, request::Parts};
use tower::{Layer as _, ServiceExt as _};
use tower_sessions::{Session, SessionManagerLayer, cookie::SameSite, session::Id};

use crate::{Problem, RequestInfo, SESSION_COOKIE, csrf};

/// How often the use of a session is noted, unless the idle limit is so short that this would cut it.
const TOUCH_EVERY: Duration = Duration::from_mins(1);

/// A live session with its person, as both are at this request.
#[derive(Clone)]
pub struct SessionState {
    /// The person as the services' caller.
    pub caller: Caller,
    /// The person.
    pub user: User,
    /// The teams they are in, archived ones left out.
    pub teams: Vec<Membership>,
    /// The session's public id.
    pub session_id: SessionId,
    /// Through which provider it was opened, or `password`.
    pub provider_key: String,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it ends whatever happens.
    pub expires_at: DateTime<Utc>,
    /// What the cookie holds.
    id: Id,
}

impl SessionState {
    /// What every form of this session carries in the field [`crate::CSRF_FIELD`].
    pub fn csrf_token(&self) -> String {
        csrf::session_token(&self.id)
    }

    /// Whether a form's token is this session's.
    pub fn token_matches(&self, given: &str) -> bool {
        csrf::matches(&self.csrf_token(), given)
    }

    /// Whether a new password must be chosen before anything else.
    pub fn must_change_password(&self) -> bool {
        self.user.must_change_password && self.user.sign_in.is_password()
    }
}

/// The middleware that puts the browser's [`Session`] into the request and its cookie into the answer. The cookie has no
/// age: the server's limits rule. Made anew for each request, because a reload may change `public_base_url`.
pub async fn session_layer(State(ctx): State<Context>, request: Request, next: Next) -> Response {
    let is_https = ctx.live().config.server.public_base_url.is_https();
    let store = DbSessionStore::new(ctx.db().clone(), Arc::clone(ctx.clock()));
    let layer = SessionManagerLayer::new(store)
        .with_name(SESSION_COOKIE)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(is_https)
        .with_path("/");
    match layer.layer(next).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The hash of the session that the browser came with, live or not: what a sign-in replaces.
pub fn presented_session(session: &Session) -> Option<TokenHash> {
    session.id().map(|id| session_hash(&id))
}

/// The signed-in person of a request, if there is one: asked of the database once a request.
pub async fn current(
    parts: &mut Parts,
    ctx: &Context,
) -> Result<Option<Arc<SessionState>>, Problem> {
    #[derive(Clone)]
    struct Asked(Option<Arc<SessionState>>);

    if let Some(Asked(state)) = parts.extensions.get::<Asked>() {
        return Ok(state.clone());
    }
    let state = find(&parts.extensions, ctx).await?.map(Arc::new);
    parts.extensions.insert(Asked(state.clone()));
    Ok(state)
}

async fn find(
    extensions: &Extensions,
    ctx: &Context,
) -> Result<Option<SessionState>, ServiceError> {
    let Some(id) = extensions.get::<Session>().and_then(Session::id) else {
        return Ok(None);
    };
    let Some(info) = extensions.get::<RequestInfo>() else {
        return Err(ServiceError::Internal(
            "the request_info middleware is missing".to_owned(),
        ));
    };
    let now = ctx.now();
    let Some(live) = sessions::find_live(ctx.db(), &session_hash(&id), now).await? else {
        return Ok(None);
    };
    if live.user.status != UserStatus::Active {
        // Enabled again one day, the person signs in again.
        sessions::revoke(ctx.db(), live.session_id, now).await?;
        return Ok(None);
    }
    let idle = ctx.live().config.auth.session.idle;
    if now >= after(live.last_seen_at, TOUCH_EVERY.min(idle / 2)) {
        let idle_until = after(now, idle).min(live.expires_at);
        sessions::touch(ctx.db(), live.session_id, now, idle_until).await?;
    }
    let teams = teams::memberships_of(ctx.db(), [live.user.id]).await?;
    let principal = Principal {
        user_id: live.user.id,
        email: live.user.email.clone(),
        name: live.user.name.clone(),
        global_role: live.user.global_role,
        teams: teams
            .iter()
            .map(|place| (place.team_id, place.role))
            .collect(),
        session_id: live.session_id,
        signed_in_at: live.session_created_at,
    };
    Ok(Some(SessionState {
        caller: Caller::person(principal, info.origin.clone()),
        user: live.user,
        teams,
        session_id: live.session_id,
        provider_key: live.provider_key,
        created_at: live.session_created_at,
        expires_at: live.expires_at,
        id,
    }))
}
