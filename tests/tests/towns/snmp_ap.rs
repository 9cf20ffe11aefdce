//! The pretend vendor access points, asked by net-snmp's own tools: what they say, what they refuse, what a reboot leaves.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use async_snmp::{AuthProtocol, PrivProtocol};
use hirake_snmp::oid::Oid;
use hirake_snmp::profile::library::{Choice, Library, Seen};
use tests::snmp_ap::answer::Objects;
use tests::snmp_ap::{Access, Device, DevicePlan, OnSet, Platform, UserPlan, walk};
use tokio::time::sleep;

const ESS_ADMIN: &str = "1.3.6.1.4.1.14179.2.1.1.1.6.5";
const SAVE: &str = "1.3.6.1.4.1.14179.1.3.1.0";
const ZD_BOUND: &str = "1.3.6.1.4.1.25053.1.2.2.2.1.1.3.1.10.1.2";
const IF_ADMIN: &str = "1.3.6.1.2.1.2.2.1.7.4";
const IF_OPER: &str = "1.3.6.1.2.1.2.2.1.8.4";

/// Runs one of net-snmp's tools against a device; its words, out and error together.
async fn ask(tool: &str, how: &str, device: &Device, what: &str) -> Result<String> {
    let mut command = Command::new(tool);
    command.args(how.split_whitespace()).args(["-On", "-Oe", "-t1", "-r0"]).arg(format!("udp:{}", device.address()));
    command.args(what.split_whitespace()).env("MIBS", "");
    // The device lives in this runtime: waiting must not stop it.
    let output = tokio::task::spawn_blocking(move || command.output()).await?;
    let output = output.with_context(|| format!("{tool}: apt-get install snmp"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
}

/// The names of what a walk brought.
fn names(said: &str) -> Vec<Oid> {
    // The tools show the end of everything as one more line, under the last name.
    let objects = said.lines().filter(|line| !line.contains("No more variables left"));
    objects.filter_map(|line| line.split_once(" = ")?.0.parse().ok()).collect()
}

async fn get(device: &Device, oid: &str) -> Result<String> {
    let said = ask("snmpget", "-v2c -cpublic -Oqv", device, oid).await?;
    Ok(said.trim().to_owned())
}

async fn set(device: &Device, what: &str) -> Result<String> {
    ask("snmpset", "-v2c -cprivate", device, what).await
}

async fn until(what: &str, holds: impl Fn() -> bool) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() {
        ensure!(Instant::now() < end, "not within 10 s: {what}");
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_walk_brings_every_object_once_and_in_order_whatever_the_version() -> Result<()> {
    // A controller for 12 APs, walked with GETNEXT and with GETBULK: what it says it shows is what is read.
    let device = Device::start(DevicePlan::controller(Platform::Aireos, "wlc", 1, 12))?;
    let shown = device.shown();
    for (tool, how) in
        [("snmpbulkwalk", "-v2c -cpublic -Cr25"), ("snmpwalk", "-v1 -cpublic"), ("snmpwalk", "-v2c -cpublic")]
    {
        let said = ask(tool, how, &device, ".1").await?;
        let expected: Vec<Oid> = shown.keys().cloned().collect();
        assert_eq!(names(&said), expected, "{tool} {how}");
    }
    Ok(())
}

#[tokio::test]
async fn each_wrong_set_is_refused_by_its_own_name_and_nothing_is_changed() -> Result<()> {
    let wlc = Device::start(DevicePlan::controller(Platform::Aireos, "wlc", 2, 2))?;
    let director = Device::start(DevicePlan::controller(Platform::ZoneDirector, "zd", 3, 2))?;
    let instant = Device::start(DevicePlan::controller(Platform::ArubaInstant, "iap", 4, 2))?;
    for (device, what, word) in [
        (&wlc, format!("{ESS_ADMIN} s x"), "wrongType"),
        (&wlc, format!("{ESS_ADMIN} i 2"), "wrongValue"),
        (&wlc, "1.3.6.1.2.1.1.1.0 s x".to_owned(), "notWritable"),
        (&wlc, "1.3.6.1.4.1.14179.2.1.1.1.6.77 i 1".to_owned(), "noCreation"),
        (&director, format!("{ZD_BOUND} i 1"), "wrongValue"),
        (&instant, "1.3.6.1.4.1.14823.2.3.3.1.1.7.1.3.1 i 0".to_owned(), "notWritable"),
        // Two varbinds, the second wrong: the first is not carried out.
        (&wlc, format!("{ESS_ADMIN} i 1 {SAVE} i 7"), "wrongValue"),
    ] {
        let said = set(device, &what).await?;
        ensure!(said.contains(word), "{what}: expected {word}, found {said}");
    }
    let said = ask("snmpset", "-v2c -cpublic", &wlc, &format!("{ESS_ADMIN} i 1")).await?;
    ensure!(said.contains("noAccess"), "the reading community: {said}");
    let said = ask("snmpset", "-v1 -cprivate", &wlc, &format!("{ESS_ADMIN} i 2")).await?;
    ensure!(said.contains("badValue"), "SNMPv1 has its own words: {said}");
    let said = ask("snmpget", "-v2c -cwrong", &wlc, ESS_ADMIN).await?;
    ensure!(said.contains("Timeout"), "a wrong community is not answered: {said}");
    assert_eq!(get(&wlc, ESS_ADMIN).await?, "0");
    ensure!(!wlc.is_open() && !director.is_open());
    Ok(())
}

#[tokio::test]
async fn a_vap_follows_its_switch_and_is_closed_again_by_a_reboot() -> Result<()> {
    let device =
        Device::start(DevicePlan { boot: Duration::from_millis(100), ..DevicePlan::ap(Platform::OpenWrt, "ap", 5) })?;
    set(&device, &format!("{IF_ADMIN} i 1")).await?;
    until("on the air", || device.is_open()).await?;
    assert_eq!(get(&device, IF_OPER).await?, "1");
    device.reboot();
    until("up again", || device.shown().len() > 10 && !device.is_open()).await?;
    sleep(Duration::from_millis(150)).await;
    assert_eq!(get(&device, IF_ADMIN).await?, "2", "nothing was kept");
    Ok(())
}

#[tokio::test]
async fn a_controller_forgets_in_a_reboot_what_was_not_saved() -> Result<()> {
    let plan = DevicePlan { boot: Duration::from_millis(50), ..DevicePlan::controller(Platform::Aireos, "wlc", 6, 2) };
    let device = Device::start(plan)?;
    for saved in [false, true] {
        set(&device, &format!("{ESS_ADMIN} i 1")).await?;
        until("on the air", || device.is_open()).await?;
        if saved {
            set(&device, &format!("{SAVE} i 1")).await?;
        }
        device.reboot();
        sleep(Duration::from_millis(100)).await;
        assert_eq!(get(&device, ESS_ADMIN).await?, if saved { "1" } else { "0" });
    }
    Ok(())
}

#[tokio::test]
async fn rows_are_made_and_taken_away_as_each_maker_has_it() -> Result<()> {
    let director = Device::start(DevicePlan::controller(Platform::ZoneDirector, "zd", 7, 3))?;
    set(&director, &format!("{ZD_BOUND} i 4")).await?;
    until("bound", || director.is_open()).await?;
    ensure!(set(&director, &format!("{ZD_BOUND} i 4")).await?.contains("inconsistentValue"), "there already");
    set(&director, &format!("{ZD_BOUND} i 6")).await?;
    until("gone", || !director.is_open()).await?;

    let aironet = Device::start(DevicePlan::ap(Platform::Aironet, "ap", 8))?;
    let ssid = "10.48.48.48.48.48.74.65.80.65.78";
    let bound = format!("1.3.6.1.4.1.9.9.413.1.1.3.1.1.1.{ssid}");
    set(&aironet, &format!("{bound} i 4")).await?;
    until("bound", || aironet.is_open()).await?;
    let said = set(&aironet, "1.3.6.1.4.1.9.9.413.1.1.3.1.1.1.3.65.66.67 i 4").await?;
    ensure!(said.contains("inconsistentName"), "an SSID nobody prepared: {said}");
    let copy = "1.3.6.1.4.1.9.9.96.1.1.1.1";
    let said = set(&aironet, &format!("{copy}.14.9 i 4")).await?;
    ensure!(said.contains("inconsistentValue"), "a copy from nowhere to nowhere: {said}");
    set(&aironet, &format!("{copy}.3.9 i 4 {copy}.4.9 i 3 {copy}.14.9 i 4")).await?;
    ensure!(!aironet.is_saved_open(), "saving takes its time");
    until("saved", || aironet.is_saved_open()).await?;
    assert_eq!(get(&aironet, &format!("{copy}.10.9")).await?, "3");
    set(&aironet, &format!("{copy}.14.9 i 6")).await?;
    assert_eq!(aironet.copy_jobs(), 0);
    Ok(())
}

#[tokio::test]
async fn a_script_is_run_by_a_number_and_by_looking_at_its_output() -> Result<()> {
    let device = Device::start(DevicePlan::ap(Platform::RouterOs, "hap", 9))?;
    set(&device, "1.3.6.1.4.1.14988.1.1.8.1.1.3.2 i 1").await?;
    until("opened", || device.is_open()).await?;
    // Whoever may write and reads this column closes the network: profiles keep away from it.
    ask("snmpwalk", "-v2c -cprivate", &device, ".1").await?;
    ensure!(device.is_open(), "a walk does not meet it");
    ask("snmpget", "-v2c -cprivate", &device, "1.3.6.1.4.1.14988.1.1.18.1.1.2.3").await?;
    until("closed by a look", || !device.is_open()).await?;
    assert_eq!(device.seen().touched, 1);
    Ok(())
}

#[tokio::test]
async fn bad_manners_are_what_they_are_called() -> Result<()> {
    let device = Device::start(DevicePlan::ap(Platform::ZoneFlex, "zf", 10))?;
    let admin = "1.3.6.1.4.1.25053.1.1.6.1.1.1.1.1.12.17";
    device.behave(|m| m.on_set = OnSet::Forgets);
    ensure!(!set(&device, &format!("{admin} i 1")).await?.contains("Error"), "it says that it was done");
    assert_eq!(get(&device, admin).await?, "2");
    device.behave(|m| m.on_set = OnSet::Deaf);
    set(&device, &format!("{admin} i 1")).await?;
    assert_eq!(get(&device, admin).await?, "1");
    sleep(Duration::from_millis(400)).await;
    ensure!(!device.is_open(), "the air did not follow");
    device.behave(|m| (m.on_set, m.silent) = (OnSet::Obeys, true));
    ensure!(get(&device, admin).await?.contains("Timeout"));
    device.behave(|m| (m.silent, m.set_late) = (false, Duration::from_secs(3)));
    ensure!(set(&device, &format!("{admin} i 1")).await?.contains("Timeout"), "asked for one second");
    until("carried out all the same", || device.is_open()).await
}

#[tokio::test]
async fn users_are_known_by_their_passwords_and_only_some_may_write() -> Result<()> {
    let user = |name: &str, auth, privacy, writes| UserPlan {
        name: name.to_owned(),
        auth: Some((auth, "auth-word-0".to_owned())),
        privacy: Some((privacy, "priv-word-0".to_owned())),
        writes,
    };
    let users = vec![
        user("hirake", AuthProtocol::Sha256, PrivProtocol::Aes128, true),
        user("old", AuthProtocol::Sha1, PrivProtocol::Aes128, false),
    ];
    let access = Access { users, ..Access::default() };
    let device = Device::start(DevicePlan { access, ..DevicePlan::ap(Platform::OpenWrt, "ap", 11) })?;
    let hirake = "-v3 -lauthPriv -uhirake -aSHA-256 -Aauth-word-0 -xAES -Xpriv-word-0";
    let old = "-v3 -lauthPriv -uold -aSHA -Aauth-word-0 -xAES -Xpriv-word-0";
    let shown = device.shown();
    let said = ask("snmpbulkwalk", hirake, &device, ".1").await?;
    assert!(names(&said).iter().eq(shown.keys()), "{said}");
    ensure!(ask("snmpget", old, &device, IF_ADMIN).await?.contains("INTEGER: 2"));
    ensure!(ask("snmpset", old, &device, &format!("{IF_ADMIN} i 1")).await?.contains("noAccess"));
    ensure!(!device.is_open());
    ask("snmpset", hirake, &device, &format!("{IF_ADMIN} i 1")).await?;
    until("on the air", || device.is_open()).await?;
    let said = ask("snmpget", "-v3 -lnoAuthNoPriv -uhirake", &device, IF_ADMIN).await?;
    ensure!(said.contains("authorizationError"), "a user with keys comes with them: {said}");
    let wrong = hirake.replace("auth-word-0", "auth-word-1");
    let said = ask("snmpget", &wrong, &device, IF_ADMIN).await?;
    ensure!(said.contains("Authentication failure"), "{said}");
    let said = ask("snmpget", &hirake.replace("hirake", "nobody"), &device, IF_ADMIN).await?;
    ensure!(said.contains("Unknown user name"), "{said}");
    Ok(())
}

#[tokio::test]
async fn the_shipped_profiles_know_each_make_and_read_whether_it_is_open() -> Result<()> {
    // What a device shows, closed and open, put before the library as a poll would: found out by asking, read without faults.
    let library = Library::shipped()?;
    for (platform, id) in [
        (Platform::OpenWrt, "openwrt"),
        (Platform::Aireos, "cisco-wlc"),
        (Platform::ZoneFlex, "ruckus-zoneflex"),
        (Platform::ZoneDirector, "ruckus-zonedirector"),
        (Platform::Aironet, "cisco-aironet"),
        (Platform::RouterOs, "mikrotik-routeros"),
        (Platform::ArubaInstant, "aruba-instant"),
        (Platform::UniFi, "ubiquiti-unifi"),
    ] {
        let plan = DevicePlan { follows: Duration::ZERO, ..DevicePlan::controller(platform, "ap", 12, 2) };
        let device = Device::start(plan)?;
        let objects = Objects { walk: Arc::new(device.shown()), ..Objects::default() };
        let first = &*objects.walk;
        let profile = match library.choose(&Seen { first, probes: None }) {
            Choice::Found(profile) => profile,
            Choice::AskProbes { next, .. } => {
                let behind = next.iter().filter_map(|oid| objects.next(oid));
                let next = behind.map(|(oid, value)| (oid.clone(), value.clone())).collect();
                match library.choose(&Seen { first, probes: Some((first, &next)) }) {
                    Choice::Found(profile) => profile,
                    other => anyhow::bail!("{platform:?}: {other:?}"),
                }
            }
            Choice::Unknown(why) => anyhow::bail!("{platform:?}: {why}"),
        };
        assert_eq!(profile.id, id, "{platform:?}");
        for open in [false, true] {
            device.turn(open);
            let readings = profile.read(&device.shown());
            assert_eq!(readings.faults, Vec::<String>::new(), "{platform:?}, open: {open}");
            let japan: Vec<_> = readings.networks.iter().filter(|bss| bss.ssid == b"00000JAPAN").collect();
            ensure!(japan.iter().all(|bss| bss.up == Some(open)), "{platform:?}, open: {open}: {japan:?}");
            ensure!(!open || !japan.is_empty(), "{platform:?} is open and nobody sees it");
            if platform.speaks_for_many() {
                assert_eq!(readings.aps.len(), 2, "{platform:?}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn one_process_carries_two_thousand_devices_that_share_a_walk() -> Result<()> {
    // What 2,000 devices add to this process, which must stay small enough for 5,000 of them beside everything else.
    let memory = || -> Result<usize> {
        let status = std::fs::read_to_string("/proc/self/statm")?;
        Ok(status.split(' ').nth(1).context("resident pages")?.parse::<usize>()? * 4096)
    };
    tests::process::allow_many_files()?;
    let text: String = (0..200).map(|n| format!("1.3.6.1.4.1.99999.1.{n}|2|{n}\n")).collect();
    let (shared, before) = (Arc::new(walk::read(&text)?), memory()?);
    let plan = |n| DevicePlan { walk: Arc::clone(&shared), ..DevicePlan::ap(Platform::Plain, "", n) };
    let devices: Vec<_> = (0..2000).map(|n| Device::start(plan(n))).collect::<Result<_>>()?;
    let last = devices.last().context("2,000 of them")?;
    assert_eq!(get(last, "1.3.6.1.4.1.99999.1.199").await?, "199");
    let each = memory()?.saturating_sub(before) / devices.len();
    ensure!(each < 16 * 1024, "{each} octets for each device");
    Ok(())
}
