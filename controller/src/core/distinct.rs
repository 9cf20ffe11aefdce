//! How many distinct devices each activation brought: the sketches of its APs, merged per facility and for the town.
//!
//! Peak concurrent is the firm figure; this one is an estimate and is shown with its error. Whose devices they are is
//! known to nobody here: the key of the sketches never comes to the controller.

use std::collections::BTreeMap;

use firmware_config::ident::{ApId, FacilityId};
use firmware_config::mode::Mode;
use firmware_config::sketch::Sketch;
use firmware_config::wire::{DISTINCT_MAX, DistinctDevices, Period};

use super::activation::Activations;

/// Most devices that one AP is believed to have met in one activation: the 2,007 that can be associated at once
/// (IEEE 802.11 association identifiers), all new every hour for two days, are 96,336. Beyond it a sketch is counted
/// nowhere, and the AP is named.
pub const DEVICES_PER_AP_MAX: f64 = 100_000.0;

/// Below this an estimate is shown as "fewer than": in a small hall a smaller figure would be about somebody.
pub const SHOWN_FROM: u32 = 10;

/// Activations that ended and are still shown. Of 3,000 facilities each is 6 MB.
const ENDED_MAX: usize = 4;

/// Sketches of one AP that wait for an activation to be learned of: as many as an agent counts for at once, and it puts
/// those last. 150 APs with four each are 1.2 MB.
const WAITING_MAX: usize = 4;

/// One sketch to be kept in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptSketch {
    /// Of which activation.
    pub period: Period,
    /// Of which AP.
    pub ap: ApId,
    /// Where that stands.
    pub facility: FacilityId,
    /// The devices.
    pub registers: Sketch,
}

/// An estimate, as it may be shown: two figures that count, and never a small one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct About {
    /// Devices, rounded; none where there are fewer than [`SHOWN_FROM`].
    pub devices: Option<u32>,
}

impl About {
    /// Rounds an estimate: with an error of 5 % a third figure says nothing, but that 1,040 is not 960.
    #[must_use]
    pub fn of(estimate: f64) -> Self {
        let whole = estimate.round().min(f64::from(u32::MAX));
        if whole < f64::from(SHOWN_FROM) {
            return Self { devices: None };
        }
        let mut unit = 1.0;
        while whole / unit >= 1_000.0 {
            unit *= 10.0;
        }
        // Rounded up, the greatest figure may lie beyond u32: `as` holds it there.
        Self { devices: Some(((whole / unit).round() * unit) as u32) }
    }
}

/// The distinct devices of one activation.
#[derive(Debug, Clone, PartialEq)]
pub struct DistinctView {
    /// Which.
    pub period: Period,
    /// `Drill` or `Disaster`: the two are never added up.
    pub mode: Mode,
    /// Whether it is in force.
    pub in_force: bool,
    /// The whole town's.
    pub town: About,
    /// By facility, in the order of their identifiers.
    pub facilities: Vec<(FacilityId, About)>,
    /// By AP; none where its sketch is not believed.
    pub aps: Vec<(ApId, Option<About>)>,
}

/// One activation's sketches.
#[derive(Debug, Clone)]
struct Book {
    period: Period,
    mode: Mode,
    in_force: bool,
    town: Merged,
    facilities: BTreeMap<FacilityId, Merged>,
    aps: BTreeMap<ApId, Option<About>>,
}

impl Book {
    /// An AP's sketch; true if it is new.
    fn take(&mut self, ap: &ApId, facility: &FacilityId, registers: &Sketch) -> bool {
        // An agent that began anew knows fewer than we were told before.
        let before = self.aps.get(ap).copied();
        self.aps.insert(ap.clone(), before.flatten().max(Some(About::of(registers.estimate()))));
        let more = self.facilities.entry(facility.clone()).or_default().take(registers);
        self.town.take(registers);
        before.is_none() || more
    }
}

/// A union, and what it comes to.
#[derive(Debug, Clone, Default)]
struct Merged {
    /// None before the first.
    sketch: Option<Sketch>,
    about: About,
}

impl Merged {
    fn take(&mut self, sketch: &Sketch) -> bool {
        let union = self.sketch.get_or_insert_default();
        let more = union.merge(sketch);
        if more {
            self.about = About::of(union.estimate());
        }
        more
    }
}

/// The books of all activations in force, and of the last ones that ended.
#[derive(Debug, Clone, Default)]
pub struct Books {
    books: Vec<Book>,
    /// What an AP said last of activations that nobody here knows: a controller that lost its database hears of the
    /// devices, which the broker kept, before it hears of the order.
    waiting: BTreeMap<ApId, Vec<KeptSketch>>,
}

impl Books {
    /// A book for each activation in force; the oldest of those that ended are put away.
    pub fn keep(&mut self, activations: &Activations) {
        for book in &mut self.books {
            book.in_force = false;
        }
        for activation in activations.iter() {
            let period = Period { activation: activation.id, since_ms: activation.since_ms };
            match self.books.iter_mut().find(|book| book.period == period) {
                Some(book) => book.in_force = true,
                None => {
                    let mut book = Book {
                        period,
                        mode: activation.mode,
                        in_force: true,
                        town: Merged::default(),
                        facilities: BTreeMap::new(),
                        aps: BTreeMap::new(),
                    };
                    for it in self.waiting.values_mut().flat_map(|of| of.extract_if(.., |it| it.period == period)) {
                        book.take(&it.ap, &it.facility, &it.registers);
                    }
                    self.books.push(book);
                }
            }
        }
        let mut ended = self.books.iter().filter(|book| !book.in_force).count();
        self.books.retain(|book| {
            let goes = !book.in_force && ended > ENDED_MAX;
            ended -= usize::from(goes);
            !goes
        });
    }

    /// An AP's sketches. What is new in them, or of an activation that has no book here any more, is to be stored.
    ///
    /// # Errors
    /// What is not believed, in words; the rest of the document is taken all the same.
    pub fn take(
        &mut self,
        ap: &ApId,
        facility: &FacilityId,
        sketches: Vec<DistinctDevices>,
    ) -> (Vec<KeptSketch>, Result<(), String>) {
        let (mut kept, mut waiting) = (Vec::new(), Vec::new());
        let mut outcome = Ok(());
        if sketches.len() > DISTINCT_MAX {
            outcome = Err(format!("{} sketches in one document; at most {DISTINCT_MAX} are read", sketches.len()));
        }
        for DistinctDevices { period, registers } in sketches.into_iter().take(DISTINCT_MAX) {
            let book = self.books.iter_mut().find(|book| book.period == period);
            let estimate = registers.estimate();
            if estimate > DEVICES_PER_AP_MAX {
                outcome = Err(format!(
                    "a sketch of about {estimate:.0} devices in activation {}; one AP is believed up to \
                     {DEVICES_PER_AP_MAX:.0}, and it is counted nowhere",
                    period.activation
                ));
                if let Some(book) = book {
                    book.aps.insert(ap.clone(), None);
                }
                continue;
            }
            let known = book.is_some();
            let new = book.is_none_or(|book| book.take(ap, facility, &registers));
            let sketch = KeptSketch { period, ap: ap.clone(), facility: facility.clone(), registers };
            if !known {
                waiting.push(sketch.clone());
            }
            if new && !sketch.registers.is_empty() {
                kept.push(sketch);
            }
        }
        let unknown = waiting.len();
        if unknown == 0 {
            self.waiting.remove(ap);
        } else {
            self.waiting.insert(ap.clone(), waiting.split_off(unknown.saturating_sub(WAITING_MAX)));
        }
        (kept, outcome)
    }

    /// What people are told, newest activation first.
    #[must_use]
    pub fn views(&self) -> Vec<DistinctView> {
        let view = |book: &Book| DistinctView {
            period: book.period,
            mode: book.mode,
            in_force: book.in_force,
            town: book.town.about,
            facilities: book.facilities.iter().map(|(id, merged)| (id.clone(), merged.about)).collect(),
            aps: book.aps.iter().map(|(id, about)| (id.clone(), *about)).collect(),
        };
        self.books.iter().rev().map(view).collect()
    }
}
