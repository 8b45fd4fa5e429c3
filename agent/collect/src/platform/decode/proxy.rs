//! Proxy settings as Windows keeps them.

use super::storage::double;

/// `http=a:1;https=b:2`, or one server for everything: schemes and servers.
pub(crate) fn servers(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for part in text.split([';', ' ']).map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some((scheme, server)) if !server.is_empty() => {
                found.push((scheme.to_ascii_lowercase(), server.to_owned()));
            }
            Some(_) => {}
            None => found.push(("all".to_owned(), part.to_owned())),
        }
    }
    found
}

/// The value `WinHttpSettings`: size, count of changes, flags (2 for a proxy), and with their lengths
/// before them the servers and the exceptions.
pub(crate) fn winhttp(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    const PROXY: u32 = 2;
    let flags = double(bytes, 8)?;
    let (proxy, rest) = text(bytes.get(12..)?)?;
    let (exceptions, _) = text(rest).unwrap_or_default();
    let mut found = Vec::new();
    if flags & PROXY != 0 && !proxy.is_empty() {
        found.extend(servers(&proxy));
        if !exceptions.is_empty() {
            found.push(("no_proxy".to_owned(), exceptions));
        }
    }
    Some(found)
}

/// What is set about proxy scripts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Automatic {
    /// Whether the network is asked for a script (WPAD).
    pub(crate) looked_for: bool,
    /// The address of a script.
    pub(crate) script: Option<String>,
}

/// The value `DefaultConnectionSettings` (and its like for each dialled connection): size, count of
/// changes, flags (1 direct, 2 a proxy, 4 a script, 8 looking for one), and with their lengths before
/// them the servers, the exceptions and the script.
pub(crate) fn automatic(bytes: &[u8]) -> Option<Automatic> {
    const SCRIPT: u32 = 4;
    const DETECT: u32 = 8;
    let flags = double(bytes, 8)?;
    let script = || {
        let (_, rest) = text(bytes.get(12..)?)?;
        let (_, rest) = text(rest)?;
        let (script, _) = text(rest)?;
        let script = script.trim_matches(['\0', ' ']).to_owned();
        Some(script).filter(|script| !script.is_empty())
    };
    Some(Automatic {
        looked_for: flags & DETECT != 0,
        script: (flags & SCRIPT != 0).then(script).flatten(),
    })
}

fn text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let length = double(bytes, 0)? as usize;
    let text = bytes.get(4..)?.get(..length)?;
    Some((String::from_utf8_lossy(text).into_owned(), &bytes[4 + length..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn winhttp_s_bytes_are_read() {
        // As `netsh winhttp set proxy proxy:8080 "<local>"` writes it.
        let mut bytes = vec![0x28, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 10, 0, 0, 0];
        bytes.extend(b"proxy:8080");
        bytes.extend([7, 0, 0, 0]);
        bytes.extend(b"<local>");
        let found = winhttp(&bytes).expect("readable");
        assert_eq!(
            found,
            [("all".into(), "proxy:8080".into()), ("no_proxy".into(), "<local>".into())]
        );
        // As it is without a proxy.
        let direct = [0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(winhttp(&direct), Some(Vec::new()));
        assert_eq!(winhttp(&[1, 2, 3]), None);
    }

    #[test]
    fn a_connections_script_is_read_only_where_it_is_switched_on() {
        let value = |flags: u8| {
            let mut bytes = vec![0x46, 0, 0, 0, 5, 0, 0, 0, flags, 0, 0, 0];
            for text in ["proxy:8080", "<local>", "http://pac.example/x.pac"] {
                bytes.extend(u32::try_from(text.len()).expect("short").to_le_bytes());
                bytes.extend(text.bytes());
            }
            bytes.extend([0; 32]);
            bytes
        };
        let script = || Some("http://pac.example/x.pac".to_owned());
        for (flags, expected) in [
            (0x01, Automatic::default()),
            (0x09, Automatic { looked_for: true, script: None }),
            (0x05, Automatic { looked_for: false, script: script() }),
            (0x0f, Automatic { looked_for: true, script: script() }),
        ] {
            assert_eq!(automatic(&value(flags)), Some(expected), "{flags:#x}");
        }
        // Cut off behind the flags, which still hold.
        let cut = automatic(&value(0x0d)[..14]);
        assert_eq!(cut, Some(Automatic { looked_for: true, script: None }));
        assert_eq!(automatic(&[0x46, 0, 0]), None);
    }

    #[test]
    fn servers_may_differ_by_scheme() {
        let found = servers("http=a:80;https=b:443");
        assert_eq!(found, [("http".into(), "a:80".into()), ("https".into(), "b:443".into())]);
        assert_eq!(servers("p:3128"), [("all".into(), "p:3128".into())]);
    }

    proptest! {
        #[test]
        fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100), text in "\\PC{0,40}") {
            let _ = (winhttp(&bytes), automatic(&bytes), servers(&text));
        }
    }
}
