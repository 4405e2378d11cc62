//! Whether a page of a long list costs what a page of a short one costs.

use std::path::Path;

use gateway_domain::UserId;

use crate::{
    Error,
    database::{self, Kind},
    load::{Sample, Worker, drive},
    people,
    sign_in::{SignIn, Who},
    stage::Stage,
    subject::{Subject, TEAM},
    table::{Table, latency, number, us},
    visit::Visitor,
};

/// Items on every page that is asked for.
const PAGE: usize = 20;

/// Prints the table of a database.
pub async fn measure(stage: &Stage, kind: Kind, folder: Option<&Path>) -> Result<(), Error> {
    let Some(database) = database::fresh(kind, folder).await? else {
        return Ok(());
    };
    let (few, many) = (stage.pace.few, stage.pace.many);
    let subject = Subject::new(stage, database).await?;
    let mut known = SignIn::to(&subject, Who::Known);
    known.introduce().await?;
    let middle = grow(&subject, 0..few).await?;
    let short = all(stage, &subject, known.clone(), few, middle).await?;
    let middle = grow(&subject, few..many).await?;
    let long = all(stage, &subject, known, many, middle).await?;
    let few_head = format!("p50 ms, {few} rows");
    let many_head = format!("{many} rows");
    let mut table = Table::new([
        "",
        &few_head,
        &many_head,
        "ratio",
        "CPU µs: few",
        "many",
        "ratio",
    ]);
    for ((name, few), (_, many)) in short.iter().zip(&long) {
        let p50 = |sample: &Sample| sample.percentile(50).as_secs_f64();
        table.row([
            (*name).to_owned(),
            latency(few.percentile(50)),
            latency(many.percentile(50)),
            number(p50(many) / p50(few)),
            us(few.ours()),
            us(many.ours()),
            number(many.ours() / few.ours()),
        ]);
    }
    table.print("Long lists");
    Ok(())
}

/// Adds people and audit entries; the person in the middle of those added.
async fn grow(subject: &Subject, numbers: std::ops::Range<usize>) -> Result<UserId, Error> {
    let middle = people::add(subject, numbers.clone()).await?;
    people::add_entries(&subject.ctx, numbers).await?;
    database::settle(subject.ctx.db()).await?;
    middle.ok_or_else(|| "nobody was added".into())
}

/// Every list of the table, and a sign-in beside them.
async fn all(
    stage: &Stage,
    subject: &Subject,
    known: SignIn,
    rows: usize,
    middle: UserId,
) -> Result<Vec<(&'static str, Sample)>, Error> {
    let address = people::address(7);
    let busy = people::BUSY;
    let lists = [
        ("people", format!("users?limit={PAGE}")),
        (
            "people, in the middle",
            format!("users?limit={PAGE}&cursor={middle}"),
        ),
        (
            "people, one by address",
            format!("users?limit={PAGE}&q={address}"),
        ),
        ("people, a first name", "users?limit=2&q=hana".to_owned()),
        (
            "people, everybody's domain",
            format!("users?limit={PAGE}&q=example.com"),
        ),
        (
            "people, the active ones",
            format!("users?limit={PAGE}&status=active"),
        ),
        (
            "people, everybody's team",
            format!("users?limit={PAGE}&team={TEAM}"),
        ),
        ("audit", format!("audit?limit={PAGE}")),
        (
            "audit, in the middle",
            format!("audit?limit={PAGE}&cursor={}", rows / 2),
        ),
        (
            "audit, a rare action",
            "audit?limit=2&action=sign_in.failed".to_owned(),
        ),
        (
            "audit, what never was at a provider",
            format!("audit?limit={PAGE}&provider=idp&action=user.disabled"),
        ),
        (
            "audit, one person",
            format!("audit?limit={PAGE}&actor={address}"),
        ),
        (
            "audit, a busy person",
            format!("audit?limit={PAGE}&actor={busy}"),
        ),
    ];
    let time = stage.pace.time / 3;
    let mut samples = Vec::new();
    for (name, query) in lists {
        let mut visitor = Visitor {
            router: subject.router.clone(),
            path: format!("/api/v1/admin/{query}"),
            cookie: Some(subject.admin.clone()),
        };
        visitor.once().await?;
        samples.push((name, drive(&stage.gateway, vec![visitor], time).await?));
    }
    let sign_in = drive(&stage.gateway, vec![known], time).await?;
    samples.push(("a sign-in of somebody known", sign_in));
    Ok(samples)
}
