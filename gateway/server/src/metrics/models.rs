//! Calls of models: how many, how they ended, what they used, and how the ledger keeps up.

use gateway_inference::Plane;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use super::Labels;

type Counters<const N: usize> = Family<Labels<N>, Counter>;

pub(super) fn register(plane: &Plane, registry: &mut Registry) {
    requests(plane, registry);
    attempts(plane, registry);
    ledger(plane, registry);
}

fn requests(plane: &Plane, registry: &mut Registry) {
    let requests: Counters<2> = Family::default();
    for (surface, outcome, count) in plane.tally().requests() {
        let labels = [
            ("surface", surface.to_string()),
            ("outcome", outcome.to_owned()),
        ];
        requests.get_or_create(&labels).inc_by(count);
    }
    registry.register(
        "model_requests",
        "Calls by surface and outcome: ok, broken_off, client_abort, refused, failed, unauthenticated",
        requests,
    );
}

fn attempts(plane: &Plane, registry: &mut Registry) {
    let attempts: Counters<2> = Family::default();
    let tokens: Counters<2> = Family::default();
    let cost: Counters<1> = Family::default();
    for (provider, outcome, sum) in plane.tally().attempts() {
        let labels = [
            ("provider", provider.clone()),
            ("outcome", outcome.to_string()),
        ];
        attempts.get_or_create(&labels).inc_by(sum.attempts);
        for (kind, count) in [
            ("input", sum.tokens.input),
            ("output", sum.tokens.output),
            ("cache_read", sum.tokens.cache_read),
            ("cache_write", sum.tokens.cache_write),
        ] {
            let labels = [("provider", provider.clone()), ("kind", kind.to_owned())];
            tokens.get_or_create(&labels).inc_by(count);
        }
        let nano = u64::try_from(sum.cost.nano()).unwrap_or_default();
        cost.get_or_create(&[("provider", provider)]).inc_by(nano);
    }
    registry.register(
        "upstream_attempts",
        "Calls of model providers by outcome, as in the ledger",
        attempts,
    );
    registry.register("model_tokens", "Tokens by provider and kind", tokens);
    registry.register_with_unit(
        "model_cost",
        "What calls cost, in billionths of a US dollar",
        Unit::Other("nano_usd".to_owned()),
        cost,
    );
}

fn ledger(plane: &Plane, registry: &mut Registry) {
    let stats = plane.ledger().stats();
    let gauges = [
        (
            "ledger_queued_rows",
            "Rows that wait for the database",
            stats.queued,
        ),
        (
            "ledger_journal_bytes",
            "Bytes of the ledger's journal",
            stats.journal_bytes,
        ),
    ];
    for (name, help, value) in gauges {
        let gauge: Gauge = Gauge::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        registry.register(name, help, gauge);
    }
    let counters = [
        (
            "ledger_rows_written",
            "Rows written to the database",
            stats.rows_written,
        ),
        (
            "ledger_rows_spilled",
            "Rows read back from the journal",
            stats.rows_spilled,
        ),
        (
            "ledger_rows_refused",
            "Rows that the database refused",
            stats.refused,
        ),
        (
            "ledger_failures",
            "Batches that the database did not take",
            stats.failures,
        ),
        (
            "ledger_recovered",
            "Attempts of dead processes settled at the start",
            stats.recovered,
        ),
        (
            "ledger_payloads_dropped",
            "Payloads not kept for want of room",
            stats.payloads_dropped,
        ),
    ];
    for (name, help, value) in counters {
        let counter: Counter = Counter::default();
        counter.inc_by(value);
        registry.register(name, help, counter);
    }
}
