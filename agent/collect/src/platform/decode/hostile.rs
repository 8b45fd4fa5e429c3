//! The readers of bytes and texts in here, for [`crate::fuzzing`].

use std::time::Duration;

use befund_model::redaction::Redactor;
use befund_model::section::storage::Disk;

use super::event::Event;
use super::{
    battery, boots, browsers, certificates, clock, crash, devices, echo, event, firmware, load,
    net, packages, phonebook, processes, proxy, storage, tasks, text, time, topology, windows,
};

/// Gives bytes to all of them.
pub(crate) fn read(bytes: &[u8]) {
    tables(bytes);
    hardware(bytes);
    let text = String::from_utf8_lossy(bytes);
    logged(&text);
    told(&text);
    // The registry's texts, and those of structures.
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let wide: String = char::decode_utf16(units).filter_map(Result::ok).collect();
    words(&text);
    words(&wide);
}

fn tables(bytes: &[u8]) {
    for (tcp, six, size) in
        [(true, false, 24), (true, true, 56), (false, false, 12), (false, true, 28)]
    {
        let sockets = net::sockets(bytes, tcp, six);
        assert!(sockets.len() <= bytes.len() / size, "more sockets than there is room for");
        assert!(sockets.iter().all(|socket| socket.local.is_ipv6() == six));
    }
    // The buffer may lie anywhere.
    for address in [0, 0x1000, u64::MAX - 64] {
        let samples = processes::processes(bytes, address);
        assert!(samples.len() <= bytes.len() / 184 + 1, "more processes than there is room for");
        let letters: usize = samples.iter().map(|sample| sample.name.len()).sum();
        assert!(letters <= 3 * bytes.len() * samples.len());
    }
    let topology = topology::topology(bytes);
    assert!(topology.threads as usize <= 8 * bytes.len(), "more threads than bits");
    let sorted = |a: u8, b: u8| a <= b;
    assert!(topology.caches.is_sorted_by(|a, b| sorted(a.level, b.level)));
    let _ = topology::hypervisor(bytes, false);
    let _ = certificates::certificate(bytes);
    assert!(firmware::tables(bytes).is_none_or(|tables| tables.len() + 8 <= bytes.len()));
    let _ = (proxy::winhttp(bytes), windows::licences(bytes), text::approved(bytes));
    let script = proxy::automatic(bytes).and_then(|told| told.script);
    assert!(script.is_none_or(|script| script.len() <= 3 * bytes.len()), "longer than its value");
    for six in [false, true] {
        let _ = echo::status(bytes, six).map(echo::fate);
    }
    let der = certificates::der(bytes);
    assert!(der.is_none_or(|(der, _)| der.len() + 12 <= bytes.len()), "larger than its value");
}

fn hardware(bytes: &[u8]) {
    let mut disk = Disk::default();
    storage::descriptor(bytes, &mut disk);
    for text in [&disk.vendor, &disk.model, &disk.firmware, &disk.serial].into_iter().flatten() {
        assert!(text.len() <= 3 * bytes.len(), "a text longer than what it stands in");
    }
    let partitions = storage::partitions(bytes);
    assert!(partitions.len() <= bytes.len() / 144, "more partitions than there is room for");
    if let Some(health) = storage::nvme(bytes) {
        assert!(bytes.len() >= 512 && health.warnings.is_sorted());
    }
    let _ = storage::smart(bytes, bytes.len().is_multiple_of(2));
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let share = |percent: f64| (0.0..=100.0).contains(&percent);
    assert!(load::busy(first, second).is_none_or(share), "more than all of the time");
    if let (Some(before), Some(after)) = (load::disk_counters(first), load::disk_counters(second)) {
        let within = Duration::from_millis(bytes.len() as u64);
        let load = load::disk(&before, &after, within).and_then(|work| work.told("0", within));
        assert!(load.is_none_or(|load| share(load.busy_percent)), "busier than always");
    }
    let _ = (battery::information(bytes), battery::status(bytes));
}

/// Events, each in a line or several.
fn logged(text: &str) {
    let redactor = Redactor::default();
    let events: Vec<Event> = text.split_inclusive("</Event>").filter_map(event::event).collect();
    for event in &events {
        let data: usize = event.data.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(data <= text.len(), "an event holds more than its text");
        let _ = (event::topic(event), event.line(), crash::crash(event, &redactor));
        let _ = clock::in_step(Some(event));
    }
    assert!(boots::boots(&events).len() <= events.len() + 1, "more starts than events");
}

/// Definitions, lists and settings that are whole files or values.
fn told(text: &str) {
    let task = tasks::task(text);
    assert!(task.command.is_none_or(|command| !command.trim().is_empty()));
    assert!(phonebook::tunnels(text).len() <= text.lines().count(), "more tunnels than lines");
    let (first, second) = text.split_once('\n').unwrap_or((text, ""));
    let _ = (browsers::language(text), browsers::manifest(first, Some(second)));
    assert!(browsers::firefox(text, "anna", "default").len() <= text.len() / 2);
    let known = |name: &str| (name == "SystemRoot").then(|| r"C:\Windows".to_owned());
    let expanded = text::expanded(text, known);
    assert!(expanded.len() <= text.len(), "no known value is longer than its name");
    assert_eq!(text::expanded(text, |_| None), text, "what nobody knows has to stay");
}

fn words(text: &str) {
    for line in text.lines().take(64) {
        let _ = (net::hosts_entry(line), net::servers(line), proxy::servers(line));
        let _ = (clock::servers(Some("NTP"), Some(line)), phonebook::product(line));
        let _ = (devices::location(line), devices::numbers(line), devices::serial(line));
        let _ = (devices::class(line), devices::added(line), packages::store(line));
        let _ = (text::described(line), crash::code_text(line), certificates::of_the_system(line));
        let _ = (browsers::is_id(line), windows::product(line, Some(22_631), false));
        assert!(text::program(line).is_none_or(|program| line.contains(program)));
        if let Some(at) = time::wmi(line) {
            assert!(time::to_filetime(at).and_then(time::filetime).is_some(), "{at} is no time");
        }
    }
}
