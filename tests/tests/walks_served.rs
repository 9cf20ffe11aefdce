//! Every walk served over UDP by a device that shows it, and asked as the poller asks: what comes over the wire reads as
//! what stands in the file. The project's own walks, and recordings of real devices where there are any beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use hirake_snmp::credentials::{Credentials, Secret};
use hirake_snmp::oid::Oid;
use hirake_snmp::profile::library::{Choice, Library, Seen};
use hirake_snmp::profile::manners::Manners;
use hirake_snmp::readings::Readings;
use hirake_snmp::session::{Session, Sockets};
use hirake_snmp::value::{Sheet, VarBind};
use tests::snmp_ap::platform::Platform;
use tests::snmp_ap::{Device, DevicePlan, walk};

/// The walks of a folder; none where there is no folder.
fn walks(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut walks: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    walks.retain(|path| path.extension().is_some_and(|extension| extension == "snmprec"));
    walks.sort();
    walks
}

fn sheet(binds: Vec<VarBind>) -> Sheet {
    binds.into_iter().filter(|bind| bind.value.is_there()).map(|bind| (bind.oid, bind.value)).collect()
}

/// What does not stand still while it is asked, and what the device itself puts in its walk's place, left out.
fn still(mut readings: Readings) -> Readings {
    readings.uptime = None;
    readings.identity.name.clear();
    readings.figures.retain(|figure| figure.metric != "uptime");
    readings
}

/// Serves one walk, asks for it, and compares; how many figures were read, or none where no profile knows the device.
async fn served(path: &Path, library: &Library, sockets: &Sockets) -> Result<Option<usize>> {
    let shown = walk::read(&std::fs::read_to_string(path)?)?;
    let plan = DevicePlan { walk: Arc::new(shown), ..DevicePlan::ap(Platform::Plain, "", 1) };
    let device = Device::start(plan)?;
    let town = hirake_snmp::device::Device {
        id: "walk".to_owned(),
        address: device.address(),
        profile: None,
        read: Credentials::V2c { community: Secret::new("public".to_owned().into()) },
        write: None,
        context: String::new(),
        words: std::collections::BTreeMap::new(),
        aps: Vec::new(),
    };
    let session = Session::new(sockets, &town, Manners::default()).await?;
    let first = sheet(session.get(&Library::first()).await?);
    let choice = match library.choose(&Seen { first: &first, probes: None }) {
        Choice::AskProbes { get, next } => {
            let (by_get, by_next) = (ask(&session, &get, false).await?, ask(&session, &next, true).await?);
            library.choose(&Seen { first: &first, probes: Some((&by_get, &by_next)) })
        }
        choice => choice,
    };
    let profile = match choice {
        Choice::Found(profile) => profile,
        // Chosen by the town, never by what a device says.
        Choice::Unknown(_) => match path.file_stem().and_then(|name| library.get(name.to_str()?)) {
            Some(profile) if profile.is_by_name_only() => Arc::clone(profile),
            _ => return Ok(None),
        },
        Choice::AskProbes { .. } => bail!("asked again after the probes"),
    };
    session.set_manners(profile.manners.clone());
    let (brought, faults) = session.poll(profile.plan(), Duration::from_secs(30)).await?;
    ensure!(faults.is_empty(), "{faults:?}");
    let (over_the_wire, in_the_file) = (still(profile.read(&brought)), still(profile.read(&device.shown())));
    assert_eq!(over_the_wire, in_the_file, "{}", path.display());
    Ok(Some(over_the_wire.figures.len()))
}

async fn ask(session: &Session, oids: &[Oid], next: bool) -> Result<Sheet> {
    let mut brought = Sheet::new();
    for some in oids.chunks(10) {
        let binds = if next { session.get_next(some).await? } else { session.get(some).await? };
        brought.extend(sheet(binds));
    }
    Ok(brought)
}

#[tokio::test]
async fn every_walk_reads_over_the_wire_as_it_stands_in_its_file() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the project")?;
    let recordings =
        std::env::var_os("HIRAKE_SNMP_RECORDINGS").map_or_else(|| root.join("../shared/snmp"), PathBuf::from);
    let (library, sockets) = (Library::shipped()?, Sockets::open().await?);
    let own = walks(&root.join("controller/snmp/tests/walks"));
    ensure!(own.len() > 20, "the project's own walks are not where they belong");
    let (mut known, mut figures, mut unknown) = (0, 0, Vec::new());
    for path in own.iter().chain(&walks(&recordings)) {
        match served(path, &library, &sockets).await.with_context(|| path.display().to_string())? {
            Some(read) => (known, figures) = (known + 1, figures + read),
            None => unknown.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned())),
        }
    }
    println!("{known} walks served, {figures} figures read; known to no profile: {unknown:?}");
    assert!(unknown.iter().all(|name| name.starts_with("unknown")), "{unknown:?}");
    ensure!(figures > 10 * own.len(), "{figures} figures of {known} walks");
    Ok(())
}
