//! What `00000JAPAN` has to be, and what no other network may look like (ruling 14 of the design).
//!
//! Works on facts, wherever they come from: a configuration about to be written, or one read from a vendor's AP.

mod look_alike;

use std::fmt;

use crate::interface::InterfaceName;
use crate::ssid::{Ssid, UNIFIED_SSID};

pub use look_alike::{Above, Why, imitates, imitates_bytes, sorts_above};

/// The facts of the network that is to serve as the unified disaster network.
#[derive(Debug, Clone)]
pub struct Announced {
    /// Its name.
    pub ssid: Ssid,
    /// Whether a passphrase or any encryption is asked for.
    pub encrypted: bool,
    /// Whether its devices are kept apart from one another.
    pub isolated: bool,
    /// Whether a page stands between the device and the network.
    pub portal: bool,
    /// Whether a session ends by itself after some time.
    pub session_limit: bool,
    /// The bridge it is put into; none: an interface of its own.
    pub bridge: Option<InterfaceName>,
}

/// The facts of one of the town's own networks.
#[derive(Debug, Clone)]
pub struct Everyday {
    /// Its name.
    pub ssid: Ssid,
    /// The bridge it is put into.
    pub bridge: Option<InterfaceName>,
}

/// One thing that speaks against a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    /// The unified network has another name.
    NotUnified(Ssid),
    /// The unified network asks for a passphrase.
    Encrypted,
    /// The unified network lets its devices reach one another.
    NotIsolated,
    /// The unified network shows a page first.
    Portal,
    /// The unified network throws people out after a time.
    SessionLimit,
    /// The unified network shares a bridge with one of the town's own.
    SharedBridge(InterfaceName, Ssid),
    /// One of the town's own networks carries the unified name.
    TakesTheName,
    /// One of the town's own networks could be taken for the unified one.
    Imitates(Ssid, Why),
    /// One of the town's own networks stands above the unified one in a phone's list.
    SortsAbove(Ssid, Above),
}

/// Everything that speaks against the unified network as announced, beside the town's own networks of the same AP.
#[must_use]
pub fn objections<'a>(announced: &Announced, everyday: impl IntoIterator<Item = &'a Everyday>) -> Vec<Objection> {
    let mut found = Vec::new();
    if announced.ssid != Ssid::unified() {
        found.push(Objection::NotUnified(announced.ssid.clone()));
    }
    for (wrong, objection) in [
        (announced.encrypted, Objection::Encrypted),
        (!announced.isolated, Objection::NotIsolated),
        (announced.portal, Objection::Portal),
        (announced.session_limit, Objection::SessionLimit),
    ] {
        if wrong {
            found.push(objection);
        }
    }
    if let Some(bridge) = &announced.bridge {
        let sharing = everyday.into_iter().find(|network| network.bridge.as_ref() == Some(bridge));
        found.extend(sharing.map(|network| Objection::SharedBridge(bridge.clone(), network.ssid.clone())));
    }
    found
}

/// What speaks against one of the town's own names. An imitation is not also blamed for where it sorts.
#[must_use]
pub fn name_objection(ssid: &Ssid) -> Option<Objection> {
    if *ssid == Ssid::unified() {
        return Some(Objection::TakesTheName);
    }
    let imitates = imitates(ssid).map(|why| Objection::Imitates(ssid.clone(), why));
    imitates.or_else(|| sorts_above(ssid).map(|why| Objection::SortsAbove(ssid.clone(), why)))
}

impl Objection {
    /// In Japanese, for the clerk and the network person.
    #[must_use]
    pub fn words_ja(&self) -> String {
        match self {
            Self::NotUnified(ssid) => {
                format!("災害用統一SSIDは「{UNIFIED_SSID}」と一字一句同じでなければなりません（現在:「{ssid}」）")
            }
            Self::Encrypted => {
                format!("{UNIFIED_SSID}にはパスワードや暗号化を設定できません。誰でもすぐつながるためです")
            }
            Self::NotIsolated => {
                format!("{UNIFIED_SSID}では端末どうしの通信を禁止してください。避難者の端末を互いから守るためです")
            }
            Self::Portal => format!("{UNIFIED_SSID}には認証画面や登録画面を置けません"),
            Self::SessionLimit => format!("{UNIFIED_SSID}には接続時間の制限を設定できません"),
            Self::SharedBridge(bridge, ssid) => {
                format!(
                    "{UNIFIED_SSID}が町のネットワーク「{ssid}」と同じブリッジ{bridge}にあります。別のブリッジかVLANにしてください"
                )
            }
            Self::TakesTheName => {
                format!("「{UNIFIED_SSID}」は災害時専用です。平時のネットワークには別の名前を付けてください")
            }
            Self::Imitates(ssid, why) => {
                format!("「{ssid}」は{UNIFIED_SSID}と紛らわしい名前です（{}）。別の名前にしてください", why.words_ja())
            }
            Self::SortsAbove(ssid, above) => format!(
                "「{ssid}」はスマートフォンの一覧で{UNIFIED_SSID}より上に並びます（{}）。別の名前にしてください",
                above.words_ja()
            ),
        }
    }

    /// In English.
    #[must_use]
    pub fn words_en(&self) -> String {
        match self {
            Self::NotUnified(ssid) => {
                format!("the unified disaster SSID is exactly \"{UNIFIED_SSID}\", not \"{ssid}\"")
            }
            Self::Encrypted => {
                format!("{UNIFIED_SSID} asks for no passphrase and has no encryption: anybody joins at once")
            }
            Self::NotIsolated => {
                format!(
                    "{UNIFIED_SSID} keeps its devices apart (client isolation): evacuees are protected from each other"
                )
            }
            Self::Portal => format!("{UNIFIED_SSID} has no portal and no registration page"),
            Self::SessionLimit => format!("{UNIFIED_SSID} has no session limit"),
            Self::SharedBridge(bridge, ssid) => format!(
                "{UNIFIED_SSID} shares bridge {bridge} with the town's network \"{ssid}\"; give it a bridge or VLAN of its own"
            ),
            Self::TakesTheName => {
                format!("\"{UNIFIED_SSID}\" is for disasters only; give the everyday network another name")
            }
            Self::Imitates(ssid, why) => {
                format!("\"{ssid}\" can be taken for {UNIFIED_SSID} ({}); choose another name", why.words_en())
            }
            Self::SortsAbove(ssid, above) => format!(
                "\"{ssid}\" stands above {UNIFIED_SSID} in a phone's list ({}); choose another name",
                above.words_en()
            ),
        }
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words_en())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_it_should_be() -> Announced {
        Announced {
            ssid: Ssid::unified(),
            encrypted: false,
            isolated: true,
            portal: false,
            session_limit: false,
            bridge: Some("br-open".parse().expect("bridge")),
        }
    }

    fn staff(bridge: &str) -> Everyday {
        Everyday { ssid: "shiomi-staff".parse().expect("ssid"), bridge: bridge.parse().ok() }
    }

    #[test]
    fn nothing_speaks_against_the_profile() {
        assert_eq!(objections(&as_it_should_be(), &[staff("br-lan")]), []);
        let alone = Announced { bridge: None, ..as_it_should_be() };
        assert_eq!(objections(&alone, &[Everyday { bridge: None, ..staff("br-lan") }]), []);
    }

    #[test]
    fn each_departure_is_named_and_all_are_named_at_once() {
        let wrong = Announced {
            ssid: "00000Japan".parse().expect("ssid"),
            encrypted: true,
            isolated: false,
            portal: true,
            session_limit: true,
            ..as_it_should_be()
        };
        let found = objections(&wrong, &[staff("br-lan"), staff("br-open")]);
        assert!(matches!(
            found.as_slice(),
            [
                Objection::NotUnified(_),
                Objection::Encrypted,
                Objection::NotIsolated,
                Objection::Portal,
                Objection::SessionLimit,
                Objection::SharedBridge(..)
            ]
        ));
        for objection in found {
            assert!(objection.words_en().contains(UNIFIED_SSID) && objection.words_ja().contains(UNIFIED_SSID));
        }
    }

    #[test]
    fn everyday_names_are_judged_once_each() {
        let judged = |text: &str| name_objection(&text.parse().expect("ssid"));
        assert_eq!(judged("00000JAPAN"), Some(Objection::TakesTheName));
        assert!(matches!(judged("0000JAPAN"), Some(Objection::Imitates(_, Why::Zeros(4)))));
        assert!(matches!(judged("!guest"), Some(Objection::SortsAbove(..))));
        assert_eq!(judged("shiomi-staff"), None);
    }
}
