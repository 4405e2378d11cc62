//! One stage of a sign-in after the other.

use gateway_domain::{GlobalRole, Secret, UserStatus};
use gateway_identity::password;
use gateway_store::{Executor as _, Sql, users};
use gateway_testkit::Callback;
use serde_json::json;

use crate::harness::{Answer, TestApp};

/// A kind of statement on a table that fails while the fault is there.
struct Fault {
    make: fn() -> Sql,
    mend: fn() -> Sql,
}

macro_rules! fault {
    ($event:literal on $table:literal) => {
        Fault {
            make: || {
                Sql::split(
                    concat!(
                        // Another connection may still know the one that was dropped.
                        "CREATE TRIGGER IF NOT EXISTS injected BEFORE ",
                        $event,
                        " ON ",
                        $table,
                        " BEGIN SELECT RAISE(ABORT, 'injected'); END"
                    ),
                    concat!(
                        "CREATE TRIGGER injected BEFORE ",
                        $event,
                        " ON ",
                        $table,
                        " FOR EACH ROW EXECUTE FUNCTION injected()"
                    ),
                )
            },
            mend: || {
                Sql::split(
                    "DROP TRIGGER injected",
                    concat!("DROP TRIGGER injected ON ", $table),
                )
            },
        }
    };
}

impl Fault {
    async fn begin(&self, app: &TestApp) {
        // SQLite's triggers need no function, and it is asked for something harmless instead.
        let function = Sql::split(
            "SELECT 1",
            "CREATE OR REPLACE FUNCTION injected() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'injected'; END $$",
        );
        app.db.query(function).execute().await.unwrap();
        app.db.query((self.make)()).execute().await.unwrap();
    }

    async fn end(&self, app: &TestApp) {
        app.db.query((self.mend)()).execute().await.unwrap();
    }
}

/// Comes back while the fault is there. The person is told, and nothing is there that was not before.
async fn fails(app: &TestApp, fault: &Fault, callback: &Callback) -> Answer {
    let before = (app.count_people().await, app.count_sessions().await);
    fault.begin(app).await;
    let answer = app.come_back(callback).await;
    fault.end(app).await;
    answer.assert_sso_error("server_error");
    assert!(!answer.body.contains("injected") && !answer.location().contains("injected"));
    assert_eq!(
        (app.count_people().await, app.count_sessions().await),
        before
    );
    answer
}

/// The code is spent; from the start it works.
async fn works_again(app: &TestApp, callback: &Callback) {
    let again = app.come_back(callback).await;
    again.assert_sso_error("state_invalid");
    app.sign_in("alice").await.assert_signed_in("/admin");
    assert_eq!(app.count_people().await, 1);
    let alice = app.user("alice@example.com").await.unwrap();
    let links = gateway_store::identities::of_users(&app.db, [alice.id])
        .await
        .unwrap();
    assert_eq!((links.len(), alice.status), (1, UserStatus::Active));
    app.assert_audit_intact().await;
}

cases! {
    async fn case_245_at_the_start(app: TestApp) {
        let fault = fault!("INSERT" on "login_flows");
        fault.begin(&app).await;
        let started = app.start("idp").await;
        app.assert_refused(&started, "server_error").await;
        assert!(app.jar().flows().is_empty());
        fault.end(&app).await;
        app.sign_in("alice").await.assert_signed_in("/admin");
    }

    async fn case_245_at_the_consumption_of_the_flow(app: TestApp) {
        let callback = app.begin().await;
        let answer = fails(&app, &fault!("UPDATE" on "login_flows"), &callback).await;
        app.assert_refused(&answer, "server_error").await;
        assert_eq!(app.idp.log().count("/token"), 0, "no code is spent on what cannot be finished");
        assert_eq!(app.jar().flows().len(), 1, "the flow is alive, and so is its cookie");
        app.come_back(&callback).await.assert_signed_in("/admin");
    }

    async fn case_245_at_the_making_of_the_person(app: TestApp) {
        let callback = app.begin().await;
        let answer = fails(&app, &fault!("INSERT" on "users"), &callback).await;
        app.assert_refused(&answer, "server_error").await;
        assert!(app.jar().flows().is_empty(), "the flow is dead");
        works_again(&app, &callback).await;
    }

    async fn case_245_at_the_making_of_the_link(app: TestApp) {
        let callback = app.begin().await;
        let answer = fails(&app, &fault!("INSERT" on "identities"), &callback).await;
        app.assert_refused(&answer, "server_error").await;
        works_again(&app, &callback).await;
    }

    async fn case_245_between_activation_and_link(app: TestApp) {
        let invited = app.invite("alice@example.com", "idp").await;
        let callback = app.begin().await;
        fails(&app, &fault!("INSERT" on "identities"), &callback).await;
        let still = app.user("alice@example.com").await.unwrap();
        assert_eq!((still.id, still.status), (invited.id, UserStatus::Invited));
        works_again(&app, &callback).await;
    }

    async fn case_245_at_the_opening_of_the_session(app: TestApp) {
        let callback = app.begin().await;
        let answer = fails(&app, &fault!("INSERT" on "sessions"), &callback).await;
        app.assert_refused(&answer, "server_error").await;
        works_again(&app, &callback).await;
    }

    async fn case_245_the_session_before_outlives_a_failure(app: TestApp) {
        app.sign_in("alice").await.assert_signed_in("/admin");
        let cookie = app.jar().get("ogw_session").unwrap();
        for fault in [fault!("INSERT" on "sessions"), fault!("UPDATE" on "sessions"), fault!("INSERT" on "audit_log")] {
            app.idp.person("bob");
            let callback = app.begin().await;
            fails(&app, &fault, &callback).await;
            assert!(app.is_live(&cookie).await);
            assert_eq!(app.jar().get("ogw_session").as_ref(), Some(&cookie));
            assert_eq!(app.email().await, "alice@example.com");
        }
        app.sign_in("bob").await.assert_signed_in("/admin");
        assert!(!app.is_live(&cookie).await);
    }

    async fn case_245_nobody_comes_in_without_an_audit_entry(app: TestApp) {
        let callback = app.begin().await;
        let fault = fault!("INSERT" on "audit_log");
        fails(&app, &fault, &callback).await;
        // A refusal that cannot be written down is still a refusal.
        fault.begin(&app).await;
        app.fresh().come_back(&callback).await.assert_sso_error("state_invalid");
        fault.end(&app).await;
        assert!(!app.audit().await.iter().any(|entry| entry.action.starts_with("sign_in")));
        works_again(&app, &callback).await;
    }

    async fn case_245_by_github(app: TestApp) {
        for fault in [fault!("INSERT" on "users"), fault!("INSERT" on "identities"), fault!("INSERT" on "sessions")] {
            let callback = app.begin_github().await;
            let answer = fails(&app, &fault, &callback).await;
            app.assert_refused(&answer, "server_error").await;
        }
        app.sign_in_by_github().await.assert_signed_in("/admin");
        assert_eq!(app.count_people().await, 1);
    }

    async fn case_245_by_password(app: TestApp) {
        const PASSWORD: &str = "correct horse battery";
        let user = app.make_user("ada@example.com", "password", GlobalRole::User).await;
        let phc = password::hash(&Secret::new(PASSWORD)).await.unwrap();
        users::set_password(&*app.db, user.id, &phc, false).await.unwrap();
        let given = json!({"email": "ada@example.com", "password": PASSWORD});
        for fault in [fault!("INSERT" on "sessions"), fault!("INSERT" on "audit_log")] {
            fault.begin(&app).await;
            let answer = app.post_json("/api/v1/auth/login/password", &given).await;
            fault.end(&app).await;
            assert!(answer.status.is_server_error(), "{} {}", answer.status, answer.body);
            assert!(!answer.opens_session() && !answer.body.contains("injected"));
            assert_eq!(app.count_sessions().await, 0);
        }
        app.post_json("/api/v1/auth/login/password", &given).await.assert_status(200);
        app.assert_audit_intact().await;
    }
}
