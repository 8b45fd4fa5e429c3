//! EDID, what a monitor says of itself (VESA Enhanced EDID 1.4, section 3). Only the first block is
//! read. The bytes come from whatever is at the end of a cable.

use befund_model::section::devices::Monitor;

use crate::smbios::said;

const HEADER: [u8; 8] = [0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00];
const BLOCK: usize = 128;

/// What the first block says; `None` if it is none, or its sum does not come out.
pub(crate) fn parse(bytes: &[u8]) -> Option<Monitor> {
    let block: &[u8; BLOCK] = bytes.first_chunk()?;
    let sum = block.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    if block[..8] != HEADER || sum != 0 {
        return None;
    }
    let mut monitor = Monitor {
        vendor: vendor(u16::from_be_bytes([block[8], block[9]])),
        made: Some(block[17]).filter(|year| *year > 0).map(|year| 1990 + u16::from(year)),
        ..Monitor::default()
    };
    // Whole centimetres; one alone is the aspect ratio of a projector or a landscape.
    if let (width @ 1.., height @ 1..) = (block[21], block[22]) {
        monitor.width_mm = Some(u32::from(width) * 10);
        monitor.height_mm = Some(u32::from(height) * 10);
    }
    let mut texts = Vec::new();
    for (index, part) in block[54..126].chunks_exact(18).enumerate() {
        match part {
            [0, 0, _, tag, _, text @ ..] => match tag {
                0xfc => monitor.model = string(text),
                0xff => monitor.serial = string(text),
                0xfe => texts.extend(string(text)),
                _ => {}
            },
            // The first is what the monitor prefers.
            _ if index == 0 => timing(part, &mut monitor),
            _ => {}
        }
    }
    // Panels of laptops have their maker and their model in free texts instead.
    monitor.model = monitor.model.or_else(|| texts.pop());
    // The number in the block's head is a counter with some makers and the same for all with others.
    let number = u32::from_le_bytes([block[12], block[13], block[14], block[15]]);
    let placeholder = matches!(number, 0 | 1 | 0x0101_0101 | 0xffff_ffff);
    monitor.serial =
        monitor.serial.or_else(|| (!placeholder).then(|| said(&number.to_string())).flatten());
    Some(monitor)
}

/// Three letters of five bits each, from 1.
fn vendor(packed: u16) -> Option<String> {
    let letter = |shift: u16| {
        let number = u8::try_from(packed >> shift & 0x1f).ok()?;
        (1..=26).contains(&number).then(|| char::from(b'A' + number - 1))
    };
    (packed & 0x8000 == 0).then_some(())?;
    Some([letter(10)?, letter(5)?, letter(0)?].iter().collect())
}

/// Up to thirteen letters; a line feed ends them, spaces fill them up.
fn string(text: &[u8]) -> Option<String> {
    let end = text.iter().position(|byte| matches!(byte, b'\n' | 0)).unwrap_or(text.len());
    // Dell has a byte that is no letter between its own number of a panel and the maker's.
    let letter = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { ' ' };
    said(&text[..end].iter().map(letter).collect::<String>())
}

/// A detailed timing (3.10.2): pixels, and the picture's size in millimetres.
fn timing(part: &[u8], monitor: &mut Monitor) {
    // Aspect ratios that some makers write where millimetres belong.
    const RATIOS: &[(u32, u32)] = &[(16, 9), (16, 10), (160, 90), (160, 100), (1600, 900)];
    let twelve = |low: usize, high: usize, upper: bool| {
        let high = if upper { part[high] >> 4 } else { part[high] & 0x0f };
        u32::from(high) << 8 | u32::from(part[low])
    };
    let (width, height) = (twelve(2, 4, true), twelve(5, 7, true));
    if width > 0 && height > 0 {
        // Half pictures have half the lines.
        let height = if part[17] & 0x80 != 0 { height * 2 } else { height };
        (monitor.width_px, monitor.height_px) = (Some(width), Some(height));
    }
    let (width, height) = (twelve(12, 14, true), twelve(13, 14, false));
    if width > 0 && height > 0 && !RATIOS.contains(&(width, height)) {
        (monitor.width_mm, monitor.height_mm) = (Some(width), Some(height));
    } else if monitor.width_mm.zip(monitor.height_mm).is_some_and(|size| RATIOS.contains(&size)) {
        (monitor.width_mm, monitor.height_mm) = (None, None);
    }
}
