//! What is read from disk before a device can be spoken to: its secrets, and the town's own profiles.

use std::path::Path;

use hirake_snmp::device::{Device, DeviceAp, Role};
use hirake_snmp::profile::library::Library;

use crate::config::SnmpDevice;
use crate::core::{Event, Sighting};
use crate::secrets;

/// Largest profile read: those shipped are below 10 kB.
const PROFILE_MAX_BYTES: u64 = 256 << 10;
/// Most profiles of a town's own.
const PROFILES_MAX: usize = 200;

/// What became of devices that were tried.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// These can be spoken to.
    pub(super) devices: Vec<Device>,
    /// These cannot, for now; and why.
    pub(super) still: Vec<(SnmpDevice, String)>,
    /// What the core is to know of it.
    pub(super) said: Vec<Event>,
}

/// Tries each, on a thread that may wait for a disk. Beside each why it could not be opened before: the same is not said
/// again.
pub(super) async fn open(devices: Vec<(SnmpDevice, String)>) -> Opened {
    let tried = tokio::task::spawn_blocking(move || {
        let mut opened = Opened::default();
        for (device, before) in devices {
            match with_secrets(&device) {
                Ok(whole) => opened.devices.push(whole),
                Err(why) => {
                    if why != before {
                        tracing::error!(
                            device = device.id,
                            why,
                            "this SNMP device is not spoken to; it is tried again every 5 s"
                        );
                        opened.said.extend(device.aps.iter().map(|ap| unheard(ap, &device.id, &why)));
                    }
                    opened.still.push((device, why));
                }
            }
        }
        opened
    });
    tried.await.unwrap_or_default()
}

fn with_secrets(device: &SnmpDevice) -> Result<Device, String> {
    let read = |credentials| secrets::snmp(credentials).map_err(|error| format!("{error:#}"));
    Ok(Device {
        id: device.id.clone(),
        address: device.address,
        profile: device.profile.clone(),
        read: read(&device.read)?,
        write: device.write.as_ref().map(read).transpose()?,
        context: device.context.clone(),
        words: device.words.clone(),
        aps: device.aps.clone(),
    })
}

/// What is to be known of an access point whose device cannot be spoken to.
fn unheard(ap: &DeviceAp, device: &str, why: &str) -> Event {
    let why = format!("no SNMP device \"{device}\": {why}");
    match ap.role {
        Role::Flip => Event::NoDeputy { ap: ap.ap.clone(), why },
        Role::Witness => Event::Witnessed(Sighting { ap: ap.ap.clone(), open: Err(why), at_ms: 0 }),
    }
}

/// The shipped profiles and those in `folder`, by name; and of each that is wrong and left out, why.
pub fn library(folder: Option<&Path>) -> (Library, Vec<String>) {
    let mut wrong = Vec::new();
    let mut library = Library::shipped().unwrap_or_else(|error| {
        wrong.push(format!("the shipped profiles cannot be read: {error}"));
        Library::default()
    });
    let Some(folder) = folder else { return (library, wrong) };
    let mut files: Vec<_> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(error) => {
            wrong.push(format!("profiles {}: cannot be read: {error}", quoted(folder)));
            return (library, wrong);
        }
    };
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    if files.len() > PROFILES_MAX {
        wrong.push(format!(
            "profiles {}: {} files; only the first {PROFILES_MAX} are read",
            quoted(folder),
            files.len()
        ));
    }
    for file in files.into_iter().take(PROFILES_MAX) {
        let name = file.display().to_string();
        let text = std::fs::metadata(&file)
            .and_then(|meta| match meta.len() {
                0..=PROFILE_MAX_BYTES => std::fs::read_to_string(&file),
                bytes => Err(std::io::Error::other(format!("{bytes} bytes; at most {PROFILE_MAX_BYTES} are read"))),
            })
            .map_err(|error| error.to_string());
        if let Err(why) = text.and_then(|text| library.add(&name, &text).map_err(|error| error.to_string())) {
            wrong.push(format!("profile {} is not taken: {why}", quoted(&file)));
        }
    }
    (library, wrong)
}

/// A path as it may be put on a terminal.
fn quoted(path: &Path) -> String {
    format!("{:?}", path.to_string_lossy())
}
