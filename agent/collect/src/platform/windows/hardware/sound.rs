//! Sound and cameras in use: the default ends of sound, who has microphone or camera, and what the
//! privacy settings keep from programs.
#![expect(unsafe_code, reason = "COM has no safe bindings")]

use befund_model::section::devices::{MediaState, MediaUse};
use windows::Win32::Foundation::PROPERTYKEY;
use windows::Win32::Media::Audio::Endpoints::IAudioEndpointVolume;
use windows::Win32::Media::Audio::{
    EDataFlow, IMMDevice, IMMDeviceEnumerator, MMDeviceEnumerator, eCapture, eConsole, eRender,
};
use windows::Win32::System::Com::StructuredStorage::PropVariantToBSTR;
use windows::Win32::System::Com::{CLSCTX_ALL, STGM_READ};
use windows::core::GUID;
use windows_registry::{Key, LOCAL_MACHINE};

use super::super::com::Com;
use super::super::registry::{self, View};
use super::super::software::services::listed;
use super::super::win32;
use crate::collector::{Context, Gap};
use crate::platform::decode::{hresult, text};

/// `PKEY_Device_FriendlyName` of functiondiscoverykeys_devpkey.h.
const NAME: PROPERTYKEY =
    PROPERTYKEY { fmtid: GUID::from_u128(0xa45c254e_df1c_4efd_8020_67d146a850e0), pid: 14 };
const CONSENT: &str =
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\CapabilityAccessManager\ConsentStore";
const RUNNING: u32 = 4;

/// An end of sound.
struct End {
    name: Option<String>,
    muted: Option<bool>,
    percent: Option<u32>,
}

/// Section `media.state`.
pub(crate) fn state(cx: &Context) -> Result<MediaState, Gap> {
    let services = cx.note(listed()).unwrap_or_default();
    let runs =
        services.iter().any(|service| service.name == "Audiosrv" && service.state == RUNNING);
    let mut state =
        MediaState { server: runs.then(|| "windows audio".to_owned()), ..MediaState::default() };
    cx.root.trail().at("IMMDeviceEnumerator");
    let ends = Com::start().and_then(|com| {
        let all: IMMDeviceEnumerator = com.create(MMDeviceEnumerator, "MMDeviceEnumerator")?;
        Ok((default(&all, eRender)?, default(&all, eCapture)?))
    });
    match ends {
        Ok((output, input)) => {
            if let Some(output) = output {
                state.output = output.name;
                state.output_muted = output.muted;
                state.output_percent = output.percent;
            }
            if let Some(input) = input {
                state.input = input.name;
                state.input_muted = input.muted;
            }
        }
        Err(gap) => cx.gap(gap),
    }
    for (device, capability) in [("camera", "webcam"), ("microphone", "microphone")] {
        let path = format!(r"{CONSENT}\{capability}");
        let mut keys: Vec<Key> =
            registry::viewed(cx, LOCAL_MACHINE, &path, View::Wide).into_iter().collect();
        keys.extend(
            registry::people().iter().filter_map(|(_, person)| registry::under(cx, person, &path)),
        );
        if keys.iter().any(|key| registry::text(key, "Value").as_deref() == Some("Deny")) {
            state.denied.push(device.to_owned());
        }
        for key in &keys {
            state.busy.extend(busy(cx, key, device));
        }
    }
    state.busy.sort_by(|a, b| (&a.device, &a.program).cmp(&(&b.device, &b.program)));
    state.busy.dedup();
    Ok(state)
}

/// The default end of a direction; `None` if there is none.
fn default(all: &IMMDeviceEnumerator, flow: EDataFlow) -> Result<Option<End>, Gap> {
    // SAFETY: the list is live, COM is ready on this thread.
    match unsafe { all.GetDefaultAudioEndpoint(flow, eConsole) } {
        Ok(device) => Ok(Some(end(&device))),
        // `E_NOTFOUND`.
        Err(error) if hresult::no_element(error.code().0) => Ok(None),
        Err(error) => Err(win32::gap("IMMDeviceEnumerator.GetDefaultAudioEndpoint", &error)),
    }
}

fn end(device: &IMMDevice) -> End {
    // SAFETY: the device is live, COM is ready on this thread, and the key lives.
    unsafe {
        let name = device
            .OpenPropertyStore(STGM_READ)
            .and_then(|store| store.GetValue(&NAME))
            .and_then(|value| PropVariantToBSTR(&raw const value));
        let volume = device.Activate::<IAudioEndpointVolume>(CLSCTX_ALL, None).ok();
        let level = volume.as_ref().and_then(|volume| volume.GetMasterVolumeLevelScalar().ok());
        End {
            name: name.ok().map(|name| name.to_string()).filter(|name| !name.is_empty()),
            muted: volume.and_then(|volume| volume.GetMute().ok()).map(|muted| muted.as_bool()),
            percent: level.and_then(text::percent),
        }
    }
}

/// The programs that have a device now: they have begun to use it, and not yet ended.
fn busy(cx: &Context, consent: &Key, device: &str) -> Vec<MediaUse> {
    let mut uses = Vec::new();
    let mut folders = vec![registry::under(cx, consent, "NonPackaged")];
    folders.push(registry::under(cx, consent, ""));
    for folder in folders.into_iter().flatten() {
        for name in registry::names(&folder) {
            let Some(key) = registry::under(cx, &folder, &name) else { continue };
            let begun = key.get_u64("LastUsedTimeStart").is_ok_and(|time| time > 0);
            if begun && key.get_u64("LastUsedTimeStop").is_ok_and(|time| time == 0) {
                // The path of a program stands there with other signs in place of backslashes.
                let program = name.rsplit('#').next().unwrap_or(&name).to_owned();
                uses.push(MediaUse { device: device.to_owned(), program });
            }
        }
    }
    uses
}
