//! The product's own room of deputies on pretend devices, without a controller: orders in, what it tells kept for whoever asks.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use firmware_config::ident::FacilityId;
use firmware_config::mode::Mode;
use firmware_config::wire::{AgentState, Counts, Order, Report, VERSION, Wanted};
use hirake_snmp::credentials::{Auth, Credentials, Privacy, Secret, User};
use hirake_snmp::deputy::{Letter, Sighting};
use hirake_snmp::device::{Device, DeviceAp, Role};
use hirake_snmp::profile::library::Library;
use hirake_snmp::room::{DeviceStatus, Handle, Room, Setup};
use hirake_snmp::session::Sockets;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use zeroize::Zeroizing;

/// Letters on their way: as many as a controller would leave lying.
const LETTERS_MAX: usize = 64;
/// How often a waiting test looks.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// The facility of every access point that is not said to stand elsewhere.
pub const HERE: &str = "yakuba";

/// A community, as the controller would have read it from its file.
#[must_use]
pub fn community(text: &str) -> Credentials {
    Credentials::V2c { community: secret(text) }
}

/// The same for SNMPv1.
#[must_use]
pub fn community_v1(text: &str) -> Credentials {
    Credentials::V1 { community: secret(text) }
}

/// A USM user with SHA-256 and AES-128.
#[must_use]
pub fn user(name: &str, auth: &str, privacy: &str) -> Credentials {
    Credentials::V3(User {
        name: name.to_owned(),
        auth: Some((Auth::Sha256, secret(auth))),
        privacy: Some((Privacy::Aes128, secret(privacy))),
    })
}

fn secret(text: &str) -> Secret {
    Secret::new(Zeroizing::new(text.to_owned()))
}

/// A device that is one access point, `ID`, at [`HERE`], looked at with `public` and switched with `private`.
///
/// # Errors
/// `id` is no identifier.
pub fn device(id: &str, address: SocketAddr) -> Result<Device> {
    let ap = DeviceAp { ap: id.parse()?, facility: HERE.parse()?, key: None, role: Role::Flip };
    Ok(Device {
        id: id.to_owned(),
        address,
        profile: None,
        read: community("public"),
        write: Some(community("private")),
        context: String::new(),
        words: BTreeMap::new(),
        aps: vec![ap],
    })
}

/// What was told so far; the newest of each.
#[derive(Debug, Default)]
pub struct Told {
    /// By access point.
    pub reports: HashMap<String, Report>,
    /// Whether it is there, by access point.
    pub present: HashMap<String, bool>,
    /// What the second pair of eyes saw, by access point.
    pub sightings: HashMap<String, Sighting>,
    /// All counts.
    pub counts: Vec<Counts>,
}

/// A room at work; it closes when this is dropped.
#[derive(Debug)]
pub struct Deputies {
    handle: Handle,
    told: Arc<Mutex<Told>>,
    number: u64,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Deputies {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Deputies {
    /// Starts a room on the shipped profiles, polling every `interval`, open or not.
    ///
    /// # Errors
    /// There is no socket, or a shipped profile is wrong.
    pub async fn start(devices: Vec<Device>, interval: Duration) -> Result<Self> {
        Self::start_with(Library::shipped()?, devices, interval).await
    }

    /// The same on profiles of one's own.
    ///
    /// # Errors
    /// There is no socket.
    pub async fn start_with(library: Library, devices: Vec<Device>, interval: Duration) -> Result<Self> {
        let (letters, mut letterbox) = mpsc::channel(LETTERS_MAX);
        let setup = Setup {
            devices,
            library: Arc::new(library),
            sockets: Sockets::open().await?,
            boot: "bench".to_owned(),
            interval,
            hurry_interval: interval,
        };
        let (handle, running) = Room::start(setup, letters);
        let told = Arc::new(Mutex::new(Told::default()));
        let keep = Arc::clone(&told);
        let keeper = tokio::spawn(async move {
            while let Some(letter) = letterbox.recv().await {
                let mut told = lock(&keep);
                match letter {
                    Letter::Report { report, .. } => drop(told.reports.insert(report.ap.to_string(), report)),
                    Letter::Presence(presence) => drop(told.present.insert(presence.ap.to_string(), presence.online)),
                    Letter::Saw(sighting) => drop(told.sightings.insert(sighting.ap.to_string(), sighting)),
                    Letter::Counted(counts) => told.counts.push(counts),
                }
            }
        });
        Ok(Self { handle, told, number: 0, tasks: [running, keeper] })
    }

    /// The way into the room.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// What was told.
    ///
    /// # Panics
    /// Never.
    pub fn told(&self) -> MutexGuard<'_, Told> {
        lock(&self.told)
    }

    /// The next order: this mode at these facilities, nothing said of others. Returns its number.
    ///
    /// # Errors
    /// A facility is no identifier.
    pub fn order(&mut self, mode: Mode, facilities: &[&str]) -> Result<u64> {
        self.number += 1;
        let wanted = |id: &&str| Ok((id.parse::<FacilityId>()?, Wanted { mode, drill: None }));
        self.handle.order(&Order {
            v: VERSION,
            town: crate::inventory::TOWN.parse()?,
            number: self.number,
            issued_at_ms: 0,
            controller: None,
            facilities: facilities.iter().map(wanted).collect::<Result<_>>()?,
            activations: Vec::new(),
        });
        Ok(self.number)
    }

    /// Waits until every one of these access points reports that it serves order `number` in `mode`.
    ///
    /// # Errors
    /// Not within `patience`; with what each says instead.
    pub async fn serving(&self, aps: &[&str], number: u64, mode: Mode, patience: Duration) -> Result<()> {
        self.until(&format!("all of {aps:?} serve order {number}"), patience, |told| {
            aps.iter().all(|&ap| told.reports.get(ap).is_some_and(|report| serves(report, number, mode)))
        })
        .await
    }

    /// Waits until what was told is as `holds` looks for.
    ///
    /// # Errors
    /// Not within `patience`; with everything that was told.
    pub async fn until(&self, what: &str, patience: Duration, holds: impl Fn(&Told) -> bool) -> Result<()> {
        let end = Instant::now() + patience;
        while !holds(&self.told()) {
            ensure!(Instant::now() < end, "not within {patience:?}: {what}\n{}", self.words().await);
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Waits until the state of every device is as `holds` looks for.
    ///
    /// # Errors
    /// Not within `patience`.
    pub async fn until_all(&self, what: &str, patience: Duration, holds: impl Fn(&DeviceStatus) -> bool) -> Result<()> {
        let end = Instant::now() + patience;
        while !self.handle.statuses().await.iter().all(&holds) {
            ensure!(Instant::now() < end, "not within {patience:?}: {what}\n{}", self.words().await);
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Everything that is said now, a line each; at most 40.
    async fn words(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for status in self.handle.statuses().await {
            let DeviceStatus { id, profile, answers, trouble, last_trouble, polls, sets, faults, .. } = status;
            lines.push(format!(
                "{id}: profile {profile:?}, answers {answers}, {trouble:?}, last {last_trouble:?}, {polls} polls, {sets} sets, {faults:?}"
            ));
        }
        for (ap, report) in &self.told().reports {
            let Report { told, running, mode, state, why, .. } = report;
            lines.push(format!("{ap}: told {told} running {running} {mode:?} {state:?} {why}"));
        }
        lines.truncate(40);
        lines.join("\n")
    }
}

/// Whether a report says that this order is carried out.
#[must_use]
pub fn serves(report: &Report, number: u64, mode: Mode) -> bool {
    report.state == AgentState::Serving && report.running == number && report.mode == mode
}

fn lock(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().expect("nothing panics while it is held")
}
