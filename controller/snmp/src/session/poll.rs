//! A poll: scalars, then tables, in as few requests as the device bears, within its deadline.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::asking::{Question, Version};
use super::door::Tries;
use super::walk::{Took, Walk};
use super::{Session, tries};
use crate::oid::Oid;
use crate::profile::manners::Manners;
use crate::profile::{Plan, TablePlan};
use crate::trouble::{Status, Trouble};
use crate::value::{Sheet, Value, VarBind};

/// Varbinds asked for in one GETBULK: at about 24 octets each, what fits into one Ethernet frame.
const ANSWER_BINDS: u32 = 60;
/// Faults kept of one poll; more say nothing new.
const FAULTS_MAX: usize = 20;
/// What one poll may hold: a table of 5,000 rows, 20 columns, 100 octets each, is 10 MB.
const SHEET_BYTES_MAX: usize = 16 << 20;
/// Tables in a row that a device keeps silent about before the poll is given up.
const SILENT_TABLES_MAX: u32 = 2;

/// What a GET brought.
pub(super) struct Got {
    pub found: Vec<VarBind>,
    pub faults: Vec<String>,
    /// The first of them that was refused, other than by not being there.
    pub refused: Option<Trouble>,
}

struct Poll<'a> {
    session: &'a Session,
    manners: &'a Manners,
    until: Instant,
    sheet: Sheet,
    faults: Vec<String>,
    bytes: usize,
    /// The table being read.
    at: Option<String>,
}

/// See [`Session::poll`].
pub(super) async fn poll(session: &Session, plan: &Plan, deadline: Duration) -> Result<(Sheet, Vec<String>), Trouble> {
    let until = Instant::now() + deadline;
    let manners = session.manners();
    let mut poll =
        Poll { session, manners: &manners, until, sheet: Sheet::new(), faults: Vec::new(), bytes: 0, at: None };
    let ended = timeout_at(until, poll.all(plan)).await;
    let Poll { sheet, mut faults, at, .. } = poll;
    let more = faults.len().saturating_sub(FAULTS_MAX);
    if more > 0 {
        faults.truncate(FAULTS_MAX);
        faults.push(format!("and {more} more of the kind"));
    }
    let trouble = match ended {
        Ok(Ok(())) => return Ok((sheet, faults)),
        Ok(Err(trouble)) => trouble,
        Err(_) => Trouble::NoAnswer { waited: deadline },
    };
    if sheet.is_empty() {
        return Err(trouble);
    }
    let place = at.map_or_else(String::new, |table| format!("table {table}: "));
    faults.push(match ended_late(&trouble, deadline) {
        true => format!("{place}the device was too slow; what was read within {} s is kept", deadline.as_secs()),
        false => format!("{place}{trouble}; what was read until then is kept"),
    });
    Ok((sheet, faults))
}

fn ended_late(trouble: &Trouble, deadline: Duration) -> bool {
    matches!(trouble, Trouble::NoAnswer { waited } if *waited >= deadline)
}

/// Reads these objects, at most as many as one request may have. What hinders the rest is left out and asked again
/// without it: SNMPv1 refuses a whole request for one missing object.
pub(super) async fn get(session: &Session, manners: &Manners, oids: &[Oid]) -> Result<Got, Trouble> {
    let mut got = Got { found: Vec::new(), faults: Vec::new(), refused: None };
    let mut rest: Vec<Oid> = oids.to_vec();
    while !rest.is_empty() {
        let refused = match session.read.ask(&Question::Get(rest.clone()), tries(manners)).await {
            Ok(binds) => {
                sort_out(session, &rest, binds, &mut got);
                return Ok(got);
            }
            Err(Trouble::Refused { status, at }) => (status, at.filter(|at| rest.contains(at))),
            Err(trouble) => return Err(trouble),
        };
        match refused {
            (status, Some(at)) => {
                rest.retain(|oid| *oid != at);
                left_out(&mut got, status, at);
            }
            (status, None) if rest.len() == 1 => {
                rest.drain(..).for_each(|oid| left_out(&mut got, status, oid));
            }
            // It does not say which: the first by itself, and then the others.
            (_, None) => {
                let one = rest.remove(0);
                let alone = Box::pin(get(session, manners, std::slice::from_ref(&one))).await?;
                got.found.extend(alone.found);
                got.faults.extend(alone.faults);
                got.refused = got.refused.or(alone.refused);
            }
        }
    }
    Ok(got)
}

fn left_out(got: &mut Got, status: Status, oid: Oid) {
    if status == Status::NoSuchName {
        got.found.push(VarBind { oid, value: Value::NoSuchInstance });
    } else {
        got.faults.push(format!("{oid}: {}", status.meaning()));
        got.refused.get_or_insert(Trouble::Refused { status, at: Some(oid) });
    }
}

/// By name, whatever the order; what was not asked for is not believed.
fn sort_out(session: &Session, asked: &[Oid], binds: Vec<VarBind>, got: &mut Got) {
    let mut odd = binds.len() != asked.len();
    for bind in binds {
        let known = asked.contains(&bind.oid) && !got.found.iter().any(|found| found.oid == bind.oid);
        if known {
            got.found.push(bind);
        } else {
            odd = true;
            got.faults.push(format!("an answer for {}, which was not asked for; it is not believed", bind.oid));
        }
    }
    for oid in asked.iter().filter(|oid| !got.found.iter().any(|found| found.oid == **oid)) {
        odd = true;
        got.faults.push(format!("{oid}: the answer does not mention it"));
    }
    if odd {
        session.read.tally().misshapen.add();
    }
}

impl Poll<'_> {
    async fn all(&mut self, plan: &Plan) -> Result<(), Trouble> {
        let readable = |oid: &&Oid| !self.manners.never_read.iter().any(|root| oid.is_within(root));
        let scalars: Vec<Oid> = plan.get.iter().filter(readable).cloned().collect();
        for some in scalars.chunks(self.manners.max_varbinds.max(1)) {
            let got = get(self.session, self.manners, some).await?;
            self.faults.extend(got.faults);
            for bind in got.found.into_iter().filter(|bind| bind.value.is_there()) {
                self.bytes += size(&bind);
                self.sheet.insert(bind.oid, bind.value);
            }
        }
        let mut silent = 0;
        for table in &plan.tables {
            self.at = Some(table.name.clone());
            match self.table(table).await {
                Ok(()) => silent = 0,
                Err(trouble @ Trouble::NoAnswer { .. }) => {
                    silent += 1;
                    // Nothing was ever heard, or it has gone: the rest would be silence too.
                    if self.sheet.is_empty() || silent >= SILENT_TABLES_MAX {
                        return Err(trouble);
                    }
                    self.faults.push(format!("table {}: {trouble}", table.name));
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(())
    }

    async fn table(&mut self, table: &TablePlan) -> Result<(), Trouble> {
        let mut walk = Walk::new(table, self.manners);
        let mut width = self.manners.max_varbinds.max(1);
        loop {
            let asked = walk.next(width);
            if asked.is_empty() {
                break;
            }
            let names = walk.names(&asked);
            let repetitions = self.repetitions(&walk, &asked);
            let answer = match repetitions {
                // One try at each step: an answer too large for the way is lost again every time.
                Some(times) => {
                    self.session.read.ask(&Question::Bulk(names, times), Tries::once(self.manners.timeout)).await
                }
                None => self.session.read.ask(&Question::Next(names), tries(self.manners)).await,
            };
            match answer {
                Ok(binds) => self.took(&mut walk, &asked, binds, repetitions),
                // Some agents say genErr where an answer became too large.
                Err(Trouble::NoAnswer { .. } | Trouble::Refused { status: Status::TooBig | Status::GenErr, .. })
                    if repetitions.is_some() && self.step_down() => {}
                Err(Trouble::Refused { status: Status::TooBig, .. }) if width > 1 => width /= 2,
                Err(Trouble::Refused { status, at }) => {
                    let which = at.and_then(|at| walk.asked_behind(&asked, &at));
                    match (which, asked.as_slice()) {
                        (Some(at), _) | (None, &[at]) => {
                            walk.end(at);
                            // SNMPv1's way to say that there is nothing more.
                            if status != Status::NoSuchName {
                                self.faults.push(format!("table {}: {}", table.name, status.meaning()));
                            }
                        }
                        _ => {
                            walk.part();
                        }
                    }
                }
                Err(trouble) => return Err(trouble),
            }
            if self.bytes > SHEET_BYTES_MAX {
                walk.stop("more than 16 MB in all", &mut self.faults);
            }
        }
        if walk.cut {
            self.session.read.tally().tables_cut.add();
        }
        Ok(())
    }

    /// Rows to ask for at once; none: GETNEXT.
    fn repetitions(&self, walk: &Walk<'_>, asked: &[usize]) -> Option<u32> {
        let manners = self.manners;
        if !manners.bulk || self.session.read.version() == Version::V1 {
            return None;
        }
        // GETBULK reads on behind the end of a column; what must never be read may be there.
        if asked.iter().any(|at| manners.never_read.iter().any(|never| never > walk.root(*at))) {
            return None;
        }
        let width = u32::try_from(asked.len()).unwrap_or(ANSWER_BINDS);
        let most = manners.max_repetitions.min(ANSWER_BINDS / width.max(1)).max(1);
        self.session.ladder(|ladder| ladder.repetitions(most))
    }

    /// False: there is no step further down, or no time to try it.
    fn step_down(&mut self) -> bool {
        let stepped = self.session.ladder(|ladder| ladder.down(self.manners.max_repetitions));
        if stepped {
            self.session.read.tally().stepped_down.add();
        }
        stepped && Instant::now() < self.until
    }

    fn took(&mut self, walk: &mut Walk<'_>, asked: &[usize], binds: Vec<VarBind>, repetitions: Option<u32>) {
        let times = repetitions.map_or(1, |times| usize::try_from(times).unwrap_or(usize::MAX));
        self.bytes += binds.iter().map(size).sum::<usize>();
        let before = self.faults.len();
        let took = walk.take(asked, binds, times, &mut self.sheet, &mut self.faults);
        if self.faults.len() > before {
            self.session.read.tally().misshapen.add();
        }
        match took {
            // Much less than asked for, and no column at its end: it gives what it can, so ask for that.
            Took::Rows(rows) if rows * 2 < times && walk.all_go_on(asked) => {
                self.step_down();
            }
            Took::Rows(_) => self.session.ladder(super::ladder::Ladder::good),
            Took::Nothing if repetitions.is_some() => {
                self.step_down();
            }
            Took::Nothing => {}
        }
    }
}

/// About what a varbind takes in memory.
fn size(bind: &VarBind) -> usize {
    let value = match &bind.value {
        Value::Octets(octets) | Value::Opaque(octets) => octets.len(),
        Value::Oid(oid) => size_of_val(oid.arcs()),
        _ => 0,
    };
    size_of::<VarBind>() + size_of_val(bind.oid.arcs()) + value
}
