//! Databases that fail in the middle of something.

use gateway_store::{Engine, Executor as _};

use super::TestDb;

impl TestDb {
    /// From now on no row can be added to a table: what a full disk or a lost connection does at that very moment.
    pub async fn refuse_inserts(&self, table: &str) {
        match self.engine() {
            Engine::Sqlite => {
                self.run(format!(
                    "CREATE TRIGGER broken_{table} BEFORE INSERT ON {table} \
                     BEGIN SELECT RAISE(ABORT, 'broken for a test'); END"
                ))
                .await;
            }
            Engine::Postgres => {
                self.run(
                    "CREATE OR REPLACE FUNCTION broken() RETURNS TRIGGER LANGUAGE plpgsql AS \
                     $$ BEGIN RAISE EXCEPTION 'broken for a test'; END $$"
                        .to_owned(),
                )
                .await;
                self.run(format!(
                    "CREATE TRIGGER broken_{table} BEFORE INSERT ON {table} EXECUTE FUNCTION broken()"
                ))
                .await;
            }
        }
    }

    /// Takes that back.
    pub async fn accept_inserts(&self, table: &str) {
        let on_table = match self.engine() {
            Engine::Sqlite => String::new(),
            Engine::Postgres => format!(" ON {table}"),
        };
        self.run(format!("DROP TRIGGER broken_{table}{on_table}"))
            .await;
    }

    async fn run(&self, sql: String) {
        let sql: &'static str = sql.leak();
        self.query(sql).execute().await.unwrap();
    }
}
