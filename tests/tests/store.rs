//! A store that fails does not hold back an opening; what happened is stored once it can be (design ruling 1).

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use tests::bench::{Bench, BrokerKind, Plan, record, total};
use tests::inventory;
use tests::panel::Turn;

const PATIENCE: Duration = Duration::from_secs(60);
/// An opening that waits for nothing, on a busy machine.
const SOON: Duration = Duration::from_secs(9);
/// Big enough for the database with its log, small enough to fill in a moment.
const DISK: &str = "size=2m";

fn plan(store: &Path) -> Plan {
    let mut plan = Plan::quiet(inventory::aps().into_iter().take(2).collect(), BrokerKind::Inside);
    plan.store = Some(store.to_owned());
    plan
}

/// A small disk of its own, gone when it is dropped. Needs root.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mount(at: &'a Path) -> Result<Self> {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(at).output()?;
        ensure!(mounted.status.success(), "{}", String::from_utf8_lossy(&mounted.stderr));
        Ok(Self(at))
    }

    /// Writes until nothing more fits.
    fn fill(&self) -> Result<()> {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.0.join("filler"))?;
        for size in [64 * 1024, 4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        Ok(())
    }

    fn empty(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.0.join("filler"))?)
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        // Lazily: the controller may have the file open for a moment yet.
        let _gone_with_the_machine = Command::new("umount").arg("-l").arg(self.0).output();
    }
}

/// Shows that with a full disk the key opens every AP at once, that the screen says what is wrong, and that everything
/// is in the record when there is room again.
#[tokio::test]
async fn with_a_full_disk_the_key_opens_and_the_record_catches_up() -> Result<()> {
    let at = tempfile::tempdir()?;
    let disk = match Disk::mount(at.path()) {
        Ok(disk) => disk,
        Err(why) => {
            // Without root there is no small disk; the other test of this file needs none.
            eprintln!("no disk of its own ({why:#}): shown by the_key_opens_with_no_store_at_all alone");
            return Ok(());
        }
    };
    let bench = Bench::raise(plan(&at.path().join("store.sqlite"))).await?;
    bench.until("both settled", PATIENCE, |town| total(town, "settled") == 2).await?;
    disk.fill()?;
    bench.panel.turn(Turn::Disaster);
    bench.until_seen("both open, with a full disk", SOON, |b| b.open_radios() == 2).await?;
    let town = bench.until("the screen says so", PATIENCE, |town| !town["store_lost"].is_null()).await?;
    assert!(town["store_lost"]["waiting"].as_u64() > Some(0), "entries wait: {}", town["store_lost"]);
    disk.empty()?;
    bench.until("the store is back", PATIENCE, |town| town["store_lost"].is_null()).await?;
    let entries = bench.until_recorded("store-back", PATIENCE).await?;
    for kind in ["key-turned", "opened", "ordered", "store-lost", "store-back"] {
        assert!(record(&entries, kind).next().is_some(), "{kind} is in the record: {entries}");
    }
    let mut numbers: Vec<u64> =
        entries.as_array().into_iter().flatten().filter_map(|entry| entry["seq"].as_u64()).collect();
    let all = numbers.len();
    numbers.dedup();
    assert_eq!(numbers.len(), all, "each entry once");
    bench.stop()
}

/// Shows that a controller whose store cannot even be opened serves and opens, and stores everything once it can.
#[tokio::test]
async fn the_key_opens_with_no_store_at_all_and_the_record_catches_up() -> Result<()> {
    let at = tempfile::tempdir()?;
    let in_the_way = at.path().join("data");
    std::fs::write(&in_the_way, "a file where the store's directory should be")?;
    let bench = Bench::raise(plan(&in_the_way.join("store.sqlite"))).await?;
    bench.until("both settled", PATIENCE, |town| total(town, "settled") == 2).await?;
    bench.panel.turn(Turn::Disaster);
    bench.until_seen("both open, without a store", SOON, |b| b.open_radios() == 2).await?;
    bench.until("the screen says so", PATIENCE, |town| !town["store_lost"].is_null()).await?;
    std::fs::remove_file(&in_the_way)?;
    std::fs::create_dir(&in_the_way)?;
    let entries = bench.until_recorded("store-back", PATIENCE).await?;
    assert!(record(&entries, "opened").next().is_some(), "the opening is in the record: {entries}");
    bench.stop()
}

/// Files beside `store` that were set aside as damaged.
fn set_aside(store: &Path) -> Result<Vec<std::path::PathBuf>> {
    let begin = format!("{}.damaged-", store.display());
    let folder = store.parent().unwrap_or(Path::new("."));
    let files = std::fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
    let aside = |file: &Path| file.to_string_lossy().starts_with(&begin) && file.extension().is_some();
    Ok(files.into_iter().map(|file| file.path()).filter(|file| aside(file)).collect())
}

/// Shows that a database damaged while the controller was down is set aside, whole, and that with the new one the key
/// opens; the order's number goes on from the old one, learned by its signature, and the record says what happened.
#[tokio::test]
async fn a_damaged_database_is_set_aside_and_the_key_opens_with_a_new_one() -> Result<()> {
    let at = tempfile::tempdir()?;
    let store = at.path().join("store.sqlite");
    let mut bench = Bench::raise(plan(&store)).await?;
    for (turn, open) in [(Turn::Disaster, 2), (Turn::Normal, 0)] {
        bench.until("both settled", PATIENCE, |town| total(town, "settled") == 2).await?;
        bench.panel.turn(turn);
        bench.until_seen("as the key says", PATIENCE, |b| b.open_radios() == open).await?;
    }
    let town = bench.until("both settled", PATIENCE, |town| total(town, "settled") == 2).await?;
    let before = town["order"]["number"].as_u64().unwrap_or_default();
    assert!(before >= 3, "{town}");
    bench.kill_controller();
    let damage = b"no database at all".repeat(300);
    // Its log too: from that alone SQLite would mend the file.
    for ending in ["", "-wal"] {
        std::fs::write(format!("{}{ending}", store.display()), &damage)?;
    }
    bench.panel.turn(Turn::Disaster);
    bench.start_controller().await?;
    bench.until_seen("both open, although the database is damaged", PATIENCE, |b| b.open_radios() == 2).await?;
    let settled =
        |town: &serde_json::Value| total(town, "settled") == 2 && town["order"]["number"].as_u64() > Some(before);
    bench.until("settled under a higher number", PATIENCE, settled).await?;
    let entries = bench.until_recorded("store-set-aside", PATIENCE).await?;
    let said = record(&entries, "store-set-aside").next().cloned().unwrap_or_default();
    let aside = set_aside(&store)?;
    assert!(aside.iter().any(|file| said["fields"]["file"] == file.display().to_string()), "{said}: {aside:?}");
    for file in aside.iter().filter(|file| !file.to_string_lossy().ends_with("-shm")) {
        assert_eq!(std::fs::read(file)?, damage, "{}", file.display());
    }
    assert!(aside.len() >= 2, "{aside:?}");
    bench.stop()
}
