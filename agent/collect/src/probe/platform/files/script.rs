//! Proxy scripts by the settings that hold for the whole machine.

use std::io;

use crate::probe::Context;
use crate::probe::pac::{Configured, Place, SetBy};

/// The scripts that are configured.
pub(in crate::probe) fn scripts(context: &Context<'_>) -> io::Result<Vec<Configured>> {
    let settings = super::super::proxy_settings(context.root)?;
    let automatic = settings.into_iter().filter(|(_, scheme, _)| scheme == "auto");
    Ok(automatic
        .map(|(source, _, value)| {
            let at = if value == "wpad" { Place::Network } else { Place::Url(value) };
            Configured { source, at, set_by: SetBy::Owner }
        })
        .collect())
}

/// Where a script is looked for by the name of the network (WPAD).
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(in crate::probe) fn looked_for(context: &Context<'_>) -> Result<Vec<String>, String> {
    let search = super::name_servers(context).map(|(_, search)| search).unwrap_or_default();
    let under = search.iter().map(|domain| domain.trim_matches('.')).filter(|one| !one.is_empty());
    Ok(under.take(2).map(|domain| format!("http://wpad.{domain}/wpad.dat")).collect())
}
