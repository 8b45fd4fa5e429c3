//! What may be started at the machine itself: the runbooks of the catalogue that is kept here, as far as the machine's
//! policy lists them for self-service and they fit this system. Works without a network. Pure.

use std::sync::Arc;

use befund_model::language::Language;
use befund_runbook::document::{Runbook, System};

use super::protocol::{Offer, OfferedInput};
use crate::policy::rules::Rules;

/// Those of these runbooks that a person may start on a machine of this system, by name.
pub(super) fn startable<'a>(
    runbooks: impl IntoIterator<Item = &'a Arc<Runbook>>,
    rules: &Rules,
    system: Option<System>,
) -> Vec<Arc<Runbook>> {
    let mut startable: Vec<Arc<Runbook>> = runbooks
        .into_iter()
        .filter(|runbook| {
            let fits = runbook.fits.systems.is_empty()
                || system.is_some_and(|system| runbook.fits.systems.contains(&system));
            fits && rules.admit(&runbook.name).is_ok() && rules.is_self_service(&runbook.name)
        })
        .cloned()
        .collect();
    startable.sort_by(|a, b| a.name.cmp(&b.name));
    startable
}

/// As one person is told of them.
pub(super) fn offers(runbooks: &[Arc<Runbook>], language: Language) -> Vec<Offer> {
    let offer = |runbook: &Arc<Runbook>| Offer {
        runbook: runbook.name.clone(),
        title: runbook.title.in_language(language).to_owned(),
        about: runbook.about.in_language(language).to_owned(),
        inputs: runbook
            .inputs
            .iter()
            .map(|(name, input)| OfferedInput {
                name: name.clone(),
                title: input.title.in_language(language).to_owned(),
                required: input.default.is_none(),
            })
            .collect(),
    };
    runbooks.iter().map(offer).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::policy::Policy;

    fn shipped(name: &str) -> Arc<Runbook> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../runbooks");
        let text = std::fs::read_to_string(folder.join(name)).expect("shipped");
        Arc::new(befund_runbook::load(&text).expect("good").0)
    }

    #[test]
    fn only_what_the_policy_lists_and_fits_here_is_offered() {
        let runbooks =
            [shipped("sound.none.yaml"), shipped("net.no-internet.yaml"), shipped("net.vpn.yaml")];
        let rules = |text: &str| Policy::parse(Path::new("p"), text).expect("a policy").rules;
        let names = |rules: &Rules, system| -> Vec<String> {
            startable(&runbooks, rules, system).iter().map(|book| book.name.clone()).collect()
        };
        let linux = Some(System::Linux);
        assert!(names(&Rules::default(), linux).is_empty(), "nothing, unless it is listed");
        let some = rules("[runbooks]\nself_service = [\"net.*\", \"sound.none\"]\n");
        assert_eq!(names(&some, linux), ["net.no-internet", "net.vpn", "sound.none"]);
        let denied = rules("[runbooks]\nself_service = [\"net.*\"]\ndeny = [\"net.vpn\"]\n");
        assert_eq!(names(&denied, linux), ["net.no-internet"]);
        let unknown = names(&some, None);
        assert!(unknown.iter().all(|name| {
            runbooks.iter().any(|book| book.name == *name && book.fits.systems.is_empty())
        }));
        let offered = offers(&startable(&runbooks, &denied, linux), Language::German);
        assert_eq!(offered[0].title, "Kein Internet");
    }
}
