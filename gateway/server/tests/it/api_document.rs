//! The document that describes the API, held against the routes.

use serde_json::Value;

cases! {
    async fn every_documented_route_is_served(app: TestApp) {
        let admin = app.admin().await;
        let document = admin.get("/api/v1/openapi.json").await.json();
        let mut count = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                let path = path
                    .replace("{id}", &uuid::Uuid::nil().to_string())
                    .replace("{user_id}", &uuid::Uuid::nil().to_string())
                    .replace("{provider_key}", "idp")
                    .replace("{key}", "idp");
                let answer = app.browser.call(&method.to_uppercase(), &path, None).await;
                assert_ne!(answer.status, 404, "{method} {path}: {}", answer.body);
                assert_ne!(answer.status, 405, "{method} {path}");
                count += 1;
            }
        }
        assert!(count > 30, "only {count} operations");
    }

    async fn what_is_not_served_is_a_problem_document(app: TestApp) {
        let admin = app.admin().await;
        for path in ["/api/v1", "/api/v1/nothing", "/api/v1/admin/nothing", "/api/v1/auth/nothing"] {
            admin.get(path).await.assert_problem(404, "not_found");
        }
        let answer = admin.call("PUT", "/api/v1/admin/users", None).await;
        answer.assert_problem(405, "method_not_allowed");
        assert!(answer.header("allow").contains("POST"), "{:?}", answer.headers);
        let problem = admin.get("/api/v1/admin/users/not-an-id").await;
        problem.assert_problem(404, "not_found");
        let id = problem.json()["request_id"].clone();
        assert_eq!(id, problem.header("x-request-id"));
    }
}

#[test]
fn the_document_is_whole() {
    let document = serde_json::to_value(gateway::api::document()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let mut ids = Vec::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            ids.push(operation["operationId"].as_str().unwrap());
        }
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "operation ids repeat");
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                references.push(reference);
            }
            members
                .values()
                .for_each(|value| collect(value, references));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}

cases! {
    async fn case_252_what_is_said_of_providers_holds_no_secret(app: TestApp) {
        let admin = app.admin().await;
        let list = admin.get("/api/v1/admin/sign-in-providers").await;
        list.assert_status(200);
        let one = admin.get("/api/v1/admin/sign-in-providers/idp").await;
        assert_eq!(list.json()["items"][0], one.json());
        assert_eq!(list.json()["next"], Value::Null);
        assert_eq!(one.json()["redirect_uri"], "https://gateway.test/api/v1/auth/oidc/callback");
        for body in [&list.body, &one.body] {
            assert!(!body.contains(gateway_testkit::FakeIdp::CLIENT_SECRET));
            assert!(!body.contains(gateway_testkit::FakeGitHub::CLIENT_SECRET));
            assert!(!body.contains("secret\":"), "{body}");
        }
        let unknown = admin.get("/api/v1/admin/sign-in-providers/nowhere").await;
        unknown.assert_problem(404, "not_found");
    }
}
