//! The forms of the pages: what they do, and what they refuse.

use gateway_domain::{GlobalRole, UserStatus};

use super::House;

cases! {
    async fn case_209_forms_are_taken_from_our_own_pages_only(app: TestApp) {
        let house = House::of(&app).await;
        let person = format!("/admin/users/{}", house.member.id);
        let team_member = format!("/admin/teams/research/members/{}", house.member.id);
        let key = format!("/admin/keys/{}", uuid::Uuid::nil());
        let forms = [
            "/admin/users/new".to_owned(),
            person.clone(),
            format!("{person}/role"),
            format!("{person}/status"),
            format!("{person}/delete"),
            format!("{person}/link"),
            format!("{person}/teams"),
            format!("{person}/teams/research/remove"),
            format!("{person}/sessions/revoke"),
            "/admin/teams".to_owned(),
            "/admin/teams/research".to_owned(),
            "/admin/teams/research/delete".to_owned(),
            "/admin/teams/research/members".to_owned(),
            team_member.clone(),
            format!("{team_member}/remove"),
            "/admin/sessions/revoke".to_owned(),
            "/admin/account/password".to_owned(),
            "/admin/teams/research/logging".to_owned(),
            "/admin/keys/new".to_owned(),
            format!("{key}/rotate"),
            format!("{key}/revoke"),
            key,
            "/admin/service-accounts".to_owned(),
            "/admin/service-accounts/bot".to_owned(),
            "/admin/service-accounts/bot/status".to_owned(),
            "/admin/service-accounts/bot/delete".to_owned(),
            "/admin/model-providers/one/test".to_owned(),
        ];
        let entries = app.audit().await.len();
        let token = house.admin.form_token("/admin").await;
        let foreign = house.user.form_token("/admin").await;
        for form in &forms {
            let evil = house.admin.with_origin(Some("https://evil.example"));
            let with = |token| vec![(gateway_edge::CSRF_FIELD, token)];
            house.admin.post_form(form, &[]).await.assert_status(403);
            house.admin.post_form(form, &with(foreign.as_str())).await.assert_status(403);
            evil.post_form(form, &with(token.as_str())).await.assert_status(403);
            let stranger = app.post_form(form, &with(token.as_str())).await;
            stranger.assert_redirect("/admin/login");
        }
        assert_eq!(app.audit().await.len(), entries, "nothing was done");
        let refused = house.admin.post_form("/admin/teams", &[]).await;
        assert!(refused.body.contains("reload the page"), "told as a page: {}", refused.body);
        assert!(refused.body.contains("Sign out"));
    }

    async fn forms_are_refused_to_those_without_the_right(app: TestApp) {
        let house = House::of(&app).await;
        let person = format!("/admin/users/{}", house.member.id);
        let invite = [("email", "x@example.com"), ("name", "X"), ("sign_in", "idp"), ("global_role", "platform_admin")];
        let entries = app.audit().await.len();
        for browser in [&house.auditor, &house.team_admin, &house.user] {
            let post = async |path: &str, fields: &[(&str, &str)]| {
                browser.submit("/admin", path, fields).await.assert_status(403);
            };
            post("/admin/users/new", &invite).await;
            post(&person, &[("name", "Other")]).await;
            post(&format!("{person}/role"), &[("global_role", "platform_admin")]).await;
            post(&format!("{person}/status"), &[("status", "disabled")]).await;
            post(&format!("{person}/link"), &[]).await;
            post(&format!("{person}/delete"), &[]).await;
            post("/admin/teams", &[("key", "x"), ("name", "X")]).await;
            post("/admin/teams/research/delete", &[]).await;
        }
        assert_eq!(app.audit().await.len(), entries, "nothing was done");
    }

    async fn a_person_is_invited_changed_and_shut_out(app: TestApp) {
        let admin = app.admin().await;
        let fields = [("email", "grace@example.com"), ("name", "Grace"), ("sign_in", "idp"), ("global_role", "user"), ("team", "research"), ("team_role", "member")];
        let invited = admin.submit("/admin/users/new", "/admin/users/new", &fields).await;
        let grace = app.user("grace@example.com").await.unwrap();
        let page = format!("/admin/users/{}", grace.id);
        invited.assert_redirect(&format!("{page}?notice=invited"));
        assert_eq!(app.teams_of(&grace).await, [("research".to_owned(), "member".to_owned())]);

        let details = [("name", "Grace Hopper"), ("request_logging_enabled", "true")];
        admin.submit(&page, &page, &details).await.assert_redirect(&format!("{page}?notice=person_saved"));
        let role = [("global_role", "auditor")];
        admin.submit(&page, &format!("{page}/role"), &role).await.assert_redirect(&format!("{page}?notice=role_set"));
        let grace = app.user("grace@example.com").await.unwrap();
        assert_eq!((grace.name.as_str(), grace.request_logging_enabled), ("Grace Hopper", true));
        assert_eq!(grace.global_role, GlobalRole::Auditor);
        admin.get(&page).await.assert_page("set by an administrator");

        let status = format!("{page}/status");
        admin.submit(&page, &status, &[("status", "disabled")]).await.assert_status(303);
        assert_eq!(app.user("grace@example.com").await.unwrap().status, UserStatus::Disabled);
        admin.get(&page).await.assert_page("This account is disabled.");
        admin.submit(&page, &status, &[("status", "active")]).await.assert_status(303);
        admin.submit(&page, &format!("{page}/delete"), &[]).await.assert_redirect("/admin/users?notice=person_deleted");
        admin.get(&page).await.assert_status(404);
    }

    async fn a_form_that_fails_comes_back_filled_in(app: TestApp) {
        let admin = app.admin().await;
        let new = "/admin/users/new";
        let fields = [("email", "not an address"), ("name", "Grace <Hopper>"), ("sign_in", "idp"), ("global_role", "auditor")];
        let page = admin.submit(new, new, &fields).await;
        page.assert_status(422);
        for text in ["id=\"email-wrong\"", "value=\"not an address\"", "Grace &#60;Hopper&#62;", "<option value=\"auditor\" selected>"] {
            assert!(page.body.contains(text), "{text}: {}", page.body);
        }
        app.invite("taken@example.com", "idp").await;
        let fields = [("email", "Taken@example.com"), ("name", ""), ("sign_in", "idp"), ("global_role", "user")];
        let page = admin.submit(new, new, &fields).await;
        page.assert_status(409);
        assert!(page.body.contains("id=\"email-wrong\""));
        let fields = [("key", "No Key"), ("name", "Kept")];
        let page = admin.submit("/admin/teams", "/admin/teams", &fields).await;
        page.assert_status(422);
        assert!(page.body.contains("id=\"key-wrong\"") && page.body.contains("value=\"Kept\""));
    }

    async fn the_last_admin_stays(app: TestApp) {
        let admin = app.admin().await;
        let page = format!("/admin/users/{}", app.user("admin@example.org").await.unwrap().id);
        for (form, field) in [("role", ("global_role", "user")), ("status", ("status", "disabled"))] {
            let answer = admin.submit(&page, &format!("{page}/{form}"), &[field]).await;
            answer.assert_status(409);
            assert!(answer.body.contains("role=\"alert\""), "{}", answer.body);
            assert!(answer.body.contains("last active platform admin"));
        }
    }

    async fn a_team_is_made_filled_renamed_and_deleted(app: TestApp) {
        let house = House::of(&app).await;
        let admin = &house.admin;
        let made = admin.submit("/admin/teams", "/admin/teams", &[("key", "ml"), ("name", "Learning")]).await;
        made.assert_redirect("/admin/teams/ml?notice=team_created");
        let page = "/admin/teams/ml";
        let members = "/admin/teams/ml/members";
        let unknown = admin.submit(page, members, &[("email", "nobody@example.com"), ("role", "member")]).await;
        unknown.assert_status(422);
        assert!(unknown.body.contains("Nobody with this address"));
        assert!(unknown.body.contains("value=\"nobody@example.com\"") && unknown.body.contains("value=\"Learning\""));
        let added = admin.submit(page, members, &[("email", "member@example.com"), ("role", "member")]).await;
        added.assert_redirect("/admin/teams/ml?notice=member_saved");
        let place = format!("{members}/{}", house.member.id);
        admin.submit(page, &place, &[("role", "owner")]).await.assert_status(303);
        admin.get(page).await.assert_page("Owner");
        admin.submit(page, &format!("{place}/remove"), &[]).await.assert_redirect("/admin/teams/ml?notice=member_removed");
        admin.submit(page, page, &[("name", "Machines")]).await.assert_redirect("/admin/teams/ml?notice=team_saved");
        admin.get(page).await.assert_page("Machines");
        admin.submit(page, "/admin/teams/ml/delete", &[]).await.assert_redirect("/admin/teams?notice=team_deleted");
        admin.get(page).await.assert_status(404);
    }

    async fn a_team_admin_looks_after_members_but_not_owners(app: TestApp) {
        let house = House::of(&app).await;
        let page = "/admin/teams/research";
        let add = |role| [("email", "user@example.org"), ("role", role)];
        let lead = &house.team_admin;
        lead.submit(page, "/admin/teams/research/members", &add("owner")).await.assert_status(403);
        lead.submit(page, "/admin/teams/research/members", &add("member")).await.assert_status(303);
        let shown = lead.get(page).await;
        assert!(!shown.body.contains("<option value=\"owner\""), "{}", shown.body);
        assert!(!shown.body.contains("Delete the team"));
        house.user.submit("/admin", "/admin/teams/research/members", &add("admin")).await.assert_status(403);
    }

    async fn what_the_file_declares_is_read_only(app: TestApp) {
        let house = House::of(&app).await;
        let page = house.admin.get("/admin/teams/research").await;
        page.assert_page("The configuration file declares this team");
        assert!(!page.body.contains("Delete the team"));
        let answer = house.admin.submit("/admin", "/admin/teams/research/delete", &[]).await;
        answer.assert_status(409);
        assert!(answer.body.contains("declared by the configuration file"));
    }

    async fn sessions_are_ended_from_the_pages(app: TestApp) {
        let admin = app.admin().await;
        let own = app.user("admin@example.org").await.unwrap();
        let other = app.browser_of(&own).await;
        admin.get("/admin/sessions").await.assert_page("This one");
        admin.submit("/admin/sessions", "/admin/sessions/revoke", &[("keep_current", "true")]).await.assert_redirect("/admin/sessions?notice=others_ended");
        assert!(!other.is_signed_in().await && admin.is_signed_in().await);

        let user = app.signed_in_as("user@example.org", GlobalRole::User).await;
        let person = format!("/admin/users/{}", app.user("user@example.org").await.unwrap().id);
        admin.submit(&person, &format!("{person}/sessions/revoke"), &[]).await.assert_status(303);
        assert!(!user.is_signed_in().await);

        let session = admin.session().await["session"].clone();
        assert!(session.is_object());
        admin.submit("/admin/sessions", "/admin/sessions/revoke", &[("keep_current", "false")]).await.assert_redirect("/admin/login");
        assert!(!admin.is_signed_in().await);
    }

    async fn the_audit_log_is_filtered_and_exported(app: TestApp) {
        let house = House::of(&app).await;
        let admin = &house.admin;
        let all = admin.get("/admin/audit").await;
        all.assert_page("Team membership changed");
        let page = admin.get("/admin/audit?action=user.disabled&actor=admin%40example.org").await;
        page.assert_page("No entry fits this filter");
        page.assert_page("/admin/audit/export?actor=admin%40example.org&#38;action=user.disabled&#38;format=csv");
        let bad = admin.get("/admin/audit?from=yesterday").await;
        bad.assert_status(422);
        assert!(bad.body.contains("id=\"from-wrong\""));
        let later = admin.get("/admin/audit?from=2100-01-01T00:00").await;
        later.assert_page("No entry fits this filter");

        app.invite("=1+1@example.com", "idp").await;
        let formula = app.user("=1+1@example.com").await.unwrap().id;
        let person = format!("/admin/users/{formula}");
        admin.submit(&person, &person, &[("name", "X")]).await.assert_status(303);
        let csv = admin.get("/admin/audit/export?format=csv&action=user.changed&actor=admin%40example.org").await;
        assert!(csv.header("content-type").starts_with("text/csv"));
        assert!(csv.header("content-disposition").starts_with("attachment; filename=\"audit-"));
        assert_eq!(csv.body.lines().count(), 2, "{}", csv.body);
        assert!(csv.body.contains("\"'=1+1@example.com\""), "{}", csv.body);
        let lines = admin.get("/admin/audit/export?format=jsonl&target=member%40example.com").await;
        let first: serde_json::Value = serde_json::from_str(lines.body.lines().next().unwrap()).unwrap();
        assert_eq!(first["target"]["label"], "member@example.com");
        admin.get("/admin/audit/export?format=xml").await.assert_status(422);
    }
}
