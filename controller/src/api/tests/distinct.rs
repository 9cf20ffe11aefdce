//! Distinct devices over HTTP: merged per facility and town, rounded, small ones not told, drills marked.

use std::collections::BTreeSet;
use std::ops::Range;

use firmware_config::sketch::{Mark, Sketch};
use firmware_config::wire::Period;
use serde_json::json;

use super::*;
use crate::core::distinct::KeptSketch;
use crate::core::{Activation, Durable, Source};

const DRILL: Period = Period { activation: 1, since_ms: AT };
const FLOOD: Period = Period { activation: 2, since_ms: AT + 3_600_000 };

fn activation(period: Period, source: Source, mode: Mode) -> Activation {
    let facilities = BTreeSet::new();
    let Period { activation: id, since_ms } = period;
    Activation { id, boot: String::new(), source, mode, facilities, since_ms, until_ms: None, why: String::new() }
}

fn sketch(period: Period, (ap, facility): (&str, &str), devices: Range<u64>) -> KeptSketch {
    let mut registers = Sketch::default();
    for device in devices {
        let mixed = (device + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        registers.note(Mark::of((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)));
    }
    KeptSketch { period, ap: ap.parse().expect("valid"), facility: facility.parse().expect("valid"), registers }
}

async fn with_sketches() -> Served {
    let served = Served::new().await;
    let store = &served.house.store;
    store.remembered().await.expect("an open store");
    let activations = vec![
        activation(DRILL, Source::Operator("田中".to_owned()), Mode::Drill),
        activation(FLOOD, Source::Key(None), Mode::Disaster),
    ];
    store.write(&Durable { activations, ..Durable::default() }, None).await.expect("stored");
    let sketches = [
        sketch(DRILL, ("gakko-1", "gakko"), 0..4),
        sketch(FLOOD, ("gakko-1", "gakko"), 0..600),
        sketch(FLOOD, ("yakuba-1", "yakuba"), 400..404),
        sketch(FLOOD, ("old-ap", "yakuba"), 300..500),
    ];
    store.add_sketches(&sketches).await.expect("stored");
    served
}

#[tokio::test]
async fn each_activation_tells_of_town_facilities_and_aps_and_never_of_few() {
    let served = with_sketches().await;
    let told = served.get("/api/v1/distinct").await.json();
    assert_eq!(told["error_percent"], 5);
    let [drill, flood] = [&told["activations"][0], &told["activations"][1]];
    assert_eq!((&drill["mode"], &drill["by"]), (&json!("drill"), &json!("operator:田中")));
    assert_eq!(drill["town"], json!({"devices": null, "fewer_than": 10}), "four people are nobody's business");
    assert_eq!((&flood["mode"], &flood["since"]), (&json!("disaster"), &json!("2026-11-22T15:32:04.123+09:00")));
    let about = |value: &Value, truth: f64| {
        let devices = value["devices"].as_f64().expect("a figure");
        assert!((devices / truth - 1.0).abs() < 0.08, "{devices} of {truth}");
    };
    // All in the town hall were at the school too: the town is no more than the school.
    about(&flood["town"], 600.0);
    assert_eq!(flood["town"]["devices"], flood["facilities"][0]["devices"]);
    about(&flood["facilities"][1], 200.0);
    let aps: Vec<_> = flood["aps"].as_array().expect("aps").iter().map(|ap| (&ap["id"], &ap["name"])).collect();
    assert_eq!(aps[0], (&json!("gakko-1"), &json!("体育館")));
    assert_eq!(flood["aps"][2]["fewer_than"], 10, "{flood}");
    let later = served.get("/api/v1/distinct?from=2026-11-22T15:00:00%2B09:00").await.json();
    assert_eq!(later["activations"].as_array().map(Vec::len), Some(1));
    served.get("/api/v1/distinct?from=soon").await.complaint(400);
}

#[tokio::test]
async fn the_csv_marks_drills_and_says_the_error() {
    let served = with_sketches().await;
    let answer = served.get("/api/v1/distinct.csv").await;
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"distinct.csv\"");
    let text = answer.text();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(
        lines[0],
        "\u{feff}発動,開始,開始（ISO 8601）,訓練,モード,範囲,識別子,名称,おおよその端末数（延べではない）,誤差（±％）"
    );
    assert!(lines[1].contains(",訓練,drill,町全体,") && lines[1].ends_with(",10未満,"), "{}", lines[1]);
    assert!(
        lines.iter().any(|line| line.contains(",,disaster,施設,gakko,潮見小学校,") && line.ends_with(",5")),
        "{text}"
    );
    assert_eq!(lines.len(), 1 + 3 + 6 + 1);
}
