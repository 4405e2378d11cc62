//! Teams through the API.

use gateway_domain::GlobalRole;
use serde_json::json;

use crate::harness::after;

const TEAMS: &str = "/api/v1/admin/teams";

cases! {
    async fn a_team_is_made_renamed_and_deleted(app: TestApp) {
        let admin = app.admin().await;
        let made = admin.post_json(TEAMS, &json!({"key": "ml", "name": " Learning "})).await;
        made.assert_status(201);
        assert_eq!(made.json(), json!({"key": "ml", "name": "Learning", "managed_by": "admin", "payloads": null}));
        let path = format!("{TEAMS}/ml");
        let renamed = admin.call("PATCH", &path, Some(&json!({"name": "Machines"}))).await;
        assert_eq!(renamed.json()["name"], "Machines");
        let list = admin.get(TEAMS).await.json();
        let keys: Vec<_> = list["items"].as_array().unwrap().iter().map(|team| team["key"].clone()).collect();
        assert_eq!(keys, ["ml", "research"]);
        admin.call("DELETE", &path, None).await.assert_status(204);
        admin.get(&path).await.assert_problem(404, "not_found");
        let actions: Vec<_> = app.audit().await.into_iter().filter(|entry| entry.target_label == "ml").map(|entry| entry.action).collect();
        assert_eq!(actions, ["team.deleted", "team.renamed", "team.created"]);
    }

    async fn a_key_is_well_formed_and_taken_once(app: TestApp) {
        let admin = app.admin().await;
        let long = "x".repeat(64);
        for key in ["", "A", "-a", "_a", "a b", "ä", "a/b", long.as_str()] {
            let answer = admin.post_json(TEAMS, &json!({"key": key, "name": "N"})).await;
            answer.assert_problem(422, "invalid_request");
            assert_eq!(answer.json()["field"], "key");
        }
        let answer = admin.post_json(TEAMS, &json!({"key": "a", "name": " "})).await;
        assert_eq!(answer.json()["field"], "name");
        let again = json!({"key": "research", "name": "N"});
        admin.post_json(TEAMS, &again).await.assert_problem(409, "key_taken");
    }

    async fn a_key_that_left_the_file_stays_taken(app: TestApp) {
        let admin = app.admin().await;
        let own = app.user("admin@example.org").await.unwrap();
        let place = format!("{TEAMS}/research/members/{}", own.id);
        admin.call("PUT", &place, Some(&json!({"role": "member"}))).await.assert_status(200);
        let app = app.restarted_with(|config| config["teams"] = json!([])).await;
        let again = json!({"key": "research", "name": "N"});
        admin.post_json(TEAMS, &again).await.assert_problem(409, "key_taken");
        admin.get(&format!("{TEAMS}/research")).await.assert_problem(404, "not_found");
        assert!(app.teams_of(&own).await.is_empty(), "an archived team grants nothing");
    }

    async fn a_declared_team_is_read_only_but_for_its_people(app: TestApp) {
        let admin = app.admin().await;
        let path = format!("{TEAMS}/research");
        let other = json!({"name": "Other"});
        admin.call("PATCH", &path, Some(&other)).await.assert_problem(409, "managed_by_config");
        admin.call("DELETE", &path, None).await.assert_problem(409, "managed_by_config");
        let user = app.invite("a@example.com", "idp").await;
        let place = format!("{path}/members/{}", user.id);
        admin.call("PUT", &place, Some(&json!({"role": "owner"}))).await.assert_status(200);
    }

    async fn members_come_change_and_go(app: TestApp) {
        let admin = app.admin().await;
        let user = app.invite("a@example.com", "idp").await;
        let place = format!("{TEAMS}/research/members/{}", user.id);
        let member = admin.call("PUT", &place, Some(&json!({"role": "member"}))).await;
        member.assert_status(200);
        assert_eq!(member.json()["source"], "manual");
        admin.call("PUT", &place, Some(&json!({"role": "owner"}))).await.assert_status(200);
        admin.call("PUT", &place, Some(&json!({"role": "owner"}))).await.assert_status(200);
        let list = admin.get(&format!("{TEAMS}/research/members")).await.json();
        assert_eq!(list["items"][0]["email"], "a@example.com");
        assert_eq!(list["items"][0]["role"], "owner");
        admin.call("DELETE", &place, None).await.assert_status(204);
        admin.call("DELETE", &place, None).await.assert_problem(404, "not_found");
        let changes = app.audit_of("team.member_changed").await;
        assert_eq!(changes.len(), 3, "the same again is no change");
        assert_eq!(after(&changes[1])["role"], "owner");
        assert_eq!(changes[0].target_label, "a@example.com");
        let bad = admin.call("PUT", &place, Some(&json!({"role": "king"}))).await;
        bad.assert_problem(400, "invalid_request");
    }

    async fn case_185_who_manages_a_team_gives_no_more_than_they_have(app: TestApp) {
        let admin = app.admin().await;
        let lead = app.signed_in_as("lead@example.com", GlobalRole::User).await;
        let boss = app.user("lead@example.com").await.unwrap();
        let owner = app.invite("owner@example.com", "idp").await;
        let path = |id| format!("{TEAMS}/research/members/{id}");
        for (user, role) in [(&boss, "admin"), (&owner, "owner")] {
            admin.call("PUT", &path(user.id), Some(&json!({"role": role}))).await.assert_status(200);
        }
        let own = lead.call("PUT", &path(boss.id), Some(&json!({"role": "owner"}))).await;
        own.assert_problem(403, "forbidden");
        lead.call("DELETE", &path(owner.id), None).await.assert_problem(403, "forbidden");
        let lowered = lead.call("PUT", &path(owner.id), Some(&json!({"role": "member"}))).await;
        lowered.assert_problem(403, "forbidden");
        let nobody = uuid::Uuid::nil();
        let unknown = lead.call("PUT", &path(nobody.into()), Some(&json!({"role": "member"}))).await;
        unknown.assert_problem(404, "not_found");
        lead.get(TEAMS).await.assert_status(200);
        let other = json!({"key": "mine", "name": "Mine"});
        lead.post_json(TEAMS, &other).await.assert_problem(403, "forbidden");
        let list = lead.get(TEAMS).await.json();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
    }
}
