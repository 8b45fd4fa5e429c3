//! `printer.queue`, with a real CUPS.

use befund_tests::laboratory::system::SystemMachine;
use befund_tests::systemd::Layer;

/// A print server for this machine alone, at which everybody may do everything.
const CUPSD: &str = "LogLevel warn\nListen /run/cups/cups.sock\nDefaultAuthType None\n\
    ErrorPolicy retry-job\nWebInterface No\nBrowsing No\n\
    <Location />\nOrder allow,deny\nAllow all\n</Location>\n\
    <Location /admin>\nOrder allow,deny\nAllow all\n</Location>\n";
/// The way to a printer that says what the file of its name says, and never ends.
const BACKEND: &str = "#!/bin/sh\n[ $# = 0 ] && { echo 'direct story \"Story\" \"Story\"'; exit 0; }\n\
    cat /run/printer-says >&2\nexec sleep 1000\n";
/// A description of a printer whose filter is nowhere.
const PPD: &str = "*PPD-Adobe: \"4.3\"\n*FormatVersion: \"4.3\"\n*FileVersion: \"1.0\"\n\
    *LanguageVersion: English\n*LanguageEncoding: ISOLatin1\n*PCFileName: \"STORY.PPD\"\n\
    *Manufacturer: \"Story\"\n*Product: \"(Story)\"\n*ModelName: \"Story\"\n*NickName: \"Story\"\n\
    *ShortNickName: \"Story\"\n*PSVersion: \"(3010) 0\"\n*LanguageLevel: \"3\"\n*ColorDevice: False\n\
    *DefaultColorSpace: Gray\n*FileSystem: False\n*TTRasterizer: Type42\n\
    *cupsFilter: \"application/vnd.cups-raster 0 rastertonowhere\"\n\
    *OpenUI *PageSize/Media Size: PickOne\n*OrderDependency: 10 AnySetup *PageSize\n\
    *DefaultPageSize: A4\n*PageSize A4/A4: \"<</PageSize[595 842]>>setpagedevice\"\n*CloseUI: *PageSize\n\
    *OpenUI *PageRegion: PickOne\n*OrderDependency: 10 AnySetup *PageRegion\n*DefaultPageRegion: A4\n\
    *PageRegion A4/A4: \"<</PageSize[595 842]>>setpagedevice\"\n*CloseUI: *PageRegion\n\
    *DefaultImageableArea: A4\n*ImageableArea A4/A4: \"0 0 595 842\"\n\
    *DefaultPaperDimension: A4\n*PaperDimension A4/A4: \"595 842\"\n";

fn printing() -> Layer {
    let mut layer = Layer::new();
    layer.text("/etc/cups/cupsd.conf", CUPSD);
    layer.text("/etc/cups/cups-files.conf", "FileDevice Yes\nSystemGroup root\n");
    layer.text("/etc/cups/printers.conf", "");
    layer.text(
        "/etc/systemd/system/cups.socket.d/here.conf",
        "[Socket]\nListenStream=\nListenStream=/run/cups/cups.sock\n",
    );
    layer.text("/srv/backend", BACKEND);
    layer.text("/srv/story.ppd", PPD);
    layer
}

/// How the queue is, and why, without since when.
fn lpstat(machine: &SystemMachine) -> String {
    machine.sh("lpstat -p Lab -a Lab | sed 's/ since .*//'")
}

#[test]
fn printers_that_do_not_print() {
    let Some(machine) = super::machine(printing(), "printers that do not print") else { return };
    machine.sh("rm -rf /var/spool/cups/[cd]0* /var/cache/cups/job.cache*
         install -m 0755 /srv/backend /usr/lib/cups/backend/story
         systemctl start cups.socket cups.service");
    let run = machine.tries("printer.queue", "no-printer", &[]);
    run.tried(&[]);
    machine.sh("lpadmin -p Lab -E -v file:/dev/null -m raw 2>/dev/null; echo page > /srv/page");
    let run = machine.run("printer.queue", &[]);
    assert!(run.causes("found").is_empty(), "it prints: {run}");

    machine.sh("cupsdisable -r 'out for repair' Lab");
    let before = lpstat(&machine);
    let run = machine.tries("printer.queue", "paused", &[]);
    run.tried(&["printer.resume verified"]);
    run.is_accepted(true);
    assert_ne!(lpstat(&machine), before);
    let _ = machine.undo(&run);
    assert_eq!(lpstat(&machine), before);
    machine.sh("cupsenable Lab; cupsreject -r 'full up' Lab");
    let before = lpstat(&machine);
    let run = machine.tries("printer.queue", "refuses", &[]);
    run.tried(&["printer.resume verified"]);
    run.is_accepted(true);
    let _ = machine.undo(&run);
    assert_eq!(lpstat(&machine), before);
    machine.sh("cupsaccept Lab");

    machine.sh("lp -d Lab -H hold /srv/page");
    let run = machine.tries_with("printer.queue", "held", &[], || {
        machine.sh("lp -i $(lpstat -o Lab | cut -d' ' -f1) -H resume");
    });
    run.tried(&["user.instruct verified"]);

    // A printer that is not there; CUPS says so in words alone.
    machine.sh(
        "lpadmin -p Far -E -v ipp://127.0.0.1:9/ipp/print -m raw 2>/dev/null; lp -d Far /srv/page
         until lpstat -l -p Far | grep -qiE 'unavailable|unreachable|connect'; do :; done",
    );
    super::tries_person(&machine, ("printer.queue", "offline"), || {
        machine.sh("cancel -a Far; lpadmin -x Far");
    });

    machine.sh("echo 'STATE: +media-jam-error' > /run/printer-says
         lpadmin -p Jam -E -v story:/ -m raw 2>/dev/null; lp -d Jam /srv/page
         until lpstat -l -p Jam | grep -q media-jam; do :; done");
    super::tries_person(&machine, ("printer.queue", "needs-hands"), || {
        machine.sh("cancel -a Jam; lpadmin -x Jam");
    });

    machine.sh("lpadmin -p Odd -E -v file:/dev/null -P /srv/story.ppd 2>/dev/null");
    let run = machine.tries("printer.queue", "driver", &[]);
    run.tried(&[]);
    machine.sh("lpadmin -x Odd");

    machine.sh("systemctl stop cups.service cups.socket cups.path");
    let run = machine.tries("printer.queue", "service-down", &[]);
    run.tried(&["service.start verified"]);
    run.is_accepted(true);
    let _ = machine.undo(&run);
    let state = machine.inside().run(&["systemctl", "is-active", "cups.service"]);
    assert_eq!(state.stdout.trim_ascii(), b"inactive");
    machine.sh("systemctl start cups.socket cups.service");

    stuck(&machine);
}

/// A document that the printer never finishes, for longer than anybody waits: other people's documents go with it, so
/// that somebody has to be there who agrees, and two have to sign.
fn stuck(machine: &SystemMachine) {
    machine.sh("echo 'INFO: printing' > /run/printer-says
         lpadmin -p Slow -E -v story:/ -m raw 2>/dev/null; lp -d Slow /srv/page
         until lpstat -p Slow | grep -q printing; do :; done
         systemctl stop cups.service cups.socket cups.path
         python3 -c '
import glob, re, struct, time
for path in glob.glob(\"/var/spool/cups/c0*\"):
    data = open(path, \"rb\").read()
    name = b\"\\x00\\x10time-at-creation\"
    at = data.find(name)
    if at > 0:
        at += len(name) + 2
        open(path, \"wb\").write(data[:at] + struct.pack(\">i\", int(time.time()) - 3600) + data[at + 4:])
'
         rm -f /var/cache/cups/job.cache*
         systemctl start cups.socket cups.service
         until lpstat -p Slow | grep -q printing; do :; done");
    let person = machine.sit_down("1");
    let run = machine.tries("printer.queue", "stuck", &[]);
    assert!(person.screen().contains("You agreed."), "{}", person.screen());
    let waiting = machine.sh("lpstat -o Slow");
    run.tried(&["printer.resume needless", "printer.cancel_jobs verified"]);
    run.is_accepted(true);
    assert_eq!(waiting, "", "{run}");
    let undone = machine.undo(&run);
    assert!(undone.contains("cannot be taken back"), "{undone}");
}
