//! Load between two readings, sound cards, and heads of encrypted volumes.

use std::time::Duration;

use befund_model::section::load::Load;
use proptest::prelude::*;

use crate::platform::linux::hardware::encryption::header;
use crate::platform::linux::hardware::load::counters::{disks, swapped, ticks};
use crate::platform::linux::hardware::load::{Sample, compare};
use crate::platform::linux::hardware::media::{alsa, busy, choice};

fn sample(stat: &str, diskstats: &str, vmstat: &str) -> Sample {
    Sample { ticks: ticks(stat).expect("ticks"), disks: disks(diskstats), swapped: swapped(vmstat) }
}

/// `/proc/diskstats` has 11 counts before Linux 4.18, 15 before 5.5, 17 since.
#[test]
fn what_disks_and_processors_did_between_two_readings() {
    let first = sample(
        "cpu  100 0 50 800 40 5 5 0 0 0\ncpu0 1 2 3 4\n",
        "   8       0 sda 1000 10 80000 4000 500 20 40000 9000 0 6000 13000\n 259 0 nvme0n1 7 0 56 3 0 0 0 0 0 2 3 0 0 0 0 0 0\n",
        "nr_free_pages 1\npswpin 10\npswpout 20\n",
    );
    let last = sample(
        "cpu  110 0 55 812 50 5 5 3 0 0\n",
        "   8       0 sda 1010 10 80200 4250 504 20 40032 9180 0 6198 13430\n 259 0 nvme0n1 7 0 56 3 0 0 0 0 0 2 3 0 0 0 0 0 0\n 8 16 sdb 1 0 1 1 1 0 1 1 0 1 1\n",
        "pswpin 14\npswpout 20\n",
    );
    let mut load = Load::default();
    compare(&first, &last, Duration::from_millis(200), &mut load);
    assert_eq!(load.sampled_ms, 200);
    // 40 ticks, of which 15 of work, 10 of waiting, 3 of the hypervisor's.
    assert_eq!(
        (load.cpu_percent, load.iowait_percent, load.steal_percent),
        (Some(37.5), Some(25.0), Some(7.5))
    );
    let page = rustix::param::page_size() as u64;
    assert_eq!((load.swap_in_bytes, load.swap_out_bytes), (Some(20 * page), Some(0)));
    let names: Vec<&str> = load.disks.iter().map(|disk| disk.name.as_str()).collect();
    assert_eq!(names, ["nvme0n1", "sda"], "a disk that came meanwhile is not told");
    let (idle, busy) = (&load.disks[0], &load.disks[1]);
    assert_eq!((idle.reads, idle.read_ms, idle.busy_percent.to_bits()), (0, None, 0));
    assert_eq!((busy.reads, busy.writes), (10, 4));
    assert_eq!((busy.read_ms, busy.write_ms), (Some(25.0), Some(45.0)));
    assert_eq!((busy.read_bytes, busy.written_bytes), (200 * 512, 32 * 512));
    assert!((busy.busy_percent - 99.0).abs() < 0.01);
}

/// As after a plug was pulled, after 49 days of work, and where the kernel's count of waiting goes back.
#[test]
fn counters_that_go_back_make_nothing_up() {
    let disks = |sda: &str, sdb: &str| format!("8 0 sda {sda}\n8 16 sdb {sdb}\n");
    let first = sample(
        "cpu  100 0 50 800 40 5 5 0 0 0\n",
        &disks(
            "1000 0 80000 4000 500 0 40000 9000 0 6000 13000",
            "9 0 72 4294967290 1 0 8 3 0 4294967200 0",
        ),
        "pswpin 10\npswpout 20\n",
    );
    let last = sample(
        "cpu  115 0 50 805 30 5 5 0 0 0\n",
        &disks("1010 0 80200 4250 2 0 16 1 0 30 13", "11 0 88 34 1 0 8 3 0 4 0"),
        "pswpin 4\npswpout 20\n",
    );
    let mut load = Load::default();
    compare(&first, &last, Duration::from_millis(200), &mut load);
    // 15 ticks of work and 5 of idleness; those of waiting went back by 10.
    assert_eq!((load.cpu_percent, load.iowait_percent), (Some(75.0), Some(0.0)));
    let names: Vec<&str> = load.disks.iter().map(|disk| disk.name.as_str()).collect();
    assert_eq!(names, ["sdb"], "what is now called sda is another disk");
    assert_eq!((load.disks[0].read_ms, load.disks[0].busy_percent), (Some(20.0), 50.0));
    assert_eq!((load.swap_in_bytes, load.swap_out_bytes), (None, Some(0)));
}

#[test]
fn without_time_between_there_are_no_rates() {
    let look =
        || sample("cpu  1 0 0 9\n", "8 0 sda 1 0 8 4 5 0 4 9 0 6 13\n", "pswpin 1\npswpout 2\n");
    let mut load = Load::default();
    compare(&look(), &look(), Duration::ZERO, &mut load);
    assert_eq!(load, Load::default());
}

proptest! {
    #[test]
    fn shares_are_shares_whatever_the_counters_do(
        first in prop::collection::vec(0_u64..u64::MAX / 16, 4..9), last in prop::collection::vec(0_u64..u64::MAX / 16, 4..9), ms in prop_oneof![0_u64..1000, any::<u64>()],
    ) {
        let line = |ticks: &[u64]| ticks.iter().fold("cpu ".to_owned(), |line, ticks| format!("{line} {ticks}"));
        let disk = |counts: &[u64]| counts.iter().chain(counts).chain(counts).fold("8 0 sda".to_owned(), |line, count| format!("{line} {count}"));
        let swap = |counts: &[u64]| format!("pswpin {}\npswpout {}\n", counts[0], counts[1]);
        let first = sample(&line(&first), &disk(&first), &swap(&first));
        let last = sample(&line(&last), &disk(&last), &swap(&last));
        let mut load = Load::default();
        compare(&first, &last, Duration::from_millis(ms), &mut load);
        for share in [load.cpu_percent, load.iowait_percent, load.steal_percent].into_iter().flatten().chain(load.disks.iter().map(|disk| disk.busy_percent)) {
            prop_assert!((0.0..=100.0).contains(&share), "{}", share);
        }
        prop_assert_eq!(load.sampled_ms, ms);
    }
}

#[test]
fn sound_cards_are_read_with_their_ends() {
    // As Linux 6.1 writes it for a laptop of 2021.
    let cards = alsa::parse(
        " 0 [sofhdadsp      ]: sof-hda-dsp - sof-hda-dsp\n                      LENOVO-20XW00JKGE-ThinkPadX1CarbonGen9\n 1 [Headset        ]: USB-Audio - Jabra EVOLVE 20 MS\n                      GN Netcom A/S Jabra EVOLVE 20 MS at usb-0000:00:14.0-5, full speed\n",
    );
    let names: Vec<_> = cards.iter().map(|card| (card.number, card.name.as_str())).collect();
    assert_eq!(names, [(0, "sof-hda-dsp"), (1, "Jabra EVOLVE 20 MS")]);
    assert!(alsa::parse("--- no soundcards ---\n").is_empty());
    let ends = alsa::ends_of(
        "00-03: HDMI1 (*) :  : playback 1\n01-00: USB : USB : playback 1 : capture 1\n",
    );
    assert_eq!((ends[&0], ends[&1]), ((true, false), (true, true)));
}

#[test]
fn the_card_that_is_heard_is_the_chosen_one_or_the_only_one() {
    let card = |number, address: &str| alsa::Card {
        number,
        address: Some(address.to_owned()),
        plays: true,
        ..alsa::Card::default()
    };
    let cards = [card(0, "0000:01:00.1"), card(1, "0000:00:1f.3")];
    let number =
        |chosen| alsa::of_default(&cards, chosen, |card| card.plays).map(|card| card.number);
    assert_eq!(number(Some("alsa_output.pci-0000_00_1f.3.analog-stereo")), Some(1));
    assert_eq!(number(Some("bluez_output.00_11_22_33_44_55.1")), None);
    assert_eq!(number(None), None);
    assert_eq!(
        alsa::of_default(&cards[..1], None, |card| card.plays).map(|card| card.number),
        Some(0)
    );
}

#[test]
fn a_sound_device_is_somebodys_only_while_it_runs() {
    let running = "state: RUNNING\nowner_pid   : 1890\ntrigger_time: 4711.1\n";
    assert_eq!(busy::owner(running), Some(1890));
    assert_eq!(busy::owner("closed\n"), None);
    assert_eq!(busy::owner("state: SETUP\nowner_pid   : 1890\n"), None);
}

#[test]
fn what_wireplumber_was_told_is_read() {
    let told = choice::wireplumber_choice(
        "[default-nodes]\ndefault.configured.audio.sink=alsa_output.pci-0000_00_1f.3.analog-stereo\ndefault.configured.audio.sink.0=bluez_output.x\n",
    );
    assert_eq!(told.output.as_deref(), Some("alsa_output.pci-0000_00_1f.3.analog-stereo"));
    assert_eq!(told.input, None);
}

#[test]
fn heads_of_encrypted_volumes_tell_their_cipher() {
    let mut luks1 = b"LUKS\xba\xbe\x00\x01".to_vec();
    luks1.extend(b"aes".iter().chain(&[0; 29]));
    luks1.extend(b"xts-plain64".iter().chain(&[0; 21]));
    assert_eq!(header::parse(&luks1).expect("known").cipher.as_deref(), Some("aes-xts-plain64"));
    let luks2 = |metadata: &str| {
        let mut bytes = b"LUKS\xba\xbe\x00\x02".to_vec();
        bytes.resize(4096, 0);
        bytes.extend(metadata.bytes().chain([0, 0]));
        header::parse(&bytes).expect("known")
    };
    // As cryptsetup 2.6 writes it, and while it encrypts anew.
    let told = luks2(
        r#"{"segments":{"0":{"type":"crypt","offset":"16777216","encryption":"aes-xts-plain64"}},"config":{"json_size":"12288"}}"#,
    );
    assert_eq!((told.cipher.as_deref(), told.reencrypting), (Some("aes-xts-plain64"), false));
    let told = luks2(
        r#"{"segments":{"0":{"encryption":"old","flags":["backup-previous"]},"1":{"encryption":"serpent-xts-plain64"}},"config":{"requirements":{"mandatory":["online-reencrypt-v2"]}}}"#,
    );
    assert_eq!((told.cipher.as_deref(), told.reencrypting), (Some("serpent-xts-plain64"), true));
    assert_eq!(luks2("cut off {").cipher, None);
    assert_eq!(header::parse(b"\xeb\x58\x90-FVE-FS-\x00").map(|head| head.kind), Some("bitlocker"));
    assert_eq!(header::parse(&[0; 512]), None);
}
