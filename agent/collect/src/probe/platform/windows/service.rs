//! Services by the service manager, which everybody may ask.

use std::io;

use befund_model::probe::machine::Service;
use befund_runtime::platform::wide::wide;
use windows_sys::Win32::Foundation::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_NAME, ERROR_SERVICE_DOES_NOT_EXIST,
};
use windows_sys::Win32::System::Services::{
    CloseServiceHandle, OpenSCManagerW, OpenServiceW, QUERY_SERVICE_CONFIGW, QueryServiceConfigW,
    QueryServiceStatusEx, SC_HANDLE, SC_MANAGER_CONNECT, SC_STATUS_PROCESS_INFO,
    SERVICE_AUTO_START, SERVICE_BOOT_START, SERVICE_QUERY_CONFIG, SERVICE_QUERY_STATUS,
    SERVICE_RUNNING, SERVICE_STATUS_PROCESS, SERVICE_SYSTEM_START,
};

use super::failed;
use crate::probe::{Context, Unmeasured};

/// Who is asked.
pub(in crate::probe) const SERVICE_MANAGER: &str = "windows";

/// The most bytes of a service's settings (QueryServiceConfigW: 8 KiB).
const MAX_SETTINGS: usize = 8 << 10;

/// How these services are.
pub(in crate::probe) fn services(
    _: &Context<'_>,
    names: &[&str],
) -> Result<Vec<Service>, Unmeasured> {
    let manager = Handle::manager().map_err(|error| failed("OpenSCManager", &error))?;
    let each = names.iter().map(|name| {
        service(&manager, name).map_err(|error| {
            Unmeasured::failed(format!("could not ask for the service {name}: {error}"))
        })
    });
    each.collect()
}

fn service(manager: &Handle, name: &str) -> io::Result<Service> {
    let mut told = Service { name: name.to_owned(), ..Service::default() };
    let service = match manager.service(name) {
        Ok(service) => service,
        Err(error)
            if [ERROR_SERVICE_DOES_NOT_EXIST, ERROR_INVALID_NAME]
                .map(|code| Some(code.cast_signed()))
                .contains(&error.raw_os_error()) =>
        {
            return Ok(told);
        }
        Err(error) => return Err(error),
    };
    let status = service.status()?;
    told.installed = true;
    told.enabled = service.starts_with_the_system()?;
    told.running = status.dwCurrentState == SERVICE_RUNNING;
    told.processes = u32::from(status.dwProcessId != 0);
    Ok(told)
}

/// A handle of the service manager's.
struct Handle(SC_HANDLE);

#[expect(unsafe_code, reason = "functions of Windows")]
impl Handle {
    fn manager() -> io::Result<Self> {
        // SAFETY: this machine's manager has no name; the handle is closed when dropped.
        let handle =
            unsafe { OpenSCManagerW(std::ptr::null(), std::ptr::null(), SC_MANAGER_CONNECT) };
        if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(Self(handle)) }
    }

    fn service(&self, name: &str) -> io::Result<Self> {
        let rights = SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG;
        // SAFETY: the manager is open and the name ended by a zero; the handle is closed when dropped.
        let handle = unsafe { OpenServiceW(self.0, wide(name).as_ptr(), rights) };
        if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(Self(handle)) }
    }

    fn status(&self) -> io::Result<SERVICE_STATUS_PROCESS> {
        let mut status = SERVICE_STATUS_PROCESS::default();
        let size = u32::try_from(size_of_val(&status)).unwrap_or(0);
        let mut needed = 0;
        // SAFETY: the service is open, and the buffer is as large as is said.
        let told = unsafe {
            QueryServiceStatusEx(
                self.0,
                SC_STATUS_PROCESS_INFO,
                (&raw mut status).cast(),
                size,
                &raw mut needed,
            )
        };
        if told == 0 { Err(io::Error::last_os_error()) } else { Ok(status) }
    }

    fn starts_with_the_system(&self) -> io::Result<bool> {
        // In words of eight bytes, as the structure is aligned.
        let mut buffer = vec![0_u64; MAX_SETTINGS / 8];
        let settings = buffer.as_mut_ptr().cast::<QUERY_SERVICE_CONFIGW>();
        let size = u32::try_from(MAX_SETTINGS).unwrap_or(0);
        let mut needed = 0;
        // SAFETY: the service is open, and the buffer is as large as is said.
        if unsafe { QueryServiceConfigW(self.0, settings, size, &raw mut needed) } == 0 {
            let error = io::Error::last_os_error();
            let large = error.raw_os_error() == Some(ERROR_INSUFFICIENT_BUFFER.cast_signed());
            return Err(if large { io::Error::other("its settings are too long") } else { error });
        }
        // SAFETY: the function has written the structure.
        let start = unsafe { (*settings).dwStartType };
        Ok([SERVICE_AUTO_START, SERVICE_BOOT_START, SERVICE_SYSTEM_START].contains(&start))
    }
}

impl Drop for Handle {
    #[expect(unsafe_code, reason = "a function of Windows")]
    fn drop(&mut self) {
        // SAFETY: it is open, and nobody uses it any more.
        unsafe { CloseServiceHandle(self.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_is_not_there_is_not_installed() {
        let manager = Handle::manager().expect("a service manager");
        let told = service(&manager, "no such service").expect("an answer");
        assert!(!told.installed && !told.running);
        let error = manager.service("no such service").err().expect("none");
        assert!(error.raw_os_error().is_some());
    }
}
