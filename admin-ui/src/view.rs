//! How values read on a page: words for states and roles, times, browsers.

mod amounts;
mod calls;

use std::{
    borrow::{Borrow, Cow},
    fmt::Write as _,
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, Utc};
use gateway_config::Jit;
use gateway_domain::{
    GlobalRole, ManagedBy, Membership, MembershipSource, RoleSource, SignIn, TeamRole, User,
    UserStatus,
};

pub(crate) use amounts::{Amount, count, many, share, span};
pub(crate) use calls::{price_kinds, reason, tone, unfinished};

/// A point in time, in a page.
pub(crate) trait Moment {
    /// For `<time datetime>`.
    fn iso(&self) -> String;
    /// For readers.
    fn utc(&self) -> String;
    /// To the second, where the page says that it is UTC.
    fn seconds(&self) -> String;
    /// The time of the day to the millisecond, likewise.
    fn clock(&self) -> String;
}

impl Moment for DateTime<Utc> {
    fn iso(&self) -> String {
        self.to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    fn utc(&self) -> String {
        self.format("%Y-%m-%d %H:%M UTC").to_string()
    }

    fn seconds(&self) -> String {
        self.format("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn clock(&self) -> String {
        self.format("%H:%M:%S%.3f").to_string()
    }
}

/// A word of the domain, in a page.
pub(crate) trait Label {
    /// For readers.
    fn label(&self) -> Cow<'static, str>;

    /// The colour of its badge; the text says the same.
    fn tone(&self) -> &'static str {
        "plain"
    }
}

impl Label for GlobalRole {
    fn label(&self) -> Cow<'static, str> {
        match self {
            Self::User => "User".into(),
            Self::Auditor => "Auditor".into(),
            Self::PlatformAdmin => "Platform admin".into(),
        }
    }
}

impl Label for TeamRole {
    fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Member => "Member".into(),
            Self::Admin => "Admin".into(),
            Self::Owner => "Owner".into(),
        }
    }
}

impl Label for UserStatus {
    fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Invited => "Invited".into(),
            Self::Active => "Active".into(),
            Self::Disabled => "Disabled".into(),
        }
    }

    fn tone(&self) -> &'static str {
        match self {
            Self::Invited => "warn",
            Self::Active => "ok",
            Self::Disabled => "bad",
        }
    }
}

impl Label for ManagedBy {
    fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Config => "the configuration file".into(),
            Self::Admin => "administrators".into(),
            Self::Provider => "administrators, since the first sign-in".into(),
        }
    }
}

impl Label for RoleSource {
    fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Jit => "given at the first sign-in by the provider’s rule for new people".into(),
            Self::Mapping => "given by a group at the identity provider".into(),
            Self::Config => "given by the configuration file".into(),
            Self::Manual => "set by an administrator".into(),
        }
    }
}

impl Label for MembershipSource {
    fn label(&self) -> Cow<'static, str> {
        match self {
            Self::Jit => "since the first sign-in".into(),
            Self::Mapping => "through a group".into(),
            Self::Config => "configuration file".into(),
            Self::Manual => "added by hand".into(),
        }
    }
}

impl Label for SignIn {
    fn label(&self) -> Cow<'static, str> {
        if self.is_password() {
            "Password".into()
        } else {
            self.as_str().to_owned().into()
        }
    }
}

impl Label for bool {
    fn label(&self) -> Cow<'static, str> {
        if *self { "On".into() } else { "Off".into() }
    }
}

/// What a provider does with strangers, in one sentence.
pub(crate) fn strangers(jit: Option<&Jit>) -> String {
    let Some(jit) = jit else {
        return "Refused. Only people who were invited or declared come in.".to_owned();
    };
    let mut text = format!(
        "Taken in as {}",
        jit.global_role.label().to_ascii_lowercase()
    );
    if let Some(membership) = &jit.membership {
        let role = membership.role.label().to_ascii_lowercase();
        // Writing to a String does not fail.
        let _ = write!(text, ", {role} of team {}", membership.team);
    }
    text.push_str(if jit.request_logging_enabled {
        "; their requests are logged."
    } else {
        "; their requests are not logged."
    });
    text
}

/// What to call a person: their name, or their address when they have none.
pub(crate) fn called(user: &User) -> &str {
    if user.name.trim().is_empty() {
        &user.email
    } else {
        &user.name
    }
}

/// Teams in a table's cell.
pub(crate) fn team_names(teams: &[Membership]) -> String {
    let names: Vec<&str> = teams.iter().map(|team| team.team_name.as_str()).collect();
    names.join(", ")
}

/// A greeting by name.
pub(crate) fn greeting(user: &User) -> String {
    format!("Hello, {}", called(user))
}

/// A limit, in the largest unit that fits it evenly.
pub(crate) fn duration(limit: impl Borrow<Duration>) -> String {
    let seconds = limit.borrow().as_secs();
    let units = [
        (86400, "day"),
        (3600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    let fits = units
        .into_iter()
        .find(|(size, _)| seconds.is_multiple_of(*size));
    let (size, unit) = fits.unwrap_or((1, "second"));
    match seconds / size {
        1 => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    }
}

/// The browser and the system of a user agent, as far as they are common; otherwise its beginning.
pub(crate) fn browser(user_agent: &str) -> String {
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("HeadlessChrome/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let first = |list: &[(&str, &'static str)]| {
        let found = list.iter().find(|(mark, _)| user_agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    match (first(&BROWSERS), first(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ if user_agent.is_empty() => "Unknown browser".to_owned(),
        _ => user_agent.chars().take(60).collect(),
    }
}

/// A path with a query of those parameters that have a value.
pub(crate) fn address(path: &str, query: &[(&str, Option<&str>)]) -> String {
    let mut serializer = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in query {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            serializer.append_pair(name, value);
        }
    }
    let query = serializer.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_browsers_are_named() {
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        assert_eq!(browser(agent), "Firefox on Linux");
        assert_eq!(browser("curl/8.9.1"), "curl/8.9.1");
        assert_eq!(browser(""), "Unknown browser");
    }

    #[test]
    fn limits_are_told_in_their_own_unit() {
        assert_eq!(duration(Duration::from_hours(8)), "8 hours");
        assert_eq!(duration(Duration::from_hours(24)), "1 day");
        assert_eq!(duration(Duration::from_secs(90)), "90 seconds");
    }

    #[test]
    fn empty_parameters_stay_out_of_the_query() {
        let query = [("q", Some("a&b")), ("status", Some("")), ("cursor", None)];
        assert_eq!(address("/admin/users", &query), "/admin/users?q=a%26b");
    }
}
