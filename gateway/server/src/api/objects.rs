//! The objects of the API, as JSON has them.

mod words;

use chrono::{DateTime, Utc};
use gateway_domain::{
    GlobalRole, ManagedBy, MembershipSource, Payloads, RoleSource, TeamRole, UserStatus,
    audit::Entry,
};
use gateway_identity::{Page, people::Person, session_service, teams};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

pub(super) use words::{
    global_role, key_state, managed_by, membership_source, outcome, owner_kind, payloads, pricing,
    role_source, route_state, service_account_status, surface, team_role, usage_kind, user_status,
};

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct List<T> {
    /// What is on it.
    items: Vec<T>,
    /// The `cursor` of the next page; null on the last.
    next: Option<String>,
}

impl<T> List<T> {
    pub(super) fn of<U: Into<T>>(page: Page<U>) -> Self {
        let page = page.map(Into::into);
        Self {
            items: page.items,
            next: page.next,
        }
    }

    pub(super) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// A person.
#[derive(Serialize, ToSchema)]
pub(super) struct User {
    id: Uuid,
    email: String,
    name: String,
    #[schema(schema_with = user_status)]
    status: UserStatus,
    /// `password`, or the key of an identity provider.
    sign_in: String,
    #[schema(schema_with = global_role)]
    global_role: GlobalRole,
    /// Where the role comes from.
    #[schema(schema_with = role_source)]
    role_source: RoleSource,
    request_logging_enabled: bool,
    teams: Vec<Place>,
    /// Empty for those who only manage one of the person's teams.
    identities: Vec<Identity>,
    /// Who owns the record: what the configuration file declares is read-only here.
    #[schema(schema_with = managed_by)]
    managed_by: ManagedBy,
}

/// A person's place in a team.
#[derive(Serialize, ToSchema)]
pub(super) struct Place {
    key: String,
    name: String,
    #[schema(schema_with = team_role)]
    role: TeamRole,
    #[schema(schema_with = membership_source)]
    source: MembershipSource,
}

/// A subject at an identity provider.
#[derive(Serialize, ToSchema)]
pub(super) struct Identity {
    provider_key: String,
    issuer: String,
    subject: String,
    email: Option<String>,
    linked_at: DateTime<Utc>,
    last_sign_in_at: Option<DateTime<Utc>>,
}

/// A person who was just invited.
#[derive(Serialize, ToSchema)]
pub(super) struct InvitedUser {
    #[serde(flatten)]
    pub user: User,
    /// For a password person: the link that lets them in. Shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_url: Option<String>,
}

/// A link that works once. Shown this once.
#[derive(Serialize, ToSchema)]
pub(super) struct Link {
    pub url: String,
}

/// A team.
#[derive(Serialize, ToSchema)]
pub(super) struct Team {
    key: String,
    name: String,
    #[schema(schema_with = managed_by)]
    managed_by: ManagedBy,
    /// What its request log keeps of bodies at most; null: what the configuration file says for all.
    #[schema(schema_with = payloads)]
    payloads: Option<Payloads>,
}

/// A person in a team.
#[derive(Serialize, ToSchema)]
pub(super) struct Member {
    user_id: Uuid,
    email: String,
    name: String,
    #[schema(schema_with = user_status)]
    status: UserStatus,
    #[schema(schema_with = team_role)]
    role: TeamRole,
    #[schema(schema_with = membership_source)]
    source: MembershipSource,
}

/// A live session.
#[derive(Serialize, ToSchema)]
pub(super) struct Session {
    id: Uuid,
    user_id: Uuid,
    provider_key: String,
    created_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    address: String,
    user_agent: String,
    /// Whether it is the one that this request came with.
    current: bool,
}

/// An entry of the audit log.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditEntry {
    /// Its place in the chain.
    id: i64,
    at: DateTime<Utc>,
    actor: Party,
    action: String,
    target: Party,
    /// The state before, as far as it changed.
    before: Option<Value>,
    /// The state after; for sign-ins the details.
    after: Option<Value>,
    provider_key: Option<String>,
    address: String,
    user_agent: String,
    /// The `x-request-id` of the request that did it.
    correlation_id: String,
    /// The hash of the entry before.
    previous_hash: String,
    hash: String,
}

/// Somebody or something that an entry speaks of.
#[derive(Serialize, ToSchema)]
pub(super) struct Party {
    kind: String,
    id: String,
    label: String,
}

/// A problem (RFC 9457).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what gateway_edge::Problem writes")]
pub(super) struct Problem {
    /// `about:blank`: the status says it all.
    r#type: String,
    title: String,
    status: u16,
    /// A sentence for the person.
    detail: String,
    /// A stable code for programs.
    code: String,
    /// The answer's `x-request-id`.
    request_id: Option<Uuid>,
    /// Which field of the request is wrong, when one is.
    field: Option<String>,
}

impl From<Person> for User {
    fn from(
        Person {
            user,
            teams,
            identities,
        }: Person,
    ) -> Self {
        let places = teams.into_iter().map(|place| Place {
            key: place.team_key,
            name: place.team_name,
            role: place.role,
            source: place.source,
        });
        let identities = identities.into_iter().map(|link| Identity {
            provider_key: link.provider_key,
            issuer: link.issuer,
            subject: link.subject,
            email: link.email,
            linked_at: link.linked_at,
            last_sign_in_at: link.last_sign_in_at,
        });
        Self {
            id: user.id.uuid(),
            email: user.email,
            name: user.name,
            status: user.status,
            sign_in: user.sign_in.as_str().to_owned(),
            global_role: user.global_role,
            role_source: user.role_source,
            request_logging_enabled: user.request_logging_enabled,
            teams: places.collect(),
            identities: identities.collect(),
            managed_by: user.managed_by,
        }
    }
}

impl From<gateway_domain::Team> for Team {
    fn from(team: gateway_domain::Team) -> Self {
        Self {
            key: team.key,
            name: team.name,
            managed_by: team.managed_by,
            payloads: team.payloads,
        }
    }
}

impl From<teams::TeamSummary> for Team {
    fn from(summary: teams::TeamSummary) -> Self {
        summary.team.into()
    }
}

impl From<teams::Member> for Member {
    fn from(teams::Member { user, place }: teams::Member) -> Self {
        Self {
            user_id: user.id.uuid(),
            email: user.email,
            name: user.name,
            status: user.status,
            role: place.role,
            source: place.source,
        }
    }
}

impl From<session_service::Session> for Session {
    fn from(session_service::Session { info, current }: session_service::Session) -> Self {
        Self {
            id: info.id.uuid(),
            user_id: info.user_id.uuid(),
            provider_key: info.provider_key,
            created_at: info.created_at,
            last_seen_at: info.last_seen_at,
            expires_at: info.expires_at,
            address: info.address,
            user_agent: info.user_agent,
            current,
        }
    }
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        // Written by us as JSON; should it not be, the text itself tells more than nothing.
        let json = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self {
            id: entry.seq,
            at: entry.at,
            actor: Party {
                kind: entry.actor_kind,
                id: entry.actor_id,
                label: entry.actor_label,
            },
            action: entry.action,
            target: Party {
                kind: entry.target_kind,
                id: entry.target_id,
                label: entry.target_label,
            },
            before: entry.before.map(json),
            after: entry.after.map(json),
            provider_key: entry.provider_key,
            address: entry.address,
            user_agent: entry.user_agent,
            correlation_id: entry.correlation_id,
            previous_hash: entry.previous_hash,
            hash: entry.hash,
        }
    }
}
