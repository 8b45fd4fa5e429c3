//! Commands to disks: the calls that carry them. Only such as read are ever given to them.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr;

use rustix::fs::{Mode, OFlags, open};
use rustix::ioctl::{Opcode, Updater, ioctl, opcode};

use crate::collector::Gap;

/// How long a disk may take, in milliseconds.
const TIMEOUT_MS: u32 = 2000;

/// Opens a disk without waiting for it.
pub(super) fn disk(name: &str) -> Result<OwnedFd, Gap> {
    let path = format!("/dev/{name}");
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    open(&path, flags, Mode::empty()).map_err(|error| refused(name, error.into()))
}

/// Why a disk did not answer.
pub(super) fn refused(name: &str, error: io::Error) -> Gap {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            Gap::denied(format!("{name} may not be asked by this account how it fares"))
        }
        _ => Gap::failed(format!("{name} did not tell how it fares: {error}")),
    }
}

/// `struct nvme_passthru_cmd` (linux/nvme_ioctl.h).
#[repr(C)]
#[derive(Default)]
struct NvmeCommand {
    opcode: u8,
    flags: u8,
    reserved1: u16,
    namespace: u32,
    cdw2: u32,
    cdw3: u32,
    metadata: u64,
    address: u64,
    metadata_length: u32,
    length: u32,
    cdw10: u32,
    cdw11: u32,
    cdw12: u32,
    cdw13: u32,
    cdw14: u32,
    cdw15: u32,
    timeout_ms: u32,
    result: u32,
}

const NVME_ADMIN: Opcode = opcode::read_write::<NvmeCommand>(b'N', 0x41);

/// Reads a log page of an NVMe controller (NVM Express base specification 2.0, 5.16).
#[expect(unsafe_code, reason = "no other call carries a command to an NVMe controller")]
pub(super) fn nvme_log(disk: &OwnedFd, page: u8) -> io::Result<[u8; 512]> {
    let mut bytes = [0; 512];
    let dwords = 512 / 4 - 1;
    let mut command = NvmeCommand {
        // Get Log Page.
        opcode: 0x02,
        // Of the controller, not of a namespace.
        namespace: u32::MAX,
        address: bytes.as_mut_ptr().expose_provenance() as u64,
        length: 512,
        cdw10: u32::from(page) | dwords << 16,
        timeout_ms: TIMEOUT_MS,
        ..NvmeCommand::default()
    };
    // SAFETY: the number is that of NVME_IOCTL_ADMIN_CMD for this struct, whose layout is the kernel's;
    // the kernel writes no more than `length` bytes to `address`, which are there and live on.
    let status = unsafe {
        ioctl(disk.as_fd(), NvmeCall(Updater::<NVME_ADMIN, NvmeCommand>::new(&mut command)))
    }?;
    if status != 0 {
        return Err(io::Error::other(format!("NVMe status {status:#x}")));
    }
    Ok(bytes)
}

/// The call that gives its return value, which is the controller's status.
struct NvmeCall<'a>(Updater<'a, NVME_ADMIN, NvmeCommand>);

#[expect(unsafe_code, reason = "rustix leaves out what the call returns")]
// SAFETY: number and pointer are the updater's own, and the output is a plain number.
unsafe impl rustix::ioctl::Ioctl for NvmeCall<'_> {
    type Output = i32;
    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        NVME_ADMIN
    }

    fn as_ptr(&mut self) -> *mut rustix::ffi::c_void {
        self.0.as_ptr()
    }

    unsafe fn output_from_ptr(
        returned: rustix::ioctl::IoctlOutput,
        _: *mut rustix::ffi::c_void,
    ) -> rustix::io::Result<i32> {
        Ok(returned)
    }
}

/// `struct sg_io_hdr` (scsi/sg.h).
#[repr(C)]
struct SgIo {
    interface: i32,
    direction: i32,
    command_length: u8,
    sense_length: u8,
    pieces: u16,
    length: u32,
    data: *mut u8,
    command: *const u8,
    sense: *mut u8,
    timeout_ms: u32,
    flags: u32,
    pack_id: i32,
    user: *mut u8,
    status: u8,
    masked_status: u8,
    message_status: u8,
    sense_written: u8,
    host_status: u16,
    driver_status: u16,
    left: i32,
    duration: u32,
    info: u32,
}

const SG_IO: Opcode = 0x2285;

/// What a SCSI command came to.
pub(super) struct Answer {
    /// What was read.
    pub(super) data: [u8; 512],
    /// What the disk had to say of it.
    pub(super) sense: [u8; 32],
    /// How it ended (SAM-5, 5.3.1).
    pub(super) status: u8,
}

/// Sends a command that reads `length` bytes, 512 at most.
#[expect(unsafe_code, reason = "no other call carries a command to a SATA disk")]
pub(super) fn scsi(disk: &OwnedFd, command: &[u8; 16], length: u16) -> io::Result<Answer> {
    let mut answer = Answer { data: [0; 512], sense: [0; 32], status: 0 };
    let length = length.min(512);
    let mut call = SgIo {
        interface: i32::from(b'S'),
        // SG_DXFER_FROM_DEV, SG_DXFER_NONE.
        direction: if length > 0 { -3 } else { -1 },
        command_length: 16,
        sense_length: 32,
        pieces: 0,
        length: u32::from(length),
        data: answer.data.as_mut_ptr(),
        command: command.as_ptr(),
        sense: answer.sense.as_mut_ptr(),
        timeout_ms: TIMEOUT_MS,
        flags: 0,
        pack_id: 0,
        user: ptr::null_mut(),
        status: 0,
        masked_status: 0,
        message_status: 0,
        sense_written: 0,
        host_status: 0,
        driver_status: 0,
        left: 0,
        duration: 0,
        info: 0,
    };
    // SAFETY: the number is SG_IO's, which takes this struct, whose layout is the kernel's; the kernel
    // reads the command's 16 bytes and writes no more than `length` and `sense_length` bytes to
    // places that are there and live on.
    unsafe { ioctl(disk.as_fd(), Updater::<SG_IO, SgIo>::new(&mut call)) }?;
    if call.host_status != 0 {
        return Err(io::Error::other(format!("the adapter failed ({:#x})", call.host_status)));
    }
    answer.status = call.status;
    Ok(answer)
}
