//! Our own SNMP engine: an identity that stays and a count of starts that only rises, kept in one small file.
//!
//! Whoever speaks SNMPv3 with us (sends us an inform, asks us, hears our traps) keys what he says by this identity and
//! trusts its clock by this count (RFC 3414 §2.2, §2.3). A lost file is a new identity, never an old count.

mod library;

use std::convert::Infallible;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use async_snmp::v3::{DesSaltState, PersistedDesSaltState};
use async_snmp::{AuthoritativeEngine, PersistedAuthoritativeEngine};
use tokio::sync::watch;

pub(crate) use library::{auth_protocol, name, outgoing, privacy_protocol, speaker, user};

/// How our identity begins (RFC 3411 §5, snmpEngineID): the enterprise number of the arc our MIB stands on until a number
/// is registered for it (8072), then 5, "octets, assigned by whoever runs it".
const ID_PREFIX: [u8; 5] = [0x80, 0x00, 0x1f, 0x88, 0x05];
/// Random octets behind it: two towns never meet.
const ID_RANDOM: usize = 12;
/// 17 octets in hexadecimal, a space, ten digits, a line end, and some room. More than this is not our file.
const FILE_MAX_BYTES: usize = 128;

/// Our engine. Clones are the same engine.
#[derive(Clone)]
pub struct Engine {
    authoritative: AuthoritativeEngine,
    salts: DesSaltState,
    started: Instant,
}

/// There is no engine: the system has no random numbers, or the library refuses what it is given.
#[derive(Debug, thiserror::Error)]
#[error("no SNMP engine: {0}")]
pub struct EngineError(String);

/// Our engine as soon as its file is read and written: nobody waits for a disk but those who need the engine.
#[derive(Debug, Clone)]
pub struct Awaited(watch::Receiver<Option<Engine>>);

impl Awaited {
    /// Opens it on a thread of its own; what keeps it from being opened is logged.
    #[must_use]
    pub fn open(file: PathBuf) -> Self {
        let (sender, engine) = watch::channel(None);
        tokio::task::spawn_blocking(move || match Engine::open(&file) {
            Ok(engine) => drop(sender.send(Some(engine))),
            Err(why) => tracing::error!(%why, "no traps are heard, and nobody can ask or is told over SNMP"),
        });
        Self(engine)
    }

    /// Waits for it; none where there will be none.
    pub async fn engine(&self) -> Option<Engine> {
        self.0.clone().wait_for(Option::is_some).await.ok()?.clone()
    }
}

impl Engine {
    /// Starts the engine that `file` remembers, one start later than before; a new one where there is none.
    ///
    /// A file that cannot be read or written is said in the log and is no obstacle: then the identity is new and lasts
    /// until the next start. Reads and writes the disk: not for the loop.
    ///
    /// # Errors
    /// There are no random numbers to make an identity of.
    pub fn open(file: &Path) -> Result<Self, EngineError> {
        match remembered(file) {
            Ok(Some(before)) => match AuthoritativeEngine::restart(before, keep(file)) {
                Ok(authoritative) => return Self::with(authoritative),
                Err(why) => tracing::warn!(file = %file.display(), %why, "the SNMP engine's file cannot be renewed"),
            },
            Ok(None) => tracing::info!(file = %file.display(), "there is no SNMP engine yet; a new identity is made"),
            Err(why) => tracing::warn!(
                file = %file.display(), why,
                "the SNMP engine's file cannot be used; a new identity is made, and SNMPv3 partners find it out by asking"
            ),
        }
        let id = new_id()?;
        let authoritative = AuthoritativeEngine::install(id.clone(), keep(file)).or_else(|why| {
            tracing::warn!(file = %file.display(), %why, "the SNMP engine cannot be remembered; it lasts until the next start");
            AuthoritativeEngine::install(id, |_| Ok::<(), Infallible>(()))
        });
        Self::with(authoritative.map_err(|error| EngineError(error.to_string()))?)
    }

    /// Its identity, 5 to 32 octets.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        self.authoritative.engine_id()
    }

    /// How often it has started.
    #[must_use]
    pub fn boots(&self) -> u32 {
        self.authoritative.engine_boots()
    }

    /// Since it was opened, in hundredths of a second; begins anew after 497 days (sysUpTime, RFC 3418).
    #[must_use]
    pub fn up_ticks(&self) -> u32 {
        let hundredths = self.started.elapsed().as_millis() / 10;
        u32::try_from(hundredths % (1 << 32)).unwrap_or_default()
    }

    pub(crate) fn authoritative(&self) -> AuthoritativeEngine {
        self.authoritative.clone()
    }

    pub(crate) fn salts(&self) -> DesSaltState {
        self.salts.clone()
    }

    /// DES must never meet the same salt twice under one key: the count of starts, written before it is used, is half of
    /// the salt (RFC 3414 §8.1.1.1), so that nothing more need be kept.
    fn with(authoritative: AuthoritativeEngine) -> Result<Self, EngineError> {
        let kept = |_: &PersistedDesSaltState| Ok::<(), Infallible>(());
        let salts = match authoritative.engine_boots() {
            1 => DesSaltState::install(kept),
            boots => PersistedDesSaltState::new(boots - 1).and_then(|before| DesSaltState::restart(before, kept)),
        };
        let salts = salts.map_err(|error| EngineError(error.to_string()))?;
        Ok(Self { authoritative, salts, started: Instant::now() })
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({}, start {})", hex(self.id()), self.boots())
    }
}

fn new_id() -> Result<Vec<u8>, EngineError> {
    let mut random = [0; ID_RANDOM];
    getrandom::fill(&mut random).map_err(|error| EngineError(format!("no random numbers: {error}")))?;
    Ok([&ID_PREFIX[..], &random].concat())
}

/// What the file says: identity and starts, or that there is no file; in words, where it says nothing of the kind.
fn remembered(file: &Path) -> Result<Option<PersistedAuthoritativeEngine>, String> {
    let text = match std::fs::read(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
        Ok(text) if text.len() > FILE_MAX_BYTES => {
            return Err(format!("expected one line, found {} bytes", text.len()));
        }
        Ok(text) => text,
    };
    let wrong = || "expected an identity in hexadecimal and a number, found something else".to_owned();
    let text = String::from_utf8(text).map_err(|_| wrong())?;
    let (id, boots) = text.trim_end().split_once(' ').ok_or_else(wrong)?;
    let id = unhex(id).ok_or_else(wrong)?;
    let boots: u32 = boots.parse().map_err(|_| wrong())?;
    // At its end the count stands still, and nobody would believe our clock any more (RFC 3414 §2.2.2).
    if boots == i32::MAX.unsigned_abs() {
        return Err("its count of starts is used up".to_owned());
    }
    PersistedAuthoritativeEngine::new(id, boots).map(Some).map_err(|error| error.to_string())
}

fn keep(file: &Path) -> impl FnMut(&PersistedAuthoritativeEngine) -> std::io::Result<()> + Send + 'static {
    let file = file.to_owned();
    move |engine| write_whole(&file, &format!("{} {}\n", hex(engine.engine_id()), engine.engine_boots()))
}

/// Writes a file whole or not at all: beside it, onto the disk, then under its name, and the name onto the disk.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_stays_and_the_count_of_starts_rises() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("engine");
        let first = Engine::open(&file).expect("made");
        assert_eq!((first.boots(), first.id().len()), (1, 17));
        for start in 2..5 {
            let again = Engine::open(&file).expect("read");
            assert_eq!((again.id(), again.boots()), (first.id(), start));
        }
        let names: Vec<_> = std::fs::read_dir(folder.path()).expect("folder").flatten().collect();
        assert_eq!(names.len(), 1, "nothing is left beside the file: {names:?}");
    }

    #[tokio::test]
    async fn whoever_needs_it_waits_for_it_and_all_get_the_same() {
        let folder = tempfile::tempdir().expect("folder");
        let awaited = Awaited::open(folder.path().join("engine"));
        let (one, other) = tokio::join!(awaited.engine(), awaited.engine());
        let (one, other) = (one.expect("made"), other.expect("made"));
        assert_eq!((one.id(), one.boots()), (other.id(), other.boots()));
    }

    #[test]
    fn a_lost_damaged_or_used_up_file_is_a_new_identity_at_its_first_start() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("engine");
        let first = Engine::open(&file).expect("made");
        let id = hex(first.id());
        for content in
            ["", "nonsense\n", &format!("{id}\n"), &format!("{id} -1\n"), &format!("{id} {}\n", i32::MAX), "80 1\n"]
        {
            std::fs::write(&file, content).expect("written");
            let made = Engine::open(&file).expect("made");
            assert_eq!(made.boots(), 1, "{content:?}");
            assert_ne!(made.id(), first.id(), "{content:?}");
            assert_eq!(Engine::open(&file).expect("read").id(), made.id(), "the new one is remembered");
        }
        std::fs::remove_file(&file).expect("removed");
        assert_ne!(Engine::open(&file).expect("made").id(), first.id());
    }

    #[test]
    fn a_disk_that_takes_nothing_is_no_obstacle_and_repeats_no_identity() {
        let file = Path::new("/proc/hirake-snmp-engine");
        let (one, other) = (Engine::open(file).expect("made"), Engine::open(file).expect("made"));
        assert_ne!(one.id(), other.id());
        assert_eq!((one.boots(), other.boots()), (1, 1));
    }
}
