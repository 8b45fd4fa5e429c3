//! What other programs say, as the same fields.

use std::process::Command;

use serde_json::Value;

use crate::Fields;
use crate::ours::text;

/// Each tool's answer, or why there is none.
pub(crate) fn all() -> Vec<(&'static str, Result<Fields, String>)> {
    vec![
        ("ip -j", ip()),
        ("ss", ss()),
        ("lsblk -J", lsblk()),
        ("findmnt -J", findmnt()),
        ("lscpu -J", lscpu()),
        ("dpkg-query", dpkg()),
        ("systemctl", systemctl()),
        ("getent", getent()),
        ("lshw -json", lshw()),
        ("facter", facter()),
        ("hwinfo", hwinfo()),
        ("inxi", inxi()),
        ("dmidecode", dmidecode()),
    ]
}

fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{} {}", output.status, said.lines().next().unwrap_or_default()))
    }
}

/// The same for a program that complains and tells all the same.
fn told(program: &str, arguments: &[&str]) -> Result<Value, String> {
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

fn json(program: &str, arguments: &[&str]) -> Result<Value, String> {
    serde_json::from_str(&run(program, arguments)?).map_err(|error| error.to_string())
}

fn rows(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn ip() -> Result<Fields, String> {
    let mut fields = Fields::new();
    for link in rows(&json("ip", &["-j", "-d", "addr"])?) {
        let name = text(&link["ifname"]);
        let mut put =
            |field: &str, value: String| fields.insert(format!("interface.{name}.{field}"), value);
        put("mtu", text(&link["mtu"]));
        put("state", text(&link["operstate"]).to_lowercase());
        if link["link_type"] == "ether" {
            put("mac", text(&link["address"]));
        }
        put("master", text(&link["master"]));
        let up = rows(&link["flags"]).any(|flag| flag == "UP");
        put("enabled", up.to_string());
        for address in rows(&link["addr_info"]) {
            fields.insert(
                format!("address.{name}.{}", text(&address["local"])),
                text(&address["prefixlen"]),
            );
        }
    }
    for family in ["-4", "-6"] {
        for route in rows(&json("ip", &["-j", family, "route"])?) {
            let everything = if family == "-4" { "0.0.0.0/0" } else { "::/0" };
            let to = text(&route["dst"]).replace("default", everything);
            let key = format!("route.{to}.{}", text(&route["dev"]));
            fields.insert(key, format!("{} {}", text(&route["gateway"]), text(&route["metric"])));
        }
    }
    for neighbour in rows(&json("ip", &["-j", "neigh"])?) {
        let key = format!("neighbour.{}.{}", text(&neighbour["dev"]), text(&neighbour["dst"]));
        let state = rows(&neighbour["state"]).next().map(text).unwrap_or_default().to_lowercase();
        fields.insert(key, format!("{} {state}", text(&neighbour["lladdr"])));
    }
    fields.retain(|_, value| !value.is_empty());
    Ok(fields)
}

/// `tcp LISTEN 0 128 192.0.2.10:4711 0.0.0.0:* users:(("x",pid=1,fd=3))`
fn ss() -> Result<Fields, String> {
    let mut fields = Fields::new();
    for line in run("ss", &["-Htlnp"])?.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let Some((address, port)) = words.get(3).and_then(|place| place.rsplit_once(':')) else {
            continue;
        };
        let address = address.trim_matches(['[', ']']).split('%').next().unwrap_or(address);
        let address = if address == "*" { "::" } else { address };
        let process = words.iter().find_map(|word| word.split("((\"").nth(1)?.split('"').next());
        fields.insert(format!("port.tcp.{address}.{port}"), process.unwrap_or_default().to_owned());
    }
    Ok(fields)
}

fn lsblk() -> Result<Fields, String> {
    let mut fields = Fields::new();
    let answer =
        json("lsblk", &["-J", "-b", "-d", "-o", "NAME,SIZE,TYPE,RO,RM,MODEL,SERIAL,ROTA"])?;
    for disk in rows(&answer["blockdevices"]).filter(|disk| disk["type"] == "disk") {
        let name = text(&disk["name"]);
        for (theirs, ours) in [
            ("size", "size_bytes"),
            ("ro", "read_only"),
            ("rm", "removable"),
            ("model", "model"),
            ("serial", "serial"),
        ] {
            let value = text(&disk[theirs]);
            if !value.is_empty() {
                fields.insert(format!("disk.{name}.{ours}"), value);
            }
        }
        let media = if disk["rota"] == true { "hdd" } else { "ssd" };
        fields.insert(format!("disk.{name}.media"), media.to_owned());
    }
    Ok(fields)
}

fn findmnt() -> Result<Fields, String> {
    let mut fields = Fields::new();
    let answer =
        json("findmnt", &["-J", "-b", "-l", "--real", "-o", "TARGET,SOURCE,FSTYPE,SIZE,OPTIONS"])?;
    for mount in rows(&answer["filesystems"]) {
        let at = text(&mount["target"]);
        let source = text(&mount["source"]);
        // A folder of a device that is mounted elsewhere.
        fields.insert(
            format!("filesystem.{at}.source"),
            source.split('[').next().unwrap_or_default().to_owned(),
        );
        fields.insert(format!("filesystem.{at}.kind"), text(&mount["fstype"]));
        fields.insert(format!("filesystem.{at}.size_bytes"), text(&mount["size"]));
        let read_only = text(&mount["options"]).split(',').any(|option| option == "ro");
        fields.insert(format!("filesystem.{at}.read_only"), read_only.to_string());
    }
    Ok(fields)
}

fn lscpu() -> Result<Fields, String> {
    let mut fields = Fields::new();
    let answer = json("lscpu", &["-J", "-B"])?;
    let mut waiting: Vec<Value> = answer["lscpu"].as_array().cloned().unwrap_or_default();
    while let Some(row) = waiting.pop() {
        waiting.extend(row["children"].as_array().cloned().unwrap_or_default());
        let value = text(&row["data"]);
        let field = match row["field"].as_str().unwrap_or_default() {
            "Architecture:" => "architecture",
            "CPU(s):" => "threads",
            "Vendor ID:" => "vendor",
            "Model name:" => "model",
            "Socket(s):" => "sockets",
            "L1d:" | "L1d cache:" => "cache1d",
            "L1i:" | "L1i cache:" => "cache1i",
            "L2:" | "L2 cache:" => "cache2",
            "L3:" | "L3 cache:" => "cache3",
            _ => continue,
        };
        // "65536 (2 instances)"
        let value = if field.starts_with("cache") {
            value.split(' ').next().unwrap_or_default().to_owned()
        } else {
            value
        };
        fields.insert(format!("cpu.{field}"), value);
    }
    Ok(fields)
}

fn dpkg() -> Result<Fields, String> {
    let format = "${db:Status-Status}\t${Package}\t${Architecture}\t${Version}\n";
    let answer = run("dpkg-query", &["-W", "-f", format])?;
    let package = |line: &str| {
        let mut words = line.split('\t');
        let (state, name, arch, version) =
            (words.next()?, words.next()?, words.next()?, words.next()?);
        (state == "installed").then(|| (format!("package.{name}.{arch}"), version.to_owned()))
    };
    Ok(answer.lines().filter_map(package).collect())
}

fn systemctl() -> Result<Fields, String> {
    let answer = run(
        "systemctl",
        &["list-unit-files", "--root=/", "--type=service", "--no-legend", "--no-pager"],
    )?;
    let service = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let name = words.next()?.strip_suffix(".service")?;
        Some((format!("service.{name}"), words.next()?.to_owned()))
    };
    Ok(answer.lines().filter_map(service).collect())
}

fn getent() -> Result<Fields, String> {
    let mut fields = Fields::new();
    for line in run("getent", &["passwd"])?.lines() {
        let words: Vec<&str> = line.split(':').collect();
        if let [name, _, id, _, _, home, shell] = words[..] {
            fields.insert(format!("user.{name}"), format!("{id} {home} {shell}"));
        }
    }
    for line in run("getent", &["group"])?.lines() {
        let words: Vec<&str> = line.split(':').collect();
        if let [name, _, id, members] = words[..] {
            let mut members: Vec<&str> = members.split(',').collect();
            members.sort_unstable();
            fields.insert(format!("group.{name}"), format!("{id} {}", members.join(",")));
        }
    }
    Ok(fields)
}

fn lshw() -> Result<Fields, String> {
    let mut fields = Fields::new();
    let mut waiting = vec![json("lshw", &["-json"])?];
    while let Some(node) = waiting.pop() {
        if let Value::Array(nodes) = node {
            waiting.extend(nodes);
            continue;
        }
        waiting.extend(node["children"].as_array().cloned().unwrap_or_default());
        let class = text(&node["class"]);
        let place = text(&node["businfo"]);
        let first = |value: &Value| match value {
            Value::Array(names) => names.first().map(text).unwrap_or_default(),
            one => text(one),
        };
        match class.as_str() {
            "processor" => drop(fields.insert("cpu.model".to_owned(), text(&node["product"]))),
            "memory" if node["id"] == "memory" => {
                fields.insert("memory.total_bytes".to_owned(), text(&node["size"]));
            }
            "network" if !node["logicalname"].is_null() => {
                let name = first(&node["logicalname"]);
                fields.insert(format!("interface.{name}.mac"), text(&node["serial"]));
                fields.insert(
                    format!("interface.{name}.driver"),
                    text(&node["configuration"]["driver"]),
                );
            }
            _ => {}
        }
        if let Some(address) = place.strip_prefix("pci@") {
            fields
                .insert(format!("device.{address}.driver"), text(&node["configuration"]["driver"]));
        }
    }
    fields.retain(|_, value| !value.is_empty());
    Ok(fields)
}

fn facter() -> Result<Fields, String> {
    let facts = told("facter", &["--json", "--log-level", "none"])?;
    let mut fields = Fields::new();
    let mut put = |field: &str, value: &Value| {
        if !value.is_null() {
            fields.insert(field.to_owned(), text(value));
        }
    };
    put("kernel.name", &facts["kernel"]);
    put("kernel.release", &facts["kernelrelease"]);
    put("os.hostname", &facts["networking"]["hostname"]);
    put("os.name", &facts["os"]["distro"]["description"]);
    put("os.codename", &facts["os"]["distro"]["codename"]);
    put("os.release", &facts["os"]["release"]["full"]);
    put("os.version", &facts["os"]["release"]["major"]);
    put("os.architecture", &facts["os"]["hardware"]);
    put("os.timezone", &facts["timezone"]);
    put("cpu.model", &facts["processors"]["models"][0]);
    put("cpu.threads", &facts["processors"]["count"]);
    put("cpu.sockets", &facts["processors"]["physicalcount"]);
    put("memory.total_bytes", &facts["memory"]["system"]["total_bytes"]);
    put("system.vendor", &facts["dmi"]["manufacturer"]);
    put("system.model", &facts["dmi"]["product"]["name"]);
    put("system.serial", &facts["dmi"]["product"]["serial_number"]);
    put("system.virtual_machine", &facts["virtual"]);
    for (name, disk) in facts["disks"].as_object().into_iter().flatten() {
        put(&format!("disk.{name}.size_bytes"), &disk["size_bytes"]);
        put(&format!("disk.{name}.model"), &disk["model"]);
    }
    for (name, link) in facts["networking"]["interfaces"].as_object().into_iter().flatten() {
        put(&format!("interface.{name}.mac"), &link["mac"]);
        put(&format!("interface.{name}.mtu"), &link["mtu"]);
        for address in rows(&link["bindings"]).chain(rows(&link["bindings6"])) {
            let mask = text(&address["netmask"]);
            let bits: u32 = match mask.parse() {
                Ok(std::net::IpAddr::V4(mask)) => u32::from(mask).count_ones(),
                Ok(std::net::IpAddr::V6(mask)) => u128::from(mask).count_ones(),
                Err(_) => continue,
            };
            put(&format!("address.{name}.{}", text(&address["address"])), &bits.into());
        }
    }
    Ok(fields)
}

/// Paragraphs of `Name: value`, each of one thing.
fn hwinfo() -> Result<Fields, String> {
    let mut fields = Fields::new();
    let answer = run("hwinfo", &["--netcard", "--cpu", "--disk", "--memory"])?;
    for thing in answer.split("\n\n") {
        let of = |name: &str| {
            let value = thing
                .lines()
                .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(": "))?;
            Some(value.trim_matches('"').to_owned())
        };
        match (of("Hardware Class").as_deref(), of("Device File")) {
            (Some("network"), Some(name)) => {
                if let Some(mac) = of("HW Address") {
                    fields.insert(format!("interface.{name}.mac"), mac);
                }
                if let Some(driver) = of("Driver") {
                    fields.insert(format!("interface.{name}.driver"), driver);
                }
            }
            (Some("cpu"), _) => {
                if let Some(vendor) = of("Vendor") {
                    fields.insert("cpu.vendor".to_owned(), vendor);
                }
                if let Some(model) = of("Model") {
                    let model = model.split('"').nth(1).unwrap_or(&model).to_owned();
                    fields.insert("cpu.model".to_owned(), model);
                }
            }
            (Some("disk"), Some(path)) => {
                let name = path
                    .trim_start_matches("/dev/")
                    .split(' ')
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                // "Size: 536870912 sectors a 512 bytes"
                let size = of("Size").and_then(|size| {
                    let numbers: Vec<u64> =
                        size.split(' ').filter_map(|word| word.parse().ok()).collect();
                    Some(numbers.first()? * numbers.get(1)?)
                });
                if let Some(size) = size {
                    fields.insert(format!("disk.{name}.size_bytes"), size.to_string());
                }
            }
            _ => {}
        }
    }
    Ok(fields)
}

/// Its JSON has numbers before each name: `001#0#2#arch`.
fn inxi() -> Result<Fields, String> {
    let answer =
        json("inxi", &["--tty", "-Fxxz", "-c0", "--output", "json", "--output-file", "print"])?;
    let mut fields = Fields::new();
    for room in rows(&answer) {
        for (name, things) in room.as_object().into_iter().flatten() {
            let room = name.rsplit('#').next().unwrap_or(name);
            for thing in rows(things) {
                let of = |wanted: &str| {
                    let things = thing.as_object()?;
                    let (_, value) =
                        things.iter().find(|(name, _)| name.rsplit('#').next() == Some(wanted))?;
                    Some(text(value))
                        .filter(|value| !matches!(value.as_str(), "N/A" | "" | "<filter>"))
                };
                let mut put = |field: &str, value: Option<String>| {
                    if let Some(value) = value {
                        fields.insert(field.to_owned(), value);
                    }
                };
                match room {
                    "System" => {
                        put("kernel.release", of("Kernel"));
                        put("os.name", of("Distro"));
                        put("os.architecture", of("arch"));
                    }
                    "CPU" => put("cpu.model", of("model")),
                    "Network" => {
                        if let Some(name) = of("IF-ID").or_else(|| of("IF")) {
                            put(&format!("interface.{name}.state"), of("state"));
                        }
                    }
                    "Partition" => {
                        if let Some(at) = of("ID") {
                            put(&format!("filesystem.{at}.source"), of("dev"));
                            put(&format!("filesystem.{at}.kind"), of("fs"));
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(fields)
}

fn dmidecode() -> Result<Fields, String> {
    let mut fields = Fields::new();
    for (word, field) in [
        ("system-manufacturer", "vendor"),
        ("system-product-name", "model"),
        ("system-serial-number", "serial"),
        ("system-uuid", "uuid"),
    ] {
        let answer = run("dmidecode", &["-s", word])?;
        let value = answer
            .lines()
            .find(|line| !line.starts_with('#'))
            .unwrap_or_default()
            .trim()
            .to_owned();
        if !value.is_empty() {
            fields.insert(format!("system.{field}"), value);
        }
    }
    if fields.is_empty() { Err("no SMBIOS tables can be read".to_owned()) } else { Ok(fields) }
}
