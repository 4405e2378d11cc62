//! What a clean-up of many rows does to those who come meanwhile.

use std::{path::Path, time::Instant};

use gateway_store::prune;

use crate::{
    Error,
    database::{self, Kind},
    load::drive,
    people,
    sign_in::{SignIn, Who},
    stage::Stage,
    subject::Subject,
    table::{Table, latency, us},
};

/// Prints the table of a database.
pub async fn measure(stage: &Stage, kind: Kind, folder: Option<&Path>) -> Result<(), Error> {
    let Some(database) = database::fresh(kind, folder).await? else {
        return Ok(());
    };
    let subject = Subject::new(stage, database).await?;
    let mut known = SignIn::to(&subject, Who::Known);
    known.introduce().await?;
    let usual = drive(&stage.gateway, vec![known.clone()], stage.pace.time).await?;

    let rows = stage.pace.many;
    people::add_flows(&subject.ctx, rows).await?;
    let ctx = subject.ctx.clone();
    // The others have warmed up by then.
    let wait = stage.pace.time * 3 / 10;
    let pruning = stage.gateway.spawn(async move {
        tokio::time::sleep(wait).await;
        let began = Instant::now();
        let gone = prune(ctx.db(), ctx.now()).await?;
        Ok::<_, Error>((gone, began.elapsed()))
    });
    let meanwhile = drive(&stage.gateway, vec![known], stage.pace.time).await?;
    let (gone, took) = pruning.await??;
    let mut table = Table::new([
        "expired sign-ins deleted",
        "ms",
        "µs a row",
        "slowest sign-in meanwhile, ms",
        "otherwise",
    ]);
    let each = took.as_secs_f64() / u32::try_from(gone).map_or(f64::NAN, f64::from);
    table.row([
        gone.to_string(),
        latency(took),
        us(each),
        latency(meanwhile.slowest()),
        latency(usual.slowest()),
    ]);
    table.print("Clean-up");
    Ok(())
}
