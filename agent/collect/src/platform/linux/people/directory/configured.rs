//! What is set up to join a directory: SSSD, winbind, FreeIPA, nslcd, himmelblau and authd.

use crate::collector::Context;
use crate::platform::linux::files;
use crate::platform::linux::keyfile::Keyfile;

/// A client of a directory, as it is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Client {
    /// `sssd`, `winbind`, ...
    pub(crate) name: &'static str,
    /// As in the section.
    pub(crate) kind: &'static str,
    /// Whether it is set up far enough to be joined.
    pub(crate) joined: bool,
    /// What the client itself calls the domain.
    pub(crate) section: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) realm: Option<String>,
    pub(crate) servers: Vec<String>,
    pub(crate) account: Option<String>,
}

/// The clients that are set up; those that name services use for accounts first.
pub(crate) fn clients(cx: &Context) -> Vec<Client> {
    let mut clients: Vec<Client> = sssd(cx);
    clients.extend(winbind(cx));
    clients.extend(ipa(cx));
    clients.extend(nslcd(cx));
    clients.extend(entra(cx));
    clients
}

/// The one that tells most: a directory with machine accounts before a mere source of accounts.
pub(crate) fn best(clients: Vec<Client>) -> Option<Client> {
    let rank = |client: &Client| match client.kind {
        "active directory" | "freeipa" | "entra id" => 0,
        "ldap" => 1,
        "kerberos" => 2,
        _ => 3,
    };
    clients.into_iter().min_by_key(|client| (!client.joined, rank(client)))
}

/// Several names in one value.
fn list(value: &str) -> Vec<String> {
    let servers = value.split(|letter: char| letter == ',' || letter.is_ascii_whitespace());
    // `_srv_` stands for those that DNS names.
    let servers = servers.filter(|server| !server.is_empty() && *server != "_srv_");
    servers.map(str::to_owned).collect()
}

/// `/etc/sssd/sssd.conf` and what lies beside it; read by root only.
fn sssd(cx: &Context) -> Vec<Client> {
    let mut paths = vec!["/etc/sssd/sssd.conf".to_owned()];
    paths.extend(files::matching(cx, "/etc/sssd/conf.d/*.conf"));
    let mut text = String::new();
    for path in paths {
        if let Some(more) = cx.note(cx.root.text(&path)) {
            text.push_str(&more);
            text.push('\n');
        }
    }
    sssd_domains(cx, &text)
}

pub(crate) fn sssd_domains(cx: &Context, text: &str) -> Vec<Client> {
    let file = Keyfile::parse(text);
    let enabled = list(file.get("sssd", "domains").unwrap_or_default());
    let mut clients = Vec::new();
    for group in &file.groups {
        let Some(section) = group.name.strip_prefix("domain/") else { continue };
        if section.contains('/') {
            continue;
        }
        let get = |key: &str| file.get(group.name, key).map(str::to_owned);
        let id = get("id_provider").unwrap_or_default();
        let kind = match id.as_str() {
            "ad" => "active directory",
            "ipa" => "freeipa",
            "ldap" => "ldap",
            _ if get("auth_provider").as_deref() == Some("krb5") => "kerberos",
            // `files` and `proxy` are no directory.
            _ => continue,
        };
        let servers = get("ad_server").or_else(|| get("ipa_server")).or_else(|| get("ldap_uri"));
        let servers = list(&servers.unwrap_or_default());
        clients.push(Client {
            name: "sssd",
            kind,
            joined: enabled.iter().any(|name| name == section)
                || get("enabled").as_deref() == Some("true"),
            section: Some(section.to_owned()),
            domain: get("ad_domain")
                .or_else(|| get("ipa_domain"))
                .or_else(|| Some(section.to_owned())),
            realm: get("krb5_realm"),
            servers: servers.iter().map(|uri| cx.redactor.text(uri).to_string()).collect(),
            account: get("ldap_sasl_authid"),
        });
    }
    clients
}

/// `[global]` of `/etc/samba/smb.conf`, if the accounts of a domain are used on this machine.
fn winbind(cx: &Context) -> Option<Client> {
    let text = cx.note(cx.root.text("/etc/samba/smb.conf"))?;
    let file = Keyfile::parse(&text);
    let security = file.get("global", "security")?.to_ascii_lowercase();
    let kind = match security.as_str() {
        "ads" => "active directory",
        "domain" => "workgroup",
        _ => return None,
    };
    // The machine's secret is kept there once it has been joined.
    let secrets = ["/var/lib/samba/private/secrets.tdb", "/etc/samba/secrets.tdb"];
    let realm = file.get("global", "realm").map(str::to_owned);
    Some(Client {
        name: "winbind",
        kind,
        joined: secrets.iter().any(|path| cx.root.exists(path)),
        section: None,
        domain: realm
            .as_ref()
            .map(|realm| realm.to_lowercase())
            .or_else(|| file.get("global", "workgroup").map(str::to_owned)),
        realm,
        servers: list(file.get("global", "password server").unwrap_or_default())
            .into_iter()
            .filter(|server| server != "*")
            .collect(),
        account: None,
    })
}

/// `/etc/ipa/default.conf`, which joining writes.
fn ipa(cx: &Context) -> Option<Client> {
    let text = cx.note(cx.root.text("/etc/ipa/default.conf"))?;
    let file = Keyfile::parse(&text);
    let get = |key: &str| file.get("global", key).map(str::to_owned);
    Some(Client {
        name: "sssd",
        kind: "freeipa",
        joined: true,
        section: get("domain"),
        domain: get("domain"),
        realm: get("realm"),
        servers: get("server").into_iter().collect(),
        account: get("host").map(|host| format!("host/{host}")),
    })
}

/// `/etc/nslcd.conf`: words, not keys.
fn nslcd(cx: &Context) -> Option<Client> {
    let text = cx.note(cx.root.text("/etc/nslcd.conf"))?;
    let mut client = Client { name: "nslcd", kind: "ldap", ..Client::default() };
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("uri") => {
                client.servers.extend(words.map(|uri| cx.redactor.text(uri).to_string()));
            }
            Some("base") => client.domain = words.next().and_then(domain_of),
            _ => {}
        }
    }
    // It serves nobody unless names are looked up with it.
    let services = cx.root.text("/etc/nsswitch.conf").unwrap_or_default();
    client.joined = uses(&services, "ldap");
    Some(client)
}

/// `dc=example,dc=org` as a domain.
pub(crate) fn domain_of(base: &str) -> Option<String> {
    let parts: Vec<&str> = base
        .split(',')
        .filter_map(|part| {
            let (key, value) = part.trim().split_once('=')?;
            key.eq_ignore_ascii_case("dc").then_some(value)
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join("."))
}

/// Whether nsswitch.conf(5) names this service for accounts.
pub(crate) fn uses(text: &str, service: &str) -> bool {
    let of = |line: &str| line.split('#').next()?.trim().strip_prefix("passwd:").map(str::to_owned);
    text.lines()
        .filter_map(of)
        .any(|line| line.split_ascii_whitespace().any(|word| word == service))
}

/// Clients of Entra ID.
fn entra(cx: &Context) -> Option<Client> {
    let client = |name, domain: Option<String>| Client {
        name,
        kind: "entra id",
        joined: true,
        domain,
        ..Client::default()
    };
    if let Some(text) = cx.note(cx.root.text("/etc/himmelblau/himmelblau.conf")) {
        let file = Keyfile::parse(&text);
        let named = file.get("global", "domain").or_else(|| file.get("global", "domains"));
        return Some(client("himmelblau", named.and_then(|named| list(named).into_iter().next())));
    }
    let broker = "/var/snap/authd-msentraid/current/broker.conf";
    cx.note(cx.root.text(broker)).map(|_| client("authd", None))
}

/// `default_realm` of `[libdefaults]` in `/etc/krb5.conf` and what it takes in.
pub(crate) fn default_realm(cx: &Context) -> Option<String> {
    libdefault(cx, "default_realm")
}

/// Where tickets are kept, if not in files.
pub(crate) fn cache_elsewhere(cx: &Context) -> Option<String> {
    let place = libdefault(cx, "default_ccache_name")?;
    let kind = place.split_once(':').map_or("FILE", |(kind, _)| kind).to_owned();
    (!matches!(kind.as_str(), "FILE" | "DIR")).then_some(kind)
}

fn libdefault(cx: &Context, key: &str) -> Option<String> {
    let mut paths = vec!["/etc/krb5.conf".to_owned()];
    paths.extend(files::matching(cx, "/etc/krb5.conf.d/*"));
    paths.iter().find_map(|path| {
        let text = cx.note(cx.root.text(path))?;
        Keyfile::parse(&text).get("libdefaults", key).map(str::to_owned)
    })
}
