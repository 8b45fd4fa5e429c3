//! Protection: the security centre's products, Defender, account control, administrators, and ways in
//! from afar.

use befund_model::section::security::{Antivirus, RemoteAccess, Security};

use super::super::people::accounts::administrators;
use super::super::registry;
use super::super::software::services::listed;
use super::super::wmi::Wmi;
use crate::collector::{Context, Gap};
use crate::platform::decode::security::product;

const POLICIES: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System";
const TERMINAL: &str = r"SYSTEM\CurrentControlSet\Control\Terminal Server";
const INTEGRITY: &str =
    r"SYSTEM\CurrentControlSet\Control\DeviceGuard\Scenarios\HypervisorEnforcedCodeIntegrity";

/// Section `security`.
pub(crate) fn protection(cx: &Context) -> Result<Security, Gap> {
    let flag = |path: &str, name: &str| {
        registry::machine(cx, path).and_then(|key| registry::flag(&key, name))
    };
    Ok(Security {
        antivirus: antivirus(cx),
        access_control: None,
        lockdown: (flag(INTEGRITY, "Enabled") == Some(true)).then(|| "memory integrity".to_owned()),
        user_account_control: flag(POLICIES, "EnableLUA"),
        administrators: administrators().unwrap_or_else(|gap| {
            cx.gap(gap);
            Vec::new()
        }),
        without_password: automatic(cx).into_iter().collect(),
        remote_access: remote(cx),
    })
}

/// The products of the security centre, which servers do not have, and Defender by its own word.
fn antivirus(cx: &Context) -> Vec<Antivirus> {
    let mut products = Vec::new();
    let centre = Wmi::open(cx, r"root\SecurityCenter2").and_then(|wmi| {
        wmi.query(cx, "SELECT displayName, productState, timestamp FROM AntiVirusProduct")
    });
    let asked = centre.is_ok();
    for row in cx.note(centre).unwrap_or_default() {
        let state = row.number("productState").map(product);
        products.push(Antivirus {
            name: row.text("displayName").unwrap_or_default(),
            enabled: state.map(|state| state.enabled),
            up_to_date: state.map(|state| state.up_to_date),
            updated_at: None,
        });
    }
    let defender = Wmi::open(cx, r"root\Microsoft\Windows\Defender").and_then(|wmi| {
        wmi.query(
            cx,
            "SELECT AntivirusEnabled, RealTimeProtectionEnabled, DefenderSignaturesOutOfDate, \
             AntivirusSignatureLastUpdated FROM MSFT_MpComputerStatus",
        )
    });
    if !asked && defender.is_err() {
        cx.gap(Gap::unsupported(
            "neither the security centre nor Defender can be asked for programs against malware",
        ));
    }
    for row in cx.note(defender).unwrap_or_default() {
        let watches = row.flag("RealTimeProtectionEnabled");
        let told = Antivirus {
            name: "Windows Defender".into(),
            enabled: watches.zip(row.flag("AntivirusEnabled")).map(|(a, b)| a && b).or(watches),
            up_to_date: row.flag("DefenderSignaturesOutOfDate").map(|old| !old),
            updated_at: row.time("AntivirusSignatureLastUpdated"),
        };
        match products.iter_mut().find(|known| known.name.contains("Defender")) {
            // The security centre knows whether another product has taken its place.
            Some(known) => {
                known.enabled = told.enabled.or(known.enabled);
                known.up_to_date = told.up_to_date.or(known.up_to_date);
                known.updated_at = told.updated_at;
            }
            None => products.push(told),
        }
    }
    products.sort_by(|a, b| a.name.cmp(&b.name));
    products
}

/// The account that is signed in at the start without anybody saying a password.
fn automatic(cx: &Context) -> Option<String> {
    let key = registry::machine(cx, r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon")?;
    let on = registry::text(&key, "AutoAdminLogon").is_some_and(|value| value == "1");
    on.then(|| registry::text(&key, "DefaultUserName"))?
}

fn remote(cx: &Context) -> Vec<RemoteAccess> {
    /// The services of products that let people in from afar.
    const PRODUCTS: &[(&str, &str)] = &[
        ("sshd", "ssh"),
        ("TeamViewer", "teamviewer"),
        ("AnyDesk", "anydesk"),
        ("uvnc_service", "vnc"),
        ("tvnserver", "vnc"),
        ("vncserver", "vnc"),
        ("winvnc4", "vnc"),
        ("RustDesk", "rustdesk"),
        ("ScreenConnect Client", "screenconnect"),
        ("Splashtop", "splashtop"),
        ("LogMeIn", "logmein"),
        ("WinRM", "winrm"),
        ("RemoteRegistry", "remote registry"),
    ];
    let mut ways = Vec::new();
    if let Some(key) = registry::machine(cx, TERMINAL)
        && let Some(denied) = registry::flag(&key, "fDenyTSConnections")
    {
        let station = registry::under(cx, &key, r"WinStations\RDP-Tcp");
        let first = station.and_then(|key| registry::flag(&key, "UserAuthentication"));
        ways.push(RemoteAccess {
            name: "rdp".into(),
            enabled: !denied,
            root: None,
            // Network level authentication asks before it shows anything.
            passwords: first.map(|_| true),
        });
    }
    const RUNNING: u32 = 4;
    for service in cx.note(listed()).unwrap_or_default() {
        let known = PRODUCTS.iter().find(|(name, _)| service.name.starts_with(name));
        if let Some((_, name)) = known {
            ways.push(RemoteAccess {
                name: (*name).to_owned(),
                enabled: service.state == RUNNING,
                root: None,
                passwords: None,
            });
        }
    }
    ways.sort_by(|a, b| a.name.cmp(&b.name));
    ways.dedup_by(|a, b| {
        let same = a.name == b.name;
        b.enabled |= same && a.enabled;
        same
    });
    ways
}
