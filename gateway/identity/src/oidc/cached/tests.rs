//! The cache against a provider that can be told to fail.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use gateway_domain::FixedClock;

use super::*;

#[derive(Default)]
struct Source {
    fetches: AtomicU32,
    fails: AtomicBool,
    wish: Mutex<Option<Duration>>,
}

fn cached(source: &Arc<Source>) -> (Arc<Cached<u32>>, FixedClock) {
    let clock = FixedClock::new(DateTime::from_timestamp(1_800_000_000, 0).expect("a time"));
    let source = Arc::clone(source);
    let fetch = move || {
        let source = Arc::clone(&source);
        async move {
            let number = source.fetches.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
            if source.fails.load(Ordering::SeqCst) {
                let retry_after = *source.wish.lock().expect("not poisoned");
                return Err(Fault {
                    retry_after,
                    ..Fault::new("out of order")
                });
            }
            Ok(number)
        }
    };
    (
        Cached::new(
            "test".to_owned(),
            Duration::from_mins(5),
            Arc::new(clock.clone()),
            fetch,
        ),
        clock,
    )
}

async fn value(cached: &Arc<Cached<u32>>) -> Result<u32, String> {
    cached
        .get()
        .await
        .map(|held| *held.value)
        .map_err(|fault| fault.cause)
}

#[tokio::test]
async fn case_134_a_stampede_is_one_fetch() {
    let source = Arc::new(Source::default());
    let (cached, _clock) = cached(&source);
    let all: Vec<_> = (0..200)
        .map(|_| {
            let cached = Arc::clone(&cached);
            tokio::spawn(async move { value(&cached).await })
        })
        .collect();
    for one in all {
        assert_eq!(one.await.expect("no panic"), Ok(1));
    }
    assert_eq!(source.fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_copy_is_fresh_for_its_time_and_then_fetched_again() {
    let source = Arc::new(Source::default());
    let (cached, clock) = cached(&source);
    assert_eq!(value(&cached).await, Ok(1));
    clock.advance(TimeDelta::seconds(299));
    assert_eq!(value(&cached).await, Ok(1));
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(value(&cached).await, Ok(2));
}

#[tokio::test]
async fn case_128_an_old_copy_serves_for_a_day_and_the_provider_is_left_alone() {
    let source = Arc::new(Source::default());
    let (cached, clock) = cached(&source);
    assert_eq!(value(&cached).await, Ok(1));
    source.fails.store(true, Ordering::SeqCst);
    clock.advance(TimeDelta::minutes(10));
    for _ in 0..50 {
        assert_eq!(value(&cached).await, Ok(1));
    }
    assert_eq!(
        source.fetches.load(Ordering::SeqCst),
        2,
        "one failure, then a pause"
    );
    assert!(cached.standing().stale);
    clock.advance(TimeDelta::hours(23));
    assert_eq!(value(&cached).await, Ok(1));
    clock.advance(TimeDelta::hours(1));
    assert_eq!(value(&cached).await, Err("out of order".to_owned()));
}

#[tokio::test]
async fn case_130_a_cold_cache_recovers_within_a_second() {
    let source = Arc::new(Source::default());
    source.fails.store(true, Ordering::SeqCst);
    let (cached, clock) = cached(&source);
    for _ in 0..20 {
        assert_eq!(value(&cached).await, Err("out of order".to_owned()));
    }
    assert_eq!(source.fetches.load(Ordering::SeqCst), 1);
    source.fails.store(false, Ordering::SeqCst);
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(value(&cached).await, Ok(2));
}

#[tokio::test]
async fn case_101_unknown_keys_cause_one_fetch_a_minute() {
    let source = Arc::new(Source::default());
    let (cached, clock) = cached(&source);
    let held = cached.get().await.expect("a copy");
    assert_eq!(cached.beyond(&held).await.as_deref(), Some(&2));
    for _ in 0..1000 {
        let held = cached.get().await.expect("a copy");
        assert!(cached.beyond(&held).await.is_none());
    }
    assert_eq!(source.fetches.load(Ordering::SeqCst), 2);
    clock.advance(TimeDelta::seconds(60));
    let held = cached.get().await.expect("a copy");
    assert_eq!(cached.beyond(&held).await.as_deref(), Some(&3));
}

#[tokio::test]
async fn case_022_sign_ins_that_meet_a_rotation_together_share_the_fetch() {
    let source = Arc::new(Source::default());
    let (cached, _clock) = cached(&source);
    let before: Vec<_> = futures_util::future::join_all((0..20).map(|_| cached.get())).await;
    let newer = before
        .iter()
        .map(|held| cached.beyond(held.as_ref().expect("a copy")));
    for value in futures_util::future::join_all(newer).await {
        assert_eq!(value.as_deref(), Some(&2));
    }
    assert_eq!(source.fetches.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn refreshes_before_it_is_due() {
    let source = Arc::new(Source::default());
    let (cached, clock) = cached(&source);
    cached.refresh_if_due().await;
    clock.advance(TimeDelta::seconds(239));
    cached.refresh_if_due().await;
    assert_eq!(source.fetches.load(Ordering::SeqCst), 1);
    clock.advance(TimeDelta::seconds(1));
    cached.refresh_if_due().await;
    assert_eq!(source.fetches.load(Ordering::SeqCst), 2);
}

#[test]
fn case_128_pauses_double_and_heed_the_provider() {
    let seconds = |failures, cold, wish: Option<u64>| {
        pause(failures, cold, wish.map(Duration::from_secs)).as_secs()
    };
    assert_eq!(
        (0..6).map(|n| seconds(n, false, None)).collect::<Vec<_>>(),
        [5, 10, 20, 40, 60, 60]
    );
    assert_eq!(
        (0..6).map(|n| seconds(n, true, None)).collect::<Vec<_>>(),
        [1, 2, 4, 8, 10, 10]
    );
    assert_eq!(seconds(0, false, Some(120)), 120);
    assert_eq!(seconds(0, false, Some(86_400)), 600);
    assert_eq!(seconds(0, true, Some(86_400)), 60);
    assert_eq!(seconds(u32::MAX, false, Some(0)), 60);
}
