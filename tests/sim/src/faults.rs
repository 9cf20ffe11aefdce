//! What goes wrong, by name, and how often it did: a promise that was never put to the test is no promise.

use std::collections::BTreeMap;

macro_rules! faults {
    ($($name:ident $row:literal,)*) => {
        /// Something that happened to the town.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the rows of the failure table below say what each is")]
        pub enum Fault { $($name,)* }

        impl Fault {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The row of the failure table (docs/states.md §5) it belongs to.
            #[must_use]
            pub fn row(self) -> &'static str {
                match self { $(Self::$name => $row,)* }
            }
        }
    };
}

faults! {
    ControllerKilled "controller killed in the middle of a flip",
    ControllerKilledBetweenActions "controller killed in the middle of a flip",
    BrokerKilled "broker killed",
    BrokerForgot "broker killed",
    KeyTurnedWhileBothDown "both, and the key turned while they were down",
    FacilityKeyOpenedAlone "no controller, no broker, no network, and a hall must open",
    FacilityKeyTurnedUnheard "the controller was away while a facility key was turned",
    FacilityKeyTurnedInTheDark "no controller, no broker, no network, and a hall must open",
    FacilityKeyCut "facility key cut, shorted, chattering",
    FacilityKeyShorted "facility key cut, shorted, chattering",
    FacilityKeyChattered "facility key cut, shorted, chattering",
    FacilityKeyUnreadable "facility key cut, shorted, chattering",
    SampleNotTaken "controller killed, broker restarted, messages lost or doubled while counts flow",
    SampleWordLost "controller killed, broker restarted, messages lost or doubled while counts flow",
    SampleInParts "flash full or read-only while samples wait",
    SamplesInTheDark "AP loses power while samples wait",
    ApRebooted "AP rebooted in the dark",
    ApCutOff "AP cut off for a week, then back",
    MessageLost "order lost on the way",
    MessageDropped "order lost on the way",
    MessageTwice "order lost on the way",
    KeyWireCut "key wire cut, shorted, chattering",
    KeyWireShorted "key wire cut, shorted, chattering",
    KeyChattered "key wire cut, shorted, chattering",
    KeyUnreadable "key wire cut, shorted, chattering",
    OperatorOpened "key and screen disagree",
    OperatorClosed "key and screen disagree",
    KeyIsolated "key and screen disagree",
    ClockAt1970 "clock wrong, jumping, 1970",
    ClockAt2038 "clock wrong, jumping, 1970",
    ClockStepped "clock wrong, jumping, 1970",
    HostapdRefused "hostapd refuses",
    HostapdLied "hostapd refuses",
    HostapdSlow "hostapd refuses",
    HostapdDied "hostapd dies",
    RadarWait "radio takes 60 s for radar (DFS)",
    SnmpAnsweredWrong "SNMP agent that answers wrong",
    SnmpAnsweredLate "SNMP agent that answers late",
    SnmpSilent "SNMP agent that never answers",
    SnmpForgot "SNMP agent that restarts its engine, or forgets its state",
    SecretMissing "SNMP secret, socket or profile missing at the start",
    BrokerGoneWithDevices "broker gone, with APs flipped by SNMP",
    SpokenForDevice "somebody speaks in the name of an AP flipped by SNMP",
    WitnessContradicted "agent and witness contradict",
    DiskFull "disk full",
    DiskHung "disk full",
    DatabaseLost "database corrupt",
    BackupRestored "restored from an old backup",
    FlashFull "flash of an AP full or read-only",
    FlashLostLastWrite "AP loses power while it writes its ledger",
    FlashCorrupt "AP loses power while it writes its ledger",
    EverybodyBooted "10,000 APs booting at once after a blackout",
    ActiveKilled "one of two controllers is gone",
    StandbyKilled "one of two controllers is gone",
    ActiveFrozen "two controllers believing they are the one",
    StandbyFrozen "two controllers believing they are the one",
    ControllersParted "two controllers believing they are the one",
    KeysAtOdds "two controllers believing they are the one",
    ActAtStandby "one of two controllers is gone",
    LockOutOfReach "the database with the lock is deaf or gone",
    LockStuck "the database with the lock is deaf or gone",
    LockHeldByOther "the database with the lock is deaf or gone",
    HeartbeatReplayed "a hostile broker",
    OrderReplayed "a hostile broker",
    OrderForged "a hostile broker",
    OrderTopicOverwritten "a hostile broker",
    ApCableCut "an AP's cable cut, with or without anybody being told",
    ApDarkInAFlip "AP loses power in the middle of a flip or a closing",
    LineFlapped "a bad link to the AP: three packets in ten lost each way and half a second late, or gone and back each second",
    SampleLate "samples that come late, or from an AP whose clock is wrong",
    SamplesNotWritten "flash full or read-only while samples wait",
    StoreLostAtOne "a store lost, or there late, at one of two controllers",
    StoreLostWhileParted "a store lost, or there late, at one of two controllers",
    StoreLateAtOne "a store lost, or there late, at one of two controllers",
    BackupAtOne "an old backup, or a wrong clock, at one of two controllers",
    ClockWrongAtOne "an old backup, or a wrong clock, at one of two controllers",
    StoreNotThere "database not there",
    LeftOpen "`00000JAPAN` left on the air",
    StrangerHeard "others send `00000JAPAN`, or a name that looks like it",
    TalesOfTheAir "a stolen AP that tells tales of the air",
    ApStolen "a stolen AP",
    StolenKeyTurned "a stolen AP says that its facility key was turned",
    WeekInTheDark "AP without its controller for a week",
    PowerFailedForDays "AP without its controller for a week",
    RadarHit "radio hears a radar while it is on the air",
    ThereBeforeTheKeys "devices come while no agent listens, or were there before an activation began",
    DevicesInvented "an AP invents devices",
    ListenedWithPeopleOnIt "people on an AP that listens for others",
    CannotListen "a radio that cannot listen, a scan that never ends, an `iw` that is missing, lies or never stops talking",
    ScanWithoutEnd "a radio that cannot listen, a scan that never ends, an `iw` that is missing, lies or never stops talking",
    IwNeverStops "a radio that cannot listen, a scan that never ends, an `iw` that is missing, lies or never stops talking",
}

/// How often each fault occurred.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Fault, u64>);

impl Tally {
    /// It happened.
    pub fn count(&mut self, fault: Fault) {
        *self.0.entry(fault).or_default() += 1;
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        for (fault, times) in &other.0 {
            *self.0.entry(*fault).or_default() += times;
        }
    }

    /// How often.
    #[must_use]
    pub fn of(&self, fault: Fault) -> u64 {
        self.0.get(&fault).copied().unwrap_or(0)
    }

    /// Whether it happened at all.
    #[must_use]
    pub fn has(&self, fault: Fault) -> bool {
        self.of(fault) > 0
    }
}
