//! What is shown to a person and what is made of what they type, while they are asked and while a run of theirs goes on.
//! Free of I/O: [`terminal`] carries it. It adds words, and decides nothing but what the person typed.

use std::collections::VecDeque;

use befund_executor::people::client::PeopleError;
use befund_executor::people::protocol::{
    Change, ConsentAsked, Done, FromPerson, Offer, Question, Settled, ToPerson, Who,
};
use befund_model::action::{Risk, Undo};
use befund_model::language::Language;

use super::screen::printable;
use super::words::{fill, is_yes};

pub(super) mod terminal;
pub(super) mod words;

#[cfg(test)]
mod tests;

use words::Text;

/// How long a line of a list is at most, on whatever terminal; runbooks' names are shorter.
const WIDTH: usize = 96;

/// How somebody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// On the terminal.
    Asked,
    /// On the terminal, but for changes: to those they agreed beforehand.
    AskedLess,
    /// Nobody is there, and agreed to changes beforehand.
    Alone,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Show a line, or several.
    Show(String),
    /// Show what is asked, and wait for a line.
    Prompt(String),
    /// Say this.
    Say(FromPerson),
    /// Open this address in a browser.
    Open(String),
    /// A run of the person's has begun.
    Begun,
    /// It is over.
    End(Box<Done>),
}

/// Something that the person is to answer.
#[derive(Clone, Debug, PartialEq)]
enum Item {
    Question(Question),
    Consent(ConsentAsked),
    /// They have agreed: for the whole ticket as well?
    ForTicket(u64, u64),
    Page(String),
}

impl Item {
    /// The number of the question that it belongs to.
    const fn number(&self) -> Option<u64> {
        match self {
            Self::Question(question) => Some(question.number),
            Self::Consent(asked) => Some(asked.number),
            Self::ForTicket(number, _) => Some(*number),
            Self::Page(_) => None,
        }
    }
}

/// A dialogue.
#[derive(Debug)]
pub(super) struct Dialogue {
    language: Language,
    manner: Manner,
    /// What is asked, the first of it now.
    items: VecDeque<Item>,
    refused: bool,
}

impl Dialogue {
    pub(super) const fn new(language: Language, manner: Manner) -> Self {
        Self { language, manner, items: VecDeque::new(), refused: false }
    }

    /// Whether the person did not agree to something.
    pub(super) const fn has_refused(&self) -> bool {
        self.refused
    }

    /// Whether an answer is waited for.
    pub(super) fn is_asking(&self) -> bool {
        !self.items.is_empty()
    }

    fn text(&self, text: Text) -> &'static str {
        text.in_language(self.language)
    }

    fn filled(&self, text: Text, values: &[&str]) -> String {
        fill(self.text(text), values)
    }

    /// Takes what the executor says.
    pub(super) fn hear(&mut self, said: ToPerson) -> Vec<Step> {
        match said {
            ToPerson::Begun { title, .. } => {
                vec![Step::Show(self.filled(Text::Begun, &[&printable(&title)])), Step::Begun]
            }
            ToPerson::Tell { line } => vec![Step::Show(printable(&line))],
            ToPerson::Instruct { text } => {
                vec![Step::Show(self.filled(Text::Please, &[&printable(&text)]))]
            }
            ToPerson::Question(question) => self.question(*question),
            ToPerson::ConsentAsked(asked) => self.consent(*asked),
            ToPerson::OpenUrl { url, host, text } => self.page(&url, &host, &text),
            ToPerson::Settled { number, how } => self.settled(number, &how),
            ToPerson::Done(done) => {
                vec![Step::Show(self.done(&done)), Step::End(done)]
            }
            // They are answered elsewhere.
            ToPerson::Welcome | ToPerson::Offers { .. } | ToPerson::Declined { .. } => Vec::new(),
        }
    }

    /// Takes a line that the person typed.
    pub(super) fn typed(&mut self, line: &str) -> Vec<Step> {
        let line = line.trim().to_lowercase();
        let Some(item) = self.items.pop_front() else { return Vec::new() };
        let yes = is_yes(self.language, &line);
        let mut steps = match item {
            Item::Question(question) => {
                let number = question.number;
                let chosen = match line.as_str() {
                    "" => Some(question.default.clone()),
                    typed => typed
                        .parse::<usize>()
                        .ok()
                        .and_then(|place| question.choices.get(place.checked_sub(1)?))
                        .map(|choice| choice.value.clone()),
                };
                match chosen {
                    Some(choice) => vec![Step::Say(FromPerson::Answer { number, choice })],
                    None => {
                        self.items.push_front(Item::Question(question));
                        vec![Step::Show(self.text(Text::NotOne).to_owned())]
                    }
                }
            }
            Item::Consent(asked) => match (yes, asked.for_ticket) {
                (true, Some(hours)) => {
                    self.items.push_front(Item::ForTicket(asked.number, hours));
                    Vec::new()
                }
                (true, None) => self.agree(asked.number, false, Text::Agreed),
                (false, _) => self.refuse(asked.number, Text::NotAgreed),
            },
            Item::ForTicket(number, _) => self.agree(number, yes, Text::Agreed),
            Item::Page(url) if yes => vec![Step::Open(url)],
            Item::Page(_) => Vec::new(),
        };
        steps.extend(self.prompt());
        steps
    }

    fn agree(&self, number: u64, for_ticket: bool, why: Text) -> Vec<Step> {
        let said = FromPerson::Consent { number, given: true, for_ticket };
        vec![Step::Say(said), Step::Show(self.text(why).to_owned())]
    }

    fn refuse(&mut self, number: u64, why: Text) -> Vec<Step> {
        self.refused = true;
        let said = FromPerson::Consent { number, given: false, for_ticket: false };
        vec![Step::Say(said), Step::Show(self.text(why).to_owned())]
    }

    /// Puts something to the person: now, if nothing else is.
    fn put(&mut self, shown: String, item: Item) -> Vec<Step> {
        let mut steps = vec![Step::Show(shown)];
        self.items.push_back(item);
        if self.items.len() == 1 {
            steps.extend(self.prompt());
        }
        steps
    }

    /// The prompt for what is asked now.
    fn prompt(&self) -> Option<Step> {
        let prompt = match self.items.front()? {
            Item::Question(question) => {
                let otherwise = question
                    .choices
                    .iter()
                    .find(|choice| choice.value == question.default)
                    .map_or(question.default.as_str(), |choice| choice.text.as_str());
                let last = question.choices.len().to_string();
                self.filled(Text::Which, &["1", &last, &printable(otherwise)])
            }
            Item::Consent(asked) => self.filled(Text::Agree, &[&self.lasting(asked.seconds)]),
            Item::ForTicket(_, hours) => self.filled(Text::AgreeForTicket, &[&hours.to_string()]),
            Item::Page(_) => self.text(Text::OpenPage).to_owned(),
        };
        Some(Step::Prompt(prompt))
    }

    fn question(&mut self, question: Question) -> Vec<Step> {
        let mut lines = Vec::new();
        match &question.who {
            Who::Yourself => {}
            Who::Technician { ticket, .. } => {
                let organisation = printable(&question.organisation);
                let ticket = self.of_ticket(ticket.map(|ticket| ticket.0));
                lines.push(self.filled(Text::HelpDeskAsks, &[&organisation, &ticket]));
            }
            Who::Another { name } => {
                lines.push(self.filled(Text::AnotherAsks, &[&printable(name)]));
            }
        }
        lines.push(printable(&question.text));
        for (place, choice) in question.choices.iter().enumerate() {
            lines.push(format!("  {}  {}", place + 1, printable(&choice.text)));
        }
        match self.manner {
            Manner::Asked | Manner::AskedLess => {
                self.put(lines.join("\n"), Item::Question(question))
            }
            // Nobody is there who knows.
            Manner::Alone => {
                let (number, choice) = (question.number, question.default);
                vec![Step::Show(lines.join("\n")), Step::Say(FromPerson::Answer { number, choice })]
            }
        }
    }

    fn consent(&mut self, asked: ConsentAsked) -> Vec<Step> {
        let shown = self.shown(&asked);
        let agreed = asked.risk < Risk::Disruptive && asked.who == Who::Yourself;
        let steps = match self.manner {
            Manner::Asked => return self.put(shown, Item::Consent(asked)),
            Manner::AskedLess if !agreed => return self.put(shown, Item::Consent(asked)),
            Manner::Alone if !agreed => self.refuse(asked.number, Text::NotAskedAlone),
            Manner::AskedLess | Manner::Alone => {
                self.agree(asked.number, false, Text::AgreedByOption)
            }
        };
        let mut all = vec![Step::Show(shown)];
        all.extend(steps);
        all
    }

    /// What is to be agreed to: what, why, by whom, for whom, and how it is taken back.
    fn shown(&self, asked: &ConsentAsked) -> String {
        let (organisation, title) = (printable(&asked.organisation), printable(&asked.title));
        let mut lines = vec![match &asked.who {
            Who::Technician { ticket, .. } => {
                let ticket = self.of_ticket(ticket.map(|ticket| ticket.0));
                self.filled(Text::HelpDeskWants, &[&organisation, &title, &ticket])
            }
            Who::Yourself => self.filled(Text::YourselfWants, &[&organisation, &title]),
            Who::Another { name } => {
                self.filled(Text::AnotherWants, &[&organisation, &title, &printable(name)])
            }
        }];
        let mut row = |label: Text, value: &str| {
            lines.push(format!("  {:<17} {}", self.text(label), printable(value)));
        };
        row(Text::What, &asked.what);
        if !asked.why.is_empty() {
            row(Text::Why, &asked.why);
        }
        if !asked.known {
            row(Text::Changes, self.text(Text::Unpredictable));
        }
        for line in &asked.lines {
            row(Text::Changes, line);
        }
        row(Text::Undo, self.text(undo(asked.undo)));
        if asked.risk == Risk::Disruptive {
            lines.push(self.text(Text::Disruptive).to_owned());
        }
        lines.join("\n")
    }

    fn of_ticket(&self, ticket: Option<i64>) -> String {
        ticket.map_or(String::new(), |ticket| self.filled(Text::OfTicket, &[&ticket.to_string()]))
    }

    fn page(&mut self, url: &str, host: &str, text: &str) -> Vec<Step> {
        // Looked at again here, where it is opened.
        let good = befund_executor::people::host(url).is_ok_and(|found| found == host);
        let mut lines = Vec::new();
        if !text.is_empty() {
            lines.push(printable(text));
        }
        lines.push(self.filled(Text::Page, &[&printable(host), &printable(url)]));
        match self.manner {
            Manner::Asked | Manner::AskedLess if good => {
                self.put(lines.join("\n"), Item::Page(url.to_owned()))
            }
            Manner::Asked | Manner::AskedLess | Manner::Alone => {
                vec![Step::Show(lines.join("\n"))]
            }
        }
    }

    fn settled(&mut self, number: u64, how: &Settled) -> Vec<Step> {
        let now = self.items.front().and_then(Item::number) == Some(number);
        let before = self.items.len();
        self.items.retain(|item| item.number() != Some(number));
        if self.items.len() == before {
            // What this person has answered themselves.
            return Vec::new();
        }
        let mut steps = vec![Step::Show(match how {
            Settled::Answered { by } => self.filled(Text::Settled, &[&printable(by)]),
            Settled::TimedOut => self.text(Text::TimedOut).to_owned(),
            Settled::Withdrawn => self.text(Text::Withdrawn).to_owned(),
        })];
        if now {
            steps.extend(self.prompt());
        }
        steps
    }

    fn lasting(&self, seconds: u64) -> String {
        match seconds {
            0..120 => self.filled(Text::Seconds, &[&seconds.to_string()]),
            _ => self.filled(Text::Minutes, &[&(seconds / 60).to_string()]),
        }
    }

    fn done(&self, done: &Done) -> String {
        let mut lines = vec![printable(&done.conclusion)];
        if done.changes.is_empty() {
            lines.push(self.text(Text::NothingChanged).to_owned());
        } else {
            lines.push(self.text(Text::Changed).to_owned());
        }
        for Change { what, undo: by, unsure } in &done.changes {
            lines.push(format!("  {}", printable(what)));
            lines.push(format!("      {} {}", self.text(Text::Undo), self.text(undo(*by))));
            if *unsure {
                lines.push(format!("      {}", self.text(Text::Unsure)));
            }
        }
        lines.join("\n")
    }
}

const fn undo(undo: Undo) -> Text {
    match undo {
        Undo::Restores => Text::UndoRestores,
        Undo::Needless => Text::UndoNeedless,
        Undo::Impossible => Text::UndoImpossible,
    }
}

/// That nobody answers, in a person's words, and why, in an administrator's.
pub(super) fn out_of_reach(language: Language, error: &PeopleError) -> String {
    let why = befund_runtime::telemetry::chain(error);
    fill(Text::OutOfReach.in_language(language), &[&printable(&why)])
}

/// What may be started, a sentence each.
pub(super) fn offers(language: Language, offers: &[Offer]) -> String {
    if offers.is_empty() {
        return Text::NothingOffered.in_language(language).to_owned();
    }
    let mut lines = vec![Text::Offered.in_language(language).to_owned()];
    let width = offers.iter().map(|offer| offer.runbook.chars().count()).max().unwrap_or_default();
    for offer in offers {
        let name = printable(&offer.runbook);
        lines.push(String::new());
        lines.push(format!("  {name:<width$}  {}", printable(&offer.title)));
        for line in
            wrapped(&printable(first_sentence(&offer.about)), WIDTH.saturating_sub(width + 4))
        {
            lines.push(format!("  {:<width$}  {line}", ""));
        }
        for (text, required) in [(Text::MustSet, true), (Text::MaySet, false)] {
            let inputs: Vec<String> = offer
                .inputs
                .iter()
                .filter(|input| input.required == required)
                .map(|input| format!("{} ({})", printable(&input.name), printable(&input.title)))
                .collect();
            if !inputs.is_empty() {
                let told = fill(text.in_language(language), &[&inputs.join(", ")]);
                lines.push(format!("  {:<width$}  {told}", ""));
            }
        }
    }
    lines.push(String::new());
    lines.push(Text::HowToFix.in_language(language).to_owned());
    lines.join("\n")
}

/// What was wanted cannot be started here; what can be, then.
pub(super) fn not_offered(language: Language, wanted: &str, offers: &[Offer]) -> String {
    let no = fill(Text::NotOffered.in_language(language), &[&printable(wanted)]);
    format!("{no}\n{}", self::offers(language, offers))
}

/// The text in lines of at most so many characters, broken at spaces.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

fn first_sentence(text: &str) -> &str {
    text.trim().split_inclusive(['.', '!', '?']).next().map_or("", str::trim)
}
