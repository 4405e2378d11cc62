//! The two folders of migrations describe the same tables.

use std::collections::BTreeSet;

use gateway_store::{Db, Executor as _, Sql};
use gateway_testkit::{postgres, sqlite};

/// Table, column, kind, whether it must have a value.
type Column = (String, String, String, bool);

async fn columns(db: &Db) -> BTreeSet<Column> {
    let rows: Vec<Column> = db
        .query(Sql::split(
            "SELECT t.name, c.name, \
                    CASE c.type WHEN 'INTEGER' THEN 'integer' WHEN 'BLOB' THEN 'bytes' ELSE 'text' END, \
                    c.\"notnull\" = 1 OR c.pk > 0 \
               FROM pragma_table_list t JOIN pragma_table_info(t.name) c \
              WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations'",
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), \
                    CASE WHEN data_type IN ('bigint', 'integer', 'boolean') THEN 'integer' \
                         WHEN data_type IN ('uuid', 'bytea') THEN 'bytes' ELSE 'text' END, \
                    is_nullable = 'NO' \
               FROM information_schema.columns \
              WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'",
        ))
        .fetch_all()
        .await
        .unwrap();
    rows.into_iter().collect()
}

async fn indexes(db: &Db) -> BTreeSet<String> {
    let rows: Vec<(String,)> = db
        .query(Sql::split(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
            "SELECT CAST(indexname AS TEXT) FROM pg_indexes \
              WHERE schemaname = 'public' AND tablename <> '_sqlx_migrations' \
                AND indexname NOT IN (SELECT conname FROM pg_constraint)",
        ))
        .fetch_all()
        .await
        .unwrap();
    rows.into_iter().map(|(name,)| name).collect()
}

/// Text columns of PostgreSQL that are ordered by their bytes whatever the server's locale.
async fn bytewise(db: &Db) -> BTreeSet<(String, String)> {
    let rows: Vec<(String, String)> = db
        .query(
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns \
              WHERE table_schema = 'public' AND collation_name = 'C'",
        )
        .fetch_all()
        .await
        .unwrap();
    rows.into_iter().collect()
}

#[tokio::test]
async fn both_have_the_same_tables_columns_and_indexes() {
    let Some(postgres) = postgres().await else {
        return;
    };
    let sqlite = sqlite().await;
    let (left, right) = (columns(&sqlite).await, columns(&postgres).await);
    assert!(left.len() > 50);
    let differences: Vec<_> = left.symmetric_difference(&right).collect();
    assert!(differences.is_empty(), "{differences:#?}");
    let (left, right) = (indexes(&sqlite).await, indexes(&postgres).await);
    let differences: Vec<_> = left.symmetric_difference(&right).collect();
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
async fn case_114_what_decides_or_orders_is_compared_by_its_bytes() {
    let Some(postgres) = postgres().await else {
        return;
    };
    let bytewise = bytewise(&postgres).await;
    for (table, column) in [
        ("identities", "provider_key"),
        ("identities", "issuer"),
        ("identities", "subject"),
        ("users", "email_key"),
        ("users", "sign_in"),
        ("user_terms", "term"),
        ("teams", "key"),
        ("service_accounts", "key"),
        ("installation", "key"),
    ] {
        let is_bytewise = bytewise.contains(&(table.to_owned(), column.to_owned()));
        assert!(is_bytewise, "{table}.{column}");
    }
}

#[tokio::test]
async fn every_sqlite_table_is_strict() {
    let loose: Vec<(String,)> = sqlite()
        .await
        .query(
            "SELECT name FROM pragma_table_list \
              WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%' \
                AND name <> '_sqlx_migrations'",
        )
        .fetch_all()
        .await
        .unwrap();
    assert_eq!(loose, []);
}
