//! Many rows, written by the store's own functions.

use chrono::TimeDelta;
use gateway_domain::{
    Email, GlobalRole, ManagedBy, MembershipSource, Origin, RoleSource, SignIn, TeamRole, Token,
    UserId, UserStatus,
    audit::{Action, NewEntry, Party},
};
use gateway_identity::Context;
use gateway_store::{
    Db, audit,
    login_flows::{self, FlowKind, LoginFlow},
    teams, users,
};

use crate::{Error, database, subject::Subject};

/// Rows of one transaction.
const BATCH: usize = 500;
/// Whoever does most of what is audited.
pub const BUSY: &str = "busy@example.org";

const FIRST: [&str; 20] = [
    "Ada", "Bela", "Chidi", "Dara", "Emeka", "Fatima", "Goro", "Hana", "Iris", "Jonas", "Kofi",
    "Lena", "Mina", "Nadia", "Omar", "Pia", "Quentin", "Rosa", "Sven", "Tariq",
];
const LAST: [&str; 17] = [
    "Abbott", "Bauer", "Conti", "Duarte", "Eriksen", "Fofana", "Garcia", "Haddad", "Ito", "Jansen",
    "Kaya", "Lindgren", "Mensah", "Novak", "Okafor", "Petrov", "Quist",
];

/// The address of the person with this number.
pub fn address(number: usize) -> String {
    let (first, last) = names(number);
    format!("{first}.{last}{number}@example.com").to_lowercase()
}

fn names(number: usize) -> (&'static str, &'static str) {
    let pick = |from: &[&'static str]| from.get(number % from.len()).copied().unwrap_or_default();
    (pick(&FIRST), pick(&LAST))
}

/// Adds the people with these numbers, each in the team. Returns the one in the middle.
pub async fn add(
    subject: &Subject,
    numbers: std::ops::Range<usize>,
) -> Result<Option<UserId>, Error> {
    let middle = usize::midpoint(numbers.start, numbers.end);
    let mut found = None;
    let now = subject.ctx.now();
    for batch in batches(numbers) {
        settle_when_doubled(subject.ctx.db(), batch.start).await?;
        let mut tx = subject.ctx.db().begin().await?;
        for number in batch {
            let email: Email = address(number).parse()?;
            let (first, last) = names(number);
            let new = users::NewUser {
                email: &email,
                name: &format!("{first} {last}"),
                status: UserStatus::Active,
                sign_in: SignIn::provider("idp"),
                global_role: GlobalRole::User,
                role_source: RoleSource::Jit,
                request_logging_enabled: true,
                managed_by: ManagedBy::Provider,
            };
            let user = users::insert(&mut tx, new, now).await?;
            let id = user.ok_or("an address came twice")?.id;
            let source = MembershipSource::Jit;
            teams::set_member(&mut tx, id, subject.team, TeamRole::Member, source, now).await?;
            if number == middle {
                found = Some(id);
            }
        }
        tx.commit().await?;
    }
    Ok(found)
}

/// Adds audit entries: half of them by one busy actor, every fiftieth a refusal.
pub async fn add_entries(ctx: &Context, numbers: std::ops::Range<usize>) -> Result<(), Error> {
    let origin = Origin::local("gateway-bench");
    for batch in batches(numbers) {
        let mut tx = ctx.db().begin().await?;
        for number in batch {
            let label = match number % 2 {
                0 => BUSY.to_owned(),
                _ => address(number),
            };
            let entry = NewEntry {
                actor: Party::new("user", &label, label.clone()),
                action: match number % 50 {
                    7 => Action::SignInFailed,
                    _ => Action::SignInSucceeded,
                },
                target: Party::new("session", number, String::new()),
                before: None,
                after: Some(serde_json::json!({ "how": "gateway-bench" })),
                provider_key: Some("idp"),
                origin: &origin,
            };
            audit::append(&mut tx, entry, ctx.now()).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// Adds started sign-ins that nobody finished, two days ago.
pub async fn add_flows(ctx: &Context, count: usize) -> Result<(), Error> {
    let flow = LoginFlow {
        kind: FlowKind::Oidc,
        provider_key: "idp".to_owned(),
        settings_digest: vec![0; 32],
        browser_hash: vec![0; 32],
        salt: vec![0; 32],
        redirect_uri: "https://gateway.test/api/v1/auth/oidc/callback".to_owned(),
        return_to: "/admin".to_owned(),
        created_at: ctx.now() - TimeDelta::days(2),
        expires_at: ctx.now() - TimeDelta::days(2) + TimeDelta::minutes(10),
        consumed_at: None,
    };
    for batch in batches(0..count) {
        let mut tx = ctx.db().begin().await?;
        for _ in batch {
            login_flows::insert(&mut tx, &Token::generate().hash(), &flow).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// PostgreSQL keeps the plans that fitted when there were few rows, until it counts them again. In production it does so
/// by itself.
async fn settle_when_doubled(db: &Db, rows: usize) -> Result<(), Error> {
    let batch_number = rows.div_ceil(BATCH);
    if batch_number.is_power_of_two() {
        database::settle(db).await?;
    }
    Ok(())
}

fn batches(numbers: std::ops::Range<usize>) -> impl Iterator<Item = std::ops::Range<usize>> {
    let end = numbers.end;
    numbers
        .step_by(BATCH)
        .map(move |start| start..(start + BATCH).min(end))
}
