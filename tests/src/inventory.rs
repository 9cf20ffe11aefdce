//! 汐見町, an invented town: 6 facilities, 27 access points, and how many people come to each.

use std::time::Duration;

use crate::people::Crowd;
use crate::radio::Behaviour;

/// The town's identifier.
pub const TOWN: &str = "shiomi";
/// The SSID of its everyday network: sorts after `00000JAPAN` and does not look like it.
pub const EVERYDAY_SSID: &str = "SHIOMI-WiFi";

/// How long a device stays in the demo, on average: a crowd gathers within a few minutes of watching.
const STAY: Duration = Duration::from_secs(90);

/// One facility of the model town.
#[derive(Debug, Clone, Copy)]
pub struct Facility {
    /// Identifier.
    pub id: &'static str,
    /// Name.
    pub name: &'static str,
    /// Name in English.
    pub name_en: &'static str,
    /// District.
    pub district: &'static str,
    /// Whom to telephone: extensions, no number that could be somebody's.
    pub contact: &'static str,
    /// Names of its access points: `ID-1`, `ID-2`, …
    pub aps: &'static [&'static str],
    /// Devices on an ordinary day.
    pub peace: u32,
    /// Devices after a disaster.
    pub disaster: u32,
}

/// The facilities, in the order of the board.
pub const FACILITIES: [Facility; 6] = [
    Facility {
        id: "yakuba",
        name: "汐見町役場 本庁舎",
        name_en: "Shiomi Town Hall",
        district: "中央地区",
        contact: "総務課 内線 201",
        aps: &["1階ロビー", "1階窓口", "2階会議室", "2階廊下", "3階災害対策本部", "駐車場"],
        peace: 31,
        disaster: 42,
    },
    Facility {
        id: "shiomi-sho",
        name: "汐見小学校",
        name_en: "Shiomi Elementary School",
        district: "中央地区",
        contact: "教育課 内線 311",
        aps: &["体育館 前", "体育館 後", "昇降口", "多目的室", "校庭"],
        peace: 4,
        disaster: 186,
    },
    Facility {
        id: "shiomi-chu",
        name: "汐見中学校",
        name_en: "Shiomi Junior High School",
        district: "中央地区",
        contact: "教育課 内線 312",
        aps: &["体育館 前", "体育館 後", "武道場", "図書室", "校庭"],
        peace: 3,
        disaster: 164,
    },
    Facility {
        id: "taiikukan",
        name: "町民体育館",
        name_en: "Town Gymnasium",
        district: "中央地区",
        contact: "生涯学習課 内線 405",
        aps: &["アリーナ 東", "アリーナ 西", "会議室", "ロビー"],
        peace: 9,
        disaster: 231,
    },
    Facility {
        id: "higashihama-sho",
        name: "東浜小学校",
        name_en: "Higashihama Elementary School",
        district: "東浜地区",
        contact: "教育課 内線 313",
        aps: &["体育館", "昇降口", "家庭科室", "校庭"],
        peace: 2,
        disaster: 97,
    },
    Facility {
        id: "minato",
        name: "港ふれあい会館",
        name_en: "Harbour Community Hall",
        district: "東浜地区",
        contact: "水産課 内線 520",
        aps: &["ホール", "研修室", "広場"],
        peace: 7,
        disaster: 33,
    },
];

/// One access point of a bench or of the demo.
#[derive(Debug, Clone)]
pub struct ApPlan {
    /// Identifier.
    pub id: String,
    /// Where it stands.
    pub facility: &'static str,
    /// Name.
    pub name: &'static str,
    /// How its radio takes an order.
    pub behaviour: Behaviour,
    /// Whether it has power. Without, there is neither radio nor agent.
    pub powered: bool,
    /// Who comes.
    pub crowd: Crowd,
}

/// Every access point, in order, all well.
#[must_use]
pub fn aps() -> Vec<ApPlan> {
    let mut aps = Vec::new();
    for facility in FACILITIES {
        let share = u32::try_from(facility.aps.len()).unwrap_or(1);
        for (i, name) in facility.aps.iter().enumerate() {
            aps.push(ApPlan {
                id: format!("{}-{}", facility.id, i + 1),
                facility: facility.id,
                name,
                behaviour: Behaviour::Normal,
                powered: true,
                crowd: Crowd {
                    peace: facility.peace.div_ceil(share),
                    disaster: facility.disaster.div_ceil(share),
                    stay: STAY,
                },
            });
        }
    }
    aps
}

/// The `[town]`, `[[facility]]` and `[[ap]]` part of `controller.toml` for these access points; `managed` writes how
/// each is spoken to.
#[must_use]
pub fn toml(aps: &[ApPlan], managed: impl Fn(&str) -> String) -> String {
    let mut text = format!("[town]\nid = \"{TOWN}\"\nname = \"汐見町\"\nname-en = \"Shiomi Town\"\n\n");
    for f in FACILITIES.iter().filter(|f| aps.iter().any(|ap| ap.facility == f.id)) {
        text += &format!(
            "[[facility]]\nid = \"{}\"\nname = \"{}\"\nname-en = \"{}\"\ndistrict = \"{}\"\nshelter = true\ncontact = \"{}\"\n\n",
            f.id, f.name, f.name_en, f.district, f.contact
        );
    }
    for ap in aps {
        text += &format!(
            "[[ap]]\nid = \"{}\"\nfacility = \"{}\"\nname = \"{}\"\n{}\n",
            ap.id,
            ap.facility,
            ap.name,
            managed(&ap.id)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_town_has_27_access_points_at_6_facilities() {
        assert_eq!(aps().len(), 27);
        let text = toml(&aps(), |_| String::new());
        assert_eq!(text.matches("[[facility]]").count(), 6);
        assert_eq!(text.matches("[[ap]]").count(), 27);
    }
}
