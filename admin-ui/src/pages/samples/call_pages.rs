//! The samples of the pages about models, requests and usage.

use askama::Template;
use chrono::TimeDelta;
use gateway_domain::{GlobalRole, ledger::Outcome};

use super::{
    calls::{attempt, days, last_day, model, payload, provider, request, route, tested, used},
    data::{HOSTILE, admin, shell, team},
    key_pages,
};
use crate::{
    errors::Errors,
    pages::{
        connect::{CLIENTS, ConnectPage},
        model_providers::{ModelProviderPage, ModelProvidersPage},
        models::{ModelView, ModelsPage},
        requests::{self, RequestPage, RequestsPage},
        usage::{self, UsagePage, charts, total},
    },
    shell::Shell,
};

pub(super) type Pages = Vec<(&'static str, askama::Result<String>)>;

/// All of them, rendered.
pub(super) fn all() -> Pages {
    let mut pages = key_pages::all();
    pages.extend(models());
    pages.extend(calls());
    pages
}

pub(super) fn member(path: &str) -> Shell {
    let mut shell = shell(Some(GlobalRole::User), path);
    if let Some(principal) = &mut shell.principal {
        principal.teams.clear();
    }
    shell
}

fn models() -> Pages {
    use gateway_inference::status::Health::{Ready, Untried};
    let list = |shell: Shell, ids: &[&str]| ModelsPage {
        shows_routes: shell
            .principal
            .as_ref()
            .is_some_and(|person| person.global_role > GlobalRole::User),
        models: ids.iter().map(|id| ModelView(model(id))).collect(),
        searches: !ids.is_empty(),
        q: String::new(),
        shell,
    };
    let providers = |providers| ModelProvidersPage {
        shell: admin("/admin/model-providers"),
        providers,
    };
    let one = |tested, routes: usize| ModelProviderPage {
        shell: admin("/admin/model-providers/openai"),
        provider: provider(),
        routes: (0..routes)
            .map(|index| {
                let mut route = route(if index == 0 { Ready } else { Untried });
                route.upstream_model = format!("{}{index}", route.upstream_model);
                (HOSTILE.to_owned(), route)
            })
            .collect(),
        tested,
        chosen: HOSTILE.to_owned(),
        errors: Errors::field("model", HOSTILE),
    };
    let mut pages = vec![
        (
            "models",
            list(admin("/admin/models"), &["gpt-4o-mini", HOSTILE]).render(),
        ),
        ("models, none", list(admin("/admin/models"), &[]).render()),
        (
            "models of a member",
            list(member("/admin/models"), &["gpt-4o-mini", HOSTILE]).render(),
        ),
        ("model providers", providers(vec![provider()]).render()),
        ("model providers, none", providers(Vec::new()).render()),
        ("model provider", one(None, 2).render()),
        (
            "model provider, tested",
            one(Some(tested(true)), 1).render(),
        ),
        (
            "model provider, failed",
            one(Some(tested(false)), 0).render(),
        ),
    ];
    for client in CLIENTS {
        let models: &[&str] = if client.key == "curl" {
            &[]
        } else {
            &["gpt-4o-mini", HOSTILE]
        };
        let page = ConnectPage {
            shell: member("/admin/connect"),
            snippets: client.snippets("https://gw.example/", models.last().copied()),
            client,
            models: models.iter().map(ToString::to_string).collect(),
            model: models.last().copied().unwrap_or_default().to_owned(),
        };
        pages.push(("connect", page.render()));
    }
    pages
}

fn calls() -> Pages {
    let list = |shell: Shell, requests, filter: requests::Asked| RequestsPage {
        requests,
        oversees: shell.oversees(),
        teams: vec![team()],
        models: vec![HOSTILE.to_owned()],
        errors: if filter.is_set() {
            Errors::field("owner", HOSTILE)
        } else {
            Errors::default()
        },
        filter,
        first: None,
        next: Some("/admin/requests?cursor=x".to_owned()),
        shell,
    };
    let some = vec![
        request(200, None),
        request(200, Some("client_abort")),
        request(429, Some("rate_limited")),
        request(502, Some("upstream_auth_failed")),
    ];
    let filter = requests::Asked {
        owner: HOSTILE.to_owned(),
        key: HOSTILE.to_owned(),
        last: "24h".to_owned(),
        ..requests::Asked::default()
    };
    let one = |status, code, outcomes: &[Outcome]| RequestPage {
        shell: admin("/admin/requests/x"),
        view: request(status, code),
        attempts: outcomes.iter().map(|outcome| attempt(*outcome)).collect(),
        payload: (!outcomes.is_empty()).then(payload),
    };
    vec![
        (
            "requests",
            list(
                admin("/admin/requests"),
                some.clone(),
                requests::Asked::default(),
            )
            .render(),
        ),
        (
            "requests, none fits",
            list(admin("/admin/requests"), Vec::new(), filter).render(),
        ),
        (
            "requests of a member",
            list(member("/admin/requests"), some, requests::Asked::default()).render(),
        ),
        (
            "requests, none",
            list(
                member("/admin/requests"),
                Vec::new(),
                requests::Asked::default(),
            )
            .render(),
        ),
        (
            "request",
            one(200, None, &[Outcome::Timeout, Outcome::Success]).render(),
        ),
        (
            "request, failed",
            one(502, Some("connect"), &[Outcome::Error, Outcome::Killed]).render(),
        ),
        (
            "request, refused",
            one(404, Some("model_not_found"), &[]).render(),
        ),
        ("usage", usage_page(admin("/admin/usage"), true).render()),
        (
            "usage of a member",
            usage_page(member("/admin/usage"), true).render(),
        ),
        (
            "usage, nothing",
            usage_page(admin("/admin/usage"), false).render(),
        ),
    ]
}

fn usage_page(shell: Shell, is_used: bool) -> UsagePage {
    let days = if is_used { days() } else { Vec::new() };
    let mut row = used(7);
    row.model = Some(HOSTILE.to_owned());
    let mut of_team = used(10);
    of_team.team = Some(("platform".to_owned(), HOSTILE.to_owned()));
    let mut nobody = used(2);
    nobody.model = Some(String::new());
    UsagePage {
        from: last_day() - TimeDelta::days(29),
        to: last_day(),
        total: total(&days),
        charts: charts(&days),
        days: days.into_iter().rev().collect(),
        models: vec![row, nobody],
        teams: vec![of_team, used(3)],
        owners: Vec::new(),
        oversees: shell.oversees(),
        choices: vec![team()],
        proposals: vec![HOSTILE.to_owned()],
        filter: usage::Asked {
            owner: HOSTILE.to_owned(),
            ..usage::Asked::default()
        },
        errors: Errors::field("from", HOSTILE),
        export: "/admin/usage/export?days=30".to_owned(),
        shell,
    }
}
