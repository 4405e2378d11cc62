//! What the samples show: people, teams and the rest, with the most hostile names.

use chrono::{DateTime, Utc};
use gateway_config::{Jit, JitMembership};
use gateway_domain::{
    GlobalRole, Identity, IdentityId, ManagedBy, Membership, MembershipSource, Origin, RequestId,
    RoleSource, SessionId, SessionInfo, SignIn, Team, TeamId, TeamRole, User, UserId, UserStatus,
    access::Principal,
    audit::{Action, Entry},
};
use gateway_identity::{
    providers::{Fetch, Health, LastFailure, LastSuccess, ProviderStatus},
    session_service::Session,
};
use gateway_store::login_flows::FlowKind;

use crate::{entry::EntryView, notice::Notice, pages::providers::ProviderView, shell::Shell};

pub(super) const HOSTILE: &str = "<script>alert(1)</script>\"' onload='x";

pub(super) fn now() -> DateTime<Utc> {
    "2026-11-22T14:05:00Z".parse().unwrap()
}

pub(super) fn principal(role: GlobalRole) -> Principal {
    Principal {
        user_id: UserId::new(),
        email: "ada@example.com".to_owned(),
        name: HOSTILE.to_owned(),
        global_role: role,
        teams: vec![(TeamId::new(), TeamRole::Owner)],
        session_id: SessionId::new(),
        signed_in_at: now(),
    }
}

pub(super) fn shell(role: Option<GlobalRole>, path: &str) -> Shell {
    Shell {
        principal: role.map(principal),
        csrf: "form-token".to_owned(),
        notice: Some(Notice::TeamSaved),
        banner: Some("Development mode"),
        correlation_id: RequestId::new().to_string(),
        path: path.to_owned(),
    }
}

pub(super) fn admin(path: &str) -> Shell {
    shell(Some(GlobalRole::PlatformAdmin), path)
}

pub(super) fn user(status: UserStatus) -> User {
    User {
        id: UserId::new(),
        email: "a-very-long-address-that-has-to-wrap@department.of.a.very.long.example.com"
            .to_owned(),
        name: HOSTILE.to_owned(),
        status,
        disabled_by: None,
        sign_in: SignIn::password(),
        global_role: GlobalRole::Auditor,
        role_source: RoleSource::Mapping,
        request_logging_enabled: true,
        managed_by: ManagedBy::Admin,
        must_change_password: false,
        created_at: now(),
        last_sign_in_at: None,
    }
}

pub(super) fn team() -> Team {
    Team {
        id: TeamId::new(),
        key: "platform".to_owned(),
        name: HOSTILE.to_owned(),
        managed_by: ManagedBy::Admin,
        payloads: None,
        archived_at: None,
        created_at: now(),
    }
}

pub(super) fn membership() -> Membership {
    Membership {
        user_id: UserId::new(),
        team_id: TeamId::new(),
        team_key: "platform".to_owned(),
        team_name: HOSTILE.to_owned(),
        role: TeamRole::Admin,
        source: MembershipSource::Jit,
    }
}

pub(super) fn identity() -> Identity {
    Identity {
        id: IdentityId::new(),
        user_id: UserId::new(),
        provider_key: "authentik".to_owned(),
        issuer: "https://idp.example/".to_owned(),
        subject: HOSTILE.to_owned(),
        email: Some(HOSTILE.to_owned()),
        linked_at: now(),
        last_sign_in_at: Some(now()),
    }
}

pub(super) fn session() -> Session {
    Session {
        info: SessionInfo {
            id: SessionId::new(),
            user_id: UserId::new(),
            provider_key: "authentik".to_owned(),
            created_at: now(),
            last_seen_at: now(),
            expires_at: now(),
            address: "2001:db8::1".to_owned(),
            user_agent: HOSTILE.to_owned(),
        },
        current: true,
    }
}

pub(super) fn entry() -> EntryView {
    let origin = Origin::local("samples");
    EntryView::from(Entry {
        seq: 7,
        at: now(),
        actor_kind: "anonymous".to_owned(),
        actor_id: String::new(),
        actor_label: String::new(),
        action: Action::SignInFailed.as_str().to_owned(),
        target_kind: "user".to_owned(),
        target_id: UserId::new().to_string(),
        target_label: HOSTILE.to_owned(),
        before: None,
        after: Some(format!(
            "{{\"reason\":\"unmatched_identity\",\"email\":{}}}",
            serde_json::to_string(HOSTILE).unwrap()
        )),
        provider_key: Some("authentik".to_owned()),
        address: "192.0.2.7".to_owned(),
        user_agent: HOSTILE.to_owned(),
        correlation_id: origin.correlation_id.to_string(),
        previous_hash: Entry::GENESIS.to_owned(),
        hash: Entry::GENESIS.to_owned(),
    })
}

pub(super) fn provider() -> ProviderView {
    let fetched = |ok| Fetch {
        at: now(),
        ok,
        error: (!ok).then(|| HOSTILE.to_owned()),
    };
    ProviderView::from(ProviderStatus {
        key: "authentik".to_owned(),
        label: HOSTILE.to_owned(),
        kind: FlowKind::Oidc,
        enabled: true,
        preset: "authentik".to_owned(),
        issuer: "https://idp.example/application/o/gateway/".to_owned(),
        client_id: "gateway".to_owned(),
        redirect_uri: "https://gw.example/api/v1/auth/oidc/callback".to_owned(),
        scopes: vec!["openid".to_owned(), "email".to_owned()],
        algorithms: vec!["RS256"],
        jit: Some(Jit {
            global_role: GlobalRole::User,
            request_logging_enabled: true,
            membership: Some(JitMembership {
                team: "platform".to_owned(),
                role: TeamRole::Member,
            }),
        }),
        trusts_every_email: false,
        allowed_email_domains: vec!["example.com".to_owned()],
        allowed_organizations: Vec::new(),
        health: Some(Health {
            discovery: Some(fetched(true)),
            jwks: Some(fetched(false)),
            keys: 2,
            stale: true,
            misconfigured: true,
            warnings: vec![HOSTILE.to_owned()],
        }),
        last_success: Some(LastSuccess {
            at: now(),
            label: HOSTILE.to_owned(),
        }),
        last_failure: Some(LastFailure {
            at: now(),
            reason: "policy_denied".to_owned(),
            cause: HOSTILE.to_owned(),
        }),
    })
}
