//! Who may do what through the API: every operation for every role in every relation to the team it concerns.

use std::collections::BTreeSet;

use gateway_domain::{GlobalRole, MembershipSource, TeamRole, User, UserStatus};
use gateway_identity::{Caller, Paging, session_service};
use gateway_store::{teams, users};
use http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Browser, TestApp};

/// Who may.
#[derive(Clone, Copy, Debug)]
enum Who {
    Everybody,
    /// Platform admins and auditors.
    Readers,
    /// Readers, and admins and owners of the team.
    ReadersAndManagers,
    /// Readers, and everybody in the team.
    ReadersAndMembers,
    PlatformAdmins,
    /// Platform admins, and admins and owners of the team.
    Managers,
    /// Platform admins, and owners of the team.
    Owners,
}

impl Who {
    fn has(self, role: GlobalRole, place: Option<TeamRole>) -> bool {
        let reads = role >= GlobalRole::Auditor;
        let administers = role == GlobalRole::PlatformAdmin;
        let changes = role != GlobalRole::Auditor;
        let manages = place >= Some(TeamRole::Admin);
        match self {
            Self::Everybody => true,
            Self::Readers => reads,
            Self::ReadersAndManagers => reads || manages,
            Self::ReadersAndMembers => reads || place.is_some(),
            Self::PlatformAdmins => administers,
            Self::Managers => administers || (changes && manages),
            Self::Owners => administers || (changes && place == Some(TeamRole::Owner)),
        }
    }
}

struct Operation {
    method: &'static str,
    /// As in the document, below `/api/v1/admin`.
    path: &'static str,
    query: &'static str,
    body: Value,
    who: Who,
    /// What those get who may.
    yes: u16,
    /// What those get who may not.
    no: u16,
}

#[rustfmt::skip]
fn operations() -> Vec<Operation> {
    let op = |method, path, body, who, yes| Operation { method, path, query: "", body, who, yes, no: 403 };
    let none = Value::Null;
    vec![
        op("GET", "/users", none.clone(), Who::Readers, 200),
        Operation { query: "?team=TEAM", ..op("GET", "/users", none.clone(), Who::ReadersAndManagers, 200) },
        op("POST", "/users", json!({"email": "NEW@example.com", "sign_in": "password"}), Who::PlatformAdmins, 201),
        op("GET", "/users/{id}", none.clone(), Who::ReadersAndManagers, 200),
        op("PATCH", "/users/{id}", json!({"name": "Other"}), Who::PlatformAdmins, 200),
        op("PATCH", "/users/{id}", json!({"status": "disabled"}), Who::PlatformAdmins, 200),
        op("PATCH", "/users/{id}", json!({"global_role": "platform_admin"}), Who::PlatformAdmins, 200),
        op("DELETE", "/users/{id}", none.clone(), Who::PlatformAdmins, 204),
        op("POST", "/users/{id}/reset-password-link", none.clone(), Who::PlatformAdmins, 201),
        op("POST", "/users/{id}/invite-link", none.clone(), Who::PlatformAdmins, 201),
        op("GET", "/users/{id}/sessions", none.clone(), Who::Readers, 200),
        op("DELETE", "/users/{id}/sessions", none.clone(), Who::PlatformAdmins, 204),
        op("GET", "/sessions", none.clone(), Who::Everybody, 200),
        Operation { no: 404, ..op("DELETE", "/sessions/{id}", none.clone(), Who::PlatformAdmins, 204) },
        op("GET", "/teams", none.clone(), Who::Everybody, 200),
        op("POST", "/teams", json!({"key": "new-NEW", "name": "New"}), Who::PlatformAdmins, 201),
        op("GET", "/teams/{key}", none.clone(), Who::ReadersAndMembers, 200),
        op("PATCH", "/teams/{key}", json!({"name": "Other"}), Who::PlatformAdmins, 200),
        op("DELETE", "/teams/{key}", none.clone(), Who::PlatformAdmins, 204),
        op("GET", "/teams/{key}/members", none.clone(), Who::ReadersAndMembers, 200),
        op("PUT", "/teams/{key}/members/{user_id}", json!({"role": "admin"}), Who::Managers, 200),
        op("PUT", "/teams/{key}/members/{user_id}", json!({"role": "owner"}), Who::Owners, 200),
        op("DELETE", "/teams/{key}/members/{user_id}", none.clone(), Who::Managers, 204),
        op("GET", "/sign-in-providers", none.clone(), Who::Readers, 200),
        op("GET", "/sign-in-providers/{key}", none.clone(), Who::Readers, 200),
        op("GET", "/audit", none.clone(), Who::Readers, 200),
        op("GET", "/audit/export", none, Who::Readers, 200),
    ]
}

/// What an operation is tried on: fresh each time, for many destroy it.
struct Fixture {
    number: u32,
    team: String,
    target: User,
    session: String,
}

impl Fixture {
    async fn new(app: &TestApp, number: u32, operation: &Operation) -> Self {
        let team = format!("team-{number}");
        let email = format!("target-{number}@example.com");
        let target = app.make_user(&email, "password", GlobalRole::User).await;
        let mut fixture = Self {
            number,
            team,
            target,
            session: String::new(),
        };
        fixture.join(app, &fixture.target, TeamRole::Member).await;
        if operation.path.ends_with("/invite-link") {
            let invited = UserStatus::Invited;
            users::set_status(&*app.db, fixture.target.id, invited, None)
                .await
                .unwrap();
        }
        if operation.path.contains("/sessions") {
            app.browser_of(&fixture.target).await;
            let caller = Caller::system("test");
            let of = fixture.target.id;
            let page = session_service::list_of(&app.ctx, &caller, of, &Paging::default())
                .await
                .unwrap();
            fixture.session = page.items[0].info.id.to_string();
        }
        fixture
    }

    async fn join(&self, app: &TestApp, user: &User, role: TeamRole) {
        let now = app.ctx.now();
        let owner = gateway_domain::ManagedBy::Admin;
        teams::insert(&*app.db, &self.team, &self.team, owner, now)
            .await
            .unwrap();
        let team = teams::find(&*app.db, &self.team).await.unwrap().unwrap();
        let source = MembershipSource::Manual;
        teams::set_member(&*app.db, user.id, team.id, role, source, now)
            .await
            .unwrap();
    }

    async fn call(&self, browser: &Browser, operation: &Operation) -> StatusCode {
        let Operation { path, query, .. } = operation;
        let id = if path.starts_with("/sessions") {
            self.session.clone()
        } else {
            self.target.id.to_string()
        };
        let key = if path.starts_with("/sign-in") {
            "idp"
        } else {
            &self.team
        };
        let path = format!("/api/v1/admin{path}{query}")
            .replace("{id}", &id)
            .replace("{user_id}", &id)
            .replace("{key}", key)
            .replace("TEAM", key);
        let body = operation.body.to_string();
        let body: Value =
            serde_json::from_str(&body.replace("NEW", &self.number.to_string())).unwrap();
        let body = (!body.is_null()).then_some(&body);
        browser.call(operation.method, &path, body).await.status
    }
}

cases! {
    async fn every_role_may_do_what_it_may_and_nothing_else(app: TestApp) {
        // Somebody else stays platform admin throughout.
        app.admin().await;
        let places = [None, Some(TeamRole::Member), Some(TeamRole::Admin), Some(TeamRole::Owner)];
        let mut number = 0;
        let mut wrong = Vec::new();
        for operation in operations() {
            for role in GlobalRole::ALL {
                for place in places {
                    number += 1;
                    let fixture = Fixture::new(&app, number, &operation).await;
                    let email = format!("caller-{number}@example.com");
                    let caller = app.make_user(&email, "password", *role).await;
                    if let Some(place) = place {
                        fixture.join(&app, &caller, place).await;
                    }
                    let browser = app.browser_of(&caller).await;
                    let got = fixture.call(&browser, &operation).await.as_u16();
                    let may = operation.who.has(*role, place);
                    let expected = if may { operation.yes } else { operation.no };
                    if got != expected {
                        let Operation { method, path, body, .. } = &operation;
                        wrong.push(format!(
                            "{method} {path} {body} as {role}, {place:?} in the team: {got}, not {expected}"
                        ));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    async fn nobody_gets_anything(app: TestApp) {
        for (number, operation) in (0..).zip(operations()) {
            let fixture = Fixture::new(&app, number, &operation).await;
            let status = fixture.call(&app.browser.fresh(), &operation).await;
            assert_eq!(status, 401, "{} {}", operation.method, operation.path);
        }
    }

    async fn what_is_not_there_looks_like_what_is_not_theirs(app: TestApp) {
        app.admin().await;
        let nobody = uuid::Uuid::nil();
        let person = app.signed_in_as("person@example.com", GlobalRole::User).await;
        for path in [
            format!("users/{nobody}"),
            format!("users/{nobody}/sessions"),
            "teams/nowhere".to_owned(),
            "teams/nowhere/members".to_owned(),
        ] {
            let path = format!("/api/v1/admin/{path}");
            person.get(&path).await.assert_problem(403, "forbidden");
        }
        let role = json!({"role": "member"});
        let path = format!("/api/v1/admin/teams/nowhere/members/{nobody}");
        let answer = person.call("PUT", &path, Some(&role)).await;
        answer.assert_problem(403, "forbidden");
    }
}

#[test]
fn every_documented_operation_is_tried() {
    let document = serde_json::to_value(gateway::api::document()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        if let Some(path) = path.strip_prefix("/api/v1/admin") {
            for method in item.as_object().unwrap().keys() {
                documented.insert((method.to_uppercase(), path.to_owned()));
            }
        }
    }
    let tried: BTreeSet<_> = operations()
        .iter()
        .map(|operation| (operation.method.to_owned(), operation.path.to_owned()))
        .collect();
    assert_eq!(documented, tried);
}
