//! Two controllers in the world: their heartbeats and last wills, the lock in a database, and a process that is stopped.

use std::collections::BTreeMap;
use std::time::Duration;

use firmware_config::wire::Heartbeat;
use hirake::core::peers::Lock;
use hirake::core::{self as town, Activation};

use super::{Due, World};
use crate::faults::Fault;
use crate::hall::{Disk, Hall};

/// How often a controller that wants the lock asks for it, or looks whether it still has it.
const LOCK_ASKED_EVERY: Duration = Duration::from_secs(2);
/// A question to the database and its answer.
const LOCK_ANSWERS: Duration = Duration::from_millis(10);
/// How long the database keeps the session of one of whom it hears nothing (`idle_session_timeout`).
const SESSION_SILENT: Duration = Duration::from_secs(5);
/// How long the broker waits for one of whom it hears nothing: one and a half times the keepalive of 5 s.
pub const SILENCE_NOTICED: Duration = Duration::from_millis(7_500);

/// The database that holds the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Database {
    /// Who has the lock.
    pub holder: Option<usize>,
    /// When each was last answered.
    pub asked: [Duration; 2],
    /// Out of reach for each controller.
    pub cut: [bool; 2],
    /// It takes questions and answers none.
    pub stuck: bool,
}

impl World {
    /// A heartbeat leaves a controller.
    pub(super) fn hall_beats(&mut self, of: usize, beat: Heartbeat) {
        let Some(connection) = self.halls[of].connected else { return };
        self.send(connection, Due::Beat { of, connection, beat: Box::new(beat) });
    }

    /// The broker takes a heartbeat, keeps it and passes it on.
    pub fn broker_hears_beat(&mut self, of: usize, beat: &Heartbeat) {
        self.broker.beats.insert(of, beat.clone());
        // Its own voice comes back to it when it connects; here each second of it would double what there is to do.
        for to in (0..self.halls.len()).filter(|to| *to != of) {
            self.to_hall(to, town::Event::PeerHeard(beat.clone()));
        }
    }

    /// A controller's process is gone, and with it its connections.
    pub(super) fn hall_is_gone(&mut self, of: usize) {
        self.leave_hall_will(of, Duration::ZERO);
        self.halls[of].kill();
        self.gear.dismiss(of);
        self.database.holder.take_if(|holder| *holder == of);
    }

    /// A controller is gone for good.
    pub fn end_hall(&mut self, of: usize) {
        self.hall_is_gone(of);
        self.halls[of].ended = true;
    }

    /// So is the broker.
    pub fn end_broker(&mut self) {
        (self.broker.up, self.broker_ended) = (false, true);
    }

    pub(super) fn leave_hall_will(&mut self, of: usize, noticed: Duration) {
        let Some(connection) = self.halls[of].connected else { return };
        let Some(seat) = &self.halls[of].inventory.seat else { return };
        self.hall_wills.insert(of, (connection, seat.boot.clone()));
        self.later(noticed, Due::HallWill { of, connection });
    }

    pub(super) fn hall_will(&mut self, of: usize, connection: u64) {
        if self.hall_wills.get(&of).is_none_or(|(known, _)| *known != connection) || !self.broker.up {
            return;
        }
        let (_, boot) = self.hall_wills.remove(&of).expect("it was there just now");
        let Some(seat) = self.halls[of].inventory.seat.clone() else { return };
        let (v, town) = (firmware_config::wire::VERSION, self.halls[of].inventory.town.clone());
        let (id, rank) = (seat.id, seat.rank);
        let (seq, number, hears) = (0, 0, BTreeMap::new());
        let will = Heartbeat { v, town, id, rank, boot, seq, online: false, active: false, number, order: None, hears };
        self.broker_hears_beat(of, &will);
    }

    pub(super) fn wants_lock(&mut self, of: usize, wanted: bool) {
        let hall = &mut self.halls[of];
        let asked = std::mem::replace(&mut hall.wants_lock, wanted);
        if !wanted {
            self.database.holder.take_if(|holder| *holder == of);
        } else if !asked {
            let life = hall.lives;
            self.later(LOCK_ANSWERS, Due::AskLock { of, life });
        }
    }

    /// The database is asked for the lock.
    pub(super) fn ask_lock(&mut self, of: usize) {
        if !self.halls[of].wants_lock {
            return;
        }
        let life = self.halls[of].lives;
        self.later(LOCK_ASKED_EVERY, Due::AskLock { of, life });
        let silent = |holder: &mut usize| self.time > self.database.asked[*holder] + SESSION_SILENT;
        let mut holder = self.database.holder;
        holder.take_if(silent);
        self.database.holder = holder;
        let lock = if self.database.cut[of] {
            // A session that breaks gives up its lock.
            self.database.holder.take_if(|holder| *holder == of);
            Lock::OutOfReach { why: "connection refused".to_owned() }
        } else if self.database.stuck {
            return;
        } else if self.database.holder.is_some_and(|holder| holder != of) {
            self.tally.count(Fault::LockHeldByOther);
            Lock::Theirs
        } else {
            (self.database.holder, self.database.asked[of]) = (Some(of), self.time);
            Lock::Ours
        };
        self.hall_on(of, town::Event::Lock(lock));
    }

    /// A controller is stopped in the middle of things, for `long`; whoever waits for it gives up after a while.
    pub fn freeze(&mut self, of: usize, long: Duration) {
        let hall = &mut self.halls[of];
        if hall.town.is_none() || hall.frozen.is_some() {
            return;
        }
        hall.frozen = Some(Vec::new());
        let life = hall.lives;
        self.later(long, Due::Thaws { of, life });
        if long > SILENCE_NOTICED {
            // What it finds when it goes on: a connection that was closed long ago.
            self.cut_hall(of, SILENCE_NOTICED);
        }
    }

    /// It goes on, and first hears everything that came meanwhile.
    pub fn thaws(&mut self, of: usize) {
        let waiting = self.halls[of].frozen.take().unwrap_or_default();
        // It tries to connect when it has heard that its connection was cut.
        let (tries, heard): (Vec<_>, _) = waiting.into_iter().partition(|due| matches!(due, Due::HallConnects { .. }));
        for due in heard.into_iter().chain(tries) {
            self.later(Duration::ZERO, due);
        }
        // What its deputy had begun it could not bring to its end meanwhile.
        let watches = &mut self.gear.posts[of].watches;
        *watches = watches.map(|_| self.time);
    }

    /// Nothing reaches a controller that is stopped: it waits, or it is gone with the connection.
    pub(super) fn unless_frozen(&mut self, due: Due) -> Option<Due> {
        let of = match &due {
            Due::Hall { of, .. }
            | Due::HallWake { of, .. }
            | Due::ReadKey { of, .. }
            | Due::HallConnects { of, .. }
            | Due::ToHall { of, .. }
            | Due::GearAppointed { of, .. }
            | Due::GearAnswered { of, .. }
            | Due::GearWake { of, .. }
            | Due::AskLock { of, .. }
            | Due::Commits { of, .. }
            | Due::Recalls { of, .. }
            | Due::Eye { of, .. } => *of,
            _ => return Some(due),
        };
        match &mut self.halls[of].frozen {
            Some(waiting) => {
                waiting.push(due);
                None
            }
            None => Some(due),
        }
    }

    /// From here on a controller that is killed may have forgotten what people did, unless its store has it all.
    pub fn may_forget(&mut self, of: usize) {
        let hall = &self.halls[of];
        let has_all = self.memory(of).is_none_or(|memory| memory == stored(hall));
        if !has_all || hall.disk != Disk::Works || hall.frozen.is_some() {
            let known = self.is_known_elsewhere(of);
            self.promises.memory_may_be_lost(known);
        }
    }

    /// Whether the other controller knows what this one knows: the same newest order, and the same in force.
    #[must_use]
    pub fn is_known_elsewhere(&self, of: usize) -> bool {
        let known = |at: usize| self.memory(at).unwrap_or_else(|| stored(&self.halls[at]));
        // Whoever is stopped, or has no store yet, may go without having told anybody.
        let awake = |hall: &Hall| hall.frozen.is_none() && !hall.waits_for_store;
        let other = (0..self.halls.len()).find(|at| *at != of);
        other.is_some_and(|other| awake(&self.halls[other]) && known(other) == known(of))
    }

    /// What a running controller has in mind.
    fn memory(&self, of: usize) -> Option<Memory> {
        let hall = &self.halls[of];
        let view = hall.town.as_ref()?.view(hall.now(self.time, self.wall_ms()));
        Some((view.order.map(|order| (order.number, order.issued_at_ms)), view.activations))
    }
}

/// The newest order, by its number and its time, and what is in force.
type Memory = (Option<(u64, i64)>, Vec<Activation>);

fn stored(hall: &Hall) -> Memory {
    let remembered = &hall.shelf.remembered;
    let order = remembered.order.as_ref().map(|order| (order.number, order.issued_at_ms));
    (order, remembered.activations.clone())
}
