//! The audit log through the API.

use serde_json::{Value, json};

use crate::harness::Browser;

const AUDIT: &str = "/api/v1/admin/audit";

async fn list(browser: &Browser, query: &str) -> Vec<Value> {
    let answer = browser.get(&format!("{AUDIT}?{query}")).await;
    answer.assert_status(200);
    answer.json()["items"].as_array().unwrap().clone()
}

async fn make_teams(admin: &Browser, count: usize) {
    for number in 0..count {
        let team = json!({"key": format!("t{number}"), "name": format!("=T{number}")});
        admin
            .post_json("/api/v1/admin/teams", &team)
            .await
            .assert_status(201);
    }
}

cases! {
    async fn case_254_an_entry_says_who_did_what_from_where(app: TestApp) {
        let admin = app.admin().await;
        let team = json!({"key": "ml", "name": "Learning"});
        let answer = admin.post_json("/api/v1/admin/teams", &team).await;
        let entry = list(&admin, "action=team.created&target=ml").await.remove(0);
        assert_eq!(entry["actor"]["kind"], "user");
        assert_eq!(entry["actor"]["label"], "admin@example.org");
        assert_eq!(entry["target"]["kind"], "team");
        assert_eq!(entry["before"], Value::Null);
        assert_eq!(entry["after"], team);
        assert_eq!(entry["address"], "203.0.113.7");
        assert_eq!(entry["user_agent"], "TestBrowser/1.0");
        assert_eq!(entry["correlation_id"], answer.header("x-request-id"));
        assert_eq!(entry["hash"].as_str().unwrap().len(), 64);
    }

    async fn the_log_is_filtered_and_paged(app: TestApp) {
        let admin = app.admin().await;
        make_teams(&admin, 5).await;
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("{AUDIT}?limit=2&action=team.created&actor=admin@example.org&cursor={cursor}");
            let page = admin.get(&path).await.json();
            for item in page["items"].as_array().unwrap() {
                seen.push(item["target"]["label"].as_str().unwrap().to_owned());
            }
            match page["next"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(seen, ["t4", "t3", "t2", "t1", "t0"]);
        let now = app.ctx.now();
        app.wait(chrono::TimeDelta::hours(1));
        make_one(&admin).await;
        let moment = (now + chrono::TimeDelta::minutes(1)).to_rfc3339();
        assert_eq!(list(&admin, &format!("from={moment}")).await.len(), 1, "an unescaped plus is read");
        let before = list(&admin, &format!("action=team.created&to={moment}&actor=admin@example.org")).await;
        assert_eq!(before.len(), 5);
        assert!(list(&admin, "action=team").await.is_empty(), "values are compared whole");
        for odd in ["from=yesterday", "to=x", "cursor=x", "limit=-1"] {
            admin.get(&format!("{AUDIT}?{odd}")).await.assert_problem(422, "invalid_request");
        }
    }

    async fn an_export_holds_everything_in_order(app: TestApp) {
        let admin = app.admin().await;
        make_teams(&admin, 3).await;
        let answer = admin.get(&format!("{AUDIT}/export")).await;
        answer.assert_status(200);
        assert_eq!(answer.header("content-type"), "application/jsonl; charset=utf-8");
        let lines: Vec<Value> = answer.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), app.audit().await.len());
        for (line, id) in lines.iter().zip(1..) {
            assert_eq!(line["id"], id);
        }
        assert_eq!(lines[1]["previous_hash"], lines[0]["hash"]);
        let csv = admin.get(&format!("{AUDIT}/export?format=csv&target=t1")).await;
        assert_eq!(csv.header("content-disposition"), "attachment; filename=\"audit.csv\"");
        let rows: Vec<_> = csv.body.lines().collect();
        assert_eq!(rows.len(), 2, "{}", csv.body);
        assert!(rows[0].starts_with("id,at,actor_kind"), "{}", csv.body);
        let odd = admin.get(&format!("{AUDIT}/export?format=xml")).await;
        odd.assert_problem(422, "invalid_request");
    }
}

async fn make_one(admin: &Browser) {
    let team = json!({"key": "late", "name": "Late"});
    admin
        .post_json("/api/v1/admin/teams", &team)
        .await
        .assert_status(201);
}
