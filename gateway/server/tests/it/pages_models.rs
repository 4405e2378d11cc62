//! The pages of models, their providers and the clients to connect, and the same as JSON.

use gateway_domain::GlobalRole;
use gateway_testkit::Act;
use serde_json::{Value, json};

use crate::harness::{UPSTREAM_KEY, Upstreams};

cases! {
    async fn everybody_sees_models_and_prices_and_overseers_the_routes(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let admin = client.admin().await;
        let auditor = client.auditor().await;
        let person = client.signed_in_as("ann@example.org", GlobalRole::User).await;
        for overseer in [&admin, &auditor] {
            let page = overseer.get("/admin/models").await;
            for says in ["The first", "up-gpt", "priority 2", "this route’s own price", "Not called yet", "Price not known", "no price known"] {
                page.assert_page(says);
            }
        }
        let page = person.get("/admin/models").await;
        page.assert_page("org/claude");
        page.assert_page("$2.00");
        for hidden in ["up-gpt", "priority", "/admin/model-providers"] {
            assert!(!page.body.contains(hidden), "{hidden}");
        }
        let found = admin.get("/admin/models?q=CLAUDE").await;
        found.assert_page("org/claude");
        assert!(!found.body.contains("The first"));
        admin.get("/admin/models?q=nothing").await.assert_page("No model is called so");
    }

    async fn health_is_what_calls_met(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let admin = client.admin().await;
        up.one.always(Act::refuse_with(429, vec![("retry-after", "60".to_owned())]));
        let body = json!({"model": "safe", "messages": [{"role": "user", "content": "Hi"}]});
        for _ in 0..5 {
            client.post("/v1/chat/completions", &body).await.assert_status(200);
        }
        let page = admin.get("/admin/models").await;
        page.assert_page("Some routes fail");
        page.assert_page("Cooling down");
        page.assert_page("Ready");
        let models = admin.get("/api/v1/admin/models").await.json();
        let safe = &models["items"][2];
        assert_eq!(safe["id"], "safe");
        assert_eq!(safe["routes"][1]["health"]["state"], "ready");
        assert_eq!(safe["routes"][0]["health"]["state"], "cooling_down");
        assert!(safe["routes"][0]["last_failure"]["at"].is_string(), "{safe}");
    }

    async fn a_test_call_says_how_it_went(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let admin = client.admin().await;
        let auditor = client.auditor().await;
        let person = client.signed_in_as("ann@example.org", GlobalRole::User).await;
        let page = "/admin/model-providers/one";
        for path in ["/admin/model-providers", page] {
            admin.get(path).await.assert_page("openai");
            let seen = auditor.get(path).await;
            seen.assert_status(200);
            assert!(!seen.body.split("<main").nth(1).unwrap().contains("<form"), "{path}");
            person.get(path).await.assert_status(403);
        }
        admin.get("/admin/model-providers/none").await.assert_status(404);
        let test = format!("{page}/test");
        let tested = admin.submit(page, &test, &[("model", "up-gpt")]).await;
        tested.assert_page("The test call succeeded");
        tested.assert_page("/admin/requests/");
        up.one.always(Act::refuse(401));
        let failed = admin.submit(page, &test, &[]).await;
        failed.assert_page("The test call failed");
        assert!(!failed.body.contains(UPSTREAM_KEY));
        for browser in [&auditor, &person] {
            browser.submit("/admin", &test, &[]).await.assert_status(403);
        }
        let unknown = admin.submit(page, "/admin/model-providers/none/test", &[]).await;
        unknown.assert_status(404);
        assert_eq!(client.audit_of("provider.tested").await.len(), 2);
    }

    async fn models_and_providers_as_json(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let admin = client.admin().await;
        let person = client.signed_in_as("ann@example.org", GlobalRole::User).await;
        let models = admin.get("/api/v1/admin/models").await.json();
        assert_eq!(models["next"], Value::Null);
        let first = &models["items"][0];
        assert_eq!((&first["id"], &first["name"]), (&json!("gpt"), &json!("The first")));
        let route = &first["routes"][0];
        assert_eq!(route["provider"], "one");
        assert_eq!(route["upstream_model"], "up-gpt");
        assert_eq!(route["priority"], 1);
        assert_eq!(route["price"]["output_usd_per_million"], "2.00");
        assert_eq!(route["pricing"], "override");
        assert_eq!(route["health"], json!({"state": "untried", "until": null, "reason": null}));
        let free = &models["items"][3];
        assert_eq!((&free["price"], &free["routes"][0]["pricing"]), (&Value::Null, &json!("unpriced")));
        let own = person.get("/api/v1/admin/models").await.json();
        assert_eq!(own["items"][0]["routes"], Value::Null);
        assert_eq!(own["items"][0]["price"]["input_usd_per_million"], "1.00");

        let providers = admin.get("/api/v1/admin/model-providers").await;
        assert!(!providers.body.contains(UPSTREAM_KEY));
        let one = &providers.json()["items"][0];
        assert_eq!((&one["id"], &one["type"], &one["routes"]), (&json!("one"), &json!("openai"), &json!(3)));
        assert_eq!(one["timeouts"]["connect_ms"], 2000);
        assert_eq!(admin.get("/api/v1/admin/model-providers/one").await.json(), *one);
        admin.get("/api/v1/admin/model-providers/none").await.assert_problem(404, "not_found");
        person.get("/api/v1/admin/model-providers").await.assert_problem(403, "forbidden");
        let test = "/api/v1/admin/model-providers/one/test";
        let tested = admin.call("POST", test, None).await;
        tested.assert_status(200);
        assert_eq!(tested.json()["ok"], true, "{}", tested.body);
        let id = tested.json()["request_id"].as_str().unwrap().to_owned();
        client.row(id.parse().unwrap()).await;
        let named = admin.post_json(test, &json!({"upstream_model": "up-gpt"})).await;
        named.assert_status(200);
        admin.post_json(test, &json!({"model": "x"})).await.assert_status(400);
        person.call("POST", test, None).await.assert_problem(403, "forbidden");
        let foreign = admin.with_origin(Some("https://evil.example"));
        foreign.call("POST", test, None).await.assert_status(403);
    }

    async fn clients_get_settings_to_paste(app: TestApp) {
        let up = Upstreams::start().await;
        let client = app.with_models(&up, |_| {}).await;
        let person = client.signed_in_as("ann@example.org", GlobalRole::User).await;
        for (name, says) in [
            ("", "ANTHROPIC_BASE_URL=https://gateway.test\n"),
            ("claude-code", "export ANTHROPIC_MODEL=org/claude\n"),
            ("codex", "wire_api = &#34;responses&#34;"),
            ("codex", "model = &#34;gpt&#34;"),
            ("openai", "OPENAI_BASE_URL=https://gateway.test/v1\n"),
            ("anthropic", "ANTHROPIC_BASE_URL=https://gateway.test\n"),
            ("open-webui", "OPENAI_API_BASE_URLS=https://gateway.test/v1\n"),
            ("cursor", "https://gateway.test/v1\n"),
            ("curl", "curl https://gateway.test/v1/chat/completions"),
            ("other", "sk-ogw-YOUR-KEY"),
            ("nothing-known&model=nothing-known", "ANTHROPIC_BASE_URL"),
        ] {
            let page = person.get(&format!("/admin/connect?client={name}")).await;
            page.assert_page(says);
        }
        let page = person.get("/admin/connect?client=codex&model=safe").await;
        page.assert_page("model = &#34;safe&#34;");
    }

    async fn without_models_every_page_says_what_to_do(app: TestApp) {
        let admin = app.admin().await;
        for (path, says) in [
            ("/admin/models", "No model is set up yet"),
            ("/admin/model-providers", "No model provider is set up"),
            ("/admin/connect", "YOUR-MODEL"),
            ("/admin/keys/new", "No model is set up yet"),
            ("/admin/requests", "No request yet"),
            ("/admin/usage", "Nothing was used in this range"),
            ("/admin/keys/all", "There is no key yet"),
            ("/admin/service-accounts", "There is no service account yet"),
        ] {
            admin.get(path).await.assert_page(says);
        }
    }
}
