//! Usage for spreadsheets.

use std::fmt::Write as _;

use super::{Dimension, UsageRow};

/// The rows as CSV (RFC 4180) with a header: the columns of `by` in their order, then the sums. Costs are in dollars with
/// nine decimals. A cell that a spreadsheet would take for a formula begins with an apostrophe.
pub fn csv(rows: &[UsageRow], by: &[Dimension]) -> String {
    let mut text = String::new();
    for dimension in by {
        text.push_str(match dimension {
            Dimension::Day => "day,",
            Dimension::Model => "model,",
            Dimension::Team => "team,team_name,",
            Dimension::User => "owner_kind,owner_id,owner,",
        });
    }
    text.push_str(
        "requests,attempts,input_tokens,output_tokens,cache_read_tokens,cache_write_tokens,reasoning_tokens,cost_usd,\
         unpriced_attempts,estimated_attempts\r\n",
    );
    for row in rows {
        for dimension in by {
            names(&mut text, row, *dimension);
        }
        numbers(&mut text, row);
    }
    text
}

fn names(text: &mut String, row: &UsageRow, dimension: Dimension) {
    let mut cell = |value: &str| {
        quote(text, value);
        text.push(',');
    };
    match dimension {
        Dimension::Day => cell(&row.day.map(|day| day.to_string()).unwrap_or_default()),
        Dimension::Model => cell(row.model.as_deref().unwrap_or_default()),
        Dimension::Team => {
            let (key, name) = row.team.clone().unwrap_or_default();
            cell(&key);
            cell(&name);
        }
        Dimension::User => match &row.owner {
            Some((owner, label)) => {
                cell(owner.kind().as_str());
                cell(&owner.uuid().to_string());
                cell(label);
            }
            None => (0..3).for_each(|_| cell("")),
        },
    }
}

fn numbers(text: &mut String, row: &UsageRow) {
    let tokens = &row.tokens;
    let nano = row.cost.nano();
    let (sign, nano) = (if nano < 0 { "-" } else { "" }, nano.unsigned_abs());
    let (dollars, rest) = (nano / 1_000_000_000, nano % 1_000_000_000);
    let _ = write!(
        text,
        "{},{},{},{},{},{},{},{sign}{dollars}.{rest:09},{},{}\r\n",
        row.requests,
        row.attempts,
        tokens.input,
        tokens.output,
        tokens.cache_read,
        tokens.cache_write,
        tokens.reasoning,
        row.unpriced,
        row.estimated,
    );
}

/// Appends a cell that was named by somebody.
fn quote(text: &mut String, value: &str) {
    let is_formula = value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let guarded = if is_formula {
        format!("'{value}")
    } else {
        value.to_owned()
    };
    if guarded.contains([',', '"', '\r', '\n']) {
        let _ = write!(text, "\"{}\"", guarded.replace('"', "\"\""));
    } else {
        text.push_str(&guarded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (value, cell) in [
            ("gpt-4o", "gpt-4o"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            (
                "=HYPERLINK(\"http://x\",\"y\")",
                "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"",
            ),
            ("a,b", "\"a,b\""),
            ("a\r\nb", "\"a\r\nb\""),
        ] {
            let mut text = String::new();
            quote(&mut text, value);
            assert_eq!(text, cell);
        }
    }

    #[test]
    fn the_columns_are_those_that_were_kept_apart() {
        let by = [Dimension::Day, Dimension::Team];
        let text = csv(&[], &by);
        assert!(
            text.starts_with("day,team,team_name,requests,attempts,"),
            "{text}"
        );
        assert!(text.ends_with("\r\n"));
    }
}
