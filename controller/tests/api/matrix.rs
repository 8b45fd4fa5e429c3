//! Every role against every route, made from the table itself.

use std::collections::BTreeSet;

use befund_controller::api::access::{Access, Surface};
use befund_controller::api::all_routes;
use befund_model::operator::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::bed::Bed;

const NOBODYS_ID: &str = "00000000-0000-7000-8000-000000000000";

fn filled(path: &str) -> String {
    path.replace("{number}", "4711")
        .replace("{file}", "console.css")
        .replace("{kind}", "cpu")
        .split('/')
        .map(|part| if part.starts_with('{') { NOBODYS_ID } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

#[test]
fn what_is_open_to_everybody_is_enumerated() {
    let open: BTreeSet<(String, &str)> = all_routes()
        .iter()
        .filter(|route| route.access == Access::Open)
        .map(|route| (route.method.to_string(), route.path))
        .collect();
    let expected = [
        ("GET", "/"),
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/assets/{file}"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/sign-in"),
        ("POST", "/api/v1/login"),
        ("POST", "/sign-in"),
    ];
    assert_eq!(open, expected.map(|(method, path)| (method.to_owned(), path)).into());
}

#[tokio::test]
async fn a_role_may_what_the_table_says_and_nothing_else() {
    let bed = Bed::new().await;
    for route in all_routes() {
        let path = filled(route.path);
        let method = Method::from_bytes(route.method.as_str().as_bytes()).expect("a method");
        for role in Role::ALL {
            let request = bed.by(role, method.clone(), &path).await.json(&json!({}));
            let status = request.send().await.expect("an answer").status();
            let what = format!("{method} {} as {role}: {status}", route.path);
            if route.access.admits(role) {
                assert_ne!(status, StatusCode::FORBIDDEN, "{what}");
                assert_ne!(status, StatusCode::NOT_IMPLEMENTED, "{what}");
                assert!(!status.is_server_error(), "{what}");
                let sign_in = route.path.ends_with("/login") || route.path == "/sign-in";
                assert!(sign_in || status != StatusCode::UNAUTHORIZED, "{what}");
            } else {
                assert_eq!(status, StatusCode::FORBIDDEN, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn nobody_gets_in_anywhere_else() {
    let bed = Bed::new().await;
    for route in all_routes() {
        if route.access == Access::Open {
            continue;
        }
        let method = Method::from_bytes(route.method.as_str().as_bytes()).expect("a method");
        let request = bed.nobody(method.clone(), &filled(route.path)).json(&json!({}));
        let answer = request.send().await.expect("an answer");
        let what = format!("{method} {}", route.path);
        match route.surface {
            Surface::Api => {
                assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{what}");
                let problem: Value = answer.json().await.expect("a problem");
                assert_eq!(problem["code"], "unauthenticated", "{what}");
            }
            Surface::Page => {
                assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{what}");
                let there = answer.headers()["location"].to_str().expect("ASCII").to_owned();
                assert!(there.starts_with("/sign-in"), "{what}: {there}");
            }
        }
    }
}

#[tokio::test]
async fn the_description_lists_every_route_and_resolves() {
    let bed = Bed::new().await;
    let answer = bed.nobody(Method::GET, "/api/v1/openapi.json").send().await.expect("an answer");
    let text = answer.text().await.expect("a text");
    let api: Value = serde_json::from_str(&text).expect("JSON");
    for route in all_routes().iter().filter(|route| route.surface == Surface::Api) {
        let method = route.method.as_str().to_lowercase();
        assert!(api["paths"][route.path][&method].is_object(), "{method} {}", route.path);
    }
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().expect("a name");
        assert!(api["components"]["schemas"][name].is_object(), "{name} is referred to");
    }
}
