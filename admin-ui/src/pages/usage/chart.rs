//! The bars of the usage page, reckoned in integers.

use std::collections::HashMap;

use chrono::NaiveDate;
use gateway_domain::money::{NanoUsd, Tokens};
use gateway_ledger::usage::{Filter, UsageRow};

use crate::view::{Amount as _, count};

/// How high the drawing is, in its own units; it is stretched to its place.
const HEIGHT: u64 = 1000;
/// How wide a day is, and the bar within it.
const DAY: usize = 10;
const BAR: usize = 8;

/// A chart with one bar a day.
pub(crate) struct Chart {
    /// For the ids of its parts.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// What it shows, in a sentence.
    pub(crate) sentence: String,
    pub(crate) width: usize,
    pub(crate) bars: Vec<Bar>,
    /// What the top line stands for.
    pub(crate) top: String,
    /// The days below, as many as there is room for.
    pub(crate) ticks: Vec<String>,
    /// What the parts of a bar are, where there are several.
    pub(crate) legend: Vec<(&'static str, &'static str)>,
}

/// A day's bar: its parts from the bottom up.
pub(crate) struct Bar {
    pub(crate) title: String,
    pub(crate) parts: Vec<Part>,
}

/// A part of a bar.
pub(crate) struct Part {
    pub(crate) x: usize,
    pub(crate) y: u64,
    pub(crate) width: usize,
    pub(crate) height: u64,
    pub(crate) class: &'static str,
}

/// Every day of the range in order, those without a call too.
pub(crate) fn days_of(filter: &Filter, rows: Vec<UsageRow>) -> Vec<UsageRow> {
    let mut known: HashMap<NaiveDate, UsageRow> = rows
        .into_iter()
        .filter_map(|row| Some((row.day?, row)))
        .collect();
    let days = filter.from.iter_days().take_while(|day| *day <= filter.to);
    let row = |day| {
        known.remove(&day).unwrap_or(UsageRow {
            day: Some(day),
            ..empty()
        })
    };
    days.map(row).collect()
}

/// The sums of all rows.
pub(crate) fn total(rows: &[UsageRow]) -> UsageRow {
    UsageRow {
        requests: rows.iter().map(|row| row.requests).sum(),
        attempts: rows.iter().map(|row| row.attempts).sum(),
        tokens: rows.iter().map(|row| row.tokens).sum(),
        cost: rows.iter().map(|row| row.cost).sum(),
        unpriced: rows.iter().map(|row| row.unpriced).sum(),
        estimated: rows.iter().map(|row| row.estimated).sum(),
        ..empty()
    }
}

fn empty() -> UsageRow {
    UsageRow {
        day: None,
        model: None,
        team: None,
        owner: None,
        requests: 0,
        attempts: 0,
        tokens: Tokens::default(),
        cost: NanoUsd::default(),
        unpriced: 0,
        estimated: 0,
    }
}

/// All input tokens, those from and into caches too.
pub(crate) fn read(tokens: &Tokens) -> u64 {
    tokens
        .input
        .saturating_add(tokens.cache_read)
        .saturating_add(tokens.cache_write)
}

/// Cost and tokens of each day.
pub(crate) fn charts(days: &[UsageRow]) -> Vec<Chart> {
    let cost = |row: &UsageRow| row.cost.nano().max(0).unsigned_abs();
    let used = |row: &UsageRow| read(&row.tokens).saturating_add(row.tokens.output);
    let most_cost = days.iter().map(cost).max().unwrap_or_default();
    let most_used = days.iter().map(used).max().unwrap_or_default();
    let sum = total(days);
    let costs = Chart {
        id: "cost",
        title: "Cost per day",
        sentence: format!(
            "{} in all; at most {} on one day.",
            sum.cost.short(),
            short(most_cost)
        ),
        top: short(most_cost),
        bars: bars(days, most_cost, |row| {
            (format!("{}", row.cost), vec![(cost(row), "bar-a")])
        }),
        legend: Vec::new(),
        width: days.len() * DAY,
        ticks: ticks(days),
    };
    let tokens = Chart {
        id: "tokens",
        title: "Tokens per day",
        sentence: format!(
            "{} read and {} written in all; at most {} on one day.",
            count(read(&sum.tokens)),
            count(sum.tokens.output),
            count(most_used)
        ),
        top: count(most_used),
        bars: bars(days, most_used, |row| {
            let (input, output) = (read(&row.tokens), row.tokens.output);
            let text = format!("{} read, {} written", count(input), count(output));
            (text, vec![(input, "bar-a"), (output, "bar-b")])
        }),
        legend: vec![("bar-a", "Read"), ("bar-b", "Written")],
        width: days.len() * DAY,
        ticks: ticks(days),
    };
    vec![costs, tokens]
}

fn short(nano: u64) -> String {
    NanoUsd::new(i64::try_from(nano).unwrap_or(i64::MAX)).short()
}

type Parts = Vec<(u64, &'static str)>;

fn bars(days: &[UsageRow], most: u64, of: impl Fn(&UsageRow) -> (String, Parts)) -> Vec<Bar> {
    let bar = |(index, row): (usize, &UsageRow)| {
        let (text, amounts) = of(row);
        let mut floor = HEIGHT;
        let parts = amounts.into_iter().map(|(amount, class)| {
            let height = height(amount, most).min(floor);
            floor -= height;
            Part {
                x: index * DAY + (DAY - BAR) / 2,
                y: floor,
                width: BAR,
                height,
                class,
            }
        });
        let parts = parts.filter(|part| part.height > 0).collect();
        let day = row.day.map(|day| day.to_string()).unwrap_or_default();
        Bar {
            title: format!("{day}: {text}, {} requests", count(row.requests)),
            parts,
        }
    };
    days.iter().enumerate().map(bar).collect()
}

/// How high a bar is. What is not nothing is seen.
fn height(amount: u64, most: u64) -> u64 {
    if amount == 0 || most == 0 {
        return 0;
    }
    let height = u128::from(amount) * u128::from(HEIGHT) / u128::from(most);
    u64::try_from(height).unwrap_or(HEIGHT).clamp(8, HEIGHT)
}

/// The first, the middle and the last day.
fn ticks(days: &[UsageRow]) -> Vec<String> {
    let at = |index: usize| days.get(index).and_then(|row| row.day);
    let last = days.len().saturating_sub(1);
    let mut ticks: Vec<String> = [0, last / 2, last]
        .into_iter()
        .filter_map(at)
        .map(|day| day.format("%-d %b").to_string())
        .collect();
    ticks.dedup();
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(day: &str, nano: i64, input: u64, output: u64) -> UsageRow {
        UsageRow {
            day: day.parse().ok(),
            cost: NanoUsd::new(nano),
            tokens: Tokens {
                input,
                output,
                ..Tokens::default()
            },
            requests: 1,
            ..empty()
        }
    }

    #[test]
    fn every_day_has_its_place_and_the_sums_are_exact() {
        let filter = Filter {
            from: "2026-11-20".parse().unwrap(),
            to: "2026-11-22".parse().unwrap(),
            owner: None,
            team: None,
            model: None,
        };
        let rows = vec![row("2026-11-22", 3, 10, 5), row("2026-11-20", 1, 1, 0)];
        let days = days_of(&filter, rows);
        let names: Vec<String> = days
            .iter()
            .map(|row| row.day.unwrap().to_string())
            .collect();
        assert_eq!(names, ["2026-11-20", "2026-11-21", "2026-11-22"]);
        assert_eq!(total(&days).cost, NanoUsd::new(4));
        assert_eq!(total(&days).tokens.input, 11);
    }

    #[test]
    fn bars_stand_on_the_ground_and_reach_the_top_at_most() {
        let days = [
            row("2026-11-20", 0, 0, 0),
            row("2026-11-21", 1, 9, 1),
            row("2026-11-22", i64::MAX, u64::MAX, u64::MAX),
        ];
        let charts = charts(&days);
        for chart in &charts {
            for part in chart.bars.iter().flat_map(|bar| &bar.parts) {
                assert!(part.y + part.height <= HEIGHT);
                assert!(part.x + part.width <= chart.width);
            }
        }
        let cost = &charts[0].bars;
        assert!(cost[0].parts.is_empty());
        assert_eq!(cost[1].parts[0].height, 8, "little is not nothing");
        assert_eq!(cost[2].parts[0].height, HEIGHT);
    }

    #[test]
    fn one_day_has_one_tick() {
        assert_eq!(ticks(&[row("2026-11-20", 0, 0, 0)]), ["20 Nov"]);
        assert_eq!(ticks(&[]), [""; 0]);
    }
}
