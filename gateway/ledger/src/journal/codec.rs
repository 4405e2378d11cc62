//! What a record tells, as bytes: each field in its turn, numbers as short as they are, words as they are in the
//! database. Whoever changes the order or adds a field gives [`super::frame`] another format number.

use chrono::DateTime;
use gateway_domain::{
    KeyOwner, OwnerKind, TeamId,
    ledger::{Account, Attempt, RequestRecord},
    money::{NanoUsd, Price, Rate, Tokens},
};
use gateway_store::ledger::PayloadRow;
use uuid::Uuid;

use super::Progress;
use crate::rows::Opened;

/// Something that a record tells.
pub(crate) trait Record: Sized {
    /// Appends it.
    fn write(&self, out: &mut Vec<u8>);
    /// Reads it back; `None` when these bytes do not tell it.
    fn read(input: &mut &[u8]) -> Option<Self>;
}

impl Record for u64 {
    fn write(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest > 0x7f {
            out.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        out.push(rest.to_le_bytes()[0]);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = input.split_first()?;
            *input = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

/// The sign last, so that small negative numbers are short too.
impl Record for i64 {
    fn write(&self, out: &mut Vec<u8>) {
        ((self << 1) ^ (self >> 63)).cast_unsigned().write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        let number = u64::read(input)?;
        Some((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    }
}

impl Record for i32 {
    fn write(&self, out: &mut Vec<u8>) {
        i64::from(*self).write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        i64::read(input)?.try_into().ok()
    }
}

impl Record for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        Some(u64::read(input)? == 1)
    }
}

impl Record for Uuid {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = input.split_first_chunk()?;
        *input = rest;
        Some(Self::from_bytes(*bytes))
    }
}

impl Record for String {
    fn write(&self, out: &mut Vec<u8>) {
        text(self, out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        let length = u64::read(input)?.try_into().ok()?;
        let (bytes, rest) = input.split_at_checked(length)?;
        *input = rest;
        Self::from_utf8(bytes.to_vec()).ok()
    }
}

impl<T: Record> Record for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        Some(if bool::read(input)? {
            Some(T::read(input)?)
        } else {
            None
        })
    }
}

fn text(text: &str, out: &mut Vec<u8>) {
    (text.len() as u64).write(out);
    out.extend_from_slice(text.as_bytes());
}

/// Fields in their turn: how each is written and read.
macro_rules! records {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ident),* $(,)? })*) => {$(
        impl Record for $name {
            fn write(&self, out: &mut Vec<u8>) {
                $(records!(@write $kind, self.$field, out);)*
            }

            fn read(input: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: records!(@read $kind, input)),* })
            }
        }
    )*};
    (@write plain, $value:expr, $out:ident) => { $value.write($out) };
    (@read plain, $input:ident) => { Record::read($input)? };
    (@write id, $value:expr, $out:ident) => { $value.uuid().write($out) };
    (@read id, $input:ident) => { Uuid::read($input)?.into() };
    (@write word, $value:expr, $out:ident) => { text($value.as_str(), $out) };
    (@read word, $input:ident) => { String::read($input)?.parse().ok()? };
    (@write moment, $value:expr, $out:ident) => { $value.timestamp_micros().write($out) };
    (@read moment, $input:ident) => { DateTime::from_timestamp_micros(i64::read($input)?)? };
    (@write json, $value:expr, $out:ident) => { text(&$value.to_string(), $out) };
    (@read json, $input:ident) => { String::read($input)?.parse().ok()? };
    (@write pair, $value:expr, $out:ident) => {{
        $value.is_some().write($out);
        if let Some((first, second)) = &$value {
            first.write($out);
            second.write($out);
        }
    }};
    (@read pair, $input:ident) => {
        if bool::read($input)? { Some((String::read($input)?, String::read($input)?)) } else { None }
    };
}

records! {
    Opened { attempt: plain, request: plain, price: plain }
    Progress { attempt: id, output: plain, at: moment }
    Attempt {
        id: id, request_id: id, ordinal: plain, account: plain, model: plain, provider: plain, upstream_model: plain,
        outcome: word, upstream_status: plain, error_code: plain, usage: word, pricing: word, tokens: plain, cost: plain,
        started_at: moment, first_byte_ms: plain, total_ms: plain,
    }
    RequestRecord {
        id: id, at: moment, surface: word, account: plain, model: plain, served_by: pair, streamed: plain, status: plain,
        error_code: plain, attempts: plain, tokens: plain, cost: plain, first_byte_ms: plain, total_ms: plain,
        client_request_id: plain, labels: json,
    }
    PayloadRow { request_id: id, at: moment, kept: word, request: plain, response: plain, truncated: plain }
    Tokens {
        input: plain, output: plain, cache_read: plain, cache_write: plain, cache_write_1h: plain, reasoning: plain,
        audio_input: plain, audio_output: plain, image_input: plain,
    }
    Price {
        input: plain, output: plain, cache_read: plain, cache_write: plain, cache_write_1h: plain, reasoning: plain,
        audio_input: plain, audio_output: plain, image_input: plain,
    }
}

impl Record for Account {
    fn write(&self, out: &mut Vec<u8>) {
        self.key_id.uuid().write(out);
        text(self.owner.kind().as_str(), out);
        self.owner.uuid().write(out);
        self.team_id.map(TeamId::uuid).write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        let key_id = Uuid::read(input)?.into();
        let kind: OwnerKind = String::read(input)?.parse().ok()?;
        Some(Self {
            key_id,
            owner: KeyOwner::new(kind, Uuid::read(input)?),
            team_id: Option::<Uuid>::read(input)?.map(TeamId::from),
        })
    }
}

impl Record for NanoUsd {
    fn write(&self, out: &mut Vec<u8>) {
        self.nano().write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        i64::read(input).map(Self::new)
    }
}

impl Record for Rate {
    fn write(&self, out: &mut Vec<u8>) {
        self.pico().write(out);
    }

    fn read(input: &mut &[u8]) -> Option<Self> {
        serde_json::from_value(u64::read(input)?.into()).ok()
    }
}
