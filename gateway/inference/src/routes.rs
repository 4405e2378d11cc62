//! Whose turn it is among a model's routes.

use std::{collections::VecDeque, sync::Arc};

use chrono::{DateTime, Utc};
use rand::RngExt as _;

use crate::models::Route;

/// Puts routes in the order in which they are tried: the lowest priority first, by weight and chance within it. Those that
/// are to be left alone are left out, unless that is all: then the one whose pause ends first is tried anyway.
pub(crate) fn in_turn<T>(
    routes: Vec<T>,
    now: DateTime<Utc>,
    route: impl Fn(&T) -> &Arc<Route>,
) -> VecDeque<T> {
    let (mut rested, mut cooling) = (Vec::with_capacity(routes.len()), Vec::new());
    for item in routes {
        match route(&item).health.cooling(now) {
            None => rested.push(item),
            Some(until) => cooling.push((until, item)),
        }
    }
    if rested.is_empty() {
        let first = cooling.into_iter().min_by_key(|(until, _)| *until);
        return first.map(|(_, item)| item).into_iter().collect();
    }
    let mut turn = VecDeque::with_capacity(rested.len());
    while !rested.is_empty() {
        let priority = route(&rested[0]).priority;
        let group = rested
            .iter()
            .take_while(|item| route(item).priority == priority)
            .count();
        let mut group: Vec<T> = rested.drain(..group).collect();
        while group.len() > 1 {
            let weights: u64 = group.iter().map(|item| u64::from(route(item).weight)).sum();
            let chosen = if weights == 0 {
                0
            } else {
                let mut drawn = rand::rng().random_range(0..weights);
                group
                    .iter()
                    .position(|item| {
                        let weight = u64::from(route(item).weight);
                        let is_it = drawn < weight;
                        drawn = drawn.saturating_sub(weight);
                        is_it
                    })
                    .unwrap_or(0)
            };
            turn.push_back(group.remove(chosen));
        }
        turn.extend(group);
    }
    turn
}
