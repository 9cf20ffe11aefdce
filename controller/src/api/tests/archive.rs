//! The record and the counts, as JSON and as CSV to the byte, and with the archive out of reach.

use firmware_config::wire::{Counts, NetworkCounts};
use serde_json::json;

use super::*;
use crate::api::counts::Reader;
use crate::core::{Durable, Entry, Kind};

fn entry(seq: u64, kind: Kind, drill: bool, fields: &[(&'static str, &str)]) -> Entry {
    let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let at_ms = AT + 1000 * i64::try_from(seq).expect("small");
    Entry { seq, at_ms, kind, drill, fields }
}

fn sample(ap: &str, seq: u64, at_ms: WallMs, mode: Mode, networks: &[(&str, &str, u32)]) -> Counts {
    let network = |(interface, ssid, stations): &(&str, &str, u32)| NetworkCounts {
        interface: (*interface).to_owned(),
        ssid: (*ssid).to_owned(),
        stations: *stations,
        joins: 2,
        leaves: 1,
        so_far: None,
    };
    Counts {
        v: 1,
        ap: ap.parse().expect("an identifier"),
        boot: "b".to_owned(),
        seq,
        at_ms,
        interval_s: 30,
        age_ms: None,
        at_unsure: false,
        samples: 1,
        waiting: 0,
        mode,
        networks: networks.iter().map(network).collect(),
    }
}

/// A served town with a little history.
async fn with_history() -> Served {
    let served = Served::new().await;
    served.house.store.remembered().await.expect("an open store");
    let entries = vec![
        entry(1, Kind::Started, false, &[("version", "0.1.0")]),
        entry(2, Kind::Opened, true, &[("by", "田中"), ("why", "練習, \"春\"")]),
        entry(3, Kind::DrillEnded, true, &[("id", "1")]),
    ];
    served.house.store.write(&Durable { entries, ..Durable::default() }, None).await.expect("stored");
    let counts = [
        sample("gakko-1", 1, AT, Mode::Drill, &[("wlan0jp", "00000JAPAN", 5), ("wlan0", "=1+1", 0)]),
        sample("yakuba-1", 1, AT + 30_000, Mode::Normal, &[("wlan0", "shiomi-free", 7)]),
        sample("old-ap", 1, AT + 60_000, Mode::Normal, &[("wlan0", "shiomi-free", 1)]),
    ];
    served.house.store.add_counts(&counts).await.expect("stored");
    served
}

#[tokio::test]
async fn the_record_comes_newest_first_page_by_page() {
    let served = with_history().await;
    let page = served.get("/api/v1/record?limit=2").await.json();
    assert_eq!(page["entries"][0]["kind"], "drill-ended");
    assert_eq!(
        page["entries"][1],
        json!({"seq": page["entries"][1]["seq"], "at": "2026-11-22T14:32:06.123+09:00", "kind": "opened",
            "drill": true, "fields": {"by": "田中", "why": "練習, \"春\""}})
    );
    let head = served.house.store.head().await.expect("read");
    assert_eq!(page["head"], json!({"number": 3, "hash": head.hash.to_string()}));
    let rest = served.get(&format!("/api/v1/record?limit=2&before={}", page["next_before"])).await.json();
    assert_eq!(rest["entries"].as_array().map(Vec::len), Some(1));
    assert_eq!((&rest["entries"][0]["kind"], &rest["next_before"]), (&json!("started"), &Value::Null));
}

#[tokio::test]
async fn the_record_as_csv_to_the_byte() {
    let served = with_history().await;
    let answer = served.get("/api/v1/record.csv").await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"record.csv\"");
    let expected = "\u{feff}日時,日時（ISO 8601）,訓練,番号,できごと,種別,詳細\r\n\
        令和8年11月22日 14時32分,2026-11-22T14:32:07.123+09:00,訓練,3,訓練が予定どおり終了(発動 1),drill-ended,id=1\r\n\
        令和8年11月22日 14時32分,2026-11-22T14:32:06.123+09:00,訓練,2,田中の操作で開放(発動 ),opened,\"by=田中; why=練習, \"\"春\"\"\"\r\n\
        令和8年11月22日 14時32分,2026-11-22T14:32:05.123+09:00,,1,制御装置が起動(版 0.1.0),started,version=0.1.0\r\n";
    assert_eq!(answer.text(), expected);
}

const SPAN: &str = "from=2026-11-22&to=2026-11-23";

#[tokio::test]
async fn counts_as_csv_to_the_byte() {
    // A drill is marked, an SSID that is a formula is text, an AP that is no longer in the town keeps its rows.
    let served = with_history().await;
    let answer = served.get(&format!("/api/v1/counts.csv?{SPAN}")).await;
    let head = "\u{feff}日時,日時（ISO 8601）,訓練,施設,機器,機器名,インターフェース,SSID,モード,接続中の端末,接続,切断,区間（秒）,まとめた数,時刻不確か\r\n";
    let drill = "令和8年11月22日 14時32分,2026-11-22T14:32:04.123+09:00,訓練,潮見小学校,gakko-1,体育館,wlan0,'=1+1,drill,0,2,1,30,1,\r\n\
        令和8年11月22日 14時32分,2026-11-22T14:32:04.123+09:00,訓練,潮見小学校,gakko-1,体育館,wlan0jp,00000JAPAN,drill,5,2,1,30,1,\r\n";
    let normal = "令和8年11月22日 14時32分,2026-11-22T14:32:34.123+09:00,,役場,yakuba-1,ロビー,wlan0,shiomi-free,normal,7,2,1,30,1,\r\n";
    let gone =
        "令和8年11月22日 14時33分,2026-11-22T14:33:04.123+09:00,,,old-ap,,wlan0,shiomi-free,normal,1,2,1,30,1,\r\n";
    assert_eq!(answer.text(), format!("{head}{drill}{normal}{gone}"));
    let facility = served.get(&format!("/api/v1/facilities/gakko/counts.csv?{SPAN}")).await;
    assert_eq!(facility.header("content-disposition"), "attachment; filename=\"counts-gakko.csv\"");
    assert_eq!(facility.text(), format!("{head}{drill}"));
    assert_eq!(served.get(&format!("/api/v1/aps/yakuba-1/counts.csv?{SPAN}")).await.text(), format!("{head}{normal}"));
}

#[tokio::test]
async fn counts_as_json_of_the_town_a_facility_and_an_ap() {
    let served = with_history().await;
    let town = served.get(&format!("/api/v1/counts?{SPAN}")).await.json();
    assert_eq!(
        town["rows"][2],
        json!({"at": "2026-11-22T14:32:34.123+09:00", "ap": "yakuba-1", "interface": "wlan0", "ssid": "shiomi-free",
            "mode": "normal", "stations": 7, "joins": 2, "leaves": 1,
            "interval_s": 30, "samples": 1, "unsure": false})
    );
    assert_eq!(town["rows"].as_array().map(Vec::len), Some(4));
    assert_eq!((&town["from"], &town["next_from"]), (&json!("2026-11-22T00:00:00.000+09:00"), &Value::Null));
    let rows = |answer: Answer| answer.json()["rows"].as_array().map(Vec::len);
    assert_eq!(rows(served.get(&format!("/api/v1/counts?ap=old-ap&{SPAN}")).await), Some(1));
    assert_eq!(rows(served.get(&format!("/api/v1/aps/gakko-1/counts?{SPAN}")).await), Some(2));
    assert_eq!(rows(served.get(&format!("/api/v1/facilities/gakko/counts?{SPAN}")).await), Some(2));
    // To the millisecond, the end not included, and an unescaped plus understood.
    let exact = "from=2026-11-22T14:32:34.123+09:00&to=2026-11-22T14:33:04.123%2B09:00";
    assert_eq!(rows(served.get(&format!("/api/v1/counts?{exact}")).await), Some(1));
    served.get("/api/v1/aps/gakko-9/counts").await.complaint(404);
    served.get("/api/v1/facilities/x/counts.csv").await.complaint(404);
}

#[tokio::test]
async fn a_span_cut_into_pages_has_every_row_once() {
    // 40 samples of three APs, several to a millisecond, read five rows at a time: no row lost, none twice.
    let served = Served::new().await;
    let samples: Vec<Counts> = (0..40)
        .flat_map(|seq| {
            let at_ms = AT + i64::try_from(seq / 4).expect("small");
            ["a", "b", "c"].map(|ap| sample(ap, seq, at_ms, Mode::Normal, &[("x", "s", 1), ("y", "s", 1)]))
        })
        .collect();
    served.house.store.add_counts(&samples).await.expect("stored");
    for (aps, expected) in [(None, 240), (Some(vec!["a".to_owned(), "c".to_owned()]), 160), (Some(Vec::new()), 0)] {
        let mut reader = Reader { store: served.house.store.clone(), aps, from: AT - 1, to: AT + 1000, page: 5 };
        let (mut count, mut last) = (0, AT - 1);
        while let Some(rows) = reader.next().await.expect("an open store") {
            for row in rows {
                assert!(row.at_ms >= last, "oldest first");
                last = row.at_ms;
                count += 1;
            }
        }
        assert_eq!(count, expected);
    }
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_told_not_ignored() {
    let served = Served::new().await;
    for (path, expected) in [
        ("/api/v1/record?limit=0", "1 to 1000"),
        ("/api/v1/record?limit=1001", "1 to 1000"),
        ("/api/v1/record?limit=ten", "invalid digit"),
        ("/api/v1/record?befor=5", "unknown field `befor`"),
        ("/api/v1/record.csv?limit=-1", "invalid digit"),
        ("/api/v1/counts?from=yesterday", "2026-11-22"),
        ("/api/v1/counts.csv?to=soon", "2026-11-22"),
        ("/api/v1/counts?ap=..%2Fx", "a-z 0-9"),
        ("/api/v1/aps/gakko-1/counts?ap=gakko-2", "unknown field `ap`"),
    ] {
        let complaint = served.get(path).await.complaint(400);
        assert!(complaint.expected.as_deref().unwrap_or_default().contains(expected), "{path}: {complaint:?}");
    }
    let turned = served.get("/api/v1/counts?from=2026-11-23&to=2026-11-22").await.complaint(400);
    assert!(turned.error.contains("later"), "{turned:?}");
}

#[tokio::test]
async fn without_a_store_the_town_is_told_and_the_archive_says_why_not() {
    let served = Served::bare().await;
    assert_eq!(served.get("/api/v1/town").await.status, 200);
    for path in [
        "/api/v1/record",
        "/api/v1/record.csv",
        "/api/v1/counts",
        "/api/v1/counts.csv",
        "/api/v1/distinct",
        "/api/v1/distinct.csv",
        "/api/v1/aps/gakko-1/counts",
        "/api/v1/facilities/gakko/counts.csv",
    ] {
        let answer = served.get(path).await;
        assert_eq!(answer.header("retry-after"), "10", "{path}");
        let complaint = answer.complaint(503);
        let text = format!("{complaint:?}");
        assert!(!text.contains("sqlite") && !text.contains("/tmp"), "nothing from inside: {text}");
    }
}
