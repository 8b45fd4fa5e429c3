//! Scheduled tasks: the task scheduler's folders.
#![expect(unsafe_code, reason = "COM has no safe bindings")]

use std::time::{Duration, Instant};

use befund_model::Timestamp;
use befund_model::section::maintenance::{Task, TaskState, Tasks, TasksState};
use windows::Win32::Foundation::FILETIME;
use windows::Win32::Storage::FileSystem::LocalFileTimeToFileTime;
use windows::Win32::System::TaskScheduler::{
    IRegisteredTask, ITaskFolder, ITaskService, TASK_ENUM_HIDDEN, TaskScheduler,
};
use windows::Win32::System::Variant::VARIANT;
use windows::core::BSTR;

use super::super::com::Com;
use super::super::win32;
use crate::collector::{Context, Gap};
use crate::platform::decode::{hresult, tasks as decode, time};

/// The most tasks that are told, and how deep their folders may lie.
const MAX_TASKS: usize = 2_000;
const MAX_DEPTH: u8 = 8;
/// How long all of them may take; some 200 are there after Windows is installed.
const WITHIN: Duration = Duration::from_millis(2_500);

/// What `read` makes of each task.
fn each<T>(cx: &Context, read: impl Fn(&IRegisteredTask) -> Option<T>) -> Result<Vec<T>, Gap> {
    cx.root.trail().at("ITaskService");
    let com = Com::start()?;
    let service: ITaskService = com.create(TaskScheduler, "TaskScheduler")?;
    let none = VARIANT::default();
    // SAFETY: the service is live, COM is ready on this thread, and the empty values live.
    let root = unsafe {
        service
            .Connect(&none, &none, &none, &none)
            .map_err(|error| win32::gap("ITaskService.Connect", &error))?;
        service
            .GetFolder(&BSTR::from("\\"))
            .map_err(|error| win32::gap("ITaskService.GetFolder", &error))?
    };
    let mut folders = vec![(root, 0)];
    let mut told = Vec::new();
    let until = Instant::now() + WITHIN;
    let mut denied = 0;
    while let Some((folder, depth)) = folders.pop() {
        // SAFETY: the folder is live, COM is ready on this thread.
        let tasks = unsafe { folder.GetTasks(TASK_ENUM_HIDDEN.0) };
        match tasks {
            Ok(tasks) => {
                // SAFETY: as above.
                let count = unsafe { tasks.Count() }.unwrap_or_default();
                // They are counted from one.
                for index in 1..=count {
                    // SAFETY: as above; the index lives through the call.
                    let task = unsafe { tasks.get_Item(&VARIANT::from(index)) };
                    told.extend(task.ok().as_ref().and_then(&read));
                }
            }
            Err(_) => denied += 1,
        }
        if told.len() > MAX_TASKS || Instant::now() > until {
            cx.gap(Gap::failed(format!("there was only time for {} scheduled tasks", told.len())));
            break;
        }
        if depth < MAX_DEPTH {
            folders.extend(below(&folder).into_iter().map(|folder| (folder, depth + 1)));
        }
    }
    if denied > 0 {
        cx.gap(Gap::denied(format!("{denied} folders of scheduled tasks could not be read")));
    }
    Ok(told)
}

fn below(folder: &ITaskFolder) -> Vec<ITaskFolder> {
    // SAFETY: the folder is live, COM is ready on this thread; the indices live through the calls.
    unsafe {
        let Ok(folders) = folder.GetFolders(0) else { return Vec::new() };
        let count = folders.Count().unwrap_or_default();
        (1..=count).filter_map(|index| folders.get_Item(&VARIANT::from(index)).ok()).collect()
    }
}

/// Section `tasks`.
pub(crate) fn tasks(cx: &Context) -> Result<Tasks, Gap> {
    let mut tasks = each(cx, |task| {
        // SAFETY: the task is live, COM is ready on this thread.
        let (name, path, enabled, xml) =
            unsafe { (task.Name().ok()?, task.Path().ok()?, task.Enabled(), task.Xml()) };
        let (name, path) = (name.to_string(), path.to_string());
        let defined = xml.ok().map(|xml| decode::task(&xml.to_string())).unwrap_or_default();
        let folder = path.strip_suffix(&name).unwrap_or(&path).trim_end_matches('\\');
        Some(Task {
            kind: "task scheduler".into(),
            source: if folder.is_empty() { "\\".to_owned() } else { folder.to_owned() },
            schedule: defined.schedule,
            command: defined.command.map(|line| cx.redactor.command_line(&line)),
            user: defined.user,
            enabled: enabled.is_ok_and(|enabled| enabled.as_bool()),
            name,
        })
    })?;
    tasks.sort_by(|a, b| (&a.name, &a.source).cmp(&(&b.name, &b.source)));
    Ok(Tasks { tasks })
}

/// Section `tasks.state`.
pub(crate) fn state(cx: &Context) -> Result<TasksState, Gap> {
    let mut tasks = each(cx, |task| {
        // SAFETY: the task is live, COM is ready on this thread.
        let (name, last, next, result) = unsafe {
            (task.Name().ok()?, task.LastRunTime(), task.NextRunTime(), task.LastTaskResult())
        };
        let last_run = last.ok().and_then(local);
        let next_run = next.ok().and_then(local);
        let result = result.ok().filter(|code| last_run.is_some() && decode::failed(*code));
        (last_run.is_some() || next_run.is_some()).then(|| TaskState {
            name: name.to_string(),
            last_run,
            next_run,
            result: result.map(|code| match hresult::words(code) {
                Some(words) => format!("0x{code:08x}: {words}"),
                None => format!("0x{code:08x}"),
            }),
        })
    })?;
    tasks.sort_by(|a, b| (&a.name, a.last_run).cmp(&(&b.name, b.last_run)));
    Ok(TasksState { tasks })
}

/// The scheduler's times are days in the local zone. 1999-11-30 is what it says for never.
fn local(days: f64) -> Option<Timestamp> {
    if days < 36_500.0 {
        return None;
    }
    let units = time::to_filetime(time::ole(days)?)?;
    let (low, high) = (units & 0xffff_ffff, units >> 32);
    let told = FILETIME {
        dwLowDateTime: u32::try_from(low).ok()?,
        dwHighDateTime: u32::try_from(high).ok()?,
    };
    let mut utc = FILETIME::default();
    // SAFETY: both times live through the call.
    unsafe { LocalFileTimeToFileTime(&raw const told, &raw mut utc) }.ok()?;
    time::filetime(u64::from(utc.dwHighDateTime) << 32 | u64::from(utc.dwLowDateTime))
}
