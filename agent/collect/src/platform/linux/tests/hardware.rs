//! The readers of hardware: what tools and devices really said, and anything else.

use std::ops::ControlFlow;

use proptest::prelude::*;

use super::context;
use crate::platform::linux::hardware::{cpu, devices, displays, encryption, load, media, printers};

mod disks;
mod printing;
mod screens;
mod work;

/// Texts in which these readers' own words are likely.
fn texts() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "8086  Intel Corporation\n",
        "\ta0c8  Audio\n",
        "\t\t1028 0a20  of Dell\n",
        "C 00  Unclassified\n",
        "pci:v00008086d0000A0C8*\n",
        " ID_MODEL_FROM_DATABASE=Audio\n",
        " 0 [PCH  ]: HDA-Intel - HDA Intel PCH\n",
        "00-00: ALC : ALC : playback 1 : capture 1\n",
        "cpu  1 2 3 4 5 6 7 8 9 10\n",
        "259 0 nvme0n1 1 2 3 4 5 6 7 8 9 10 11\n",
        "pswpin 1\npswpout 2\n",
        "<DefaultPrinter Office>\n",
        "</Printer>\n",
        "State Idle\n",
        "DeviceURI ipp://x\n",
        "0-3,8",
        "1920x1080i",
        ": Direct firmware load for ",
        "iwlwifi 0000:00:14.3",
        "-",
        "\u{fffd}",
    ];
    let piece = prop_oneof![
        prop::sample::select(WORDS).prop_map(str::to_owned),
        "[0-9]{1,24}",
        any::<String>()
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_of_hardware_panic(text in texts()) {
        let wanted = [(0x8086, 0xa0c8)].into();
        let mut list = devices::names::List::new(&wanted);
        let mut source = devices::names::Source::new("pci", &wanted);
        for line in text.as_bytes().split(|byte| *byte == b'\n') {
            let _: (ControlFlow<()>, ControlFlow<()>) = (list.line(line), source.line(line));
        }
        for line in text.lines() {
            devices::firmware::complaint(line);
            displays::size(line);
        }
        media::alsa::parse(&text);
        media::alsa::ends_of(&text);
        media::choice::wireplumber_choice(&text);
        media::busy::owner(&text);
        printers::configuration::parse(&text);
        load::counters::ticks(&text);
        load::counters::disks(&text);
        load::counters::swapped(&text);
        cpu::caches::bytes(&text);
        prop_assert!(cpu::caches::list_of(&text).take(1 << 20).count() < 1 << 20);
    }

    #[test]
    fn no_bytes_make_a_reader_of_hardware_panic(bytes in prop::collection::vec(any::<u8>(), 0..700)) {
        crate::platform::edid::parse(&bytes);
        encryption::header::parse(&bytes);
        encryption::header::parse(&[b"LUKS\xba\xbe", bytes.as_slice()].concat());
        crate::platform::unix::printing::ipp::parse(&bytes);
        crate::platform::unix::printing::cups::body(&bytes);
    }

    #[test]
    fn names_are_found_in_a_list_of_any_length(
        vendors in prop::collection::btree_map(any::<u16>(), prop::collection::btree_set(any::<u16>(), 0..5), 1..20),
        pick in any::<prop::sample::Index>(),
    ) {
        let all: Vec<(u16, u16)> = vendors.iter().flat_map(|(vendor, models)| models.iter().map(|model| (*vendor, *model))).collect();
        prop_assume!(!all.is_empty());
        let id = all[pick.index(all.len())];
        let wanted = [id].into();
        let mut list = devices::names::List::new(&wanted);
        'lines: for (vendor, models) in &vendors {
            let mut lines = vec![format!("{vendor:04x}  Maker {vendor}")];
            lines.extend(models.iter().map(|model| format!("\t{model:04x}  Model {model}")));
            for line in lines {
                if list.line(line.as_bytes()).is_break() {
                    break 'lines;
                }
            }
        }
        prop_assert_eq!(list.names.vendor(id), Some(format!("Maker {}", id.0)));
        prop_assert_eq!(list.names.model(id), Some(format!("Model {}", id.1)));
    }
}

#[test]
fn the_sources_of_udev_tell_the_same_names_as_the_lists() {
    let wanted = [(0x046d, 0xc52b), (0x8087, 0x0026)].into();
    let mut list = devices::names::List::new(&wanted);
    let mut source = devices::names::Source::new("usb", &wanted);
    for line in [
        "# comment",
        "046d  Logitech, Inc.",
        "\tc52a  Other",
        "\tc52b  Unifying Receiver",
        "8087  Intel Corp.",
    ] {
        assert!(list.line(line.as_bytes()).is_continue());
    }
    for line in [
        "usb:v046D*",
        " ID_VENDOR_FROM_DATABASE=Logitech, Inc.",
        "usb:v046DpC52A*",
        " ID_MODEL_FROM_DATABASE=Other",
        "usb:v046DpC52B*",
        " ID_MODEL_FROM_DATABASE=Unifying Receiver",
        "",
        "usb:v8087*",
        " ID_VENDOR_FROM_DATABASE=Intel Corp.",
    ] {
        assert!(source.line(line.as_bytes()).is_continue());
    }
    assert_eq!(list.names, source.names);
    assert_eq!(list.names.model((0x046d, 0xc52b)).as_deref(), Some("Unifying Receiver"));
    assert!(list.line(b"8088  Behind the last that is wanted").is_break());
}

#[test]
fn the_kernel_says_whom_it_could_not_give_firmware() {
    let complaint = |line| devices::firmware::complaint(line);
    for line in [
        "[    4.10] iwlwifi 0000:00:14.3: Direct firmware load for iwlwifi-ty-a0-gf-a0-59.ucode failed with error -2",
        "Mar  1 08:00:00 pc kernel: iwlwifi 0000:00:14.3: firmware: failed to load iwlwifi-QuZ-a0-hr-b0-72.ucode (-2)",
    ] {
        assert_eq!(complaint(line).as_deref(), Some("0000:00:14.3"));
    }
    let usb = "usb 1-10: Direct firmware load for brcm/x.hcd failed with error -2";
    assert_eq!(complaint(usb).as_deref(), Some("1-10"));
    assert_eq!(complaint("r8169 eth0: firmware: failed to load x"), None);
    assert_eq!(complaint("i915 0000:00:02.0: [drm] Finished loading DMC firmware"), None);
}

#[test]
fn a_device_that_nobody_needs_a_driver_for_is_no_problem() {
    let wants = devices::classes::pci_wants_driver;
    // Host bridge, ISA bridge, memory, SMBus, an unassigned class, USB's side that plays the device.
    for code in [0x06_0000, 0x06_0100, 0x05_0000, 0x0c_0500, 0xff_0000, 0x0c_03fe] {
        assert!(!wants(code, 0x8086), "{code:06x}");
    }
    // NVMe, Ethernet, graphics, sound, xHCI, SD reader.
    for code in [0x01_0802, 0x02_0000, 0x03_0000, 0x04_0300, 0x0c_0330, 0x08_0501] {
        assert!(wants(code, 0x8086), "{code:06x}");
    }
    // AMD's sound coprocessor, and Intel's image processor.
    assert!(!wants(0x04_8000, 0x1022) && wants(0x04_8000, 0x8086));
}

#[test]
fn shared_caches_are_counted_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // A processor with two large cores of two threads each and four small ones that share a cache.
    for cpu in 0..8 {
        let (own, shared, size) =
            if cpu < 4 { (cpu / 2 * 2, cpu / 2 * 2 + 1, "48K") } else { (cpu, cpu, "32K") };
        let second = if cpu < 4 { format!("{own}-{shared}") } else { "4-7".to_owned() };
        for (index, level, kind, size, list) in [
            (0, "1", "Data", size, format!("{own}-{shared}")),
            (1, "2", "Unified", "2048K", second),
            (2, "3", "Unified", "24M", "0-7".to_owned()),
        ] {
            let place = folder.path().join(format!("cpu{cpu}/cache/index{index}"));
            std::fs::create_dir_all(&place).expect("made");
            for (file, text) in
                [("level", level), ("type", kind), ("size", size), ("shared_cpu_list", &list)]
            {
                std::fs::write(place.join(file), text).expect("written");
            }
        }
    }
    let cx = crate::collector::Context::new(&crate::Root::at(folder.path()).expect("a tree"));
    let told: Vec<_> = cpu::caches::caches(&cx, "/")
        .into_iter()
        .map(|cache| (cache.level, cache.kind, cache.size_bytes >> 10, cache.count))
        .collect();
    let expected = [
        (1, "data", 32, 4),
        (1, "data", 48, 2),
        (2, "unified", 2048, 3),
        (3, "unified", 24 << 10, 1),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(level, kind, kib, count)| (level, kind.to_owned(), kib, Some(count)))
        .collect();
    assert_eq!(told, expected);
    assert!(cpu::caches::caches(&context(), "/sys/devices/system/cpu").is_empty());
}
