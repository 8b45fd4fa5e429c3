//! What probes measured, in their one line.

/// By topic; what fits much is last.
pub(super) const MEASURED: &[(&str, &str)] = &[
    // Links and addresses.
    ("{} up", "{0} verbunden"),
    ("there is no network interface", "es gibt keine Netzwerkschnittstelle"),
    ("no network interface has a signal", "keine Netzwerkschnittstelle hat ein Signal"),
    (
        "no card has a signal; only {} made by software",
        "keine Karte hat ein Signal; nur {0}, von Programmen angelegt",
    ),
    ("there is no wireless interface", "es gibt keine WLAN-Schnittstelle"),
    ("no DHCP lease is kept here by {}", "hier führt niemand Buch über DHCP-Adressen ({0})"),
    ("no interface has an address", "keine Schnittstelle hat eine Adresse"),
    (
        "all addresses are link-local: no DHCP server gave one",
        "nur selbst vergebene Adressen: Kein DHCP-Server hat eine zugeteilt",
    ),
    ("there is no default route", "es gibt keine Standardroute"),
    ("gateway {w} on {} does not answer", "Gateway {0} an {1} antwortet nicht"),
    ("gateway {w} on {} answers", "Gateway {0} an {1} antwortet"),
    ("gateway {w} on {} was there before", "Gateway {0} an {1} war vorher da"),
    ("not confirmed in time", "nicht rechtzeitig bestätigt"),
    (
        "gateway {w} on {} a link without neighbours",
        "Gateway {0} an {1}, eine Verbindung ohne Nachbarn",
    ),
    // Names.
    ("no DNS server is configured", "kein Namensserver ist eingetragen"),
    ("no DNS server answers ({})", "kein Namensserver antwortet ({0})"),
    ("{w} of {w} DNS servers do not answer: {}", "{0} von {1} Namensservern antworten nicht: {2}"),
    (
        "all {w} DNS servers answer, the slowest in {}",
        "alle {0} Namensserver antworten, der langsamste in {1}",
    ),
    (
        "{w} DNS server answers, the slowest in {w} ms",
        "{0} Namensserver antwortet, der langsamste in {1} ms",
    ),
    (
        "{w} DNS servers answer, the slowest in {w} ms",
        "{0} Namensserver antworten, der langsamste in {1} ms",
    ),
    ("{w} of {w} servers behind it do not answer", "{0} von {1} Servern dahinter antworten nicht"),
    ("{} asks no server for host names, only {}", "{0} fragt keinen Server nach Namen, nur {1}"),
    (
        "{w} names are answered for here, none of a target",
        "{0} Namen werden hier selbst beantwortet, keiner davon ein Ziel",
    ),
    ("{w} overrides {}", "{0} überschreibt {1}"),
    ("{w} could not be compared", "{0} ließ sich nicht vergleichen"),
    ("{w} is what the reference says", "{0} ist wie bei der Referenz"),
    ("{w} is a name of the inside", "{0} ist ein interner Name"),
    (
        "{w} leads to other public addresses than the reference's",
        "{0} führt zu anderen öffentlichen Adressen als bei der Referenz",
    ),
    (
        "{w} is diverted to an address of the inside, or blocked",
        "{0} wird auf eine interne Adresse umgeleitet oder gesperrt",
    ),
    (
        "{w} does not exist, but gets an address here",
        "{0} gibt es nicht, bekommt hier aber eine Adresse",
    ),
    ("{w} exists, but is not found here", "{0} gibt es, wird hier aber nicht gefunden"),
    (
        "{w} is answered otherwise by this machine itself than by its servers",
        "{0} beantwortet dieser Rechner selbst anders als seine Server",
    ),
    // Connections.
    ("the Internet is open ({} in {})", "das Internet ist erreichbar ({0} in {1})"),
    ("{} answers {w} as expected", "{0} antwortet {1} wie erwartet"),
    (
        "{} is answered {w} and sent to {w}: a captive portal",
        "{0} wird mit {1} beantwortet und nach {2} geschickt: eine Anmeldeseite",
    ),
    ("{} is answered {w} by somebody else", "{0} wird von jemand anderem mit {1} beantwortet"),
    ("{} did not answer within {w} s", "{0} antwortete nicht innerhalb von {1} s"),
    ("no answer", "keine Antwort"),
    ("the answer is not HTTP", "die Antwort ist kein HTTP"),
    ("could not look up {w} within {w} s", "{0} war nach {1} s nicht aufgelöst"),
    ("could not look up {w}: {}", "{0} ließ sich nicht auflösen: {1}"),
    ("could not connect to {w}: {}", "keine Verbindung zu {0}: {1}"),
    ("{w} has no address", "{0} hat keine Adresse"),
    ("{w} open in {w} ms", "{0} offen in {1} ms"),
    ("{w} closed", "{0} geschlossen"),
    ("{w} filtered", "{0} gefiltert"),
    ("{w} unreachable: {}", "{0} unerreichbar: {1:said}"),
    ("{w} unreachable", "{0} unerreichbar"),
    (
        "there is no IPv6 here, and programs do not try it",
        "es gibt hier kein IPv6, und Programme versuchen es nicht",
    ),
    (
        "no target has an IPv6 address to try the route with",
        "kein Ziel hat eine IPv6-Adresse, um die Route zu prüfen",
    ),
    ("IPv6 connects", "IPv6 verbindet"),
    (
        "neither IPv6 nor IPv4 connects to what was tried",
        "weder IPv6 noch IPv4 verbindet zu dem, was versucht wurde",
    ),
    (
        "there is a route for IPv6, but it does not connect: {}",
        "es gibt eine Route für IPv6, aber keine Verbindung: {0}",
    ),
    ("no proxy is configured", "kein Proxy ist eingetragen"),
    (
        "a proxy is configured for package downloads only",
        "ein Proxy ist nur für das Laden von Paketen eingetragen",
    ),
    ("the proxy {w} takes connections", "der Proxy {0} nimmt Verbindungen an"),
    ("the proxy {w} does not take connections", "der Proxy {0} nimmt keine Verbindungen an"),
    (
        "no proxy script is configured, and the network was asked and names none",
        "kein Proxy-Skript ist eingetragen, und das Netzwerk nennt auf Nachfrage keines",
    ),
    (
        "no proxy script is configured for the whole machine",
        "für den ganzen Rechner ist kein Proxy-Skript eingetragen",
    ),
    (
        "packets of {w} bytes reach {}, which is too little",
        "Pakete von {0} Byte erreichen {1}, das ist zu wenig",
    ),
    (
        "packets of {w} bytes reach {}, which is little",
        "Pakete von {0} Byte erreichen {1}, das ist wenig",
    ),
    (
        "packets of {w} bytes reach {}; larger ones vanish without a word, so that connections hang",
        "Pakete von {0} Byte erreichen {1}; größere verschwinden wortlos, sodass Verbindungen hängen",
    ),
    (
        "packets of {w} bytes reach {} as far as the system knows; it answers no echoes to tell for sure",
        "Pakete von {0} Byte erreichen {1}, soweit das System weiß; es beantwortet keine Echos, um sicher zu sein",
    ),
    ("packets of {w} bytes reach {}", "Pakete von {0} Byte erreichen {1}"),
    (
        "{}; the gateway is well, so that it is further out",
        "{0:said}; das Gateway ist in Ordnung, es liegt also weiter draußen",
    ),
    (
        "the gateway {w} loses {w} % of {w} and takes {w} ms",
        "das Gateway {0} verliert {1} % von {2} und braucht {3} ms",
    ),
    ("{} loses {w} % of {w} and takes {w} ms", "{0} verliert {1} % von {2} und braucht {3} ms"),
    ("the gateway {w} does not answer", "das Gateway {0} antwortet nicht"),
    // Certificates.
    ("{} is trusted, {w} days left", "{0} ist vertrauenswürdig, noch {1} Tage gültig"),
    ("{} is not trusted: {}", "{0} ist nicht vertrauenswürdig: {1:said}"),
    ("{} shows no certificate", "{0} zeigt kein Zertifikat"),
    ("a certificate has expired", "ein Zertifikat ist abgelaufen"),
    (
        "a certificate is not valid yet; check this machine's clock",
        "ein Zertifikat gilt noch nicht; bitte die Uhr dieses Rechners prüfen",
    ),
    (
        "the chain does not lead to a root that this machine trusts",
        "die Kette führt zu keiner Wurzel, der dieser Rechner vertraut",
    ),
    ("the certificate is for another name", "das Zertifikat gilt für einen anderen Namen"),
    (
        "{} is signed by {}, which came with the system",
        "{0} ist von {1} unterschrieben, mit dem System geliefert",
    ),
    (
        "{} is signed by {}, which this machine's owner added",
        "{0} ist von {1} unterschrieben, vom Besitzer des Rechners hinzugefügt",
    ),
    (
        "{} is signed by {}, which this machine does not know",
        "{0} ist von {1} unterschrieben, diesem Rechner unbekannt",
    ),
    (
        "this machine has no certificate to show to a network",
        "dieser Rechner hat kein Zertifikat, das er einem Netzwerk zeigt",
    ),
    ("{} ({}): its key is not there", "{0} ({1}): der Schlüssel fehlt"),
    ("{} ({}): it expired {w} days ago", "{0} ({1}): vor {2} Tagen abgelaufen"),
    ("{} ({}): {w} days left", "{0} ({1}): noch {2} Tage gültig"),
    // The machine.
    ("no time server answers", "kein Zeitserver antwortet"),
    ("the clock is off by {}", "die Uhr geht um {0} falsch"),
    (
        "enough room everywhere; {} has {w} % left",
        "überall genug Platz; auf {0} sind noch {1} % frei",
    ),
    ("{} has {w} % left", "auf {0} sind noch {1} % frei"),
    ("{} has used {w} % of its inodes", "auf {0} sind {1} % der Inodes belegt"),
    ("{w} lines of {}, {w} values redacted", "{0} Zeilen aus {1}, {2} Werte geschwärzt"),
    (
        "{w} processes, load {w}, {w} % of memory available; {} uses the most processor time ({w} %)",
        "{0} Prozesse, Last {1}, {2} % des Speichers frei; {3} braucht die meiste Rechenzeit ({4} %)",
    ),
    (
        "{w} processes, {w} % of memory available; {} uses the most processor time ({w} %)",
        "{0} Prozesse, {1} % des Speichers frei; {2} braucht die meiste Rechenzeit ({3} %)",
    ),
    (
        "{w} processes, load {w}, {w} % of memory available",
        "{0} Prozesse, Last {1}, {2} % des Speichers frei",
    ),
    ("{w} processes, {w} % of memory available", "{0} Prozesse, {1} % des Speichers frei"),
    ("{w} of {w} services run", "{0} von {1} Diensten laufen"),
    ("{w} is not installed", "{0} ist nicht installiert"),
    ("{w} runs", "{0} läuft"),
    ("{w} is switched on and does not run", "{0} ist eingeschaltet und läuft nicht"),
    ("{w} is switched off", "{0} ist ausgeschaltet"),
    ("the policy lists no {} under {w}", "die Richtlinie nennt nichts unter {1}"),
    ("the policy lists no logs", "die Richtlinie nennt keine Protokolle"),
    ("there is no section {}", "es gibt keinen Abschnitt {0}"),
    ("this system has no such section", "dieses System hat diesen Abschnitt nicht"),
    // An address, and where it is.
    ("{w} on {w}", "{0} an {1}"),
];
