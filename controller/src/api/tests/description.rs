//! The OpenAPI document against what is served: no path without words, no words without a path.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

#[tokio::test]
async fn every_route_is_described_and_every_description_is_served() {
    // A PATCH is answered nowhere; what it is told to use instead is what the path takes.
    let served = Served::new().await;
    let document = served.get("/api/v1/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let described: BTreeMap<String, BTreeSet<String>> = document["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .map(|(path, methods)| {
            (path.clone(), methods.as_object().expect("methods").keys().map(|it| it.to_uppercase()).collect())
        })
        .collect();
    let mut taken = BTreeMap::new();
    for (path, _) in routes() {
        if PAGES.contains(&path) {
            continue;
        }
        let answer = served.ask("PATCH", &path.replace("{id}", "1"), &[], "").await;
        assert_eq!(answer.status, 405, "{path}");
        let methods = answer.header("allow").split(',').filter(|it| *it != "HEAD").map(str::to_owned).collect();
        taken.insert(path.to_owned(), methods);
    }
    assert_eq!(taken, described);
}

#[tokio::test]
async fn the_town_has_exactly_the_documented_fields() {
    // Walk the answer along its schema, both ways, with every optional part present somewhere.
    let served = Served::new().await;
    served.view.send_modify(|view| {
        let mut new = TownView::clone(view);
        new.broker_lost = Some((AT, "x".to_owned()));
        new.store_lost = Some((AT, "x".to_owned(), 1));
        let id = |id: &str| id.parse().expect("an identifier");
        new.seat = Some(crate::core::view::SeatView {
            id: id("yakuba"),
            active: true,
            since_ms: AT,
            alone_since_ms: Some(AT),
            peers: vec![crate::core::view::PeerView {
                id: id("kouminkan"),
                active: false,
                there: false,
                number: 3,
                heard_ms: Some(AT),
            }],
            mistake: Some(crate::core::view::Mistake::SameRank(id("kouminkan"))),
            lock: Some(None),
        });
        new.key.fault = Some((crate::core::KeyFault::Unreadable("x".to_owned()), AT));
        *view = Arc::new(new);
    });
    let document = served.get("/api/v1/openapi.json").await.json();
    let mut compared = BTreeSet::new();
    let schema = serde_json::json!({"$ref": "#/components/schemas/TownJson"});
    compare(&document, &schema, &served.get("/api/v1/town").await.json(), "town", &mut compared);
    for name in [
        "TownJson",
        "KeyFaultJson",
        "BrokerLostJson",
        "StoreLostJson",
        "WitnessedJson",
        "NetworkJson",
        "SeatJson",
        "PeerJson",
    ] {
        assert!(compared.contains(name), "{name} was not compared: {compared:?}");
    }
}

fn compare(document: &Value, schema: &Value, value: &Value, at: &str, compared: &mut BTreeSet<String>) {
    if value.is_null() {
        return;
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/components/schemas/")) {
        compared.insert(name.to_owned());
        return compare(document, &document["components"]["schemas"][name], value, at, compared);
    }
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        for choice in choices.iter().filter(|choice| choice["type"] != "null") {
            compare(document, choice, value, at, compared);
        }
        return;
    }
    if let Some(fields) = value.as_object() {
        let documented = schema["properties"].as_object().unwrap_or_else(|| panic_with(&format!("{at}: {schema}")));
        let names = |it: &serde_json::Map<String, Value>| it.keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(names(fields), names(documented), "{at}");
        for (name, value) in fields {
            compare(document, &documented[name], value, &format!("{at}.{name}"), compared);
        }
    } else if let Some(items) = value.as_array() {
        for item in items {
            compare(document, &schema["items"], item, &format!("{at}[]"), compared);
        }
    } else if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{at}: {value} is none of {words:?}");
    }
}
