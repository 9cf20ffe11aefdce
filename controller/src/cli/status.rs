//! `hirake status`: the town in a few lines, and every access point that is not settled, worst first.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use serde_json::Value;

use super::words::{Language, clock, number, safe, text};
use super::{ask, exit, key, store};

/// Where an AP may stand, worst first.
const WORST_FIRST: [&str; 4] = ["silent", "diverged", "refused", "settling"];

/// Asks, prints, and says by its code whether anything needs a look.
///
/// # Errors
/// No controller answers, or it cannot be understood.
pub fn status(at: &str, language: Language) -> Result<ExitCode, ask::NoAnswer> {
    let town = ask::get(at, "/api/v1/town")?;
    // Whoever reads may have seen enough (`| head`); the exit code is told all the same.
    let mut text = told(&town, language);
    // A store out of reach is told above; the town is told all the same.
    if let Ok(record) = ask::get(at, "/api/v1/record?limit=1") {
        text.push_str(&head_told(&record, language));
    }
    let _closed = std::io::stdout().write_all(text.as_bytes());
    Ok(ExitCode::from(if needs_a_look(&town) { exit::NEEDS_A_LOOK } else { exit::WELL }))
}

/// One access point that is not settled.
struct Unsettled<'v> {
    facility: &'v Value,
    ap: &'v Value,
    rank: usize,
}

fn unsettled(town: &Value) -> Vec<Unsettled<'_>> {
    let mut found = Vec::new();
    for facility in array(town, "facilities") {
        for ap in array(facility, "aps") {
            let standing = text(ap, "/standing");
            if standing != "settled" {
                // A standing this program does not know yet is worst of all.
                let rank = WORST_FIRST.iter().position(|known| *known == standing).map_or(0, |rank| rank + 1);
                found.push(Unsettled { facility, ap, rank });
            }
        }
    }
    found.sort_by(|a, b| (a.rank, text(a.ap, "/since")).cmp(&(b.rank, text(b.ap, "/since"))));
    found
}

fn array<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn needs_a_look(town: &Value) -> bool {
    let absent = |key: &str| town.get(key).is_none_or(Value::is_null);
    let apart = ["alone_since", "mistake"].iter().any(|what| !text(town, &format!("/controller/{what}")).is_empty());
    !unsettled(town).is_empty() || !absent("broker_lost") || !absent("store_lost") || apart || key::needs_a_look(town)
}

/// The newest entry's hash, for the paper.
fn head_told(record: &Value, language: Language) -> String {
    let hash = text(record, "/head/hash");
    if hash.is_empty() {
        return String::new();
    }
    let what = language.pick("最新の記録の番号とハッシュ(紙に控える)", "newest entry and its hash, for the paper");
    format!("{what}  {}  {}\n", number(record, "/head/number"), safe(&store::on_paper(hash)))
}

/// Which of several controllers answers, whether it decides, whether the others are heard, and what is wrong with them.
fn controllers_told(seat: &Value, l: Language, now: &str) -> Vec<String> {
    let is = |it: &Value, what: &str| it.get(what).and_then(Value::as_bool).unwrap_or_default();
    let role = |it: &Value| if is(it, "active") { l.pick("主", "decides") } else { l.pick("待機", "stands by") };
    let mut all = format!("{}  {} {}", l.pick("制御装置", "controller"), safe(text(seat, "/id")), role(seat));
    for other in array(seat, "others") {
        let how = if is(other, "heard") { role(other) } else { l.pick("応答なし", "not heard") };
        write!(all, "  {} {how}", safe(text(other, "/id"))).expect("a String takes every text");
    }
    let alone = l.pick("もう1台の制御装置と通じません", "no other controller is heard");
    let alone =
        Some(text(seat, "/alone_since")).filter(|since| !since.is_empty()).map(|since| (alone, l.since(since, now)));
    let same = l.pick("制御装置の名前か順位が重なっています", "two controllers have one name or one rank");
    let same = Some(text(seat, "/mistake")).filter(|mistake| !mistake.is_empty()).map(|mistake| (same, safe(mistake)));
    let amiss = [alone, same].into_iter().flatten().map(|(what, more)| format!("! {what}  {more}"));
    std::iter::once(all).chain(amiss).collect()
}

/// The whole answer as text.
fn told(town: &Value, language: Language) -> String {
    let l = language;
    let now = text(town, "/at");
    let mut out = String::new();
    let mut line = |text: String| writeln!(out, "{text}").expect("a String takes every text");

    let name = l.pick(text(town, "/name"), text(town, "/name_en"));
    let name = if name.is_empty() { text(town, "/town") } else { name };
    let since = match text(town, "/mode_since") {
        "" => String::new(),
        since => format!("  {}", l.since(since, now)),
    };
    line(format!("{}  {}{since}", safe(name), l.word(text(town, "/mode"))));
    line(match town.get("order").filter(|order| !order.is_null()) {
        None => l.pick("指令  まだありません", "order  none yet").to_owned(),
        Some(order) => {
            let published = order.get("published").and_then(Value::as_bool).unwrap_or_default();
            let sent = if published { l.pick("配信済み", "sent") } else { l.pick("配信待ち", "not sent yet") };
            format!(
                "{}  {}  {sent}  {}",
                l.pick("指令", "order"),
                number(order, "/number"),
                clock(text(order, "/issued_at"), now)
            )
        }
    });
    line(format!("{}  {}", l.pick("鍵", "key"), key::told(town, language)));
    if let Some(seat) = town.get("controller").filter(|seat| !seat.is_null()) {
        controllers_told(seat, l, now).into_iter().for_each(&mut line);
    }
    let total = |name: &str| number(town, &format!("/totals/{name}"));
    if total("to_open") > 0 {
        line(format!(
            "{}  {}/{} {}  {} {}/{}",
            l.pick("開放", "open"),
            total("open"),
            total("to_open"),
            l.pick("台", "APs"),
            l.pick("施設", "facilities"),
            total("facilities_open"),
            total("facilities_to_open"),
        ));
    }
    line(format!("{}  {}/{} {}", l.pick("反映済み", "settled"), total("settled"), total("aps"), l.pick("台", "APs")));
    line(
        format!("{}  {} {}", l.pick("接続中の端末", "stations"), total("stations"), l.pick("台", ""))
            .trim_end()
            .to_owned(),
    );
    if let Some(lost) = town.get("broker_lost").filter(|lost| !lost.is_null()) {
        let what = l.pick("ブローカーにつながりません", "the broker cannot be reached");
        line(format!("! {what}  {}  {}", l.since(text(lost, "/since"), now), safe(text(lost, "/why"))));
    }
    if let Some(lost) = town.get("store_lost").filter(|lost| !lost.is_null()) {
        let what = l.pick("記録を保存できません", "the record cannot be stored");
        line(format!("! {what}  {}  {}", l.since(text(lost, "/since"), now), safe(text(lost, "/why"))));
    }
    let unsettled = unsettled(town);
    if !unsettled.is_empty() {
        line(format!("{}  {} {}", l.pick("対応が必要", "needs a look"), unsettled.len(), l.pick("台", "APs")));
    }
    for it in unsettled {
        let facility = match l.pick(text(it.facility, "/name"), text(it.facility, "/name_en")) {
            "" => text(it.facility, "/name"),
            name => name,
        };
        line(format!(
            "  {}  {} {} ({})  {}  {}",
            l.word(text(it.ap, "/standing")),
            safe(facility),
            safe(text(it.ap, "/name")),
            safe(text(it.ap, "/id")),
            l.since(text(it.ap, "/since"), now),
            l.word(text(it.ap, "/why")),
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::api::views::TownJson;
    use crate::config::Config;
    use crate::core::{Now, Remembered, Town};

    fn town() -> Value {
        let ap = |id: &str, standing: &str, since: &str, why: &str| json!({"id": id, "name": "体育館", "standing": standing, "since": format!("2026-11-22T{since}.000+09:00"), "why": why});
        json!({
            "at": "2026-11-22T14:32:10.000+09:00", "town": "shiomi", "name": "汐見町", "name_en": "Shiomi",
            "mode": "disaster", "mode_since": "2026-11-22T14:32:04.000+09:00",
            "order": {"number": 12, "issued_at": "2026-11-22T14:32:04.000+09:00", "published": true},
            "key": {"position": "disaster", "since": "2026-11-22T14:32:03.900+09:00", "fault": null, "isolated": null},
            "totals": {"aps": 4, "settled": 1, "to_open": 4, "open": 1, "facilities_to_open": 1, "facilities_open": 1, "stations": 7},
            "broker_lost": null, "store_lost": null,
            "facilities": [{"id": "gym", "name": "町民体育館", "name_en": "Town Gymnasium", "aps": [
                ap("gym-1", "settled", "14:32:05", ""),
                ap("gym-2", "settling", "14:32:04", "applying"),
                ap("gym-3", "refused", "14:32:06", "hostapd said FAIL\u{1b}[2J"),
                ap("gym-4", "silent", "09:12:00", "not-heard"),
            ]}],
        })
    }

    #[test]
    fn one_of_two_controllers_says_which_it_is_and_a_look_is_needed_where_it_is_alone() {
        let mut town = json!({"controller": {"id": "yakuba", "active": true, "alone_since": null, "mistake": null,
            "others": [{"id": "kouminkan", "heard": true, "active": false}]}});
        assert!(told(&town, Language::Ja).contains("制御装置  yakuba 主  kouminkan 待機\n"));
        assert!(!needs_a_look(&town));
        town["controller"]["others"][0]["heard"] = json!(false);
        town["controller"]["alone_since"] = json!("2026-11-22T14:32:04.000+09:00");
        let said = told(&town, Language::En);
        assert!(
            said.contains("controller  yakuba decides  kouminkan not heard\n! no other controller is heard"),
            "{said}"
        );
        assert!(needs_a_look(&town));
    }

    #[test]
    fn the_town_is_told_in_japanese_worst_first_and_nothing_reaches_the_terminal_raw() {
        assert_eq!(
            told(&town(), Language::Ja),
            "汐見町  災害  14:32:04 から\n指令  12  配信済み  14:32:04\n鍵  災害  14:32:03 から\n開放  1/4 台  施設 1/1\n\
             反映済み  1/4 台\n接続中の端末  7 台\n対応が必要  3 台\n\
             \x20 応答なし  町民体育館 体育館 (gym-4)  09:12:00 から  応答が途絶えた\n\
             \x20 設定を拒否  町民体育館 体育館 (gym-3)  14:32:06 から  hostapd said FAIL\u{fffd}[2J\n\
             \x20 反映中  町民体育館 体育館 (gym-2)  14:32:04 から  切り替えている\n"
        );
        assert!(needs_a_look(&town()));
    }

    #[test]
    fn english_says_the_same_and_a_settled_town_needs_no_look() {
        let mut town = town();
        town["facilities"][0]["aps"].as_array_mut().expect("a list").truncate(1);
        let told = told(&town, Language::En);
        assert!(told.starts_with("Shiomi  disaster  since 14:32:04\norder  12  sent  14:32:04\n"), "{told}");
        assert!(!needs_a_look(&town));
    }

    /// What the controller really answers, of a town just started: every word this program looks for is there.
    #[test]
    fn the_controllers_own_answer_is_understood() {
        let example = include_bytes!("../../controller.toml");
        let inventory = Config::parse("controller.toml", example).expect("the example is right").inventory;
        let now = Now { mono: Duration::from_secs(1), wall_ms: 1_795_325_524_000 };
        let (core, _) = Town::new(inventory.clone(), Remembered::default(), now);
        let answer = serde_json::to_value(TownJson::new(&inventory, &core.view(now))).expect("JSON");
        for word in ["/at", "/town", "/name", "/name_en", "/mode", "/facilities/0/name_en", "/facilities/0/aps/0/since"]
        {
            assert!(answer.pointer(word).is_some_and(Value::is_string), "{word} in {answer}");
        }
        for word in ["aps", "settled", "to_open", "open", "facilities_to_open", "facilities_open", "stations"] {
            assert!(answer["totals"][word].is_u64(), "{word} in {answer}");
        }
        for word in ["mode_since", "order", "key", "broker_lost", "store_lost"] {
            assert!(answer.get(word).is_some(), "{word} in {answer}");
        }
        let told = told(&answer, Language::Ja);
        assert!(told.starts_with("汐見町  平時"), "{told}");
        assert!(told.contains("汐見町役場 本庁舎 1階ロビー (yakuba-1)"), "{told}");
        assert!(told.contains("対応が必要  27 台"), "{told}");
    }

    #[test]
    fn the_newest_hash_is_told_in_groups_to_be_copied() {
        let record = json!({"head": {"number": 12, "hash": "0123456789abcdef".repeat(4)}});
        let told = head_told(&record, Language::En);
        let groups = "01234567 89abcdef ".repeat(4);
        assert_eq!(told, format!("newest entry and its hash, for the paper  12  {}\n", groups.trim_end()));
        assert_eq!(head_told(&json!({"head": 5}), Language::Ja), "");
    }

    #[test]
    fn an_answer_with_nothing_in_it_is_told_without_a_crash() {
        for strange in [json!(null), json!([]), json!({"facilities": [null, {"aps": [3]}], "key": 5})] {
            assert!(!told(&strange, Language::Ja).is_empty());
        }
    }
}
