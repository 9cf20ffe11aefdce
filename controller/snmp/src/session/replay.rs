//! A poll without a network: datagrams taken one after another for the answers to its questions. For tests and fuzzing.

use async_snmp::DecodeConfig;
use async_snmp::message::{CommunityPdu, Message};

use super::walk::Walk;
use super::words;
use crate::profile::Plan;
use crate::profile::manners::Manners;
use crate::value::{Sheet, VarBind};

/// What a poll would hold after these answers, and its faults. Every datagram is decoded as sessions and the receiver of
/// traps do; none is checked for where it came from or what it answers.
#[must_use]
pub fn replay(plan: &Plan, manners: &Manners, datagrams: &[&[u8]]) -> (Sheet, Vec<String>) {
    let (mut sheet, mut faults) = (Sheet::new(), Vec::new());
    let mut answers = datagrams.iter().map(|datagram| decoded(datagram));
    let gets = plan.get.len().div_ceil(manners.max_varbinds.max(1));
    let scalars = answers.by_ref().take(gets).flatten().filter(|bind| bind.value.is_there());
    sheet.extend(scalars.map(|bind| (bind.oid, bind.value)));
    for table in &plan.tables {
        let mut walk = Walk::new(table, manners);
        loop {
            let asked = walk.next(manners.max_varbinds);
            if asked.is_empty() {
                break;
            }
            let Some(binds) = answers.next() else { break };
            let repetitions = usize::try_from(manners.max_repetitions).unwrap_or(1);
            let _ = walk.take(&asked, binds, repetitions, &mut sheet, &mut faults);
        }
    }
    (sheet, faults)
}

/// The varbinds of a datagram; none where it is no SNMP in the clear.
fn decoded(datagram: &[u8]) -> Vec<VarBind> {
    let Ok(message) = Message::decode(datagram.to_vec().into(), DecodeConfig::default()) else { return Vec::new() };
    let binds = match message.value {
        Message::Community(message) => match message.into_community_pdu() {
            CommunityPdu::TrapV1(trap) => trap.varbinds().to_vec(),
            other => other.standard().map(|pdu| pdu.varbinds().to_vec()).unwrap_or_default(),
        },
        Message::V3(message) => message.pdu().map(|pdu| pdu.varbinds().to_vec()).unwrap_or_default(),
    };
    binds.into_iter().filter_map(words::incoming).collect()
}
