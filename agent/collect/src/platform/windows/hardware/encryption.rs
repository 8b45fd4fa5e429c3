//! Encryption of volumes: BitLocker's own word, which only administrators may hear.

use befund_model::section::security::{Encryption, Volume};

use super::super::wmi::Wmi;
use crate::collector::{Context, Gap};
use crate::platform::decode::security;

/// Section `encryption`.
pub(crate) fn encryption(cx: &Context) -> Result<Encryption, Gap> {
    const QUERY: &str = "SELECT DriveLetter, DeviceID, ConversionStatus, ProtectionStatus, \
        EncryptionMethod FROM Win32_EncryptableVolume";
    let wmi = Wmi::open(cx, r"root\cimv2\Security\MicrosoftVolumeEncryption")?;
    let mut volumes = Vec::new();
    for row in wmi.query(cx, QUERY)? {
        let letter = row.text("DriveLetter");
        let Some(name) = letter.clone().or_else(|| row.text("DeviceID")) else { continue };
        let state = row.number("ConversionStatus").zip(row.number("ProtectionStatus"));
        let Some((conversion, protection)) = state else {
            cx.gap(Gap::failed(format!("{name} does not say whether it is encrypted")));
            continue;
        };
        let (encrypted, state) = security::volume(conversion, protection);
        let cipher = row.number("EncryptionMethod").and_then(security::cipher);
        volumes.push(Volume {
            name,
            mount_point: letter,
            encrypted,
            kind: encrypted.then(|| "bitlocker".to_owned()),
            cipher: cipher.filter(|_| encrypted).map(str::to_owned),
            state: state.map(str::to_owned),
        });
    }
    volumes.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Encryption { volumes })
}
