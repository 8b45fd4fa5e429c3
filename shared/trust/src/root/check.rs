//! Whether a root makes sense: everybody named is listed, nothing stands there twice, every threshold can be reached.
//! Not whether it is trusted.

use std::collections::{BTreeMap, BTreeSet};

use super::{Document, MAX_KEYS, MAX_PEOPLE, Malformed, Role};
use crate::key::PublicKey;
use crate::plain::{is_id, is_name};

/// The keys that count, each with the place of whom it belongs to.
#[derive(Default)]
pub(super) struct Counting {
    /// Those of SSH.
    pub(super) owners: BTreeMap<PublicKey, usize>,
    /// Those that sign in browsers, with their credentials.
    pub(super) browsers: BTreeMap<PublicKey, (usize, String)>,
}

pub(super) fn field(
    field: impl Into<String>,
    found: impl ToString,
    wanted: &'static str,
) -> Malformed {
    let found = found.to_string().chars().take(80).collect();
    Malformed::Field { field: field.into(), found, wanted }
}

const AN_ID: &str = "1 to 64 lower-case letters, digits, dots, hyphens or underscores";

impl Document {
    /// Whether all of it makes sense; then the keys that count.
    pub(super) fn check(&self) -> Result<Counting, Malformed> {
        self.check_fields()?;
        let people = self.check_people()?;
        if let Some(pages) = &self.webauthn {
            pages.check()?;
        }
        let keys = self.check_keys(&people)?;
        let able: BTreeSet<usize> = keys.owners.values().copied().collect();
        let in_browsers = keys.browsers.values().map(|(place, _)| *place);
        let able_to_change: BTreeSet<usize> = able.iter().copied().chain(in_browsers).collect();
        for role in Role::ALL {
            let able = match role {
                Role::Change => &able_to_change,
                Role::Root | Role::Catalogue | Role::Disruptive => &able,
            };
            self.check_role(role, &people, able)?;
        }
        Ok(keys)
    }

    fn check_fields(&self) -> Result<(), Malformed> {
        if !is_name(&self.organisation, 128) {
            let wanted = "a name of at most 128 plain characters";
            return Err(field("organisation", &self.organisation, wanted));
        }
        if self.version == 0 {
            return Err(field("version", self.version, "1 or more"));
        }
        if self.people.len() > MAX_PEOPLE {
            return Err(field("the number of people", self.people.len(), "at most 64"));
        }
        if self.keys.len() > MAX_KEYS {
            return Err(field("the number of keys", self.keys.len(), "at most 64"));
        }
        Ok(())
    }

    /// The place of each person.
    fn check_people(&self) -> Result<BTreeMap<&str, usize>, Malformed> {
        let mut places = BTreeMap::new();
        for (place, person) in self.people.iter().enumerate() {
            if !is_id(&person.id) {
                return Err(field("a person's id", &person.id, AN_ID));
            }
            if !is_name(&person.name, 128) {
                let what = format!("the name of {}", person.id);
                return Err(field(what, &person.name, "at most 128 plain characters"));
            }
            if !is_name(&person.contact, 256) {
                let what = format!("the contact of {}", person.id);
                return Err(field(what, &person.contact, "at most 256 plain characters"));
            }
            if places.insert(person.id.as_str(), place).is_some() {
                return Err(Malformed::Twice { what: "the person", id: person.id.clone() });
            }
        }
        Ok(places)
    }

    /// The keys that count.
    fn check_keys(&self, people: &BTreeMap<&str, usize>) -> Result<Counting, Malformed> {
        let mut ids = BTreeSet::new();
        let mut all = BTreeSet::new();
        let mut counting = Counting::default();
        for key in &self.keys {
            if !is_id(&key.id) {
                return Err(field("a key's id", &key.id, AN_ID));
            }
            if !ids.insert(key.id.as_str()) {
                return Err(Malformed::Twice { what: "the key", id: key.id.clone() });
            }
            let owner = people.get(key.person.as_str()).ok_or_else(|| Malformed::Unknown {
                place: format!("the key {:?}", key.id),
                person: key.person.clone(),
            })?;
            let public: PublicKey =
                key.key.parse().map_err(|source| Malformed::Key { id: key.id.clone(), source })?;
            if !all.insert(public.clone()) {
                return Err(Malformed::Twice { what: "the public key of", id: key.id.clone() });
            }
            match (&self.webauthn, key.webauthn) {
                (Some(pages), true) => {
                    let credential = pages.credential(&key.id, &public, key.credential.as_ref())?;
                    counting.browsers.insert(public, (*owner, credential));
                }
                (None, true) => {}
                // A key that signs for web pages alone signs nothing as a key of SSH.
                (_, false) if public.relying_party().is_some() => {}
                (_, false) => {
                    counting.owners.insert(public, *owner);
                }
            }
        }
        Ok(counting)
    }

    fn check_role(
        &self,
        role: Role,
        people: &BTreeMap<&str, usize>,
        able: &BTreeSet<usize>,
    ) -> Result<(), Malformed> {
        let quorum = self.roles.get(role);
        let mut members = BTreeSet::new();
        for person in &quorum.people {
            let place = people.get(person.as_str()).ok_or_else(|| Malformed::Unknown {
                place: format!("the role {}", role.as_str()),
                person: person.clone(),
            })?;
            if !members.insert(*place) {
                return Err(Malformed::Twice { what: "in a role, the person", id: person.clone() });
            }
        }
        if quorum.threshold == 0 {
            let what = format!("the threshold of the role {}", role.as_str());
            return Err(field(what, 0, "1 or more"));
        }
        let able = members.intersection(able).count();
        if usize::try_from(quorum.threshold).map_or(true, |threshold| threshold > able) {
            let threshold = quorum.threshold;
            return Err(Malformed::Unreachable { role: role.as_str(), threshold, able });
        }
        Ok(())
    }
}
