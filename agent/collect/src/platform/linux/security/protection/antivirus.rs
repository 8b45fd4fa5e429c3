//! Programs against malware, by where they lie and what they run. None of them is asked: their own tools
//! take seconds.

use befund_model::Timestamp;
use befund_model::section::security::Antivirus;
use jiff::fmt::strtime;
use std::io::Read;

use super::Seen;
use crate::collector::Context;
use crate::platform::linux::files;

/// A product: its name, where it lies, its process that watches, and what it renews when it learns.
struct Product {
    name: &'static str,
    places: &'static [&'static str],
    processes: &'static [&'static str],
    knowledge: &'static [&'static str],
}

#[rustfmt::skip]
const PRODUCTS: &[Product] = &[
    Product { name: "Bitdefender", places: &["/opt/bitdefender-security-tools", "/opt/BitDefender"], processes: &["bdsecd", "bdservicehost"], knowledge: &[] },
    Product { name: "Carbon Black", places: &["/opt/carbonblack/psc", "/var/lib/cb"], processes: &["cbagentd", "cbdaemon"], knowledge: &[] },
    Product { name: "Cortex XDR", places: &["/opt/traps"], processes: &["pmd"], knowledge: &[] },
    Product { name: "CrowdStrike Falcon", places: &["/opt/CrowdStrike/falcond"], processes: &["falcon-sensor", "falcon-sensor-bpf", "falcond"], knowledge: &[] },
    Product { name: "Cybereason", places: &["/opt/cybereason/sensor"], processes: &["cybereason-sensor"], knowledge: &[] },
    Product { name: "Dr.Web", places: &["/opt/drweb.com/bin/drweb-configd"], processes: &["drweb-configd"], knowledge: &["/var/opt/drweb.com/bases"] },
    Product { name: "ESET Endpoint Antivirus", places: &["/opt/eset/eea"], processes: &["startd", "oaeventd"], knowledge: &["/var/opt/eset/eea/lib"] },
    Product { name: "ESET Server Security", places: &["/opt/eset/efs"], processes: &["startd", "oaeventd"], knowledge: &["/var/opt/eset/efs/lib"] },
    Product { name: "Elastic Endpoint", places: &["/opt/Elastic/Endpoint/elastic-endpoint"], processes: &["elastic-endpoint"], knowledge: &[] },
    Product { name: "Kaspersky Endpoint Security", places: &["/opt/kaspersky/kesl"], processes: &["kesl"], knowledge: &[] },
    Product { name: "Microsoft Defender", places: &["/opt/microsoft/mdatp/sbin/wdavdaemon"], processes: &["wdavdaemon"], knowledge: &["/opt/microsoft/mdatp/definitions.noindex", "/var/opt/microsoft/mdatp/definitions.noindex"] },
    Product { name: "SentinelOne", places: &["/opt/sentinelone/bin/sentinelctl"], processes: &["s1-agent", "sentinelone-agent"], knowledge: &[] },
    Product { name: "Sophos Anti-Virus", places: &["/opt/sophos-av/bin/savdstatus"], processes: &["savd"], knowledge: &["/opt/sophos-av/lib/sav"] },
    Product { name: "Sophos Protection", places: &["/opt/sophos-spl/base"], processes: &["sophos_watchdog"], knowledge: &["/opt/sophos-spl/plugins/av/chroot/susi/update_source/vdl"] },
    Product { name: "Symantec Endpoint Protection", places: &["/opt/Symantec/sdcssagent", "/opt/Symantec/symantec_antivirus"], processes: &["sisidsdaemon", "sisamdagent", "rtvscand"], knowledge: &[] },
    Product { name: "Trellix Endpoint Security", places: &["/opt/McAfee/ens/tp", "/opt/Trellix/ens/tp", "/opt/isec/ens/threatprevention"], processes: &["mfetpd", "isectpd"], knowledge: &[] },
    Product { name: "Trend Micro Deep Security", places: &["/opt/ds_agent/ds_agent"], processes: &["ds_agent"], knowledge: &[] },
    Product { name: "Wazuh", places: &["/var/ossec/bin/wazuh-agentd"], processes: &["wazuh-agentd"], knowledge: &[] },
    Product { name: "WithSecure Linux Security", places: &["/opt/f-secure/linuxsecurity"], processes: &["fsaccd"], knowledge: &[] },
];

/// Those that are installed.
pub(super) fn all(cx: &Context, seen: &Seen) -> Vec<Antivirus> {
    let mut found: Vec<Antivirus> = Vec::new();
    for product in PRODUCTS {
        if product.places.iter().any(|place| cx.root.exists(place)) {
            found.push(Antivirus {
                name: product.name.to_owned(),
                enabled: seen.runs(product.processes),
                up_to_date: None,
                updated_at: product.knowledge.iter().find_map(|path| files::modified(cx, path)),
            });
        }
    }
    found.extend(clamav(cx, seen));
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// ClamAV watches only where `clamonacc` runs; `clamd` looks at what it is handed.
fn clamav(cx: &Context, seen: &Seen) -> Option<Antivirus> {
    const PROGRAMS: &[&str] = &["/usr/bin/clamscan", "/usr/sbin/clamd"];
    const FOLDER: &str = "/var/lib/clamav";
    if !PROGRAMS.iter().any(|path| cx.root.exists(path)) {
        return None;
    }
    let databases = ["daily.cld", "daily.cvd"].iter().filter_map(|name| {
        let mut head = Vec::new();
        let file = files::open(cx, &format!("{FOLDER}/{name}")).ok()?;
        file.take(512).read_to_end(&mut head).ok()?;
        clamav_built(&head)
    });
    Some(Antivirus {
        name: "ClamAV".into(),
        enabled: seen.runs(&["clamonacc", "clamd"]),
        up_to_date: None,
        updated_at: databases.max(),
    })
}

/// When a database was built: the second field of its head, `ClamAV-VDB:07 May 2024 04-29 -0400:27269:...`.
pub(crate) fn clamav_built(head: &[u8]) -> Option<Timestamp> {
    let text = String::from_utf8_lossy(head);
    let built = text.strip_prefix("ClamAV-VDB:")?.split(':').next()?;
    strtime::parse("%d %b %Y %H-%M %z", built).ok()?.to_timestamp().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clamavs_database_says_when_it_was_built() {
        let head = b"ClamAV-VDB:07 May 2024 04-29 -0400:27269:2060343:90:x:y:raynman:1715070573   ";
        let built = clamav_built(head).map(|at| at.to_string());
        assert_eq!(built.as_deref(), Some("2024-05-07T08:29:00Z"));
        assert_eq!(clamav_built(b"ClamAV-VDB:"), None);
        assert_eq!(clamav_built(&[0xff; 9]), None);
    }
}
