//! Tests of whole towns of real programs: one program of tests, so that one town works while others wait.

mod air;
mod counts;
mod counts_survive;
mod facility_key;
mod hostile;
mod key_turn;
mod nobody_named;
mod restart;
mod snmp_ap;
mod snmp_cli;
mod snmp_flip;
mod snmp_town;
mod standby;
mod store;
