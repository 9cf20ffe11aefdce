//! `hirake profile`: the platforms that are known, a profile's file proven, and a profile tried on a device.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;
use firmware_config::ssid::UNIFIED_SSID;
use hirake_snmp::profile::Profile;
use hirake_snmp::profile::explain::Outcome;
use hirake_snmp::profile::library::{Choice, Library, Seen};
use hirake_snmp::session::Session;
use hirake_snmp::trouble::Trouble;
use hirake_snmp::value::{Sheet, VarBind};

use super::exit;
use super::snmp::whom::{self, Whom};

/// As long as a poll by hand may take; the controller's own has 10 s.
const POLL_LIMIT: Duration = Duration::from_secs(60);
/// Largest file read: those shipped are below 10 kB.
const FILE_MAX_BYTES: u64 = 256 << 10;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum About {
    /// Every platform that is known without further ado: id, vendor, how far it is proven, whether it can be flipped
    List,
    /// Prove profiles: every mistake with its line, and whether they can be told from the shipped ones
    Check {
        /// The files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Ask a device what a profile asks, and say what each of its lines found
    Test {
        #[command(flatten)]
        whom: Box<Whom>,
        /// The profile's file, or the id of a shipped one
        #[arg(value_name = "FILE")]
        profile: PathBuf,
        /// The device's ADDRESS or ADDRESS:PORT
        #[arg(long, value_name = "ADDRESS", required_unless_present = "device")]
        against: Option<String>,
        /// A word of the device that the profile's flip needs; may be given several times
        #[arg(long = "word", value_name = "NAME=VALUE")]
        words: Vec<String>,
    },
}

/// Does it.
///
/// # Errors
/// Standard output is gone.
pub fn about(about: About) -> anyhow::Result<ExitCode> {
    match about {
        About::List => list(),
        About::Check { files } => check(&files),
        About::Test { whom, profile, against, words } => {
            let against: Vec<String> = against.into_iter().collect();
            whom::in_time(test(&whom, &profile, &against, &words))
        }
    }
}

fn list() -> anyhow::Result<ExitCode> {
    let library = Library::shipped()?;
    let mut out = std::io::stdout().lock();
    for profile in library.all() {
        let flips = if profile.flips.is_some() { "flips" } else { "watches" };
        writeln!(out, "{:<24} {:<18} {:<6} {flips}", profile.id, profile.vendor, profile.evidence.word())?;
    }
    Ok(ExitCode::from(exit::WELL))
}

fn check(files: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let mut library = Library::shipped()?;
    let mut wrong = 0;
    for file in files {
        let name = file.display().to_string();
        match read(file).and_then(|text| library.add(&name, &text).map_err(|error| error.to_string())) {
            Ok(added) => {
                let flips = library.get(&added.id).is_some_and(|profile| profile.flips.is_some());
                let replaced = if added.replaced { ", in the place of the shipped one" } else { "" };
                println!("{name}: ok: {}{}{replaced}", added.id, if flips { ", flips" } else { ", watches" });
            }
            Err(why) => {
                eprintln!("{why}");
                wrong += 1;
            }
        }
    }
    if wrong > 0 {
        eprintln!("{wrong} of {} not taken", files.len());
        return Ok(ExitCode::from(exit::CONFIG_REFUSED));
    }
    Ok(ExitCode::from(exit::WELL))
}

fn read(file: &std::path::Path) -> Result<String, String> {
    let bytes = std::fs::metadata(file).map_err(|error| format!("{}: {error}", file.display()))?.len();
    if bytes > FILE_MAX_BYTES {
        return Err(format!("{}: {bytes} bytes; a profile has at most {FILE_MAX_BYTES}", file.display()));
    }
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

async fn test(whom: &Whom, file: &std::path::Path, against: &[String], words: &[String]) -> anyhow::Result<ExitCode> {
    let mut library = Library::shipped()?;
    let shipped = file.to_str().and_then(|id| library.get(id)).cloned();
    let profile = match shipped.filter(|_| !file.exists()) {
        Some(shipped) => shipped,
        None => {
            let name = file.display().to_string();
            let text = read(file).and_then(|text| {
                let profile = Profile::parse(&name, &text).map_err(|error| error.to_string())?;
                // One that cannot be told from a shipped one can be tried all the same.
                if let Err(tie) = library.add(&name, &text) {
                    eprintln!("note: {tie}");
                }
                Ok(Arc::new(profile))
            });
            match text {
                Ok(profile) => profile,
                Err(why) => {
                    eprintln!("{why}");
                    return Ok(ExitCode::from(exit::CONFIG_REFUSED));
                }
            }
        }
    };
    let mut opened = match whom.open(against).await {
        Ok(opened) => opened,
        Err(unknown) => return Ok(unknown.told()),
    };
    for word in words {
        let Some((name, value)) = word.split_once('=') else {
            return Ok(whom::Unknown::Words(format!("--word {word}: expected NAME=VALUE")).told());
        };
        opened.words.insert(name.to_owned(), value.to_owned());
    }
    match known_as(&library, &opened.session).await {
        Ok(said) => println!("{said}"),
        Err(trouble) => return Ok(whom::troubled(&trouble)),
    }
    opened.session.set_manners(profile.manners.clone());
    let (sheet, faults) = match opened.session.poll(profile.plan(), POLL_LIMIT).await {
        Ok(polled) => polled,
        Err(trouble) => return Ok(whom::troubled(&trouble)),
    };
    let mut out = std::io::stdout().lock();
    let mut well = faults.is_empty();
    for finding in profile.explain(&sheet, UNIFIED_SSID.as_bytes(), &opened.words) {
        let mark = match finding.outcome {
            Outcome::Read => "ok    ",
            Outcome::Absent => "absent",
            Outcome::Wrong => {
                well = false;
                "WRONG "
            }
        };
        writeln!(out, "{mark}  {}: {}", finding.line, finding.found)?;
    }
    for fault in faults {
        writeln!(out, "fault   {fault}")?;
    }
    Ok(ExitCode::from(if well { exit::WELL } else { exit::NEEDS_A_LOOK }))
}

/// Which profile the device would be given if nobody named one.
async fn known_as(library: &Library, session: &Session) -> Result<String, Trouble> {
    let sheet = |found: Vec<VarBind>| found.into_iter().map(|bind| (bind.oid, bind.value)).collect::<Sheet>();
    let first = sheet(session.get(&Library::first()).await?);
    let mut choice = library.choose(&Seen { first: &first, probes: None });
    if let Choice::AskProbes { get, next } = &choice {
        let (get, next) = (sheet(session.get(get).await?), sheet(session.get_next(next).await?));
        choice = library.choose(&Seen { first: &first, probes: Some((&get, &next)) });
    }
    Ok(match choice {
        Choice::Found(profile) => format!("this device is taken for {}", profile.id),
        Choice::Unknown(why) => format!("note    {why}"),
        Choice::AskProbes { .. } => "note    it cannot be told what this device is".to_owned(),
    })
}
