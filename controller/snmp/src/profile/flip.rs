//! A flip as data: ordered SETs, reads that prove it, the step that saves it; what `deputy` carries out.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::oid::Oid;
use crate::trouble::Status;

/// Both ways of a platform's flip. There is never a way in without the way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flips {
    /// Puts the prepared `00000JAPAN` on the air.
    pub open: Flip,
    /// Takes it off.
    pub close: Flip,
}

/// One way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flip {
    /// In order. Each for every selected row before the next.
    pub steps: Vec<Step>,
    /// What must be read afterwards; the network's own row is checked besides, always.
    pub checks: Vec<Check>,
    /// What makes it survive a reboot; its failure is "not saved", not "not open".
    pub save: Option<Save>,
}

/// One SET, all its varbinds in one PDU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// For people.
    pub name: String,
    /// Left out where all of these hold already.
    pub unless: Vec<(Template, Expect)>,
    /// The varbinds, in order.
    pub set: Vec<Assign>,
    /// How long one answer may take: some devices answer a SET after 3 s.
    pub timeout: Duration,
    /// Refusals that say it is so already.
    pub accept: Vec<Status>,
    /// Pause before anything is read.
    pub settle: Duration,
    /// The device may be silent this long afterwards, and nobody is alarmed.
    pub silence: Duration,
    /// Sending it twice does something twice: after silence it is verified, never sent blindly again.
    pub once: bool,
    /// Once for the device, not once for each selected row (an "apply" object).
    pub whole_device: bool,
}

/// One value to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assign {
    /// Where.
    pub oid: Template,
    /// What.
    pub value: SetValue,
}

/// A value as a profile writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetValue {
    /// INTEGER.
    Integer(i32),
    /// Gauge32 / Unsigned32.
    Gauge(u32),
    /// OCTET STRING, from text with variables.
    Text(Template),
    /// OBJECT IDENTIFIER.
    Oid(Oid),
}

/// A read that must come out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// For people.
    pub name: String,
    /// What is read.
    pub oid: Template,
    /// What it must be.
    pub expect: Expect,
    /// How long it may take to become so.
    pub within: Duration,
    /// How often it is read until then.
    pub every: Duration,
    /// What is read instead is the device's own word on what went wrong.
    pub text_is_error: bool,
}

/// What a read must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// One of these numbers, whatever numeric type they come in.
    Numbers(Vec<i64>),
    /// These octets exactly.
    Octets(Template),
    /// No such object or instance: the row is gone.
    Absent,
}

/// Making it survive a reboot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Save {
    /// SETs, in order, each a PDU of its own varbinds.
    pub set: Vec<Vec<Assign>>,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Where the device tells how it went.
    pub poll: Option<SavePoll>,
    /// Tidying up afterwards, whatever came of it.
    pub cleanup: Vec<Assign>,
}

/// Where a device tells how its saving went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavePoll {
    /// What is read.
    pub oid: Template,
    /// Saved.
    pub done: i64,
    /// Not saved.
    pub fail: Option<i64>,
    /// How long it may take.
    pub within: Duration,
    /// How often it is read.
    pub every: Duration,
}

/// Text or a name with variables in it: `1.3.6.1.2.1.2.2.1.7.${if}`.
///
/// Variables: the parts of the selected row's index by their names in the profile; `ssid` (the network's octets);
/// `rand` (a number of 1 to 65535, drawn once a flip); `ap.NAME` (a word of the device's own table in
/// `controller.toml`). In an OID a number is an arc, text is its octets as arcs; `${NAME:len_octets}` puts the length
/// in front. Proven when the profile is read: no unknown variable is left for the day of the flip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Literal parts and variables, in order.
    pub parts: Vec<Part>,
}

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// As it stands; in an OID with dots between arcs.
    Literal(String),
    /// A variable.
    Variable {
        /// Its name.
        name: String,
        /// With its length in front (in an OID only).
        with_length: bool,
    },
}

/// What a variable stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Var {
    /// Arcs of an index; one for a number.
    Arcs(Vec<u32>),
    /// Octets.
    Octets(Vec<u8>),
}

/// The variables of one selected row.
pub type Vars = BTreeMap<String, Var>;
