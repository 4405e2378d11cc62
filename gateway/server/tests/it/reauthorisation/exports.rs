//! An export of the audit log ends with the right to read it.

use axum::body::Body;
use futures_util::StreamExt as _;
use gateway_domain::{
    Origin,
    audit::{Action, NewEntry, Party},
};
use gateway_identity::{ServiceError, audit_service};
use gateway_store::sessions;
use http::Method;
use serde_json::json;
use tower::ServiceExt as _;

use super::{admin_named, caller_of, set};
use crate::harness::TestApp;

/// So many entries more.
async fn entries(app: &TestApp, count: usize) {
    let origin = Origin::local("test");
    let mut tx = app.db.begin().await.unwrap();
    for _ in 0..count {
        let entry = NewEntry {
            actor: Party::system("test"),
            action: Action::ConfigReloaded,
            target: Party::system("test"),
            before: None,
            after: None,
            provider_key: None,
            origin: &origin,
        };
        let now = app.ctx.now();
        gateway_store::audit::append(&mut tx, entry, now)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

cases! {
    async fn an_export_ends_with_the_right_to_read(app: TestApp) {
        let boss = app.admin().await;
        let (auditor, browser) = admin_named(&app, "auditor@example.com").await;
        entries(&app, 700).await;
        let request = browser.request(Method::GET, "/api/v1/admin/audit/export").body(Body::empty());
        let response = app.router.clone().oneshot(request.unwrap()).await.unwrap();
        let mut lines = response.into_body().into_data_stream();
        lines.next().await.unwrap().unwrap();
        lines.next().await.unwrap().unwrap();
        set(&app, &boss, &auditor, json!({"global_role": "user"})).await;
        let mut more = 0;
        let end = loop {
            match lines.next().await {
                Some(Ok(_)) => more += 1,
                end => break end,
            }
        };
        assert!(end.is_some_and(|end| end.is_err()), "the answer must break off");
        assert!(more < 500, "{more}");

        // The same of a session that ends.
        let caller = caller_of(&app, &boss).await;
        let mut entries = audit_service::export(&app.ctx, &caller, &audit_service::Filter::default()).unwrap();
        entries.next().await.unwrap().unwrap();
        let admin = app.user("admin@example.org").await.unwrap();
        sessions::revoke_all(&*app.db, admin.id, None, app.ctx.now()).await.unwrap();
        let ends = entries.filter_map(|entry| std::future::ready(entry.err()));
        let end = ends.collect::<Vec<_>>().await.pop();
        assert!(matches!(end, Some(ServiceError::SignedOut)), "{end:?}");
    }

    async fn an_export_ends_where_the_log_ended_when_it_began(app: TestApp) {
        let boss = app.admin().await;
        entries(&app, 600).await;
        let there = app.audit().await.len();
        let caller = caller_of(&app, &boss).await;
        let mut exported = audit_service::export(&app.ctx, &caller, &audit_service::Filter::default()).unwrap();
        exported.next().await.unwrap().unwrap();
        entries(&app, 600).await;
        assert_eq!(1 + exported.count().await, there);
    }
}
