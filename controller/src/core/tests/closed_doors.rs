//! The core stays pure: no clock, no socket, no file.

use std::path::Path;

/// What belongs into shells.
const OUTSIDE: &[&str] = &["tokio", "sqlx", "std::fs", "std::net", "Instant::now", "SystemTime::now"];

#[test]
fn no_room_of_the_core_knows_the_world() {
    // Reads every source of the core but the tests, and names the first line that reaches outside.
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/core");
    let mut folders = vec![core.clone()];
    let mut rooms = 0;
    while let Some(folder) = folders.pop() {
        for found in std::fs::read_dir(&folder).expect("the core is there") {
            let path = found.expect("readable").path();
            if path.is_dir() && path != core.join("tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                rooms += 1;
                let text = std::fs::read_to_string(&path).expect("readable");
                for (number, line) in text.lines().enumerate() {
                    let outside = OUTSIDE.iter().find(|word| line.contains(**word));
                    assert_eq!(outside, None, "{}:{}: {line}", path.display(), number + 1);
                }
                assert!(text.starts_with("//!"), "{} has no sign at its door", path.display());
            }
        }
    }
    assert!(rooms > 10, "the rooms were found");
}
