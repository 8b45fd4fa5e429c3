//! Why a tool may say something else than a snapshot does. What is not in here is a defect of one of them.

/// The reason, if there is one; `ours` is `nothing` where only the tool has the field.
pub(crate) fn why(tool: &str, field: &str, ours: &str, theirs: &str) -> Option<&'static str> {
    let alone = ours == "nothing";
    if !alone && ours.eq_ignore_ascii_case(theirs) {
        return Some("the same in another case");
    }
    let (room, rest) = field.split_once('.').unwrap_or((field, ""));
    let last = rest.rsplit('.').next().unwrap_or(rest);
    Some(match (room, last) {
        ("disk", _) if rest.starts_with("zram") || rest.starts_with("ram") => {
            "it is memory, not a disk"
        }
        ("disk", _) if rest.starts_with("loop") || rest.starts_with("nbd") => {
            "it is a file or a server, not a disk"
        }
        ("disk", "media") if alone => {
            "what a hypervisor gives, and USB bridges, have no media to speak of"
        }
        ("memory", "total_bytes") if tool.starts_with("lshw") => {
            "what is plugged in; a snapshot has what the system may use, and the modules by slot"
        }
        ("service", _) if rest.ends_with('@') && ours == "template" => {
            "a template starts nothing by itself; a snapshot tells its instances"
        }
        ("os", "timezone") if ours.ends_with("/UTC") && theirs == "UTC" => {
            "another name of the same"
        }
        ("cpu", "sockets") if theirs == "0" => "it could not tell",
        ("system", "virtual_machine") if theirs == "physical" && ours == "none" => "another word",
        ("os", "architecture") if (ours, theirs) == ("x86_64", "amd64") => "another word",
        _ => return None,
    })
}
