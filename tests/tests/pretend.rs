//! The pretend hostapd beside the real one: the same commands, the same answers.
//!
//! The real one runs without a radio (`driver=none`). Where that differs from a radio's (events of an ADD, the phy's
//! name is not looked at) the kernel lab is the judge, and `tests/lab` shows it.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::process::{Keeper, installed};
use tests::radio::{Behaviour, Radio, RadioPlan};
use tokio::net::UnixDatagram;
use tokio::time::timeout;

/// Commands in an order that takes a network through its life, `{dir}` being where the files are.
const CONVERSATION: &[&str] = &[
    "PING",
    "INTERFACES",
    "STATUS",
    "NONSENSE",
    "IFNAME=lo PING",
    "IFNAME=nobody STATUS",
    "IFNAME=lo STA-FIRST",
    "IFNAME=lo STA-NEXT 02:5e:00:00:00:01",
    "IFNAME=nobody STA-FIRST",
    "ADD bss_config=phy0:{dir}/missing.conf",
    "ADD bss_config=phy0:{dir}/bad.conf",
    "ADD bss_config=phy0",
    "ADD wlan0jp",
    "REMOVE wlan0jp",
    "ADD bss_config=phy0:{dir}/jp.conf",
    "ADD bss_config=phy0:{dir}/jp.conf",
    "INTERFACES",
    "IFNAME=wlan0jp PING",
    "REMOVE wlan0jp",
    "REMOVE wlan0jp",
    "IFNAME=wlan0jp STATUS",
    "INTERFACES",
    "ATTACH",
    "DETACH",
    "DETACH",
];

async fn converse(global: &Path, dir: &Path, me: &str) -> Result<Vec<String>> {
    let socket = UnixDatagram::bind(dir.join(me))?;
    socket.connect(global)?;
    let mut answers = Vec::new();
    for command in CONVERSATION {
        socket.send(command.replace("{dir}", &dir.display().to_string()).as_bytes()).await?;
        let mut buffer = [0; 4096];
        let answer = timeout(Duration::from_secs(10), socket.recv(&mut buffer));
        let length = answer.await.with_context(|| format!("no answer to {command}"))??;
        let answer = String::from_utf8_lossy(&buffer[..length]);
        answers.push(format!("{command} -> {answer:?}"));
    }
    Ok(answers)
}

/// Shows that the model town's radios answer what hostapd answers, so that agents are not tried on a fantasy.
#[tokio::test]
async fn the_pretend_hostapd_answers_as_the_real_one() -> Result<()> {
    let temp = tempfile::tempdir()?;
    let dir = temp.path();
    std::fs::write(dir.join("jp.conf"), "interface=wlan0jp\ndriver=none\nssid=00000JAPAN\n")?;
    std::fs::write(dir.join("bad.conf"), "interface=wlan0jp\ndriver=none\nHW-mode=g\nssid=00000JAPAN\n")?;
    let ctrl = dir.join("ctrl");
    std::fs::write(
        dir.join("day.conf"),
        format!("interface=lo\ndriver=none\nctrl_interface={}\nssid=day\n", ctrl.display()),
    )?;

    let keeper = Keeper::start()?;
    let global = dir.join("real");
    let mut hostapd = Command::new(installed("hostapd").context("hostapd is not installed: apt-get install hostapd")?);
    hostapd.arg("-g").arg(&global).arg(dir.join("day.conf"));
    let mut real = keeper.spawn(hostapd, &dir.join("hostapd.log"))?;
    let until = Instant::now() + Duration::from_secs(15);
    // Its control socket is there before its first interface is: wait for that one's.
    while !ctrl.join("lo").exists() || !global.exists() {
        ensure!(real.ended().is_none() && Instant::now() < until, "hostapd does not start:\n{}", real.last_words(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let pretend = Radio::start(RadioPlan {
        socket: dir.join("pretend"),
        channel: 6,
        interface: "lo".into(),
        ssid: "day".into(),
        behaviour: Behaviour::Normal,
        crowd: tests::people::Crowd::NOBODY,
        seed: 1,
    })?;
    let theirs = converse(&global, dir, "c1").await?;
    let ours = converse(&dir.join("pretend"), dir, "c2").await?;
    assert_eq!(ours, theirs);
    assert_eq!(pretend.times_added(), 1);
    Ok(())
}
