//! `hirake snmp`: asks one device and prints what it says, a line for each object; for support, and for writing profiles.

pub mod shown;
pub mod whom;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use hirake_snmp::oid::Oid;
use hirake_snmp::profile::{Manners, Plan, TablePlan};
use hirake_snmp::session::Session;
use hirake_snmp::trouble::Trouble;
use hirake_snmp::value::VarBind;

use super::exit;
use whom::{Unknown, Whom};

/// The whole of a device may be large and slow; whoever asks for it by hand has Ctrl-C.
const WALK_LIMIT: Duration = Duration::from_secs(600);
/// A walk by hand is not cut: 642,000 objects were seen on one device.
const ROWS_MAX: usize = 10_000_000;

/// What to ask.
#[derive(Debug, Subcommand)]
pub enum Ask {
    /// These objects (GET)
    Get(Question),
    /// Everything below these names, one by one (GETNEXT)
    Walk(Question),
    /// Everything below these names, many at once (GETBULK; with version 1 as walk)
    Bulk(Question),
}

/// Whom, and about what.
#[derive(Debug, clap::Args)]
pub struct Question {
    #[command(flatten)]
    whom: Whom,
    /// The device's ADDRESS or ADDRESS:PORT (not with --device), then object identifiers such as 1.3.6.1.2.1.1.1.0
    #[arg(value_name = "ADDRESS OID", required = true)]
    words: Vec<String>,
}

/// Asks, and prints what comes.
///
/// # Errors
/// Standard output is gone.
pub fn ask(ask: &Ask) -> anyhow::Result<ExitCode> {
    let (question, bulk) = match ask {
        Ask::Get(question) => (question, None),
        Ask::Walk(question) => (question, Some(false)),
        Ask::Bulk(question) => (question, Some(true)),
    };
    whom::in_time(async {
        let opened = match question.whom.open(&question.words).await {
            Ok(opened) => opened,
            Err(unknown) => return Ok(unknown.told()),
        };
        let oids: Vec<Oid> = match opened.rest.iter().map(|text| text.parse()).collect() {
            Ok(oids) => oids,
            Err(error) => return Ok(Unknown::Words(format!("{error}")).told()),
        };
        if oids.is_empty() {
            return Ok(Unknown::Words("no object identifier; expected at least one".to_owned()).told());
        }
        let found = match bulk {
            None => opened.session.get(&oids).await.map(|found| {
                let missing = oids.iter().filter(|oid| !found.iter().any(|bind| bind.oid == **oid));
                let faults = missing.map(|oid| format!("{oid}: the device did not answer for it")).collect();
                (found, faults)
            }),
            Some(bulk) => below(&opened.session, question.whom.manners(bulk), &oids).await,
        };
        told(found)
    })
}

/// Prints what came, and says on standard error what was wrong with it.
fn told(found: Result<(Vec<VarBind>, Vec<String>), Trouble>) -> anyhow::Result<ExitCode> {
    let (found, faults) = match found {
        Ok(found) => found,
        Err(trouble) => return Ok(whom::troubled(&trouble)),
    };
    let mut out = std::io::stdout().lock();
    for bind in &found {
        writeln!(out, "{}", shown::line(bind))?;
    }
    for fault in &faults {
        eprintln!("hirake: {fault}");
    }
    let well = faults.is_empty() && found.iter().any(|bind| bind.value.is_there());
    Ok(ExitCode::from(if well { exit::WELL } else { exit::NEEDS_A_LOOK }))
}

/// Everything below each name; the object itself where the name is one's whole name.
async fn below(session: &Session, manners: Manners, oids: &[Oid]) -> Result<(Vec<VarBind>, Vec<String>), Trouble> {
    session.set_manners(manners);
    let (mut all, mut faults) = (Vec::new(), Vec::new());
    for oid in oids {
        let table =
            TablePlan { name: oid.to_string(), columns: vec![oid.clone()], rows_max: ROWS_MAX, unordered: false };
        let (sheet, said) = session.poll(&Plan { get: Vec::new(), tables: vec![table] }, WALK_LIMIT).await?;
        faults.extend(said);
        if sheet.is_empty() {
            all.extend(session.get(std::slice::from_ref(oid)).await?);
        }
        all.extend(sheet.into_iter().map(|(oid, value)| VarBind { oid, value }));
    }
    Ok((all, faults))
}
