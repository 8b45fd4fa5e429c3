//! ZFS encrypts by itself, which only its own program tells.

use std::time::Duration;

use befund_model::section::security::Volume;

use crate::collector::{Context, Gap};
use crate::platform::linux::command;

/// How long the program may take.
const DEADLINE: Duration = Duration::from_secs(1);
/// The most of its output, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// The mounted datasets (name, mount point) as volumes; what is not known of them is noted.
pub(super) fn volumes(cx: &Context, datasets: Vec<(String, String)>) -> Vec<Volume> {
    if !cx.root.is_live() {
        cx.gap(Gap::unsupported("only the running system tells whether ZFS encrypts"));
        return Vec::new();
    }
    let arguments = ["get", "-H", "-o", "name,value", "-t", "filesystem", "encryption"];
    let program = ["/usr/sbin/zfs", "/sbin/zfs"].into_iter().find(|path| cx.root.exists(path));
    let told = match program.map(|program| command::run(program, &arguments, DEADLINE, MAX_BYTES)) {
        Some(Ok(output)) => String::from_utf8_lossy(&output.bytes).into_owned(),
        Some(Err(error)) => {
            cx.gap(Gap::failed(error.to_string()));
            return Vec::new();
        }
        None => {
            cx.gap(Gap::unsupported("ZFS is mounted, but its program zfs is not installed"));
            return Vec::new();
        }
    };
    datasets.into_iter().filter_map(|(name, place)| volume(&told, name, place)).collect()
}

fn volume(told: &str, name: String, place: String) -> Option<Volume> {
    let value =
        told.lines().find_map(|line| line.strip_prefix(name.as_str())?.strip_prefix('\t'))?;
    let encrypted = !matches!(value, "off" | "-");
    Some(Volume {
        name,
        mount_point: Some(place),
        encrypted,
        kind: encrypted.then(|| "zfs".to_owned()),
        cipher: encrypted.then(|| value.to_owned()),
        state: encrypted.then(|| "unlocked".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As OpenZFS 2.1 writes it.
    #[test]
    fn datasets_tell_whether_they_are_encrypted() {
        let told = "rpool\toff\nrpool/home\taes-256-gcm\nrpool/home/anna\taes-256-gcm\n";
        let home = volume(told, "rpool/home".to_owned(), "/home".to_owned()).expect("listed");
        assert!(home.encrypted && home.cipher.as_deref() == Some("aes-256-gcm"));
        let root = volume(told, "rpool".to_owned(), "/".to_owned()).expect("listed");
        assert!(!root.encrypted && root.state.is_none());
        assert_eq!(volume(told, "tank".to_owned(), "/tank".to_owned()), None);
    }
}
