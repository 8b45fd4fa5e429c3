//! Windows' error numbers: which ones mean that something is not there, and words for those whose words
//! the system does not keep at hand.

/// Whether a number says that a key, file or name is not there (`ERROR_FILE_NOT_FOUND`,
/// `ERROR_PATH_NOT_FOUND`).
pub(crate) const fn not_found(code: i32) -> bool {
    matches!(code.cast_unsigned(), 0x8007_0002 | 0x8007_0003)
}

/// Whether a number says that this system has no such interface, class, name space or server.
pub(crate) const fn absent(code: i32) -> bool {
    matches!(
        code.cast_unsigned(),
        0x8000_4001 // E_NOTIMPL
            | 0x8000_4002 // E_NOINTERFACE
            | 0x8004_0154 // REGDB_E_CLASSNOTREG
            | 0x8004_100e // WBEM_E_INVALID_NAMESPACE
            | 0x8004_1010 // WBEM_E_INVALID_CLASS
            | 0x8004_100c // WBEM_E_NOT_SUPPORTED
            | 0x8007_06d9 // EPT_S_NOT_REGISTERED: its service does not run
    )
}

/// Whether a number says that this account may not: access denied, by Windows or WMI, or a privilege
/// that it does not have.
pub(crate) const fn denied(code: i32) -> bool {
    matches!(code.cast_unsigned(), 0x8007_0005 | 0x8007_0522 | 0x8004_1003)
}

/// Whether a number says that what was looked for is not among what there is (`E_NOTFOUND`).
pub(crate) const fn no_element(code: i32) -> bool {
    code.cast_unsigned() == 0x8007_0490
}

/// The words for numbers of WMI, Windows Update, COM and the like (wbemcli.h, wuerror.h, winerror.h).
pub(crate) const fn words(code: i32) -> Option<&'static str> {
    Some(match code.cast_unsigned() {
        0x8000_4001 => "not implemented on this system",
        0x8000_4002 => "no such interface on this system",
        0x8000_4005 => "unspecified error",
        0x8004_0154 => "the class is not registered on this system",
        0x8004_1001 => "WMI failed without saying why",
        0x8004_1002 => "WMI did not find it",
        0x8004_1003 => "WMI does not let this account ask",
        0x8004_100c => "WMI does not support it",
        0x8004_100e => "WMI has no such name space",
        0x8004_1010 => "WMI has no such class",
        0x8004_1013 => "WMI could not load the provider",
        0x8004_1017 => "WMI does not understand the query",
        0x8004_1315 => "the task scheduler does not run",
        0x8024_0016 => "another installation runs or a restart is due",
        0x8024_0017 => "the update does not apply",
        0x8024_001e => "the update service was stopped",
        0x8024_0022 => "none of the updates could be installed",
        0x8024_0438 => "there is no way to the update server",
        0x8024_2014 => "a restart is due",
        0x8024_200b => "the installer of the update failed",
        0x8024_2016 => "the machine was not what was expected after the restart",
        0x8024_401c => "the update server did not answer in time",
        0x8024_402c => "the update server's name could not be resolved",
        0x8024_4022 => "the update server is overloaded",
        0x8024_4018 => "the update server refuses (forbidden)",
        0x8024_4017 => "the update server or a proxy refuses (not signed in)",
        0x8024_4019 => "the update server does not have it",
        0x8024_500c => "the policy forbids access to Windows Update",
        0x8007_0070 => "there is not enough space on the disk",
        0x8007_0643 => "the installer of the update failed",
        0x8007_0bc2 => "a restart is due",
        0x8007_3712 => "the component store is corrupt",
        0x8007_3701 => "a component that it needs is missing",
        0x800f_0831 => "the component store lacks what came before it",
        0x800f_0922 => "it could not be applied (often: the system reserved partition is full)",
        0x800f_081f => "the source files could not be found",
        0x800f_0900 | 0x800f_0905 | 0x800f_0986 | 0x800f_0988 => "servicing failed",
        0x800f_0823 => "it needs a newer servicing stack",
        0x8007_2ee2 => "the connection timed out",
        0x8007_2ee7 => "the server's name could not be resolved",
        0x8007_2efd => "the server could not be reached",
        0x8007_2f8f => "the server's certificate was not accepted, or the clock is wrong",
        0xc004_f002 => "the licensing service is not there or does not answer",
        0xc190_0101 => "a driver made the upgrade fail",
        0xc190_0208 => "a program stands in the way of the upgrade",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_apart() {
        assert!(not_found(0x8007_0002_u32.cast_signed()));
        assert!(!not_found(0));
        assert!(denied(0x8004_1003_u32.cast_signed()));
        assert!(absent(0x8000_4001_u32.cast_signed()));
        assert_eq!(words(0x8024_402c_u32.cast_signed()), words(-2_145_107_924));
        assert_eq!(words(0), None);
    }
}
