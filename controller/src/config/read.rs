//! The walk through the file: bytes to text, text to tables, tables to a `Config`, complaints gathered on the way.

use std::path::Path;

use firmware_config::ap_config::ApConfig;
use firmware_config::ident::ApId;
use toml::de::DeTable;

use super::desk::{Complaints, Desk, Remark, position};
use super::syntax::proof_read;
use super::table::Table;
use super::{Config, house, key, radio, snmp, standby, town, twice};

/// Largest file read: 10,000 access points at 200 bytes and 3,000 facilities at 400 are 3.2 MB.
pub const FILE_MAX_BYTES: u64 = 4 << 20;

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything that must be mended, at once.
    pub fn read(path: &Path) -> Result<Self, Complaints> {
        Self::read_whole(path, None).map(|(config, _)| config)
    }

    /// Reads a file and proves the radios of one access point with their secrets, for rendering; none where the file
    /// has no such access point or gives it no radio plan.
    ///
    /// # Errors
    /// As [`Config::read`], and every passphrase that cannot be read.
    pub fn read_for(path: &Path, ap: &ApId) -> Result<(Self, Option<ApConfig>), Complaints> {
        Self::read_whole(path, Some(ap))
    }

    fn read_whole(path: &Path, ap: Option<&ApId>) -> Result<(Self, Option<ApConfig>), Complaints> {
        let file = path.to_string_lossy().chars().flat_map(char::escape_debug).collect::<String>();
        let bytes = load(path).map_err(|what| whole_file(&file, what))?;
        let mut outcome = Self::parse_whole(&file, &bytes, ap);
        if writable_by_all(path) {
            let note = Remark {
                file,
                at: None,
                what: "every user of this machine may change this file; chmod o-w it".to_owned(),
            };
            match &mut outcome {
                Ok((config, _)) => config.notes.insert(0, note),
                Err(complaints) => complaints.notes.insert(0, note),
            }
        }
        outcome
    }

    /// Reads a file's bytes; `file` is its name in complaints.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, Complaints> {
        Self::parse_whole(file, bytes, None).map(|(config, _)| config)
    }

    fn parse_whole(file: &str, bytes: &[u8], ap: Option<&ApId>) -> Result<(Self, Option<ApConfig>), Complaints> {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let at = error.valid_up_to();
                let found = bytes.get(at).copied().unwrap_or_default();
                let what = format!("byte 0x{found:02x} is not UTF-8; expected a file saved as UTF-8 (not Shift_JIS)");
                let complaint = Remark { file: file.to_owned(), at: Some(position(bytes, at)), what };
                return Err(Complaints { complaints: vec![complaint], notes: Vec::new() });
            }
        };
        let mut desk = Desk::new(file, text);
        let readable = proof_read(&mut desk, text);
        let (tree, _) = DeTable::parse_recoverable(&readable);
        let config = walk(&mut desk, &Table::new("", 0, tree.get_ref()), ap);
        let (complaints, amiss, notes) = desk.clear();
        match config {
            Some((config, proven)) if complaints.is_empty() => Ok((Self { amiss, notes, ..config }, proven)),
            _ if complaints.is_empty() => Err(whole_file(file, "nothing usable is in it".to_owned())),
            _ => Err(Complaints { complaints, notes }),
        }
    }
}

/// Reads every table, complete or not, so that every complaint is heard; a `Config` only if nothing is missing.
fn walk(desk: &mut Desk<'_>, root: &Table<'_, '_>, ap: Option<&ApId>) -> Option<(Config, Option<ApConfig>)> {
    let town = town::read_town(desk, root);
    let (key, drill_length) = key::read(desk, root);
    let broker = house::broker(desk, root);
    let (store, keep) = house::store(desk, root);
    let signing_key = house::signing(desk, root);
    let (http, token_file) = house::http(desk, root);
    let share = house::settle(desk, root);
    twice::look(desk, root);
    let facilities = town::read_facilities(desk, root);
    let aps = town::read_aps(desk, root);
    let plans = radio::read(desk, root, broker.as_ref());
    radio::assign(desk, &plans, &aps);
    let snmp = snmp::read(desk, root, &aps);
    let (seat, lock_url) = standby::read(desk, root, broker.as_ref());
    root.finish(desk);
    let has_key = root.has("key");
    let inventory = town::assemble(desk, town, facilities, &aps, (has_key, drill_length), share, seat);
    let inventory = inventory?;
    let proven = ap.and_then(|ap| radio::prove_ap(desk, &plans, &aps, (&inventory.town, ap)));
    let config = Config {
        inventory,
        key: key?,
        broker: broker?,
        store: store?,
        keep,
        signing_key: signing_key?,
        lock_url,
        http: http?,
        token_file,
        snmp: snmp?,
        amiss: Vec::new(),
        notes: Vec::new(),
    };
    Some((config, proven))
}

fn load(path: &Path) -> Result<Vec<u8>, String> {
    let meta = std::fs::metadata(path).map_err(|error| format!("cannot be read: {error}"))?;
    if !meta.is_file() {
        return Err("is not a file; expected the path of controller.toml".to_owned());
    }
    if meta.len() > FILE_MAX_BYTES {
        return Err(format!("is {} bytes long; expected at most {FILE_MAX_BYTES}", meta.len()));
    }
    std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))
}

fn writable_by_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    const OTHERS_WRITE: u32 = 0o002;
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & OTHERS_WRITE != 0)
}

fn whole_file(file: &str, what: String) -> Complaints {
    Complaints { complaints: vec![Remark { file: file.to_owned(), at: None, what }], notes: Vec::new() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::REMARKS_MAX;

    const EXAMPLE: &[u8] = include_bytes!("../../controller.toml");

    fn read(bytes: &[u8]) -> Result<Config, Complaints> {
        Config::parse("controller.toml", bytes)
    }

    #[test]
    fn the_shipped_example_is_the_model_town() {
        let config = read(EXAMPLE).expect("the example is right");
        assert_eq!((config.inventory.aps.len(), config.inventory.facilities.len()), (27, 6));
        assert!(config.inventory.has_key);
    }

    /// More than there may be of either is one complaint, not thousands.
    #[test]
    fn too_many_of_anything_is_one_complaint() {
        let mut text =
            "[town]\nid = \"a\"\nname = \"a\"\n[[facility]]\nid = \"f\"\nname = \"f\"\nshelter = true\n".to_owned();
        for n in 0..=town::APS_MAX {
            text += &format!("[[ap]]\nid = \"{n}\"\nfacility = \"f\"\nname = \"n\"\nmanaged = \"agent\"\n");
        }
        let refused = read(text.as_bytes()).expect_err("too many");
        let told: Vec<&str> = refused.complaints.iter().map(|complaint| complaint.what.as_str()).collect();
        assert_eq!(told, ["10001 access points; expected at most 10000"]);
    }

    /// Rubbish does not fill a terminal.
    #[test]
    fn a_file_of_rubbish_gets_a_bounded_answer() {
        let refused = read("x y\n".repeat(20_000).as_bytes()).expect_err("rubbish");
        assert!(refused.complaints.len() <= REMARKS_MAX + 1, "{}", refused.complaints.len());
    }

    /// A file cut off anywhere, as a full disk leaves it, is read or refused in words; never a crash.
    #[test]
    fn the_example_cut_off_anywhere_is_read_or_refused() {
        for length in (0..EXAMPLE.len()).step_by(7) {
            if let Err(refused) = read(&EXAMPLE[..length]) {
                assert!(!refused.complaints.is_empty() && !refused.to_string().is_empty(), "cut at {length}");
            }
        }
    }

    proptest! {
        #[test]
        fn random_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Err(refused) = read(&bytes) {
                prop_assert!(!refused.complaints.is_empty());
            }
        }

        #[test]
        fn random_toml_like_text_is_read_or_refused(
            text in "([\\[\\]=\"'#.,{} \n]|town|key|ap|facility|radio-plan|id|name|no|-1|true|0x9|1e9|\u{301}){0,80}"
        ) {
            if let Err(refused) = read(text.as_bytes()) {
                prop_assert!(!refused.complaints.is_empty());
            }
        }

        #[test]
        fn the_example_with_a_few_bytes_changed_is_read_or_refused(
            changes in proptest::collection::vec((0..EXAMPLE.len(), any::<u8>()), 1..8)
        ) {
            let mut bytes = EXAMPLE.to_vec();
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            if let Err(refused) = read(&bytes) {
                prop_assert!(!refused.complaints.is_empty());
            }
        }
    }
}
