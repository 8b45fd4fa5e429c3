//! The domain or directory that the machine is joined to: by what is set up, and by its keys.

use befund_model::section::people::{Directory, DirectoryState, KerberosTickets};

use crate::collector::{Context, Gap};

use super::accounts;
use crate::platform::linux::files;

mod asked;
pub(crate) mod configured;
pub(crate) mod kerberos;

use configured::Client;

const KEYTAB: &str = "/etc/krb5.keytab";

/// Section `directory`.
pub(crate) fn directory(cx: &Context) -> Result<Directory, Gap> {
    let clients = configured::clients(cx);
    let default_realm = configured::default_realm(cx);
    // Not everybody may read it; whether it is there everybody may see.
    let keytab = if cx.root.exists(KEYTAB) { cx.note(keytab(cx)) } else { None };
    let has_keys = cx.root.exists(KEYTAB);
    let account = keytab.as_ref().and_then(|keys| kerberos::machine_account(keys));
    let Some(client) = configured::best(clients) else {
        // A realm alone lets people get tickets; only keys of its own make the machine a member.
        let realm = default_realm;
        return Ok(Directory {
            joined: false,
            kind: realm.as_ref().map(|_| "kerberos".to_owned()),
            realm,
            account,
            ..Directory::default()
        });
    };
    let needs_keys =
        matches!(client.kind, "active directory" | "freeipa") && client.name != "winbind";
    Ok(Directory {
        joined: client.joined && (!needs_keys || has_keys),
        kind: Some(client.kind.to_owned()),
        realm: client.realm.or(default_realm),
        domain: client.domain,
        client: Some(client.name.to_owned()),
        servers: client.servers,
        account: client.account.or(account),
    })
}

/// Section `directory.state`.
pub(crate) fn state(cx: &Context) -> Result<DirectoryState, Gap> {
    let client = configured::best(configured::clients(cx));
    let tickets = tickets(cx);
    let keys = if cx.root.exists(KEYTAB) {
        cx.note(keytab(cx)).and_then(|keys| u32::try_from(keys.len()).ok())
    } else {
        None
    };
    if client.is_none() && keys.is_none() && tickets.is_empty() {
        return Err(Gap::unsupported(
            "the machine is joined to no directory: there is no sssd, winbind, FreeIPA or LDAP set up, no Kerberos keytab and no ticket",
        ));
    }
    let mut state = DirectoryState { keys, tickets, ..DirectoryState::default() };
    if let Some(client) = client {
        if cx.root.is_live() {
            asked::online(cx, &client, &mut state);
        } else {
            cx.gap(Gap::unsupported("only the running system's client knows whether it is online"));
        }
    }
    Ok(state)
}

fn keytab(cx: &Context) -> Result<Vec<kerberos::Key>, Gap> {
    let (keys, whole) = kerberos::keytab(&cx.root.read(KEYTAB)?)
        .ok_or_else(|| Gap::failed(format!("{KEYTAB} is no keytab of a known version")))?;
    if !whole {
        cx.gap(Gap::failed(format!("{KEYTAB} ends within an entry")));
    }
    Ok(keys)
}

/// The caches of tickets that lie in files, where MIT Kerberos puts them unless it is told otherwise.
fn tickets(cx: &Context) -> Vec<KerberosTickets> {
    if let Some(place) = configured::cache_elsewhere(cx) {
        cx.gap(Gap::failed(format!("Kerberos tickets are kept in {place}, which is not read yet")));
    }
    let names = accounts::names(cx);
    let mut tickets = Vec::new();
    let mut paths = files::matching(cx, "/tmp/krb5cc_*");
    paths.extend(files::matching(cx, "/run/user/*/krb5cc/tkt*"));
    for path in paths {
        // Anybody may make such a file, and what is no file would hang whoever opens it.
        if !files::about_link(cx, &path)
            .is_ok_and(|about| about.kind == rustix::fs::FileType::RegularFile)
        {
            continue;
        }
        let Some(bytes) = cx.note(cx.root.read_capped(&path, 1 << 20)) else { continue };
        let Some(cache) = kerberos::cache(&bytes) else {
            cx.gap(Gap::failed(format!(
                "{path} is no cache of Kerberos tickets of a known version"
            )));
            continue;
        };
        let number = path.split(['/', '_']).find_map(|part| part.parse::<u32>().ok());
        let account = number.and_then(|number| names.get(&number).cloned());
        tickets
            .push(KerberosTickets { user: account.unwrap_or(cache.principal), until: cache.until });
    }
    tickets.sort_by(|a, b| (&a.user, a.until).cmp(&(&b.user, b.until)));
    tickets
}

impl Client {
    /// The domain as the client calls it when it is asked.
    pub(crate) fn asked_as(&self) -> Option<&str> {
        self.section.as_deref().or(self.domain.as_deref())
    }
}
