//! Power cuts at every step and every byte of a page, on a file system that keeps no promise it has not made.
//!
//! The steps are the ledger's own ([`STORE`]), and so is the reading afterwards. The simulated file system keeps what
//! POSIX and journalling flash file systems promise, and nothing more: before its sync, any part of a file's bytes may
//! be on the flash, in any order, torn anywhere, with zeros or what lay there before in the gaps, and its length may be
//! ahead of its bytes; before the sync of their directory, any of the changes of names may be there and any not. A
//! rename is one change.

use std::collections::{BTreeMap, BTreeSet};

use firmware_config::key::KeyPosition;
use firmware_config::wire::KeyAct;

use super::plan::{Name, STORE, Step};
use super::tests::{Town, held_open, town};
use super::*;

/// What the flash holds in blocks of this size is written whole or not.
const SECTOR: usize = 512;
/// What lay in a free block of the flash before.
const GARBAGE: u8 = 0xff;

/// A file: what is on the flash for certain, and what was written since the last sync.
#[derive(Debug, Clone, Default)]
struct Node {
    durable: Vec<u8>,
    volatile: Option<Vec<u8>>,
}

/// A change of names that is not synced yet.
#[derive(Debug, Clone, Copy)]
enum Change {
    Create(Name, usize),
    Rename(Name, Name),
}

/// Names and nodes; names point at nodes by their place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flash {
    nodes: Vec<Node>,
    durable: BTreeMap<Name, usize>,
    changes: Vec<Change>,
}

fn apply(names: &mut BTreeMap<Name, usize>, change: Change) {
    match change {
        Change::Create(name, node) => {
            names.insert(name, node);
        }
        Change::Rename(from, to) => {
            if let Some(node) = names.remove(&from) {
                names.insert(to, node);
            }
        }
    }
}

impl Flash {
    /// A flash that holds these files for certain.
    pub(crate) fn holding(files: &[(Name, &[u8])]) -> Self {
        let nodes = files.iter().map(|(_, bytes)| Node { durable: bytes.to_vec(), volatile: None }).collect();
        let durable = files.iter().enumerate().map(|(node, (name, _))| (*name, node)).collect();
        Self { nodes, durable, changes: Vec::new() }
    }

    /// Names as the running system sees them.
    fn names(&self) -> BTreeMap<Name, usize> {
        let mut names = self.durable.clone();
        self.changes.iter().for_each(|change| apply(&mut names, *change));
        names
    }

    fn node(&mut self, name: Name) -> &mut Node {
        let node = self.names()[&name];
        &mut self.nodes[node]
    }

    /// One step; of a write only the first `bytes`.
    pub(crate) fn step(&mut self, step: Step, page: &[u8], bytes: usize) {
        match step {
            Step::Create(name) => match self.names().get(&name) {
                // The old content goes, and that it goes is no more certain than any other write.
                Some(node) => self.nodes[*node].volatile = Some(Vec::new()),
                None => {
                    self.nodes.push(Node::default());
                    self.changes.push(Change::Create(name, self.nodes.len() - 1));
                }
            },
            Step::Write(name) => self.node(name).volatile = Some(page[..bytes].to_vec()),
            Step::Sync(name) => {
                let node = self.node(name);
                if let Some(bytes) = node.volatile.take() {
                    node.durable = bytes;
                }
            }
            Step::Rename(from, to) => self.changes.push(Change::Rename(from, to)),
            Step::SyncDir => {
                self.durable = self.names();
                self.changes.clear();
            }
        }
    }

    /// Everything that the ledger's name may hold after a power cut now; none where there is no such file.
    pub(crate) fn after_a_cut(&self) -> BTreeSet<Option<Vec<u8>>> {
        let mut found = BTreeSet::new();
        for some in 0..1_u32 << self.changes.len() {
            let mut names = self.durable.clone();
            let made = self.changes.iter().enumerate().filter(|(at, _)| some >> at & 1 == 1);
            made.for_each(|(_, change)| apply(&mut names, *change));
            match names.get(&Name::Page) {
                None => {
                    found.insert(None);
                }
                Some(node) => found.extend(self.nodes[*node].may_be().into_iter().map(Some)),
            }
        }
        found
    }
}

impl Node {
    /// Every content it may have after a power cut.
    fn may_be(&self) -> Vec<Vec<u8>> {
        let Some(volatile) = &self.volatile else { return vec![self.durable.clone()] };
        let mut all = vec![self.durable.clone(), volatile.clone(), Vec::new()];
        let longest = volatile.len().max(self.durable.len());
        let sectors = longest.div_ceil(SECTOR);
        for gap in [0, GARBAGE] {
            // What lay there before is the old content where there was some.
            let before: Vec<u8> = (0..longest).map(|at| self.durable.get(at).copied().unwrap_or(gap)).collect();
            for some in 0..1_u32 << sectors.min(12) {
                let mut bytes = before.clone();
                for sector in (0..sectors).filter(|sector| some >> sector & 1 == 1) {
                    let range = sector * SECTOR..((sector + 1) * SECTOR).min(volatile.len());
                    if let Some(written) = volatile.get(range.clone()) {
                        bytes[range].copy_from_slice(written);
                    }
                }
                // The length as it was, as it is to be, and torn at each sector between.
                for length in (0..=sectors).map(|sector| sector * SECTOR).chain([self.durable.len(), volatile.len()]) {
                    all.push(bytes[..length.min(longest)].to_vec());
                }
            }
        }
        all
    }
}

/// The ledger as the agent finds it at its next start.
fn found(bytes: &Option<Vec<u8>>, town: &Town) -> Result<Kept, String> {
    bytes.as_ref().map_or_else(|| Ok(Kept::default()), |bytes| read(bytes, &town.key))
}

/// What a power cut at each place of `steps` may leave, told apart by whether the steps had been gone through.
/// Returns how many cuts were tried, and the first that broke the promise.
fn cut_everywhere(town: &Town, flash: &Flash, steps: &[Step], old: &Kept, new: &Kept) -> (usize, Option<String>) {
    let page = write(new);
    let mut flash = flash.clone();
    let mut tried = 0;
    let mut broken = None;
    let mut look = |flash: &Flash, place: &str, may_be_old: bool| {
        for bytes in flash.after_a_cut() {
            tried += 1;
            match found(&bytes, town) {
                Ok(kept) if kept == *new || (may_be_old && kept == *old) => {}
                other if broken.is_none() => broken = Some(format!("{place}: {other:?}")),
                _ => {}
            }
        }
    };
    look(&flash, "before the first step", true);
    for (at, step) in steps.iter().enumerate() {
        if matches!(step, Step::Write(_)) {
            for bytes in 0..=page.len() {
                let mut torn = flash.clone();
                torn.step(*step, &page, bytes);
                look(&torn, &format!("in step {at} ({step:?}) after byte {bytes}"), true);
            }
        }
        flash.step(*step, &page, page.len());
        // The last step is the one after which the agent tells that it keeps the order.
        look(&flash, &format!("after step {at} ({step:?})"), at + 1 < steps.len());
    }
    (tried, broken)
}

/// The page before, the page after, and the flash the first lies on.
fn worlds(town: &Town) -> Vec<(&'static str, Flash, Kept, Kept)> {
    let one = Kept { order: Some(town.order(1)), newest: None, drill_over: false, ..Kept::default() };
    let two = Kept { order: Some(town.order(1)), newest: Some(town.order(2)), drill_over: true, ..Kept::default() };
    let three = Kept { order: Some(town.order(3)), newest: None, drill_over: false, ..Kept::default() };
    let (short, long) = (write(&one), write(&two));
    let half = &long[..long.len() / 2];
    // A hand at the hall's own key, with no order ever, and with one; and the hand that turned it back.
    let alone = Kept { key: held_open(), ..Kept::default() };
    let opened = Kept { key: held_open(), ..two.clone() };
    let closed = Kept { key: turned_back(), ..two.clone() };
    let (key_alone, key_open) = (write(&alone), write(&opened));
    vec![
        ("a hall that opens itself before any order came", Flash::default(), Kept::default(), alone.clone()),
        ("an order beside what the key holds", Flash::holding(&[(Name::Page, &key_alone)]), alone, opened.clone()),
        ("the key turned, the order as before", Flash::holding(&[(Name::Page, &long)]), two.clone(), opened.clone()),
        ("the key turned back", Flash::holding(&[(Name::Page, &key_open)]), opened, closed),
        ("the first ledger of all", Flash::default(), Kept::default(), one.clone()),
        ("a longer page than before", Flash::holding(&[(Name::Page, &short)]), one.clone(), two.clone()),
        ("a shorter one", Flash::holding(&[(Name::Page, &long)]), two.clone(), three.clone()),
        (
            "with half a page left over from a power cut before",
            Flash::holding(&[(Name::Page, &short), (Name::New, half)]),
            one,
            three.clone(),
        ),
        (
            "with a whole one left over",
            Flash::holding(&[(Name::Page, &short), (Name::New, &long)]),
            Kept { order: Some(town.order(1)), newest: None, drill_over: false, ..Kept::default() },
            three,
        ),
    ]
}

fn turned_back() -> KeyHeld {
    let mut key = held_open();
    key.ended.extend(key.open.take().map(|act| KeyAct { until_ms: Some(9), ..act }));
    KeyHeld { position: Some((KeyPosition::Normal, 1_790_000_000_001)), ..key }
}

#[test]
fn after_a_power_cut_at_every_byte_the_ledger_is_the_old_order_or_the_new_one() {
    let town = town(1);
    let (mut tried, mut bytes) = (0, 0);
    for (what, flash, old, new) in worlds(&town) {
        bytes += write(&new).len();
        let (cuts, broken) = cut_everywhere(&town, &flash, &STORE, &old, &new);
        assert_eq!(broken, None, "{what}");
        tried += cuts;
    }
    println!("{tried} ledgers found after power cuts, over {bytes} bytes written");
    assert!(tried > bytes, "at least one for each byte");
}

#[test]
fn a_second_power_cut_while_the_next_page_is_written_changes_nothing_of_that() {
    // After each way the first cut may leave the directory, the next page is written and cut off everywhere.
    let town = town(1);
    let one = Kept { order: Some(town.order(1)), newest: None, drill_over: false, ..Kept::default() };
    let two = Kept { order: Some(town.order(2)), newest: None, drill_over: false, ..Kept::default() };
    let page = write(&two);
    let mut flash = Flash::holding(&[(Name::Page, &write(&one))]);
    let next = Kept { order: Some(town.order(3)), newest: None, drill_over: false, ..Kept::default() };
    for step in STORE {
        flash.step(step, &page, page.len());
        for left in flash.after_a_cut() {
            let old = found(&left, &town).expect("the old page or the new one");
            let half = &page[..page.len() / 2];
            for new in [None, Some(half), Some(&page[..])] {
                let mut files: Vec<(Name, &[u8])> = left.iter().map(|bytes| (Name::Page, &bytes[..])).collect();
                files.extend(new.map(|bytes| (Name::New, bytes)));
                let (_, broken) = cut_everywhere(&town, &Flash::holding(&files), &STORE, &old, &next);
                assert_eq!(broken, None);
            }
        }
    }
}

#[test]
fn without_any_one_of_its_steps_the_promise_is_broken() {
    // The simulated flash is hard enough to tell: each step left out or moved is found out.
    let town = town(1);
    let breaks = |steps: &[Step]| {
        worlds(&town)
            .into_iter()
            .any(|(_, flash, old, new)| cut_everywhere(&town, &flash, steps, &old, &new).1.is_some())
    };
    let [create, write, sync, rename, sync_dir] = STORE;
    assert!(!breaks(&STORE));
    assert!(breaks(&[create, write, rename, sync_dir]), "the page is not synced");
    assert!(breaks(&[create, write, sync, rename]), "the name is not synced");
    let late = Step::Sync(Name::Page);
    assert!(breaks(&[create, write, rename, late, sync_dir]), "the page is synced after it has its name");
    let over = [Step::Create(Name::Page), Step::Write(Name::Page), Step::Sync(Name::Page), sync_dir];
    assert!(breaks(&over), "written over the old page");
}
