//! Cameras: `/sys/class/video4linux`. One camera has several nodes: pictures, and data beside them.

use std::collections::BTreeSet;

use befund_model::section::devices::Camera;

use crate::collector::Context;
use crate::platform::linux::hardware::devices::driver;

const VIDEO: &str = "/sys/class/video4linux";

/// Whether there may be one.
pub(super) fn exist(cx: &Context) -> bool {
    nodes(cx).next().is_some()
}

/// What takes pictures, each once.
pub(super) fn cameras(cx: &Context) -> Vec<Camera> {
    // Encoders and decoders of boards, which are fed with pictures.
    const CODECS: &[&str] = &["codec", "-isp", "hevc", "rpivid", "hantro", "-vpu", "venus", "m2m"];
    let mut numbers: Vec<u32> = nodes(cx).collect();
    numbers.sort_unstable();
    let mut seen = BTreeSet::new();
    let mut cameras = Vec::new();
    for number in numbers {
        let node = format!("{VIDEO}/video{number}");
        let Ok(Some(name)) = cx.root.line(&format!("{node}/name")) else { continue };
        let device = cx.root.link(&format!("{node}/device")).ok();
        match captures(cx, &node) {
            Some(captures) if !captures => continue,
            // Without udev: the first node of a device takes the pictures.
            None if CODECS.iter().any(|codec| name.to_ascii_lowercase().contains(codec)) => {
                continue;
            }
            _ => {}
        }
        let once = device.as_ref().map_or_else(|| node.clone(), |link| link.display().to_string());
        if seen.insert((once, name.clone())) {
            cameras.push(Camera {
                driver: driver(cx, &format!("{node}/device")),
                id: Some(format!("video{number}")),
                name,
            });
        }
    }
    cameras
}

fn nodes(cx: &Context) -> impl Iterator<Item = u32> {
    let names = cx.note(cx.root.list(VIDEO)).unwrap_or_default();
    names.into_iter().filter_map(|name| name.strip_prefix("video")?.parse().ok())
}

/// Whether pictures come from the node, if udev has asked it (`ID_V4L_CAPABILITIES=:capture:`). What
/// also takes pictures in is no camera.
fn captures(cx: &Context, node: &str) -> Option<bool> {
    let numbers = cx.root.line(&format!("{node}/dev")).ok()??;
    let text = cx.root.text(&format!("/run/udev/data/c{numbers}")).ok()?;
    let can = text.lines().find_map(|line| line.strip_prefix("E:ID_V4L_CAPABILITIES="))?;
    Some(can.contains(":capture:") && !can.contains(":video_output:") && !can.contains(":tuner:"))
}
