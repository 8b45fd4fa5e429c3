//! `account.unlock`: the lock after wrong passwords removed. An account that is disabled stays so.

use windows_sys::Win32::NetworkManagement::NetManagement::{
    NetApiBufferFree, NetUserGetInfo, NetUserSetInfo, UF_LOCKOUT, USER_INFO_1, USER_INFO_1008,
};

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::Outcome;

use super::win32::{code, wide};

/// The flags of a local account.
#[expect(unsafe_code, reason = "functions of Windows")]
pub(super) fn flags(_: &Context<'_>, account: &str) -> Outcome<u32> {
    let name = wide(account);
    let mut buffer = std::ptr::null_mut();
    // SAFETY: the name is ended by a zero; the buffer is ours to free where it is given.
    let result = unsafe { NetUserGetInfo(std::ptr::null(), name.as_ptr(), 1, &raw mut buffer) };
    code(format_args!("look at the account {account}"), result)?;
    // SAFETY: of level 1 the buffer holds one USER_INFO_1.
    let flags = unsafe { (*buffer.cast::<USER_INFO_1>()).usri1_flags };
    // SAFETY: it was given by NetUserGetInfo, and is not used any more.
    unsafe { NetApiBufferFree(buffer.cast()) };
    Ok(flags)
}

pub(super) fn plan(context: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let account = parameters.needed("account")?;
    if flags(context, account)? & UF_LOCKOUT == 0 {
        return Ok(Plan::already(format!("{account} is not locked")));
    }
    Ok(Plan::change(format!("unlock {account}")))
}

#[expect(unsafe_code, reason = "a function of Windows")]
pub(super) fn perform(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let account = parameters.needed("account")?;
    let info = USER_INFO_1008 { usri1008_flags: flags(context, account)? & !UF_LOCKOUT };
    let name = wide(account);
    // SAFETY: the name is ended by a zero, and of level 1008 the buffer is a USER_INFO_1008.
    let result = unsafe {
        NetUserSetInfo(
            std::ptr::null(),
            name.as_ptr(),
            1008,
            (&raw const info).cast(),
            std::ptr::null_mut(),
        )
    };
    code(format_args!("unlock {account}"), result)?;
    Ok(format!("{account} was unlocked"))
}
