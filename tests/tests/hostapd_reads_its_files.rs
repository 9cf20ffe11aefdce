//! Shows that a real hostapd understands every line of the golden files: its parser runs on them, without a radio.
//!
//! Needs the hostapd program (2.10 or later); where it is missing the test says so and shows nothing. The lab runs some
//! of the same files on a radio of the kernel.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What hostapd says of `text`, up to the moment it has taken the file or given it up.
fn said_by_hostapd(dir: &Path, text: &str) -> Option<Vec<String>> {
    // Without a radio: no driver, a control socket of its own, no bridge that would be made on this machine.
    let control = format!("ctrl_interface={}", dir.display());
    let tame: Vec<&str> = (text.lines())
        .filter(|line| !line.starts_with("bridge="))
        .map(|line| match line.split_once('=') {
            Some(("driver", _)) => "driver=none",
            Some(("ctrl_interface", _)) => &control,
            _ => line,
        })
        .collect();
    let file = dir.join("hostapd.conf");
    fs::write(&file, tame.join("\n") + "\n").expect("written");
    let child = Command::new("hostapd").arg(&file).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            eprintln!("hostapd cannot be started ({error}); nothing is shown");
            return None;
        }
    };
    let mut said = Vec::new();
    for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
        let line = line.expect("a line");
        let taken = line.contains("interface state UNINITIALIZED");
        said.push(line);
        if taken {
            break;
        }
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    Some(said)
}

fn taken(said: &[String]) -> bool {
    said.len() == 1 && said[0].contains("interface state UNINITIALIZED")
}

#[test]
fn hostapd_takes_every_golden_file_without_a_word_against_it() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware-config/golden");
    let files: Vec<PathBuf> = (fs::read_dir(golden).expect("a folder"))
        .flat_map(|folder| fs::read_dir(folder.expect("an entry").path()).expect("a folder"))
        .map(|file| file.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "conf"))
        .collect();
    assert!(files.len() >= 8, "{files:?}");
    for file in files {
        let dir = tempfile::tempdir().expect("a folder");
        let Some(said) = said_by_hostapd(dir.path(), &fs::read_to_string(&file).expect("a text")) else { return };
        assert!(taken(&said), "{}: {said:#?}", file.display());
    }
}

#[test]
fn hostapd_would_say_so_if_it_did_not() {
    // The test above is only worth something if a wrong line is noticed.
    for wrong in ["hw_mod=g", "beacon_int=1", "ssid=", "wpa_passphrase=short", "ap_isolat=1"] {
        let dir = tempfile::tempdir().expect("a folder");
        let text =
            format!("interface=wlan0\ndriver=nl80211\nctrl_interface=/x\nssid=a\nhw_mode=g\nchannel=1\n{wrong}\n");
        let Some(said) = said_by_hostapd(dir.path(), &text) else { return };
        assert!(!taken(&said), "{wrong}");
    }
}
