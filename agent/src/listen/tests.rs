//! The far ear with programs that stand in for iw, good and bad ones.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

/// A program of these lines of shell.
fn program(dir: &TempDir, lines: &str) -> PathBuf {
    let path = dir.path().join("iw");
    fs::write(&path, format!("#!/bin/sh\n{lines}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("allowed");
    path
}

fn with(lines: &str) -> Result<Vec<Heard>, Deaf> {
    let dir = tempfile::tempdir().expect("a directory");
    let scan = Scan { interface: "wlan0".to_owned(), mhz: vec![2_412, 2_437] };
    listen(&program(&dir, lines), &scan, &AtomicBool::new(false))
}

const NETWORK: &str = "printf 'BSS 02:00:00:00:00:01(on wlan0)\\n\\tfreq: 2412\\n\\tSSID: 0000JAPAN\\n'";

#[test]
fn it_is_asked_for_these_channels_without_sending_and_with_nothing_of_ours_in_its_hands() {
    let said = format!(
        "[ \"$*\" = 'dev wlan0 scan freq 2412 2437 ap-force passive' ] || exit 3\n[ -z \"$CARGO\" ] || exit 4\n\
         read line && exit 5\n{NETWORK}"
    );
    let heard = with(&said).expect("heard");
    assert_eq!((heard.len(), heard[0].channel, heard[0].ssid.to_string().as_str()), (1, 1, "0000JAPAN"));
}

#[test]
fn what_fails_says_why_and_what_it_printed_before_does_not_count() {
    let refuse = |text: &str| with(&format!("{NETWORK}\necho 'command failed: {text}' >&2\nexit 161"));
    assert_eq!(refuse("Operation not supported (-95)"), Err(Deaf::Unsupported));
    assert_eq!(refuse("Device or resource busy (-16)"), Err(Deaf::Busy));
    assert!(matches!(with("exit 1"), Err(Deaf::Failed(_))));
    assert!(matches!(with("kill -9 $$"), Err(Deaf::Failed(_))));
    let nowhere = Scan { interface: "wlan0".to_owned(), mhz: vec![2_412] };
    let missing = listen(Path::new("/nowhere/iw"), &nowhere, &AtomicBool::new(false));
    assert!(matches!(missing, Err(Deaf::NoProgram(why)) if why.contains("/nowhere/iw")));
}

#[test]
fn one_that_never_stops_talking_is_heard_out_to_the_limit_and_no_further() {
    let endless = format!(
        "{NETWORK}\nwhile :; do printf 'BSS 02:00:00:00:00:02(on wlan0)\\n\\tfreq: 2412\\n\\tSSID: x\\n%0900d\\n' 0; done"
    );
    assert_eq!(with(&endless).expect("enough").len(), 1);
    assert_eq!(
        with(&format!("{NETWORK}\nhead -c 300000 /dev/zero >&2")).expect("complaints alone are no failure").len(),
        1
    );
}

#[test]
fn one_that_hangs_does_not_hold_up_the_end_of_the_agent() {
    let dir = tempfile::tempdir().expect("a directory");
    let program = program(&dir, "echo $$ > \"${0%/*}/pid\"\nsleep 600");
    let scan = Scan { interface: "wlan0".to_owned(), mhz: vec![2_412] };
    let stopped = Arc::new(AtomicBool::new(false));
    let thread = {
        let stopped = Arc::clone(&stopped);
        std::thread::spawn(move || listen(&program, &scan, &stopped))
    };
    let pid = loop {
        match fs::read_to_string(dir.path().join("pid")) {
            Ok(pid) if pid.ends_with('\n') => break pid.trim().to_owned(),
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let since = Instant::now();
    drop(StopOnDrop(stopped));
    assert_eq!(thread.join().expect("no panic"), Err(Deaf::Timeout));
    assert!(since.elapsed() < TIME_LIMIT / 2, "{:?}", since.elapsed());
    assert!(!Path::new("/proc").join(pid).exists(), "it is gone, and was waited for");
}
