//! Installed packages: the databases of dpkg, apk, pacman, snap and flatpak by our own parsers, rpm's by
//! asking rpm.

use befund_model::section::software::Packages;

use crate::collector::{Context, Gap};

pub(crate) mod bundles;
pub(crate) mod dpkg;
pub(crate) mod rpm;
pub(crate) mod small;

/// Section `packages`.
pub(crate) fn packages(cx: &Context) -> Result<Packages, Gap> {
    let mut packages = Vec::new();
    let mut found = false;
    if cx.root.exists(dpkg::STATUS) {
        found = true;
        packages = dpkg::installed(cx)?;
        let halves = packages.iter().filter(|package| package.version.is_empty()).count();
        if halves > 0 {
            cx.gap(Gap::failed(format!(
                "{} does not tell the version of {halves} of its packages",
                dpkg::STATUS
            )));
        }
    }
    if let Some(database) = rpm::database(cx) {
        found = true;
        let more = if cx.root.is_live() {
            rpm::installed(cx, database)
        } else {
            Err(Gap::unsupported("only the running system's rpm can read its database"))
        };
        match more.map_err(|gap| Gap { reason: format!("{database}: {}", gap.reason), ..gap }) {
            Ok(more) => packages.extend(more),
            Err(gap) if packages.is_empty() => return Err(gap),
            Err(gap) => cx.gap(gap),
        }
    }
    for more in [small::apk(cx), small::pacman(cx)] {
        if let Some(more) = cx.note(more) {
            found = true;
            packages.extend(more);
        }
    }
    packages.extend(bundles::snaps(cx));
    packages.extend(bundles::flatpaks(cx));
    if !found && packages.is_empty() {
        return Err(Gap::unsupported(
            "none of dpkg, rpm, apk, pacman, snap and flatpak keeps a database here",
        ));
    }
    packages.sort_by(|a, b| {
        (&a.name, &a.arch, &a.user, &a.version).cmp(&(&b.name, &b.arch, &b.user, &b.version))
    });
    Ok(Packages { packages })
}
