//! What the security centre says of a product (`productState`), as `iwscapi.h` and long use have it:
//! bits 12 to 15 tell whether it watches, bits 4 to 7 whether its signatures are old.

/// A product's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) enabled: bool,
    pub(crate) up_to_date: bool,
}

/// The state in a number.
pub(crate) const fn product(state: u64) -> Product {
    Product { enabled: state >> 12 & 0xf == 1, up_to_date: state >> 4 & 0xf == 0 }
}

/// BitLocker's methods (`Win32_EncryptableVolume.GetEncryptionMethod`).
pub(crate) const fn cipher(method: u64) -> Option<&'static str> {
    Some(match method {
        1 => "aes-128-diffuser",
        2 => "aes-256-diffuser",
        3 => "aes-128",
        4 => "aes-256",
        5 => "hardware",
        6 => "xts-aes-128",
        7 => "xts-aes-256",
        _ => return None,
    })
}

/// Whether a volume's content is encrypted, and its state, by `ConversionStatus`, `ProtectionStatus`
/// (2: locked) of `Win32_EncryptableVolume`.
pub(crate) const fn volume(conversion: u64, protection: u64) -> (bool, Option<&'static str>) {
    match (conversion, protection) {
        (_, 2) => (true, Some("locked")),
        (0, _) => (false, None),
        (1, 1) => (true, Some("unlocked")),
        // Encrypted, with the key in clear beside it.
        (1, _) => (true, Some("suspended")),
        (2 | 4, _) => (true, Some("encrypting")),
        (3 | 5, _) => (true, Some("decrypting")),
        _ => (false, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_as_products_report_them() {
        // Defender: on and up to date, on with old signatures, off.
        assert_eq!(product(397_568), Product { enabled: true, up_to_date: true });
        assert_eq!(product(397_584), Product { enabled: true, up_to_date: false });
        assert_eq!(product(393_472), Product { enabled: false, up_to_date: true });
        assert_eq!(volume(1, 1), (true, Some("unlocked")));
        assert_eq!(volume(0, 0), (false, None));
        assert_eq!(volume(6, 2), (true, Some("locked")));
    }
}
