//! What a page is made of: plain facts about the town at one moment, filled in by whoever serves the pages.

use firmware_config::ident::{ApId, FacilityId};
use firmware_config::mode::Mode;
use firmware_config::wire::WallMs;

/// The town at one moment, as the screens need it.
#[derive(Debug, Clone, PartialEq)]
pub struct Screen {
    /// The town's name.
    pub town_ja: String,
    /// The town's name in English; may be empty.
    pub town_en: String,
    /// The moment, by the controller's clock.
    pub now_ms: WallMs,
    /// The controller's own version; with the inventory it decides when an open page must load itself anew.
    pub build: String,
    /// The greatest mode any facility is ordered to be in.
    pub mode: Mode,
    /// Since when it is that mode; none before the first order.
    pub mode_since_ms: Option<WallMs>,
    /// What decides the mode; none in normal mode.
    pub decisive: Option<Opening>,
    /// Everything that holds something open now.
    pub openings: Vec<Opening>,
    /// The newest order; none before the first.
    pub order: Option<Order>,
    /// The key.
    pub key: Key,
    /// Facilities, in the order of the board.
    pub facilities: Vec<Facility>,
    /// Sums over the town.
    pub totals: Totals,
    /// About how many distinct devices the activation that decides the mode brought; none where nobody counts them.
    pub distinct: Option<Distinct>,
    /// Which of several controllers this one is; none where it is the only one.
    pub seat: Option<Seat>,
    /// Since when the broker cannot be reached, and why.
    pub broker_lost: Option<(WallMs, String)>,
    /// Since when the record cannot be stored, why, and how many entries wait.
    pub store_lost: Option<(WallMs, String, usize)>,
    /// Access points on the air without an order: since when, and which.
    pub left_open: Vec<(WallMs, String)>,
    /// Networks of others that are called `00000JAPAN` or look like it; alarms first.
    pub strangers: Vec<Stranger>,
    /// Newest entries of the record, newest first.
    pub recent: Vec<Entry>,
    /// Stations in the whole town over time, oldest first: the last day is enough, any number of points is allowed.
    pub series: Vec<(WallMs, u32)>,
}

/// One of several controllers of the town.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Its name.
    pub id: String,
    /// Whether it decides; else it stands by.
    pub active: bool,
    /// The others, as far as it ever heard of them.
    pub others: Vec<OtherSeat>,
    /// Since when no other one is heard.
    pub alone_since_ms: Option<WallMs>,
    /// The database with the lock cannot be asked.
    pub lock_lost: bool,
    /// What is wrong with the files of both.
    pub mistake: Option<SeatMistake>,
}

/// Another controller of the town.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherSeat {
    /// Its name.
    pub id: String,
    /// Whether it is heard.
    pub heard: bool,
    /// Whether it decides, and is heard.
    pub active: bool,
}

/// Two controllers that cannot be told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeatMistake {
    /// Another one has this one's name.
    SameName,
    /// That one has this one's rank.
    SameRank(String),
}

/// An estimate of distinct devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Distinct {
    /// About how many; none where there are fewer than `fewer_than`.
    pub devices: Option<u32>,
    /// Below this nobody says how many.
    pub fewer_than: u32,
    /// 19 of 20 estimates are within so many percent.
    pub error_percent: u32,
}

/// One access point, with the facility it stands in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed<'a> {
    /// Where.
    pub facility: &'a Facility,
    /// What.
    pub ap: &'a Ap,
}

impl Screen {
    /// What the event `hello` tells as `build`: an open page whose own differs loads itself anew.
    #[must_use]
    pub fn build_id(&self) -> String {
        let mut text = self.build.clone();
        for facility in &self.facilities {
            for part in [facility.id.as_str(), &facility.name_ja, &facility.name_en, &facility.district] {
                text.push('\n');
                text.push_str(part);
            }
        }
        format!("{}-{:016x}", self.build, crate::assets::look(&text))
    }

    /// Access points in the order of the board.
    pub fn aps(&self) -> impl Iterator<Item = Placed<'_>> {
        self.facilities.iter().flat_map(|facility| facility.aps.iter().map(move |ap| Placed { facility, ap }))
    }

    /// An access point's name for people, with its facility's.
    #[must_use]
    pub fn ap_name(&self, id: &str, lang: Lang) -> Option<String> {
        let placed = self.aps().find(|placed| placed.ap.id.as_str() == id)?;
        Some(format!("{} {}", name(&placed.facility.name_ja, &placed.facility.name_en, lang), placed.ap.name))
    }
}

/// A network of others that deceives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// Its name; what is no visible character is escaped.
    pub ssid: String,
    /// The address of its sender.
    pub bssid: String,
    /// Channel, 0 where it is not known.
    pub channel: u16,
    /// The identifier of the access point that heard it.
    pub by: String,
    /// Since when.
    pub since_ms: WallMs,
    /// Whether it has the name itself while nothing is open here.
    pub alarm: bool,
    /// How it differs from the name, in Japanese and in English; none where it does not.
    pub why: Option<(String, String)>,
}

/// Who opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// The key at 災害.
    Key,
    /// The key at 訓練.
    DrillKey,
    /// The key at this controller, one of several, at 災害.
    KeyAt(String),
    /// The same at 訓練.
    DrillKeyAt(String),
    /// The facility key at this AP.
    FacilityKey(String),
    /// A person, by name.
    Operator(String),
}

/// Something that holds facilities open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Its number.
    pub id: u64,
    /// Who opened.
    pub who: Who,
    /// `Drill` or `Disaster`.
    pub mode: Mode,
    /// How many facilities it covers.
    pub facilities: usize,
    /// Since when.
    pub since_ms: WallMs,
    /// A drill's end.
    pub until_ms: Option<WallMs>,
    /// The reason given.
    pub why: String,
}

/// The newest order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Its number.
    pub number: u64,
    /// When it was decided.
    pub issued_ms: WallMs,
    /// Whether the broker has taken it.
    pub published: bool,
}

/// The key on the wall.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Key {
    /// The position last sworn to; none where it was never readable.
    pub position: Option<Mode>,
    /// Since when.
    pub since_ms: Option<WallMs>,
    /// What is wrong with it now, and since when.
    pub fault: Option<(KeyFault, WallMs)>,
    /// Why it is left out of account, where it is.
    pub isolated: Option<String>,
}

/// What is wrong with the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFault {
    /// A wire is cut, or the key stands between two positions.
    Broken,
    /// A short, or somebody tampers.
    Shorted,
    /// Disaster and drill at once.
    Contradiction,
    /// It moves faster than any hand.
    Chattering,
    /// The lines cannot be read at all; why.
    Unreadable(String),
}

/// A facility.
#[derive(Debug, Clone, PartialEq)]
pub struct Facility {
    /// Identifier.
    pub id: FacilityId,
    /// Name.
    pub name_ja: String,
    /// Name in English; may be empty.
    pub name_en: String,
    /// District: a column of the board.
    pub district: String,
    /// Whether the key opens it.
    pub shelter: bool,
    /// What it is ordered to be in.
    pub wanted: Mode,
    /// Whom to telephone; may be empty.
    pub contact: String,
    /// Its access points.
    pub aps: Vec<Ap>,
}

/// An access point: three accounts of it, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Ap {
    /// Identifier.
    pub id: ApId,
    /// Name for people, such as 体育館.
    pub name: String,
    /// Desired: order number and mode.
    pub wanted: (u64, Mode),
    /// Reported: what its agent says; none where it never spoke.
    pub reported: Option<Reported>,
    /// How it is flipped.
    pub way: Way,
    /// Witnessed: whether other eyes saw `00000JAPAN`.
    pub witnessed: Witnessed,
    /// The identifier of the neighbour that heard it; none where SNMP looked, or nobody.
    pub seen_by: Option<String>,
    /// Where it stands.
    pub standing: Standing,
    /// Since when.
    pub since_ms: WallMs,
    /// Why; empty when settled.
    pub why: String,
    /// When it was last heard.
    pub heard_ms: Option<WallMs>,
    /// Stations on all its networks now; none when it is not known.
    pub stations: Option<u32>,
}

/// What an agent says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// Newest order it accepted.
    pub told: u64,
    /// Order whose mode is on the air.
    pub running: u64,
    /// Mode on the air.
    pub mode: Mode,
    /// Names of the networks on the air.
    pub on_air: Vec<String>,
    /// The agent's version.
    pub agent: String,
}

/// How an access point is flipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// By our agent on it.
    Agent,
    /// By SNMP, from the controller.
    Snmp {
        /// Its profile, where its platform is known.
        profile: Option<String>,
    },
}

/// What other eyes saw of `00000JAPAN` at one access point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Witnessed {
    /// Seen, at this time.
    Seen(WallMs),
    /// Looked for and not seen, at this time.
    NotSeen(WallMs),
    /// It could be looked for, and nobody could look of late; why, or empty where nothing was tried yet.
    NotAsked(String),
    /// Nothing can look.
    NoMeans,
}

/// Where an access point stands: the controller's judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// It runs what was ordered.
    Settled,
    /// Ordered, not confirmed yet.
    Settling,
    /// It says it cannot.
    Refused,
    /// Two accounts contradict one another.
    Diverged,
    /// Not heard.
    Silent,
}

impl Standing {
    /// All of them, in the order of a filter.
    pub const ALL: [Self; 5] = [Self::Settled, Self::Settling, Self::Refused, Self::Diverged, Self::Silent];

    /// The word in addresses (`?state=`).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Settling => "settling",
            Self::Refused => "refused",
            Self::Diverged => "diverged",
            Self::Silent => "silent",
        }
    }
}

/// Sums over the town; all but `stations` count access points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// All.
    pub aps: u32,
    /// That accepted the newest order.
    pub told: u32,
    /// That say they run it.
    pub running: u32,
    /// Seen by other eyes doing what was ordered.
    pub witnessed: u32,
    /// That nothing can witness.
    pub unwitnessable: u32,
    /// Stations now.
    pub stations: u32,
}

/// One entry of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub seq: u64,
    /// When.
    pub at_ms: WallMs,
    /// What happened, as the store writes it (`key-turned`).
    pub kind: String,
    /// Whether it belongs to a drill.
    pub drill: bool,
    /// Particulars: name and value.
    pub fields: Vec<(String, String)>,
}

impl Entry {
    /// One particular; empty where there is none.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }
}

impl KeyFault {
    /// The word in the record.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Shorted => "shorted",
            Self::Contradiction => "contradiction",
            Self::Chattering => "chattering",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

impl Ap {
    /// Whether other eyes saw it do what was ordered; none where nobody looked.
    #[must_use]
    pub fn seen_as_ordered(&self) -> Option<bool> {
        let open = self.wanted.1.is_open();
        match self.witnessed {
            Witnessed::Seen(_) => Some(open),
            Witnessed::NotSeen(_) => Some(!open),
            Witnessed::NoMeans | Witnessed::NotAsked(_) => None,
        }
    }
}

/// A facility's name in the page's language, where it has one.
#[must_use]
pub fn name<'a>(ja: &'a str, en: &'a str, lang: Lang) -> &'a str {
    if lang == Lang::En && !en.is_empty() { en } else { ja }
}

/// The language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// Japanese, the first language of every page.
    #[default]
    Ja,
    /// English.
    En,
}

impl Lang {
    /// The code in `lang=` of HTML, of addresses and of the cookie.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    /// Both languages.
    pub const ALL: [Self; 2] = [Self::Ja, Self::En];

    /// The one of two texts: what is said in one language is said in the other.
    #[must_use]
    pub fn pick<T>(self, ja: T, en: T) -> T {
        match self {
            Self::Ja => ja,
            Self::En => en,
        }
    }

    /// The other language.
    #[must_use]
    pub fn other(self) -> Self {
        self.pick(Self::En, Self::Ja)
    }

    /// From `?lang=` or the cookie; none for a language we do not speak.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "ja" => Some(Self::Ja),
            "en" => Some(Self::En),
            _ => None,
        }
    }
}

/// What is asked of the page of access points.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApsQuery {
    /// `?q=`: a facility's identifier exactly, or part of any name, identifier or district.
    pub q: String,
    /// `?state=`: only those that stand so.
    pub state: Option<Standing>,
    /// `?page=`, from 1; 0 means 1, past the end means the last.
    pub page: usize,
    /// Where the same table is to be had as CSV; no link without it.
    pub csv: Option<String>,
}

/// A stretch of the record for one page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordPage {
    /// Entries, newest first; show at most [`RECORD_ROWS`].
    pub entries: Vec<Entry>,
    /// `?before=` as asked; none for the newest.
    pub before: Option<u64>,
    /// Whether there are older ones.
    pub older: bool,
    /// Where the record is to be had as CSV; no link without it.
    pub csv: Option<String>,
}

/// Rows on one page of the record.
pub const RECORD_ROWS: usize = 100;

/// Rows on one page of access points: 200 plain rows take 0.23 s to the first frame on a loaded machine, 10,000 take 6 s.
pub const AP_ROWS: usize = 100;
