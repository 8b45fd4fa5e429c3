//! Windows' own parts: cleaned and repaired by DISM, updates looked for by the update service.

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::Outcome;

/// ERROR_SUCCESS_REBOOT_REQUIRED: done, and complete after a restart.
const AFTER_RESTART: i32 = 3010;

fn dism(context: &Context<'_>, word: &str) -> Outcome<&'static str> {
    let program = context.program("Dism.exe")?;
    let words = ["/Online", "/English", "/NoRestart", "/Cleanup-Image", word];
    let ran = context.run(&program, &words)?;
    if ran.exit == Some(AFTER_RESTART) {
        return Ok("; a restart completes it");
    }
    crate::context::ended_well(&program, &ran)?;
    Ok("")
}

pub(super) fn plan_clean(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    context.program("Dism.exe")?;
    Ok(Plan::change("have DISM remove parts of Windows that newer ones have replaced")
        .unpredictable("how much that frees shows only then"))
}

pub(super) fn clean(context: &Context<'_>, _: &Parameters, _: &mut Plan) -> Outcome<String> {
    let after = dism(context, "/StartComponentCleanup")?;
    Ok(format!("replaced parts of Windows were removed{after}"))
}

pub(super) fn plan_repair(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    context.program("Dism.exe")?;
    Ok(Plan::change("have DISM repair the store of Windows' parts")
        .unpredictable("what is damaged shows only then"))
}

pub(super) fn repair(context: &Context<'_>, _: &Parameters, _: &mut Plan) -> Outcome<String> {
    let after = dism(context, "/RestoreHealth")?;
    Ok(format!("the store of Windows' parts was repaired{after}"))
}

pub(super) fn plan_look(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    context.program("UsoClient.exe")?;
    Ok(Plan::change("have the update service look for updates")
        .unpredictable("what it finds is not known before"))
}

pub(super) fn look(context: &Context<'_>, _: &Parameters, _: &mut Plan) -> Outcome<String> {
    context.must(&context.program("UsoClient.exe")?, &["StartScan"])?;
    Ok("the update service was asked to look for updates".to_owned())
}
