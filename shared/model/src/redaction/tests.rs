//! Real-looking secrets, harmless look-alikes, and texts that nobody thought of.
//!
//! Secrets of well-known shapes are put together from parts, so that scanners of this repository
//! have nothing to find.

use proptest::prelude::*;

use super::*;

fn text(text: &str) -> String {
    Redactor::default().text(text).to_string()
}

fn line(line: &str) -> String {
    Redactor::default().command_line(line).to_string()
}

fn tail(length: usize) -> String {
    "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC".chars().cycle().take(length).collect()
}

#[test]
fn values_behind_secret_names_are_hidden() {
    for (secret, hidden) in [
        ("DB_PASSWORD=hunter2", "DB_PASSWORD=[redacted:password]"),
        ("Environment=\"DB_PASS=p w\" A=b", "Environment=\"DB_PASS=[redacted:password] w\" A=b"),
        ("password: hunter2", "password: [redacted:password]"),
        ("password = 'hun ter2' x", "password = '[redacted:password]' x"),
        (
            r#"{"password":"a\"b","user":"bob"}"#,
            r#"{"password":"[redacted:password]","user":"bob"}"#,
        ),
        (
            r#"body: {\"clientSecret\":\"abc\",\"n\":1}"#,
            r#"body: {\"clientSecret\":\"[redacted:token]\",\"n\":1}"#,
        ),
        (
            "Server=db;User Id=sa;Password=p@ss,w0rd;Encrypt=yes",
            "Server=db;User Id=sa;Password=[redacted:password];Encrypt=yes",
        ),
        ("AccountName=a;AccountKey=abc+/def==;X=y", "AccountName=a;AccountKey=[redacted:key];X=y"),
        ("apiKey=abc123, region=eu", "apiKey=[redacted:key], region=eu"),
        ("login(user=bob, passwd=secret)", "login(user=bob, passwd=[redacted:password])"),
        ("password => 'x1y2'", "password => '[redacted:password]'"),
        ("<Password>hunter2</Password>", "<Password>[redacted:password]</Password>"),
        ("-e MYSQL_ROOT_PASSWORD=x -e A=b", "-e MYSQL_ROOT_PASSWORD=[redacted:password] -e A=b"),
        ("recovery_password=Tr0ub4dor&3", "recovery_password=[redacted:password]"),
        ("wpa-psk=correcthorse", "wpa-psk=[redacted:token]"),
        ("SECRET_KEY_BASE=0123abc", "SECRET_KEY_BASE=[redacted:token]"),
        (
            "CREATE USER a IDENTIFIED BY 'tops3cret'",
            "CREATE USER a IDENTIFIED BY '[redacted:password]'",
        ),
        ("token: 8d7f6a5b4c3d2e1f", "token: [redacted:token]"),
        ("passwort=grün süß", "passwort=[redacted:password] süß"),
    ] {
        assert_eq!(text(secret), hidden);
    }
}

#[test]
fn headers_urls_and_query_strings_are_hidden() {
    for (secret, hidden) in [
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [redacted:token]"),
        (
            "-H 'Authorization: Bearer abc.def-123' x",
            "-H 'Authorization: Bearer [redacted:token]' x",
        ),
        ("sent bearer 0a1b2c3d4e5f", "sent bearer [redacted:token]"),
        ("Set-Cookie: sid=31d4d96e407aad42; Path=/", "Set-Cookie: [redacted:cookie]"),
        ("http://bob:hunter2@proxy:3128/", "http://bob:[redacted:password]@proxy:3128/"),
        ("postgres://bob:p/ss@db/x", "postgres://bob:[redacted:password]@db/x"),
        ("redis://:hunter2@cache:6379", "redis://:[redacted:password]@cache:6379"),
        ("https://0123456789abcdef@git.example/x", "https://[redacted:token]@git.example/x"),
        (
            "GET /a?user=bob&access_token=abc&x=1",
            "GET /a?user=bob&access_token=[redacted:token]&x=1",
        ),
        (
            "https://x.blob/a?sv=1&sig=Ab%2Bcd%3D&se=2",
            "https://x.blob/a?sv=1&sig=[redacted:token]&se=2",
        ),
        ("https://hooks.slack.com/services/T0000/B000/XXXXaaaa1111", "https://[redacted:token]"),
        (
            "root:tops3cret@tcp(127.0.0.1:3306)/db",
            "root:[redacted:password]@tcp(127.0.0.1:3306)/db",
        ),
    ] {
        assert_eq!(text(secret), hidden);
    }
}

#[test]
fn secrets_of_known_shape_are_hidden_wherever_they_stand() {
    let jwt =
        format!("{}{}.{}{}.{}", "ey", "JhbGciOiJIUzI1NiJ9", "ey", "JzdWIiOiIxMjM0In0", tail(20));
    for (secret, mark) in [
        (format!("{}{}", "AKI", "AIOSFODNN7EXAMPLE"), "[redacted:aws_key]"),
        (format!("{}{}", "ghp", format_args!("_{}", tail(36))), "[redacted:token]"),
        (format!("{}{}", "github", format_args!("_pat_{}", tail(40))), "[redacted:token]"),
        (format!("{}{}", "glpat", format_args!("-{}", tail(20))), "[redacted:token]"),
        (format!("{}{}", "xox", format_args!("b-{}", tail(30))), "[redacted:token]"),
        (format!("{}{}", "sk_li", format_args!("ve_{}", tail(24))), "[redacted:key]"),
        (format!("{}{}", "AIz", format_args!("a{}", tail(35))), "[redacted:key]"),
        (jwt, "[redacted:jwt]"),
    ] {
        assert_eq!(text(&format!("got <{secret}>, then left")), format!("got <{mark}>, then left"));
    }
    let key = format!(
        "-----BEGIN OPENSSH {0}-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH {0}-----",
        "PRIVATE KEY"
    );
    assert_eq!(text(&format!("a {key} z")), "a [redacted:private_key] z");
    let cut = format!("-----BEGIN RSA {}-----\\nMIIEow", "PRIVATE KEY");
    assert_eq!(text(&cut), "[redacted:private_key]");
}

#[test]
fn commands_hide_what_follows_a_flag() {
    for (command, hidden) in [
        (&["tool", "--password", "hunter2", "go"][..], "tool --password [redacted:password] go"),
        (&["tool", "--password=a b&c", "go"], "tool --password=[redacted:password] go"),
        (
            &["/usr/bin/mysql", "-u", "root", "-phunter2", "db"],
            "/usr/bin/mysql -u root -p[redacted:password] db",
        ),
        (&["sshpass", "-p", "x y", "ssh", "host"], "sshpass -p [redacted:password] ssh host"),
        (&["curl", "-u", "bob:hunter2", "https://x"], "curl -u bob:[redacted:password] https://x"),
        (&["smbclient", "//srv/x", "-U", "bob%pw"], "smbclient //srv/x -U bob%[redacted:password]"),
        (
            &["java", "-Djavax.net.ssl.keyStorePassword=abc"],
            "java -Djavax.net.ssl.keyStorePassword=[redacted:password]",
        ),
        (&["xfreerdp", "/u:bob", "/p:hunter2"], "xfreerdp /u:bob /p:[redacted:password]"),
        (&["bash", "-c", "mysql -phunter2 < x"], "bash -c mysql -p[redacted:password] < x"),
    ] {
        let redactor = Redactor::default();
        assert_eq!(redactor.command(command.iter().copied()).as_str(), hidden);
        assert_eq!(redactor.count(), 1, "{hidden}");
    }
    assert_eq!(
        line("ExecStart=/bin/x --api-key 'abc 1' -v"),
        "ExecStart=/bin/x --api-key '[redacted:key]' -v"
    );
}

#[test]
fn harmless_look_alikes_survive() {
    for harmless in [
        "Failed password for root from 192.0.2.7 port 22 ssh2",
        "pam_unix(sshd:auth): authentication failure; logname= uid=0 tty=ssh",
        "root : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/usr/bin/id",
        "--password-file /etc/x.pw --token-endpoint https://a.example/t",
        "password_min_length=12 max_tokens=4096 keyboard=de key=value",
        "syntax error near unexpected token `('",
        "unexpected token: end of input",
        "Bearer authentication required",
        "token_type=bearer expires_in=3600",
        "option --password requires an argument",
        "sshd: Accepted publickey for bob: ED25519 SHA256:Zx9YbC3kq0ZkJt8T",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "http://proxy.example:3128/a@b git@github.com:befund/befund.git",
        "ssh://git@example.com/x docker.io/nginx:1.25@sha256:31d4d96e",
        "monkey=banana tokenizer: bert passenger=7 compass=n turkey: 2",
        "DB_PASSWORD=${DB_PASSWORD} TOKEN=$TOKEN password=**** secret=",
        "/usr/lib/systemd/systemd-ask-password --wall",
        "tls-client-key=/etc/ssl/private/k.pem",
        "mysql -u root -p",
        "grep -p foo; mkdir -p /srv/x; ssh -p 2222 host",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "npm_config_cache=/tmp sk-learn task-force eyJ",
    ] {
        let redactor = Redactor::default();
        assert_eq!(redactor.text(harmless).as_str(), harmless);
        assert_eq!(redactor.command_line(harmless).as_str(), harmless);
        assert_eq!(redactor.count(), 0, "{harmless}");
    }
}

#[test]
fn what_a_collector_hides_is_counted() {
    let redactor = Redactor::default();
    assert_eq!(
        redactor.text("password=a token=b1b2b3b4b5 nothing=else").as_str(),
        "password=[redacted:password] token=[redacted:token] nothing=else"
    );
    assert_eq!(redactor.text("plain").as_str(), "plain");
    assert_eq!(redactor.count(), 2);
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "password",
            "=",
            ":",
            " ",
            "\"",
            "'",
            "\\",
            "://",
            "@",
            "-p",
            "--token",
            "bearer ",
            "mysql ",
            "curl -u ",
            ",",
            ";",
            "&",
            "?sig=",
            "[redacted:password]",
            "[redacted:",
            "]",
            "eyJhbGciOiJI",
            ".",
            "AKIA",
            "ghp_",
            "-----BEGIN ",
            "PRIVATE KEY",
            "-----END ",
            "\n",
            "é",
            "\u{1F600}",
            "Authorization: ",
            "cookie:",
            "(",
            ")",
            "%",
            "/p:",
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z0-9]{1,20}",
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn redacting_twice_changes_nothing(sample in pieces()) {
        let redactor = Redactor::default();
        let once = redactor.text(&sample);
        let count = redactor.count();
        prop_assert_eq!(&redactor.text(once.as_str()), &once);
        let line = redactor.command_line(&sample);
        prop_assert_eq!(&redactor.command_line(line.as_str()), &line);
        prop_assert_eq!(count > 0, once.as_str() != sample);
    }

    #[test]
    fn a_password_behind_its_name_never_survives(name in "[a-z]{0,6}_?(password|passwd|passphrase)", value in "[A-Za-z0-9!#%+/=]{6,30}") {
        let hidden = text(&format!("x {name}={value} y"));
        prop_assert!(!hidden.contains(&value), "{}", hidden);
        let hidden = Redactor::default().command(["t", &format!("--{name}"), &value]).to_string();
        prop_assert!(!hidden.contains(&value), "{}", hidden);
    }

    #[test]
    fn commands_of_any_arguments_do_not_panic(arguments in prop::collection::vec(pieces(), 0..6)) {
        let redactor = Redactor::default();
        let once = redactor.command(arguments.iter().map(String::as_str));
        prop_assert_eq!(&redactor.command_line(once.as_str()), &once);
    }
}

#[test]
fn hostile_texts_take_time_in_proportion_to_their_length() {
    for piece in ["://", "password=", "eyJ", "-----BEGIN ", "\"", "a:b@tcp(", "ghp_", "--token "] {
        let many = piece.repeat(20_000);
        assert!(text(&many).len() <= many.len() * 20, "{piece}");
    }
}
