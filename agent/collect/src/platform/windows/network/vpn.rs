//! Tunnels: the phone books of the machine and of its people, what of them stands, and adapters of
//! other products.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use befund_model::section::reach::{Tunnel, Vpn};
use windows::Win32::NetworkManagement::Rras::{RASCONNW, RasEnumConnectionsW};

use super::super::registry;
use super::super::win32;
use super::adapters::{Adapter, adapters};
use crate::collector::{Context, Gap};
use crate::platform::decode::phonebook;

const PROFILES: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList";
const BOOK: &str = r"Microsoft\Network\Connections\Pbk\rasphone.pbk";

/// `ERROR_BUFFER_TOO_SMALL` of raserror.h.
const TOO_SMALL: u32 = 603;

/// Section `network.vpn`.
pub(crate) fn vpn(cx: &Context) -> Result<Vpn, Gap> {
    let up = cx.note(standing());
    let mut tunnels = Vec::new();
    for book in books(cx) {
        if let Some(text) = cx.note(cx.root.text(&book)) {
            tunnels.extend(phonebook::tunnels(&text));
        }
    }
    let adapters = cx.note(adapters()).unwrap_or_default();
    for tunnel in &mut tunnels {
        tunnel.up = up.as_ref().map(|up| up.contains(&tunnel.name));
        let own = adapters.iter().find(|adapter| adapter.name == tunnel.name);
        tunnel.interface = own.map(|adapter| adapter.name.clone());
    }
    for adapter in adapters {
        let known = tunnels.iter().any(|tunnel: &Tunnel| tunnel.name == adapter.name);
        tunnels.extend(foreign(adapter).filter(|_| !known));
    }
    tunnels.sort_by(|a, b| a.name.cmp(&b.name));
    tunnels.dedup();
    Ok(Vpn { tunnels })
}

/// An adapter of a product that makes tunnels, by what it says of itself.
fn foreign(adapter: Adapter) -> Option<Tunnel> {
    let kind = phonebook::product(adapter.description.as_deref()?)?;
    Some(Tunnel {
        kind: kind.to_owned(),
        interface: Some(adapter.name.clone()),
        up: Some(adapter.state == 1),
        name: adapter.name,
        server: None,
        since: None,
    })
}

/// The phone books: that of all, and each profile's own.
fn books(cx: &Context) -> Vec<String> {
    let mut books = Vec::new();
    if let Ok(folder) = std::env::var("ProgramData") {
        books.push(format!(r"{folder}\{BOOK}"));
    }
    if let Some(profiles) = registry::machine(cx, PROFILES) {
        for sid in registry::names(&profiles) {
            let folder = registry::under(cx, &profiles, &sid)
                .and_then(|key| registry::text(&key, "ProfileImagePath"));
            books.extend(
                folder.map(|folder| {
                    format!(r"{}\AppData\Roaming\{BOOK}", registry::expanded(&folder))
                }),
            );
        }
    }
    books
}

/// The names of the connections that stand.
fn standing() -> Result<Vec<String>, Gap> {
    let size = u32::try_from(size_of::<RASCONNW>()).unwrap_or_default();
    let mut connections = vec![RASCONNW { dwSize: size, ..RASCONNW::default() }; 16];
    let (mut room, mut count) = (size.saturating_mul(16), 0);
    // SAFETY: the list has the size that is told, and its first entry tells the size of one.
    let mut error = unsafe {
        RasEnumConnectionsW(Some(connections.as_mut_ptr()), &raw mut room, &raw mut count)
    };
    if error == TOO_SMALL {
        connections.resize(
            (room / size.max(1) + 1) as usize,
            RASCONNW { dwSize: size, ..RASCONNW::default() },
        );
        // SAFETY: as above.
        error = unsafe {
            RasEnumConnectionsW(Some(connections.as_mut_ptr()), &raw mut room, &raw mut count)
        };
    }
    if error != 0 {
        return Err(win32::code("RasEnumConnections", error));
    }
    connections.truncate(count as usize);
    // Copied, since Windows packs this structure.
    Ok(connections.iter().map(|one| win32::text(&{ one.szEntryName })).collect())
}
