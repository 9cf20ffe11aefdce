//! The controller: one key, one town, every access point.
//!
//! Rooms in the order a start walks through them.

pub mod api;
pub mod broker;
pub mod cli;
pub mod config;
pub mod contacts;
pub mod core;
pub mod mib;
pub mod mqtt;
pub mod run;
pub mod secrets;
pub mod signing;
pub mod snmp;
pub mod store;
