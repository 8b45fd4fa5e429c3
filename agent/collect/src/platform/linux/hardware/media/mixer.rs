//! What is muted: the lamps beside the keys, which follow the sound cards, and the cards' own controls
//! (`/dev/snd/controlC*`, sound/asound.h of the kernel), which nothing but an ioctl tells.

use std::fs::File;
use std::os::fd::AsFd;

use rustix::ioctl::{Opcode, Updater, ioctl, opcode};

use crate::collector::Context;

/// The most controls that a card is believed to have.
const MAX_CONTROLS: usize = 1024;
/// `SNDRV_CTL_ELEM_IFACE_MIXER`.
const MIXER: i32 = 2;
/// `SNDRV_CTL_ELEM_TYPE_BOOLEAN`.
const BOOLEAN: i32 = 1;
/// `SNDRV_CTL_ELEM_TYPE_INTEGER`.
const INTEGER: i32 = 2;

/// C's `long`, which on Linux is as wide as a pointer.
type Long = isize;

/// What a card's controls say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) muted: Option<bool>,
    pub(super) percent: Option<u32>,
}

/// Lamps for "muted" of output (`true`) and input (`false`), where they follow the sound cards.
pub(super) fn lamps(cx: &Context) -> Vec<(bool, bool)> {
    const LAMPS: &str = "/sys/class/leds";
    let lamp = |name: String| {
        let output = match name.rsplit(':').next()? {
            "mute" => true,
            "micmute" => false,
            _ => return None,
        };
        let follows = if output { "[audio-mute]" } else { "[audio-micmute]" };
        let trigger = cx.root.line(&format!("{LAMPS}/{name}/trigger")).ok()??;
        let lit = cx.root.number(&format!("{LAMPS}/{name}/brightness")).ok()??;
        trigger.contains(follows).then_some((output, lit > 0))
    };
    cx.root.list(LAMPS).unwrap_or_default().into_iter().filter_map(lamp).collect()
}

/// The control that all of a card's output goes through.
pub(super) fn playback(cx: &Context, card: u32) -> Option<Told> {
    ask(cx, card, &["Master Playback", "PCM Playback", "Speaker Playback"], " Playback Switch")
}

/// The control that all of a card's input goes through.
pub(super) fn capture(cx: &Context, card: u32) -> Option<Told> {
    ask(cx, card, &["Capture", "Mic Capture"], " Capture Switch")
}

/// The first of these controls that the card has, or the only one whose switch has such a name: makers
/// of USB devices name theirs as they like.
fn ask(cx: &Context, card: u32, names: &[&str], switch: &str) -> Option<Told> {
    let path = format!("/dev/snd/controlC{card}");
    cx.root.trail().at(&path);
    // Who may not open it is not told either; the lamps may know.
    let device = File::open(path).ok()?;
    let ids = list(&device)?;
    let mixer: Vec<&Id> = ids.iter().filter(|id| id.iface == MIXER && id.index == 0).collect();
    let mut named = mixer.iter().filter_map(|id| id.name()?.strip_suffix(switch));
    let only = named.next().filter(|_| named.next().is_none());
    let kind = switch.trim_end_matches(" Switch");
    let only = only.map(|name| format!("{name}{kind}"));
    names.iter().copied().chain(only.as_deref()).find_map(|name| {
        let control = |what: &str| {
            let wanted = format!("{name} {what}");
            mixer.iter().find(|id| id.name() == Some(&wanted))
        };
        let (switch, volume) = (control("Switch"), control("Volume"));
        (switch.is_some() || volume.is_some()).then(|| Told {
            muted: switch.and_then(|id| muted(&device, **id)),
            percent: volume.and_then(|id| percent(&device, **id)),
        })
    })
}

/// Muted if every channel is off.
fn muted(device: &File, id: Id) -> Option<bool> {
    let info = info(device, id).filter(|info| info.kind == BOOLEAN)?;
    let values = values(device, id, info.count)?;
    Some(values.iter().all(|value| *value == 0))
}

/// The loudest channel, in percent of the control's range.
fn percent(device: &File, id: Id) -> Option<u32> {
    let info = info(device, id).filter(|info| info.kind == INTEGER)?;
    let range = info.max.checked_sub(info.min).filter(|range| *range > 0)?;
    let loudest = values(device, id, info.count)?.into_iter().max()?;
    let above = loudest.checked_sub(info.min)?.clamp(0, range);
    u32::try_from(above.checked_mul(100)? / range).ok()
}

/// `struct snd_ctl_elem_id`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Id {
    number: u32,
    iface: i32,
    device: u32,
    subdevice: u32,
    name: [u8; 44],
    index: u32,
}

impl Id {
    const EMPTY: Self =
        Self { number: 0, iface: 0, device: 0, subdevice: 0, name: [0; 44], index: 0 };

    fn name(&self) -> Option<&str> {
        std::str::from_utf8(self.name.split(|byte| *byte == 0).next()?).ok()
    }
}

/// `struct snd_ctl_elem_list`.
#[repr(C)]
struct List {
    offset: u32,
    space: u32,
    used: u32,
    count: u32,
    ids: *mut Id,
    reserved: [u8; 50],
}

/// `struct snd_ctl_elem_info`; of its union only what numbers need.
#[repr(C)]
struct Info {
    id: Id,
    kind: i32,
    access: u32,
    count: u32,
    owner: i32,
    value: InfoValue,
    reserved: [u8; 64],
}

#[repr(C, align(8))]
struct InfoValue {
    min: Long,
    max: Long,
    step: Long,
    rest: [u8; 128 - 3 * size_of::<Long>()],
}

/// `struct snd_ctl_elem_value`; of its union only what numbers need.
#[repr(C)]
struct Value {
    id: Id,
    indirect: u32,
    value: ValueValue,
    reserved: [u8; 128],
}

#[repr(C, align(8))]
struct ValueValue([Long; 128]);

const LIST: Opcode = opcode::read_write::<List>(b'U', 0x10);
const INFO: Opcode = opcode::read_write::<Info>(b'U', 0x11);
const READ: Opcode = opcode::read_write::<Value>(b'U', 0x12);

#[expect(unsafe_code, reason = "no other call lists a card's controls")]
fn list(device: &File) -> Option<Vec<Id>> {
    let mut ids = vec![Id::EMPTY; MAX_CONTROLS];
    let space = u32::try_from(ids.len()).ok()?;
    let (offset, reserved) = (0, [0; 50]);
    let mut list = List { offset, space, used: 0, count: 0, ids: ids.as_mut_ptr(), reserved };
    // SAFETY: the number is that of SNDRV_CTL_IOCTL_ELEM_LIST for this struct, whose layout is the
    // kernel's, and the kernel writes no more than `space` ids to where `ids` points, which lives on.
    unsafe { ioctl(device.as_fd(), Updater::<LIST, List>::new(&mut list)) }.ok()?;
    ids.truncate(usize::try_from(list.used).ok()?);
    Some(ids)
}

struct Range {
    kind: i32,
    count: u32,
    min: i64,
    max: i64,
}

#[expect(unsafe_code, reason = "no other call tells a control's range")]
fn info(device: &File, id: Id) -> Option<Range> {
    let rest = [0; 128 - 3 * size_of::<Long>()];
    let value = InfoValue { min: 0, max: 0, step: 0, rest };
    let mut info = Info { id, kind: 0, access: 0, count: 0, owner: 0, value, reserved: [0; 64] };
    // SAFETY: the number is that of SNDRV_CTL_IOCTL_ELEM_INFO for this struct, whose layout is the
    // kernel's, and any bytes are valid in all of its fields.
    unsafe { ioctl(device.as_fd(), Updater::<INFO, Info>::new(&mut info)) }.ok()?;
    Some(Range {
        kind: info.kind,
        count: info.count,
        min: info.value.min as i64,
        max: info.value.max as i64,
    })
}

#[expect(unsafe_code, reason = "no other call reads a control")]
fn values(device: &File, id: Id, count: u32) -> Option<Vec<i64>> {
    let mut value = Value { id, indirect: 0, value: ValueValue([0; 128]), reserved: [0; 128] };
    // SAFETY: the number is that of SNDRV_CTL_IOCTL_ELEM_READ for this struct, whose layout is the
    // kernel's, and any bytes are valid in all of its fields.
    unsafe { ioctl(device.as_fd(), Updater::<READ, Value>::new(&mut value)) }.ok()?;
    let count = usize::try_from(count).ok()?.min(value.value.0.len());
    let values = value.value.0[..count].iter().map(|value| *value as i64);
    (count > 0).then(|| values.collect())
}
