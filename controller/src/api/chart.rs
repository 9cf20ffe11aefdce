//! The chart's figures: devices of the whole town over the last day, kept in memory so that no page waits for the disk.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use firmware_config::wire::WallMs;

use super::Desk;
use crate::store::{Store, StoreError};

/// One point of the chart: 288 of them are a day; more a small chart cannot show.
const BUCKET_MS: i64 = 5 * 60 * 1000;

/// How far back the chart goes.
const SPAN_MS: i64 = 24 * 60 * 60 * 1000;

/// What one request to the store covers. The store gives up after 2 s; an hour of 10,000 APs is 2.4 million rows.
const READ_MS: i64 = 60 * 60 * 1000;

/// How often the newest points are read again while somebody looks.
const REFRESH: Duration = Duration::from_secs(30);

/// Stations by bucket, oldest first.
pub type Series = Vec<(WallMs, u32)>;

/// The figures as last read.
#[derive(Debug, Default)]
pub struct Chart {
    points: Mutex<Points>,
    /// Somebody rendered a page with the chart since the last reading.
    looked_at: AtomicBool,
}

#[derive(Debug, Default)]
struct Points {
    series: Arc<Series>,
    /// The newest bucket when the whole day was last read: late counts come in with the next one.
    read_whole_at: Option<WallMs>,
}

impl Chart {
    /// The figures as last read; empty while there are none.
    pub fn series(&self) -> Arc<Series> {
        self.looked_at.store(true, Ordering::Relaxed);
        Arc::clone(&self.points().series)
    }

    /// The figures for a page at `now`: a bucket holds its last gauge, so its point stands at its end, and the present is
    /// what is connected now.
    pub fn until(&self, now: WallMs, stations: u32) -> Series {
        let mut series: Series = self
            .series()
            .iter()
            .map(|(start, n)| (start.saturating_add(BUCKET_MS), *n))
            .take_while(|(end, _)| *end < now)
            .collect();
        if !self.series().is_empty() {
            series.push((now, stations));
        }
        series
    }

    fn points(&self) -> std::sync::MutexGuard<'_, Points> {
        self.points.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is missing or may have changed, up to `now`.
    async fn refresh(&self, store: &Store, now: WallMs) -> Result<(), StoreError> {
        // A clock may say anything; no sum below may overflow for it.
        let now = now.clamp(0, WallMs::MAX - SPAN_MS);
        let newest = now.div_euclid(BUCKET_MS) * BUCKET_MS;
        let end = newest + BUCKET_MS;
        let oldest = end - SPAN_MS;
        let whole = self.points().read_whole_at == Some(newest);
        // The bucket before the newest too: its last counts arrive after it has ended.
        let mut from = if whole { newest - BUCKET_MS } else { oldest };
        let mut points: BTreeMap<WallMs, u32> = self.points().series.iter().copied().collect();
        points.retain(|at, _| (oldest..from).contains(at));
        while from < end {
            let to = (from + READ_MS).min(end);
            points.extend(store.series(from, to, BUCKET_MS).await?);
            from = to;
        }
        *self.points() = Points { series: Arc::new(points.into_iter().collect()), read_whole_at: Some(newest) };
        Ok(())
    }
}

/// Keeps the figures fresh while somebody looks.
pub async fn keep(desk: Arc<Desk>) {
    loop {
        let read = if desk.chart.looked_at.swap(false, Ordering::Relaxed) {
            desk.chart.refresh(&desk.house.store, desk.view().at_ms).await
        } else {
            Ok(())
        };
        if let Err(error) = &read {
            // The page says that the store is away; the chart keeps what it has.
            tracing::debug!(%error, "the chart's figures could not be read");
        }
        let looked_first = read.is_ok() && desk.chart.points().read_whole_at.is_none();
        tokio::time::sleep(if looked_first { FIRST_LOOK } else { REFRESH }).await;
    }
}

/// How soon the first figures are there after the first look.
const FIRST_LOOK: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use firmware_config::mode::Mode;
    use firmware_config::wire::{Counts, NetworkCounts};

    use super::*;

    const NOW: WallMs = 1_795_325_524_123;

    fn sample(seq: u64, at_ms: WallMs, stations: u32) -> Counts {
        let network = NetworkCounts {
            interface: "wlan0".to_owned(),
            ssid: "s".to_owned(),
            stations,
            joins: 0,
            leaves: 0,
            so_far: None,
        };
        Counts {
            v: 1,
            ap: "a".parse().expect("an identifier"),
            boot: "b".to_owned(),
            seq,
            at_ms,
            interval_s: 30,
            age_ms: None,
            at_unsure: false,
            samples: 1,
            waiting: 0,
            mode: Mode::Normal,
            networks: vec![network],
        }
    }

    #[tokio::test]
    async fn a_day_is_read_once_and_then_only_its_end_until_the_next_bucket() {
        // Points an hour ago and now; then a new one now and a late one an hour ago: the late one waits for the next
        // bucket. What is older than a day is never shown.
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(&dir.path().join("s")).await.expect("a new store");
        let hour = 60 * 60 * 1000;
        let start = |ms: WallMs| ms.div_euclid(BUCKET_MS) * BUCKET_MS;
        let first = [sample(1, NOW - 25 * hour, 99), sample(2, NOW - hour, 5), sample(3, NOW, 7)];
        store.add_counts(&first).await.expect("stored");
        let chart = Chart::default();
        chart.refresh(&store, NOW).await.expect("read");
        assert_eq!(*chart.series(), [(start(NOW - hour), 5), (start(NOW), 7)]);

        let late = [sample(4, NOW + 1, 8), sample(5, NOW - hour + 1, 6)];
        store.add_counts(&late).await.expect("stored");
        chart.refresh(&store, NOW + 1).await.expect("read");
        assert_eq!(*chart.series(), [(start(NOW - hour), 5), (start(NOW), 8)]);
        chart.refresh(&store, NOW + BUCKET_MS).await.expect("read");
        assert_eq!(*chart.series(), [(start(NOW - hour), 6), (start(NOW), 8)]);
        // On a page the past stands where it was measured, and the present is what is connected now.
        assert_eq!(chart.until(NOW + 1, 9), [(start(NOW - hour) + BUCKET_MS, 6), (NOW + 1, 9)]);
    }

    #[tokio::test]
    async fn a_store_that_is_away_leaves_the_chart_as_it_was_and_a_mad_clock_breaks_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let chart = Chart::default();
        assert!(chart.refresh(&Store::start(dir.path()), NOW).await.is_err());
        let store = Store::open(&dir.path().join("s")).await.expect("a new store");
        store.add_counts(&[sample(1, NOW, 7)]).await.expect("stored");
        chart.refresh(&store, NOW).await.expect("read");
        assert!(chart.refresh(&Store::start(dir.path()), NOW).await.is_err());
        assert_eq!(chart.series().len(), 1);
        for now in [WallMs::MIN, 0, WallMs::MAX] {
            chart.refresh(&store, now).await.expect("read");
            assert!(chart.series().is_empty(), "{now}");
        }
    }
}
