//! What sysctl(8) tells: a name and a value on each line.

use std::collections::BTreeMap;

use befund_model::Timestamp;
use befund_model::section::hardware::{Cache, Cpu};

/// Values of the kernel by their names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sysctl(BTreeMap<String, String>);

impl Sysctl {
    /// Reads `name: value` and `name = value`.
    pub(crate) fn parse(text: &str) -> Self {
        let line = |line: &str| {
            let (name, value) = line.split_once(": ").or_else(|| line.split_once(" = "))?;
            let named = !name.is_empty() && !name.contains(' ');
            named.then(|| (name.to_owned(), value.trim().to_owned()))
        };
        Self(text.lines().filter_map(line).collect())
    }

    /// A value that says something.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A value that is a number.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// When the system was started: `{ sec = 1714550400, usec = 123456 } Wed May  1 10:00:00 2024`.
    pub(crate) fn booted_at(&self) -> Option<Timestamp> {
        let (_, rest) = self.text("kern.boottime")?.split_once("sec = ")?;
        Timestamp::from_second(rest.split(',').next()?.trim().parse().ok()?).ok()
    }

    /// The load over 1, 5 and 15 minutes: `{ 1.52 1.90 2.04 }`, in some languages with commas.
    pub(crate) fn load(&self) -> Option<[f64; 3]> {
        let inside = self.text("vm.loadavg")?.trim_matches(['{', '}', ' ']).replace(',', ".");
        let mut numbers = inside.split_ascii_whitespace().map(|word| word.parse::<f64>().ok());
        let mut next = || numbers.next()?.filter(|number| number.is_finite());
        Some([next()?, next()?, next()?])
    }

    /// Swap that there is and that is in use, in bytes: `total = 2048.00M  used = 1024.50M  free = …`.
    pub(crate) fn swap(&self) -> Option<(u64, u64)> {
        let text = self.text("vm.swapusage")?;
        let after = |word: &str| {
            let rest = text.split_once(word)?.1;
            scaled(rest.split_ascii_whitespace().next()?)
        };
        Some((after("total = ")?, after("used = ")?))
    }

    /// The processor.
    pub(crate) fn cpu(&self) -> Cpu {
        let arm = self.number::<u32>("hw.optional.arm64") == Some(1);
        let features = self.text("machdep.cpu.features").unwrap_or_default();
        let megahertz = |hertz: u64| u32::try_from(hertz / 1_000_000).ok().filter(|mhz| *mhz > 0);
        let caches = self.caches();
        Cpu {
            model: self.text("machdep.cpu.brand_string").map(str::to_owned),
            vendor: match self.text("machdep.cpu.vendor") {
                None if arm => Some("Apple".into()),
                vendor => vendor.map(str::to_owned),
            },
            architecture: match (arm, self.text("hw.machine")) {
                (true, _) => Some("aarch64".into()),
                (false, Some("arm64")) => Some("aarch64".into()),
                (false, machine) => machine.map(str::to_owned),
            },
            sockets: self.number("hw.packages"),
            cores: self.number("hw.physicalcpu"),
            threads: self.number("hw.logicalcpu").or_else(|| self.number("hw.ncpu")),
            max_mhz: self.number("hw.cpufrequency_max").and_then(megahertz),
            cache_bytes: caches.iter().map(|cache| cache.size_bytes).max(),
            caches,
            microcode: self
                .number::<u32>("machdep.cpu.microcode_version")
                .map(|revision| format!("{revision:#x}")),
            virtualization: features.split(' ').any(|one| one == "VMX").then(|| "vmx".into()),
            vulnerabilities: Vec::new(),
        }
    }

    /// One kind of core where all are the same; where they are not, the fastest ones' come first.
    fn caches(&self) -> Vec<Cache> {
        const KINDS: &[(&str, u8, &str)] = &[
            ("l1dcachesize", 1, "data"),
            ("l1icachesize", 1, "instruction"),
            ("l2cachesize", 2, "unified"),
            ("l3cachesize", 3, "unified"),
        ];
        let mut caches = Vec::new();
        for (name, level, kind) in KINDS {
            let size = self.number(&format!("hw.perflevel0.{name}"));
            let size = size.or_else(|| self.number(&format!("hw.{name}")));
            let Some(size_bytes) = size.filter(|size| *size > 0) else { continue };
            caches.push(Cache { level: *level, kind: (*kind).into(), size_bytes, count: None });
        }
        caches
    }
}

/// A number with a letter behind it (`2048.00M`), in bytes.
fn scaled(word: &str) -> Option<u64> {
    let (digits, factor) = match word.chars().last()? {
        'K' => (word.strip_suffix('K')?, 1_u64 << 10),
        'M' => (word.strip_suffix('M')?, 1 << 20),
        'G' => (word.strip_suffix('G')?, 1 << 30),
        _ => (word, 1),
    };
    let number: f64 = digits.replace(',', ".").parse().ok()?;
    let bytes = number * factor as f64;
    (0.0..1e18).contains(&bytes).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Apple silicon with macOS 14.
    const M1: &str = "hw.ncpu: 10\nhw.physicalcpu: 10\nhw.logicalcpu: 10\nhw.packages: 1\nhw.memsize: 34359738368\nhw.machine: arm64\nhw.optional.arm64: 1\nhw.l1icachesize: 131072\nhw.l1dcachesize: 65536\nhw.l2cachesize: 4194304\nhw.perflevel0.l1dcachesize: 131072\nhw.perflevel0.l1icachesize: 196608\nhw.perflevel0.l2cachesize: 12582912\nmachdep.cpu.brand_string: Apple M1 Pro\nkern.boottime: { sec = 1714550400, usec = 123456 } Wed May  1 10:00:00 2024\nvm.loadavg: { 1.52 1.90 2.04 }\nvm.swapusage: total = 2048.00M  used = 1024.50M  free = 1023.50M  (encrypted)\n";
    /// An Intel of 2019 with macOS 10.15, in German.
    const INTEL: &str = "hw.machine: x86_64\nhw.physicalcpu: 8\nhw.logicalcpu: 16\nhw.packages: 1\nhw.cpufrequency_max: 2300000000\nhw.l3cachesize: 16777216\nmachdep.cpu.vendor: GenuineIntel\nmachdep.cpu.brand_string: Intel(R) Core(TM) i9-9880H CPU @ 2.30GHz\nmachdep.cpu.features: FPU VME VMX SSE4.2\nmachdep.cpu.microcode_version: 222\nvm.loadavg: { 2,10 1,98 1,75 }\nvm.swapusage: total = 0,00M  used = 0,00M  free = 0,00M  (encrypted)\n";

    #[test]
    fn processors_of_both_kinds_are_read() {
        let cpu = Sysctl::parse(M1).cpu();
        assert_eq!(cpu.vendor.as_deref(), Some("Apple"));
        assert_eq!((cpu.cores, cpu.threads, cpu.max_mhz), (Some(10), Some(10), None));
        assert_eq!(cpu.cache_bytes, Some(12_582_912));
        let cpu = Sysctl::parse(INTEL).cpu();
        assert_eq!(cpu.architecture.as_deref(), Some("x86_64"));
        assert_eq!((cpu.microcode.as_deref(), cpu.max_mhz), (Some("0xde"), Some(2300)));
        assert_eq!(cpu.virtualization.as_deref(), Some("vmx"));
    }

    #[test]
    fn times_and_sizes_are_read_in_any_language() {
        let told = Sysctl::parse(M1);
        let at = told.booted_at().map(|at| at.to_string());
        assert_eq!(at.as_deref(), Some("2024-05-01T08:00:00Z"));
        assert_eq!(told.load(), Some([1.52, 1.90, 2.04]));
        assert_eq!(told.swap(), Some((2 << 30, (1024 << 20) + (1 << 19))));
        let told = Sysctl::parse(INTEL);
        assert_eq!((told.load(), told.swap()), (Some([2.10, 1.98, 1.75]), Some((0, 0))));
        assert_eq!(Sysctl::parse("vm.loadavg: { x }\nnothing\n").load(), None);
    }
}
