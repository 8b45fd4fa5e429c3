//! Names of packages.

/// A package of the store, by its full name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct StorePackage {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) arch: Option<String>,
}

/// `Name_Version_Architecture_Resource_Publisher`; parts that only carry languages or sizes are not
/// packages of their own.
pub(crate) fn store(full: &str) -> Option<StorePackage> {
    let fields: Vec<&str> = full.split('_').collect();
    let &[name, version, arch, resource, publisher] = fields.as_slice() else { return None };
    let numbered =
        !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if name.is_empty() || !numbered || publisher.len() != 13 || resource.starts_with("split.") {
        return None;
    }
    let arch = match arch {
        "x64" => Some("x86_64"),
        "arm64" => Some("aarch64"),
        "neutral" => None,
        other => Some(other),
    };
    Some(StorePackage {
        name: name.to_owned(),
        version: version.to_owned(),
        arch: arch.map(str::to_owned),
    })
}

/// Whether an entry under the uninstall keys is an update of another one, by its `ReleaseType`.
pub(crate) fn is_update(release: Option<&str>) -> bool {
    matches!(
        release,
        Some("Security Update" | "Update Rollup" | "Hotfix" | "Update" | "ServicePack")
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn full_names_are_taken_apart() {
        let told =
            store("Microsoft.WindowsCalculator_11.2405.2.0_x64__8wekyb3d8bbwe").expect("one");
        assert_eq!(told.name, "Microsoft.WindowsCalculator");
        assert_eq!(told.version, "11.2405.2.0");
        assert_eq!(told.arch.as_deref(), Some("x86_64"));
        assert_eq!(
            store("Microsoft.WindowsCalculator_11.2405.2.0_neutral_split.scale-100_8wekyb3d8bbwe"),
            None
        );
        assert_eq!(store("nonsense"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            let _ = store(&text);
        }
    }
}
