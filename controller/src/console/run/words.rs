//! The words about runbooks, their runs, catalogues and trust, in English and German.

use befund_model::action::{Risk, Undo};
use befund_model::job::JobState;
use befund_model::runbook::AttemptEnd;
use befund_model::snapshot::Status;

use crate::console::words::{Words, words};

words! {
    /// Every string about runbooks.
    RunWords;
    // What can be run.
    fitting: "Runbooks that fit", "Passende Runbooks";
    none_fits: "No runbook fits what is known of this ticket. All of them are below.", "Kein Runbook passt zu dem, was über dieses Ticket bekannt ist. Unten stehen alle.";
    all_runbooks: "All other runbooks", "Alle anderen Runbooks";
    no_catalogue: "No runbooks were published yet.", "Es wurden noch keine Runbooks veröffentlicht.";
    best: "fits best", "passt am besten";
    why: "Why", "Warum";
    says: "the ticket says", "im Ticket steht";
    same_kind: "it is about the kind of trouble that was found", "es behandelt die Art von Störung, die gefunden wurde";
    never_run: "Has found nothing so far.", "Hat bisher nichts gefunden.";
    what_helped: "What was found so far, and what helped", "Was bisher gefunden wurde, und was geholfen hat";
    look_only: "Look only (dry run)", "Nur nachsehen (Probelauf)";
    run: "Run", "Ausführen";
    settings: "Settings", "Einstellungen";
    as_usual: "As usual", "Wie üblich";
    yes: "yes", "ja";
    no: "no", "nein";
    offline: "The machine is not connected. What you start waits for up to three days and runs when the machine is back. A change that needs a signature asks for it then.", "Der Rechner ist nicht verbunden. Was Sie starten, wartet bis zu drei Tage und läuft, sobald der Rechner wieder da ist. Eine Änderung, die eine Unterschrift braucht, fragt erst dann danach.";
    measure: "Measure on the machine", "Auf dem Rechner messen";
    risk: "What it may do", "Was es tun kann";
    systems: "Systems", "Systeme";
    every_system: "all", "alle";
    version: "Version", "Version";
    dry: "dry run", "Probelauf";
    // A run.
    undoing: "Undo what the ticket changed", "Änderungen des Tickets zurücknehmen";
    looked_at: "Looked at", "Nachgesehen";
    looks_now: "looking", "sieht nach";
    causes: "Causes", "Ursachen";
    ruled_out: "ruled out", "ausgeschlossen";
    not_told: "Could not be told", "Nicht feststellbar";
    gone: "gone now", "jetzt weg";
    questions: "Questions", "Fragen";
    for_technician: "for you", "an Sie";
    for_user: "for the user", "an den Benutzer";
    on_the_phone: "Answer for the user (on the phone)", "Für den Benutzer antworten (am Telefon)";
    answer: "Answer", "Antworten";
    answered_by: "answered by", "beantwortet von";
    answer_by: "To be answered", "Zu beantworten";
    otherwise: "without an answer this is taken:", "ohne Antwort gilt:";
    sent: "Sent; the machine has not taken it yet.", "Gesendet; der Rechner hat es noch nicht übernommen.";
    no_answer: "not answered", "nicht beantwortet";
    fixes: "What is done about it", "Was dagegen getan wird";
    would_change: "What would change", "Was sich ändern würde";
    cannot_predict: "The machine cannot say beforehand what would change.", "Der Rechner kann nicht vorhersagen, was sich ändern würde.";
    consent: "Agreement", "Zustimmung";
    agreed: "agreed", "zugestimmt";
    not_agreed: "not agreed", "nicht zugestimmt";
    asked_now: "the person at the machine is being asked", "die Person am Rechner wird gefragt";
    signature: "Signature", "Unterschrift";
    signed: "signed", "unterschrieben";
    not_signed: "not signed", "nicht unterschrieben";
    needs_signature: "This change needs your signature", "Diese Änderung braucht Ihre Unterschrift";
    machine: "Machine", "Rechner";
    does: "What is done", "Was getan wird";
    with: "With", "Womit";
    valid: "The signature is good until", "Die Unterschrift gilt bis";
    copy: "On your own computer, where your key is, run:", "Führen Sie auf Ihrem eigenen Rechner, dort wo Ihr Schlüssel ist, aus:";
    shows_again: "It shows the same text once more before it signs. Compare them: only what stands there is signed.", "Der Befehl zeigt vor dem Unterschreiben denselben Text noch einmal. Vergleichen Sie: Nur was dort steht, wird unterschrieben.";
    whole_text: "The whole text that is signed", "Der ganze Text, der unterschrieben wird";
    unreadable: "This text cannot be read as something that may be signed. Do not sign it.", "Dieser Text lässt sich nicht als etwas lesen, das unterschrieben werden darf. Unterschreiben Sie ihn nicht.";
    do_not_approve: "Do not approve", "Nicht freigeben";
    what_ran: "What was run", "Was ausgeführt wurde";
    exit: "exit status", "Rückgabewert";
    killed: "stopped", "abgebrochen";
    cut: "left out here: the rest of the output", "hier ausgelassen: der Rest der Ausgabe";
    line_cut: "the line goes on", "die Zeile geht weiter";
    lines_left_out: "earlier lines are not shown", "frühere Zeilen werden nicht gezeigt";
    output: "Output", "Ausgabe";
    lines: "lines", "Zeilen";
    one_line: "line", "Zeile";
    during: "during", "während";
    put_right: "put right", "behoben";
    still_there: "still there", "besteht weiter";
    undone: "undone", "zurückgenommen";
    not_undone: "could not be undone", "konnte nicht zurückgenommen werden";
    facts_now: "Measured last", "Zuletzt gemessen";
    facts_before: "Measured before anything was changed", "Gemessen, bevor etwas geändert wurde";
    went_on_after: "Went on after", "Ging weiter nach";
    see_it: "Show", "Zeigen";
    undo_all: "Undo everything this ticket changed", "Alles zurücknehmen, was dieses Ticket geändert hat";
    escalate: "Escalate", "Weitergeben";
    group_unknown: "The ticket should go on to the next level; to which group the runbook cannot tell", "Das Ticket sollte an die nächste Stufe gehen; an welche Gruppe, kann das Runbook nicht sagen";
    // Undoing.
    undo_title: "Undo everything?", "Alles zurücknehmen?";
    undo_what: "On this machine, this is undone, last first:", "Auf diesem Rechner wird dies zurückgenommen, das Letzte zuerst:";
    undo_none: "Nothing on this machine was changed by this ticket, or all of it was undone already.", "Dieses Ticket hat auf dem Rechner nichts geändert, oder alles wurde schon zurückgenommen.";
    undo_running: "Something still runs on this ticket. Once it has ended or was cancelled, all of this can be undone.", "Auf diesem Ticket läuft noch etwas. Wenn es beendet oder abgebrochen ist, lässt sich alles zurücknehmen.";
    undo_impossible: "None of it can be taken back.", "Davon lässt sich nichts zurücknehmen.";
    undo_yes: "Yes, undo all of this", "Ja, alles davon zurücknehmen";
    undo_no: "No, back to the ticket", "Nein, zurück zum Ticket";
    undo_needless: "None of it has to be put back.", "Davon ist nichts zurückzunehmen.";
    back_to_ticket: "Back to the ticket", "Zurück zum Ticket";
    // Escalating.
    escalate_title: "Escalate", "Weitergeben";
    escalate_hint: "This is what is known, what to look at next first. Add what you know; whoever takes over reads it first.", "Das ist bekannt; zuerst, was als Nächstes anzusehen ist. Ergänzen Sie, was Sie wissen; wer übernimmt, liest es zuerst.";
    brief: "What the next one has to know", "Was die nächste Person wissen muss";
    to_level: "To level", "An Stufe";
    escalate_yes: "Escalate with this text", "Mit diesem Text weitergeben";
    since_good: "What changed since the machine was last well", "Was sich geändert hat, seit der Rechner zuletzt gut war";
    // Catalogues.
    runbooks: "Runbooks", "Runbooks";
    catalogue: "Catalogue", "Katalog";
    published: "Published", "Veröffentlicht";
    expires: "Good until", "Gilt bis";
    expired: "expired: no machine takes it any more; publish a new one", "abgelaufen: Kein Rechner nimmt ihn mehr; einen neuen veröffentlichen";
    current: "current", "aktuell";
    withdrawn: "withdrawn", "zurückgezogen";
    all_withdrawn: "All runbooks were withdrawn with this catalogue: machines run none until a new one is published.", "Mit diesem Katalog wurden alle Runbooks zurückgezogen: Rechner führen keine aus, bis ein neuer veröffentlicht wird.";
    earlier_catalogues: "Catalogues so far", "Bisherige Kataloge";
    how_to_publish: "An author signs a folder with “befund runbook sign” and publishes it with “befund runbook publish”.", "Wer Runbooks schreibt, unterschreibt einen Ordner mit „befund runbook sign“ und veröffentlicht ihn mit „befund runbook publish“.";
    runbook: "Runbook", "Runbook";
    effect: "So far", "Bisher";
    its_text: "As it is written", "Wie es geschrieben ist";
    files: "files", "Dateien";
    fix: "What is done", "Was getan wird";
    found: "Found", "Gefunden";
    done: "Done", "Getan";
    verified: "Put right", "Behoben";
    came_back: "Came back", "Kam wieder";
    // Trust.
    trust: "Trust", "Vertrauen";
    trust_about: "Machines run only what these people have signed. This page shows what the controller hands out; each machine checks it itself against the root that was pinned when it was enrolled.", "Rechner führen nur aus, was diese Personen unterschrieben haben. Diese Seite zeigt, was der Controller verteilt; jeder Rechner prüft es selbst gegen die Wurzel, die bei seiner Aufnahme festgelegt wurde.";
    no_root: "There is no trust root yet, so no machine takes a catalogue. Add one with “befund trust add”.", "Es gibt noch keine Vertrauenswurzel, daher nimmt kein Rechner einen Katalog. Eine anlegen mit „befund trust add“.";
    root: "Trust root", "Vertrauenswurzel";
    organisation: "Organisation", "Organisation";
    people: "People", "Personen";
    contact: "Contact", "Kontakt";
    keys: "Keys", "Schlüssel";
    may_sign: "May sign", "Darf unterschreiben";
    not_counted: "does not count", "zählt nicht";
    takes: "What it takes", "Was verlangt wird";
    of_these: "of these people", "von diesen Personen";
    digest: "To be pinned on machines (SHA-256)", "Auf Rechnern festzulegen (SHA-256)";
    digest_hint: "Give this to machines with their installer or token, over a way that you trust, never copied from this page alone.", "Geben Sie dies den Rechnern mit Installer oder Token auf einem Weg, dem Sie vertrauen, nie allein von dieser Seite kopiert.";
    earlier_roots: "Earlier roots", "Frühere Wurzeln";
    who: "Name", "Name";
    none: "none", "keine";
    not_pinned: "nobody vouched for it", "niemand hat dafür gebürgt";
    refused: "refused", "abgelehnt";
    up_to_date: "up to date", "aktuell";
    behind: "not up to date", "nicht aktuell";
    policy: "Policy", "Richtlinie";
    policy_default: "as shipped", "wie ausgeliefert";
    no_policy: "its policy cannot be used", "die Richtlinie ist nicht brauchbar";
    no_executor: "its executor does not answer", "der Ausführende antwortet nicht";
    away: "not connected", "nicht verbunden";
    catalogue_expired: "The published catalogue expired: machines run none of its runbooks. An author signs them anew and publishes them:", "Der veröffentlichte Katalog ist abgelaufen: Rechner führen nichts daraus aus. Wer Runbooks schreibt, unterschreibt sie neu und veröffentlicht sie:";
    never_said: "has not said yet what it trusts", "hat noch nicht gesagt, wem er vertraut";
    another: "Start another runbook", "Ein weiteres Runbook starten";
}

impl RunWords {
    /// The words for these.
    #[must_use]
    pub fn of(words: &Words) -> &'static Self {
        if words.lang == DE.lang { &DE } else { &EN }
    }

    fn pick(&self, en: &'static str, de: &'static str) -> &'static str {
        if self.lang == DE.lang { de } else { en }
    }

    /// How much a step can do.
    #[must_use]
    pub fn risk_of(&self, risk: &Risk) -> &'static str {
        match risk {
            Risk::Read => self.pick("changes nothing", "ändert nichts"),
            Risk::Change => self.pick("changes something", "ändert etwas"),
            Risk::Disruptive => self.pick("interrupts work", "unterbricht die Arbeit"),
        }
    }

    /// The same, of a whole runbook.
    #[must_use]
    pub fn risk_up_to(&self, risk: &Risk) -> &'static str {
        match risk {
            Risk::Read => self.pick("changes nothing", "ändert nichts"),
            Risk::Change => self.pick("may change something", "kann etwas ändern"),
            Risk::Disruptive => self.pick("may interrupt work", "kann die Arbeit unterbrechen"),
        }
    }

    /// What the style of a risk goes by.
    #[must_use]
    pub const fn risk_class(&self, risk: &Risk) -> &'static str {
        match risk {
            Risk::Read => "good",
            Risk::Change => "m-partial",
            Risk::Disruptive => "bad",
        }
    }

    /// How far a fix went.
    #[must_use]
    pub fn end_of(&self, end: &AttemptEnd) -> &'static str {
        match end {
            AttemptEnd::Predicted => self.pick("would be done", "würde getan"),
            AttemptEnd::Needless => self.pick("not needed", "nicht nötig"),
            AttemptEnd::Refused => self.pick("not agreed to", "nicht zugestimmt"),
            AttemptEnd::NotApproved => self.pick("not approved", "nicht freigegeben"),
            AttemptEnd::Failed => self.pick("failed", "fehlgeschlagen"),
            AttemptEnd::Verified => self.pick("put right", "behoben"),
            AttemptEnd::NotVerified => self.pick("done, still there", "getan, besteht weiter"),
            AttemptEnd::Reverted => self.pick("done and undone", "getan und zurückgenommen"),
            AttemptEnd::Indeterminate => {
                self.pick("nobody can tell whether it was done", "ob es getan wurde, ist unklar")
            }
        }
    }

    /// What the style of an end goes by.
    #[must_use]
    pub const fn end_class(&self, end: &AttemptEnd) -> &'static str {
        match end {
            AttemptEnd::Verified => "good",
            AttemptEnd::Failed | AttemptEnd::Reverted | AttemptEnd::Indeterminate => "bad",
            AttemptEnd::NotVerified | AttemptEnd::Refused | AttemptEnd::NotApproved => "m-partial",
            AttemptEnd::Predicted | AttemptEnd::Needless => "",
        }
    }

    /// What undoing a fix does.
    #[must_use]
    pub fn undo_of(&self, undo: &Undo) -> &'static str {
        match undo {
            Undo::Restores => self.pick(
                "what was there before is put back",
                "der vorige Stand wird wiederhergestellt",
            ),
            Undo::Needless => {
                self.pick("nothing has to be put back", "es ist nichts zurückzunehmen")
            }
            Undo::Impossible => {
                self.pick("this cannot be taken back", "das lässt sich nicht zurücknehmen")
            }
        }
    }

    /// A family of systems, as its makers write it.
    #[must_use]
    pub fn system<'a>(&self, system: &'a str) -> &'a str {
        match system {
            "linux" => "Linux",
            "windows" => "Windows",
            "macos" => "macOS",
            other => other,
        }
    }

    /// What people sign for.
    #[must_use]
    pub fn role(&self, role: befund_trust::root::Role) -> &'static str {
        use befund_trust::root::Role;
        match role {
            Role::Root => self.pick("the next trust root", "die nächste Vertrauenswurzel"),
            Role::Catalogue => self.pick("catalogues of runbooks", "Kataloge von Runbooks"),
            Role::Change => self.pick("a change on a machine", "eine Änderung auf einem Rechner"),
            Role::Disruptive => self
                .pick("a change that interrupts work", "eine Änderung, die die Arbeit unterbricht"),
        }
    }

    /// How often a runbook found something, and what became of it.
    #[must_use]
    pub fn tally(&self, found: u64, put_right: u64, came_back: u64) -> String {
        let times = |count: u64| match (count, self.lang) {
            (0, "de") => "nie".to_owned(),
            (0, _) => "never".to_owned(),
            (1, "de") => "einmal".to_owned(),
            (1, _) => "once".to_owned(),
            (count, "de") => format!("{count}-mal"),
            (count, _) => format!("{count} times"),
        };
        let (found, right) = (times(found), times(put_right));
        match self.lang {
            "de" if came_back == 0 => format!("{found} etwas gefunden, {right} behoben"),
            "de" => format!("{found} etwas gefunden, {right} behoben, {came_back} kam wieder"),
            _ => {
                let right = if put_right == 0 {
                    "never put right".to_owned()
                } else {
                    format!("put right {right}")
                };
                let back =
                    if came_back == 0 { String::new() } else { format!(", {came_back} came back") };
                format!("found something {found}, {right}{back}")
            }
        }
    }

    /// A text in quotation marks.
    #[must_use]
    pub fn quoted(&self, text: &str) -> String {
        if self.lang == DE.lang { format!("„{text}“") } else { format!("“{text}”") }
    }

    /// How many people have to sign.
    #[must_use]
    pub fn signatures(&self, people: &u32) -> String {
        match (*people, self.lang) {
            (1, "de") => "Eine Person muss unterschreiben.".to_owned(),
            (1, _) => "One person has to sign.".to_owned(),
            (count, "de") => format!("{count} verschiedene Personen müssen unterschreiben."),
            (count, _) => format!("{count} different people have to sign."),
        }
    }

    /// Who has signed, of how many.
    #[must_use]
    pub fn signed_by(&self, by: &[String], people: &u32) -> String {
        let (count, names) = (by.len(), by.join(", "));
        match self.lang {
            "de" => format!("{count} von {people}: {names}. Es fehlt noch eine andere Person."),
            _ => format!("{count} of {people}: {names}. Another person has to sign as well."),
        }
    }

    /// A badge for a ticket whose job waits for somebody; empty for a job that does not.
    #[must_use]
    pub fn waits(&self, state: &JobState) -> &'static str {
        match state {
            JobState::Asking => self.pick("waits for an answer", "wartet auf eine Antwort"),
            JobState::NeedsApproval => {
                self.pick("waits for a signature", "wartet auf eine Unterschrift")
            }
            JobState::Rebooting => self.pick("restarting", "startet neu"),
            JobState::Running => self.pick("running", "läuft"),
            JobState::Waiting
            | JobState::Delivered
            | JobState::Done
            | JobState::Failed
            | JobState::Refused
            | JobState::Cancelled
            | JobState::Expired
            | JobState::Indeterminate => "",
        }
    }

    /// What the style of a measurement goes by, in a list.
    #[must_use]
    pub const fn is_well(&self, status: &Status) -> bool {
        match status {
            Status::Ok => true,
            Status::Partial
            | Status::Unsupported
            | Status::Denied
            | Status::Timeout
            | Status::Failed => false,
        }
    }
}
