//! Machines as the API shows them.

use befund_controller::store::repository::{Agents as _, Presence};
use befund_model::machine::MachineTrust;
use befund_model::operator::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::bed::Bed;
use crate::hostile::enroll;

#[tokio::test]
async fn what_a_machine_trusts_and_refused_is_shown_once_it_said_so() {
    let bed = Bed::new().await;
    let agent = enroll(&bed).await;
    let show = async |path: String| -> Value {
        let request = bed.by(Role::Auditor, Method::GET, &path).await;
        request.send().await.expect("an answer").json().await.expect("JSON")
    };
    let one = format!("/api/v1/machines/{agent}");
    assert_eq!(show(one.clone()).await.get("trust"), None, "it never said");
    let trust = MachineTrust {
        root_version: 2,
        pinned: true,
        catalogue_version: 7,
        catalogue: "ab".repeat(32),
        refusal: Some("the catalogue is not taken".to_owned()),
        ..MachineTrust::default()
    };
    let presence = Presence {
        agent,
        seen_at: bed.app.clock.now(),
        facts: None,
        clock_offset_ms: None,
        trust: Some(trust),
    };
    bed.app.store.flush_presence(&[presence]).await.expect("kept");
    let shown = json!({
        "root_version": 2,
        "pinned": true,
        "catalogue_version": 7,
        "catalogue": "ab".repeat(32),
        "refusal": "the catalogue is not taken",
    });
    assert_eq!(show(one).await["trust"], shown);
    assert_eq!(show("/api/v1/machines".to_owned()).await["items"][0]["trust"], shown);
}
