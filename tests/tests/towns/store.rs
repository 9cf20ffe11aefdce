//! A store that fails does not hold back an opening; what happened is stored once it can be (design ruling 1).

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use tests::bench::{Bench, BrokerKind, Plan, record, total};
use tests::inventory;
use tests::panel::Turn;
use tests::process::product;

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

/// What `hirake` answers to a command about the bench's store: its exit code, and everything it said.
fn hirake(bench: &Bench, words: &[&str], file: &Path) -> Result<(i32, String)> {
    let config = bench.dir().join("controller.toml");
    let out =
        Command::new(product("hirake")?).args(words).arg("--en").arg("--config").arg(config).arg(file).output()?;
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    Ok((out.status.code().unwrap_or(-1), said))
}

/// Shows that copies made while counts and entries flow are whole, that a copy is not put back under a controller that
/// runs, and that one put back opens nothing that was closed since and gives no order's number again.
#[tokio::test]
async fn a_copy_made_under_load_is_put_back_and_opens_nothing_and_reuses_no_number() -> Result<()> {
    let at = tempfile::tempdir()?;
    let store = at.path().join("store.sqlite");
    let mut plan = plan(&store);
    plan.counts_interval_s = 5;
    let mut bench = Bench::raise(plan).await?;
    // Both: what the controller said may be older than what the radios do.
    let settled = |b: &Bench, town: &serde_json::Value, open: usize| {
        let mode = if open > 0 { "disaster" } else { "normal" };
        total(town, "settled") == 2 && town["mode"] == mode && b.open_radios() == open
    };
    let until =
        async |bench: &Bench, what: &str, open| bench.until(what, PATIENCE, |town| settled(bench, town, open)).await;
    until(&bench, "settled, closed", 0).await?;
    bench.panel.turn(Turn::Disaster);
    until(&bench, "open", 2).await?;
    // Copies of the open town, one after the other, while it works.
    for n in 0..5 {
        let copy = at.path().join(format!("copy-{n}.sqlite"));
        let (code, said) = hirake(&bench, &["backup"], &copy)?;
        assert_eq!(code, 0, "{said}");
        let (code, said) = verify(&copy)?;
        assert!(code == 0 && said.contains("as it was written"), "{said}");
    }
    let copy = at.path().join("copy-4.sqlite");
    let (code, said) = hirake(&bench, &["backup"], &copy)?;
    assert!(code == 1 && said.contains("nothing is written over"), "{said}");
    bench.panel.turn(Turn::Normal);
    let town = until(&bench, "closed again", 0).await?;
    let number = town["order"]["number"].as_u64().unwrap_or_default();
    let (code, said) = hirake(&bench, &["restore"], &copy)?;
    assert!(code == 1 && said.contains("another program is at work on it"), "{said}");
    assert_eq!(bench.open_radios(), 0);

    bench.kill_controller();
    let (code, said) = hirake(&bench, &["restore"], &copy)?;
    assert!(code == 0 && said.contains("put back"), "{said}");
    bench.start_controller().await?;
    let higher =
        |town: &serde_json::Value| total(town, "settled") == 2 && town["order"]["number"].as_u64() >= Some(number);
    let opened = std::cell::Cell::new(0);
    bench
        .until("settled under the old number or a higher one", PATIENCE, |town| {
            opened.set(opened.get() + bench.open_radios());
            higher(town) && town["mode"] == "normal"
        })
        .await?;
    assert_eq!(opened.get(), 0, "no radio opened, not for a moment that was seen");
    // And the key goes on counting: a number that nobody has given yet.
    bench.panel.turn(Turn::Disaster);
    let town = until(&bench, "open once more", 2).await?;
    assert!(town["order"]["number"].as_u64() > Some(number), "{town}");
    let entries = bench.until_recorded("store-restored", PATIENCE).await?;
    let mut numbers: Vec<u64> = entries.as_array().into_iter().flatten().filter_map(|it| it["seq"].as_u64()).collect();
    let all = numbers.len();
    numbers.dedup();
    assert_eq!(numbers.len(), all, "each entry has a number of its own");
    let (code, said) = verify(&store)?;
    assert_eq!(code, 0, "the record of the running controller is whole: {said}");
    bench.stop()
}

fn verify(file: &Path) -> Result<(i32, String)> {
    let out = Command::new(product("hirake")?).args(["record", "verify", "--en"]).arg(file).output()?;
    Ok((out.status.code().unwrap_or(-1), String::from_utf8_lossy(&out.stdout).into_owned()))
}

/// Shows that a line changed by hand is named with its number and its day, and that the exit code says so.
#[tokio::test]
async fn a_changed_line_of_the_record_is_named_by_the_real_program() -> Result<()> {
    let at = tempfile::tempdir()?;
    let store = at.path().join("store.sqlite");
    let bench = Bench::raise(plan(&store)).await?;
    bench.until("both settled", PATIENCE, |town| total(town, "settled") == 2).await?;
    bench.panel.turn(Turn::Disaster);
    let entries = bench.until_recorded("opened", PATIENCE).await?;
    let opened = record(&entries, "opened").next().cloned().unwrap_or_default();
    let copy = at.path().join("copy.sqlite");
    assert_eq!(hirake(&bench, &["backup"], &copy)?.0, 0);
    bench.stop()?;
    // The hash on paper, before and after.
    let paper = |said: &str| said.lines().last().map(|line| line.rsplit("  ").next().unwrap_or("").to_owned());
    let (_, said) = verify(&copy)?;
    let known = paper(&said).unwrap_or_default();
    let out =
        Command::new(product("hirake")?).args(["record", "verify", "--en", "--known", &known]).arg(&copy).output()?;
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stdout));
    // In the file itself: the one who opened becomes another.
    let bytes = std::fs::read(&copy)?;
    let needle = br#"["by","key"]"#;
    let places: Vec<usize> =
        bytes.windows(needle.len()).enumerate().filter(|(_, at)| at == needle).map(|(at, _)| at).collect();
    ensure!(!places.is_empty(), "the opening is in the file");
    let mut changed = bytes.clone();
    for place in places {
        changed[place..place + needle.len()].copy_from_slice(br#"["by","kex"]"#);
    }
    std::fs::write(&copy, changed)?;
    let (code, said) = verify(&copy)?;
    assert_eq!(code, 7, "{said}");
    let line = format!("! {}  ", opened["seq"]);
    assert!(said.lines().any(|it| it.starts_with(&line) && it.contains("changed")), "{line}: {said}");
    let day = opened["at"].as_str().and_then(|at| at.get(..10)).unwrap_or("?").to_owned();
    assert!(said.contains(&day), "{day}: {said}");
    Ok(())
}

/// Shows that a database damaged under the running controller is set aside too: the key opens at once, the record goes on
/// in a new one, and after a kill the controller knows from it what is in force.
#[tokio::test]
async fn a_database_damaged_under_a_running_controller_holds_no_opening_up() -> Result<()> {
    let at = tempfile::tempdir()?;
    let store = at.path().join("store.sqlite");
    let mut bench = Bench::raise(plan(&store)).await?;
    bench.until("both settled", PATIENCE, |town| total(town, "settled") == 2).await?;
    for ending in ["", "-wal"] {
        let path = format!("{}{ending}", store.display());
        let length = std::fs::metadata(&path)?.len();
        // In place: the controller has this very file open.
        let file = std::fs::OpenOptions::new().write(true).open(&path)?;
        std::os::unix::fs::FileExt::write_all_at(&file, &vec![0xa5; usize::try_from(length)?], 0)?;
    }
    bench.panel.turn(Turn::Disaster);
    bench.until_seen("both open, whatever the database does", SOON, |b| b.open_radios() == 2).await?;
    // What was stored in the last moments before may lie in the damaged file; what is in force is in the new one.
    bench.until_recorded("store-set-aside", PATIENCE).await?;
    let town = bench.until("both settled", PATIENCE, |town| total(town, "settled") == 2).await?;
    let number = town["order"]["number"].as_u64();
    assert!(set_aside(&store)?.len() >= 2);
    let (code, said) = verify(&store)?;
    assert_eq!(code, 0, "{said}");
    bench.kill_controller();
    bench.start_controller().await?;
    let town = bench.until("both settled again", PATIENCE, |town| total(town, "settled") == 2).await?;
    assert_eq!((town["order"]["number"].as_u64(), bench.open_radios()), (number, 2));
    bench.stop()
}

/// Shows that a controller killed again and again in the middle of flips leaves a record that is a whole chain, with
/// every order's number once.
#[tokio::test]
async fn a_record_written_through_a_dozen_kills_is_a_whole_chain() -> Result<()> {
    let at = tempfile::tempdir()?;
    let store = at.path().join("store.sqlite");
    let mut bench = Bench::raise(plan(&store)).await?;
    bench.until("both settled", PATIENCE, |town| total(town, "settled") == 2).await?;
    for n in 0..12_u64 {
        let (turn, mode) = if n % 2 == 0 { (Turn::Disaster, "disaster") } else { (Turn::Normal, "normal") };
        bench.panel.turn(turn);
        bench.until("the order is decided", PATIENCE, |town| town["mode"] == mode).await?;
        // Sooner or later after it: while the batch is written, and while the reports come in.
        tokio::time::sleep(Duration::from_millis(n * 7)).await;
        bench.kill_controller();
        let (code, said) = verify(&store)?;
        assert_eq!(code, 0, "after kill {n}: {said}");
        bench.start_controller().await?;
    }
    bench.until("both settled", PATIENCE, |town| total(town, "settled") == 2).await?;
    let entries = bench.record().await?;
    let mut numbers: Vec<u64> = record(&entries, "ordered")
        .filter_map(|it| it["fields"]["number"].as_str().and_then(|number| number.parse().ok()))
        .collect();
    let all = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), all, "each order's number once: {numbers:?}");
    let (code, said) = verify(&store)?;
    assert_eq!(code, 0, "{said}");
    bench.stop()
}
