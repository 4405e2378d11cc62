//! `gateway audit …`.

use gateway_store::{Db, Executor as _};
use serde_json::Value;

use crate::process::Folder;

fn folder_with_entries() -> Folder {
    let folder = Folder::with_config("database: {url: \"sqlite://gateway.db\"}\n");
    for email in ["a@example.com", "b@example.com"] {
        folder.run(&["admin", "create", "--email", email]).ok();
    }
    folder
}

#[test]
fn an_intact_log_is_verified_and_exported() {
    let folder = folder_with_entries();
    let verified = folder.run(&["audit", "verify"]).ok();
    assert!(
        verified.stdout.starts_with("intact: 4 entries"),
        "{}",
        verified.stdout
    );

    let lines = folder.run(&["audit", "export"]).ok().stdout;
    let entries: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries.len(), 4);
    assert_eq!(entries[0]["action"], "user.invited");
    assert_eq!(entries[1]["previous_hash"], entries[0]["hash"]);

    let table = folder
        .run(&["audit", "export", "--format", "csv"])
        .ok()
        .stdout;
    assert!(table.starts_with("id,at,actor_kind,"), "{table}");
    assert_eq!(table.lines().count(), 5);
}

#[test]
fn a_changed_entry_is_found() {
    let folder = folder_with_entries();
    let url = format!("sqlite://{}", folder.0.join("gateway.db").display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let db = Db::connect(&url).await.unwrap();
        db.query("DROP TRIGGER audit_log_no_update")
            .execute()
            .await
            .unwrap();
        db.query("UPDATE audit_log SET target_label = 'mallory@example.com' WHERE seq = 2")
            .execute()
            .await
            .unwrap();
        db.close().await;
    });
    let outcome = folder.run(&["audit", "verify"]).failed(1);
    assert!(outcome.stderr.contains("entry 2"), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("not as it was written"),
        "{}",
        outcome.stderr
    );
}
