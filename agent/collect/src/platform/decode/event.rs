//! Events of Windows' log as XML (`EvtRender(EvtRenderEventXml)`), and what they are about.
//!
//! The log makes this XML itself, always in the same form: no name spaces, comments or sections of
//! raw text inside of what is read here. Anything else is gone by.

use befund_model::Timestamp;

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) provider: String,
    pub(crate) id: u32,
    pub(crate) level: u32,
    pub(crate) at: Option<Timestamp>,
    /// The data's names (empty if they have none) and values, in order.
    pub(crate) data: Vec<(String, String)>,
}

impl Event {
    /// The value at this place, if it says something.
    pub(crate) fn value(&self, index: usize) -> Option<&str> {
        let value = self.data.get(index)?.1.trim();
        (!value.is_empty()).then_some(value)
    }

    /// The value of this name, if it says something.
    pub(crate) fn named(&self, name: &str) -> Option<&str> {
        let (_, value) = self.data.iter().find(|(known, _)| known == name)?;
        let value = value.trim();
        (!value.is_empty()).then_some(value)
    }

    /// All values in one line.
    pub(crate) fn line(&self) -> String {
        let values: Vec<&str> = self
            .data
            .iter()
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
            .collect();
        values.join(", ")
    }

    /// Without what Microsoft's names begin with.
    pub(crate) fn from(&self) -> &str {
        self.provider.strip_prefix("Microsoft-Windows-").unwrap_or(&self.provider)
    }
}

/// Reads an event; `None` if it names neither who wrote it nor its number.
pub(crate) fn event(xml: &str) -> Option<Event> {
    let system = between(xml, "<System>", "</System>")?;
    let provider = tag(system, "Provider").and_then(|tag| attribute(tag, "Name"))?;
    let id = content(system, "EventID")?.trim().parse().ok()?;
    let level = content(system, "Level").and_then(|level| level.trim().parse().ok()).unwrap_or(0);
    let at = tag(system, "TimeCreated")
        .and_then(|tag| attribute(tag, "SystemTime"))
        .and_then(|time| time.parse().ok());
    let rest = xml.split_once("</System>").map_or("", |(_, rest)| rest);
    let data = match between(rest, "<EventData", "</EventData>") {
        Some(data) => values(data),
        None => between(rest, "<UserData", "</UserData>").map(leaves).unwrap_or_default(),
    };
    Some(Event { provider, id, level, at, data })
}

/// `<Data Name='x'>value</Data>`, `<Data>value</Data>`, `<Data/>`.
fn values(text: &str) -> Vec<(String, String)> {
    let mut values = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("<Data") {
        let Some((head, body)) = after.split_once('>') else { break };
        let name = attribute(head, "Name").unwrap_or_default();
        if head.ends_with('/') {
            values.push((name, String::new()));
            rest = body;
            continue;
        }
        let Some((value, after)) = body.split_once("</Data>") else { break };
        values.push((name, unescaped(value)));
        rest = after;
    }
    values
}

/// Elements that hold only text, by name.
fn leaves(text: &str) -> Vec<(String, String)> {
    let mut values = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((head, body)) = after.split_once('>') else { break };
        let name = head.split([' ', '/']).next().unwrap_or_default();
        if !name.is_empty()
            && !head.starts_with('/')
            && !head.ends_with('/')
            && let Some((value, _)) = body.split_once('<')
            && body[value.len()..].starts_with(&format!("</{name}"))
        {
            values.push((name.to_owned(), unescaped(value)));
        }
        rest = body;
    }
    values
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inner, _)| inner)
}

/// What stands in the first tag of this name.
fn tag<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    between(text, &format!("<{name} "), ">")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    for quote in ['\'', '"'] {
        if let Some((_, rest)) = tag.split_once(&format!("{name}={quote}")) {
            return rest.split_once(quote).map(|(value, _)| unescaped(value));
        }
    }
    None
}

fn content<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}"))?;
    let (head, rest) = rest.split_once('>')?;
    if head.ends_with('/') || !(head.is_empty() || head.starts_with(' ')) {
        return None;
    }
    rest.split_once(&format!("</{name}>")).map(|(inner, _)| inner)
}

fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        result.push_str(before);
        let known = after.split_once(';').and_then(|(name, rest)| Some((letter(name)?, rest)));
        match known {
            Some((letter, after)) => {
                result.push(letter);
                rest = after;
            }
            None => {
                result.push('&');
                rest = after;
            }
        }
    }
    result.push_str(rest);
    result
}

fn letter(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

/// How grave a level is, as in RFC 5424.
pub(crate) const fn severity(level: u32) -> &'static str {
    match level {
        1 => "critical",
        2 => "error",
        3 => "warning",
        _ => "notice",
    }
}

/// What an event is about, by who wrote it.
pub(crate) fn topic(event: &Event) -> Option<&'static str> {
    const TOPICS: &[(&str, &str)] = &[
        ("WHEA-Logger", "hardware"),
        ("Kernel-Power", "hardware"),
        ("MemoryDiagnostics", "memory"),
        ("Resource-Exhaustion", "memory"),
        ("Ntfs", "filesystem"),
        ("ntfs", "filesystem"),
        ("ReFS", "filesystem"),
        ("Volsnap", "filesystem"),
        ("volsnap", "filesystem"),
        ("disk", "disk"),
        ("Disk", "disk"),
        ("stor", "disk"),
        ("iaStor", "disk"),
        ("partmgr", "disk"),
        ("nvlddmkm", "graphics"),
        ("amdkmdag", "graphics"),
        ("amdwddmg", "graphics"),
        ("igfx", "graphics"),
        ("Display", "graphics"),
        ("Application Error", "crash"),
        ("Application Hang", "crash"),
        (".NET Runtime", "crash"),
        ("WER-SystemErrorReporting", "crash"),
        ("DNS-Client", "network"),
        ("DNS Client", "network"),
        ("Dhcp", "network"),
        ("Tcpip", "network"),
        ("Netwtw", "network"),
        ("NetBT", "network"),
        ("WLAN", "network"),
        ("e1", "network"),
        ("Time-Service", "time"),
        ("Winlogon", "sign-in"),
        ("NETLOGON", "sign-in"),
        ("Security-Kerberos", "sign-in"),
        ("LsaSrv", "sign-in"),
        ("User Profiles", "sign-in"),
        ("GroupPolicy", "sign-in"),
    ];
    let from = event.from();
    TOPICS.iter().find(|(start, _)| from.starts_with(start)).map(|(_, topic)| *topic)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As the event viewer shows it under "details, XML view", computer and record made up.
    const CRASH: &str = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>\
        <System><Provider Name='Application Error'/><EventID Qualifiers='0'>1000</EventID>\
        <Version>0</Version><Level>2</Level><Task>100</Task><Opcode>0</Opcode>\
        <Keywords>0x80000000000000</Keywords><TimeCreated SystemTime='2024-05-01T09:30:00.1234567Z'/>\
        <EventRecordID>4711</EventRecordID><Correlation/><Execution ProcessID='0' ThreadID='0'/>\
        <Channel>Application</Channel><Computer>pc</Computer><Security/></System>\
        <EventData><Data>outlook.exe</Data><Data>16.0.1.2</Data><Data>6600a1b2</Data>\
        <Data>a &amp; b.dll</Data><Data></Data></EventData></Event>";

    #[test]
    fn a_crash_is_read() {
        let event = event(CRASH).expect("an event");
        assert_eq!(
            (event.provider.as_str(), event.id, event.level),
            ("Application Error", 1000, 2)
        );
        assert_eq!(
            event.at.map(|at| at.to_string()).as_deref(),
            Some("2024-05-01T09:30:00.1234567Z")
        );
        assert_eq!(event.value(0), Some("outlook.exe"));
        assert_eq!(event.value(3), Some("a & b.dll"));
        assert_eq!(event.value(4), None);
        assert_eq!(topic(&event), Some("crash"));
        assert_eq!(event.line(), "outlook.exe, 16.0.1.2, 6600a1b2, a & b.dll");
    }

    #[test]
    fn named_data_and_user_data_are_read() {
        let xml = "<Event><System><Provider Name='Microsoft-Windows-Kernel-Power' Guid='{x}'/>\
            <EventID>41</EventID><Level>1</Level></System><EventData>\
            <Data Name='BugcheckCode'>159</Data><Data Name='SleepInProgress'/></EventData></Event>";
        let kernel = event(xml).expect("an event");
        assert_eq!(kernel.from(), "Kernel-Power");
        assert_eq!(kernel.named("BugcheckCode"), Some("159"));
        let xml = "<Event><System><Provider Name='x'/><EventID>1</EventID></System>\
            <UserData><Info xmlns='y'><A>1</A><B/><C>2 &#x41;</C></Info></UserData></Event>";
        let user = event(xml).expect("an event");
        assert_eq!(user.data, [("A".into(), "1".into()), ("C".into(), "2 A".into())]);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}", cut in 0_usize..600) {
            let _ = event(&text);
            let mut cut = cut.min(CRASH.len());
            while !CRASH.is_char_boundary(cut) { cut -= 1; }
            let _ = event(&CRASH[..cut]);
            let _ = event(&format!("{}{text}{}", &CRASH[..cut], &CRASH[cut..]));
        }
    }
}
