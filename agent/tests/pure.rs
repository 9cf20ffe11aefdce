//! The core and the parser know no clock, no socket, no file and no runtime: this reads them and looks.

use std::fs;
use std::path::{Path, PathBuf};

const FORBIDDEN: [&str; 10] =
    ["tokio", "rumqttc", "std::fs", "std::net", "std::os", "std::io", "std::thread", "SystemTime", "Instant", "async "];

fn sources(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("readable").flatten();
        entries.for_each(|entry| sources(&entry.path(), found));
    } else {
        found.push(path.to_owned());
    }
}

#[test]
fn the_core_is_pure() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    for part in [
        "core.rs",
        "core",
        "hostapd/parse.rs",
        "hostapd/parse",
        "listen/iw.rs",
        "listen/iw",
        "mqtt/outbox.rs",
        "mqtt/patience.rs",
    ] {
        sources(&src.join(part), &mut found);
    }
    assert!(found.len() > 10, "{found:?}");
    for file in found {
        for (n, line) in fs::read_to_string(&file).expect("readable").lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let bad = FORBIDDEN.iter().find(|word| code.contains(**word));
            assert!(bad.is_none(), "{}:{}: {bad:?} in a pure part: {line}", file.display(), n + 1);
        }
    }
}
