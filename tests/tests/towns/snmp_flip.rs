//! Access points of other makes, flipped over SNMP by the product's own deputies: opened, proven, saved, closed, and what
//! becomes of it when the device reboots, lies, refuses, is slow or is silent.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use async_snmp::{AuthProtocol, PrivProtocol};
use firmware_config::mode::Mode;
use firmware_config::wire::AgentState;
use hirake_snmp::device::{DeviceAp, Role};
use hirake_snmp::trouble::Status;
use tests::deputies::{self, Deputies, HERE, community, community_v1, user};
use tests::process::allow_many_files;
use tests::snmp_ap::{Access, Device, DevicePlan, OnSet, Platform, UserPlan};
use tests::vendors;
use tokio::time::sleep;

/// A flip with its settling, reads and saving takes some seconds; a busy machine takes more.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between polls: as short as it makes sense, so that a test need not wait for the next one.
const INTERVAL: Duration = Duration::from_secs(1);
const FLIPPABLE: [Platform; 6] = [
    Platform::OpenWrt,
    Platform::Aireos,
    Platform::ZoneFlex,
    Platform::ZoneDirector,
    Platform::Aironet,
    Platform::RouterOs,
];

/// A pretend device, and as the town would write it down. A WLAN controller speaks for `aps` access points, `ID-1`, …
fn put(
    id: &str,
    seed: u64,
    aps: u8,
    change: impl FnOnce(&mut DevicePlan),
) -> Result<(Device, hirake_snmp::device::Device)> {
    let platform = FLIPPABLE[usize::try_from(seed)? % FLIPPABLE.len()];
    let mut plan = DevicePlan::controller(platform, id, seed, aps);
    change(&mut plan);
    let platform = plan.platform;
    let keys: Vec<String> =
        plan.aps.iter().map(|(mac, ..)| mac.map(|octet| format!("{octet:02x}")).join(":")).collect();
    let pretend = Device::start(plan)?;
    let mut device = deputies::device(id, pretend.address())?;
    device.words = vendors::words(platform).iter().map(|(name, word)| ((*name).into(), (*word).into())).collect();
    if platform.speaks_for_many() {
        let ap = |(n, key): (usize, String)| -> Result<DeviceAp> {
            Ok(DeviceAp {
                ap: format!("{id}-{}", n + 1).parse()?,
                facility: HERE.parse()?,
                key: Some(key),
                role: Role::Flip,
            })
        };
        device.aps = keys.into_iter().enumerate().map(ap).collect::<Result<_>>()?;
    }
    Ok((pretend, device))
}

/// One of each make that can be flipped, one access point each.
fn one_of_each(change: impl Fn(&mut DevicePlan)) -> Result<(Vec<Device>, Vec<hirake_snmp::device::Device>)> {
    let names = ["openwrt", "wlc", "zoneflex", "director", "aironet", "routeros"];
    let all = (0..).zip(names).map(|(seed, name)| put(name, seed, 1, &change)).collect::<Result<Vec<_>>>()?;
    Ok(all.into_iter().unzip())
}

const ALL: [&str; 6] = ["openwrt", "wlc-1", "zoneflex", "director-1", "aironet", "routeros"];

async fn until(what: &str, holds: impl Fn() -> bool) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        ensure!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

#[tokio::test]
async fn each_make_is_opened_proven_saved_and_closed_and_left_alone_in_between() -> Result<()> {
    let (pretend, devices) = one_of_each(|_| {})?;
    let mut room = Deputies::start(devices, INTERVAL).await?;
    let number = room.order(Mode::Disaster, &[HERE])?;
    room.serving(&ALL, number, Mode::Disaster, PATIENCE).await?;
    ensure!(pretend.iter().all(|d| d.open_rows().0 == d.open_rows().1), "every switch of each is on the air");
    // Saved after it is open, and tidied up after: the WLAN controller and the Aironet need it said.
    until("saved", || [1, 4].iter().all(|&at| pretend[at].is_saved_open() && pretend[at].copy_jobs() == 0)).await?;
    // A drill instead of a disaster: the same on the air, so nothing is written.
    let sets: Vec<u64> = pretend.iter().map(|d| d.seen().sets).collect();
    let number = room.order(Mode::Drill, &[HERE])?;
    room.serving(&ALL, number, Mode::Drill, PATIENCE).await?;
    assert_eq!(pretend.iter().map(|d| d.seen().sets).collect::<Vec<_>>(), sets, "nothing to write");
    let number = room.order(Mode::Normal, &[HERE])?;
    room.serving(&ALL, number, Mode::Normal, PATIENCE).await?;
    ensure!(pretend.iter().all(|d| !d.is_open()));
    until("closed for good", || pretend.iter().all(|d| !d.is_saved_open() && d.copy_jobs() == 0)).await?;
    ensure!(
        pretend.iter().all(|d| d.seen().refused == 0 && d.seen().touched == 0),
        "no SET that was refused, no read that did something"
    );
    Ok(())
}

#[tokio::test]
async fn a_device_that_reboots_in_the_middle_is_open_in_the_end() -> Result<()> {
    // Each carries out the first SET, is gone before it has answered, and comes back as its make does.
    let (pretend, devices) = one_of_each(|plan| {
        (plan.manners.on_set, plan.manners.on_set_times) = (OnSet::RebootsSilently, Some(1));
    })?;
    let mut room = Deputies::start(devices, INTERVAL).await?;
    let number = room.order(Mode::Disaster, &[HERE])?;
    room.serving(&ALL, number, Mode::Disaster, PATIENCE).await?;
    ensure!(pretend.iter().all(Device::is_open));
    // And long after: those that keep nothing, or kept it saved, are open again by themselves or by us.
    pretend.iter().for_each(Device::reboot);
    until("gone", || pretend.iter().all(|d| !d.is_open())).await?;
    until("open again", || pretend.iter().all(Device::is_open)).await?;
    room.serving(&ALL, number, Mode::Disaster, PATIENCE).await
}

#[tokio::test]
async fn a_device_that_says_yes_and_does_nothing_is_found_out() -> Result<()> {
    let (pretend, devices) = one_of_each(|plan| plan.manners.on_set = OnSet::Forgets)?;
    let (zoneflex, device) = put("deaf", 2, 1, |plan| plan.manners.on_set = OnSet::Deaf)?;
    let mut room = Deputies::start(devices.into_iter().chain([device]).collect(), INTERVAL).await?;
    let number = room.order(Mode::Disaster, &[HERE])?;
    let liars = [&ALL[..], &["deaf"]].concat();
    room.until("found out", Duration::from_secs(90), |told| {
        liars
            .iter()
            .all(|&ap| told.reports.get(ap).is_some_and(|r| r.state == AgentState::Refused && !r.why.is_empty()))
    })
    .await?;
    ensure!(!room.told().reports.values().any(|report| report.mode == Mode::Disaster), "nobody is said to be open");
    // Mended: the tries that go on succeed.
    pretend.iter().chain([&zoneflex]).for_each(|d| d.behave(|manners| manners.on_set = OnSet::Obeys));
    room.serving(&liars, number, Mode::Disaster, PATIENCE).await?;
    ensure!(pretend.iter().all(Device::is_open) && zoneflex.is_open());
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_written_is_said_in_words_a_person_can_act_on() -> Result<()> {
    let refuses = |status| move |plan: &mut DevicePlan| plan.manners.on_set = OnSet::Refuses(status);
    let (switched_off, one) = put("switched-off", 2, 1, refuses(Status::NotWritable))?;
    let (_unprepared, two) = put("no-view", 0, 1, refuses(Status::NoAccess))?;
    let (unifi, three) = put("unifi", 0, 1, |plan| plan.platform = Platform::UniFi)?;
    let (_reader, mut four) = put("reader", 2, 1, |_| {})?;
    four.write = Some(community("public"));
    let (watched, mut five) = put("watched", 2, 1, |_| {})?;
    five.write = None;
    let mut room = Deputies::start(vec![one, two, three, four, five], INTERVAL).await?;
    let number = room.order(Mode::Disaster, &[HERE])?;
    for (ap, word) in [
        ("switched-off", "notWritable"),
        ("no-view", "noAccess"),
        ("unifi", "no writable object"),
        ("reader", "noAccess"),
        ("watched", "write"),
    ] {
        room.until(&format!("{ap} says {word}"), PATIENCE, |told| {
            told.reports.get(ap).is_some_and(|report| report.state == AgentState::Refused && report.why.contains(word))
        })
        .await?;
    }
    assert_eq!(unifi.seen().sets + watched.seen().sets, 0, "nothing is tried where nothing can be");
    // SETs are allowed on the device: the network opens without anybody doing anything here.
    switched_off.behave(|manners| manners.on_set = OnSet::Obeys);
    room.serving(&["switched-off"], number, Mode::Disaster, PATIENCE).await
}

#[tokio::test]
async fn a_silent_device_is_gone_and_opens_when_it_is_back() -> Result<()> {
    let (pretend, devices) = one_of_each(|plan| plan.manners.silent = true)?;
    let mut room = Deputies::start(devices, INTERVAL).await?;
    let number = room.order(Mode::Disaster, &[HERE])?;
    room.until_all("each was asked in vain", PATIENCE, |status| status.timeouts > 0 && !status.answers).await?;
    ensure!(!room.told().present.values().any(|&online| online), "nobody is there");
    assert_eq!(pretend.iter().map(|d| d.seen().sets).sum::<u64>(), 0);
    pretend.iter().for_each(|d| d.behave(|manners| manners.silent = false));
    room.serving(&ALL, number, Mode::Disaster, PATIENCE).await?;
    // Power gone while open: noticed, and open again after.
    pretend[2].power(false);
    room.until("noticed", PATIENCE, |told| told.present.get("zoneflex") == Some(&false)).await?;
    pretend[2].power(true);
    room.until("back", PATIENCE, |told| told.present.get("zoneflex") == Some(&true)).await?;
    room.serving(&["zoneflex"], number, Mode::Disaster, PATIENCE).await
}

#[tokio::test]
async fn slow_lossy_and_old_devices_are_flipped_all_the_same() -> Result<()> {
    let (slow, one) = put("slow", 2, 1, |plan| plan.manners.set_late = Duration::from_secs(3))?;
    let (lossy, two) = put("lossy", 1, 1, |plan| plan.manners.loses = 100)?;
    let (script, three) = put("script", 5, 1, |plan| plan.manners.set_late = Duration::from_secs(3))?;
    let (_old, mut four) = put("old", 0, 1, |_| {})?;
    (four.read, four.write) = (community_v1("public"), Some(community_v1("private")));
    let plan_v3 = |plan: &mut DevicePlan| {
        plan.access = Access {
            users: vec![UserPlan {
                name: "hirake".to_owned(),
                auth: Some((AuthProtocol::Sha256, "auth-word-0".to_owned())),
                privacy: Some((PrivProtocol::Aes128, "priv-word-0".to_owned())),
                writes: true,
            }],
            ..Access::default()
        };
    };
    let (v3, mut five) = put("v3", 2, 1, plan_v3)?;
    five.read = user("hirake", "auth-word-0", "priv-word-0");
    five.write = Some(five.read.clone());
    let all = ["slow", "lossy-1", "script", "old", "v3"];
    let mut room = Deputies::start(vec![one, two, three, four, five], INTERVAL).await?;
    let number = room.order(Mode::Disaster, &[HERE])?;
    room.serving(&all, number, Mode::Disaster, PATIENCE).await?;
    ensure!(lossy.is_open() && v3.is_open());
    // Answered late is not unanswered: nothing is sent twice. (Two radios, a SET each.)
    assert_eq!((slow.seen().sets, script.seen().sets), (2, 1));
    // A cheap device: up again with engineBoots as before.
    v3.reboot();
    until("gone", || !v3.is_open()).await?;
    until("up", || v3.is_open()).await?;
    let number = room.order(Mode::Normal, &[HERE])?;
    room.serving(&all, number, Mode::Normal, PATIENCE).await?;
    ensure!(!v3.is_open());
    Ok(())
}

#[tokio::test]
async fn one_wlan_controller_opens_forty_access_points_with_one_switch() -> Result<()> {
    let (wlc, device) = put("wlc", 1, 40, |_| {})?;
    let aps: Vec<String> = device.aps.iter().map(|ap| ap.ap.to_string()).collect();
    let aps: Vec<&str> = aps.iter().map(String::as_str).collect();
    let mut room = Deputies::start(vec![device], INTERVAL).await?;
    let number = room.order(Mode::Disaster, &[HERE])?;
    room.serving(&aps, number, Mode::Disaster, PATIENCE).await?;
    until("saved", || wlc.is_saved_open()).await?;
    assert_eq!(wlc.seen().sets, 2, "one switch, one saving");
    // One of them loses its cable: that one is gone, the others are not.
    wlc.at_console(|state| state.aps[6].connected = false);
    room.until("the seventh is gone", PATIENCE, |told| told.present.get("wlc-7") == Some(&false)).await?;
    assert_eq!(room.told().present.values().filter(|&&online| online).count(), 39);
    Ok(())
}

#[tokio::test]
async fn a_witness_sees_what_is_on_the_air_and_touches_nothing() -> Result<()> {
    let (linux, mut device) = put("linux", 0, 1, |_| {})?;
    (device.aps[0].role, device.write) = (Role::Witness, None);
    let mut room = Deputies::start(vec![device], INTERVAL).await?;
    let saw = |open: bool| move |told: &deputies::Told| told.sightings.get("linux").is_some_and(|s| s.open == Ok(open));
    room.order(Mode::Disaster, &[HERE])?;
    room.until("closed", PATIENCE, saw(false)).await?;
    linux.turn(true);
    room.until("open", PATIENCE, saw(true)).await?;
    linux.behave(|manners| manners.silent = true);
    let unseen = |told: &deputies::Told| told.sightings.get("linux").is_some_and(|s| s.open.is_err());
    room.until("nobody can say", PATIENCE, unseen).await?;
    assert_eq!(linux.seen().sets, 0);
    ensure!(room.told().reports.is_empty(), "its agent speaks for it");
    Ok(())
}

#[tokio::test]
async fn flips_do_not_wait_for_polls() -> Result<()> {
    // 1,000 devices whose every answer takes 1.5 s keep all places for polls taken; ten more are flipped meanwhile.
    allow_many_files()?;
    let busy = |n: u64| put(&format!("busy-{n}"), 2 + 6 * n, 1, |plan| plan.manners.late = Duration::from_millis(1500));
    let quick = |n: u64| put(&format!("quick-{n}"), 2 + 6 * (n + 1000), 1, |_| {});
    let (mut pretend, mut devices): (Vec<_>, Vec<_>) =
        (0..10).map(quick).collect::<Result<Vec<_>>>()?.into_iter().unzip();
    for n in 0..1000 {
        let (busy, mut device) = busy(n)?;
        // Elsewhere: the order does not reach it, and it is only polled.
        device.aps[0].facility = "minato".parse()?;
        pretend.push(busy);
        devices.push(device);
    }
    let mut room = Deputies::start(devices, Duration::from_secs(5)).await?;
    room.until_all("each has answered once", Duration::from_secs(120), |status| {
        status.answers && status.profile.is_some()
    })
    .await?;
    let asked = || pretend[10..].iter().map(|device| device.seen().questions).sum::<u64>();
    let before = asked();
    room.order(Mode::Disaster, &[HERE])?;
    until("all ten are switched", || pretend[..10].iter().all(|d| d.seen().sets == 2)).await?;
    // Told in questions and not in seconds, which a busy machine has less of: about 700 on an idle one.
    let meanwhile = asked() - before;
    ensure!(meanwhile > 0, "nobody was polled meanwhile: nothing was shown");
    ensure!(meanwhile < 5_000, "{meanwhile} questions to 1,000 others came before the last SET of ten idle devices");
    until("all ten are open", || pretend[..10].iter().all(Device::is_open)).await?;
    room.handle().statuses().await.first().context("ten of them")?;
    Ok(())
}
