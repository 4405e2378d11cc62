//! Doing a thing over and over, by several at once, and how long it took.

use std::time::{Duration, Instant};

use tokio::{runtime::Handle, task::JoinSet};

use crate::{
    Error,
    cpu::{Cpu, Share, Snapshot},
};

/// Somebody who does it again and again.
pub trait Worker: Send + 'static {
    /// Does it once; an error ends the run.
    fn once(&mut self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// What was measured.
pub struct Sample {
    /// How long each took, the shortest first.
    latencies: Vec<Duration>,
    wall: Duration,
    cpu: Cpu,
}

/// Lets all of them work on the threads of `on`: a fifth of the time to warm up, then `time`.
pub async fn drive<W: Worker>(
    on: &Handle,
    workers: Vec<W>,
    time: Duration,
) -> Result<Sample, Error> {
    let (workers, _) = work(on, workers, time / 5).await?;
    let before = Snapshot::take()?;
    let began = Instant::now();
    let (_, mut latencies) = work(on, workers, time).await?;
    let wall = began.elapsed();
    let cpu = Snapshot::take()?.since(&before);
    latencies.sort_unstable();
    Ok(Sample {
        latencies,
        wall,
        cpu,
    })
}

async fn work<W: Worker>(
    on: &Handle,
    workers: Vec<W>,
    time: Duration,
) -> Result<(Vec<W>, Vec<Duration>), Error> {
    let until = Instant::now() + time;
    let mut tasks: JoinSet<Result<_, Error>> = JoinSet::new();
    for mut worker in workers {
        let task = async move {
            let mut latencies = Vec::new();
            while latencies.is_empty() || Instant::now() < until {
                let began = Instant::now();
                worker.once().await?;
                latencies.push(began.elapsed());
            }
            Ok((worker, latencies))
        };
        tasks.spawn_on(task, on);
    }
    let mut workers = Vec::new();
    let mut all = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (worker, latencies) = done??;
        workers.push(worker);
        all.extend(latencies);
    }
    Ok((workers, all))
}

impl Sample {
    pub fn per_second(&self) -> f64 {
        self.count() / self.wall.as_secs_f64()
    }

    /// The latency that this share of them kept below, in per cent.
    pub fn percentile(&self, percent: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        let place = last * percent / 100;
        self.latencies.get(place).copied().unwrap_or_default()
    }

    pub fn slowest(&self) -> Duration {
        self.percentile(100)
    }

    /// The processor's seconds that one of them cost somebody.
    pub fn cpu(&self, share: Share) -> f64 {
        self.cpu.of(share).as_secs_f64() / self.count()
    }

    /// The processor's seconds that one of them cost the gateway and its database.
    pub fn ours(&self) -> f64 {
        self.cpu.ours().as_secs_f64() / self.count()
    }

    fn count(&self) -> f64 {
        u32::try_from(self.latencies.len()).map_or(f64::NAN, f64::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sleeper;

    impl Worker for Sleeper {
        async fn once(&mut self) -> Result<(), Error> {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok(())
        }
    }

    #[tokio::test]
    async fn everybody_works_for_the_whole_time() {
        let time = Duration::from_millis(50);
        let here = Handle::current();
        let sample = drive(&here, vec![Sleeper, Sleeper], time).await.unwrap();
        assert!(sample.wall >= time && sample.latencies.len() >= 2);
        assert!(sample.percentile(0) <= sample.percentile(50));
        assert!(sample.percentile(50) <= sample.slowest());
    }
}
