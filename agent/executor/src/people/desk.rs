//! Who is there, what they are asked, and whose answer counts. Free of I/O and of clocks: it is told who comes and
//! goes, which accounts are signed in, and how late it is (counted on from any moment), and gives what is to be said
//! to whom and what became of each matter.
//!
//! - Asked are connections whose account is signed in now, and nobody else: of a run that was started here, whoever
//!   started it; of any other, all of them.
//! - A question goes by its first answer. So does a consent, but for a disruptive step: a yes to that holds once
//!   everybody who was asked has agreed, or nobody has refused for [`OBJECTION`]; everybody may refuse, the run's own
//!   person or not.
//! - Whoever comes while something is open is asked as well.
//! - Numbers are never given twice, also not by the executor's next life, which begins at a random one. An answer to
//!   another number than one that is open, or from somebody who was not asked, is as none.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use befund_model::action::Risk;
use befund_model::job::Question;
use befund_model::language::{Language, Text};
use befund_runtime::peer::Account;

use super::asked::ConsentView;
use super::protocol::{Settled, ToPerson, Who};

#[cfg(test)]
mod tests;

/// How long the others have to refuse a disruptive step that one has agreed to.
pub(crate) const OBJECTION: Duration = Duration::from_secs(30);

/// A connection.
pub(crate) type Visitor = u64;

/// Whom a run is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Whoever is there.
    Everybody,
    /// Whoever started it here.
    Own(Visitor),
}

/// Who is at a connection.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    /// As the kernel says.
    pub(crate) account: Account,
    /// What that account is called.
    pub(crate) name: String,
    /// What the person reads.
    pub(crate) language: Language,
}

/// Something that is asked.
#[derive(Clone, Debug)]
pub(crate) struct Matter {
    /// Whom it is about.
    pub(crate) audience: Audience,
    /// What.
    pub(crate) what: What,
    /// For which organisation.
    pub(crate) organisation: String,
    /// Who asks, as others than the run's own person are told.
    pub(crate) who: Who,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// A question with choices.
    Question(Box<Question>),
    /// Something to be agreed to.
    Consent(Box<ConsentView>),
    /// Something to be shown, to whoever is there or else comes first.
    Notice(Notice),
}

/// What a person is shown and does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Something that they are to do.
    Instruct(Text),
    /// A page that is to be opened.
    OpenUrl {
        /// Its address.
        url: String,
        /// The address's host.
        host: String,
        /// Why.
        text: Option<Text>,
    },
}

impl Notice {
    fn in_language(&self, language: Language) -> ToPerson {
        match self {
            Self::Instruct(text) => {
                ToPerson::Instruct { text: text.in_language(language).to_owned() }
            }
            Self::OpenUrl { url, host, text } => ToPerson::OpenUrl {
                url: url.clone(),
                host: host.clone(),
                text: text
                    .as_ref()
                    .map(|text| text.in_language(language).to_owned())
                    .unwrap_or_default(),
            },
        }
    }
}

#[derive(Clone, Debug)]
struct Open {
    matter: Matter,
    asked: BTreeSet<Visitor>,
    agreed: BTreeSet<Visitor>,
    /// Whose yes it is that waits for objections.
    given: Option<String>,
    until: Duration,
}

/// What became of a matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A question was answered.
    Answered {
        /// The choice.
        choice: String,
        /// By whom.
        by: String,
    },
    /// It was agreed to.
    Given {
        /// By whom.
        by: String,
        /// Whether for the ticket.
        for_ticket: bool,
    },
    /// It was not agreed to.
    Refused {
        /// By whom.
        by: String,
    },
    /// Nobody answered in time.
    Silence {
        /// Whether anybody was asked.
        asked: bool,
    },
    /// A notice was shown.
    Shown,
    /// The person whose run it is has left.
    Left,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Say this.
    Say(Visitor, Box<ToPerson>),
    /// A matter is settled; it comes once for each.
    Settle(u64, Verdict),
}

/// Who is there and what is open.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    guests: BTreeMap<Visitor, Guest>,
    open: BTreeMap<u64, Open>,
    last: u64,
}

/// How late it is, and who is signed in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    /// Counted on from any moment.
    pub(crate) at: Duration,
    /// The accounts of the sessions at this machine.
    pub(crate) signed_in: &'a [Account],
}

impl Desk {
    /// Nobody is there; numbers follow on `last`.
    pub(crate) const fn new(last: u64) -> Self {
        Self { guests: BTreeMap::new(), open: BTreeMap::new(), last }
    }

    /// Whether nothing is asked.
    pub(crate) fn is_quiet(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether this connection may answer that: the cheap part of what [`Self::answer`] and [`Self::consent`] ask.
    pub(crate) fn was_asked(&self, visitor: Visitor, number: u64) -> bool {
        self.open.get(&number).is_some_and(|open| open.asked.contains(&visitor))
    }

    /// Somebody comes, and is asked what is open.
    pub(crate) fn arrive(
        &mut self,
        visitor: Visitor,
        guest: Guest,
        scene: Scene<'_>,
    ) -> Vec<Effect> {
        self.guests.insert(visitor, guest);
        let numbers: Vec<u64> = self.open.keys().copied().collect();
        let mut effects = Vec::new();
        for number in numbers {
            effects.extend(self.put(number, visitor, scene));
            effects.extend(self.settle_if_shown(number));
        }
        effects
    }

    /// Somebody leaves.
    pub(crate) fn leave(&mut self, visitor: Visitor) -> Vec<Effect> {
        self.guests.remove(&visitor);
        let mut effects = Vec::new();
        let numbers: Vec<u64> = self.open.keys().copied().collect();
        for number in numbers {
            let Some(open) = self.open.get_mut(&number) else { continue };
            // A yes stands; who has not answered need not be waited for.
            if !open.agreed.contains(&visitor) {
                open.asked.remove(&visitor);
            }
            if open.matter.audience == Audience::Own(visitor) {
                effects.extend(self.settle(number, Verdict::Left));
            } else {
                effects.extend(self.settle_if_agreed(number));
            }
        }
        effects
    }

    /// Something is to be asked; its number, and what follows. It is settled within this time.
    pub(crate) fn ask(
        &mut self,
        matter: Matter,
        within: Duration,
        scene: Scene<'_>,
    ) -> (u64, Vec<Effect>) {
        // JSON's numbers are exact up to 2^53 everywhere.
        self.last = (self.last + 1) & ((1 << 53) - 1);
        let number = self.last;
        let open = Open {
            matter,
            asked: BTreeSet::new(),
            agreed: BTreeSet::new(),
            given: None,
            until: scene.at.saturating_add(within),
        };
        self.open.insert(number, open);
        let guests: Vec<Visitor> = self.guests.keys().copied().collect();
        let mut effects: Vec<Effect> =
            guests.into_iter().filter_map(|guest| self.put(number, guest, scene)).collect();
        effects.extend(self.settle_if_shown(number));
        (number, effects)
    }

    /// Somebody chooses an answer.
    pub(crate) fn answer(
        &mut self,
        visitor: Visitor,
        number: u64,
        choice: &str,
        scene: Scene<'_>,
    ) -> Vec<Effect> {
        let Some(by) = self.entitled(visitor, number, scene) else { return Vec::new() };
        match self.open.get(&number).map(|open| &open.matter.what) {
            Some(What::Question(question))
                if question.choice.iter().any(|known| known.value == choice) =>
            {
                self.settle(number, Verdict::Answered { choice: choice.to_owned(), by })
            }
            Some(What::Question(_) | What::Consent(_) | What::Notice(_)) | None => Vec::new(),
        }
    }

    /// Somebody agrees, or does not.
    pub(crate) fn consent(
        &mut self,
        visitor: Visitor,
        number: u64,
        given: bool,
        for_ticket: bool,
        scene: Scene<'_>,
    ) -> Vec<Effect> {
        let Some(by) = self.entitled(visitor, number, scene) else { return Vec::new() };
        let Some(open) = self.open.get_mut(&number) else { return Vec::new() };
        let What::Consent(view) = &open.matter.what else { return Vec::new() };
        if !given {
            return self.settle(number, Verdict::Refused { by });
        }
        let decides = match open.matter.audience {
            Audience::Everybody => true,
            Audience::Own(own) => own == visitor,
        };
        open.agreed.insert(visitor);
        if !decides {
            return self.settle_if_agreed(number);
        }
        let offered = view.for_ticket.is_some();
        match view.risk {
            Risk::Read | Risk::Change => {
                self.settle(number, Verdict::Given { by, for_ticket: for_ticket && offered })
            }
            Risk::Disruptive => {
                if open.given.is_none() {
                    open.given = Some(by);
                    open.until = open.until.min(scene.at.saturating_add(OBJECTION));
                }
                self.settle_if_agreed(number)
            }
        }
    }

    /// Time has passed.
    pub(crate) fn pass(&mut self, at: Duration) -> Vec<Effect> {
        let late: Vec<u64> = self
            .open
            .iter()
            .filter(|(_, open)| open.until <= at)
            .map(|(number, _)| *number)
            .collect();
        late.into_iter().flat_map(|number| self.end(number)).collect()
    }

    /// When [`Self::pass`] has something to do next.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.open.values().map(|open| open.until).min()
    }

    /// Nobody wants to know any more.
    pub(crate) fn withdraw(&mut self, number: u64) -> Vec<Effect> {
        self.close(number, None, &Settled::Withdrawn)
    }

    /// The name of somebody whose word counts on this matter now.
    fn entitled(&self, visitor: Visitor, number: u64, scene: Scene<'_>) -> Option<String> {
        let open = self.open.get(&number)?;
        let guest = self.guests.get(&visitor)?;
        let counts = open.asked.contains(&visitor)
            && scene.signed_in.contains(&guest.account)
            && scene.at < open.until;
        counts.then(|| guest.name.clone())
    }

    /// Puts a matter to somebody, if it is theirs.
    fn put(&mut self, number: u64, visitor: Visitor, scene: Scene<'_>) -> Option<Effect> {
        let guest = self.guests.get(&visitor)?;
        let open = self.open.get_mut(&number)?;
        let own = match open.matter.audience {
            Audience::Own(own) => own == visitor,
            Audience::Everybody => false,
        };
        let concerned = match (&open.matter.audience, &open.matter.what) {
            (Audience::Everybody, _) => true,
            // Whoever works at the machine may object to what interrupts them.
            (Audience::Own(_), What::Consent(view)) => own || view.risk == Risk::Disruptive,
            (Audience::Own(_), What::Question(_) | What::Notice(_)) => own,
        };
        if !concerned || !scene.signed_in.contains(&guest.account) {
            return None;
        }
        open.asked.insert(visitor);
        let seconds = open.until.saturating_sub(scene.at).as_secs();
        let who = if own { Who::Yourself } else { open.matter.who.clone() };
        let organisation = open.matter.organisation.clone();
        let said = match &open.matter.what {
            What::Question(question) => ToPerson::Question(Box::new(super::asked::question(
                question,
                number,
                organisation,
                who,
                seconds,
                guest.language,
            ))),
            What::Consent(view) => ToPerson::ConsentAsked(Box::new(view.in_language(
                guest.language,
                number,
                organisation,
                who,
                seconds,
            ))),
            What::Notice(notice) => notice.in_language(guest.language),
        };
        Some(Effect::Say(visitor, Box::new(said)))
    }

    /// Settles a notice that somebody was shown.
    fn settle_if_shown(&mut self, number: u64) -> Vec<Effect> {
        match self.open.get(&number) {
            Some(Open { matter: Matter { what: What::Notice(_), .. }, asked, .. })
                if !asked.is_empty() =>
            {
                self.open.remove(&number);
                vec![Effect::Settle(number, Verdict::Shown)]
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// Settles a disruptive step to which everybody who was asked has agreed.
    fn settle_if_agreed(&mut self, number: u64) -> Vec<Effect> {
        let Some(open) = self.open.get(&number) else { return Vec::new() };
        let Some(by) = open.given.clone() else { return Vec::new() };
        // One person may have two programs that ask.
        let agreed = |visitor: &Visitor| {
            open.agreed.contains(visitor)
                || self.guests.get(visitor).is_some_and(|guest| {
                    open.agreed.iter().any(|other| {
                        self.guests.get(other).is_some_and(|other| other.account == guest.account)
                    })
                })
        };
        if open.asked.iter().all(agreed) {
            self.settle(number, Verdict::Given { by, for_ticket: false })
        } else {
            Vec::new()
        }
    }

    /// The time of a matter has passed.
    fn end(&mut self, number: u64) -> Vec<Effect> {
        let Some(open) = self.open.get(&number) else { return Vec::new() };
        let verdict = match open.given.clone() {
            Some(by) => Verdict::Given { by, for_ticket: false },
            None => Verdict::Silence { asked: !open.asked.is_empty() },
        };
        self.settle(number, verdict)
    }

    fn settle(&mut self, number: u64, verdict: Verdict) -> Vec<Effect> {
        let how = match &verdict {
            Verdict::Answered { by, .. } | Verdict::Given { by, .. } | Verdict::Refused { by } => {
                Settled::Answered { by: by.clone() }
            }
            Verdict::Silence { .. } => Settled::TimedOut,
            Verdict::Left | Verdict::Shown => Settled::Withdrawn,
        };
        self.close(number, Some(verdict), &how)
    }

    fn close(&mut self, number: u64, verdict: Option<Verdict>, how: &Settled) -> Vec<Effect> {
        let Some(open) = self.open.remove(&number) else { return Vec::new() };
        let said = |visitor| {
            Effect::Say(visitor, Box::new(ToPerson::Settled { number, how: how.clone() }))
        };
        let there = open.asked.into_iter().filter(|visitor| self.guests.contains_key(visitor));
        let mut effects: Vec<Effect> = there.map(said).collect();
        effects.extend(verdict.map(|verdict| Effect::Settle(number, verdict)));
        effects
    }
}
