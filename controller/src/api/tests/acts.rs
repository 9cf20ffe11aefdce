//! Acts: what reaches the core, and everything that must not.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;

const OPEN: &str = r#"{"mode": "disaster", "why": "地震", "by": "田中"}"#;

/// An act whose question is answered by the core as given; both sides of it.
async fn answered(
    served: &mut Served,
    method: &str,
    path: &str,
    body: &str,
    outcome: Result<u64, AskRefused>,
) -> (Answer, String, Ask) {
    let asking = served.acting(method, path, body);
    let question = served.question().await;
    question.answer.send(outcome).expect("somebody waits for the answer");
    (asking.await.expect("no panic"), question.by, question.ask)
}

#[tokio::test]
async fn each_act_reaches_the_core_as_it_was_meant() {
    let mut served = Served::new().await;
    let (answer, by, ask) = answered(&mut served, "POST", "/api/v1/activations", OPEN, Ok(8)).await;
    assert_eq!((answer.status, answer.header("location")), (201, "/api/v1/activations/8"));
    assert_eq!(answer.json(), json!({"activation": 8}));
    assert_eq!(by, "田中");
    assert_eq!(ask, Ask::Open { facilities: None, why: "地震".to_owned() });

    let body = r#"{"mode": "drill", "minutes": 90, "facilities": ["gakko"], "why": "a\nb", "by": " x "}"#;
    let (_, by, ask) = answered(&mut served, "POST", "/api/v1/activations", body, Ok(9)).await;
    let facilities = Some(BTreeSet::from(["gakko".parse().expect("an identifier")]));
    assert_eq!(ask, Ask::Drill { facilities, length: Duration::from_secs(5400), why: "a b".to_owned() });
    assert_eq!(by, "x");

    let why = r#"{"why": "done", "by": "x"}"#;
    let (answer, _, ask) = answered(&mut served, "DELETE", "/api/v1/activations/9", why, Ok(9)).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"activation": 9})));
    assert_eq!(ask, Ask::Close { activation: 9, why: "done".to_owned() });

    let (answer, _, ask) = answered(&mut served, "POST", "/api/v1/key/isolate", why, Ok(0)).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"activation": null})));
    assert_eq!(ask, Ask::IsolateKey { why: "done".to_owned() });
    let (_, _, ask) = answered(&mut served, "POST", "/api/v1/key/restore", why, Ok(0)).await;
    assert_eq!(ask, Ask::RestoreKey { why: "done".to_owned() });
}

#[tokio::test]
async fn what_the_core_refuses_comes_back_in_its_words() {
    let mut served = Served::new().await;
    let why = r#"{"why": "done", "by": "x"}"#;
    for (refusal, status) in [
        (AskRefused::NoSuchActivation(9), 404),
        (AskRefused::NotYours { id: 9, by: "the key".to_owned() }, 409),
        (AskRefused::NoSuchFacility("gakko".parse().expect("an identifier")), 422),
        (AskRefused::DrillLength { asked_min: 0, max_min: 720 }, 422),
        (AskRefused::NothingToOpen, 422),
        (AskRefused::TooMany { max: 64 }, 409),
    ] {
        let words = refusal.to_string();
        let (answer, ..) = answered(&mut served, "DELETE", "/api/v1/activations/9", why, Err(refusal)).await;
        assert_eq!(answer.complaint(status).error, words);
    }
}

#[tokio::test]
async fn without_the_token_nothing_reaches_the_core() {
    let mut served = Served::new().await;
    let json = ("Content-Type", "application/json");
    let answer = served.ask("POST", "/api/v1/activations", &[json], OPEN).await;
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    answer.complaint(401);
    for wrong in ["Bearer", "Bearer no", "Basic 0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"] {
        let answer = served.ask("POST", "/api/v1/activations", &[json, ("Authorization", wrong)], OPEN).await;
        answer.complaint(401);
    }
    for (method, path) in
        [("DELETE", "/api/v1/activations/7"), ("POST", "/api/v1/key/isolate"), ("POST", "/api/v1/key/restore")]
    {
        served.ask(method, path, &[json], OPEN).await.complaint(401);
    }
    assert!(served.questions.try_recv().is_err());
}

#[tokio::test]
async fn a_house_without_a_token_says_how_to_set_one() {
    let served = Served::bare().await;
    let complaint = served.act("POST", "/api/v1/activations", OPEN).await.complaint(403);
    assert!(complaint.todo.contains("token-file"), "{complaint:?}");
}

#[tokio::test]
async fn another_content_type_is_refused_so_that_no_foreign_page_can_act() {
    let served = Served::new().await;
    let bearer = format!("Bearer {TOKEN}");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"] {
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", kind)];
        served.ask("POST", "/api/v1/activations", &headers, OPEN).await.complaint(415);
    }
    served.ask("POST", "/api/v1/activations", &[("Authorization", &bearer)], OPEN).await.complaint(415);
}

#[tokio::test]
async fn bad_bodies_are_told_what_was_found_and_what_is_allowed() {
    let mut served = Served::new().await;
    for (body, status, found) in [
        ("", 400, "EOF"),
        ("{", 400, "EOF"),
        ("[]", 400, "invalid"),
        (r#"{"mode": "disaster", "why": "x", "by": "y", "facilites": ["gakko"]}"#, 400, "facilites"),
        (r#"{"mode": "open", "why": "x", "by": "y"}"#, 400, "open"),
        (r#"{"mode": "disaster", "by": "y"}"#, 400, "why"),
        (r#"{"mode": "disaster", "why": 5, "by": "y"}"#, 400, "integer"),
        (r#"{"mode": "drill", "why": "x", "by": "y"}"#, 422, ""),
        (r#"{"mode": "disaster", "minutes": 5, "why": "x", "by": "y"}"#, 422, "5"),
        (r#"{"mode": "disaster", "facilities": [], "why": "x", "by": "y"}"#, 422, "[]"),
        (r#"{"mode": "disaster", "facilities": ["町"], "why": "x", "by": "y"}"#, 422, "町"),
        (r#"{"mode": "disaster", "why": " ", "by": "y"}"#, 422, ""),
        (r#"{"mode": "disaster", "why": "x"}"#, 422, ""),
        (r#"{"mode": "disaster", "why": "x", "by": ""}"#, 422, ""),
        ("{\"mode\": \"disaster\", \"why\": \"x\", \"by\": \"a\\u001b[2Jb\"}", 422, "[2Jb"),
    ] {
        let complaint = served.act("POST", "/api/v1/activations", body).await.complaint(status);
        assert!(complaint.found.unwrap_or_default().contains(found), "{body}");
    }
    let long = format!(r#"{{"mode": "disaster", "why": "x", "by": "{}"}}"#, "a".repeat(61));
    served.act("POST", "/api/v1/activations", &long).await.complaint(422);
    let huge = format!(r#"{{"why": "{}"}}"#, "a".repeat(17_000));
    served.act("POST", "/api/v1/key/isolate", &huge).await.complaint(413);
    served.act("DELETE", "/api/v1/activations/all", r#"{"why": "x", "by": "y"}"#).await.complaint(400);
    assert!(served.questions.try_recv().is_err(), "nothing of this reached the core");
}

#[tokio::test]
async fn the_name_may_come_in_a_header_but_not_two_names() {
    let mut served = Served::new().await;
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json"), ("X-Hirake-By", "田中")];
    let two = served.ask("POST", "/api/v1/key/isolate", &headers, r#"{"why": "x", "by": "鈴木"}"#).await;
    assert!(two.complaint(422).found.unwrap_or_default().contains("鈴木"));
    let asking = served.asking("POST", "/api/v1/key/isolate", &headers, r#"{"why": "x"}"#);
    let question = served.question().await;
    assert_eq!(question.by, "田中");
    question.answer.send(Ok(0)).expect("somebody waits");
    assert_eq!(asking.await.expect("no panic").status, 200);
}

#[tokio::test]
async fn a_core_that_is_gone_is_said_to_have_done_nothing_and_one_that_drops_the_question_to_be_uncertain() {
    let mut served = Served::new().await;
    let dropped = served.acting("POST", "/api/v1/key/isolate", r#"{"why": "x", "by": "y"}"#);
    drop(served.question().await);
    assert!(dropped.await.expect("no panic").complaint(504).error.contains("may have been done"));
    served.questions.close();
    assert!(served.act("POST", "/api/v1/activations", OPEN).await.complaint(503).error.contains("nothing was done"));
}
