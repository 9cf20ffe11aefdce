//! Thousands of plain pretend devices in a process of their own, so that its time is told apart from the asker's.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use hirake_snmp::oid::Oid;
use hirake_snmp::value::{Sheet, Value};

use crate::process::allow_many_files;
use crate::snmp_ap::{Access, Device, DevicePlan, Platform};

/// The port of every device; each has an address of its own, as devices have.
const PORT: u16 = 16161;
/// The community of every device.
pub const COMMUNITY: &str = "public";
/// Single objects a poll asks for: sysDescr, sysUpTime, sysName, version, memory of two kinds.
pub const SCALARS: [&str; 6] = [
    "1.3.6.1.2.1.1.1.0",
    "1.3.6.1.2.1.1.3.0",
    "1.3.6.1.2.1.1.5.0",
    "1.3.6.1.4.1.41112.1.6.3.6.0",
    "1.3.6.1.4.1.2021.4.6.0",
    "1.3.6.1.4.1.2021.4.5.0",
];
/// Columns of a table of networks that a poll asks for: channel, SSID, stations, octets in and out, up.
pub const COLUMNS: [&str; 6] = [
    "1.3.6.1.4.1.41112.1.6.1.2.1.4",
    "1.3.6.1.4.1.41112.1.6.1.2.1.6",
    "1.3.6.1.4.1.41112.1.6.1.2.1.8",
    "1.3.6.1.4.1.41112.1.6.1.2.1.10",
    "1.3.6.1.4.1.41112.1.6.1.2.1.16",
    "1.3.6.1.4.1.41112.1.6.1.2.1.22",
];
/// Rows of that table.
pub const ROWS: u32 = 4;
/// What one poll brings: 6 + 6 × 4.
pub const OBJECTS: usize = SCALARS.len() + COLUMNS.len() * ROWS as usize;

/// A profile that asks for these objects and no others.
pub const PROFILE: &str = r#"
schema = 1
id = "bench"
vendor = "nobody"
evidence = "lab"
notes = ["30 objects of a pretend access point"]
no_flip = "only read"
[session]
timeout = "2s"
retries = 1
[table.vap]
root = "1.3.6.1.4.1.41112.1.6.1.2.1"
index = [{ name = "vap", as = "int" }]
[table.vap.col]
channel = { id = 4, as = "gauge" }
ssid = { id = 6, as = "ssid" }
stations = { id = 8, as = "gauge" }
rx = { id = 10, as = "counter32" }
tx = { id = 16, as = "counter32" }
up = { id = 22, as = "enum", map = { 1 = "up", 2 = "down" } }
[identity]
model = "1.3.6.1.2.1.1.1.0"
version = "1.3.6.1.4.1.41112.1.6.3.6.0"
[network]
table = "vap"
ssid = "vap.ssid"
up = { "vap.up" = "up" }
channel = "vap.channel"
stations = "vap.stations"
[[metric]]
name = "rx-bytes"
scope = "bss"
value = "vap.rx"
[[metric]]
name = "tx-bytes"
scope = "bss"
value = "vap.tx"
[[metric]]
name = "memory-used"
scope = "device"
oid = "1.3.6.1.4.1.2021.4.6.0"
as = "gauge"
[[metric]]
name = "memory-total"
scope = "device"
oid = "1.3.6.1.4.1.2021.4.5.0"
as = "gauge"
"#;

/// Address of the `n`th device: 127.16.0.1 onwards, 250 to a third octet.
#[must_use]
pub fn address(n: u32) -> SocketAddr {
    let [_, _, third, _] = (n / 250 % 256 * 256).to_be_bytes();
    let fourth = u8::try_from(n % 250 + 1).unwrap_or(1);
    SocketAddr::from((Ipv4Addr::new(127, 16, third, fourth), PORT))
}

/// What every device shows, and a little more than is asked for.
fn walk() -> Result<Sheet> {
    let mut sheet = Sheet::new();
    let mut put = |name: &str, index: &[u32], value| -> Result<()> {
        sheet.insert(name.parse::<Oid>()?.with(index)?, value);
        Ok(())
    };
    let text = |text: &str| Value::Octets(text.as_bytes().to_vec());
    put(SCALARS[0], &[], text("UAP-AC-Pro-Gen2 6.5.55.14277"))?;
    put(SCALARS[1], &[], Value::TimeTicks(0))?;
    put(SCALARS[2], &[], text("shelter"))?;
    put(SCALARS[3], &[], text("6.5.55.14277"))?;
    put(SCALARS[4], &[], Value::Integer(12))?;
    put(SCALARS[5], &[], Value::Integer(127_512))?;
    for row in 1..=ROWS {
        put(COLUMNS[0], &[row], Value::Integer(36))?;
        put(COLUMNS[1], &[row], text("SHIOMI-WiFi"))?;
        put(COLUMNS[2], &[row], Value::Integer(7))?;
        put(COLUMNS[3], &[row], Value::Counter32(4_000_000_000))?;
        put(COLUMNS[4], &[row], Value::Counter32(1_234_567_890))?;
        put(COLUMNS[5], &[row], Value::Integer(1))?;
        // Columns nobody asks for lie between and behind.
        for column in [2, 3, 7, 9, 21, 23] {
            put("1.3.6.1.4.1.41112.1.6.1.2.1", &[column, row], Value::Integer(0))?;
        }
    }
    Ok(sheet)
}

/// Is the fleet until stdin ends: every `dead_every`th device (0: none) hears nothing. Each line on stdin is answered
/// with the datagrams heard and not answered or answered since the last: `HEARD DEAF`.
///
/// # Errors
/// An address cannot be had.
pub async fn serve(devices: u32, dead_every: u32) -> Result<()> {
    allow_many_files()?;
    let walk = Arc::new(walk()?);
    let start = |n: u32| {
        let mut plan = DevicePlan::ap(Platform::Plain, "", n.into());
        plan.address = address(n);
        plan.walk = Arc::clone(&walk);
        plan.access = Access { read: vec![COMMUNITY.to_owned()], ..Access::default() };
        plan.manners.silent = dead_every > 0 && n.is_multiple_of(dead_every);
        Device::start(plan)
    };
    let fleet: Vec<Device> = (0..devices).map(start).collect::<Result<_>>()?;
    println!("ready");
    let (say, mut said) = tokio::sync::mpsc::channel(1);
    std::thread::spawn(move || {
        for _line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if say.blocking_send(()).is_err() {
                return;
            }
        }
    });
    while said.recv().await.is_some() {
        let sum = fleet.iter().fold((0, 0), |(heard, deaf), device| {
            let seen = device.seen();
            (heard + seen.questions, deaf + seen.unheard)
        });
        println!("{} {}", sum.0, sum.1);
    }
    Ok(())
}

/// A fleet at work; it ends when this is dropped, and when we end.
#[derive(Debug)]
pub struct Fleet {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Fleet {
    /// Starts one: `command` is the program and arguments that call [`serve`].
    ///
    /// # Errors
    /// It does not start, or says something else than `ready`.
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("the fleet")?;
        let stdout = BufReader::new(child.stdout.take().context("asked for above")?);
        let stdin = child.stdin.take();
        let mut fleet = Self { child, stdin, stdout };
        let said = fleet.line()?;
        ensure!(said == "ready", "the fleet says \"{said}\"; its addresses may be taken by another");
        Ok(fleet)
    }

    /// Datagrams so far: those heard (each was answered), and those that reached a dead device.
    ///
    /// # Errors
    /// It is gone.
    pub fn seen(&mut self) -> Result<(u64, u64)> {
        writeln!(self.stdin.as_mut().context("there until dropped")?)?;
        let said = self.line()?;
        let (heard, deaf) = said.split_once(' ').context("two numbers")?;
        Ok((heard.parse()?, deaf.parse()?))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _already_gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
