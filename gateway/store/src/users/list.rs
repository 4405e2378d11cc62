//! The list of people, a page at a time.
//!
//! A page costs the same however many people there are. Who walks from the newest on is done when the page is full, which
//! is soon unless hardly anybody matches; then, all who match are few, and an index names them.

use gateway_domain::{TeamId, User, UserId, UserStatus};

use crate::{Builder, Db, Executor as _, Result};

/// So many matches are looked at one by one; a walk from the newest finds a page of more than these sooner.
const FEW: i64 = 2_000;

/// Which people to list.
#[derive(Clone, Debug, Default)]
pub struct Filter<'a> {
    /// The beginning of an address, of its host, or of a word of the name; any case.
    pub search: Option<&'a str>,
    /// Where they stand.
    pub status: Option<UserStatus>,
    /// In which team.
    pub team: Option<TeamId>,
    /// The last id of the page before.
    pub before: Option<UserId>,
}

/// Newest first.
pub async fn list(db: &Db, filter: &Filter<'_>, limit: i64) -> Result<Vec<User>> {
    let builder = match filter.search.and_then(Terms::beginning_with) {
        Some(terms) if terms.are_few(db).await? => among_few(db, terms, filter),
        terms => from_newest(db, terms, filter),
    };
    builder
        .push_with(" LIMIT ?", limit)
        .build()
        .fetch_all()
        .await
}

/// All that begins with a text: from it, to before `until`.
struct Terms {
    from: String,
    until: String,
}

impl Terms {
    fn beginning_with(text: &str) -> Option<Self> {
        let from = text.trim().to_lowercase();
        let until = format!("{from}\u{10ffff}");
        (!from.is_empty()).then_some(Self { from, until })
    }

    async fn are_few(&self, db: &Db) -> Result<bool> {
        let found: i64 = db
            .query(
                "SELECT COUNT(*) FROM (SELECT 1 FROM user_terms WHERE term >= $1 AND term < $2 LIMIT $3) AS found",
            )
            .bind(self.from.as_str())
            .bind(self.until.as_str())
            .bind(FEW)
            .fetch_scalar()
            .await?;
        Ok(found < FEW)
    }
}

/// Looks at everybody who matches the search. `MATERIALIZED`: else PostgreSQL, when it plans without knowing the text,
/// may walk.
fn among_few<'c>(db: &'c Db, terms: Terms, filter: &Filter<'_>) -> Builder<'c, &'c Db> {
    Builder::new(
        db,
        "WITH found AS MATERIALIZED (SELECT user_id FROM user_terms",
    )
    .push_with(" WHERE term >= ?", terms.from)
    .push_with(" AND term < ?) ", terms.until)
    .push(select!("WHERE u.id IN (SELECT user_id FROM found)"))
    .push_if(
        " AND EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = u.id AND m.team_id = ?)",
        filter.team,
    )
    .push_if(" AND u.status = ?", filter.status)
    .push_if(" AND u.id < ?", filter.before)
    .push(" ORDER BY u.id DESC")
}

/// Walks everybody, or a team, and stops when the page is full. `CROSS JOIN`: SQLite keeps its order, which is that of
/// the team's index.
fn from_newest<'c>(db: &'c Db, terms: Option<Terms>, filter: &Filter<'_>) -> Builder<'c, &'c Db> {
    let (builder, order) = match filter.team {
        None => (
            Builder::new(db, select!("WHERE TRUE")).push_if(" AND u.id < ?", filter.before),
            " ORDER BY u.id DESC",
        ),
        Some(team) => (
            Builder::new(
                db,
                select!(
                    "FROM memberships m CROSS JOIN users u ",
                    "WHERE u.id = m.user_id"
                ),
            )
            .push_with(" AND m.team_id = ?", team)
            .push_if(" AND m.user_id < ?", filter.before),
            " ORDER BY m.user_id DESC",
        ),
    };
    let builder = builder.push_if(" AND u.status = ?", filter.status);
    let builder = match terms {
        None => builder,
        Some(terms) => builder
            .push_with(
                " AND EXISTS (SELECT 1 FROM user_terms t WHERE t.user_id = u.id AND t.term >= ?",
                terms.from,
            )
            .push_with(" AND t.term < ?)", terms.until),
    };
    builder.push(order)
}
