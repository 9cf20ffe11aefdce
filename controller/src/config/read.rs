//! The walk through the file: bytes to text, text to tables, tables to a `Config`, complaints gathered on the way.

use std::path::Path;

use toml::de::DeTable;

use super::desk::{Complaints, Desk, Remark, position};
use super::syntax::proof_read;
use super::table::Table;
use super::{Config, house, key, town};

/// Largest file read: 10,000 access points at 200 bytes and 3,000 facilities at 400 are 3.2 MB.
pub const FILE_MAX_BYTES: u64 = 4 << 20;

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything that must be mended, at once.
    pub fn read(path: &Path) -> Result<Self, Complaints> {
        let file = path.to_string_lossy().chars().flat_map(char::escape_debug).collect::<String>();
        let bytes = load(path).map_err(|what| whole_file(&file, what))?;
        let mut outcome = Self::parse(&file, &bytes);
        if writable_by_all(path) {
            let note = Remark {
                file,
                at: None,
                what: "every user of this machine may change this file; chmod o-w it".to_owned(),
            };
            match &mut outcome {
                Ok(config) => config.notes.insert(0, note),
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
        let config = walk(&mut desk, &Table::new("", 0, tree.get_ref()));
        let (complaints, notes) = desk.clear();
        match config {
            Some(config) if complaints.is_empty() => Ok(Self { notes, ..config }),
            _ if complaints.is_empty() => Err(whole_file(file, "nothing usable is in it".to_owned())),
            _ => Err(Complaints { complaints, notes }),
        }
    }
}

/// Reads every table, complete or not, so that every complaint is heard; a `Config` only if nothing is missing.
fn walk(desk: &mut Desk<'_>, root: &Table<'_, '_>) -> Option<Config> {
    let town = town::read_town(desk, root);
    let (key, drill_length) = key::read(desk, root);
    let broker = house::broker(desk, root);
    let store = house::store(desk, root);
    let signing_key = house::signing(desk, root);
    let (http, token_file) = house::http(desk, root);
    let share = house::settle(desk, root);
    let facilities = town::read_facilities(desk, root);
    let aps = town::read_aps(desk, root);
    let _ = root.has("radio-plan");
    root.finish(desk);
    let has_key = root.has("key");
    let inventory = town::assemble(desk, town, facilities, &aps, (has_key, drill_length), share);
    Some(Config {
        inventory: inventory?,
        key: key?,
        broker: broker?,
        store: store?,
        signing_key: signing_key?,
        http: http?,
        token_file,
        notes: Vec::new(),
    })
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
