//! How often strangers may try: limits per client address, and per provider for calls that come from providers.
//!
//! Each is an exact sliding window of one minute. A client is its IPv4 address, or its IPv6 /64: one household or one
//! machine has a whole /64 to itself. Nobody's attempts count against anybody else's network.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use gateway_domain::Clock;

const MINUTE: i64 = 60_000_000;
/// How many clients are remembered at once. More than that in one minute is a flood, which these limits cannot stop.
const MOST_KEYS: usize = 50_000;

/// The limits of one running gateway. They outlive a reload of its configuration.
pub struct Limits {
    clock: Arc<dyn Clock>,
    starts: Window<IpAddr>,
    passwords: Window<IpAddr>,
    back_channel: Window<String>,
    failures: Window<IpAddr>,
}

impl Limits {
    /// Nobody has tried anything yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            starts: Window::new(60),
            passwords: Window::new(20),
            back_channel: Window::new(120),
            failures: Window::new(60),
        }
    }

    /// Counts the start of a sign-in at a provider: 60 a minute. `Err` holds the seconds to wait.
    pub fn sign_in_start(&self, address: Option<IpAddr>) -> Result<(), u64> {
        address.map_or(Ok(()), |address| {
            self.starts.admit(network(address), self.clock.now())
        })
    }

    /// Counts an attempt with a password: 20 a minute. `Err` holds the seconds to wait.
    pub fn password_attempt(&self, address: Option<IpAddr>) -> Result<(), u64> {
        address.map_or(Ok(()), |address| {
            self.passwords.admit(network(address), self.clock.now())
        })
    }

    /// Counts a back-channel call for a provider: 120 a minute. `Err` holds the seconds to wait.
    pub fn back_channel(&self, provider_key: &str) -> Result<(), u64> {
        self.back_channel
            .admit(provider_key.to_owned(), self.clock.now())
    }

    /// Counts a failed sign-in that cost the client nothing, such as a callback with a state of nobody: 60 a minute are
    /// written to the audit trail. `Err` holds the seconds to wait.
    pub fn sign_in_failure(&self, address: Option<IpAddr>) -> Result<(), u64> {
        address.map_or(Ok(()), |address| {
            self.failures.admit(network(address), self.clock.now())
        })
    }

    /// Forgets who has been quiet for a minute. To be called now and then.
    pub fn shrink(&self) {
        let now = self.clock.now();
        self.starts.forget_quiet(now);
        self.passwords.forget_quiet(now);
        self.back_channel.forget_quiet(now);
        self.failures.forget_quiet(now);
    }
}

/// The part of an address that one client is known by: all of an IPv4 address, the /64 of an IPv6 address.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// Who did something when, within the last minute.
#[derive(Debug)]
struct Window<K> {
    most: usize,
    seen: Mutex<HashMap<K, Vec<i64>>>,
}

impl<K: Eq + Hash> Window<K> {
    fn new(most: usize) -> Self {
        Self {
            most,
            seen: Mutex::new(HashMap::new()),
        }
    }

    fn admit(&self, key: K, now: DateTime<Utc>) -> Result<(), u64> {
        let now = now.timestamp_micros();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST_KEYS && !seen.contains_key(&key) {
            retain_recent(&mut seen, now);
            if seen.len() >= MOST_KEYS {
                seen.clear();
            }
        }
        let times = seen.entry(key).or_default();
        times.retain(|&at| at > now - MINUTE);
        if let Some(&first) = times.first().filter(|_| times.len() >= self.most) {
            let wait = (first + MINUTE - now).max(1);
            return Err(u64::try_from(wait).map_or(60, |wait| wait.div_ceil(1_000_000)));
        }
        times.push(now);
        Ok(())
    }

    fn forget_quiet(&self, now: DateTime<Utc>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        retain_recent(&mut seen, now.timestamp_micros());
        seen.shrink_to_fit();
    }
}

fn retain_recent<K: Eq + Hash>(seen: &mut HashMap<K, Vec<i64>>, now: i64) {
    seen.retain(|_, times| times.last().is_some_and(|&at| at > now - MINUTE));
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use gateway_domain::FixedClock;

    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    fn limits() -> (Limits, FixedClock) {
        let clock = FixedClock::new(DateTime::UNIX_EPOCH);
        (Limits::new(Arc::new(clock.clone())), clock)
    }

    #[test]
    fn case_256_twenty_passwords_a_minute_and_not_one_more() {
        let (limits, clock) = limits();
        for _ in 0..20 {
            assert_eq!(limits.password_attempt(address("192.0.2.1")), Ok(()));
            clock.advance(TimeDelta::seconds(2));
        }
        assert_eq!(
            limits.password_attempt(address("192.0.2.1")),
            Err(20),
            "the first attempt was 40 s ago"
        );
        assert_eq!(limits.password_attempt(address("192.0.2.2")), Ok(()));
        clock.advance(TimeDelta::seconds(20));
        assert_eq!(limits.password_attempt(address("192.0.2.1")), Ok(()));
        assert_eq!(limits.password_attempt(address("192.0.2.1")), Err(2));
    }

    #[test]
    fn a_client_is_an_ipv4_address_or_an_ipv6_64() {
        let (limits, _) = limits();
        for host in 0..20 {
            let one = address(&format!("2001:db8:0:1::{host:x}"));
            assert_eq!(limits.password_attempt(one), Ok(()));
        }
        let refused = limits.password_attempt(address("2001:db8:0:1:ff::"));
        assert!(refused.is_err());
        assert_eq!(limits.password_attempt(address("2001:db8:0:2::")), Ok(()));
        assert_eq!(
            address("::ffff:192.0.2.1").map(network),
            address("192.0.2.1")
        );
    }

    #[test]
    fn the_quiet_are_forgotten_and_the_table_is_bounded() {
        let window = Window::new(1);
        let now = DateTime::UNIX_EPOCH;
        for key in 0..=MOST_KEYS {
            assert_eq!(window.admit(key, now), Ok(()));
        }
        let count = || window.seen.lock().unwrap().len();
        assert!(count() <= MOST_KEYS);
        window.forget_quiet(now + TimeDelta::minutes(2));
        assert_eq!(count(), 0);
    }
}
