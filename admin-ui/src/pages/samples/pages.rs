//! The samples, page by page.

use std::time::Duration;

use askama::Template;
use gateway_domain::{
    GlobalRole, MembershipSource, OneTimePurpose, RequestId, ReturnTo, TeamRole, UserStatus,
};
use gateway_identity::{one_time::LinkView, people::Person};

use super::{
    call_pages,
    calls::{request, used},
    data::{
        HOSTILE, admin, entry, identity, membership, now, provider, session, shell, team, user,
    },
};
use crate::{
    entry::EntryView,
    errors::Errors,
    fault::{Fault, FaultDoor, FaultPage},
    pages::{
        account::AccountPage,
        audit::{self, AuditPage},
        home::{HomePage, Overview, Step, Today},
        link::{DeadLinkPage, LinkPage},
        login::{Failure, LoginPage, ProviderButton},
        password::PasswordPage,
        providers::{ProviderPage, ProvidersPage},
        sessions::SessionsPage,
        teams::{MemberForm, MemberRow, NewTeam, TeamPage, TeamRow, TeamsPage},
        users::{
            self, Choice, InviteForm, InvitePage, LinkShownPage, PersonPage, Place, UsersPage,
        },
    },
    view::duration,
};

fn login(providers: usize, signed_in: bool) -> LoginPage {
    let button = || ProviderButton {
        label: HOSTILE.to_owned(),
        start_url: "/api/v1/auth/oidc/start?provider_key=a&redirect_to=%2Fadmin%2Fteams".to_owned(),
    };
    LoginPage {
        shell: shell(signed_in.then_some(GlobalRole::User), "/admin/login"),
        providers: (0..providers).map(|_| button()).collect(),
        failure: Some(Failure::of("unmatched_identity")),
        reference: Some(RequestId::new()),
        return_to: ReturnTo::parse("/admin/teams?x=1"),
        password_first: false,
        signed_out: true,
    }
}

fn link(purpose: OneTimePurpose) -> LinkPage {
    let view = LinkView {
        purpose,
        email: (purpose != OneTimePurpose::Setup).then(|| HOSTILE.to_owned()),
        expires_at: now(),
    };
    let errors = Errors::field("password", HOSTILE);
    LinkPage::new(
        shell(None, "/admin/link/x"),
        view,
        "/admin/link/x".to_owned(),
        errors,
    )
}

pub(super) fn person(status: UserStatus, role: GlobalRole) -> PersonPage {
    let shell = shell(Some(role), "/admin/users/x");
    PersonPage {
        shell,
        user: user(status),
        teams: vec![Place {
            membership: membership(),
            may_remove: role == GlobalRole::PlatformAdmin,
        }],
        joinable: if role == GlobalRole::PlatformAdmin {
            vec![team()]
        } else {
            Vec::new()
        },
        identities: vec![identity()],
        sessions: Some(vec![session()]),
        entries: Some(vec![entry()]),
        name: HOSTILE.to_owned(),
        errors: Errors::field("", HOSTILE),
    }
}

fn team_page() -> TeamPage {
    TeamPage {
        shell: admin("/admin/teams/platform"),
        team: team(),
        members: vec![MemberRow {
            user: user(UserStatus::Invited),
            role: TeamRole::Member,
            source: MembershipSource::Manual,
            may_read: true,
            roles: TeamRole::ALL.to_vec(),
            may_remove: true,
        }],
        grants: TeamRole::ALL.to_vec(),
        may_add: true,
        may_manage: true,
        form: MemberForm {
            email: HOSTILE.to_owned(),
            role: "admin".to_owned(),
            name: HOSTILE.to_owned(),
        },
        errors: Errors::field("email", HOSTILE),
        first: None,
        next: Some("/admin/teams/platform?cursor=x".to_owned()),
    }
}

fn home(overview: bool) -> HomePage {
    let overview = overview.then(|| Overview {
        today: Today {
            usage: used(7),
            failed: vec![request(502, Some("connect"))],
            failures: "200+".to_owned(),
        },
        people: UserStatus::ALL.iter().map(|status| (*status, 3)).collect(),
        providers: vec![provider()],
        failures: vec![entry()],
    });
    HomePage {
        shell: admin("/admin"),
        user: user(UserStatus::Active),
        teams: vec![membership()],
        sessions: "2".to_owned(),
        step: Some(if overview.is_some() {
            Step::Connect
        } else {
            Step::MakeKey
        }),
        own: used(1),
        overview,
    }
}

fn people_list(people: Vec<Person>) -> UsersPage {
    UsersPage {
        shell: admin("/admin/users"),
        people,
        teams: vec![team()],
        sees_everybody: true,
        filter: users::Asked {
            q: HOSTILE.to_owned(),
            status: "active".to_owned(),
            ..users::Asked::default()
        },
        first: None,
        next: Some("/admin/users?cursor=x".to_owned()),
    }
}

fn audit_log(entries: Vec<EntryView>) -> AuditPage {
    AuditPage {
        shell: admin("/admin/audit"),
        entries,
        filter: audit::Asked {
            actor: HOSTILE.to_owned(),
            ..audit::Asked::default()
        },
        errors: Errors::field("from", HOSTILE),
        export_csv: "/admin/audit/export?format=csv".to_owned(),
        export_jsonl: "/admin/audit/export?format=jsonl".to_owned(),
        first: Some("/admin/audit".to_owned()),
        next: None,
    }
}

fn fault() -> Fault {
    Fault {
        title: "Not found",
        sentence: HOSTILE.to_owned(),
    }
}

fn doors() -> Vec<(&'static str, String)> {
    let mut pages = vec![
        ("login", login(2, false).render()),
        ("login without providers", login(0, false).render()),
        ("login, signed in", login(1, true).render()),
        (
            "dead link",
            DeadLinkPage {
                shell: shell(None, "/admin/link/x"),
            }
            .render(),
        ),
        (
            "fault outside",
            FaultDoor {
                shell: shell(None, "/admin/x"),
                fault: fault(),
                back: "/admin/login".to_owned(),
            }
            .render(),
        ),
        (
            "fault",
            FaultPage {
                shell: admin("/admin/x"),
                fault: fault(),
            }
            .render(),
        ),
    ];
    pages.extend(
        OneTimePurpose::ALL
            .iter()
            .map(|purpose| ("link", link(*purpose).render())),
    );
    for forced in [true, false] {
        let page = PasswordPage {
            shell: shell(Some(GlobalRole::User), "/admin/account/password"),
            forced,
            errors: Errors::field("current", HOSTILE),
        };
        pages.push(("password", page.render()));
    }
    rendered(pages)
}

fn rendered(pages: Vec<(&'static str, askama::Result<String>)>) -> Vec<(&'static str, String)> {
    let unwrap = |(name, page): (_, askama::Result<String>)| (name, page.unwrap());
    pages.into_iter().map(unwrap).collect()
}

fn about_people() -> Vec<(&'static str, String)> {
    let listed = Person {
        user: user(UserStatus::Active),
        teams: vec![membership()],
        identities: Vec::new(),
    };
    let invite = InvitePage {
        shell: admin("/admin/users/new"),
        providers: vec![Choice {
            key: "authentik".to_owned(),
            label: HOSTILE.to_owned(),
        }],
        teams: vec![team()],
        form: InviteForm {
            email: HOSTILE.to_owned(),
            ..InviteForm::default()
        },
        errors: Errors::field("email", HOSTILE),
    };
    let shown = LinkShownPage {
        shell: admin("/admin/users/new"),
        title: "Invitation link",
        user: user(UserStatus::Invited),
        url: "https://gw.example/admin/link/x".to_owned(),
        lifetime: duration(Duration::from_hours(24)),
    };
    let account = AccountPage {
        shell: admin("/admin/account"),
        user: user(UserStatus::Active),
        teams: vec![membership()],
        identities: vec![identity()],
    };
    let mut pages = vec![
        ("people", people_list(vec![listed]).render()),
        ("people, nobody", people_list(Vec::new()).render()),
        ("invite", invite.render()),
        ("link shown", shown.render()),
        ("account", account.render()),
    ];
    for status in UserStatus::ALL {
        for role in GlobalRole::ALL {
            pages.push(("person", person(*status, *role).render()));
        }
    }
    rendered(pages)
}

fn others() -> Vec<(&'static str, String)> {
    let teams = TeamsPage {
        shell: admin("/admin/teams"),
        teams: vec![TeamRow {
            team: team(),
            members: 3,
            own_role: Some(TeamRole::Owner),
        }],
        sees_all: true,
        may_create: true,
        form: NewTeam::default(),
        errors: Errors::field("key", HOSTILE),
        first: None,
        next: None,
    };
    let sessions = SessionsPage {
        shell: admin("/admin/sessions"),
        sessions: vec![session()],
        first: None,
        next: None,
    };
    let provider_page = ProviderPage {
        shell: admin("/admin/providers/authentik"),
        provider: provider(),
        limits: Some("8 hours idle, 1 day in all".to_owned()),
    };
    let providers = |providers| ProvidersPage {
        shell: admin("/admin/providers"),
        providers,
    };
    rendered(vec![
        ("home", home(true).render()),
        ("home of a user", home(false).render()),
        ("teams", teams.render()),
        ("team", team_page().render()),
        ("sessions", sessions.render()),
        ("provider", provider_page.render()),
        ("providers", providers(vec![provider()]).render()),
        ("providers, none", providers(Vec::new()).render()),
        ("audit", audit_log(vec![entry()]).render()),
        ("audit, nothing", audit_log(Vec::new()).render()),
    ])
}

pub(super) fn every_page() -> Vec<(&'static str, String)> {
    [
        doors(),
        about_people(),
        others(),
        rendered(call_pages::all()),
    ]
    .concat()
}
