//! Answers of diskutil, mount and df, as macOS 10.15 to 14 write them.

use super::*;

fn list(text: &str) -> Value {
    Value::parse(format!("<plist><dict>{text}</dict></plist>").as_bytes()).expect("a list")
}

#[test]
fn disks_are_listed_with_their_partitions() {
    let told = list(
        "<key>AllDisksAndPartitions</key><array><dict><key>Content</key><string>GUID_partition_scheme</string><key>DeviceIdentifier</key><string>disk0</string><key>OSInternal</key><false/><key>Partitions</key><array><dict><key>DeviceIdentifier</key><string>disk0s10</string><key>Size</key><integer>5</integer></dict><dict><key>DeviceIdentifier</key><string>disk0s2</string><key>Size</key><integer>494384795648</integer></dict></array><key>Size</key><integer>500277792768</integer></dict></array>",
    );
    let mut disks = listed(&told);
    assert_eq!(disks[0].partitions[1].name, "disk0s10");
    describe(
        &list(
            "<key>BusProtocol</key><string>Apple Fabric</string><key>MediaName</key><string>APPLE SSD AP0512Q</string><key>SolidState</key><true/><key>Ejectable</key><false/><key>WritableMedia</key><true/>",
        ),
        &mut disks[0],
    );
    let told = list(
        "<key>_items</key><array><dict><key>bsd_name</key><string>disk0</string><key>device_serial</key><string>0ba0</string><key>device_revision</key><string>873.40.4</string></dict></array>",
    );
    identify(&[told], &mut disks);
    let disk = &disks[0];
    assert_eq!((disk.transport.as_deref(), disk.media.as_deref()), (Some("nvme"), Some("ssd")));
    assert_eq!(
        (disk.serial.as_deref(), disk.firmware.as_deref()),
        (Some("0ba0"), Some("873.40.4"))
    );
    assert_eq!(disk.model.as_deref(), Some("APPLE SSD AP0512Q"));
}

#[test]
fn the_health_log_is_read() {
    let told = list(
        "<key>SMARTStatus</key><string>Verified</string><key>SMARTDeviceSpecificKeysMayVaryNotGuaranteed</key><dict><key>AVAILABLE_SPARE</key><integer>100</integer><key>AVAILABLE_SPARE_THRESHOLD</key><integer>99</integer><key>CRITICAL_WARNING</key><integer>6</integer><key>DATA_UNITS_WRITTEN_0</key><integer>1000</integer><key>MEDIA_ERRORS_0</key><integer>0</integer><key>PERCENTAGE_USED</key><integer>3</integer><key>TEMPERATURE</key><integer>306</integer><key>UNSAFE_SHUTDOWNS_0</key><integer>21</integer></dict>",
    );
    let health = super::health("disk0", &told).expect("a health");
    assert_eq!((health.failing, health.celsius), (Some(false), Some(33)));
    assert_eq!((health.wear_percent, health.written_bytes), (Some(3), Some(512_000_000)));
    assert_eq!(health.warnings, ["reliability is degraded", "temperature is out of bounds"]);
    let told = list("<key>SMARTStatus</key><string>Not Supported</string>");
    assert_eq!(super::health("disk4", &told), None);
}

#[test]
fn mounts_and_what_they_hold_are_read() {
    let root = mounted("/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)")
        .expect("a mount");
    assert_eq!((root.kind.as_str(), root.read_only), ("apfs", true));
    let share = mounted("//anna@files/Team Share on /Volumes/Team (1) (smbfs, nodev, nosuid)")
        .expect("a mount");
    assert_eq!(share.mount_point, "/Volumes/Team (1)");
    assert!(is_real(&share));
    for made_up in [
        "devfs on /dev (devfs, local, nobrowse)",
        "map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)",
    ] {
        assert!(!is_real(&mounted(made_up).expect("a mount")));
    }
    assert_eq!(mounted("nothing"), None);
    let usage = used("/dev/disk3s5   482797652 210000000 250000000    46% 1900000 4294967279    0%   /System/Volumes/Data").expect("usage");
    assert_eq!(usage.mount_point, "/System/Volumes/Data");
    assert_eq!(usage.used_bytes, (482_797_652 - 250_000_000) * 1024);
    let share = used("//anna@files/Team 50% Share  1000 400 600 40% 0 0 100%   /Volumes/Team 5% x")
        .expect("usage");
    assert_eq!((share.mount_point.as_str(), share.inodes), ("/Volumes/Team 5% x", None));
    assert_eq!(share.used_bytes, 400 * 1024);
    assert_eq!(
        used("Filesystem 1024-blocks Used Available Capacity iused ifree %iused Mounted on"),
        None
    );
}

#[test]
fn volumes_tell_whether_they_are_protected() {
    let told = list(
        "<key>Containers</key><array><dict><key>Volumes</key><array><dict><key>DeviceIdentifier</key><string>disk3s1</string><key>Encryption</key><true/><key>FileVault</key><true/><key>Locked</key><false/><key>Roles</key><array><string>System</string></array></dict><dict><key>DeviceIdentifier</key><string>disk3s5</string><key>Encryption</key><true/><key>FileVault</key><false/><key>Roles</key><array><string>Data</string></array></dict><dict><key>DeviceIdentifier</key><string>disk3s2</string><key>FileVault</key><false/><key>Roles</key><array><string>Preboot</string></array></dict></array></dict></array>",
    );
    let mounts: Vec<_> =
        ["/dev/disk3s1s1 on / (apfs, local)", "/dev/disk4s1 on /Volumes/STICK (msdos, local)"]
            .iter()
            .filter_map(|line| mounted(line))
            .collect();
    let volumes = super::volumes(&told, &mounts);
    let told: Vec<_> = volumes
        .iter()
        .map(|volume| (volume.name.as_str(), volume.mount_point.as_deref(), volume.encrypted))
        .collect();
    assert_eq!(
        told,
        [
            ("disk3s1", Some("/"), true),
            ("disk3s5", None, false),
            ("disk4s1", Some("/Volumes/STICK"), false)
        ]
    );
}
