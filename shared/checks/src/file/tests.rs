//! What an author is told.

use super::*;

fn problems(text: &str) -> String {
    let problems = read(text).expect_err("something is wrong");
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

fn check(lines: &str) -> String {
    let text = |name: &str| format!("{name} = {{ en = \"x\", de = \"x\" }}\n");
    let texts: String =
        ["title", "explanation", "user", "remedy"].iter().map(|name| text(name)).collect();
    format!("[[check]]\nid = \"a.b\"\nversion = 1\ncategory = \"x\"\n{texts}{lines}\n")
}

#[test]
fn a_check_is_read_with_the_sections_that_it_needs() {
    let text = check("warn = \"filesystems_usage.filesystems.exists(f, f.size_bytes > now)\"");
    let checks = read(&text).expect("a check");
    assert_eq!(checks[0].sections().into_iter().collect::<Vec<_>>(), ["filesystems_usage"]);
}

#[test]
fn problems_point_at_the_place() {
    let twice = format!("{}{}", check("warn = \"true\""), check("warn = \"true\""));
    let nested = "warn = \"[1].all(a, [1].all(b, [1].all(c, true)))\"";
    let told = [
        check("warn = \"1 +\""),
        check("warn = \"filesystem.x == 1\""),
        check("warn = '''\n  true &&\n  filesystem.x == 1'''"),
        check("warm = \"true\""),
        check(""),
        check("warn = \"true\"\nreferences = [\"http://x\"]"),
        twice,
        check(nested),
        check("warn = \"open('/etc/passwd')\""),
    ]
    .map(|text| problems(&text))
    .concat();
    insta::assert_snapshot!(told, @r###"
    9:12: it is not CEL: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}
    9:9: there is no section `filesystem`: did you mean `filesystems`?
    11:3: there is no section `filesystem`: did you mean `filesystems`?
    9:1: unknown field `warm`, expected one of `id`, `version`, `title`, `category`, `applies`, `fail`, `warn`, `evidence`, `explanation`, `user`, `remedy`, `references`
    1:1: the check can neither fail nor warn: give it `fail` or `warn`
    10:15: a reference is an https address
    11:6: there are two checks "a.b"
    9:38: more than 2 macros stand in one another: split it
    9:13: there is no function `open`
    "###);
}
