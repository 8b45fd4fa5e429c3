//! EDID as monitors write it.

use proptest::prelude::*;

use crate::platform::edid;
use crate::platform::linux::hardware::displays::size;

/// A first block: head, two texts, and a sum that comes out.
fn block(pixels: (u16, u16), millimetres: (u16, u16), texts: &[(u8, &[u8])]) -> Vec<u8> {
    let mut block = vec![0; 128];
    block[..8].copy_from_slice(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]);
    // DEL, in April 2023.
    block[8..10].copy_from_slice(&[0x10, 0xac]);
    block[12..16].copy_from_slice(&0x3038_5542_u32.to_le_bytes());
    block[16..20].copy_from_slice(&[14, 33, 1, 4]);
    block[21..23].copy_from_slice(&[60, 34]);
    let low = |value: u16| u8::try_from(value & 0xff).expect("a byte");
    let high = |value: u16| u8::try_from(value >> 8 & 0x0f).expect("half a byte");
    let timing = &mut block[54..72];
    timing[..2].copy_from_slice(&[0x01, 0x1d]);
    (timing[2], timing[4]) = (low(pixels.0), high(pixels.0) << 4);
    (timing[5], timing[7]) = (low(pixels.1), high(pixels.1) << 4);
    (timing[12], timing[13]) = (low(millimetres.0), low(millimetres.1));
    timing[14] = high(millimetres.0) << 4 | high(millimetres.1);
    for (index, (tag, text)) in texts.iter().enumerate() {
        let at = 72 + 18 * index;
        block[at + 3] = *tag;
        block[at + 5..at + 18].fill(b' ');
        block[at + 5..at + 5 + text.len()].copy_from_slice(text);
    }
    let sum = block.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    block[127] = 0_u8.wrapping_sub(sum);
    block
}

proptest! {
    #[test]
    fn what_a_monitor_writes_is_read(
        width in 1_u16..4096, height in 1_u16..4096, wide in 200_u16..2000, high in 120_u16..1200, name in "[A-Z][a-z0-9]{2,11}[A-Z]",
    ) {
        let bytes = block((width, height), (wide, high), &[(0xfc, format!("{name}\n").as_bytes().get(..13).unwrap_or(name.as_bytes()))]);
        let monitor = edid::parse(&bytes).expect("whole");
        prop_assert_eq!((monitor.width_px, monitor.height_px), (Some(width.into()), Some(height.into())));
        prop_assert_eq!((monitor.width_mm, monitor.height_mm), (Some(wide.into()), Some(high.into())));
        prop_assert_eq!(monitor.model, Some(name));
        prop_assert_eq!((monitor.vendor.as_deref(), monitor.made), (Some("DEL"), Some(2023)));
    }

    #[test]
    fn a_block_that_lost_a_bit_is_not_believed(at in 0_usize..128, bit in 0_u8..8) {
        let mut bytes = block((1920, 1080), (530, 300), &[]);
        bytes[at] ^= 1 << bit;
        prop_assert_eq!(edid::parse(&bytes), None);
    }
}

#[test]
fn serial_numbers_and_sizes_that_are_none_are_left_out() {
    let monitor =
        edid::parse(&block((1920, 1080), (160, 90), &[(0xfe, b"B140HAK\n")])).expect("whole");
    // 60 by 34 centimetres are in the head; the number there counts, since there is no text.
    assert_eq!((monitor.width_mm, monitor.height_mm), (Some(600), Some(340)));
    assert_eq!(monitor.serial.as_deref(), Some("808998210"));
    assert_eq!(monitor.model.as_deref(), Some("B140HAK"));
    let text = block((1920, 1080), (530, 300), &[(0xff, b"ABC123\n"), (0xfc, b"")]);
    assert_eq!(edid::parse(&text).expect("whole").serial.as_deref(), Some("ABC123"));
    assert_eq!(edid::parse(&text[..100]), None);
    assert_eq!(edid::parse(&[0; 128]), None);
}

#[test]
fn modes_are_read_as_the_kernel_writes_them() {
    assert_eq!(size("2560x1440"), Some((2560, 1440)));
    assert_eq!(size("1920x1080i"), Some((1920, 1080)));
    assert_eq!(size("axb"), None);
}
