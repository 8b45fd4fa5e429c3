//! Proxies in files of settings (`/etc/environment`, apt's, dnf's), switched off as text. No I/O.

use crate::hosts::MARK;

/// How a file of settings says where the proxy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `[export ]http_proxy=...`, in any case: files of an environment.
    Environment,
    /// `Acquire::http::Proxy "...";`: apt's.
    Apt,
    /// `proxy=...`: dnf's and yum's.
    Dnf,
}

/// The text with its proxies switched off, and the lines that had one.
pub(crate) fn without_proxies(text: &str, form: Form) -> (String, Vec<String>) {
    let mut result = String::with_capacity(text.len() + 128);
    let mut found = Vec::new();
    for whole in text.split_inclusive('\n') {
        let line = whole.trim();
        if names_a_proxy(line, form) {
            found.push(line.to_owned());
            // apt takes both; an environment knows `#` alone.
            result.push_str(MARK);
        }
        result.push_str(whole);
    }
    (result, found)
}

fn names_a_proxy(line: &str, form: Form) -> bool {
    let lower = line.to_ascii_lowercase();
    match form {
        Form::Environment => {
            let setting = lower.strip_prefix("export ").unwrap_or(&lower).trim_start();
            let Some((name, value)) = setting.split_once('=') else { return false };
            let names = [
                "http_proxy",
                "https_proxy",
                "ftp_proxy",
                "all_proxy",
                "rsync_proxy",
                "socks_proxy",
            ];
            names.contains(&name.trim_end())
                && !value.trim_matches(['"', '\'', ' ', ';']).is_empty()
        }
        Form::Apt => {
            let Some(rest) = lower.strip_prefix("acquire::") else { return false };
            let Some((scheme, rest)) = rest.split_once("::") else { return false };
            let value =
                rest.strip_prefix("proxy").filter(|rest| rest.starts_with([' ', '\t', '"']));
            let value = value.map(|value| value.trim_matches([' ', '\t', '"', ';']));
            ["http", "https", "ftp"].contains(&scheme)
                && value.is_some_and(|value| !value.is_empty() && value != "direct")
                && lower.ends_with(';')
        }
        Form::Dnf => {
            let Some((name, value)) = lower.split_once('=') else { return false };
            name.trim() == "proxy" && !["", "_none_"].contains(&value.trim())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn proxies_are_switched_off_and_the_rest_stays() {
        let text = "PATH=/bin\nhttp_proxy=http://p:3128\nexport HTTPS_PROXY=\"http://p\"\nno_proxy=x\nftp_proxy=\"\"\n";
        let (after, found) = without_proxies(text, Form::Environment);
        assert_eq!(
            after,
            "PATH=/bin\n# switched off by Befund: http_proxy=http://p:3128\n\
             # switched off by Befund: export HTTPS_PROXY=\"http://p\"\nno_proxy=x\nftp_proxy=\"\"\n"
        );
        assert_eq!(found.len(), 2);
        let apt =
            "Acquire::http::Proxy \"http://p:3142\";\nAcquire::http::Proxy::deb.example DIRECT;\n";
        assert_eq!(without_proxies(apt, Form::Apt).1, ["Acquire::http::Proxy \"http://p:3142\";"]);
        let dnf = "[main]\nproxy = http://p\nproxy_username=x\n";
        assert_eq!(without_proxies(dnf, Form::Dnf).1, ["proxy = http://p"]);
    }

    proptest! {
        #[test]
        fn switched_off_once_nothing_is_left_to_do(text in "(((export )?(http|ftp|no)_proxy ?= ?[a-z\"]{0,3}|proxy=x|[a-z ]{0,5});?\n){0,6}") {
            for form in [Form::Environment, Form::Apt, Form::Dnf] {
                let (after, _) = without_proxies(&text, form);
                let (again, found) = without_proxies(&after, form);
                prop_assert_eq!(&again, &after);
                prop_assert_eq!(found.len(), 0);
            }
        }
    }
}
