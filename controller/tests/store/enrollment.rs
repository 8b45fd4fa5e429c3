//! Tokens, identities, accounts: given out exactly as often as they may be, and ended for good.

use std::collections::{HashMap, HashSet};

use befund_controller::store::repository::{
    Agents as _, Audit as _, CredentialKind, MachineFacts, NewCredential, Operators as _, Presence,
    Rebound, Redeemed, StoreError,
};
use befund_model::api::MachineQuery;
use befund_model::id::{AgentId, CredentialId, OperatorId, TokenId};
use befund_model::machine::MachineTrust;
use befund_model::operator::{Operator, Role};
use befund_runtime::clock::random;

use crate::bed::{Bed, at, by, on_both, redemption, token};

on_both!(
    a_thousand_redemptions_give_exactly_the_uses,
    the_same_key_gets_the_same_identity,
    a_token_that_does_not_fit_is_told_apart,
    an_identity_is_bound_recovered_and_revoked,
    presence_is_folded_in,
    machines_are_found_and_paged_by_name,
    accounts_and_credentials_end,
);

async fn a_thousand_redemptions_give_exactly_the_uses(bed: Bed) {
    for uses in [1, 7] {
        let token = token(uses);
        bed.store.create_token(token.clone(), &by(), at(0)).await.unwrap();
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..1_000 {
            let (store, redemption) = (bed.store.clone(), redemption(&token));
            all.spawn(async move { store.redeem(redemption, at(1)).await.unwrap() });
        }
        let mut new = HashSet::new();
        while let Some(redeemed) = all.join_next().await {
            match redeemed.unwrap() {
                Redeemed::New(agent) => assert!(new.insert(agent)),
                other => assert_eq!(other, Redeemed::UsedUp),
            }
        }
        assert_eq!(new.len(), uses as usize);
        for agent in new {
            assert!(bed.store.machine(agent).await.unwrap().is_some());
        }
    }
    assert_eq!(bed.store.tokens(at(1)).await.unwrap(), Vec::new());
    assert_eq!(bed.store.machines(&MachineQuery::default()).await.unwrap().items.len(), 8);
}

async fn the_same_key_gets_the_same_identity(bed: Bed) {
    let token = token(1);
    bed.store.create_token(token.clone(), &by(), at(0)).await.unwrap();
    let first = redemption(&token);
    let redeemed = bed.store.redeem(first.clone(), at(1)).await.unwrap();
    assert_eq!(redeemed, Redeemed::New(first.agent));
    let mut again = first.clone();
    again.agent = AgentId::new(at(2), random());
    assert_eq!(bed.store.redeem(again.clone(), at(2)).await.unwrap(), Redeemed::Again(first.agent));
    bed.store.revoke(first.agent, &by(), at(3)).await.unwrap();
    assert_eq!(bed.store.redeem(again, at(4)).await.unwrap(), Redeemed::UsedUp);
}

async fn a_token_that_does_not_fit_is_told_apart(bed: Bed) {
    let mut token = token(5);
    token.network = "10.1.0.0/16".to_owned();
    bed.store.create_token(token.clone(), &by(), at(0)).await.unwrap();
    let listed = bed.store.tokens(at(1)).await.unwrap();
    assert_eq!((listed.len(), listed[0].uses_left), (1, 5));
    assert_eq!(listed[0].created_by, "ada");

    let mut inside = redemption(&token);
    inside.source = [10, 1, 2, 3].into();
    let mut wrong = inside.clone();
    wrong.secret_hash = random();
    assert_eq!(bed.store.redeem(wrong, at(1)).await.unwrap(), Redeemed::Unknown);
    let mut unknown = inside.clone();
    unknown.token = TokenId::new(at(0), random());
    assert_eq!(bed.store.redeem(unknown, at(1)).await.unwrap(), Redeemed::Unknown);
    let outside = redemption(&token);
    assert_eq!(bed.store.redeem(outside, at(1)).await.unwrap(), Redeemed::WrongNetwork);
    assert_eq!(bed.store.redeem(inside.clone(), at(1_800)).await.unwrap(), Redeemed::Expired);
    assert_eq!(
        bed.store.redeem(inside.clone(), at(1_799)).await.unwrap(),
        Redeemed::New(inside.agent)
    );
    assert_eq!(bed.store.tokens(at(2)).await.unwrap()[0].uses_left, 4);
    assert_eq!(bed.store.tokens(at(1_800)).await.unwrap(), Vec::new());
}

async fn an_identity_is_bound_recovered_and_revoked(bed: Bed) {
    let agent = bed.machine("pc-1").await;
    let rebind = async |key: &[u8], until| bed.store.rebind(agent, key, at(until)).await.unwrap();
    assert_eq!(rebind(b"another key", 5).await, Rebound::Bound);
    assert_eq!(rebind(b"an older key", 4).await, Rebound::Stale);
    assert_eq!(rebind(b"another key", 5).await, Rebound::Bound, "certificates of one second");
    assert!(bed.store.recover(agent, 3, at(6)).await.unwrap());
    assert!(!bed.store.recover(agent, 3, at(7)).await.unwrap(), "each counter once");
    assert!(!bed.store.recover(agent, 2, at(7)).await.unwrap());
    let binding = bed.store.binding(agent).await.unwrap().unwrap();
    assert_eq!(binding.public_key, b"another key");
    assert_eq!((binding.recovery_counter, binding.revoked), (3, false));

    let machine = bed.store.revoke(agent, &by(), at(8)).await.unwrap();
    assert_eq!(machine.revoked_at, Some(at(8)));
    let twice = bed.store.revoke(agent, &by(), at(9)).await.unwrap();
    assert_eq!(twice.revoked_at, Some(at(8)));
    assert_eq!(bed.store.revoked().await.unwrap(), HashSet::from([agent]));
    assert!(bed.store.binding(agent).await.unwrap().unwrap().revoked);
    assert!(!bed.store.recover(agent, 9, at(9)).await.unwrap());

    let nobody = AgentId::new(at(0), random());
    assert_eq!(bed.store.binding(nobody).await.unwrap(), None);
    let error = bed.store.rebind(nobody, b"key", at(9)).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { what: "machine", .. }), "{error:?}");
    let error = bed.store.revoke(nobody, &by(), at(9)).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { what: "machine", .. }), "{error:?}");
}

async fn presence_is_folded_in(bed: Bed) {
    let (one, other) = (bed.machine("pc-1").await, bed.machine("pc-2").await);
    let facts = MachineFacts {
        name: "Büro-1".to_owned(),
        os: "Windows 11".to_owned(),
        agent_version: "0.2.0".to_owned(),
    };
    let presence = |agent, seen, facts, clock_offset_ms| Presence {
        agent,
        seen_at: at(seen),
        facts,
        clock_offset_ms,
        trust: None,
    };
    let nobody = AgentId::new(at(0), random());
    bed.store
        .flush_presence(&[
            presence(other, 20, None, None),
            presence(one, 21, Some(facts.clone()), Some(-1_500)),
            presence(nobody, 22, None, Some(1)),
        ])
        .await
        .unwrap();
    let trust = MachineTrust {
        root_version: 2,
        pinned: true,
        catalogue_version: 7,
        catalogue: "ab".repeat(32),
        refusal: Some("too old".to_owned()),
        ..MachineTrust::default()
    };
    let trusting = Presence { trust: Some(trust.clone()), ..presence(one, 21, None, None) };
    bed.store.flush_presence(&[trusting]).await.unwrap();
    // What is older does not turn the clock back, and says nothing of the rest.
    bed.store.flush_presence(&[presence(one, 5, None, None)]).await.unwrap();
    let trusted = bed.store.trusted(&[one, other, nobody]).await.unwrap();
    assert_eq!(trusted, HashMap::from([(one, trust)]));
    let machine = bed.store.machine(one).await.unwrap().unwrap();
    assert_eq!((machine.last_seen, machine.clock_offset_ms), (Some(at(21)), Some(-1_500)));
    assert_eq!((machine.name, machine.os), (facts.name, facts.os));
    let machine = bed.store.machine(other).await.unwrap().unwrap();
    assert_eq!((machine.last_seen, machine.name.as_str()), (Some(at(20)), "pc-2"));
    assert_eq!(bed.store.machine(nobody).await.unwrap(), None);
    assert_eq!(bed.store.find_machine("BÜRO-1").await.unwrap().unwrap().id, one);
    assert_eq!(bed.store.find_machine(&one.to_string()).await.unwrap().unwrap().id, one);
}

async fn machines_are_found_and_paged_by_name(bed: Bed) {
    for name in ["beta", "Alpha", "gamma", "alpha", "a_c", "abc"] {
        bed.machine(name).await;
    }
    let mut names = Vec::new();
    let mut query = MachineQuery { limit: Some(2), ..MachineQuery::default() };
    loop {
        let page = bed.store.machines(&query).await.unwrap();
        names.extend(page.items.into_iter().map(|machine| machine.name.to_lowercase()));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(names, ["a_c", "abc", "alpha", "alpha", "beta", "gamma"]);
    let query = MachineQuery { q: Some("A_".to_owned()), ..MachineQuery::default() };
    let page = bed.store.machines(&query).await.unwrap();
    assert_eq!(page.items.len(), 1, "an underscore stands for itself");
}

async fn accounts_and_credentials_end(bed: Bed) {
    let operator = Operator {
        id: OperatorId::new(at(0), random()),
        name: "Ada".to_owned(),
        role: Role::Administrator,
        disabled: false,
        created_at: at(0),
    };
    assert!(!bed.store.has_operator(Role::Administrator).await.unwrap());
    bed.store.add_operator(&operator, "hash-1", &by(), at(0)).await.unwrap();
    assert!(bed.store.has_operator(Role::Administrator).await.unwrap());
    let other = Operator {
        id: OperatorId::new(at(0), random()),
        name: "ADA".to_owned(),
        ..operator.clone()
    };
    let error = bed.store.add_operator(&other, "hash", &by(), at(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Exists { what: "an account", .. }), "{error:?}");
    let found = bed.store.operator("ada").await.unwrap();
    assert_eq!(found, Some((operator.clone(), "hash-1".to_owned())));

    let credential = NewCredential {
        id: CredentialId::new(at(0), random()),
        secret_hash: random(),
        kind: CredentialKind::Token,
        operator: operator.id,
        label: "befund on PC-9".to_owned(),
        expires_at: at(100),
    };
    let shown = |seconds| bed.store.credential(credential.id, &credential.secret_hash, at(seconds));
    bed.store.add_credential(&credential, &by(), at(1)).await.unwrap();
    assert_eq!(shown(2).await.unwrap(), Some(operator.clone()));
    assert_eq!(shown(100).await.unwrap(), None, "it ended");
    let wrong = bed.store.credential(credential.id, &random(), at(2)).await.unwrap();
    assert_eq!(wrong, None);

    bed.store.set_disabled("ada", true, &by(), at(3)).await.unwrap();
    assert_eq!(shown(4).await.unwrap(), None);
    bed.store.set_disabled("ada", false, &by(), at(5)).await.unwrap();
    assert_eq!(shown(6).await.unwrap(), None, "an account that comes back signs in again");
    bed.store.add_credential(&credential, &by(), at(7)).await.unwrap();
    bed.store.set_password("ada", "hash-2", &by(), at(8)).await.unwrap();
    assert_eq!(shown(9).await.unwrap(), None);
    bed.store.add_credential(&credential, &by(), at(10)).await.unwrap();
    bed.store.end_credential(credential.id, &by(), at(11)).await.unwrap();
    assert_eq!(shown(12).await.unwrap(), None);
    assert_eq!(bed.store.operators().await.unwrap(), vec![operator]);

    bed.store.sequence().await.unwrap();
    let entries = bed.store.audit(0, 100).await.unwrap();
    let text = serde_json::to_string(&entries).unwrap();
    assert!(!text.contains("hash-1") && !text.contains("hash-2"), "no secrets in the record");
    assert_eq!(entries.iter().filter(|entry| entry.action == "operator.password").count(), 1);
}
