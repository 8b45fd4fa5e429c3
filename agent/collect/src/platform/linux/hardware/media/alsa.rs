//! Sound cards: `/proc/asound` (Documentation/sound/designs/procfile.rst of the kernel).

use std::collections::BTreeMap;

use befund_model::section::devices::SoundDevice;

use crate::collector::Context;
use crate::platform::linux::hardware::devices::driver;

/// A sound card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Card {
    /// Its number.
    pub(crate) number: u32,
    /// Its name for people.
    pub(crate) name: String,
    /// What ALSA calls its driver.
    pub(crate) kind: String,
    /// Where it is on PCI or USB.
    pub(crate) address: Option<String>,
    /// Whether it has an output.
    pub(crate) plays: bool,
    /// Whether it has an input.
    pub(crate) records: bool,
}

/// All cards, by number.
pub(crate) fn cards(cx: &Context) -> Vec<Card> {
    let text = cx.note(cx.root.text("/proc/asound/cards")).unwrap_or_default();
    let mut cards = parse(&text);
    let ends = cx.note(cx.root.text("/proc/asound/pcm")).unwrap_or_default();
    let ends = ends_of(&ends);
    for card in &mut cards {
        (card.plays, card.records) = ends.get(&card.number).copied().unwrap_or_default();
        let link = cx.root.link(&format!("/sys/class/sound/card{}/device", card.number)).ok();
        let name = link.as_deref().and_then(|link| link.file_name()?.to_str());
        card.address = name.map(str::to_owned);
    }
    cards
}

/// Reads `/proc/asound/cards`, two lines to a card:
///
/// ```text
///  0 [PCH            ]: HDA-Intel - HDA Intel PCH
///                       HDA Intel PCH at 0xb1330000 irq 145
/// ```
pub(crate) fn parse(text: &str) -> Vec<Card> {
    let card = |line: &str| {
        let (head, rest) = line.split_once("]: ")?;
        let (number, _) = head.split_once('[')?;
        let (kind, name) = rest.split_once(" - ").unwrap_or((rest, rest));
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(Card {
            number: number.trim().parse().ok()?,
            name: words(name),
            kind: words(kind),
            ..Card::default()
        })
    };
    text.lines().filter_map(card).collect()
}

/// Which cards play and which record, by `/proc/asound/pcm`
/// (`00-00: ALC287 Analog : ALC287 Analog : playback 1 : capture 1`).
pub(crate) fn ends_of(text: &str) -> BTreeMap<u32, (bool, bool)> {
    let mut ends: BTreeMap<u32, (bool, bool)> = BTreeMap::new();
    for line in text.lines() {
        let mut parts = line.split(": ");
        let number = parts.next().and_then(|place| place.split('-').next()?.trim().parse().ok());
        let Some(number) = number else { continue };
        let (plays, records) = ends.entry(number).or_default();
        for part in parts {
            *plays |= part.starts_with("playback ");
            *records |= part.starts_with("capture ");
        }
    }
    ends
}

/// The card behind the device that the sound server was told to use
/// (`alsa_output.pci-0000_00_1f.3.analog-stereo`); the only one that does what is `wanted` if nothing
/// was chosen.
pub(crate) fn of_default<'a>(
    cards: &'a [Card],
    chosen: Option<&str>,
    wanted: impl Fn(&Card) -> bool,
) -> Option<&'a Card> {
    let mut able = cards.iter().filter(|card| wanted(card));
    match chosen {
        Some(chosen) => able.find(|card| {
            let place = card.address.as_deref().map(|address| address.replace(':', "_"));
            place.is_some_and(|place| chosen.contains(&format!("pci-{place}")))
        }),
        None => able.next().filter(|_| able.next().is_none()),
    }
}

impl Card {
    /// The card as the section tells it.
    pub(super) fn device(self, cx: &Context) -> SoundDevice {
        let driver = driver(cx, &format!("/sys/class/sound/card{}/device", self.number));
        SoundDevice {
            name: self.name,
            id: Some(format!("card{}", self.number)),
            driver: driver.or(Some(self.kind)),
            plays: self.plays,
            records: self.records,
        }
    }
}
