//! What a device is, by the class code that it carries: PCI Code and ID Assignment Specification 1.15
//! and the class codes of USB (usb.org, "Defined Class Codes"), in words; and whether a device of
//! that class is of use without a driver of the kernel.

/// The class of a PCI device in words; `code` is class, subclass and interface, a byte each.
pub(crate) const fn pci(code: u32) -> Option<&'static str> {
    Some(match (code >> 16 & 0xff, code >> 8 & 0xff) {
        (0x01, 0x00) => "scsi controller",
        (0x01, 0x01) => "ide controller",
        (0x01, 0x04) => "raid controller",
        (0x01, 0x06) => "sata controller",
        (0x01, 0x07) => "sas controller",
        (0x01, 0x08) => "nvme controller",
        (0x01, _) => "storage controller",
        (0x02, 0x00) => "ethernet controller",
        (0x02, _) => "network controller",
        (0x03, 0x00) => "graphics adapter",
        (0x03, 0x02) => "3d controller",
        (0x03, _) => "display controller",
        (0x04, 0x00) => "video controller",
        (0x04, 0x01 | 0x03) => "audio device",
        (0x04, _) => "multimedia controller",
        (0x05, _) => "memory controller",
        (0x06, 0x00) => "host bridge",
        (0x06, 0x01) => "isa bridge",
        (0x06, 0x04) => "pci bridge",
        (0x06, 0x05) => "pcmcia bridge",
        (0x06, _) => "bridge",
        (0x07, 0x00) => "serial controller",
        (0x07, 0x03) => "modem",
        (0x07, _) => "communication controller",
        (0x08, 0x05) => "sd host controller",
        (0x08, 0x06) => "iommu",
        (0x08, _) => "system peripheral",
        (0x09, _) => "input device controller",
        (0x0a, _) => "docking station",
        (0x0b, _) => "processor",
        (0x0c, 0x00) => "firewire controller",
        (0x0c, 0x03) if code & 0xff == 0x40 => "usb4 controller",
        (0x0c, 0x03) => "usb controller",
        (0x0c, 0x04) => "fibre channel controller",
        (0x0c, 0x05) => "smbus controller",
        (0x0c, 0x06) => "infiniband controller",
        (0x0c, 0x07) => "ipmi controller",
        (0x0c, _) => "serial bus controller",
        (0x0d, 0x11) => "bluetooth",
        (0x0d, _) => "wireless controller",
        (0x0f, _) => "satellite controller",
        (0x10, _) => "encryption controller",
        (0x11, _) => "signal processing controller",
        (0x12, _) => "processing accelerator",
        _ => return None,
    })
}

/// Whether a PCI device of this class is expected to have a driver: storage, network, graphics, sound
/// and cameras, modems, SD readers, USB and FireWire, radio. Bridges, memory, system peripherals and
/// what has no class are at work, or idle, without one. So are the sound coprocessors of AMD, which are
/// multimedia controllers of no kind; of the same class, those of Intel are what cameras are behind.
pub(crate) const fn pci_wants_driver(code: u32, vendor: u16) -> bool {
    match (code >> 16 & 0xff, code >> 8 & 0xff, code & 0xff) {
        (0x04, 0x80, _) => vendor == 0x8086,
        // The side of USB that plays the device.
        (0x0c, 0x03, 0xfe) => false,
        (0x01..=0x04 | 0x0d, ..) | (0x07, 0x03, _) | (0x08, 0x05, _) => true,
        (0x0c, 0x00 | 0x03 | 0x04 | 0x06, _) => true,
        _ => false,
    }
}

/// The class of a USB device or of one of its interfaces in words.
pub(crate) const fn usb(class: u8, subclass: u8, protocol: u8) -> Option<&'static str> {
    Some(match (class, subclass, protocol) {
        (0x01, ..) => "audio device",
        (0x02, 0x02, _) => "modem",
        (0x02, 0x06 | 0x0d | 0x0e, _) => "network adapter",
        (0x02, ..) => "communication device",
        (0x03, 0x01, 0x01) => "keyboard",
        (0x03, 0x01, 0x02) => "mouse",
        (0x03, ..) => "input device",
        (0x06, ..) => "still camera",
        (0x07, ..) => "printer",
        (0x08, ..) => "mass storage",
        (0x09, ..) => "hub",
        (0x0b, ..) => "smart card reader",
        (0x0d, ..) => "content security",
        (0x0e, ..) => "camera",
        (0x0f, ..) => "personal healthcare",
        (0x10, ..) => "audio and video device",
        (0x11, ..) => "billboard",
        (0xe0, 0x01, 0x01) => "bluetooth",
        (0xe0, 0x01, 0x03) => "network adapter",
        (0xe0, ..) => "wireless controller",
        (0xfe, 0x01, _) => "firmware update",
        _ => return None,
    })
}

/// Whether an interface of this class is expected to have a driver of the kernel. Printers, scanners,
/// smart cards, fingerprint readers, still cameras and firmware updates are served by programs.
pub(crate) const fn usb_wants_driver(class: u8) -> bool {
    matches!(class, 0x01 | 0x02 | 0x03 | 0x08 | 0x09 | 0x0e | 0xe0)
}
