//! Polling two halves of one thing within one task.
//!
//! A connection and the body that it feeds wake each other while the task polls them. Handed to the runtime, each of these
//! wake-ups would queue the running task once more and rouse another thread to look for work. Here they are noted, and the
//! halves are polled again at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;

const IDLE: u8 = 0;
const POLLING: u8 = 1;
const AGAIN: u8 = 2;

/// So often the halves are polled again before the runtime gets its turn.
const TURNS: u8 = 4;

/// What both halves wake.
#[derive(Default)]
pub(super) struct Relay {
    state: AtomicU8,
    task: AtomicWaker,
}

/// A relay, and the waker that leads to it.
pub(super) struct Relayed {
    relay: Arc<Relay>,
    waker: Waker,
}

impl Relayed {
    pub(super) fn new() -> Self {
        let relay = Arc::new(Relay::default());
        let waker = Waker::from(relay.clone());
        Self { relay, waker }
    }

    /// Polls until nothing moves any more. What wakes after that, wakes the task of `cx`.
    pub(super) fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.relay.task.register(cx.waker());
        let mut inner = self.context();
        for _ in 0..TURNS {
            self.relay.state.store(POLLING, Ordering::SeqCst);
            let polled = poll(&mut inner);
            let state = self.relay.state.swap(IDLE, Ordering::SeqCst);
            if polled.is_ready() {
                return polled;
            }
            if state != AGAIN {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// For polling without a task to wake.
    pub(super) fn context(&self) -> Context<'_> {
        Context::from_waker(&self.waker)
    }

    /// From now on nobody is woken.
    pub(super) fn release(&self) {
        drop(self.relay.task.take());
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let (from, to) = (POLLING, AGAIN);
        let noted = self
            .state
            .compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst);
        if noted == Err(IDLE) {
            self.task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_wake_within_polls_again_and_one_after_it_wakes_the_task() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut cx = Context::from_waker(&waker);
        let relayed = Relayed::new();
        let mut polls = 0;
        let mut kept = None;
        let polled = relayed.poll(&mut cx, |cx| {
            polls += 1;
            kept = Some(cx.waker().clone());
            if polls == 1 {
                cx.waker().wake_by_ref();
            }
            Poll::<()>::Pending
        });
        assert!(polled.is_pending());
        assert_eq!((polls, count.0.load(Ordering::SeqCst)), (2, 0));
        let kept = kept.unwrap();
        kept.wake_by_ref();
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        relayed.poll(&mut cx, |_| Poll::<()>::Pending).is_ready();
        relayed.release();
        kept.wake_by_ref();
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn who_never_rests_is_given_back_to_the_runtime() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut polls = 0;
        let polled = Relayed::new().poll(&mut Context::from_waker(&waker), |cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        assert!(polled.is_pending());
        assert_eq!((polls, count.0.load(Ordering::SeqCst)), (TURNS, 1));
    }
}
