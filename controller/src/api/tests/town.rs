//! The town as it is now, in full and in parts, and what machines read of it.

use serde_json::json;

use super::*;

#[tokio::test]
async fn the_town_is_told_whole() {
    // Every field, literally: a program somewhere reads each of them.
    let served = Served::new().await;
    let answer = served.get("/api/v1/town").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let wanted = json!({"number": 42, "mode": "disaster"});
    let ap = |id: &str, name: &str, standing: &str, why: &str| {
        json!({"id": id, "name": name, "wanted": wanted, "reported": null, "managed": "agent",
            "profile": null, "witnessed": null, "standing": standing,
            "since": "2026-11-22T14:31:34.123+09:00", "why": why, "heard": null, "stations": null})
    };
    let mut settled = ap("yakuba-1", "ロビー", "settled", "");
    settled["reported"] = json!({"told": 42, "running": 42, "mode": "disaster", "agent": "0.1.0", "networks": [
        {"interface": "wlan0jp", "ssid": "00000JAPAN", "bssid": "02:00:00:00:00:01", "channel": 6, "stations": 12}]});
    settled["witnessed"] = json!({"open": true, "at": "2026-11-22T14:31:59.123+09:00", "by": null, "why": ""});
    settled["heard"] = json!("2026-11-22T14:32:03.123+09:00");
    settled["stations"] = json!(12);
    let refused = ap("gakko-1", "体育館", "refused", "hostapd: no such radio");
    let silent = ap("gakko-2", "廊下", "silent", "never heard");
    assert_eq!(
        answer.json(),
        json!({
            "at": "2026-11-22T14:32:04.123+09:00", "at_ms": 1_795_325_524_123_i64,
            "town": "shiomi", "name": "潮見町", "name_en": "Shiomi",
            "mode": "disaster", "mode_since": "2026-11-22T14:31:04.123+09:00", "decisive": 7,
            "order": {"number": 42, "issued_at": "2026-11-22T14:31:04.123+09:00", "published": true},
            "key": {"present": true, "position": "normal", "since": "2026-11-22T14:32:04.123+09:00", "fault": null,
                "isolated": null},
            "activations": [{"id": 7, "by": "operator:田中", "mode": "disaster", "facilities": ["gakko", "yakuba"],
                "since": "2026-11-22T14:31:04.123+09:00", "until": null, "why": "地震"}],
            "totals": {"aps": 3, "told": 1, "running": 1, "witnessed": 1, "unwitnessable": 2, "settled": 1,
                "settling": 0, "refused": 1, "diverged": 0, "silent": 1, "to_open": 3, "open": 1, "stations": 12,
                "facilities": 2, "facilities_to_open": 2, "facilities_open": 1},
            "controller": null, "broker_lost": null, "store_lost": null, "left_open": [], "strangers": [],
            "facilities": [
                {"id": "yakuba", "name": "役場", "name_en": "Town hall", "district": "潮見", "shelter": true,
                    "wanted": "disaster", "aps": [settled]},
                {"id": "gakko", "name": "潮見小学校", "name_en": "", "district": "潮見", "shelter": true,
                    "wanted": "disaster", "aps": [refused, silent]}]
        })
    );
}

#[tokio::test]
async fn a_new_view_is_told_at_once_also_by_a_warm_cache() {
    let served = Served::new().await;
    assert_eq!(served.get("/api/v1/town").await.json()["mode"], "disaster");
    served.view.send_modify(|view| {
        let mut new = TownView::clone(view);
        new.mode = Mode::Drill;
        new.broker_lost = Some((AT, "connection refused".to_owned()));
        *view = Arc::new(new);
    });
    let town = served.get("/api/v1/town").await.json();
    assert_eq!(town["mode"], "drill");
    assert_eq!(town["broker_lost"], json!({"since": "2026-11-22T14:32:04.123+09:00", "why": "connection refused"}));
}

#[tokio::test]
async fn parts_of_the_town_by_name_and_nothing_by_a_wrong_one() {
    let served = Served::new().await;
    let town = served.get("/api/v1/town").await.json();
    assert_eq!(served.get("/api/v1/facilities").await.json()["facilities"], town["facilities"]);
    assert_eq!(served.get("/api/v1/facilities/gakko").await.json(), town["facilities"][1]);
    let mut ap = town["facilities"][1]["aps"][0].clone();
    ap["facility"] = json!("gakko");
    assert_eq!(served.get("/api/v1/aps/gakko-1").await.json(), ap);
    let aps = served.get("/api/v1/aps").await.json();
    assert_eq!(aps["aps"].as_array().map(Vec::len), Some(3));
    assert_eq!(aps["aps"][1], ap);
    assert_eq!(served.get("/api/v1/aps/gakko-9").await.complaint(404).found.as_deref(), Some("gakko-9"));
    assert_eq!(served.get("/api/v1/facilities/x").await.complaint(404).found.as_deref(), Some("x"));
}

#[tokio::test]
async fn access_points_as_csv_to_the_byte() {
    let served = Served::new().await;
    let answer = served.get("/api/v1/aps.csv").await;
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"aps.csv\"");
    let since = "令和8年11月22日 14時31分,2026-11-22T14:31:34.123+09:00";
    let expected = format!(
        "\u{feff}施設,地区,機器,機器名,訓練,指令のモード,状態,いつから,いつから（ISO 8601）,理由,反映した指令,\
         最後の受信（ISO 8601）,接続中の端末\r\n\
         役場,潮見,yakuba-1,ロビー,,災害,反映済み,{since},,42,2026-11-22T14:32:03.123+09:00,12\r\n\
         潮見小学校,潮見,gakko-1,体育館,,災害,設定を拒否,{since},hostapd: no such radio,,,\r\n\
         潮見小学校,潮見,gakko-2,廊下,,災害,応答なし,{since},never heard,,,\r\n"
    );
    assert_eq!(answer.text(), expected);
}

#[tokio::test]
async fn metrics_can_be_parsed_line_by_line() {
    // Read as Prometheus reads: each family announced once before its samples, each sample a number.
    let served = Served::new().await;
    let answer = served.get("/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(answer.text().ends_with('\n'));
    let mut family = "";
    let mut samples = Vec::new();
    for line in answer.text().lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().expect("a name");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            assert_eq!(kind, format!("{family} gauge"));
        } else {
            let (name, value) = line.rsplit_once(' ').expect("a sample");
            assert_eq!(name.split('{').next(), Some(family), "{line}");
            samples.push((name, value.parse::<f64>().expect("a number")));
        }
    }
    let value = |name: &str| samples.iter().find(|(it, _)| *it == name).map(|(_, value)| *value);
    for (name, expected) in [
        ("hirake_mode{mode=\"disaster\"}", 1.0),
        ("hirake_mode{mode=\"normal\"}", 0.0),
        ("hirake_order_number", 42.0),
        ("hirake_aps{standing=\"refused\"}", 1.0),
        ("hirake_stations{facility=\"yakuba\"}", 12.0),
        ("hirake_aps_left_open", 0.0),
        ("hirake_strange_networks{kind=\"alarm\"}", 0.0),
        ("hirake_key_fault", 0.0),
        ("hirake_broker_up", 1.0),
        ("hirake_store_up", 1.0),
        ("hirake_entries_waiting", 0.0),
    ] {
        assert_eq!(value(name), Some(expected), "{name}");
    }
    assert!(value("process_start_time_seconds") > Some(1.7e9));
}

#[tokio::test]
async fn ready_says_why_not_and_health_only_asks_whether_the_loop_lives() {
    let served = Served::new().await;
    assert_eq!(served.get("/readyz").await.text(), "ok\n");
    served.view.send_modify(|view| {
        let mut new = TownView::clone(view);
        new.broker_lost = Some((AT, "refused".to_owned()));
        new.store_lost = Some((AT, "disk full".to_owned(), 3));
        new.order = None;
        *view = Arc::new(new);
    });
    let answer = served.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.text(), "broker: refused\nstore: disk full; 3 entries wait\norder: none was decided yet\n");
    assert_eq!(served.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_loop_that_stands_is_not_healthy_and_is_again_when_it_goes_on() {
    // Nothing is published for more than 5 s, then something.
    let served = Served::new().await;
    served.publishing.abort();
    let stands = async {
        while served.get("/healthz").await.status == 200 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, stands).await.expect("503 after 5 s");
    assert!(served.get("/healthz").await.text().starts_with("loop: "));
    served.view.send_modify(|_| ());
    let lives = async {
        while served.get("/healthz").await.status != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, lives).await.expect("200 after a view");
}
