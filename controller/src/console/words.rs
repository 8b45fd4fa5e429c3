//! The console's words, in English and German. A struct and not a map: a string that one of the
//! languages lacks does not compile.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use befund_model::job::JobState;
use befund_model::language::Language;
use befund_model::operator::Role;
use befund_model::runbook::CauseVerdict;
use befund_model::snapshot::Status;
use befund_model::ticket::{Priority, TicketStatus};

/// A struct of strings, and its two languages.
macro_rules! words {
    ($(#[$doc:meta])* $words:ident; $($name:ident: $en:literal, $de:literal;)+) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $words {
            /// The language's code, as in the page's `lang`.
            pub lang: &'static str,
            $(#[doc = $en] pub $name: &'static str,)+
        }
        /// English.
        pub const EN: $words = $words { lang: "en", $($name: $en,)+ };
        /// German.
        pub const DE: $words = $words { lang: "de", $($name: $de,)+ };
    };
}
pub(crate) use words;

words! {
    /// Every string of the console but those about runbooks.
    Words;
    tickets: "Tickets", "Tickets";
    machines: "Machines", "Rechner";
    sign_in: "Sign in", "Anmelden";
    sign_out: "Sign out", "Abmelden";
    name: "Name", "Name";
    password: "Password", "Passwort";
    sign_in_hint: "Accounts are made on the controller's host: befund-controller user add.", "Konten werden auf dem Rechner des Controllers angelegt: befund-controller user add.";
    skip: "Skip to the content", "Zum Inhalt";
    search: "Search", "Suchen";
    search_subject: "Words in the subject", "Wörter im Betreff";
    search_name: "Part of the name", "Teil des Namens";
    all_open: "All but closed", "Alle außer geschlossenen";
    everything: "All", "Alle";
    status: "Status", "Status";
    priority: "Priority", "Priorität";
    level: "Level", "Stufe";
    assignee: "Assignee", "Bearbeiter";
    anybody: "Anybody", "Alle";
    nobody: "nobody", "niemand";
    mine: "Mine", "Meine";
    requester: "Requester", "Gemeldet von";
    machine: "Machine", "Rechner";
    subject: "Subject", "Betreff";
    message: "Description", "Beschreibung";
    opened: "Opened", "Eröffnet";
    updated: "Changed", "Geändert";
    new_ticket: "New ticket", "Neues Ticket";
    create: "Open the ticket", "Ticket eröffnen";
    no_tickets: "No tickets match. When a user sends diagnostics, the ticket appears here by itself.", "Keine passenden Tickets. Sobald jemand eine Diagnose sendet, erscheint das Ticket hier von selbst.";
    no_machines: "No machines yet. Make a token with “befund enroll token new” and run “befund-agent enroll” on a machine.", "Noch keine Rechner. Mit „befund enroll token new“ ein Token erzeugen und auf einem Rechner „befund-agent enroll“ ausführen.";
    next_page: "Next page", "Nächste Seite";
    first_page: "First page", "Erste Seite";
    take: "Take it", "Übernehmen";
    set: "Set", "Setzen";
    text: "Comment, solution or reason", "Kommentar, Lösung oder Grund";
    comment: "Comment", "Kommentieren";
    close: "Close with this solution", "Mit dieser Lösung schließen";
    reopen: "Reopen", "Wieder öffnen";
    solution: "Solution", "Lösung";
    timeline: "Timeline", "Verlauf";
    run: "Run", "Ausführen";
    run_title: "Run on the machine", "Auf dem Rechner ausführen";
    probes: "Probes", "Messungen";
    runbooks: "Runbooks", "Runbooks";
    started_job: "Started; its output appears on the timeline.", "Gestartet; die Ausgabe erscheint im Verlauf.";
    queued_job: "The machine is not connected; it runs when the machine is back.", "Der Rechner ist nicht verbunden; es läuft, sobald er wieder da ist.";
    no_works: "Nothing can be run from here.", "Von hier kann nichts ausgeführt werden.";
    connected: "connected", "verbunden";
    not_connected: "not connected", "nicht verbunden";
    revoked: "revoked", "widerrufen";
    last_seen: "Last seen", "Zuletzt gesehen";
    never: "never", "nie";
    os: "Operating system", "Betriebssystem";
    agent: "Agent", "Agent";
    group: "Group", "Gruppe";
    enrolled: "Enrolled", "Aufgenommen";
    clock_off: "Clock off by", "Uhr geht falsch um";
    identity: "Identity", "Identität";
    snapshot: "Snapshot", "Diagnose";
    snapshots: "Snapshots", "Diagnosen";
    latest: "latest", "neueste";
    earlier: "Earlier snapshots", "Frühere Diagnosen";
    no_snapshot: "This machine has not sent a snapshot yet.", "Dieser Rechner hat noch keine Diagnose gesendet.";
    sections: "sections", "Abschnitte";
    incomplete: "incomplete", "unvollständig";
    taken: "Taken", "Aufgenommen";
    redacted: "values redacted", "Werte geschwärzt";
    no_content: "There is nothing here.", "Hier steht nichts.";
    yes: "yes", "ja";
    no: "no", "nein";
    job: "Job", "Auftrag";
    state: "State", "Zustand";
    work: "Work", "Arbeit";
    started_by: "Started by", "Gestartet von";
    deadline: "Deadline", "Frist";
    ended: "Ended", "Beendet";
    took: "Took", "Dauer";
    output: "Output", "Ausgabe";
    result: "Result", "Ergebnis";
    cancel: "Cancel", "Abbrechen";
    conclusion: "Conclusion", "Fazit";
    cause: "Cause", "Ursache";
    verdict: "Verdict", "Urteil";
    evidence: "Evidence", "Beleg";
    advice: "What to do", "Was zu tun ist";
    facts: "Facts", "Fakten";
    e_opened: "opened the ticket", "hat das Ticket eröffnet";
    e_commented: "wrote", "schrieb";
    e_snapshot: "sent a snapshot", "sendete eine Diagnose";
    e_started: "started", "startete";
    e_judged: "checked the snapshot", "prüfte die Diagnose";
    nothing_wrong: "nothing is wrong", "nichts auffällig";
    failed: "fail", "schlecht";
    warned: "warn", "auffällig";
    unknown: "unknown", "unbekannt";
    findings: "Findings", "Befunde";
    no_findings: "Not checked yet: it happens right after the snapshot has come.", "Noch nicht geprüft: Das geschieht gleich nach dem Eintreffen der Diagnose.";
    between: "between", "zwischen";
    and: "and", "und";
    after: "after", "nach";
    history: "What changed when", "Was sich wann geändert hat";
    no_history: "Nothing that lasts has changed between the snapshots.", "Zwischen den Diagnosen hat sich nichts Bleibendes geändert.";
    earlier_changes: "Earlier changes", "Frühere Änderungen";
    good: "good", "gut";
    call_good: "Call this one good", "Als gut vermerken";
    call_good_hint: "This is how the machine should be: later snapshots are compared with this one", "So soll der Rechner sein: spätere Diagnosen werden mit dieser verglichen";
    no_longer_good: "No longer good", "Nicht mehr gut";
    changed_since_good: "Changed since it was last well", "Geändert, seit es zuletzt gut war";
    changed_since_last: "Changed since the snapshot before", "Geändert seit der Diagnose davor";
    no_changes: "Nothing that lasts has changed.", "Nichts Bleibendes hat sich geändert.";
    passed: "checks pass", "Prüfungen ohne Befund";
    on_machines: "machines have this", "Rechner haben das";
    on_this_alone: "only this machine has this", "nur dieser Rechner hat das";
    e_escalated: "escalated", "eskalierte";
    e_changed: "changed", "änderte";
    e_solved: "closed it with the solution", "schloss es mit der Lösung";
    e_reopened: "reopened it", "öffnete es wieder";
    live_lines: "live lines", "Zeilen während des Laufs";
    e_running: "runs on the machine", "läuft auf dem Rechner";
    conflict: "Nothing was changed: somebody was faster. This is how the ticket stands now; look at it again, then decide.", "Nichts wurde geändert: Jemand war schneller. So steht das Ticket jetzt; bitte noch einmal ansehen, dann entscheiden.";
    more: "The first rows are shown; the API has all of them.", "Die ersten Zeilen werden gezeigt; die API hat alle.";
    unknown_page: "This did not work", "Das ging nicht";
    back: "Back to the tickets", "Zurück zu den Tickets";
    highlights: "At a glance", "Auf einen Blick";
    troubles: "Could not be read in full", "Nicht vollständig lesbar";
    signed_out: "Please sign in.", "Bitte anmelden.";
    wrong_sign_in: "The name or the password is wrong, or the account is switched off.", "Name oder Passwort ist falsch, oder das Konto ist abgeschaltet.";
    too_many: "Too many failed sign-ins. Seconds to wait:", "Zu viele Fehlversuche. Wartezeit in Sekunden:";
    memory: "Memory", "Arbeitsspeicher";
    processor: "Processor", "Prozessor";
    model: "Model", "Modell";
    uptime: "Up for", "Läuft seit";
    fullest: "Fullest file system", "Vollstes Dateisystem";
    addresses: "Addresses", "Adressen";
    failed_services: "Failed services", "Fehlgeschlagene Dienste";
    show_all: "Show", "Anzeigen";
}

impl Words {
    /// The words for a browser's `Accept-Language`: German if it is preferred to English.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> &'static Self {
        let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        match wanted.map(preferred).unwrap_or_default() {
            Language::German => &DE,
            Language::English => &EN,
        }
    }

    /// The language that these words are of.
    #[must_use]
    pub fn language(&self) -> Language {
        Language::of_tag(self.lang).unwrap_or_default()
    }

    /// A ticket's status.
    #[must_use]
    pub fn ticket_status(&self, status: &TicketStatus) -> &'static str {
        match status {
            TicketStatus::New => self.pick("new", "neu"),
            TicketStatus::Open => self.pick("open", "offen"),
            TicketStatus::WaitingForUser => self.pick("waiting for user", "wartet auf Nutzer"),
            TicketStatus::Resolved => self.pick("resolved", "gelöst"),
            TicketStatus::Closed => self.pick("closed", "geschlossen"),
        }
    }

    /// A priority.
    #[must_use]
    pub fn priority_of(&self, priority: &Priority) -> &'static str {
        match priority {
            Priority::Low => self.pick("low", "niedrig"),
            Priority::Normal => self.pick("normal", "normal"),
            Priority::High => self.pick("high", "hoch"),
            Priority::Urgent => self.pick("urgent", "dringend"),
        }
    }

    /// How a measurement came out.
    #[must_use]
    pub fn status_of(&self, status: &Status) -> &'static str {
        match status {
            Status::Ok => self.pick("ok", "ok"),
            Status::Partial => self.pick("partial", "teilweise"),
            Status::Unsupported => self.pick("not supported", "nicht vorhanden"),
            Status::Denied => self.pick("denied", "verweigert"),
            Status::Timeout => self.pick("timed out", "Zeit abgelaufen"),
            Status::Failed => self.pick("failed", "fehlgeschlagen"),
        }
    }

    /// Where a job stands.
    #[must_use]
    pub fn job_state(&self, state: &JobState) -> &'static str {
        match state {
            JobState::Waiting => self.pick("waiting for the machine", "wartet auf den Rechner"),
            JobState::Delivered => self.pick("delivered", "zugestellt"),
            JobState::Running => self.pick("running", "läuft"),
            JobState::Asking => self.pick("waits for an answer", "wartet auf eine Antwort"),
            JobState::NeedsApproval => self.pick("needs a signature", "braucht eine Unterschrift"),
            JobState::Rebooting => self.pick("restarting", "startet neu"),
            JobState::Done => self.pick("done", "fertig"),
            JobState::Failed => self.pick("failed", "fehlgeschlagen"),
            JobState::Refused => self.pick("refused by the machine", "vom Rechner abgelehnt"),
            JobState::Cancelled => self.pick("cancelled", "abgebrochen"),
            JobState::Expired => self.pick("expired", "Frist abgelaufen"),
            JobState::Indeterminate => self.pick("undecidable", "nicht feststellbar"),
        }
    }

    /// What is said of a cause.
    #[must_use]
    pub fn verdict_of(&self, verdict: &CauseVerdict) -> &'static str {
        match verdict {
            CauseVerdict::Found => self.pick("found", "gefunden"),
            CauseVerdict::Excluded => self.pick("ruled out", "ausgeschlossen"),
            CauseVerdict::Unknown => self.pick("unknown", "unbekannt"),
            CauseVerdict::Explained => self.pick("follows from another", "folgt aus anderer"),
        }
    }

    /// What the style of a verdict goes by.
    #[must_use]
    pub const fn verdict_class(&self, verdict: &CauseVerdict) -> &'static str {
        match verdict {
            CauseVerdict::Found => "v-found",
            CauseVerdict::Excluded => "v-excluded",
            CauseVerdict::Unknown => "v-unknown",
            CauseVerdict::Explained => "v-explained",
        }
    }

    /// A role.
    #[must_use]
    pub fn role(&self, role: &Role) -> &'static str {
        match role {
            Role::Requester => self.pick("requester", "Anwender"),
            Role::TechnicianL1 => self.pick("technician L1", "Techniker L1"),
            Role::TechnicianL2 => self.pick("technician L2", "Techniker L2"),
            Role::TechnicianL3 => self.pick("technician L3", "Techniker L3"),
            Role::Auditor => self.pick("auditor", "Prüfer"),
            Role::Administrator => self.pick("administrator", "Administrator"),
        }
    }

    /// Picks by language.
    #[must_use]
    pub fn pick(&self, en: &'static str, de: &'static str) -> &'static str {
        match self.language() {
            Language::English => en,
            Language::German => de,
        }
    }
}

/// The best of ours in an `Accept-Language` (RFC 9110, 12.5.4); English when it names neither.
fn preferred(header: &str) -> Language {
    let mut best = (0.0_f32, Language::English);
    for item in header.split(',') {
        let (tag, rest) = item.split_once(';').unwrap_or((item, ""));
        let weight = rest.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.trim().parse().ok());
        let Some(language) = Language::of_tag(tag.trim()) else { continue };
        if let Some(weight) = weight
            && weight > best.0
        {
            best = (weight, language);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_of_ours_wins() {
        assert_eq!(preferred("de-DE,de;q=0.9,en;q=0.8"), Language::German);
        assert_eq!(preferred("fr,en;q=0.3,de;q=0.5"), Language::German);
        assert_eq!(preferred("en-GB,de;q=0.9"), Language::English);
        assert_eq!(preferred("*, fr"), Language::English);
    }
}
