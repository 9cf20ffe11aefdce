//! `hirake snmp` as support uses it: by the town's file, by address, over IPv6, and against a device that grants nothing.

use std::net::{Ipv6Addr, UdpSocket};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hirake_snmp::value::Value;
use tests::bench::{Bench, BrokerKind, Plan};
use tests::inventory;
use tests::process::{Keeper, installed, product};
use tests::vendors;
use tokio::time::sleep;

const SYS_DESCR: &str = "1.3.6.1.2.1.1.1.0";
const SYSTEM: &str = "1.3.6.1.2.1.1";
/// How long snmpd may take to come up on a busy machine.
const UP_WITHIN: Duration = Duration::from_secs(30);

/// `hirake snmp` with these words; the devices live in this runtime, which goes on meanwhile.
async fn snmp(words: &[&str]) -> Result<Output> {
    let mut command = Command::new(product("hirake")?);
    command.arg("snmp").args(words);
    Ok(tokio::task::spawn_blocking(move || command.output()).await??)
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_device_of_the_towns_file_is_asked_by_its_id_with_the_towns_secrets() -> Result<()> {
    let mut plan = Plan::quiet(inventory::aps(), BrokerKind::Inside);
    plan.vendors = vendors::of_the_town();
    let temp = tempfile::tempdir()?;
    let bench = Bench::lay_out(temp.path(), plan)?;
    let file = bench.dir().join("controller.toml");
    let file = file.to_str().context("a path in UTF-8")?;
    // One is asked in version 2c, one in version 3 with encryption; the words are what the device shows.
    for (id, ap) in [("wlc-taiikukan", "taiikukan-3"), ("mikrotik-minato", "minato-3")] {
        let said = snmp(&["get", "--config", file, "--device", id, SYS_DESCR]).await?;
        ensure!(said.status.success(), "{id}: {}", err(&said));
        let vendor =
            bench.aps.iter().find(|it| it.plan.id == ap).and_then(|it| it.vendor.clone()).context("a device")?;
        let shown = vendor.device.shown();
        let Some(Value::Octets(descr)) = shown.get(&SYS_DESCR.parse()?) else { bail!("{id} describes itself") };
        let descr = String::from_utf8_lossy(descr).into_owned();
        ensure!(out(&said).starts_with(SYS_DESCR) && out(&said).contains(&descr), "{id}: {}", out(&said));
        let [walked, bulk] = [
            snmp(&["walk", "--config", file, "--device", id, SYSTEM]).await?,
            snmp(&["bulk", "--config", file, "--device", id, SYSTEM]).await?,
        ];
        let below = shown.keys().filter(|oid| oid.is_within(&SYSTEM.parse().expect("a name"))).count();
        assert_eq!((out(&walked).lines().count(), out(&bulk).lines().count()), (below, below), "{}", err(&walked));
    }
    let said = snmp(&["get", "--config", file, "--device", "nobody", SYS_DESCR]).await?;
    assert_eq!(said.status.code(), Some(1));
    ensure!(err(&said).contains("no [[snmp-device]] \"nobody\""), "{}", err(&said));
    bench.stop()
}

/// A real snmpd on the IPv6 loopback, with a community and a user who was given no rights.
async fn snmpd(keeper: &Keeper, dir: &Path) -> Result<(tests::process::Running, u16)> {
    let program = installed("snmpd").context("snmpd: apt-get install snmpd")?;
    let port = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0))?.local_addr()?.port();
    let state = dir.join("state");
    std::fs::create_dir_all(&state)?;
    let conf = dir.join("snmpd.conf");
    std::fs::write(
        &conf,
        format!(
            "[snmp] persistentDir {}\n[snmpd]\nagentAddress udp6:[::1]:{port}\nrocommunity6 hirake-look\n\
             createUser nobody SHA hirake-secret-1 AES hirake-secret-2\nsysDescr pretend\n",
            state.display()
        ),
    )?;
    let mut command = Command::new(program);
    command.env("MIBS", "").args(["-f", "-C", "-c"]).arg(&conf).args(["-Lo", "-I", "-hr_swrun,-hr_swrunperf"]);
    let running = keeper.spawn(command, &dir.join("snmpd.log"))?;
    let until = Instant::now() + UP_WITHIN;
    while !running.last_words(5).contains("NET-SNMP version") {
        ensure!(Instant::now() < until, "snmpd did not come up: {}", running.last_words(5));
        sleep(Duration::from_millis(20)).await;
    }
    Ok((running, port))
}

#[tokio::test]
async fn over_ipv6_a_device_answers_and_one_that_grants_nothing_says_so_in_words() -> Result<()> {
    let (temp, keeper) = (tempfile::tempdir()?, Keeper::start()?);
    let (_running, port) = snmpd(&keeper, temp.path()).await?;
    let secret = |name: &str, text: &str| -> Result<String> {
        let file = temp.path().join(name);
        std::fs::write(&file, text)?;
        Ok(file.to_str().context("a path in UTF-8")?.to_owned())
    };
    let community = secret("community", "hirake-look\n")?;
    let address = format!("[::1]:{port}");
    let said = snmp(&["get", "--community-file", &community, &address, SYS_DESCR]).await?;
    ensure!(said.status.success() && out(&said).contains("pretend"), "{}: {}{}", said.status, out(&said), err(&said));
    // Authentication and privacy are right; what is missing are the rights.
    let (auth, privacy) = (secret("auth", "hirake-secret-1\n")?, secret("priv", "hirake-secret-2\n")?);
    let said = snmp(&[
        "get",
        "-v",
        "3",
        "--user",
        "nobody",
        "--auth",
        "sha-1",
        "--auth-password-file",
        &auth,
        "--priv",
        "aes-128",
        "--priv-password-file",
        &privacy,
        &address,
        SYS_DESCR,
    ])
    .await?;
    assert_eq!(said.status.code(), Some(5), "{}{}", out(&said), err(&said));
    ensure!(err(&said).contains("authorizationError") && err(&said).contains("rights on the device"), "{}", err(&said));
    ensure!(!err(&said).contains("hirake-secret"), "{}", err(&said));
    // Nobody there: said as such.
    let hasty = ["--retries", "0", "--timeout", "1"];
    let words = [&["get", "--community-file", &community, "[::1]:9", SYS_DESCR], hasty.as_slice()].concat();
    let said = snmp(&words).await?;
    assert_eq!(said.status.code(), Some(4), "{}", err(&said));
    Ok(())
}
