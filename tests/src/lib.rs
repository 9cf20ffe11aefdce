//! The model town: pretend devices at the far end of real protocols, and a bench to try the real programs on.
//!
//! Nothing here is known to the product. Reading order below: who comes and goes, an access point's radio, access
//! points of other makes, the key on the wall, real programs, 汐見町, all of it together with a hand for scripts, and what
//! is done to it on purpose.

pub mod people;

pub mod hostapd;
pub mod radio;

pub mod snmp_ap;
pub mod snmp_fleet;

pub mod deputies;

pub mod panel;

pub mod broker;
pub mod cables;
pub mod http;
pub mod postgres;
pub mod process;

pub mod inventory;
pub mod vendors;

pub mod bench;
pub mod hand;
pub mod recorder;
pub mod second;
pub mod stranger;
pub mod torture;
pub mod traces;
