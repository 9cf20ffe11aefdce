//! Somebody has one of the access points, and says on the broker what he likes in its name; and what others send over the
//! air.

use std::time::Duration;

use firmware_config::key::KeyPosition;
use firmware_config::mode::Mode;
use firmware_config::wire::{
    AgentState, AirName, FacilityKey, Heard, KeyAct, Network, Presence, Report, Sightings, TurnedAway,
    TurnedAwayReason, VERSION,
};
use hirake::core::Event;

use super::History;
use crate::faults::Fault;
use crate::hall::PLACES;
use crate::site::{RADIOS, bssid};
use crate::switch::SWITCHED;

/// Times that he says that its key was turned, in one history: ten closings in ten minutes are obeyed, and what a key's
/// acts are is remembered of sixteen.
const KEY_TURNED_MAX: u64 = 3;

impl History {
    /// An access point hears others that are called `00000JAPAN`, or nearly so.
    pub(super) fn strangers_are_heard(&mut self, at: usize) {
        self.world.tally.count(Fault::StrangerHeard);
        let names: [&[u8]; 4] = [b"00000JAPAN", b"0000JAPAN", b"OOOOOJAPAN", b"00000JAPAN "];
        let name = *self.world.chance.pick(&names);
        self.say(&format!("AP {at} hears strangers: {}", name.escape_ascii()));
        let seen = (0..3).map(|n| self.heard(name, &format!("0a:00:00:00:00:0{n}"))).collect();
        self.overheard(at, seen);
    }

    fn heard(&mut self, name: &[u8], sender: &str) -> Heard {
        Heard {
            ssid: AirName::new(name).expect("short enough"),
            bssid: sender.parse().expect("an address"),
            channel: 6,
            signal_dbm: -60,
            age_ms: self.world.chance.below(20_000) as u64,
        }
    }

    fn overheard(&mut self, at: usize, seen: Vec<Heard>) {
        let said = Sightings::new(self.world.ap(at), seen);
        self.world.to_halls(&Event::Overheard(said));
    }

    /// Who has an access point, or its password, speaks for it: of the air, of itself, of its key. It is one, and the same
    /// one, in a whole history: two that lie in concert are two witnesses.
    pub(super) fn thief_speaks(&mut self) {
        let sites = self.world.sites.len();
        let (at, said) = self.thief.unwrap_or_else(|| (self.world.chance.below(sites), 0));
        self.thief = Some((at, said + 1));
        match self.world.chance.below(5) {
            3 => self.devices_are_invented(at),
            0 => {
                self.say(&format!("the stolen AP {at} tells that it hears all the others"));
                self.world.tally.count(Fault::TalesOfTheAir);
                let all = (0..sites).flat_map(|site| RADIOS.map(|radio| bssid(site, radio)));
                let seen = all.collect::<Vec<_>>().iter().map(|sender| self.heard(b"00000JAPAN", sender)).collect();
                self.overheard(at, seen);
            }
            1 => {
                self.say(&format!("the stolen AP {at} says that it is gone"));
                self.world.tally.count(Fault::ApStolen);
                let (ap, boot) = (self.world.ap(at), self.world.sites[at].boot());
                self.world.to_halls(&Event::Presence(Presence { v: VERSION, ap, online: false, boot }));
            }
            2 if said < KEY_TURNED_MAX => {
                self.say(&format!("the stolen AP {at} says that its key was turned"));
                self.world.tally.count(Fault::StolenKeyTurned);
                // To whoever listens it is an act of a person at that hall, where there is a key; else it opens nothing.
                if SWITCHED.contains(&self.world.ap(at).as_str()) {
                    let place = PLACES[self.world.sites[at].facility].parse().expect("a name of the model town");
                    self.world.promises.ever_opened.insert(place);
                }
                let act =
                    KeyAct { id: 1_000 + said, since_ms: 1_000 * i64::try_from(said).unwrap_or(0), until_ms: None };
                let key =
                    FacilityKey { position: Some(KeyPosition::Disaster), open: Some(act), ..FacilityKey::default() };
                let report = Report { facility_key: Some(Box::new(key)), ..self.lie(at, said) };
                self.says(at, report);
            }
            _ => {
                self.say(&format!("the stolen AP {at} says that it is open, and that others forge orders"));
                self.world.tally.count(Fault::ApStolen);
                let turned_away = TurnedAway {
                    count: u64::MAX,
                    reason: TurnedAwayReason::Forged,
                    why: "<b>no</b>\n".repeat(40),
                    number: Some(u64::MAX),
                };
                let report = Report { turned_away: Some(turned_away), ..self.lie(at, said) };
                self.says(at, report);
            }
        }
    }

    /// The broker keeps a report.
    fn says(&mut self, at: usize, report: Report) {
        self.world.broker.reports.insert(at, report.clone());
        self.world.to_halls(&Event::Reported(report));
    }

    /// It is got back, and started anew.
    pub(super) fn thief_is_caught(&mut self) {
        if let Some((at, _)) = self.thief {
            self.world.power_off(at, Duration::from_secs(1));
        }
    }

    /// What he says of it: the newest order is obeyed, and a network of another's address is on the air.
    fn lie(&mut self, at: usize, said: u64) -> Report {
        let newest = self.world.signed.all().last().map_or(0, |signed| signed.order.number);
        let others = (at + 1) % self.world.sites.len();
        let network = Network {
            interface: RADIOS[0].to_owned(),
            ssid: "00000JAPAN".to_owned(),
            bssid: bssid(others, RADIOS[0]),
            channel: 6,
            stations: 1_000_000,
        };
        // With its own name for this start it could silence the real one for as long as that lives; so could a real one
        // that is in wrong hands.
        let boot = format!("stolen-{said}");
        Report {
            v: VERSION,
            ap: self.world.ap(at),
            facility: PLACES[self.world.sites[at].facility].parse().expect("a name of the model town"),
            boot,
            seq: u64::MAX / 2,
            told: newest,
            told_issued_ms: None,
            running: newest,
            mode: Mode::Disaster,
            since_ms: i64::MIN,
            state: AgentState::Serving,
            why: String::new(),
            networks: vec![network],
            turned_away: None,
            holds: None,
            facility_key: None,
            agent: "0".to_owned(),
        }
    }
}
