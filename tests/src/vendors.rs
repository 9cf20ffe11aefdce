//! The access points of 汐見町 that our agent cannot be put on, and one that a second pair of eyes looks at; their part of `controller.toml`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use async_snmp::{AuthProtocol, PrivProtocol};

use crate::inventory::ApPlan;
use crate::snmp_ap::{Access, Device, DevicePlan, Manners, Platform, UserPlan};

/// Community to look with.
const LOOK: &str = "shiomi-look";
/// Community to switch with.
const SWITCH: &str = "shiomi-switch";
/// Name and passwords of the USM user.
const USER: [&str; 3] = ["hirake", "shiomi-auth-word", "shiomi-priv-word"];
/// Seconds between polls, and in a hurry: a demo is watched.
const INTERVALS_S: [u32; 2] = [10, 3];

/// How a device of the model town is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// SNMPv2c, one community to look and one to switch.
    V2c,
    /// SNMPv3, authPriv: SHA-256 and AES-128.
    V3,
}

/// One device of the model town.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VendorPlan {
    /// The town's name for it.
    pub id: &'static str,
    /// Its make.
    pub platform: Platform,
    /// Its profile, where the town names it; otherwise it is asked what it is.
    pub profile: Option<&'static str>,
    /// What its profile must be told about it.
    pub words: &'static [(&'static str, &'static str)],
    /// How it is spoken to.
    pub spoken: Spoken,
    /// The access points it is or speaks for.
    pub aps: Vec<String>,
    /// It looks at an access point with an agent, and flips nothing.
    pub witness: bool,
    /// How it behaves.
    pub manners: Manners,
}

impl VendorPlan {
    /// One with good manners.
    #[must_use]
    pub fn new(id: &'static str, platform: Platform, spoken: Spoken, aps: &[&str]) -> Self {
        let aps = aps.iter().map(|&ap| ap.to_owned()).collect();
        let words = words(platform);
        Self { id, platform, profile: None, words, spoken, aps, witness: false, manners: Manners::default() }
    }
}

/// What the profile of a platform must be told of the devices here.
#[must_use]
pub fn words(platform: Platform) -> &'static [(&'static str, &'static str)] {
    match platform {
        Platform::RouterOs => &[("open-script", "2"), ("close-script", "3")],
        Platform::ZoneDirector => &[("group", "1")],
        _ => &[],
    }
}

/// The four of the demo on three devices, and the witness.
#[must_use]
pub fn of_the_town() -> Vec<VendorPlan> {
    vec![
        VendorPlan::new("ruckus-parking", Platform::ZoneFlex, Spoken::V2c, &["yakuba-6"]),
        VendorPlan::new("wlc-taiikukan", Platform::Aireos, Spoken::V2c, &["taiikukan-3", "taiikukan-4"]),
        VendorPlan::new("mikrotik-minato", Platform::RouterOs, Spoken::V3, &["minato-3"]),
        VendorPlan {
            witness: true,
            ..VendorPlan::new("linux-sho-1", Platform::OpenWrt, Spoken::V2c, &["shiomi-sho-1"])
        },
    ]
}

/// A device at work, and what it was made from.
#[derive(Debug)]
pub struct Vendor {
    /// What it is.
    pub plan: VendorPlan,
    /// It.
    pub device: Device,
    keys: Vec<String>,
}

impl Vendor {
    /// Starts one; who comes to its access points is taken from `aps`.
    ///
    /// # Errors
    /// An access point is not among `aps`, or the device does not start.
    pub fn start(plan: VendorPlan, seed: u64, aps: &[ApPlan]) -> Result<Arc<Self>> {
        let many = u8::try_from(plan.aps.len()).context("at most 255 access points")?;
        let mut device = DevicePlan::controller(plan.platform, plan.id, seed, many);
        for (own, id) in device.aps.iter_mut().zip(&plan.aps) {
            let ap = aps.iter().find(|ap| ap.id == *id).with_context(|| format!("no access point \"{id}\""))?;
            own.1.clone_from(id);
            // A witness looks at people who are the radio's.
            own.2 = if plan.witness { crate::people::Crowd::NOBODY } else { ap.crowd };
        }
        device.manners.clone_from(&plan.manners);
        device.access = match plan.spoken {
            Spoken::V2c => Access::communities(LOOK, SWITCH),
            Spoken::V3 => Access {
                users: vec![UserPlan {
                    name: USER[0].to_owned(),
                    auth: Some((AuthProtocol::Sha256, USER[1].to_owned())),
                    privacy: Some((PrivProtocol::Aes128, USER[2].to_owned())),
                    writes: true,
                }],
                ..Access::default()
            },
        };
        let keys = device.aps.iter().map(|(mac, ..)| mac.map(|octet| format!("{octet:02x}")).join(":")).collect();
        Ok(Arc::new(Self { device: Device::start(device)?, keys, plan }))
    }

    /// Whether this access point has `00000JAPAN` on the air.
    #[must_use]
    pub fn is_open(&self, ap: &str) -> bool {
        let at = self.plan.aps.iter().position(|id| id == ap);
        let mut connected = false;
        self.device.at_console(|state| connected = at.is_some_and(|at| state.aps[at].connected));
        self.device.has_power() && connected && self.device.is_open()
    }

    /// Power of one access point: of the device itself, or of one behind a WLAN controller.
    pub fn power(&self, ap: &str, on: bool) {
        let Some(at) = self.plan.aps.iter().position(|id| id == ap) else { return };
        if self.plan.platform.speaks_for_many() {
            self.device.at_console(|state| {
                state.aps[at].connected = on;
                (state.aps[at].peace, state.aps[at].open) = (0, 0);
            });
        } else {
            self.device.power(on);
        }
    }
}

/// The `managed` line and what belongs to it, for one `[[ap]]`.
#[must_use]
pub fn managed(ap: &str, vendors: &[Arc<Vendor>]) -> String {
    let found = vendors.iter().find_map(|v| v.plan.aps.iter().position(|id| id == ap).map(|at| (v, at)));
    let Some((vendor, at)) = found else { return "managed = \"agent\"\n".to_owned() };
    let managed = if vendor.plan.witness { "agent" } else { "snmp" };
    let mut text = format!("managed = \"{managed}\"\ndevice = \"{}\"\n", vendor.plan.id);
    if vendor.plan.platform.speaks_for_many() {
        text += &format!("device-ap = \"{}\"\n", vendor.keys[at]);
    }
    text
}

/// `[snmp]`, its credentials and devices; secrets are written into `dir`. `traps`: where traps are heard.
///
/// # Errors
/// A file cannot be written.
pub fn toml(dir: &Path, vendors: &[Arc<Vendor>], traps: SocketAddr) -> Result<String> {
    if vendors.is_empty() {
        return Ok(String::new());
    }
    for (name, secret) in [("snmp-look", LOOK), ("snmp-switch", SWITCH), ("snmp-auth", USER[1]), ("snmp-priv", USER[2])]
    {
        let file = std::fs::File::options().create(true).write(true).truncate(true).mode(0o600).open(dir.join(name));
        writeln!(file?, "{secret}")?;
    }
    let at = |name: &str| dir.join(name).display().to_string();
    let [interval, hurry] = INTERVALS_S;
    let mut text = format!(
        "[snmp]\ntraps = \"{traps}\"\ninterval-s = {interval}\nhurry-interval-s = {hurry}\n\n\
         [snmp-credentials.look]\nversion = \"2c\"\ncommunity-file = \"{}\"\n\n\
         [snmp-credentials.switch]\nversion = \"2c\"\ncommunity-file = \"{}\"\n\n\
         [snmp-credentials.town]\nversion = \"3\"\nuser = \"{}\"\nauth = \"sha-256\"\nauth-password-file = \"{}\"\n\
         priv = \"aes-128\"\npriv-password-file = \"{}\"\n\n",
        at("snmp-look"),
        at("snmp-switch"),
        USER[0],
        at("snmp-auth"),
        at("snmp-priv"),
    );
    for vendor in vendors {
        let (look, switch) = match vendor.plan.spoken {
            Spoken::V2c => ("look", "switch"),
            Spoken::V3 => ("town", "town"),
        };
        text += &format!("[[snmp-device]]\nid = \"{}\"\naddress = \"{}\"\n", vendor.plan.id, vendor.device.address());
        if let Some(profile) = vendor.plan.profile {
            text += &format!("profile = \"{profile}\"\n");
        }
        text += &format!("read = \"{look}\"\n");
        if !vendor.plan.witness {
            text += &format!("write = \"{switch}\"\n");
        }
        if !vendor.plan.words.is_empty() {
            let words: Vec<_> = vendor.plan.words.iter().map(|(name, word)| format!("{name} = \"{word}\"")).collect();
            text += &format!("words = {{ {} }}\n", words.join(", "));
        }
        text += "\n";
    }
    Ok(text)
}
