//! Rules as they stand in Debian, Fedora, cloud images and handbooks.

use proptest::prelude::*;

use super::*;

fn rights(text: &str) -> (Vec<String>, Vec<String>, usize) {
    let mut rules = Rules::default();
    logical(text).iter().filter(|line| include(line).is_none()).for_each(|line| rules.line(line));
    let rights = rules.rights();
    let sorted = |names: BTreeSet<String>| names.into_iter().collect();
    (sorted(rights.administrators), sorted(rights.without_password), rules.lost)
}

#[test]
fn debians_own_rules_are_read() {
    let text = "Defaults\tenv_reset\nDefaults\tmail_badpass\nDefaults\tsecure_path=\"/usr/sbin:/usr/bin\"\n#Defaults:%sudo env_keep += \"http_proxy\"\n\n# User privilege specification\nroot\tALL=(ALL:ALL) ALL\n\n# Allow members of group sudo\n%sudo\tALL=(ALL:ALL) ALL\n\n@includedir /etc/sudoers.d\n";
    assert_eq!(rights(text), (vec!["%sudo".into(), "root".into()], vec![], 0));
}

#[test]
fn who_needs_no_password_is_told_apart() {
    let text = "root ALL=(ALL) ALL\nubuntu ALL=(ALL) NOPASSWD:ALL # cloud-init\n%wheel ALL=(ALL) PASSWD: ALL\nbackup ALL=(root) NOPASSWD: /usr/bin/rsync\nwww ALL=(www-data) NOPASSWD: ALL\nmix ALL=(ALL) ALL, NOPASSWD: /bin/x\nshell ALL=NOPASSWD: /bin/bash, /bin/ls\n";
    let (all, spared, lost) = rights(text);
    assert_eq!(all, ["%wheel", "mix", "root", "shell", "ubuntu"]);
    assert_eq!((spared, lost), (vec!["shell".to_owned(), "ubuntu".to_owned()], 0));
}

#[test]
fn aliases_hosts_and_continued_lines_are_followed() {
    let text = "User_Alias ADMINS = anna, %it : OPS = ADMINS, bert, !carla\nCmnd_Alias ALLES = ALL\nHost_Alias SERVERS = 192.0.2.0/24\nOPS \\\n  ALL = (ALL) \\\n  NOPASSWD: ALLES\ndora pc17=(ALL) ALL : ALL=(ALL) /bin/ls\nemil SERVERS=(ALL) ALL\n\"firma admins\" ALL=(ALL) ALL\n%firma\\ it ALL=(ALL) ALL\n";
    let (all, spared, lost) = rights(text);
    assert_eq!(all, ["%firma it", "%it", "anna", "bert", "emil", "firma admins"]);
    assert_eq!((spared, lost), (vec!["%it".to_owned(), "anna".to_owned(), "bert".to_owned()], 0));
}

#[test]
fn aliases_that_name_each_other_many_times_come_to_an_end() {
    // Twelve levels of sixteen each: gone into one by one, that were 2^48 names.
    let mut text: String = (0..12)
        .map(|at| format!("User_Alias A{at} = {}\n", vec![format!("A{}", at + 1); 16].join(",")))
        .collect();
    text.push_str("User_Alias A12 = anna, A0\nA0 ALL=(ALL) ALL\n");
    assert_eq!(rights(&text), (vec!["anna".into()], vec![], 0));
}

#[test]
fn defaults_spare_everybody_or_one() {
    let text = "Defaults:anna !authenticate\nanna ALL=(ALL) ALL\nbert ALL=(ALL) ALL\n";
    assert_eq!(rights(text).1, ["anna"]);
    let text = "Defaults !authenticate, env_reset\n%sudo ALL=(ALL) ALL\nroot ALL=(ALL) ALL\n";
    assert_eq!(rights(text).1, ["%sudo"]);
}

#[test]
fn doas_is_read_likewise() {
    let mut rights = Rights::default();
    doas(
        "# x\npermit persist :wheel\npermit nopass keepenv anna as root\npermit nopass bert as www\npermit nopass carla cmd apk\ndeny dora\n",
        &mut rights,
    );
    assert_eq!(rights.administrators.into_iter().collect::<Vec<_>>(), ["%wheel", "anna"]);
    assert_eq!(rights.without_password.into_iter().collect::<Vec<_>>(), ["anna"]);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(ALL|=|\\(|\\)|NOPASSWD:|User_Alias |Defaults|,|!|#|\\\\|\"|%|[a-z \n:]|\\PC){0,60}") {
        rights(&text);
        doas(&text, &mut Rights::default());
    }
}
