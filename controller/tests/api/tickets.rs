//! Tickets over the API: conflicts, what is not there, whose they are, and the live timeline.

use befund_model::operator::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bed::Bed;

async fn open(bed: &Bed, requester: &str) -> i64 {
    let body = json!({ "subject": "no sound", "message": "since today", "requester": requester });
    let request = bed.by(Role::TechnicianL1, Method::POST, "/api/v1/tickets").await.json(&body);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::CREATED);
    answer.json::<Value>().await.expect("a ticket")["ticket"]["number"].as_i64().expect("a number")
}

async fn change(bed: &Bed, number: i64, body: Value) -> (StatusCode, Value) {
    let path = format!("/api/v1/tickets/{number}/changes");
    let request = bed.by(Role::TechnicianL2, Method::POST, &path).await.json(&body);
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn of_two_who_close_a_ticket_one_is_told() {
    let bed = Bed::new().await;
    let number = open(&bed, "ada").await;
    let close =
        |solution: &str| json!({ "version": 1, "change": { "close": { "solution": solution } } });
    let (one, two) = tokio::join!(
        change(&bed, number, close("a new cable")),
        change(&bed, number, close("turned it up"))
    );
    let mut statuses = [one.0, two.0];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::CONFLICT]);
    let refused = if one.0 == StatusCode::CONFLICT { one.1 } else { two.1 };
    assert_eq!(refused["code"], "conflict");
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let bed = Bed::new().await;
    for path in
        ["/api/v1/tickets/4711", "/api/v1/tickets/x", "/api/v1/machines/nobody", "/api/v1/jobs/x"]
    {
        let request = bed.by(Role::Auditor, Method::GET, path).await;
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "not_found", "{path}");
    }
}

#[tokio::test]
async fn a_requester_sees_their_own_tickets_only() {
    let bed = Bed::new().await;
    let other = open(&bed, "ada").await;
    let own = open(&bed, "requester").await;
    let request = bed.by(Role::Requester, Method::GET, "/api/v1/tickets?requester=ada").await;
    let page: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    let numbers: Vec<_> =
        page["items"].as_array().expect("rows").iter().map(|row| row["number"].as_i64()).collect();
    assert_eq!(numbers, [Some(own)]);
    for suffix in ["", "/events"] {
        let path = format!("/api/v1/tickets/{other}{suffix}");
        let request = bed.by(Role::Requester, Method::GET, &path).await;
        assert_eq!(request.send().await.expect("an answer").status(), StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn the_live_timeline_goes_on_where_the_reader_was_and_grows() {
    let bed = Bed::new().await;
    let number = open(&bed, "ada").await;
    let (_, view) = change(&bed, number, json!({ "change": { "comment": "first" } })).await;
    let seen = view["timeline"][0]["seq"].as_i64().expect("a place");
    let path = format!("/api/v1/tickets/{number}/events");
    let request = bed.by(Role::Auditor, Method::GET, &path).await;
    let mut stream = request.header("last-event-id", seen).send().await.expect("a stream");
    let mut text = String::new();
    read_until(&mut stream, &mut text, "first").await;
    assert!(!text.contains("since today"), "what was seen is not told again: {text}");
    change(&bed, number, json!({ "change": { "comment": "second" } })).await;
    read_until(&mut stream, &mut text, "second").await;
}

async fn read_until(stream: &mut reqwest::Response, text: &mut String, word: &str) {
    while !text.contains(word) {
        let chunk = stream.chunk().await.expect("readable").expect("it does not end");
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
}
