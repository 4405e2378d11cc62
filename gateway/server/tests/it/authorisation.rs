//! Who may do what through the API: every operation for every role in every relation to the team it concerns.

use std::collections::BTreeSet;

use gateway_domain::{GlobalRole, MembershipSource, TeamRole, User, UserStatus};
use gateway_identity::{
    Caller, Paging,
    api_keys::{self, NewKey, OwnerRef},
    service_accounts, session_service,
};
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
    /// Who is told that there is such a thing; the others get a 404.
    seen_by: Who,
}

#[rustfmt::skip]
fn operations() -> Vec<Operation> {
    let op = |method, path, body, who, yes| Operation { method, path, query: "", body, who, yes, no: 403, seen_by: Who::Everybody };
    let hidden = |operation| Operation { seen_by: Who::ReadersAndManagers, ..operation };
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
        op("GET", "/api-keys", none.clone(), Who::Everybody, 200),
        Operation { query: "?team=TEAM", ..op("GET", "/api-keys", none.clone(), Who::ReadersAndManagers, 200) },
        Operation { query: "?owner=TARGET", ..op("GET", "/api-keys", none.clone(), Who::ReadersAndManagers, 200) },
        Operation { query: "?owner=PROGRAM", ..op("GET", "/api-keys", none.clone(), Who::ReadersAndManagers, 200) },
        op("POST", "/api-keys", json!({"name": "mine"}), Who::Everybody, 201),
        op("POST", "/api-keys", json!({"name": "theirs", "owner": {"kind": "user", "id": "TARGET"}}), Who::PlatformAdmins, 201),
        op("POST", "/api-keys", json!({"name": "theirs", "owner": "target-NEW@example.com"}), Who::PlatformAdmins, 201),
        op("POST", "/api-keys", json!({"name": "program's", "owner": "PROGRAM"}), Who::Managers, 201),
        hidden(op("GET", "/api-keys/{id}", none.clone(), Who::ReadersAndManagers, 200)),
        hidden(op("PATCH", "/api-keys/{id}", json!({"name": "Other"}), Who::Managers, 200)),
        hidden(op("POST", "/api-keys/{id}/rotate", json!({"overlap": "1h"}), Who::Managers, 200)),
        hidden(op("DELETE", "/api-keys/{id}", none.clone(), Who::Managers, 204)),
        hidden(Operation { query: PERSONS, ..op("GET", "/api-keys/{id}", none.clone(), Who::ReadersAndManagers, 200) }),
        hidden(Operation { query: PERSONS, ..op("PATCH", "/api-keys/{id}", json!({"models": null}), Who::PlatformAdmins, 200) }),
        hidden(Operation { query: PERSONS, ..op("POST", "/api-keys/{id}/rotate", none.clone(), Who::PlatformAdmins, 200) }),
        hidden(Operation { query: PERSONS, ..op("DELETE", "/api-keys/{id}", none.clone(), Who::PlatformAdmins, 204) }),
        op("GET", "/service-accounts", none.clone(), Who::Everybody, 200),
        Operation { query: "?team=TEAM", ..op("GET", "/service-accounts", none.clone(), Who::ReadersAndManagers, 200) },
        op("POST", "/service-accounts", json!({"key": "new-NEW", "team": "TEAM"}), Who::Managers, 201),
        hidden(op("GET", "/service-accounts/{key}", none.clone(), Who::ReadersAndManagers, 200)),
        hidden(op("PATCH", "/service-accounts/{key}", json!({"name": "Other"}), Who::Managers, 200)),
        hidden(op("PATCH", "/service-accounts/{key}", json!({"status": "disabled"}), Who::Managers, 200)),
        hidden(op("DELETE", "/service-accounts/{key}", none.clone(), Who::Managers, 204)),
        op("GET", "/requests", none.clone(), Who::Everybody, 200),
        Operation { query: "?team=TEAM", ..op("GET", "/requests", none.clone(), Who::Everybody, 200) },
        op("GET", "/requests/{id}", none.clone(), Who::Everybody, 404),
        op("GET", "/usage", none.clone(), Who::Everybody, 200),
        Operation { query: "?team=TEAM", ..op("GET", "/usage", none.clone(), Who::Everybody, 200) },
        op("GET", "/models", none.clone(), Who::Everybody, 200),
        op("GET", "/model-providers", none.clone(), Who::Readers, 200),
        Operation { yes: 404, ..op("GET", "/model-providers/{id}", none.clone(), Who::Readers, 200) },
        Operation { yes: 404, ..op("POST", "/model-providers/{id}/test", none.clone(), Who::PlatformAdmins, 200) },
        op("GET", "/sign-in-providers", none.clone(), Who::Readers, 200),
        op("GET", "/sign-in-providers/{key}", none.clone(), Who::Readers, 200),
        op("GET", "/audit", none.clone(), Who::Readers, 200),
        op("GET", "/audit/export", none, Who::Readers, 200),
    ]
}

/// Marks an operation on the key of a person; others are on one of the team's service account.
const PERSONS: &str = "?of=person";

/// What an operation is tried on: fresh each time, for many destroy it.
struct Fixture {
    number: u32,
    team: String,
    target: User,
    session: String,
    /// A service account of the team, where one is needed.
    program: String,
    key: String,
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
            program: format!("program-{number}"),
            key: String::new(),
        };
        fixture.join(app, &fixture.target, TeamRole::Member).await;
        if operation.path.contains("/api-keys") || operation.path.contains("/service-accounts") {
            fixture.key = fixture.make_key(app, operation).await;
        }
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

    async fn make_key(&self, app: &TestApp, operation: &Operation) -> String {
        let caller = Caller::system("test");
        service_accounts::create(&app.ctx, &caller, &self.program, "CI", &self.team)
            .await
            .unwrap();
        let owner = if operation.query == PERSONS {
            self.target.email.clone()
        } else {
            self.program.clone()
        };
        let new = NewKey {
            owner: OwnerRef::Named(owner),
            name: "a key".to_owned(),
            models: None,
            expires_at: None,
        };
        let (info, _) = api_keys::create(&app.ctx, &caller, new).await.unwrap();
        info.key.id.to_string()
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
        let target = self.target.id.to_string();
        let id = match path.split('/').nth(1) {
            Some("sessions") => &self.session,
            Some("api-keys") => &self.key,
            _ => &target,
        };
        let key = match path.split('/').nth(1) {
            Some("sign-in-providers") => "idp",
            Some("service-accounts") => &self.program,
            _ => &self.team,
        };
        let path = format!("/api/v1/admin{path}{query}")
            .replace("{id}", id)
            .replace("{user_id}", id)
            .replace("{key}", key);
        let [path, body] = [path, operation.body.to_string()].map(|text| {
            text.replace("NEW", &self.number.to_string())
                .replace("TEAM", &self.team)
                .replace("TARGET", &target)
                .replace("PROGRAM", &self.program)
        });
        let body: Value = serde_json::from_str(&body).unwrap();
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
                    let expected = match operation.seen_by.has(*role, place) {
                        _ if may => operation.yes,
                        true => operation.no,
                        false => 404,
                    };
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
