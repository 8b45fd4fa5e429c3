//! Signing in with a browser: the cookie, who may use it, and how often a password may be tried.

use befund_controller::store::repository::{Audit as _, CredentialKind};
use befund_model::operator::Role;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::bed::{Bed, PASSWORD};

#[tokio::test]
async fn the_cookie_is_kept_from_scripts_and_other_sites() {
    let bed = Bed::new().await;
    let form = format!("name=administrator&password={}&next=/machines", PASSWORD.replace(' ', "+"));
    let request = bed
        .nobody(Method::POST, "/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(form);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["location"], "/machines");
    let cookie = answer.headers()["set-cookie"].to_str().expect("ASCII").to_owned();
    assert!(cookie.starts_with("__Host-befund="), "{cookie}");
    for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=43200"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{attribute} in {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let policy = answer.headers()["content-security-policy"].to_str().expect("ASCII");
    assert!(policy.starts_with("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn a_cookie_changes_nothing_without_proof_of_the_origin() {
    let bed = Bed::new().await;
    let cookie = bed.credential(Role::Administrator, CredentialKind::Session).await.encode();
    let here = format!("http://{}", bed.address);
    let cases = [
        (None, None, StatusCode::FORBIDDEN),
        (None, Some("https://evil.example"), StatusCode::FORBIDDEN),
        (Some("cross-site"), Some("https://evil.example"), StatusCode::FORBIDDEN),
        (Some("same-site"), None, StatusCode::FORBIDDEN),
        (None, Some(here.as_str()), StatusCode::CREATED),
        (Some("same-origin"), None, StatusCode::CREATED),
    ];
    for (site, origin, expected) in cases {
        let mut request = bed
            .nobody(Method::POST, "/api/v1/tickets")
            .header("cookie", format!("__Host-befund={cookie}"))
            .json(&json!({ "subject": "x" }));
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let status = request.send().await.expect("an answer").status();
        assert_eq!(status, expected, "{site:?} {origin:?}");
    }
}

#[tokio::test]
async fn a_cookie_is_no_token_and_a_signed_out_one_is_nothing() {
    let bed = Bed::new().await;
    let shown = bed.credential(Role::Administrator, CredentialKind::Session).await;
    let as_token = format!("befundp_{}", shown.encode());
    let request = bed.nobody(Method::GET, "/api/v1/me").bearer_auth(as_token);
    assert_eq!(request.send().await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    let token = bed.credential(Role::Administrator, CredentialKind::Token).await.encode();
    for (path, expected) in
        [("/api/v1/logout", StatusCode::NO_CONTENT), ("/api/v1/logout", StatusCode::UNAUTHORIZED)]
    {
        let request = bed.nobody(Method::POST, path).bearer_auth(&token);
        assert_eq!(request.send().await.expect("an answer").status(), expected);
    }
}

#[tokio::test]
async fn wrong_passwords_lock_the_name_and_stand_in_the_audit_record() {
    let bed = Bed::new().await;
    let try_with = |name: &'static str, password: &'static str| {
        let body = json!({ "name": name, "password": password, "label": "a test" });
        let request = bed.nobody(Method::POST, "/api/v1/login").json(&body);
        async move { request.send().await.expect("an answer") }
    };
    let unknown = try_with("nobody", "wrong password").await;
    let wrong = try_with("auditor", "wrong password").await;
    assert_eq!(unknown.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    let texts = (unknown.text().await.expect("a text"), wrong.text().await.expect("a text"));
    assert_eq!(texts.0, texts.1, "the answer does not tell which names exist");
    for _ in 0..4 {
        try_with("auditor", "wrong password").await;
    }
    let locked = try_with("auditor", PASSWORD).await;
    assert_eq!(locked.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(locked.headers().contains_key("retry-after"));
    assert_eq!(try_with("administrator", PASSWORD).await.status(), StatusCode::OK);
    while bed.app.store.sequence().await.expect("sequenced") > 0 {}
    let entries = bed.app.store.audit(0, 500).await.expect("readable");
    let refused = entries.iter().filter(|entry| entry.action == "session.refused").count();
    assert_eq!(refused, 6);
}
