//! Readers of what devices, disks and print servers say.

use befund_model::section::storage::DiskHealth;

use crate::platform::drive::{nvme, smart};
use crate::platform::edid;
use crate::platform::linux::hardware::encryption::header;
use crate::platform::linux::hardware::health::{ata, smartctl, udisks};
use crate::platform::linux::hardware::printers::{configuration, cups};
use crate::platform::linux::trouble::errors::clipped;
use crate::platform::unix::printing::ipp::{self, Request, Value};

/// What comes over a monitor's cable: as it is, and with a head and a sum that come out.
pub(super) fn edid(bytes: &[u8]) {
    let mut block = [0; 128];
    let length = bytes.len().min(block.len());
    block[..length].copy_from_slice(&bytes[..length]);
    block[..8].copy_from_slice(&[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]);
    let sum = block[..127].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    block[127] = 0_u8.wrapping_sub(sum);
    let mended = edid::parse(&block);
    assert!(mended.is_some(), "a block whose sum comes out was not read");
    for monitor in edid::parse(bytes).into_iter().chain(mended) {
        for text in [&monitor.model, &monitor.serial].into_iter().flatten() {
            assert!((1..=13).contains(&text.len()), "{text:?} does not fit into a block");
            assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{text:?} is no word");
        }
        let letters = monitor.vendor.is_none_or(|name| {
            name.len() == 3 && name.bytes().all(|byte| byte.is_ascii_uppercase())
        });
        assert!(letters, "a maker has three letters");
        assert!(monitor.made.is_none_or(|year| (1991..=2245).contains(&year)), "made when?");
        assert!(monitor.width_px.is_none_or(|width| (1..4096).contains(&width)));
        assert!(monitor.height_px.is_none_or(|height| (1..8192).contains(&height)));
    }
    // Whichever bit falls over, the sum tells it.
    if let Some(byte) = block.get_mut(length % 128) {
        *byte ^= 0x10;
        assert_eq!(edid::parse(&block), None, "a damaged block was believed");
    }
}

/// An answer of a print server, and a request made of the same words.
pub(super) fn ipp(bytes: &[u8]) {
    let whole = ipp::parse(bytes);
    for group in whole.iter().flat_map(|answer| &answer.groups) {
        if let Some(queue) = cups::queue(group) {
            assert!(queue.reasons.is_sorted_by(|a, b| a < b), "reasons are not in order");
        }
        let _ = cups::job(group);
    }
    if let Some(early) = ipp::parse(&bytes[..bytes.len() / 2]) {
        assert_eq!(Some(early), whole, "what is behind the end changed the answer");
    }
    if let Some(body) = cups::body(bytes) {
        assert!(body.len() < bytes.len(), "a body longer than its answer");
    }
    let text = String::from_utf8_lossy(bytes);
    assert!(configuration::parse(&text).len() <= text.lines().count(), "more queues than lines");

    let text = clipped(&text, 1024);
    let words: Vec<&str> = text.split(' ').take(32).collect();
    let request = Request::new(0x4002)
        .uri("printer-uri", text)
        .keywords("requested-attributes", &words)
        .finish();
    let read = ipp::parse(&request).expect("a request is as whole as an answer");
    let value = |text: &str| Value::Text(text.to_owned());
    let words: Vec<Value> = words.into_iter().map(value).collect();
    assert_eq!(read.status, 0x4002);
    assert_eq!(read.groups.len(), 1);
    assert_eq!(read.groups[0].values("printer-uri"), [value(text)]);
    assert_eq!(read.groups[0].values("requested-attributes"), words);
}

/// What a disk keeps of its health, what smartctl and UDisks make of it, and the head of a volume.
pub(super) fn disks(bytes: &[u8]) {
    let mut blocks = [[0; 512]; 2];
    for (block, bytes) in blocks.iter_mut().zip(bytes.chunks(512)) {
        block[..bytes.len()].copy_from_slice(bytes);
    }
    let [first, second] = &blocks;
    let mut all = vec![nvme::read(first), smart::read(first, None, false)];
    let mut with_limits = smart::read(first, Some(second), true);
    ata::add_statistics(second, &mut with_limits);
    all.push(with_limits);
    all.extend(smartctl::parse(bytes));
    for health in &all {
        assert!(health.warnings.is_sorted(), "warnings are not in order");
    }
    // Of SATA's counters is known what cannot be.
    for DiskHealth { hours, celsius, .. } in &all[1..3] {
        assert!(hours.is_none_or(|hours| hours < 1_000_000), "a disk older than disks");
        assert!(celsius.is_none_or(|celsius| (1..=125).contains(&celsius)), "{celsius:?} °C");
    }
    assert!(udisks::parse(bytes).len() <= bytes.len(), "more properties than bytes");

    // The second version's words stand behind a block that is mostly empty.
    let mut second = b"LUKS\xba\xbe\0\x02".to_vec();
    second.resize(4096, 0);
    second.extend_from_slice(bytes);
    let told = header::parse(&second).expect("the mark is enough");
    assert_eq!(told.kind, "luks2");
    if let Some(told) = header::parse(bytes) {
        assert!(matches!(told.kind, "luks1" | "luks2" | "bitlocker"));
        let cipher = told.cipher.unwrap_or_default();
        assert!(told.kind != "luks1" || cipher.len() <= 65, "a cipher longer than its place");
    }
}
