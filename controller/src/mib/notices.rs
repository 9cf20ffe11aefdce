//! What is news: what was told before and the town as it is now in, what there is to tell out. Pure.
//!
//! A hall that loses its power is one piece of news, not one for each of its access points; and an access point whose
//! tries fail again and again is told once.

use std::collections::BTreeSet;
use std::time::Duration;

use firmware_config::ident::ApId;
use firmware_config::mode::Mode;

use crate::core::TownView;
use crate::core::view::{FacilityView, Standing};

/// How long one AP's silence waits for the rest of its facility: agents say that they are there every 10 s, so that APs
/// that lost their power together are missed within 10 s of one another; and some room.
pub const HOLD: Duration = Duration::from_secs(15);

/// Something to tell. Facilities and access points by their place in the view, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// We began: what was told before may be out of date.
    Started,
    /// The town is in another mode.
    ModeChanged,
    /// Something (else) is wrong with the key.
    KeyFaulty,
    /// Nothing is wrong with the key any more.
    KeyWell,
    /// The broker cannot be reached.
    BrokerGone,
    /// It can.
    BrokerBack,
    /// The record cannot be stored.
    StoreGone,
    /// It can.
    StoreBack,
    /// Every AP of a facility is silent.
    FacilityLost(usize),
    /// Not every one is any more.
    FacilityBack(usize),
    /// An AP stands refused, diverged or silent, and was not known to.
    ApFault(usize, usize),
    /// An AP that was known to is settled.
    ApWell(usize, usize),
    /// An AP is on the air with `00000JAPAN` without an order.
    LeftOpen(usize, usize),
    /// It is not any more.
    NotLeftOpen(usize, usize),
    /// Somebody else sends `00000JAPAN` while it is closed here.
    Stranger,
    /// Nobody does any more, or it is open here.
    StrangerGone,
    /// Names that look like it are heard, more than were told of.
    LookAlike,
}

/// What managers were told. A new one says that all is well in normal mode: whoever hears us first hears what is not so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    started: bool,
    mode: Mode,
    key_fault: Option<&'static str>,
    broker_lost: bool,
    store_lost: bool,
    stranger: bool,
    look_alikes: usize,
    facilities: Vec<FacilityTold>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct FacilityTold {
    lost: bool,
    aps: Vec<ApTold>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct ApTold {
    /// The fault that was told; none: that all is well.
    fault: Option<Standing>,
    /// Since when it is silent without that having been told.
    silent: Option<Duration>,
    /// Whether it was told to be left open.
    left_open: bool,
}

impl Told {
    /// What is news at `now` (monotonic); from here on it is told.
    pub fn notices(&mut self, view: &TownView, now: Duration) -> Vec<Notice> {
        let mut news = Vec::new();
        if !std::mem::replace(&mut self.started, true) {
            news.push(Notice::Started);
        }
        if std::mem::replace(&mut self.mode, view.mode) != view.mode {
            news.push(Notice::ModeChanged);
        }
        let fault = view.key.fault.as_ref().map(|(fault, _)| fault.as_str());
        if std::mem::replace(&mut self.key_fault, fault) != fault {
            news.push(if fault.is_some() { Notice::KeyFaulty } else { Notice::KeyWell });
        }
        let lost = view.broker_lost.is_some();
        if std::mem::replace(&mut self.broker_lost, lost) != lost {
            news.push(if lost { Notice::BrokerGone } else { Notice::BrokerBack });
        }
        let lost = view.store_lost.is_some();
        if std::mem::replace(&mut self.store_lost, lost) != lost {
            news.push(if lost { Notice::StoreGone } else { Notice::StoreBack });
        }
        let stranger = view.strangers.iter().any(|it| it.alarm);
        if std::mem::replace(&mut self.stranger, stranger) != stranger {
            news.push(if stranger { Notice::Stranger } else { Notice::StrangerGone });
        }
        let look_alikes = view.strangers.iter().filter(|it| it.kind() == "look-alike").count();
        if look_alikes > std::mem::replace(&mut self.look_alikes, look_alikes) {
            news.push(Notice::LookAlike);
        }
        let left_open: BTreeSet<&ApId> = view.left_open.iter().map(|it| &it.ap).collect();
        self.facilities.resize_with(view.facilities.len(), FacilityTold::default);
        for (at, (told, facility)) in self.facilities.iter_mut().zip(&view.facilities).enumerate() {
            told.notices(at, facility, now, &mut news);
            for (place, (told, ap)) in told.aps.iter_mut().zip(&facility.aps).enumerate() {
                let open = left_open.contains(&ap.id);
                if std::mem::replace(&mut told.left_open, open) != open {
                    news.push(if open { Notice::LeftOpen(at, place) } else { Notice::NotLeftOpen(at, place) });
                }
            }
        }
        news
    }
}

impl FacilityTold {
    fn notices(&mut self, at: usize, facility: &FacilityView, now: Duration, news: &mut Vec<Notice>) {
        self.aps.resize_with(facility.aps.len(), ApTold::default);
        let lost = !facility.aps.is_empty() && facility.aps.iter().all(|ap| ap.standing == Standing::Silent);
        if std::mem::replace(&mut self.lost, lost) != lost {
            news.push(if lost { Notice::FacilityLost(at) } else { Notice::FacilityBack(at) });
        }
        for (place, (told, ap)) in self.aps.iter_mut().zip(&facility.aps).enumerate() {
            if lost {
                told.silent = None;
            } else if let Some(is_fault) = told.step(ap.standing, now) {
                news.push(if is_fault { Notice::ApFault(at, place) } else { Notice::ApWell(at, place) });
            }
        }
    }
}

impl ApTold {
    /// Whether it is to be told that it is faulty (`true`) or well (`false`). Settling is neither: it is on its way.
    fn step(&mut self, standing: Standing, now: Duration) -> Option<bool> {
        if standing != Standing::Silent {
            self.silent = None;
        }
        match standing {
            Standing::Settled => self.fault.take().map(|_| false),
            Standing::Settling => None,
            _ if self.fault == Some(standing) => None,
            Standing::Silent if now.saturating_sub(*self.silent.get_or_insert(now)) < HOLD => None,
            Standing::Refused | Standing::Diverged | Standing::Silent => {
                self.silent = None;
                self.fault = Some(standing);
                Some(true)
            }
        }
    }
}
