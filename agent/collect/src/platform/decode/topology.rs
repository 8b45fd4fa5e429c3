//! The processors of a machine and their caches, as `GetLogicalProcessorInformationEx` lists them, and
//! the hypervisor as the processor names it.

use std::collections::BTreeMap;

use befund_model::section::hardware::Cache;

/// How many there are, and the caches sorted by level and kind.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Topology {
    pub(crate) sockets: u32,
    pub(crate) cores: u32,
    pub(crate) threads: u32,
    pub(crate) caches: Vec<Cache>,
}

/// Records of `SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX`: kind, size, and behind them by kind the
/// processor's relation (masks of threads from 24 on, their count at 22) or a cache's.
pub(crate) fn topology(records: &[u8]) -> Topology {
    let mut topology = Topology::default();
    let mut caches: BTreeMap<(u8, &str, u64), u32> = BTreeMap::new();
    let mut rest = records;
    while let (Some(kind), Some(size)) = (double(rest, 0), double(rest, 4)) {
        let size = size as usize;
        let Some(record) = rest.get(8..size).filter(|_| size >= 8) else { break };
        match kind {
            0 => {
                topology.cores += 1;
                topology.threads += threads(record);
            }
            2 => {
                if let (Some(&level), Some(bytes), Some(kind)) =
                    (record.first(), double(record, 4), double(record, 8))
                {
                    let kind = match kind {
                        0 => "unified",
                        1 => "instruction",
                        2 => "data",
                        _ => "trace",
                    };
                    *caches.entry((level, kind, u64::from(bytes))).or_default() += 1;
                }
            }
            3 => topology.sockets += 1,
            _ => {}
        }
        rest = &rest[size..];
    }
    topology.caches = caches
        .into_iter()
        .map(|((level, kind, size_bytes), count)| Cache {
            level,
            kind: kind.to_owned(),
            size_bytes,
            count: Some(count),
        })
        .collect();
    topology
}

/// The bits of a record's masks: each a mask of 8 bytes in 16 bytes of its own.
fn threads(record: &[u8]) -> u32 {
    let groups = record.get(22..24).map_or(0, |count| u16::from_le_bytes([count[0], count[1]]));
    let masks = record.get(24..).unwrap_or_default().chunks_exact(16).take(usize::from(groups));
    masks.map(|mask| mask[..8].iter().map(|byte| byte.count_ones()).sum::<u32>()).sum()
}

fn double(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The hypervisor by the twelve letters that it puts into leaf 4000_0000h. `root` says that this
/// system is the one that Hyper-V gives the machine's hardware to, which is no guest.
pub(crate) fn hypervisor(letters: &[u8], root: bool) -> &'static str {
    match letters {
        b"Microsoft Hv" if root => "none",
        b"Microsoft Hv" => "microsoft",
        b"KVMKVMKVM\0\0\0" | b"TCGTCGTCGTCG" => "kvm",
        b"VMwareVMware" => "vmware",
        b"VBoxVBoxVBox" => "virtualbox",
        b"XenVMMXenVMM" => "xen",
        b"prl hyperv  " | b" lrpepyh  vr" => "parallels",
        b"bhyve bhyve " => "bhyve",
        b"ACRNACRNACRN" => "acrn",
        _ => "unknown",
    }
}

/// The hypervisor by what each is known to put into the firmware.
pub(crate) fn by_firmware(vendor: &str, model: &str) -> Option<&'static str> {
    const KNOWN: &[(&str, &str)] = &[
        ("qemu", "kvm"),
        ("kvm", "kvm"),
        ("vmware", "vmware"),
        ("innotek gmbh", "virtualbox"),
        ("virtualbox", "virtualbox"),
        ("xen", "xen"),
        ("parallels", "parallels"),
        ("bhyve", "bhyve"),
        ("amazon ec2", "kvm"),
        ("google compute engine", "google"),
        ("openstack", "kvm"),
        ("nutanix", "kvm"),
    ];
    let told = format!("{vendor} {model}").to_lowercase();
    if told.contains("microsoft") && told.contains("virtual machine") {
        return Some("microsoft");
    }
    KNOWN.iter().find(|(word, _)| told.contains(word)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn core(mask: u64) -> Vec<u8> {
        let mut record = vec![0; 48];
        record[4] = 48;
        record[30] = 1;
        record[32..40].copy_from_slice(&mask.to_le_bytes());
        record
    }

    #[test]
    fn two_cores_of_two_threads_with_their_caches_are_counted() {
        let mut records = [core(0b11), core(0b1100)].concat();
        let mut package = core(0b1111);
        package[0] = 3;
        records.extend(package);
        let mut cache = vec![0; 64];
        cache[0] = 2;
        cache[4] = 64;
        cache[8] = 1;
        cache[12..16].copy_from_slice(&32_768_u32.to_le_bytes());
        cache[16] = 2;
        records.extend([cache.clone(), cache].concat());
        let topology = topology(&records);
        assert_eq!((topology.sockets, topology.cores, topology.threads), (1, 2, 4));
        let cache = Cache { level: 1, kind: "data".into(), size_bytes: 32_768, count: Some(2) };
        assert_eq!(topology.caches, [cache]);
    }

    #[test]
    fn hyper_v_s_own_system_is_no_guest() {
        assert_eq!(hypervisor(b"Microsoft Hv", true), "none");
        assert_eq!(hypervisor(b"Microsoft Hv", false), "microsoft");
        assert_eq!(by_firmware("Microsoft Corporation", "Virtual Machine"), Some("microsoft"));
        assert_eq!(by_firmware("Microsoft Corporation", "Surface Pro 9"), None);
        assert_eq!(by_firmware("LENOVO", "20XW00JKGE"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = topology(&bytes);
        }
    }
}
