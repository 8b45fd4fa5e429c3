//! Every target over its seeds, which hold each input that once broke it; and over the seeds cut
//! short, since a cut is what outside data suffers most.

use std::fs;
use std::path::{Path, PathBuf};

use befund_hostile::{TARGETS, run};

/// How many of each seed's beginnings are tried.
const CUTS: usize = 24;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = fuzz().join("seeds").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    let mut seeds: Vec<_> =
        paths.map(|path| (path.clone(), fs::read(path).expect("a readable seed"))).collect();
    seeds.sort();
    seeds
}

#[test]
fn no_seed_breaks_its_target() {
    for (target, _) in TARGETS {
        let seeds = seeds(target);
        assert!(!seeds.is_empty(), "{target} has no seeds");
        run(target, &[]);
        for (_, seed) in seeds {
            run(target, &seed);
            for cut in 1..CUTS {
                run(target, &seed[..seed.len() * cut / CUTS]);
            }
        }
    }
}

#[test]
fn every_target_has_its_program_and_no_other() {
    let mut programs: Vec<String> = fs::read_dir(fuzz().join("fuzz_targets"))
        .expect("the programs")
        .map(|entry| entry.expect("a readable folder").path())
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    programs.sort();
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(programs, names);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("the manifest");
    for name in names {
        assert!(manifest.contains(&format!("\nname = \"{name}\"\n")), "{name} is not built");
        let program = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs")));
        let called = format!("befund_hostile::run(\"{name}\", data)");
        assert!(program.expect("a program").contains(&called), "{name} runs another target");
    }
}
