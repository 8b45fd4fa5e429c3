//! The words about security keys that sign in the browser, in English and German.

use crate::console::words::{Words, words};

words! {
    /// Every string about them.
    KeyWords;
    // Signing.
    or_here: "Or sign here, in the browser", "Oder hier im Browser unterschreiben";
    sign_here: "Sign here with your security key", "Hier mit Ihrem Sicherheitsschlüssel unterschreiben";
    read_first: "Read the whole text below first: it is what your key signs.", "Lesen Sie zuerst den ganzen Text unten: Ihn unterschreibt Ihr Schlüssel.";
    exact: "The exact bytes that are signed", "Genau die Bytes, die unterschrieben werden";
    no_guarantee: "A browser shows what this server sends, and your security key shows nothing of it. If somebody else controls this server, it could show you one text and have another signed. If in doubt, sign with the command above: it reads on your own computer what is signed, and compares it with the runbook.", "Ein Browser zeigt, was dieser Server schickt, und Ihr Sicherheitsschlüssel zeigt nichts davon. Wer diesen Server beherrscht, könnte Ihnen einen Text zeigen und einen anderen unterschreiben lassen. Im Zweifel unterschreiben Sie mit dem Befehl oben: Er liest auf Ihrem eigenen Rechner, was unterschrieben wird, und vergleicht es mit dem Runbook.";
    only_changes: "The machine takes this only for changes, never for what interrupts work.", "Der Rechner nimmt das nur für Änderungen an, nie für etwas, das die Arbeit unterbricht.";
    touch: "Touch your security key now.", "Berühren Sie jetzt Ihren Sicherheitsschlüssel.";
    elsewhere: "Nothing is signed on pages of this address. Your trust root names these:", "Auf Seiten dieser Adresse wird nichts unterschrieben. Ihre Vertrauenswurzel nennt diese:";
    unable: "This browser cannot use security keys here. It takes one that can, and an address with https.", "Dieser Browser kann hier keine Sicherheitsschlüssel benutzen. Es braucht einen, der das kann, und eine Adresse mit https.";
    not_signed: "Nothing was signed: you cancelled it, it took too long, or this security key is none that your trust root lists.", "Nichts wurde unterschrieben: Sie haben abgebrochen, es dauerte zu lange, oder Ihre Vertrauenswurzel nennt diesen Sicherheitsschlüssel nicht.";
    meanwhile: "Nothing was sent: what was to be signed has changed meanwhile. Read it again.", "Nichts wurde gesendet: Was unterschrieben werden sollte, hat sich inzwischen geändert. Lesen Sie es noch einmal.";
    // Whom machines trust.
    in_browser: "signs in the browser", "unterschreibt im Browser";
    pages: "Signing in the browser", "Unterschreiben im Browser";
    pages_none: "The root lets nothing be signed in a browser.", "Die Wurzel lässt nichts im Browser unterschreiben.";
    pages_some: "Changes only, with keys for", "Nur Änderungen, mit Schlüsseln für";
    on_pages: "on pages of", "auf Seiten von";
    // Making a key.
    title: "A security key for the browser", "Ein Sicherheitsschlüssel für den Browser";
    about: "With it you sign changes on the console's pages, without a command line. The private key stays in your security key. What comes out is one line with the public half: hand it to whoever signs your trust root, and compare the fingerprint with them by telephone or face to face.", "Damit unterschreiben Sie Änderungen auf den Seiten der Konsole, ohne Befehlszeile. Der private Schlüssel bleibt in Ihrem Sicherheitsschlüssel. Heraus kommt eine Zeile mit dem öffentlichen Teil: Geben Sie sie denen, die Ihre Vertrauenswurzel unterschreiben, und vergleichen Sie mit ihnen den Fingerabdruck am Telefon oder von Angesicht zu Angesicht.";
    about_server: "This server keeps nothing of it. As it made this page, it could also show a line of its own in place of yours: make your key while you have no reason to doubt it, and sign one harmless change as soon as the new root is there. If your key is then refused, the line was not yours: tell whoever signs roots.", "Dieser Server behält nichts davon. Da er diese Seite gemacht hat, könnte er auch eine eigene Zeile anstelle Ihrer zeigen: Erzeugen Sie Ihren Schlüssel, solange Sie keinen Grund zum Zweifel haben, und unterschreiben Sie eine harmlose Änderung, sobald die neue Wurzel da ist. Wird Ihr Schlüssel dann abgelehnt, war die Zeile nicht Ihre: Sagen Sie es denen, die Wurzeln unterschreiben.";
    needs: "It takes a security key with a PIN or a fingerprint reader (FIDO2). A passkey that is copied between devices is not taken.", "Es braucht einen Sicherheitsschlüssel mit PIN oder Fingerabdruck (FIDO2). Ein Passkey, der zwischen Geräten kopiert wird, wird nicht angenommen.";
    make: "Make a key", "Schlüssel erzeugen";
    for_party: "It will sign for", "Er unterschreibt für";
    line: "The line", "Die Zeile";
    fingerprint: "Fingerprint", "Fingerabdruck";
    next: "Whoever makes the next root runs:", "Wer die nächste Vertrauenswurzel erstellt, führt aus:";
    copyable: "This passkey may be copied to other devices, so that machines do not take what it signs. Use a security key, or one that stays in this computer.", "Dieser Passkey kann auf andere Geräte kopiert werden; Rechner nehmen nicht an, was er unterschreibt. Nehmen Sie einen Sicherheitsschlüssel oder einen, der in diesem Rechner bleibt.";
    unverified: "This security key did not verify who you are. Give it a PIN, and try again.", "Dieser Sicherheitsschlüssel hat nicht geprüft, wer Sie sind. Geben Sie ihm eine PIN und versuchen Sie es noch einmal.";
    other_kind: "This security key has no key of the kind that is needed (ES256).", "Dieser Sicherheitsschlüssel hat keinen Schlüssel der nötigen Art (ES256).";
    not_made: "No key was made: you cancelled it, it took too long, or this security key has one already.", "Es wurde kein Schlüssel erzeugt: Sie haben abgebrochen, es dauerte zu lange, oder dieser Sicherheitsschlüssel hat schon einen.";
}

impl KeyWords {
    /// The words for these.
    #[must_use]
    pub fn of(words: &Words) -> &'static Self {
        if words.lang == DE.lang { &DE } else { &EN }
    }
}
