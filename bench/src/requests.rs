//! Requests of somebody who is signed in.

use std::path::Path;

use crate::{
    Error,
    cpu::Share,
    database::{self, Kind},
    load::{Sample, drive},
    reference,
    socket::{Connection, Server},
    stage::Stage,
    subject::Subject,
    table::{Table, latency, number, us},
    visit::Visitor,
};

/// Prints the table of a database.
pub async fn measure(stage: &Stage, kind: Kind, folder: Option<&Path>) -> Result<(), Error> {
    let Some(database) = database::fresh(kind, folder).await? else {
        return Ok(());
    };
    let subject = Subject::new(stage, database).await?;
    let bare = reference::bare();
    let targets = [
        ("reference: a bare handler", &bare, "/bare"),
        ("who is signed in", &subject.router, "/api/v1/auth/session"),
        ("the account page", &subject.router, "/admin/account"),
    ];
    let mut table = Table::new([
        "",
        "by",
        "at once",
        "a second",
        "p50 ms",
        "p99 ms",
        "CPU µs: gateway",
        "database",
        "client",
        "× reference",
    ]);
    for by_socket in [false, true] {
        for at_once in [1, 16] {
            let mut reference = f64::NAN;
            for (name, router, path) in targets {
                let target = Visitor {
                    router: router.clone(),
                    path: path.to_owned(),
                    cookie: Some(subject.admin.clone()),
                };
                let sample = if by_socket {
                    over_sockets(stage, target, at_once).await?
                } else {
                    drive(&stage.gateway, vec![target; at_once], stage.pace.time).await?
                };
                if reference.is_nan() {
                    reference = sample.ours();
                }
                let by = if by_socket { "socket" } else { "call" };
                table.row(cells(name, by, at_once, &sample, reference));
            }
        }
    }
    table.print("Requests");
    Ok(())
}

fn cells(name: &str, by: &str, at_once: usize, sample: &Sample, reference: f64) -> [String; 10] {
    [
        name.to_owned(),
        by.to_owned(),
        at_once.to_string(),
        number(sample.per_second()),
        latency(sample.percentile(50)),
        latency(sample.percentile(99)),
        us(sample.cpu(Share::Gateway)),
        us(sample.cpu(Share::Database)),
        us(sample.cpu(Share::Client)),
        number(sample.ours() / reference),
    ]
}

async fn over_sockets(stage: &Stage, target: Visitor, at_once: usize) -> Result<Sample, Error> {
    let server = Server::start(target.router).await?;
    let cookie = target.cookie.unwrap_or_default();
    let address = server.address;
    let path = target.path;
    // A socket belongs to the threads on which it was opened.
    let open = stage.client.spawn(async move {
        let mut connections = Vec::new();
        for _ in 0..at_once {
            connections.push(Connection::open(address, &path, &cookie).await?);
        }
        Ok::<_, Error>(connections)
    });
    drive(&stage.client, open.await??, stage.pace.time).await
}
