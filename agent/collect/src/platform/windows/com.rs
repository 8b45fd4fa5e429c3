//! COM on a collector's thread, and what its variants hold.
#![expect(unsafe_code, reason = "COM has no safe bindings")]

use std::marker::PhantomData;

use windows::Win32::System::Com::{
    CLSCTX_INPROC_SERVER, CLSCTX_LOCAL_SERVER, COINIT_MULTITHREADED, CoCreateInstance,
    CoInitializeEx, CoUninitialize, SAFEARRAY,
};
use windows::Win32::System::Ole::{SafeArrayGetElement, SafeArrayGetLBound, SafeArrayGetUBound};
use windows::Win32::System::Variant::{
    VARENUM, VARIANT, VT_ARRAY, VT_BOOL, VT_BSTR, VT_DATE, VT_I1, VT_I2, VT_I4, VT_I8, VT_R4,
    VT_R8, VT_UI1, VT_UI2, VT_UI4, VT_UI8,
};
use windows::core::{BSTR, Interface};

use super::win32;
use crate::collector::Gap;

/// COM is ready on this thread as long as this lives; whatever it gave must go before.
#[derive(Debug)]
pub(crate) struct Com(PhantomData<*const ()>);

impl Com {
    pub(crate) fn start() -> Result<Self, Gap> {
        // SAFETY: each success is paired with the end in `drop`, on the same thread.
        let started = unsafe { CoInitializeEx(None, COINIT_MULTITHREADED) };
        started.ok().map_err(|error| win32::gap("CoInitializeEx", &error))?;
        Ok(Self(PhantomData))
    }

    /// An object of a class.
    pub(crate) fn create<T: Interface>(
        &self,
        class: windows::core::GUID,
        name: &str,
    ) -> Result<T, Gap> {
        let places = CLSCTX_INPROC_SERVER | CLSCTX_LOCAL_SERVER;
        // SAFETY: COM is ready on this thread, and the class's number lives.
        unsafe { CoCreateInstance(&raw const class, None, places) }
            .map_err(|error| win32::gap(&format!("CoCreateInstance({name})"), &error))
    }
}

impl Drop for Com {
    fn drop(&mut self) {
        // SAFETY: started on this thread.
        unsafe { CoUninitialize() };
    }
}

/// What a variant holds, as far as anything here asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Number(i64),
    Real(f64),
    Flag(bool),
    List(Vec<Value>),
}

impl Value {
    /// What the variant holds; `None` if it is empty or of another kind.
    pub(crate) fn of(variant: &VARIANT) -> Option<Self> {
        // SAFETY: every variant has its kind at this place, whatever it holds.
        let inner = unsafe { &variant.Anonymous.Anonymous };
        let data = &inner.Anonymous;
        let kind = inner.vt;
        // SAFETY: the kind says which of the union's fields is set.
        unsafe {
            Some(match kind {
                VT_BSTR => Self::Text(data.bstrVal.to_string()),
                VT_BOOL => Self::Flag(data.boolVal.as_bool()),
                VT_I1 | VT_UI1 => Self::Number(i64::from(data.bVal)),
                VT_I2 => Self::Number(i64::from(data.iVal)),
                VT_UI2 => Self::Number(i64::from(data.uiVal)),
                VT_I4 => Self::Number(i64::from(data.lVal)),
                VT_UI4 => Self::Number(i64::from(data.ulVal)),
                VT_I8 | VT_UI8 => Self::Number(data.llVal),
                VT_R4 => Self::Real(f64::from(data.fltVal)),
                VT_R8 | VT_DATE => Self::Real(data.dblVal),
                VARENUM(kind) if kind & VT_ARRAY.0 != 0 && !data.parray.is_null() => {
                    Self::List(list(data.parray, VARENUM(kind & !VT_ARRAY.0))?)
                }
                _ => return None,
            })
        }
    }
}

/// The elements of an array of one dimension.
///
/// # Safety
/// The array is a live one whose elements are of this kind.
unsafe fn list(array: *const SAFEARRAY, kind: VARENUM) -> Option<Vec<Value>> {
    // SAFETY: the array lives, by this function's condition.
    let (lowest, highest) =
        unsafe { (SafeArrayGetLBound(array, 1).ok()?, SafeArrayGetUBound(array, 1).ok()?) };
    let mut values = Vec::new();
    for index in (lowest..=highest).take(4096) {
        let index = &raw const index;
        let value = match kind {
            VT_BSTR => {
                let mut text = BSTR::new();
                // SAFETY: elements are texts, and a copy of one is put where an empty one was.
                unsafe { SafeArrayGetElement(array, index, (&raw mut text).cast()) }.ok()?;
                Value::Text(text.to_string())
            }
            VT_BOOL => {
                let mut flag = 0_i16;
                // SAFETY: elements are of two bytes.
                unsafe { SafeArrayGetElement(array, index, (&raw mut flag).cast()) }.ok()?;
                Value::Flag(flag != 0)
            }
            VT_I1 | VT_UI1 | VT_I2 | VT_UI2 | VT_I4 | VT_UI4 | VT_I8 | VT_UI8 => {
                let mut number = 0_i64;
                // SAFETY: elements are of eight bytes at most, least one first.
                unsafe { SafeArrayGetElement(array, index, (&raw mut number).cast()) }.ok()?;
                Value::Number(number)
            }
            _ => return None,
        };
        values.push(value);
    }
    Some(values)
}
