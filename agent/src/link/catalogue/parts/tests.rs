//! The reader of parts: by example, and against a second account of what may come.

use proptest::prelude::*;

use super::*;

fn head(kind: Kind, path: &str, length: usize) -> v1::CataloguePart {
    let length = u32::try_from(length).expect("short");
    let head = v1::CatalogueHead { kind: kind.into(), path: path.into(), length };
    v1::CataloguePart { body: Some(Body::Head(head)) }
}

fn chunk(bytes: &[u8]) -> v1::CataloguePart {
    v1::CataloguePart { body: Some(Body::Chunk(bytes::Bytes::copy_from_slice(bytes))) }
}

/// A thing as a controller sends it.
fn thing(kind: Kind, path: &str, bytes: &[u8]) -> Vec<v1::CataloguePart> {
    let chunks = bytes.chunks(CHUNK_BYTES).map(chunk);
    std::iter::once(head(kind, path, bytes.len())).chain(chunks).collect()
}

/// The parts of these items.
fn sent(items: &[Item]) -> Vec<v1::CataloguePart> {
    let signed = |kind, signature, signed: &Signed| {
        let signatures = signed.signatures.iter();
        let signatures = signatures.flat_map(move |text| thing(signature, "", text.as_bytes()));
        thing(kind, "", &signed.bytes).into_iter().chain(signatures).collect::<Vec<_>>()
    };
    items
        .iter()
        .flat_map(|item| match item {
            Item::Root(root) => signed(Kind::Root, Kind::RootSignature, root),
            Item::Manifest(manifest) => signed(Kind::Manifest, Kind::Signature, manifest),
            Item::File { path, bytes } => thing(Kind::File, path, bytes),
        })
        .collect()
}

fn read(parts: impl IntoIterator<Item = v1::CataloguePart>) -> Result<Vec<Item>, Broken> {
    let mut reader = Reader::default();
    let mut items = Vec::new();
    for part in parts {
        items.extend(reader.take(part)?);
    }
    items.extend(reader.end()?);
    Ok(items)
}

fn signed(bytes: &[u8], signatures: &[&str]) -> Signed {
    let signatures = signatures.iter().map(|text| (*text).to_owned()).collect();
    Signed { bytes: bytes.to_vec(), signatures }
}

#[test]
fn roots_a_manifest_and_files_come_out_as_they_went_in() {
    let items = vec![
        Item::Root(signed(&[1; 9_000], &["one", "two"])),
        Item::Root(signed(b"next", &["three"])),
        Item::Manifest(signed(b"{}", &["four"])),
        Item::File { path: "empty".into(), bytes: Vec::new() },
        Item::File { path: "net/a.yaml".into(), bytes: vec![7; 5_000] },
    ];
    assert_eq!(read(sent(&items)), Ok(items));
    assert_eq!(read([]), Ok(Vec::new()), "nothing to hand out");
    let root = vec![Item::Root(signed(b"alone", &[]))];
    assert_eq!(read(sent(&root)), Ok(root));
}

#[test]
fn what_is_out_of_order_is_named() {
    let file = || thing(Kind::File, "a", b"x");
    let manifest = || thing(Kind::Manifest, "", b"{}");
    let root = || thing(Kind::Root, "", b"{}");
    for (parts, what) in [
        (file(), "a file"),
        (thing(Kind::Signature, "", b"s"), "a signature of the manifest"),
        (thing(Kind::RootSignature, "", b"s"), "a signature of a trust root"),
        ([manifest(), root()].concat(), "a trust root"),
        ([manifest(), manifest()].concat(), "a manifest"),
        ([root(), thing(Kind::Signature, "", b"s")].concat(), "a signature of the manifest"),
        (
            [manifest(), file(), thing(Kind::Signature, "", b"s")].concat(),
            "a signature of the manifest",
        ),
    ] {
        assert_eq!(read(parts), Err(Broken::OutOfOrder(what)));
    }
}

#[test]
fn sizes_and_counts_are_kept() {
    for (kind, most) in [
        (Kind::Root, MAX_ROOT_BYTES),
        (Kind::RootSignature, MAX_SIGNATURE_BYTES),
        (Kind::Manifest, MAX_MANIFEST_BYTES),
        (Kind::Signature, MAX_SIGNATURE_BYTES),
        (Kind::File, MAX_FILE_BYTES),
    ] {
        let path = if kind == Kind::File { "a" } else { "" };
        let told = read([head(kind, path, most + 1)]);
        assert!(
            matches!(told, Err(Broken::TooLarge { bytes, .. }) if bytes == most + 1),
            "{told:?}"
        );
    }
    let signatures = vec!["s"; MAX_SIGNATURES + 1];
    let many = vec![Item::Manifest(signed(b"{}", &signatures))];
    assert!(matches!(read(sent(&many)), Err(Broken::TooMany { most: MAX_SIGNATURES, .. })));
    let roots = vec![Item::Root(signed(b"{}", &[])); MAX_ROOTS + 1];
    assert!(matches!(read(sent(&roots)), Err(Broken::TooMany { most: MAX_ROOTS, .. })));
    let mut files = vec![Item::Manifest(signed(b"{}", &[]))];
    files.extend(vec![Item::File { path: "a".into(), bytes: Vec::new() }; MAX_FILES + 1]);
    assert!(matches!(read(sent(&files)), Err(Broken::TooMany { most: MAX_FILES, .. })));
    let mut large = vec![Item::Manifest(signed(b"{}", &[]))];
    large.extend(vec![Item::File { path: "a".into(), bytes: vec![0; MAX_FILE_BYTES] }; 16]);
    let told = read(sent(&large));
    assert!(matches!(told, Err(Broken::TooLarge { most, .. }) if most == MAX_FILE_BYTES - 2));
}

#[test]
fn chunks_are_those_that_were_announced() {
    let begun = || head(Kind::Manifest, "", 5);
    assert_eq!(read([chunk(b"x")]), Err(Broken::Chunk { bytes: 1, rest: 0 }));
    assert_eq!(read([begun(), chunk(b"")]), Err(Broken::Chunk { bytes: 0, rest: 5 }));
    assert_eq!(read([begun(), chunk(b"123456")]), Err(Broken::Chunk { bytes: 6, rest: 5 }));
    assert_eq!(
        read([begun(), chunk(b"12345"), chunk(b"6")]),
        Err(Broken::Chunk { bytes: 1, rest: 0 })
    );
    assert_eq!(read([begun(), chunk(b"12"), begun()]), Err(Broken::Short(3)));
    assert_eq!(read([begun(), chunk(b"12")]), Err(Broken::Short(3)));
    let large = [head(Kind::Manifest, "", 5_000), chunk(&[0; CHUNK_BYTES + 1])];
    assert_eq!(read(large), Err(Broken::Chunk { bytes: CHUNK_BYTES + 1, rest: 5_000 }));
}

#[test]
fn what_cannot_be_is_not_taken() {
    assert_eq!(read([v1::CataloguePart { body: None }]), Err(Broken::Unknown));
    assert_eq!(read([head(Kind::Unspecified, "", 1)]), Err(Broken::Unknown));
    assert_eq!(read([head(Kind::Root, "", 0)]), Err(Broken::Empty("a trust root")));
    assert_eq!(read([head(Kind::Root, "a", 1)]), Err(Broken::Path("a trust root")));
    assert_eq!(read([head(Kind::File, "", 1)]), Err(Broken::Path("a file")));
    let long = "x".repeat(MAX_PATH_BYTES + 1);
    assert_eq!(read([head(Kind::File, &long, 1)]), Err(Broken::Path("a file")));
    let bytes = [thing(Kind::Root, "", b"{}"), thing(Kind::RootSignature, "", &[0xff])].concat();
    assert_eq!(read(bytes), Err(Broken::NoText));
}

fn some_signed() -> impl Strategy<Value = Signed> {
    let bytes = proptest::collection::vec(any::<u8>(), 1..9_000);
    let signatures = proptest::collection::vec("[a-z\n]{1,60}", 0..4);
    (bytes, signatures).prop_map(|(bytes, signatures)| Signed { bytes, signatures })
}

fn some_items() -> impl Strategy<Value = Vec<Item>> {
    let roots = proptest::collection::vec(some_signed().prop_map(Item::Root), 0..3);
    let file = ("[a-z/]{1,20}", proptest::collection::vec(any::<u8>(), 0..9_000))
        .prop_map(|(path, bytes)| Item::File { path, bytes });
    let catalogue = (some_signed().prop_map(Item::Manifest), proptest::collection::vec(file, 0..4))
        .prop_map(|(manifest, files)| [vec![manifest], files].concat());
    let catalogue = proptest::option::of(catalogue).prop_map(Option::unwrap_or_default);
    (roots, catalogue).prop_map(|(roots, catalogue)| [roots, catalogue].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is handed out comes out as it went in.
    #[test]
    fn what_is_handed_out_comes_out(items in some_items()) {
        prop_assert_eq!(read(sent(&items)), Ok(items));
    }

    /// A stream that lacks a part, has one twice or two in another order breaks, or gives no more than was
    /// sent.
    #[test]
    fn a_damaged_stream_gives_no_more_than_was_sent(
        items in some_items(),
        at in any::<prop::sample::Index>(),
        how in 0..3_u8,
    ) {
        let mut parts = sent(&items);
        prop_assume!(!parts.is_empty());
        let at = at.index(parts.len());
        match how {
            0 => { parts.remove(at); }
            1 => parts.insert(at, parts[at].clone()),
            _ => { let other = (at + 1) % parts.len(); parts.swap(at, other); }
        }
        if let Ok(read) = read(parts) {
            prop_assert!(bytes_of(&read) <= bytes_of(&items));
        }
    }

    /// Whatever comes, nothing larger than the caps is held or given.
    #[test]
    fn anything_is_held_within_the_caps(
        parts in proptest::collection::vec((0..8_i32, 0..40_u32, 0..50_usize), 0..200),
    ) {
        let mut reader = Reader::default();
        let mut given = 0;
        for (kind, length, bytes) in parts {
            let path = if kind == 5 { "a".to_owned() } else { String::new() };
            let part = if kind < 6 {
                Body::Head(v1::CatalogueHead { kind, path, length })
            } else {
                Body::Chunk(vec![b'x'; bytes].into())
            };
            let Ok(items) = reader.take(v1::CataloguePart { body: Some(part) }) else { return Ok(()) };
            prop_assert!(items.len() <= 2);
            given += bytes_of(&items);
            prop_assert!(given <= reader.total);
        }
    }
}

/// How many bytes all things have.
fn bytes_of(items: &[Item]) -> usize {
    items
        .iter()
        .map(|item| match item {
            Item::Root(signed) | Item::Manifest(signed) => {
                signed.bytes.len() + signed.signatures.iter().map(String::len).sum::<usize>()
            }
            Item::File { bytes, .. } => bytes.len(),
        })
        .sum()
}
