//! A real `snmpd` on loopback, ended with the test.

use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long it may take to come up on a busy machine.
const UP_WITHIN: Duration = Duration::from_secs(30);

pub struct Snmpd {
    pub port: u16,
    folder: TempDir,
    child: Option<Child>,
    starts: u32,
}

/// Whether net-snmp is here; says so where it is not.
pub fn missing() -> bool {
    let there = |tool: &str| {
        let found = Command::new(tool).arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
        found.is_ok()
    };
    let missing = !(there("snmpd") && there("snmpbulkwalk"));
    if missing {
        println!("skipped: snmpd is not installed");
    }
    missing
}

impl Snmpd {
    /// Starts one with these lines in its configuration.
    pub fn start(conf: &str) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = socket.local_addr().expect("bound").port();
        drop(socket);
        let mut snmpd = Self { port, folder: tempfile::tempdir().expect("a folder"), child: None, starts: 0 };
        snmpd.start_again(conf);
        snmpd
    }

    /// Kills it, as a power cut would, and starts it with other lines on the same port.
    pub fn start_again(&mut self, conf: &str) {
        self.kill();
        self.starts += 1;
        let path = |name: &str| self.folder.path().join(name);
        let state = path("state");
        std::fs::create_dir_all(&state).expect("a folder");
        let file = path("snmpd.conf");
        let whole = format!(
            "[snmp] persistentDir {}\n[snmp] serverRecvBuf 4194304\n[snmpd]\nagentAddress udp:127.0.0.1:{}\n{conf}\n",
            state.display(),
            self.port
        );
        std::fs::write(&file, whole).expect("written");
        let log = path(&format!("log{}", self.starts));
        let child = Command::new("snmpd")
            .env("MIBS", "")
            .args(["-f", "-C", "-c"])
            .arg(&file)
            .arg("-Lf")
            .arg(&log)
            .args(["-I", "-hr_swrun,-hr_swrunperf"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("snmpd starts");
        self.child = Some(child);
        let started = Instant::now();
        // It writes its version once it listens.
        while !std::fs::read_to_string(&log).is_ok_and(|text| text.contains("NET-SNMP version")) {
            assert!(started.elapsed() < UP_WITHIN, "snmpd did not come up: {:?}", std::fs::read_to_string(&log));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A file in its folder.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Snmpd {
    fn drop(&mut self) {
        self.kill();
    }
}
