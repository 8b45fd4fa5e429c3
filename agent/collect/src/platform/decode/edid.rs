//! EDID: what a monitor says of itself (VESA E-EDID 1.4, release A2).

use befund_model::section::devices::Monitor;

/// Reads the first block; `None` if it is none.
pub(crate) fn monitor(edid: &[u8]) -> Option<Monitor> {
    let block: &[u8; 128] = edid.get(..128)?.try_into().ok()?;
    let sum = block.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    if block[..8] != [0, 255, 255, 255, 255, 255, 255, 0] || sum != 0 {
        return None;
    }
    // Three letters of five bits each.
    let letters = u16::from_be_bytes([block[8], block[9]]);
    let vendor: Option<String> = [10, 5, 0]
        .iter()
        .map(|shift| {
            let letter = u8::try_from(letters >> shift & 31)
                .ok()
                .filter(|letter| (1..=26).contains(letter))?;
            Some(char::from(b'A' + letter - 1))
        })
        .collect();
    let serial = u32::from_le_bytes([block[12], block[13], block[14], block[15]]);
    let (mut name, mut serial_text, mut timing) = (None, None, None);
    for descriptor in block[54..126].chunks_exact(18) {
        match descriptor {
            [0, 0, 0, 0xfc, ..] => name = text(&descriptor[5..]),
            [0, 0, 0, 0xff, ..] => serial_text = text(&descriptor[5..]),
            [0, 0, ..] => {}
            _ if timing.is_none() => {
                let upper = |byte: u8| u32::from(byte >> 4) << 8;
                timing = Some((
                    u32::from(descriptor[2]) | upper(descriptor[4]),
                    u32::from(descriptor[5]) | upper(descriptor[7]),
                    u32::from(descriptor[12]) | upper(descriptor[14]),
                    u32::from(descriptor[13]) | u32::from(descriptor[14] & 15) << 8,
                ));
            }
            _ => {}
        }
    }
    let some = |number: u32| (number > 0).then_some(number);
    // In whole centimetres, where the timing does not say better.
    let centimetres = |byte: u8| some(u32::from(byte) * 10);
    Some(Monitor {
        name: String::new(),
        vendor,
        model: name.or_else(|| Some(format!("{:04x}", u16::from_le_bytes([block[10], block[11]])))),
        serial: serial_text.or_else(|| {
            (!matches!(serial, 0 | 0x0101_0101 | u32::MAX)).then(|| serial.to_string())
        }),
        made: (block[17] > 0).then(|| 1990 + u16::from(block[17])),
        width_px: timing.and_then(|timing| some(timing.0)),
        height_px: timing.and_then(|timing| some(timing.1)),
        width_mm: timing.and_then(|timing| some(timing.2)).or_else(|| centimetres(block[21])),
        height_mm: timing.and_then(|timing| some(timing.3)).or_else(|| centimetres(block[22])),
        internal: false,
    })
}

fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    crate::smbios::said(&String::from_utf8_lossy(&bytes[..end]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Vec<u8> {
        let mut block = vec![0_u8; 128];
        block[..8].copy_from_slice(&[0, 255, 255, 255, 255, 255, 255, 0]);
        block[8..10].copy_from_slice(&[0x10, 0xac]);
        block[17] = 31;
        // 1920x1080, 527 by 296 mm.
        block[54..72].copy_from_slice(&[
            0x02, 0x3a, 0x80, 0x18, 0x71, 0x38, 0x2d, 0x40, 0x58, 0x2c, 0x45, 0x00, 0x0f, 0x28,
            0x21, 0x00, 0x00, 0x1e,
        ]);
        block[72..90].copy_from_slice(b"\0\0\0\xff\0ABC1234\n     ");
        block[90..108].copy_from_slice(b"\0\0\0\xfc\0DELL U2419H\n ");
        let sum = block.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        block[127] = 0_u8.wrapping_sub(sum);
        block
    }

    #[test]
    fn a_monitor_is_read() {
        let told = monitor(&sample()).expect("a monitor");
        assert_eq!(told.vendor.as_deref(), Some("DEL"));
        assert_eq!(told.model.as_deref(), Some("DELL U2419H"));
        assert_eq!(told.serial.as_deref(), Some("ABC1234"));
        assert_eq!((told.width_px, told.height_px), (Some(1920), Some(1080)));
        assert_eq!((told.width_mm, told.height_mm), (Some(527), Some(296)));
        assert_eq!(told.made, Some(2021));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(at in 0_usize..128, byte: u8, bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = monitor(&bytes);
            let mut changed = sample();
            changed[at] = byte;
            let sum = changed[..127].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
            changed[127] = 0_u8.wrapping_sub(sum);
            let _ = monitor(&changed);
        }
    }
}
