//! `gateway migrate`.

use gateway_store::Db;

use super::{Failure, Shared, open, print};

pub(super) async fn run(shared: &Shared, only_show: bool) -> Result<(), Failure> {
    let config = open::config(shared)?;
    let url = config.database.url.expose();
    let shown = open::shown(url);
    if only_show && Db::is_missing(url) {
        return Err(Failure::new(format!(
            "{shown}: there is no database yet; `gateway migrate` makes it"
        )));
    }
    let db = open::connect(&config).await?;
    let told = |error| Failure::because(&shown, &error);
    let before = db.migrations().await.map_err(told)?;
    if only_show {
        for state in &before {
            let word = if state.applied { "applied" } else { "pending" };
            print(&format!("{:04}  {word}  {}", state.version, state.name))?;
        }
        db.close().await;
        return Ok(());
    }
    db.migrate().await.map_err(told)?;
    let missing: Vec<_> = before.iter().filter(|state| !state.applied).collect();
    for state in &missing {
        print(&format!(
            "{:04}  applied now  {}",
            state.version, state.name
        ))?;
    }
    if missing.is_empty() {
        print(&format!("{shown} is up to date"))?;
    }
    db.close().await;
    Ok(())
}
