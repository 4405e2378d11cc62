//! Settings of the installation itself.

use crate::{Executor, Result};

/// The value under a key.
pub async fn get(db: impl Executor<'_>, key: &str) -> Result<Option<String>> {
    let row: Option<(String,)> = db
        .query("SELECT value FROM installation WHERE key = $1")
        .bind(key)
        .fetch_optional()
        .await?;
    Ok(row.map(|(value,)| value))
}

/// Keeps a value under a key.
pub async fn set(db: impl Executor<'_>, key: &str, value: &str) -> Result<()> {
    db.query("INSERT INTO installation (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
        .bind(key)
        .bind(value)
        .execute()
        .await?;
    Ok(())
}
