//! The pages of requests and usage, and the same as JSON.

use gateway_domain::{GlobalRole, SignIn, User};
use gateway_testkit::Act;
use serde_json::{Value, json};

use crate::harness::{Answer, Browser, Client, TestApp, Upstreams};

/// What a call of the fake costs at the tests' prices: 42 tokens read at a dollar, 7 written at two, a million.
const COST: i64 = 42_000 + 14_000;

/// A gateway that was used: by Ann of the team `research` three times, by Bob of none once.
struct Used {
    client: Client,
    admin: Browser,
    auditor: Browser,
    /// Admin of `research`.
    lead: Browser,
    ann: Browser,
    bob: Browser,
    ann_id: String,
    /// Ann's: a good one, one that failed over, one that was refused here.
    of_ann: [String; 3],
    of_bob: String,
}

async fn call(client: &Client, key: &str, model: &str) -> Answer {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "A secret plan"}]});
    let labels = [("x-request-id", "their-own-id")];
    client
        .with_key(key)
        .post_with("/v1/chat/completions", &body, &labels)
        .await
}

impl Used {
    async fn of(app: &TestApp) -> Self {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let admin = client.admin().await;
        let auditor = client.auditor().await;
        let user = async |email: &str| {
            client
                .make_user(email, SignIn::PASSWORD, GlobalRole::User)
                .await
        };
        let [ann, bob, lead] = [
            user("ann@example.org").await,
            user("bob@example.org").await,
            user("lead@example.org").await,
        ];
        for (person, role) in [(&ann, "member"), (&lead, "admin")] {
            let path = format!("/api/v1/admin/teams/research/members/{}", person.id);
            admin
                .call("PUT", &path, Some(&json!({"role": role})))
                .await
                .assert_status(200);
        }
        let of_ann = Self::calls_of_ann(&client, &up, &ann).await;
        let key = client.key_of(&bob, None).await;
        let of_bob = call(&client, &key, "free")
            .await
            .header("x-request-id")
            .to_owned();
        for id in of_ann.iter().chain([&of_bob]) {
            client.row(id.parse().unwrap()).await;
        }
        Self {
            admin,
            auditor,
            lead: client.browser_of(&lead).await,
            ann: client.browser_of(&ann).await,
            bob: client.browser_of(&bob).await,
            ann_id: ann.id.to_string(),
            client,
            of_ann,
            of_bob,
        }
    }

    async fn calls_of_ann(client: &Client, up: &Upstreams, ann: &User) -> [String; 3] {
        let key = client.key_of(ann, None).await;
        let id = |answer: &Answer| answer.header("x-request-id").to_owned();
        let good = call(client, &key, "gpt").await;
        good.assert_status(200);
        up.one.always(Act::refuse(500));
        let over = call(client, &key, "safe").await;
        up.one.always(Act::Answer);
        over.assert_status(200);
        let refused = call(client, &key, "nothing").await;
        refused.assert_status(404);
        [id(&good), id(&over), id(&refused)]
    }
}

/// The ids of the requests that a list shows.
fn ids(list: &Answer) -> Vec<String> {
    list.assert_status(200);
    let items = list.json()["items"].as_array().unwrap().clone();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

cases! {
    async fn everybody_sees_the_requests_that_are_theirs(app: TestApp) {
        let used = Box::pin(Used::of(&app)).await;
        let [good, over, refused] = &used.of_ann;
        let of_ann = vec![refused.clone(), over.clone(), good.clone()];
        let all = [vec![used.of_bob.clone()], of_ann.clone()].concat();
        let views = [(&used.admin, &all), (&used.auditor, &all), (&used.lead, &of_ann), (&used.ann, &of_ann)];
        for (browser, expected) in views {
            assert_eq!(&ids(&browser.get("/api/v1/admin/requests").await), expected);
            let page = browser.get("/admin/requests").await;
            for id in &all {
                assert_eq!(page.body.contains(&format!("/admin/requests/{id}")), expected.contains(id), "{id}");
            }
            for id in &all {
                let status = if expected.contains(id) { 200 } else { 404 };
                browser.get(&format!("/admin/requests/{id}")).await.assert_status(status);
                browser.get(&format!("/api/v1/admin/requests/{id}")).await.assert_status(status);
            }
        }
        let own = used.ann.get("/admin/requests").await;
        assert!(!own.body.contains("name=\"owner\""), "nobody else to filter by");
        used.lead.get("/admin/requests").await.assert_page("name=\"owner\"");
        let hidden = used.lead.get("/admin/requests?owner=bob%40example.org").await;
        hidden.assert_status(422);
        assert!(hidden.body.contains("Nobody whom you may look at"));
    }

    async fn requests_are_filtered(app: TestApp) {
        let used = Box::pin(Used::of(&app)).await;
        let [good, over, refused] = &used.of_ann;
        let ann = used.ann_id.clone();
        let key = used.admin.get(&format!("/api/v1/admin/requests/{good}")).await.json()["key_id"].as_str().unwrap().to_owned();
        let tomorrow = (used.client.ctx.now() + chrono::TimeDelta::days(1)).date_naive();
        for (query, expected) in [
            ("user=ann@example.org&model=gpt".to_owned(), vec![good]),
            (format!("user={ann}&status=failed"), vec![refused]),
            ("status=404".to_owned(), vec![refused]),
            ("status=ok&team=research".to_owned(), vec![over, good]),
            (format!("key={key}"), vec![refused, over, good]),
            (format!("from={tomorrow}"), vec![]),
            (format!("to={tomorrow}&model=free"), vec![&used.of_bob]),
        ] {
            let list = used.admin.get(&format!("/api/v1/admin/requests?{query}")).await;
            assert_eq!(ids(&list), expected.into_iter().cloned().collect::<Vec<_>>(), "{query}");
        }
        let page = used.admin.get("/admin/requests?owner=ann%40example.org&status=failed&last=1h").await;
        page.assert_page(refused);
        assert!(!page.body.contains(good.as_str()));
        assert!(page.body.contains("last=7d"), "the links keep the filter");
        for (query, says) in [
            ("status=many", "Write a status"),
            ("from=yesterday", "Write the time"),
            ("key=x", "is none"),
            ("owner=nobody%40example.org", "Nobody whom"),
        ] {
            let page = used.admin.get(&format!("/admin/requests?{query}")).await;
            page.assert_status(422);
            assert!(page.body.contains(says), "{query}: {}", page.body);
        }
        for query in ["status=many", "from=yesterday", "key=x", "user=nobody@example.org", "limit=0"] {
            let list = used.admin.get(&format!("/api/v1/admin/requests?{query}")).await;
            list.assert_status(422);
            assert_eq!(list.json()["field"], query.split('=').next().unwrap());
        }
        let first = used.admin.get("/api/v1/admin/requests?limit=3").await.json();
        let next = used.admin.get(&format!("/api/v1/admin/requests?limit=3&cursor={}", first["next"].as_str().unwrap())).await;
        assert_eq!(ids(&next), [good.as_str()]);
    }

    async fn a_request_is_told_with_its_attempts(app: TestApp) {
        let used = Box::pin(Used::of(&app)).await;
        let [good, over, refused] = &used.of_ann;
        let one = used.admin.get(&format!("/api/v1/admin/requests/{over}")).await.json();
        assert_eq!(one["owner"], json!({"kind": "user", "id": used.ann_id}));
        assert_eq!((&one["surface"], &one["status"], &one["team"]), (&json!("chat"), &json!(200), &json!("research")));
        assert_eq!(one["cost_nano_usd"], COST);
        assert_eq!(one["tokens"], json!({"input": 42, "output": 7, "cache_read": 0, "cache_write": 0, "reasoning": 0}));
        assert_eq!(one["client_request_id"], "their-own-id");
        let attempts = one["attempts"].as_array().unwrap();
        let (first, last) = (&attempts[0], attempts.last().unwrap());
        assert_eq!((&first["provider"], &first["outcome"]), (&json!("one"), &json!("error")));
        assert_eq!(first["upstream_status"], 500);
        assert_eq!((&last["provider"], &last["outcome"]), (&json!("two"), &json!("success")));
        assert_eq!((&last["pricing"], &last["usage"]), (&json!("override"), &json!("reported")));
        assert_eq!(one["attempt_count"], attempts.len());
        assert_eq!(one["payload"], Value::Null);

        let page = used.ann.get(&format!("/admin/requests/{over}")).await;
        for says in ["Attempts", "status 500", "$0.000056", "up-two", "their-own-id", "Success"] {
            page.assert_page(says);
        }
        assert!(!page.body.contains("A secret plan"));
        let page = used.ann.get(&format!("/admin/requests/{refused}")).await;
        page.assert_page("No provider was called");
        page.assert_page("There is no model of this name here");
        let unpriced = used.bob.get(&format!("/admin/requests/{}", used.of_bob)).await;
        unpriced.assert_page("The cost is not the whole truth");
        used.admin.get(&format!("/admin/requests/{}", uuid::Uuid::nil())).await.assert_status(404);
        used.ann.get(&format!("/admin/requests/{good}")).await.assert_page("$0.000056");
    }

    async fn what_was_said_is_shown_to_whom_it_may(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |config| config["request_logging"] = json!({"payloads": "full"})).await;
        let admin = client.admin().await;
        let person = format!("/api/v1/admin/users/{}", client.user.id);
        admin.call("PATCH", &person, Some(&json!({"request_logging_enabled": true}))).await.assert_status(200);
        let answer = call(&client, &client.key, "gpt").await;
        client.row_of(&answer).await;
        let page = format!("/admin/requests/{}", answer.header("x-request-id"));
        let own = client.browser_of(&client.user).await.get(&page).await;
        own.assert_page("A secret plan");
        own.assert_page("Hello from the fake.");
        own.assert_page("Kept in full");
    }

    async fn usage_adds_up_for_everybody(app: TestApp) {
        let used = Box::pin(Used::of(&app)).await;
        let sum = async |browser: &Browser, query: &str| {
            let answer = browser.get(&format!("/api/v1/admin/usage?{query}")).await;
            answer.assert_status(200);
            answer.json()["items"].as_array().unwrap().clone()
        };
        let total = |rows: &[Value], field: &str| rows.iter().map(|row| row[field].as_i64().unwrap()).sum::<i64>();
        for by in ["", "day", "model", "team", "user", "day,model,team,user"] {
            let rows = sum(&used.admin, &format!("group_by={by}")).await;
            assert_eq!(total(&rows, "cost_nano_usd"), 2 * COST, "{by}: {rows:?}");
            assert_eq!(total(&rows, "requests"), 4, "{by}");
            assert_eq!(total(&rows, "unpriced"), 1, "{by}");
            let of_ann = sum(&used.ann, &format!("group_by={by}")).await;
            assert_eq!(total(&of_ann, "requests"), 3, "{by}: {of_ann:?}");
        }
        let people = sum(&used.admin, "group_by=user").await;
        assert_eq!(people[0]["user_id"], used.ann_id, "the most expensive first");
        assert_eq!(people[0]["owner_label"], "ann@example.org");
        let teams = sum(&used.lead, "group_by=team").await;
        assert_eq!(teams[0]["team"], "research");
        let of_bob = sum(&used.admin, "user=bob@example.org").await;
        assert_eq!((total(&of_bob, "requests"), total(&of_bob, "attempts")), (1, 1));
        assert_eq!(total(&sum(&used.admin, "to=2020-01-01&group_by=day").await, "attempts"), 0);
        for query in ["group_by=colour", "from=x", "from=2026-01-02&to=2026-01-01", "user=nobody@example.org"] {
            used.admin.get(&format!("/api/v1/admin/usage?{query}")).await.assert_status(422);
        }
        used.lead.get("/api/v1/admin/usage?user=bob@example.org").await.assert_status(403);
    }

    async fn the_usage_page_draws_and_tells(app: TestApp) {
        let used = Box::pin(Used::of(&app)).await;
        let page = used.admin.get("/admin/usage").await;
        for says in ["Exactly $0.000112", "<svg", "By person", "ann@example.org", "1 call without a price", "By model", "Research"] {
            page.assert_page(says);
        }
        assert!(page.body.contains("<rect class=\"bar-a\""));
        let own = used.ann.get("/admin/usage?days=7").await;
        own.assert_page("Exactly $0.000112");
        for hidden in ["By person", "bob@example.org", "name=\"owner\""] {
            assert!(!own.body.contains(hidden), "{hidden}");
        }
        used.bob.get("/admin/usage").await.assert_page("Exactly $0.00,");
        let filtered = used.admin.get("/admin/usage?owner=bob%40example.org&days=90").await;
        filtered.assert_page("Exactly $0.00,");
        for (query, says) in [("from=x", "Write the day"), ("from=2026-02-02&to=2026-02-01", "comes before"), ("owner=nobody", "Nobody whom")] {
            let page = used.admin.get(&format!("/admin/usage?{query}")).await;
            page.assert_status(422);
            assert!(page.body.contains(says), "{query}: {}", page.body);
        }
        let csv = used.admin.get("/admin/usage/export").await;
        csv.assert_status(200);
        assert!(csv.header("content-type").starts_with("text/csv"));
        assert!(csv.header("content-disposition").contains("usage-"));
        assert!(csv.body.contains("ann@example.org"), "{}", csv.body);
        let own = used.bob.get("/admin/usage/export?days=7").await;
        assert!(!own.body.contains("ann@example.org"), "{}", own.body);
        used.admin.get("/admin/usage/export?from=x").await.assert_status(422);
    }

    async fn the_home_page_counts_today(app: TestApp) {
        let used = Box::pin(Used::of(&app)).await;
        let page = used.admin.get("/admin").await;
        page.assert_page("Today");
        page.assert_page("$0.0001");
        page.assert_page("model_not_found");
        let own = used.ann.get("/admin").await;
        assert!(!own.body.contains("Today"));
        assert!(!own.body.contains("Make your first key"));
    }
}
