//! What both databases can keep.
//!
//! PostgreSQL refuses NUL characters in texts, and SQLite, which keeps moments as texts, sorts them wrongly outside of
//! four-digit years. What one cannot do, neither does.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use sqlx::{Encode, Postgres, Type, TypeInfo as _, encode::IsNull, postgres::PgArgumentBuffer};

use crate::Param;

/// What PostgreSQL counts microseconds from in the binary form of a moment.
const EPOCH: NaiveDate = match NaiveDate::from_ymd_opt(2000, 1, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

/// Why a value cannot be kept; `None` for one that can.
pub(crate) fn unstorable<'q, T: Param<'q>>(value: &T) -> Option<&'static str> {
    let kind = <T as Encode<'q, Postgres>>::produces(value)
        .unwrap_or_else(<T as Type<Postgres>>::type_info);
    let check = match kind.name() {
        "TEXT" | "VARCHAR" | "NAME" | "CHAR" => text,
        "TIMESTAMPTZ" => moment,
        _ => return None,
    };
    // PostgreSQL's form is the one that the driver lets be looked at. One that cannot be made fails in its turn.
    let mut encoded = PgArgumentBuffer::default();
    match <T as Encode<'q, Postgres>>::encode_by_ref(value, &mut encoded).ok()? {
        IsNull::Yes => None,
        IsNull::No => check(&encoded),
    }
}

fn text(encoded: &[u8]) -> Option<&'static str> {
    encoded
        .contains(&0)
        .then_some("a text with a NUL character")
}

fn moment(encoded: &[u8]) -> Option<&'static str> {
    let micros = i64::from_be_bytes(encoded.try_into().ok()?);
    let epoch = EPOCH.and_time(NaiveTime::MIN).and_utc();
    let moment = epoch.checked_add_signed(chrono::TimeDelta::microseconds(micros));
    let fits = moment.is_some_and(|moment| is_of_our_calendar(&moment));
    (!fits).then_some("a moment outside of the years 0 to 9999")
}

fn is_of_our_calendar(moment: &DateTime<Utc>) -> bool {
    (0..=9999).contains(&chrono::Datelike::year(moment))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn texts_hold_no_nul() {
        assert_eq!(unstorable(&"a team"), None);
        assert_eq!(unstorable(&None::<String>), None);
        assert_eq!(unstorable(&Vec::from(b"\0")), None, "bytes are no text");
        assert_eq!(unstorable(&Uuid::nil()), None, "nor is an id");
        assert!(unstorable(&"a\0b").is_some());
        assert!(unstorable(&"a\0b".to_owned()).is_some());
        assert!(unstorable(&Some("\0".to_owned())).is_some());
    }

    #[test]
    fn moments_are_of_four_digit_years() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        for fits in [
            "0000-01-01T00:00:00Z",
            "1969-07-20T20:17:00Z",
            "9999-12-31T23:59:59.999999Z",
        ] {
            assert_eq!(unstorable(&at(fits)), None, "{fits}");
            assert_eq!(unstorable(&Some(at(fits))), None, "{fits}");
        }
        for odd in [
            "-0001-12-31T23:59:59Z",
            "-9999-01-01T00:00:00Z",
            "+10000-01-01T00:00:00Z",
        ] {
            assert!(unstorable(&at(odd)).is_some(), "{odd}");
        }
        assert!(unstorable(&DateTime::<Utc>::MAX_UTC).is_some());
    }
}
