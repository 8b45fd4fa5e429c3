//! What people read while they are asked, and while a runbook runs that they started; in English and German.

use befund_model::language::{Language, Words};

/// A text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// `{0}` the organisation, `{1}` the runbook's title, `{2}` of which ticket.
    HelpDeskWants,
    /// `{0}` the organisation, `{1}` the runbook's title.
    YourselfWants,
    /// `{0}` the organisation, `{1}` the runbook's title, `{2}` whose account.
    AnotherWants,
    /// `{0}` the organisation, `{1}` of which ticket.
    HelpDeskAsks,
    /// `{0}` whose account.
    AnotherAsks,
    /// `{0}` its number.
    OfTicket,
    What,
    Why,
    Changes,
    Unpredictable,
    Undo,
    UndoRestores,
    UndoNeedless,
    UndoImpossible,
    Disruptive,
    /// `{0}` how long.
    Agree,
    /// `{0}` how many hours.
    AgreeForTicket,
    /// `{0}` the first number, `{1}` the last, `{2}` what is taken otherwise.
    Which,
    NotOne,
    Agreed,
    NotAgreed,
    AgreedByOption,
    NotAskedAlone,
    /// `{0}` who.
    Settled,
    TimedOut,
    Withdrawn,
    /// `{0}` what.
    Please,
    /// `{0}` the host, `{1}` the address.
    Page,
    OpenPage,
    NotOpened,
    Begun,
    Changed,
    Unsure,
    NothingChanged,
    Stopping,
    Offered,
    NothingOffered,
    HowToFix,
    /// `{0}` what may be set.
    MaySet,
    /// `{0}` what must be set.
    MustSet,
    Attending,
    Seconds,
    Minutes,
    NobodyToAsk,
    /// `{0}` what was typed.
    NotAnInput,
    /// `{0}` why.
    OutOfReach,
    /// `{0}` what was wanted.
    NotOffered,
}

impl Text {
    /// The text in this language.
    pub(crate) const fn in_language(self, language: Language) -> &'static str {
        let (english, german) = match self {
            Text::HelpDeskWants => (
                "{0}: your help desk wants to change something on this machine{2}, for “{1}”.",
                "{0}: Ihr Helpdesk möchte an diesem Gerät etwas ändern{2}, für „{1}“.",
            ),
            Text::YourselfWants => (
                "{0}: “{1}” would change something on this machine.",
                "{0}: „{1}“ würde an diesem Gerät etwas ändern.",
            ),
            Text::AnotherWants => (
                "{0}: {2} has started “{1}” on this machine, which would change something.",
                "{0}: {2} hat an diesem Gerät „{1}“ gestartet, das etwas ändern würde.",
            ),
            Text::HelpDeskAsks => {
                ("{0}: a question of your help desk{1}:", "{0}: eine Frage Ihres Helpdesks{1}:")
            }
            Text::AnotherAsks => (
                "A question, of what {0} has started on this machine:",
                "Eine Frage zu dem, was {0} an diesem Gerät gestartet hat:",
            ),
            Text::OfTicket => (" (ticket #{0})", " (Ticket #{0})"),
            Text::What => ("What is done:", "Was getan wird:"),
            Text::Why => ("Why:", "Warum:"),
            Text::Changes => ("What changes:", "Was sich ändert:"),
            Text::Unpredictable => {
                ("cannot be predicted exactly", "lässt sich nicht genau vorhersagen")
            }
            Text::Undo => ("Taking it back:", "Rückgängig:"),
            Text::UndoRestores => (
                "possible, it can be put back as it is now",
                "möglich, es kann zurückgestellt werden, wie es jetzt ist",
            ),
            Text::UndoNeedless => {
                ("not needed, nothing is lost", "nicht nötig, es geht nichts verloren")
            }
            Text::UndoImpossible => ("not possible", "nicht möglich"),
            Text::Disruptive => (
                "Careful: this interrupts work at this machine. Save what is open first.",
                "Achtung: Das unterbricht die Arbeit an diesem Gerät. Offenes bitte zuerst speichern.",
            ),
            Text::Agree => (
                "Do you agree? Without an answer within {0} it is not done. [y/N]",
                "Sind Sie einverstanden? Ohne Antwort innerhalb von {0} wird es nicht getan. [j/N]",
            ),
            Text::AgreeForTicket => (
                "Also to further changes for this ticket, for {0} hours? [y/N]",
                "Auch mit weiteren Änderungen zu diesem Ticket, {0} Stunden lang? [j/N]",
            ),
            Text::Which => {
                ("Your answer? [{0}-{1}, otherwise: {2}]", "Ihre Antwort? [{0}-{1}, sonst: {2}]")
            }
            Text::NotOne => ("Please type one of the numbers.", "Bitte eine der Nummern eingeben."),
            Text::Agreed => ("You agreed.", "Sie sind einverstanden."),
            Text::NotAgreed => (
                "You did not agree: it is not done.",
                "Sie sind nicht einverstanden: Es wird nicht getan.",
            ),
            Text::AgreedByOption => ("Agreed, by --yes.", "Einverstanden, wegen --yes."),
            Text::NotAskedAlone => (
                "This is not done: it takes a person who is asked, and --yes does not go as far.",
                "Das wird nicht getan: Dafür muss jemand gefragt werden, so weit reicht --yes nicht.",
            ),
            Text::Settled => ("{0} has answered already.", "{0} hat schon geantwortet."),
            Text::TimedOut => {
                ("The time for an answer has passed.", "Die Zeit für eine Antwort ist vorbei.")
            }
            Text::Withdrawn => {
                ("The question is not needed any more.", "Die Frage hat sich erledigt.")
            }
            Text::Please => ("Please: {0}", "Bitte: {0}"),
            Text::Page => (
                "A page of {0} is to be opened: {1}",
                "Eine Seite von {0} soll geöffnet werden: {1}",
            ),
            Text::OpenPage => ("Open it in your browser? [y/N]", "Im Browser öffnen? [j/N]"),
            Text::NotOpened => (
                "No browser could be started here; please open the address yourself.",
                "Hier ließ sich kein Browser starten; bitte die Adresse selbst öffnen.",
            ),
            Text::Begun => ("“{0}” begins.", "„{0}“ beginnt."),
            Text::Changed => ("What was changed:", "Was geändert wurde:"),
            Text::Unsure => (
                "nobody can tell whether this was done",
                "ob das getan wurde, lässt sich nicht sagen",
            ),
            Text::NothingChanged => ("Nothing was changed.", "Es wurde nichts geändert."),
            Text::Stopping => (
                "Stopping. What must not stay is put back first.",
                "Es wird abgebrochen. Was nicht bleiben darf, wird zuerst zurückgestellt.",
            ),
            Text::Offered => ("This can be started here:", "Das lässt sich hier starten:"),
            Text::NothingOffered => (
                "Nothing may be started here: the policy of this machine lists no runbook for that, or none was fetched yet. `befund-agent send` tells the help desk.",
                "Hier darf nichts gestartet werden: Die Richtlinie dieses Geräts nennt dafür kein Runbook, oder es wurde noch keines geholt. `befund-agent send` sagt dem Helpdesk Bescheid.",
            ),
            Text::HowToFix => (
                "Start one: befund-agent fix NAME     Only look: befund-agent fix NAME --dry-run",
                "Starten: befund-agent fix NAME     Nur nachsehen: befund-agent fix NAME --dry-run",
            ),
            Text::MaySet => ("may be set: {0}", "einstellbar: {0}"),
            Text::MustSet => ("must be set: {0}", "anzugeben: {0}"),
            Text::Attending => (
                "You will be asked here when the help desk wants to know or change something. Ctrl-C ends this.",
                "Hier werden Sie gefragt, wenn der Helpdesk etwas wissen oder ändern möchte. Strg-C beendet das.",
            ),
            Text::Seconds => ("{0} s", "{0} s"),
            Text::Minutes => ("{0} min", "{0} min"),
            Text::NobodyToAsk => (
                "there is no terminal to ask on; add --yes to agree to changes without being asked, or --dry-run to only look",
                "es gibt kein Terminal zum Nachfragen; mit --yes wird Änderungen ohne Nachfrage zugestimmt, mit --dry-run nur nachgesehen",
            ),
            Text::NotOffered => {
                ("“{0}” cannot be started here.", "„{0}“ lässt sich hier nicht starten.")
            }
            Text::OutOfReach => (
                "The agent of this machine does not answer, so it can neither look nor change anything. Tell your help desk: {0}",
                "Der Agent dieses Geräts antwortet nicht und kann deshalb weder nachsehen noch etwas ändern. Bitte dem Helpdesk sagen: {0}",
            ),
            Text::NotAnInput => (
                "“{0}” is no setting; they look like NAME=VALUE",
                "„{0}“ ist keine Einstellung; sie sehen aus wie NAME=WERT",
            ),
        };
        Words { english, german }.in_language(language)
    }
}
