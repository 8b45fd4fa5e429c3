//! What lets people in from afar: servers of SSH, RDP and VNC, and products for remote help.

use befund_model::section::security::RemoteAccess;

use super::Seen;
use super::sshd::Settings;
use crate::collector::Context;

/// A way in: what it is called, the programs by which it is recognised, the units that start it, the
/// processes by which it runs. An instance's unit is named up to the `@`.
struct Way {
    name: &'static str,
    programs: &'static [&'static str],
    units: &'static [&'static str],
    processes: &'static [&'static str],
}

#[rustfmt::skip]
const WAYS: &[Way] = &[
    Way { name: "AnyDesk", programs: &["/usr/bin/anydesk"], units: &["anydesk.service"], processes: &["anydesk"] },
    Way { name: "Chrome Remote Desktop", programs: &["/opt/google/chrome-remote-desktop/chrome-remote-desktop"], units: &["chrome-remote-desktop@"], processes: &["chrome-remote-desktop-host"] },
    Way { name: "Cockpit", programs: &["/usr/lib/cockpit/cockpit-ws", "/usr/libexec/cockpit-ws"], units: &["cockpit.socket", "cockpit.service"], processes: &["cockpit-ws"] },
    Way { name: "Dropbear", programs: &["/usr/sbin/dropbear"], units: &["dropbear.service", "dropbear.socket"], processes: &["dropbear"] },
    Way { name: "GNOME Remote Desktop", programs: &["/usr/libexec/gnome-remote-desktop-daemon"], units: &["gnome-remote-desktop.service"], processes: &["gnome-remote-desktop-daemon"] },
    Way { name: "MeshCentral", programs: &["/usr/local/mesh_services/meshagent/meshagent", "/usr/local/mesh/meshagent"], units: &["meshagent.service"], processes: &["meshagent"] },
    Way { name: "NoMachine", programs: &["/usr/NX/bin/nxserver"], units: &["nxserver.service"], processes: &["nxserver.bin", "nxd"] },
    Way { name: "RustDesk", programs: &["/usr/bin/rustdesk", "/usr/share/rustdesk/rustdesk"], units: &["rustdesk.service"], processes: &["rustdesk"] },
    Way { name: "Splashtop", programs: &["/opt/splashtop-streamer/SRStreamer"], units: &["SRStreamer.service"], processes: &["SRStreamer"] },
    Way { name: "TeamViewer", programs: &["/opt/teamviewer/tv_bin/teamviewerd"], units: &["teamviewerd.service"], processes: &["teamviewerd"] },
    Way { name: "Telnet", programs: &["/usr/sbin/in.telnetd", "/usr/sbin/telnetd"], units: &["telnet.socket"], processes: &["in.telnetd", "telnetd"] },
    Way { name: "Webmin", programs: &["/usr/share/webmin/miniserv.pl", "/usr/libexec/webmin/miniserv.pl"], units: &["webmin.service"], processes: &["miniserv.pl"] },
    Way { name: "X2Go", programs: &["/usr/bin/x2gostartagent"], units: &["x2goserver.service"], processes: &["x2gocleansessions"] },
    Way { name: "rdp (xrdp)", programs: &["/usr/sbin/xrdp"], units: &["xrdp.service"], processes: &["xrdp"] },
    Way { name: "vnc (TigerVNC)", programs: &["/usr/bin/Xvnc", "/usr/bin/Xtigervnc"], units: &["vncserver@", "tigervncserver@", "xvnc.socket"], processes: &["Xvnc", "Xtigervnc", "x0vncserver"] },
    Way { name: "vnc (krfb)", programs: &["/usr/bin/krfb"], units: &[], processes: &["krfb"] },
    Way { name: "vnc (vino)", programs: &["/usr/libexec/vino-server", "/usr/lib/vino/vino-server"], units: &[], processes: &["vino-server"] },
    Way { name: "vnc (wayvnc)", programs: &["/usr/bin/wayvnc"], units: &["wayvnc.service"], processes: &["wayvnc"] },
    Way { name: "vnc (x11vnc)", programs: &["/usr/bin/x11vnc"], units: &["x11vnc.service"], processes: &["x11vnc"] },
];

/// Those that are installed.
pub(super) fn all(cx: &Context, seen: &Seen) -> Vec<RemoteAccess> {
    let mut found: Vec<RemoteAccess> = Vec::new();
    for way in WAYS {
        if way.programs.iter().any(|program| cx.root.exists(program)) {
            found.push(RemoteAccess {
                name: way.name.to_owned(),
                enabled: seen.starts(way.units) || seen.runs(way.processes) == Some(true),
                root: None,
                passwords: None,
            });
        }
    }
    found.extend(ssh(cx, seen));
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn ssh(cx: &Context, seen: &Seen) -> Option<RemoteAccess> {
    const PROGRAMS: &[&str] = &["/usr/sbin/sshd", "/usr/lib/ssh/sshd", "/usr/bin/sshd"];
    if !PROGRAMS.iter().any(|path| cx.root.exists(path)) {
        return None;
    }
    let settings = Settings::read(cx);
    let units = ["ssh.service", "sshd.service", "ssh.socket", "sshd.socket"];
    Some(RemoteAccess {
        name: "ssh".into(),
        enabled: seen.starts(&units) || seen.runs(&["sshd"]) == Some(true),
        root: settings.as_ref().map(Settings::root),
        passwords: settings.as_ref().map(Settings::passwords),
    })
}
