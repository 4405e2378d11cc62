//! Sign-ins from start to session.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::{
    Router,
    http::{StatusCode, header},
};

use crate::{
    Error,
    cpu::Share,
    database::{self, Kind},
    load::{Sample, Worker, drive},
    reference,
    stage::Stage,
    subject::{Provider, Subject},
    table::{Table, latency, ms, number},
    visit::visit,
};

/// How many people come back again and again.
const KNOWN: u32 = 100;
const START: &str = "/api/v1/auth/oidc/start?provider_key=idp";

/// Who comes.
#[derive(Clone, Copy)]
pub enum Who {
    /// People who were here before.
    Known,
    /// Somebody else each time.
    Strangers,
}

/// Signs somebody in: to the start, off to the provider, back to the callback.
#[derive(Clone)]
pub struct SignIn {
    router: Router,
    provider: Provider,
    start: &'static str,
    who: Who,
    /// Counts everybody who came, over all runs: no stranger comes twice, and no address comes often.
    count: Arc<AtomicU32>,
}

impl SignIn {
    /// To a gateway.
    pub fn to(subject: &Subject, who: Who) -> Self {
        Self {
            router: subject.router.clone(),
            provider: subject.provider.clone(),
            start: START,
            who,
            count: Arc::default(),
        }
    }

    /// Makes everybody known who will be.
    pub async fn introduce(&mut self) -> Result<(), Error> {
        for _ in 0..KNOWN {
            self.once().await?;
        }
        Ok(())
    }
}

impl Worker for SignIn {
    async fn once(&mut self) -> Result<(), Error> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let name = match self.who {
            Who::Known => format!("known{}", number % KNOWN),
            Who::Strangers => format!("stranger{number}"),
        };
        let peer = SocketAddr::from((Ipv4Addr::from(0x0A00_0000 + number), 40_000));
        let started = visit(&self.router, self.start, None, peer).await?;
        let location = started.header(&header::LOCATION).to_owned();
        let cookie = started.header(&header::SET_COOKIE).split(';').next();
        let callback = self.provider.agree(name, location).await?.to_string();
        let answer = visit(&self.router, &callback, cookie, peer).await?;
        let to = answer.header(&header::LOCATION);
        if answer.status == StatusCode::SEE_OTHER && to == "/admin" {
            Ok(())
        } else {
            Err(format!("a sign-in ended with {} at {to:?}", answer.status).into())
        }
    }
}

/// Prints the table of a database.
pub async fn measure(stage: &Stage, kind: Kind, folder: Option<&Path>) -> Result<(), Error> {
    let Some(database) = database::fresh(kind, folder).await? else {
        return Ok(());
    };
    let subject = Subject::new(stage, database).await?;
    let mut known = SignIn::to(&subject, Who::Known);
    known.introduce().await?;
    // They share the count: an address that comes too often is kept waiting.
    let strangers = SignIn {
        who: Who::Strangers,
        ..known.clone()
    };
    let credulous = SignIn {
        router: reference::credulous(&subject.provider.idp)?,
        start: "/bare/start",
        ..known.clone()
    };
    let mut table = Table::new([
        "",
        "at once",
        "a second",
        "p50 ms",
        "p99 ms",
        "CPU ms: gateway",
        "database",
        "provider",
        "× reference",
    ]);
    for at_once in [1, 16] {
        let all = async |who: &SignIn| {
            drive(&stage.gateway, vec![who.clone(); at_once], stage.pace.time).await
        };
        let reference = all(&credulous).await?;
        let mut row = |name: &str, sample: &Sample| {
            table.row([
                name.to_owned(),
                at_once.to_string(),
                number(sample.per_second()),
                latency(sample.percentile(50)),
                latency(sample.percentile(99)),
                ms(sample.cpu(Share::Gateway)),
                ms(sample.cpu(Share::Database)),
                ms(sample.cpu(Share::Provider)),
                number(sample.ours() / reference.ours()),
            ]);
        };
        row("reference: believes everything", &reference);
        row("somebody known", &all(&known).await?);
        row("a stranger", &all(&strangers).await?);
    }
    table.print("Sign-in");
    Ok(())
}
