//! Property lists of both forms: those that Python's `plistlib` wrote of one value, and any bytes.

use proptest::prelude::*;

use super::*;

/// As `plistlib.dumps(…, fmt=FMT_BINARY)` writes
/// `{"Label": "com.example.a", "RunAtLoad": True, "n": -5, "big": 1099511627776, "x": 1.5,
/// "when": datetime(2024, 5, 1, 10), "d": b"\x86\x80", "ü": ["ä", {}]}`.
const BINARY: &str = "62706c6973743030d80102030405060708090a0b0c0d0e0f10554c6162656c5952756e41744c6f6164516e536269675178547768656e51646100fc5d636f6d2e6578616d706c652e610913fffffffffffffffb130000010000000000233ff80000000000003341c5f12510000000428680a211126100e4d008191f292b2f3136383b494a535c656e7174770000000000000101000000000000001300000000000000000000000000000078";

fn sample() -> Value {
    let text = |text: &str| Value::Text(text.into());
    let entries = [
        ("Label", text("com.example.a")),
        ("RunAtLoad", Value::Bool(true)),
        ("n", Value::Integer(-5)),
        ("big", Value::Integer(1 << 40)),
        ("x", Value::Real(1.5)),
        ("when", Value::Date("2024-05-01T10:00:00Z".parse().expect("a time"))),
        ("d", Value::Data(vec![0x86, 0x80])),
        ("ü", Value::List(vec![text("ä"), Value::Dict(Vec::new())])),
    ];
    Value::Dict(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn unhexed(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16);
    digits.chunks(2).map(|pair| byte(pair).expect("hexadecimal")).collect()
}

/// Writes the XML form.
fn written(value: &Value) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    match value {
        Value::Bool(flag) => format!("<{flag}/>"),
        Value::Integer(number) => format!("<integer>{number}</integer>"),
        Value::Real(number) => format!("<real>{number}</real>"),
        Value::Text(text) => format!("<string>{}</string>", escaped(text)),
        Value::Date(at) => format!("<date>{at}</date>"),
        Value::Data(_) => "<data>\n\thoA=\n\t</data>".into(),
        Value::List(items) => {
            let items: String = items.iter().map(written).collect();
            format!("<array>\n{items}</array>")
        }
        Value::Dict(entries) if entries.is_empty() => "<dict/>".into(),
        Value::Dict(entries) => {
            let entry = |(name, value): &(String, Value)| {
                format!("<key>{}</key>\n{}", escaped(name), written(value))
            };
            let entries: String = entries.iter().map(entry).collect();
            format!("<dict>{entries}</dict>")
        }
    }
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<!-- a <comment> -->";

#[test]
fn both_forms_say_the_same() {
    assert_eq!(Value::parse(&unhexed(BINARY)), Some(sample()));
    let text = format!("{HEAD}{}</plist>", written(&sample()));
    assert_eq!(Value::parse(text.as_bytes()), Some(sample()));
}

#[test]
fn numbers_and_texts_of_the_registry_are_read() {
    let text = "<plist><dict><key>vendor-id</key><data>axAAAA==</data><key>model</key><data>TWFjMTQsMgA=</data><key>n</key><integer>0xff</integer><key>u</key><integer>18446744073709551615</integer></dict></plist>";
    let value = Value::parse(text.as_bytes()).expect("a list");
    assert_eq!(value.little("vendor-id"), Some(0x106b));
    assert_eq!(value.told("model").as_deref(), Some("Mac14,2"));
    assert_eq!(value.number("n"), Some(255));
    assert_eq!((value.number("u"), value.size("u")), (Some(-1), None));
}

#[test]
fn hostile_lists_are_given_up() {
    let deep = "<array>".repeat(100_000);
    assert_eq!(Value::parse(deep.as_bytes()), None);
    assert_eq!(Value::parse(b"<plist><dict><key>a</key></dict></plist>"), None);
    assert_eq!(Value::parse(b"<plist><string>a"), None);
    assert_eq!(Value::parse(b""), None);
    // A list that holds itself twice.
    let mut bytes = b"bplist00".to_vec();
    bytes.extend([0xa2, 0, 0, 8]);
    bytes.extend([0, 0, 0, 0, 0, 0, 1, 1]);
    bytes.extend(1_u64.to_be_bytes());
    bytes.extend(0_u64.to_be_bytes());
    bytes.extend(11_u64.to_be_bytes());
    assert_eq!(Value::parse(&bytes), None);
    // The longest text that there could be.
    let mut bytes = b"bplist00".to_vec();
    bytes.extend([0x5f, 0x13, 255, 255, 255, 255, 255, 255, 255, 255, 8]);
    bytes.extend([0, 0, 0, 0, 0, 0, 1, 1]);
    bytes.extend(1_u64.to_be_bytes());
    bytes.extend(0_u64.to_be_bytes());
    bytes.extend(18_u64.to_be_bytes());
    assert_eq!(Value::parse(&bytes), None);
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Integer),
        "[^\\r\u{fffd}]{0,12}".prop_map(Value::Text),
        Just(Value::Data(vec![0x86, 0x80])),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::vec(("[a-z<&]{1,6}", inner), 0..4).prop_map(Value::Dict),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(value in values()) {
        let text = format!("{HEAD}{}</plist>", written(&value));
        prop_assert_eq!(Value::parse(text.as_bytes()), Some(value));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0_usize..400, with in any::<u8>()) {
        Value::parse(&bytes);
        Value::parse(&[b"bplist00".as_slice(), &bytes].concat());
        let mut damaged = unhexed(BINARY);
        let place = at % damaged.len();
        damaged[place] = with;
        Value::parse(&damaged);
        Value::parse(&damaged[..place]);
        let text = format!("{HEAD}{}</plist>", written(&sample()));
        let mut text = text.into_bytes();
        let place = at % text.len();
        text[place] = with;
        Value::parse(&text);
        Value::parse(&text[..place]);
    }
}
