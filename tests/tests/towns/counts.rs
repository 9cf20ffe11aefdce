//! Counts reach the store and CSV; who was counted reaches nobody (design ruling 12).

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;
use tests::bench::{Bench, BrokerKind, Plan, total};
use tests::http;
use tests::inventory;
use tests::panel::Turn;
use tests::people::Crowd;
use tests::stranger::Stranger;

const PATIENCE: Duration = Duration::from_secs(60);
/// People enough, coming and going fast enough, that a minute has dozens of them.
const CROWD: Crowd = Crowd { peace: 4, disaster: 30, stay: Duration::from_secs(10) };

/// Every file under `dir` that can be read, whole.
fn files(dir: &Path, found: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let kind = std::fs::symlink_metadata(&path)?.file_type();
        if kind.is_dir() {
            files(&path, found)?;
        } else if kind.is_file() {
            found.push((path.display().to_string(), std::fs::read(&path)?));
        }
    }
    Ok(())
}

/// Shows that stations are counted per AP and network, that a sample is told over HTTP and as CSV, and that no address
/// of a device is in any file, log or message of the town.
#[tokio::test]
async fn stations_are_counted_and_nobody_is_named() -> Result<()> {
    let mut plan = Plan::quiet(inventory::aps().into_iter().take(2).collect(), BrokerKind::Mosquitto);
    plan.counts_interval_s = 5;
    plan.aps.iter_mut().for_each(|ap| ap.crowd = CROWD);
    let bench = Bench::raise(plan).await?;
    bench.until("both settled", PATIENCE, |town| total(town, "settled") == 2).await?;
    let stranger = Stranger::connect(bench.broker(), "stranger", None, "#").await?;
    bench.panel.turn(Turn::Disaster);
    bench.until("a crowd is on the screen", PATIENCE, |town| total(town, "stations") > 10).await?;

    let crowded = |row: &&Value| row["ssid"] == "00000JAPAN" && row["stations"].as_u64() > Some(3);
    let deadline = Instant::now() + PATIENCE;
    let counts = loop {
        let counts = http::get_json(bench.http(), "/api/v1/counts").await?;
        if counts["rows"].as_array().into_iter().flatten().any(|row| crowded(&row)) {
            break counts;
        }
        ensure!(Instant::now() < deadline, "no crowd was counted: {counts}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let rows = counts["rows"].as_array().expect("rows");
    let row = rows.iter().find(crowded).expect("found above");
    assert_eq!((&row["mode"], &row["interface"]), (&"disaster".into(), &"wlan0jp".into()));
    assert!(row["joins"].as_u64() >= row["stations"].as_u64(), "whoever is there has come: {row}");
    let csv = http::get(bench.http(), "/api/v1/counts.csv").await?;
    assert!(csv.contains("00000JAPAN"), "{csv:.300}");

    // Every device there ever was, written as people and as hostapd write addresses.
    let guests: BTreeSet<String> = (0..2).flat_map(|i| bench.radio(i).guests()).collect();
    assert!(guests.len() > 20, "{} devices", guests.len());
    let mut everything = Vec::new();
    files(bench.dir(), &mut everything)?;
    everything.extend(stranger.everything());
    for page in ["/", "/api/v1/town", "/api/v1/counts", "/api/v1/record", "/metrics"] {
        everything.push((page.to_owned(), http::get(bench.http(), page).await?.into_bytes()));
    }
    for (place, bytes) in everything {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        for mac in &guests {
            for form in [mac.clone(), mac.replace(':', "-"), mac.replace(':', "")] {
                assert!(!text.contains(&form), "the address of a device is in {place}");
            }
        }
    }
    bench.stop()
}
