//! What disks say of themselves: by smartctl of several versions, by NVMe's log, by SMART.
//!
//! The figures are those of real disks (published with smartctl_exporter and Scrutiny as their test
//! data, and QEMU 7.2's disks asked by smartctl 7.3); the JSON around them is cut to what is read, and
//! to what stands beside it.

use befund_model::section::storage::DiskHealth;
use proptest::prelude::*;

use crate::platform::drive::{nvme, smart as attributes};
use crate::platform::linux::hardware::health::ata;
use crate::platform::linux::hardware::health::smartctl::{Silence, parse};

fn read(json: &str) -> DiskHealth {
    parse(json.as_bytes()).expect("a disk that tells")
}

/// A Hitachi of 2011 behind a USB bridge, long past its end.
#[test]
fn smartctl_7_1_on_a_disk_that_fails() {
    let told = read(
        r#"{"json_format_version":[1,0],"smartctl":{"version":[7,1],"exit_status":216},
        "device":{"type":"usbjmicron","protocol":"ATA"},"in_smartctl_database":true,
        "smart_status":{"passed":false},"ata_smart_attributes":{"revision":16,"table":[
        {"id":5,"name":"Reallocated_Sector_Ct","value":1,"worst":1,"thresh":5,"when_failed":"now","raw":{"value":1975,"string":"1975"}},
        {"id":9,"name":"Power_On_Hours","value":91,"worst":91,"thresh":0,"when_failed":"","raw":{"value":65592,"string":"65592"}},
        {"id":192,"name":"Power-Off_Retract_Count","value":95,"worst":95,"thresh":0,"when_failed":"","raw":{"value":6244,"string":"6244"}},
        {"id":194,"name":"Temperature_Celsius","value":240,"worst":240,"thresh":0,"when_failed":"","raw":{"value":167504969753,"string":"25 (Min/Max 19/39)"}},
        {"id":197,"name":"Current_Pending_Sector","value":100,"worst":100,"thresh":0,"when_failed":"","raw":{"value":8,"string":"8"}},
        {"id":198,"name":"Offline_Uncorrectable","value":100,"worst":100,"thresh":0,"when_failed":"","raw":{"value":0,"string":"0"}},
        {"id":199,"name":"UDMA_CRC_Error_Count","value":200,"worst":200,"thresh":0,"when_failed":"","raw":{"value":0,"string":"0"}}]},
        "power_on_time":{"hours":65592},"power_cycle_count":86,"temperature":{"current":25}}"#,
    );
    let expected = DiskHealth {
        failing: Some(true),
        warnings: vec!["attribute 5 is at its limit".to_owned()],
        celsius: Some(25),
        reallocated: Some(1975),
        pending: Some(8),
        uncorrected: Some(0),
        cable_errors: Some(0),
        hours: Some(65592),
        starts: Some(86),
        ..DiskHealth::default()
    };
    assert_eq!(told, expected);
}

/// A Samsung SSD of a server, nine years old, known to smartctl's database; and the same if it were not.
#[test]
fn smartctl_7_3_on_an_ssd_that_it_knows() {
    let json = r#"{"smartctl":{"version":[7,3],"exit_status":0},"in_smartctl_database":true,
        "smart_status":{"passed":true},"power_on_time":{"hours":84619},"power_cycle_count":6,"temperature":{"current":27},
        "ata_smart_attributes":{"revision":1,"table":[
        {"id":5,"name":"Reallocated_Sector_Ct","value":100,"thresh":10,"when_failed":"","raw":{"value":0}},
        {"id":177,"name":"Wear_Leveling_Count","value":91,"thresh":5,"when_failed":"","raw":{"value":1661}},
        {"id":187,"name":"Uncorrectable_Error_Cnt","value":100,"thresh":0,"when_failed":"","raw":{"value":0}},
        {"id":199,"name":"CRC_Error_Count","value":100,"thresh":0,"when_failed":"","raw":{"value":0}},
        {"id":235,"name":"POR_Recovery_Count","value":99,"thresh":0,"when_failed":"","raw":{"value":1}},
        {"id":241,"name":"Total_LBAs_Written","value":99,"thresh":0,"when_failed":"","raw":{"value":216456537880}}]}}"#;
    let told = read(json);
    assert_eq!(
        (told.failing, told.wear_percent, told.power_losses),
        (Some(false), Some(9), Some(1))
    );
    assert_eq!(told.written_bytes, Some(216_456_537_880 * 512));
    let unknown =
        read(&json.replace("\"in_smartctl_database\":true", "\"in_smartctl_database\":false"));
    assert_eq!((unknown.wear_percent, unknown.written_bytes), (None, None), "a guess at best");
    assert_eq!(unknown.hours, Some(84619));
}

/// A SAS disk behind a RAID adapter, and an NVMe disk.
#[test]
fn smartctl_7_4_on_sas_and_7_3_on_nvme() {
    let sas = read(
        r#"{"device":{"protocol":"SCSI","type":"megaraid,0"},"power_on_time":{"hours":12437,"minutes":29},
        "scsi_error_counter_log":{"read":{"total_errors_corrected":4,"total_uncorrected_errors":0,"gigabytes_processed":"1521086.436"},
        "verify":{"total_uncorrected_errors":2},"write":{"total_uncorrected_errors":1}},"scsi_grown_defect_list":3,
        "scsi_start_stop_cycle_counter":{"accumulated_load_unload_cycles":23491,"accumulated_start_stop_cycles":82},
        "smart_status":{"passed":true},"smartctl":{"exit_status":0,"pre_release":false,"version":[7,4]},
        "temperature":{"current":32,"drive_trip":65}}"#,
    );
    assert_eq!((sas.failing, sas.celsius, sas.hours), (Some(false), Some(32), Some(12437)));
    assert_eq!((sas.reallocated, sas.uncorrected, sas.starts), (Some(3), Some(3), Some(82)));
    let nvme = read(
        r#"{"device":{"protocol":"NVMe","type":"nvme"},"model_name":"Samsung SSD 970 EVO Plus 250GB",
        "nvme_smart_health_information_log":{"available_spare":100,"available_spare_threshold":10,"critical_warning":0,
        "data_units_read":2025034,"data_units_written":1969459,"media_errors":0,"num_err_log_entries":22,"percentage_used":0,
        "power_cycles":16,"power_on_hours":3149,"temperature":35,"temperature_sensors":[35,39],"unsafe_shutdowns":12},
        "power_cycle_count":16,"power_on_time":{"hours":3149},"smart_status":{"nvme":{"value":0},"passed":true},"temperature":{"current":35}}"#,
    );
    let expected = DiskHealth {
        failing: Some(false),
        celsius: Some(35),
        wear_percent: Some(0),
        spare_percent: Some(100),
        uncorrected: Some(0),
        hours: Some(3149),
        starts: Some(16),
        power_losses: Some(12),
        written_bytes: Some(1_969_459 * 512_000),
        ..DiskHealth::default()
    };
    assert_eq!(nvme, expected);
}

/// Devices that are not there, asleep, forbidden, unknown, and nothing at all.
#[test]
fn silence_has_a_reason() {
    let silence = |message: &str| {
        parse(format!(r#"{{"smartctl":{{"version":[7,5],"messages":[{{"string":"{message}","severity":"error"}}],"exit_status":2}}}}"#).as_bytes())
            .expect_err("silence")
    };
    assert_eq!(silence("/dev/sdc: Unknown USB bridge [0x46f4:0x0001 (0x000)]"), Silence::Unknown);
    assert_eq!(silence("/dev/nonexistent: Unable to detect device type"), Silence::Unknown);
    assert_eq!(silence("Device is in STANDBY mode, exit(0)"), Silence::Asleep);
    let denied = "Smartctl open device: /dev/sda failed: Permission denied";
    assert_eq!(silence(denied), Silence::Refused(denied.to_owned()));
    assert_eq!(parse(b"{}"), Err(Silence::Unknown));
    assert_eq!(parse(b"smartctl 6.6 2017-11-05"), Err(Silence::Unknown), "before 7.0");
}

/// The log of QEMU's NVMe disk, whose spare room has neither size nor threshold, with marks set.
#[test]
fn nvmes_log_is_read_in_words() {
    let mut log = [0; 512];
    log[1..3].copy_from_slice(&323_u16.to_le_bytes());
    log[48..56].copy_from_slice(&5_u64.to_le_bytes());
    let told = nvme::read(&log);
    assert_eq!((told.failing, told.celsius, told.spare_percent), (Some(false), Some(50), None));
    assert_eq!(told.written_bytes, Some(5 * 512_000));
    // Spare room below its threshold, too hot, worn beyond its end.
    (log[0], log[3], log[4], log[5]) = (0b11, 3, 10, 117);
    let told = nvme::read(&log);
    assert_eq!(
        (told.failing, told.spare_percent, told.wear_percent),
        (Some(true), Some(3), Some(117))
    );
    assert_eq!(told.warnings, ["the spare room is used up", "too hot or too cold"]);
    log[0] = 0b10;
    assert_eq!(nvme::read(&log).failing, Some(false), "heat is no failure");
}

/// Thirty places: number, flags, value, worst, six bytes.
fn smart(attributes: &[(u8, u8, u64)]) -> [u8; 512] {
    let mut data = [0; 512];
    for ((id, value, raw), place) in attributes.iter().zip(data[2..362].chunks_exact_mut(12)) {
        place[0] = *id;
        place[1] = u8::from(matches!(id, 1 | 5 | 10));
        place[3] = *value;
        place[5..11].copy_from_slice(&raw.to_le_bytes()[..6]);
    }
    data
}

#[test]
fn smart_is_read_without_anybodys_help() {
    let data = smart(&[
        (5, 1, 1975),
        (9, 91, 65592),
        (12, 100, 86),
        (192, 95, 6244),
        (194, 240, 167_504_969_753),
        (197, 100, 8),
        (198, 100, 0),
        (199, 200, 2),
    ]);
    let mut limits = [0; 512];
    for ((id, limit), place) in
        [(5, 5), (9, 0), (194, 0), (199, 254)].iter().zip(limits[2..362].chunks_exact_mut(12))
    {
        (place[0], place[1]) = (*id, *limit);
    }
    let told = attributes::read(&data, Some(&limits), false);
    assert_eq!((told.failing, told.reallocated, told.pending), (Some(true), Some(1975), Some(8)));
    assert_eq!((told.celsius, told.hours, told.cable_errors), (Some(25), Some(65592), Some(2)));
    assert_eq!(told.power_losses, None, "its heads retreat whenever it stops");
    assert_eq!(told.warnings, ["attribute 5 is at its limit"]);
    assert_eq!(attributes::read(&data, None, true).power_losses, Some(6244));
    assert_eq!(attributes::read(&data, None, true).failing, None);
}

#[test]
fn the_log_of_statistics_counts_where_it_says_so() {
    let mut health = DiskHealth { hours: Some(7), ..DiskHealth::default() };
    let mut page = [0; 512];
    page[2] = 1;
    // 12 starts; hours that are there but not true; sectors written.
    page[8..16].copy_from_slice(&[12, 0, 0, 0, 0, 0, 0, 0xc0]);
    page[16..24].copy_from_slice(&[99, 0, 0, 0, 0, 0, 0, 0x80]);
    page[24..32].copy_from_slice(&[0, 0, 1, 0, 0, 0, 0, 0xc0]);
    ata::add_statistics(&page, &mut health);
    assert_eq!(
        (health.starts, health.hours, health.written_bytes),
        (Some(12), Some(7), Some(512 << 16))
    );
    let mut page = [0; 512];
    (page[2], page[8], page[15]) = (7, 104, 0xc0);
    ata::add_statistics(&page, &mut health);
    assert_eq!(health.wear_percent, Some(104));
}

proptest! {
    #[test]
    fn no_disk_makes_its_reader_panic(bytes in prop::collection::vec(any::<u8>(), 512), text in "\\PC{0,200}") {
        let block: [u8; 512] = bytes.try_into().expect("512");
        nvme::read(&block);
        attributes::read(&block, Some(&block), true);
        ata::add_statistics(&block, &mut DiskHealth::default());
        let _ = parse(text.as_bytes());
        let _ = parse(format!(r#"{{"temperature":{text}}}"#).as_bytes());
    }

    #[test]
    fn what_a_disk_counts_is_read(places in prop::collection::btree_map(1_u8..=255, 0_u64..1 << 32, 0..30)) {
        let list: Vec<(u8, u8, u64)> = places.iter().map(|(id, raw)| (*id, 100, *raw)).collect();
        let told = attributes::read(&smart(&list), None, false);
        prop_assert_eq!(told.reallocated, places.get(&5).copied());
        prop_assert_eq!(told.pending, places.get(&197).copied());
        prop_assert_eq!(told.uncorrected, places.get(&187).or(places.get(&198)).copied());
    }
}

/// A dictionary as D-Bus carries it: each entry at a multiple of eight, a name, a signature, a value.
fn dictionary(entries: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; 8];
    let pad = |bytes: &mut Vec<u8>, to: usize| bytes.resize(bytes.len().next_multiple_of(to), 0);
    for (name, signature, value) in entries {
        pad(&mut bytes, 8);
        bytes.extend(u32::try_from(name.len()).expect("short").to_le_bytes());
        bytes.extend(name.bytes().chain([0]));
        bytes.push(u8::try_from(signature.len()).expect("short"));
        bytes.extend(signature.bytes().chain([0]));
        pad(
            &mut bytes,
            if matches!(*signature, "s" | "o") || signature.starts_with('a') {
                4
            } else {
                value.len()
            },
        );
        bytes.extend_from_slice(value);
    }
    let length = u32::try_from(bytes.len() - 8).expect("short");
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}

fn strings(texts: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in texts {
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(u32::try_from(text.len()).expect("short").to_le_bytes());
        bytes.extend(text.bytes().chain([0]));
    }
    [u32::try_from(bytes.len()).expect("short").to_le_bytes().to_vec(), bytes].concat()
}

/// The properties of UDisks 2.9 for a SATA disk, and of 2.10 for an NVMe one.
#[test]
fn udisks_tells_what_this_account_may_not_ask() {
    use crate::platform::linux::hardware::health::udisks::{add, parse};
    let kelvin = 308.15_f64.to_le_bytes();
    let sata = dictionary(&[
        ("SmartSupported", "b", &[1, 0, 0, 0]),
        ("SmartFailing", "b", &[0, 0, 0, 0]),
        ("SmartSelftestStatus", "s", &[7, 0, 0, 0, b's', b'u', b'c', b'c', b'e', b's', b's', 0]),
        ("SmartPowerOnSeconds", "t", &7_203_600_u64.to_le_bytes()),
        ("SmartNumBadSectors", "x", &3_i64.to_le_bytes()),
        ("SmartTemperature", "d", &kelvin),
        ("SmartUpdated", "t", &1_714_550_000_u64.to_le_bytes()),
    ]);
    let mut told = DiskHealth::default();
    add(&parse(&sata), &mut told);
    assert_eq!((told.failing, told.hours, told.celsius), (Some(false), Some(2001), Some(35)));
    assert_eq!(told.warnings, ["3 bad sectors"]);
    let warnings = strings(&["spare", "temperature"]);
    let nvme = dictionary(&[
        ("SanitizeStatus", "ay", &[2, 0, 0, 0, 1, 2]),
        ("SmartCriticalWarning", "as", &warnings),
        ("SmartTemperature", "q", &320_u16.to_le_bytes()),
        ("SmartPowerOnHours", "t", &77_u64.to_le_bytes()),
        ("SmartUpdated", "t", &1_714_550_000_u64.to_le_bytes()),
        ("Odd", "(ii)", &[0; 8]),
        ("Lost", "b", &[1, 0, 0, 0]),
    ]);
    let mut told = DiskHealth::default();
    let values = parse(&nvme);
    assert!(!values.contains_key("Lost"), "behind what cannot be passed over");
    add(&values, &mut told);
    assert_eq!((told.failing, told.hours, told.celsius), (Some(true), Some(77), Some(47)));
    // A disk that was never asked has zeros, which are no facts.
    let never = dictionary(&[("SmartFailing", "b", &[0; 4]), ("SmartUpdated", "t", &[0; 8])]);
    let mut told = DiskHealth::default();
    add(&parse(&never), &mut told);
    assert_eq!(told, DiskHealth::default());
}

proptest! {
    #[test]
    fn no_answer_of_udisks_makes_its_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), length in 0_u32..300) {
        use crate::platform::linux::hardware::health::udisks::parse;
        parse(&bytes);
        parse(&[length.to_le_bytes().as_slice(), &[0; 4], &bytes].concat());
    }
}
