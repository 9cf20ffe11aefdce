//! Golden files: each folder of `golden/` is one AP as written down and its files as rendered, byte for byte;
//! `golden/refused/` has wishes named by what is wrong with them, and every complaint about each.
//!
//! `HIRAKE_BLESS=1 cargo test -p firmware-config --test golden` writes what is rendered now; read the diff.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use firmware_config::ap_config::{ApConfig, Complaint, check};
use firmware_config::path::FilePath;
use firmware_config::render;
use firmware_config::wish::Wish;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn secret(path: &FilePath) -> Result<String, String> {
    match path.as_str() {
        "/etc/hirake/secret/staff" => Ok("himitsu-no-kotoba\n".into()),
        "/etc/hirake/secret/odd" => Ok(" a \"b\" #c=d \\ \r\n".into()),
        "/etc/hirake/secret/rawkey" => Ok("0123456789ABCDEF".repeat(4)),
        "/etc/hirake/secret/two-lines" => Ok("himitsu-1\nwpa=0\n".into()),
        "/etc/hirake/secret/short" => Ok("himitsu".into()),
        _ => Err("no such file".into()),
    }
}

fn checked(file: &Path) -> Result<ApConfig, Vec<Complaint>> {
    let text = fs::read_to_string(file).expect("the wish is there");
    let wish: Wish = toml::from_str(&text).unwrap_or_else(|error| unreadable(file, &error));
    check(&wish, secret)
}

#[track_caller]
#[expect(clippy::panic, reason = "a test ends here")]
fn unreadable(file: &Path, error: &toml::de::Error) -> ! {
    panic!("{}: {error}", file.display())
}

/// Compares `found` with the files of `folder` (those in `kept` aside), or writes them there.
fn same_files(folder: &Path, kept: impl Fn(&str) -> bool, found: &BTreeMap<String, Vec<u8>>) {
    let there: BTreeMap<String, PathBuf> = (fs::read_dir(folder).expect("a folder"))
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.file_name().expect("named").to_string_lossy().into_owned(), path))
        .filter(|(name, path)| path.is_file() && !kept(name))
        .collect();
    if std::env::var_os("HIRAKE_BLESS").is_some() {
        there.values().for_each(|path| fs::remove_file(path).expect("removed"));
        found.iter().for_each(|(name, bytes)| fs::write(folder.join(name), bytes).expect("written"));
        return;
    }
    assert_eq!(there.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>(), "{}", folder.display());
    for (name, bytes) in found {
        let expected = fs::read_to_string(&there[name]).expect("a text");
        assert_eq!(String::from_utf8_lossy(bytes), expected, "{}", there[name].display());
    }
}

#[test]
fn every_good_wish_renders_to_its_files_byte_for_byte() {
    for folder in ["lab", "one-radio", "two-radios", "six-ghz", "facility-key", "facility-panel"] {
        let folder = golden().join(folder);
        let config = checked(&folder.join("ap.toml")).expect("a good wish");
        let files: BTreeMap<String, Vec<u8>> = (render(&config).into_iter())
            .map(|file| (file.path.as_str().rsplit('/').next().expect("a name").to_owned(), file.bytes))
            .collect();
        same_files(&folder, |name| name == "ap.toml", &files);
    }
}

#[test]
fn every_bad_wish_is_refused_with_all_that_is_wrong_with_it() {
    let folder = golden().join("refused");
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(&folder).expect("a folder") {
        let file = entry.expect("an entry").path();
        if file.extension().is_some_and(|extension| extension == "toml") {
            let complaints = checked(&file).expect_err("a bad wish");
            let text: String = complaints.iter().map(|c| format!("{c}\n  {}\n", c.words_ja())).collect();
            assert!(!text.contains("himitsu"), "a complaint tells a secret: {text}");
            let name = file.file_stem().expect("named").to_string_lossy();
            found.insert(format!("{name}.complaints"), text.into_bytes());
        }
    }
    same_files(&folder, |name| name.ends_with(".toml"), &found);
}

#[test]
fn only_a_file_without_a_passphrase_may_be_read_by_all() {
    let config = checked(&golden().join("two-radios/ap.toml")).expect("a good wish");
    for file in render(&config) {
        let secret = String::from_utf8_lossy(&file.bytes).contains("wpa=2");
        assert_eq!(file.mode, if secret { render::MODE_SECRET } else { render::MODE_PLAIN }, "{file:?}");
        assert!(!format!("{file:?} {config:?}").contains("himitsu"));
    }
}

#[test]
fn the_prepared_network_is_tuned_exactly_like_the_first() {
    // Shows that the two files of one radio carry the same radio settings: hostapd ignores a difference without a word.
    let config = checked(&golden().join("two-radios/ap.toml")).expect("a good wish");
    let files: Vec<String> =
        render(&config).into_iter().map(|file| String::from_utf8(file.bytes).expect("a text")).collect();
    for pair in [&files[0..2], &files[2..4]] {
        for key in [
            "hw_mode",
            "channel",
            "country_code",
            "beacon_int",
            "ieee80211d",
            "ieee80211h",
            "ieee80211n",
            "ieee80211ac",
        ] {
            let line =
                |file: &String| file.lines().find(|line| line.starts_with(&format!("{key}="))).map(str::to_owned);
            assert_eq!(line(&pair[0]), line(&pair[1]), "{key}");
        }
    }
}
