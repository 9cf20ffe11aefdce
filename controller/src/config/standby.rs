//! The table of a controller that is not the only one of its town: its name, its rank, and the lock where there is one.

use std::path::PathBuf;

use firmware_config::ident::{ControllerId, IDENT_MAX_BYTES};
use firmware_config::wire::RANK_MAX;

use super::BrokerConfig;
use super::desk::Desk;
use super::house::secret_needed;
use super::table::Table;
use crate::core::Seat;

/// Which controller this is, and the file with the address of the database that holds the lock; neither where the file
/// has no `[standby]`.
pub(super) fn read(
    desk: &mut Desk<'_>,
    root: &Table<'_, '_>,
    broker: Option<&BrokerConfig>,
) -> (Option<Seat>, Option<PathBuf>) {
    let Some(table) = root.table(desk, "standby", "standby") else { return (None, None) };
    let allowed = format!("1 to {IDENT_MAX_BYTES} of a-z 0-9 and '-', another one for each controller");
    let id = table.needed_text(desk, "id", &allowed).and_then(|id| {
        let proven = id.is.parse::<ControllerId>().ok();
        if proven.is_none() {
            table.refuse(desk, "id", &allowed);
        }
        proven
    });
    let ranks = " (1 takes over first), another one for each controller";
    if !table.has("rank") {
        table.miss("rank", &format!("a whole number from 1 to {RANK_MAX}{ranks}"));
    }
    let rank = table.number(desk, "rank", (1, u32::from(RANK_MAX)), ranks);
    let lock = secret_needed(desk, &table, "lock-url-file", "until it is there the lock counts as out of reach");
    if matches!(broker, Some(BrokerConfig::Inside { .. })) {
        desk.complain(
            table.at,
            "standby: the broker is inside this controller and would be gone with it; expected [broker] outside, one for \
             all controllers",
        );
    }
    table.finish(desk);
    let rank = rank.and_then(|found| u8::try_from(found.is).ok());
    let seat = id.zip(rank).map(|(id, rank)| Seat { id, rank, boot: String::new(), lock: lock.is_some() });
    (seat, lock)
}
