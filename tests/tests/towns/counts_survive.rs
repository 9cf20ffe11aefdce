//! Counts survive: controller and broker killed again and again, an agent restarted in the dark, each sample once.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tests::bench::{Bench, BrokerKind, Plan, total};
use tests::inventory;
use tests::people::Crowd;
use tests::torture::books::{Books, Lives};

const PATIENCE: Duration = Duration::from_secs(60);
const CROWD: Crowd = Crowd { peace: 20, disaster: 30, stay: Duration::from_secs(5) };

async fn lives(bench: &Bench) -> Result<Lives> {
    Books::open(&bench.dir().join("store.sqlite")).await?.lives().await
}

/// Shows that with the controller killed at any moment, the broker killed and an agent restarted while nobody hears it,
/// every sample of every agent stands in the database exactly once, without a hole.
#[tokio::test]
async fn every_sample_is_stored_once_whoever_is_killed() -> Result<()> {
    let mut plan = Plan::quiet(inventory::aps().into_iter().take(3).collect(), BrokerKind::Mosquitto);
    plan.counts_interval_s = 5;
    plan.aps.iter_mut().for_each(|ap| ap.crowd = CROWD);
    let mut bench = Bench::raise(plan).await?;
    bench.until("all settled", PATIENCE, |town| total(town, "settled") == 3).await?;
    for turn in 0..6 {
        // Not in step with the samples, so that the kill meets them at another place each time.
        tokio::time::sleep(Duration::from_millis(2_300 + 700 * turn)).await;
        match turn % 3 {
            0 | 1 => {
                bench.kill_controller();
                tokio::time::sleep(Duration::from_millis(6_000)).await;
                bench.start_controller().await?;
            }
            _ => {
                bench.kill_mosquitto();
                bench.kill_agent(0);
                bench.start_agent(0)?;
                tokio::time::sleep(Duration::from_millis(11_000)).await;
                bench.restore_mosquitto()?;
            }
        }
    }
    // Three starts of the first agent, one of each other; all of the last ones caught up.
    let deadline = Instant::now() + PATIENCE;
    let found = loop {
        let found = lives(&bench).await?;
        let newest =
            |ap: &str| found.iter().filter(|((of, _), _)| of == ap).filter_map(|(_, life)| life.seqs.last()).max();
        let aps: std::collections::BTreeSet<&String> = found.keys().map(|(ap, _)| ap).collect();
        if aps.len() == 3 && aps.iter().all(|ap| newest(ap).is_some_and(|seq| *seq >= 6)) && found.len() >= 5 {
            break found;
        }
        ensure!(Instant::now() < deadline, "not all is stored: {found:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    for (whose, life) in &found {
        assert_eq!(life.missing(), Vec::<u64>::new(), "{whose:?} has holes before {:?}", life.seqs.last());
    }
    assert!(found.values().any(|life| life.joins > 0), "nobody came: {found:?}");
    let twice = Books::open(&bench.dir().join("store.sqlite")).await?.twice().await?;
    assert_eq!(twice, Vec::<String>::new());
    bench.stop()
}
