//! Distinct devices are counted, and nothing that leaves an access point says whose they were (design ruling 12).

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::bench::{Bench, BrokerKind, Plan, total};
use tests::http;
use tests::inventory;
use tests::panel::Turn;
use tests::people::Crowd;
use tests::recorder::Recorder;
use tests::traces::{Traces, every};

use crate::air;

const PATIENCE: Duration = Duration::from_secs(60);
/// People enough, coming and going fast enough, that half a minute has dozens of them.
const CROWD: Crowd = Crowd { peace: 4, disaster: 30, stay: Duration::from_secs(10) };
/// A crowd that gathers within seconds.
const GATHERING: Crowd = Crowd { peace: 0, disaster: 60, stay: Duration::from_secs(4) };
/// More comings and goings than hostapd has room for, for one that does not listen.
const FLOOD: Crowd = Crowd { peace: 0, disaster: 300, stay: Duration::from_secs(3) };
/// Whoever is there stays, and nobody comes.
const AT_REST: Crowd = Crowd { peace: 0, disaster: 0, stay: Duration::from_secs(3_600) };
/// The model town's operators' token (`tests/src/bench.rs`).
const TOKEN: &str = "model-town-token-0000000000000000";
/// More devices than this are to be seen before anything is looked for.
const DEVICES: usize = 40;
/// One of others who sends a name that looks like ours: the agent is to name this address, and no other that it hears.
const LOOK_ALIKE: &str = "02:13:37:00:00:01";
/// A round of listening (60 s and a quarter of it), and another where the first came at a bad moment.
const A_ROUND: Duration = Duration::from_secs(150);

/// Every file under `dir` that can be read, whole, and every file's name.
fn files(dir: &Path, found: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.display().to_string();
        let kind = std::fs::symlink_metadata(&path)?.file_type();
        if kind.is_dir() {
            files(&path, found)?;
        } else if kind.is_file() {
            found.push((name.clone(), std::fs::read(&path)?));
        }
        found.push((format!("the name of {name}"), name.into_bytes()));
    }
    Ok(())
}

/// The activations that `/api/v1/distinct` tells of, once it tells of as many devices as `enough`.
async fn distinct(bench: &Bench, enough: impl Fn(&Value) -> bool) -> Result<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let told = http::get_json(bench.http(), "/api/v1/distinct").await?;
        if enough(&told) {
            return Ok(told);
        }
        ensure!(Instant::now() < deadline, "distinct devices are not told: {told}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Where in `bytes` a word stands.
fn place_of(word: &str, bytes: &[u8]) -> Result<usize> {
    bytes.windows(word.len()).position(|part| part == word.as_bytes()).with_context(|| format!("no {word}"))
}

/// How many joins the samples on a page of the shelf tell of.
fn joins(page: &[u8]) -> Result<u64> {
    let sheet: Value = serde_json::from_slice(page.get(9..).context("a sum, and what follows it")?)?;
    let rows = sheet["samples"].as_array().into_iter().flatten().flat_map(|sample| sample["rows"].as_array());
    Ok(rows.flatten().filter_map(|row| row[3].as_u64()).sum())
}

/// Shows that a real agent, with a crowd at a pretend hostapd and phones on the air that send networks of their own,
/// counts distinct devices through a real broker into the controller's answers, and that among all bytes it sends
/// (sketches, samples and sightings among them) and all files, names of files and log lines it writes until it has
/// stopped (the page of samples that wait among them) there is no address of a device, in no spelling, and none of the
/// plain hashes of one; and that the looking finds what is there, in each of these.
#[tokio::test]
async fn every_byte_that_leaves_an_agent_is_free_of_addresses_and_of_their_hashes() -> Result<()> {
    let mut plan = Plan::quiet(inventory::aps().into_iter().take(1).collect(), BrokerKind::Mosquitto);
    plan.counts_interval_s = 5;
    plan.aps[0].crowd = CROWD;
    let name = plan.aps[0].id.clone();
    let temp = tempfile::Builder::new().prefix("hirake-").tempdir()?;
    let mut bench = Bench::lay_out(temp.path(), plan)?;
    // Between the agent and the broker stands one who writes down every byte.
    let recorder = Recorder::start(bench.broker()).await?;
    let config = temp.path().join("ap").join(&name).join("agent.toml");
    let text = std::fs::read_to_string(&config).context("agent.toml")?;
    let through = |port: u16| format!("port = {port}\n");
    ensure!(text.contains(&through(bench.broker().port())), "{text}");
    std::fs::write(&config, text.replace(&through(bench.broker().port()), &through(recorder.address().port())))?;
    // What is on the air is not the agent's: it lies elsewhere.
    let world = tempfile::Builder::new().prefix("hirake-").tempdir()?;
    let air = air::give_ear(temp.path(), &name, world.path())?;
    // Phones that are on its network and send one of their own: the agent hears their addresses from iw as well.
    bench.until_seen("some are there", PATIENCE, |bench| bench.radio(0).guests().len() > 1).await?;
    let phones = bench.radio(0).guests().iter().map(|phone| air::network(phone, "my phone")).collect::<String>();
    air::send(&air, &[phones, air::network(LOOK_ALIKE, "0000OJAPAN")])?;
    bench.start_controller().await?;
    bench.start_agents()?;
    bench.until("settled", PATIENCE, |town| total(town, "settled") == 1).await?;
    bench.panel.turn(Turn::Disaster);
    bench.until("a crowd is on the screen", PATIENCE, |town| total(town, "stations") > 10).await?;
    bench.until_seen("many were there", PATIENCE, |bench| bench.radio(0).guests().len() > DEVICES).await?;

    // The figure is told: for the town, for its facility and for the AP, which are the same here.
    let told = distinct(&bench, |told| told["activations"][0]["town"]["devices"].as_u64() > Some(20)).await?;
    let activation = &told["activations"][0];
    assert_eq!((&activation["mode"], &activation["by"]), (&"disaster".into(), &"key".into()), "{told}");
    assert_eq!(activation["facilities"][0]["devices"], activation["town"]["devices"]);
    assert_eq!(activation["aps"][0]["id"], name.as_str());
    assert_eq!(told["error_percent"], 5);
    let metrics = http::get(bench.http(), "/metrics").await?;
    assert!(metrics.contains("hirake_distinct_devices{activation=\"1\",mode=\"disaster\",facility=\"\"}"), "{metrics}");
    let csv = http::get(bench.http(), "/api/v1/distinct.csv").await?;
    assert!(csv.contains("町全体") && csv.contains("disaster"), "{csv}");
    let heard = |town: &Value| town["strangers"].as_array().is_some_and(|all| !all.is_empty());
    let town = bench.until("what it hears is told", A_ROUND, heard).await?;
    assert_eq!(town["strangers"].as_array().map(Vec::len), Some(1), "phones are nobody's business: {town}");

    // The end of it: the sketch is told to the last, and no more than that.
    bench.panel.turn(Turn::Normal);
    bench.until_seen("closed", PATIENCE, |bench| bench.open_radios() == 0).await?;
    let closed = |town: &Value| total(town, "settled") == 1 && town["mode"] == "normal";
    bench.until("settled again", PATIENCE, closed).await?;
    // What was on 00000JAPAN, at most: those of the town's own network are among the guests, and are not counted.
    let devices = told["activations"][0]["town"]["devices"].as_u64().context("devices")?;
    let guests = bench.radio(0).guests().len();
    assert!(usize::try_from(devices)? <= guests * 11 / 10, "{devices} of {guests} devices");

    // Cut off in another disaster, it counts those who come and go, and takes what waits to the flash when it stops.
    bench.panel.turn(Turn::Disaster);
    bench.until("open again", PATIENCE, |town| total(town, "settled") == 1 && town["mode"] == "disaster").await?;
    bench.kill_mosquitto();
    let before = bench.radio(0).guests().len();
    bench.until_seen("many came", PATIENCE, |bench| bench.radio(0).guests().len() > before + DEVICES).await?;
    bench.stop_agent(0)?;
    let guests = bench.radio(0).guests();

    let sent = recorder.sent();
    let topic = |last: &str| format!("hirake/1/shiomi/ap/{name}/{last}");
    place_of(&topic("distinct"), &sent)?;
    let sightings = place_of(&topic("sightings"), &sent)?;
    let mut everything = vec![("what the agent sent".to_owned(), sent)];
    files(bench.dir(), &mut everything)?;
    // Where an agent binds its sockets.
    let own = std::fs::read_dir("/tmp")?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    everything
        .extend(own.filter(|name| name.starts_with("hirake-agent")).map(|name| (name.clone(), name.into_bytes())));
    let written = |end: &str| {
        let found = everything.iter().find(|(place, bytes)| place.ends_with(end) && !bytes.is_empty());
        found.map(|(_, bytes)| bytes).with_context(|| format!("nothing was written into {end}"))
    };
    let (ledger, page) = (written("/ledger")?, written("/ledger.counts")?);
    // All that it says on its standard output and error.
    let log = written(&format!("/log/{name}.log"))?;
    place_of("stopped", log)?;
    ensure!(joins(page)? > 0, "samples that wait: {}", String::from_utf8_lossy(page));

    let traces = Traces::of(guests.iter().map(String::as_str));
    println!("{} devices, {} traces, {} places", guests.len(), traces.count(), everything.len());
    for (place, bytes) in &everything {
        let found = traces.find(bytes);
        assert!(found.is_none(), "{found:?} is in {place}");
    }

    ensure!(traces.find(&std::fs::read(&air)?).is_some(), "iw told the agent of phones");

    // That this would be seen: the AP's own address is in its reports, that of the look-alike in its sightings, and both
    // are found by the same looking.
    let sent = &everything[0].1;
    let own = bench.radio(0).on_air().first().map(|network| network.bssid.clone()).context("an AP's own address")?;
    for named in [own.as_str(), LOOK_ALIKE] {
        assert!(Traces::of([named]).find(sent).is_some(), "{named} is told");
    }
    // And so is every trace of one device, planted in the middle of what was sent, in a sighting, and in what was written.
    let middle = |bytes: &[u8]| bytes.len() / 2;
    for (place, bytes, at) in [
        ("what was sent", sent, middle(sent)),
        ("a sighting", sent, sightings + topic("sightings").len()),
        ("the ledger", ledger, middle(ledger)),
        ("the page of samples", page, middle(page)),
        ("the log", log, middle(log)),
    ] {
        let (before, after) = bytes.split_at(at);
        for (what, trace) in every(&guests[0]) {
            // The beginning and the end of the trace only: the rest was looked through above.
            let near = 64.min(before.len()).min(after.len());
            let planted = [&before[before.len() - near..], &trace, &after[..near]].concat();
            assert!(traces.find(&planted).is_some(), "{what} is not found in {place}");
        }
    }
    bench.stop()
}

/// Shows that devices are counted also where hostapd never tells of their coming: those that came while no agent ran,
/// and those that were there before a second activation began.
#[tokio::test]
async fn whoever_came_before_anybody_listened_is_counted_too() -> Result<()> {
    let mut plan = Plan::quiet(inventory::aps().into_iter().take(1).collect(), BrokerKind::Mosquitto);
    plan.counts_interval_s = 5;
    let facility = plan.aps[0].facility;
    let mut bench = Bench::raise(plan).await?;
    bench.until("settled", PATIENCE, |town| total(town, "settled") == 1).await?;
    bench.panel.turn(Turn::Disaster);
    bench.until("open", PATIENCE, |town| total(town, "settled") == 1 && town["mode"] == "disaster").await?;
    bench.kill_agent(0);
    bench.radio(0).draw(GATHERING);
    let present = |bench: &Bench| bench.radio(0).on_air().iter().map(|network| network.stations.len()).sum::<usize>();
    bench.until_seen("many are there", PATIENCE, |bench| present(bench) > DEVICES).await?;
    bench.radio(0).draw(AT_REST);
    let there = present(&bench);
    bench.start_agent(0)?;
    // Of 40 to 80 devices a sketch is wrong by less than one in ten, seen all at once.
    let right = |told: &Value, at: usize| {
        let told =
            told["activations"][at]["town"]["devices"].as_u64().and_then(|devices| usize::try_from(devices).ok());
        told.is_some_and(|devices| devices.abs_diff(there) * 10 <= there)
    };
    distinct(&bench, |told| right(told, 0)).await?;

    let body = json!({"mode": "disaster", "by": "佐藤", "facilities": [facility], "why": "津波"});
    http::post(bench.http(), "/api/v1/activations", TOKEN, &body).await?;
    let told = distinct(&bench, |told| right(told, 0) && right(told, 1)).await?;
    assert_eq!(told["activations"].as_array().map(Vec::len), Some(2), "{told}");
    assert_eq!(present(&bench), there, "nobody came or went");
    bench.stop()
}

/// Shows that an agent that was held up until hostapd had no room left for what it told it, and tells it nothing any
/// more, finds that out by itself: it counts those who came meanwhile, and those who come afterwards.
#[tokio::test]
async fn an_agent_that_was_held_up_counts_those_who_came_and_hears_those_who_come() -> Result<()> {
    let mut plan = Plan::quiet(inventory::aps().into_iter().take(1).collect(), BrokerKind::Mosquitto);
    plan.counts_interval_s = 5;
    let mut bench = Bench::raise(plan).await?;
    bench.until("settled", PATIENCE, |town| total(town, "settled") == 1).await?;
    bench.panel.turn(Turn::Disaster);
    bench.until("open", PATIENCE, |town| total(town, "settled") == 1 && town["mode"] == "disaster").await?;
    let present = |bench: &Bench| bench.radio(0).on_air().iter().map(|network| network.stations.len()).sum::<usize>();
    let guests = |bench: &Bench| bench.radio(0).guests().len();
    bench.agent(0).context("an agent")?.freeze();
    bench.radio(0).draw(FLOOD);
    bench.until_seen("many came and went", PATIENCE, |bench| guests(bench) > 700).await?;
    bench.radio(0).draw(AT_REST);
    let there = present(&bench);
    bench.agent(0).context("an agent")?.go_on();
    let told = |told: &Value| {
        told["activations"][0]["town"]["devices"]
            .as_u64()
            .and_then(|devices| usize::try_from(devices).ok())
            .unwrap_or(0)
    };
    // Heard at most before hostapd gave it up, and there now; those who had gone again by then nobody ever saw.
    let heard = told(&distinct(&bench, |now| told(now) * 10 >= there * 9).await?);
    let before = guests(&bench);
    bench.radio(0).draw(FLOOD);
    bench.until_seen("many more came", PATIENCE, |bench| guests(bench) > before + 400).await?;
    bench.radio(0).draw(AT_REST);
    let came = guests(&bench) - before;
    distinct(&bench, |now| told(now) * 10 >= (heard + came) * 8).await?;
    bench.stop()
}
