//! Proxies: WinHTTP's, which services use, and a person's Internet settings.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use windows_registry::{Key, LOCAL_MACHINE, Type, USERS};

use data_encoding::BASE64;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

const CONNECTIONS: &str =
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\Connections";
const WINHTTP: &str = "WinHttpSettings";
/// Settings of WinHTTP without a proxy: version 0x18, no revision, direct (flag 1), two empty texts.
const DIRECT: [u8; 20] = [0x18, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// The flag that a proxy was entered (`PROXY_TYPE_PROXY`).
const WITH_PROXY: u8 = 2;

fn failed(attempt: &str, error: impl std::fmt::Display) -> Trouble {
    Trouble::failed(format!("could not {attempt}: {error}"))
}

/// WinHTTP's settings, if a proxy is entered there.
fn system() -> Outcome<Option<Vec<u8>>> {
    let key = LOCAL_MACHINE
        .open(CONNECTIONS)
        .map_err(|error| failed("read WinHTTP's settings", error))?;
    // Absent where nothing was ever set.
    let Ok(value) = key.get_value(WINHTTP) else { return Ok(None) };
    let bytes = value.to_vec();
    Ok((bytes.get(8).is_some_and(|flags| flags & WITH_PROXY != 0)).then_some(bytes))
}

fn set_system(bytes: &[u8]) -> Outcome<()> {
    let key = LOCAL_MACHINE.options().read().write().open(CONNECTIONS);
    key.and_then(|key| key.set_bytes(WINHTTP, Type::Bytes, bytes))
        .map_err(|error| failed("set WinHTTP's settings", error))
}

pub(super) fn plan_system(_: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    match system()? {
        None => Ok(Plan::already("WinHTTP has no proxy")),
        Some(bytes) => Plan::change("remove WinHTTP's proxy").noting(BASE64.encode(&bytes)),
    }
}

pub(super) fn clear_system(_: &Context<'_>, _: &Parameters, _: &mut Plan) -> Outcome<String> {
    set_system(&DIRECT)?;
    Ok("WinHTTP's proxy was removed".to_owned())
}

pub(super) fn undo_system(_: &Context<'_>, _: &Parameters, before: &Value) -> Outcome<String> {
    let text: String = noted(before)?;
    let bytes = BASE64
        .decode(text.as_bytes())
        .map_err(|error| failed("read what was noted of WinHTTP's settings", error))?;
    set_system(&bytes)?;
    Ok("WinHTTP has the proxy of before again".to_owned())
}

/// What was set, and is set again. The server itself stays where it is; it is only not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Set {
    enabled: bool,
    script: Option<String>,
}

/// The Internet settings of the person signed in.
fn settings(context: &Context<'_>) -> Outcome<Key> {
    let user = context.order.user.as_ref().ok_or_else(|| {
        Trouble::unsupported("nobody is signed in whose settings could be changed")
    })?;
    let is_sid = user.id.starts_with("S-1-")
        && user.id.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'S' | b'-'));
    if !is_sid {
        return Err(Trouble::failed(format!("{:?} is no security identifier", user.id)));
    }
    let path = format!(r"{}\Software\Microsoft\Windows\CurrentVersion\Internet Settings", user.id);
    USERS
        .options()
        .read()
        .write()
        .open(&path)
        .map_err(|error| failed(&format!("open the Internet settings of {}", user.name), error))
}

fn look(key: &Key) -> Set {
    // What was never set is absent.
    let enabled = key.get_u32("ProxyEnable").is_ok_and(|value| value != 0);
    let script = key.get_string("AutoConfigURL").ok().filter(|script| !script.is_empty());
    Set { enabled, script }
}

pub(super) fn plan_user(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    let set = look(&settings(context)?);
    let mut lines = Vec::new();
    if set.enabled {
        lines.push("do not use the proxy that is entered".to_owned());
    }
    if let Some(script) = &set.script {
        lines.push(format!("remove the proxy script {}", context.redacted(script)));
    }
    if lines.is_empty() {
        return Ok(Plan::already("the person's settings have no proxy"));
    }
    Plan::changes(lines, "").noting(set)
}

pub(super) fn clear_user(
    context: &Context<'_>,
    _: &Parameters,
    plan: &mut Plan,
) -> Outcome<String> {
    let key = settings(context)?;
    let set: Set = noted(&plan.before)?;
    let attempt = "change the person's Internet settings";
    key.set_u32("ProxyEnable", 0).map_err(|error| failed(attempt, error))?;
    if set.script.is_some() {
        key.remove_value("AutoConfigURL").map_err(|error| failed(attempt, error))?;
    }
    Ok("the proxy of the person was removed; programs that run may have to be started again"
        .to_owned())
}

pub(super) fn undo_user(context: &Context<'_>, _: &Parameters, before: &Value) -> Outcome<String> {
    let key = settings(context)?;
    let set: Set = noted(before)?;
    let attempt = "change the person's Internet settings";
    key.set_u32("ProxyEnable", set.enabled.into()).map_err(|error| failed(attempt, error))?;
    if let Some(script) = &set.script {
        key.set_string("AutoConfigURL", script).map_err(|error| failed(attempt, error))?;
    }
    Ok("the person has the proxy of before again".to_owned())
}
