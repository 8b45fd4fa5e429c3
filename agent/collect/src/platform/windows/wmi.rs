//! WMI: queries with an end. What it answers is kept by name, whatever its kind.
#![expect(unsafe_code, reason = "WMI has no safe bindings")]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use befund_model::Timestamp;
use windows::Win32::System::Com::{
    CoSetProxyBlanket, EOAC_NONE, RPC_C_AUTHN_LEVEL_CALL, RPC_C_IMP_LEVEL_IMPERSONATE,
};
use windows::Win32::System::Rpc::{RPC_C_AUTHN_WINNT, RPC_C_AUTHZ_NONE};
use windows::Win32::System::Variant::VARIANT;
use windows::Win32::System::Wmi::{
    IEnumWbemClassObject, IWbemClassObject, IWbemLocator, IWbemServices,
    WBEM_FLAG_CONNECT_USE_MAX_WAIT, WBEM_FLAG_FORWARD_ONLY, WBEM_FLAG_NONSYSTEM_ONLY,
    WBEM_FLAG_RETURN_IMMEDIATELY, WbemLocator,
};
use windows::core::{BSTR, HRESULT};

use super::com::{Com, Value};
use super::win32;
use crate::collector::{Context, Gap};
use crate::platform::decode::time;

/// How long a query may take in all.
const QUERY_DEADLINE: Duration = Duration::from_secs(6);
/// The most rows that are read of an answer.
const MAX_ROWS: usize = 20_000;

/// A name space that is open.
#[derive(Debug)]
pub(crate) struct Wmi {
    // Goes before COM does: fields are dropped in order.
    services: IWbemServices,
    _com: Com,
    space: &'static str,
}

impl Wmi {
    /// Opens a name space, such as `root\cimv2`.
    pub(crate) fn open(cx: &Context, space: &'static str) -> Result<Self, Gap> {
        cx.root.trail().at(space);
        let com = Com::start()?;
        let locator: IWbemLocator = com.create(WbemLocator, "WbemLocator")?;
        let none = BSTR::new();
        // SAFETY: COM is ready on this thread, and the texts live through the call.
        let services = unsafe {
            locator.ConnectServer(
                &BSTR::from(space),
                &none,
                &none,
                &none,
                WBEM_FLAG_CONNECT_USE_MAX_WAIT.0,
                &none,
                None,
            )
        }
        .map_err(|error| named(space, win32::gap("ConnectServer", &error)))?;
        // SAFETY: the proxy is live. Where there is no proxy this fails, and nothing is lost.
        let _ = unsafe { blanket(&services) };
        Ok(Self { services, _com: com, space })
    }

    /// The rows of an answer.
    pub(crate) fn query(&self, cx: &Context, query: &str) -> Result<Vec<Row>, Gap> {
        const END: HRESULT = HRESULT(1);
        cx.root.trail().at(query);
        let class = query.split(" FROM ").nth(1).unwrap_or(query);
        let class = class.split(' ').next().unwrap_or(class);
        let lost = |error: &windows::core::Error| {
            named(&format!("{}:{class}", self.space), win32::gap("the WMI query", error))
        };
        let flags = WBEM_FLAG_FORWARD_ONLY | WBEM_FLAG_RETURN_IMMEDIATELY;
        // SAFETY: the services are live, and the texts live through the call.
        let rows: IEnumWbemClassObject =
            unsafe { self.services.ExecQuery(&BSTR::from("WQL"), &BSTR::from(query), flags, None) }
                .map_err(|error| lost(&error))?;
        // SAFETY: as above.
        let _ = unsafe { blanket(&rows) };
        let deadline = Instant::now() + QUERY_DEADLINE;
        let mut answer = Vec::new();
        while answer.len() < MAX_ROWS {
            let mut row: [Option<IWbemClassObject>; 1] = [None];
            let mut got = 0;
            // SAFETY: there is room for one row, and for how many came.
            let status = unsafe { rows.Next(200, &mut row, &raw mut got) };
            status.ok().map_err(|error| lost(&error))?;
            match row {
                [Some(row)] => answer.push(Row::read(&row)),
                [None] if status == END => return Ok(answer),
                [None] if Instant::now() > deadline => {
                    let seconds = QUERY_DEADLINE.as_secs();
                    return Err(Gap::failed(format!(
                        "{}:{class}: WMI did not answer within {seconds} s",
                        self.space
                    )));
                }
                [None] => {}
            }
        }
        Ok(answer)
    }
}

fn named(what: &str, gap: Gap) -> Gap {
    Gap { reason: format!("{what}: {}", gap.reason), ..gap }
}

/// # Safety
/// The proxy is a live one.
unsafe fn blanket(proxy: &impl windows::core::Interface) -> windows::core::Result<()> {
    let proxy: windows::core::IUnknown = proxy.cast()?;
    // SAFETY: the proxy is live, by this function's condition; nothing else is passed by pointer.
    unsafe {
        CoSetProxyBlanket(
            &proxy,
            RPC_C_AUTHN_WINNT,
            RPC_C_AUTHZ_NONE,
            None,
            RPC_C_AUTHN_LEVEL_CALL,
            RPC_C_IMP_LEVEL_IMPERSONATE,
            None,
            EOAC_NONE,
        )
    }
}

/// A row of an answer.
#[derive(Debug, Default)]
pub(crate) struct Row(HashMap<String, Value>);

impl Row {
    fn read(object: &IWbemClassObject) -> Self {
        let mut row = HashMap::new();
        // SAFETY: the object is live; the enumeration is begun and ended here.
        unsafe {
            if object.BeginEnumeration(WBEM_FLAG_NONSYSTEM_ONLY.0).is_err() {
                return Self(row);
            }
            for _ in 0..512 {
                let mut name = BSTR::new();
                let mut value = VARIANT::default();
                let next = object.Next(
                    0,
                    &raw mut name,
                    &raw mut value,
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                );
                if next.is_err() || name.is_empty() {
                    break;
                }
                if let Some(value) = Value::of(&value) {
                    row.insert(name.to_string(), value);
                }
            }
            let _ = object.EndEnumeration();
        }
        Self(row)
    }

    /// A text, trimmed, if it says something.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::Text(text) => {
                let text = text.trim();
                (!text.is_empty()).then(|| text.to_owned())
            }
            Value::Number(number) => Some(number.to_string()),
            Value::Real(_) | Value::Flag(_) | Value::List(_) => None,
        }
    }

    /// A number; those of 64 bits come as texts.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        match self.0.get(name)? {
            // Those of 32 bits come with a sign whatever they are.
            Value::Number(number) if *number < 0 => {
                i32::try_from(*number).ok().map(|number| u64::from(number.cast_unsigned()))
            }
            Value::Number(number) => u64::try_from(*number).ok(),
            Value::Text(text) => text.trim().parse().ok(),
            Value::Real(_) | Value::Flag(_) | Value::List(_) => None,
        }
    }

    /// A switch.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.0.get(name)? {
            Value::Flag(flag) => Some(*flag),
            Value::Text(_) | Value::Number(_) | Value::Real(_) | Value::List(_) => None,
        }
    }

    /// A time.
    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        time::wmi(&self.text(name)?)
    }
}
