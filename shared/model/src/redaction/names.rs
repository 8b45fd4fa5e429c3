//! Which names (of settings, flags, headers, fields) stand before a secret.

use super::Secret;

/// A name's last word that makes it speak *of* a secret rather than be followed by one.
const ABOUT: &[&str] = &[
    "age",
    "agent",
    "algorithm",
    "attempts",
    "auth",
    "authentication",
    "change",
    "changed",
    "cmd",
    "command",
    "count",
    "dir",
    "directory",
    "enabled",
    "endpoint",
    "env",
    "expire",
    "expires",
    "expiry",
    "fd",
    "field",
    "file",
    "filename",
    "format",
    "header",
    "helper",
    "id",
    "issuer",
    "len",
    "length",
    "limit",
    "manager",
    "max",
    "method",
    "min",
    "mode",
    "name",
    "path",
    "policy",
    "program",
    "prompt",
    "provider",
    "required",
    "size",
    "status",
    "store",
    "support",
    "timeout",
    "ttl",
    "type",
    "uri",
    "url",
    "user",
    "username",
    "version",
];

/// What a `key` is of, if it is secret.
const KEYS: &[&str] = &[
    "access",
    "account",
    "activation",
    "aes",
    "api",
    "app",
    "auth",
    "client",
    "deploy",
    "encryption",
    "hmac",
    "license",
    "master",
    "preshared",
    "private",
    "product",
    "recovery",
    "secret",
    "security",
    "service",
    "session",
    "shared",
    "signing",
    "storage",
    "subscription",
];

/// The secret that a value behind this name would be.
pub(super) fn secret(name: &str) -> Option<Secret> {
    if name.len() > 64 || !suspicious(name) {
        return None;
    }
    let mut words = words(name);
    while words.last().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit())) {
        words.pop();
    }
    let last = words.last()?.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let before = words.len().checked_sub(2).map(|index| words[index].as_str());
    match last {
        "pwd" | "pw" | "passwd" | "pass" | "bindpw" | "rootpw" | "passin" | "passout"
        | "passcode" => {
            return Some(Secret::Password);
        }
        "psk" | "wpapsk" | "sharedkey" | "jwt" | "otp" | "credential" | "credentials" => {
            return Some(Secret::Token);
        }
        "cookie" => return Some(Secret::Cookie),
        "key" if before.is_some_and(|before| KEYS.contains(&before)) => return Some(Secret::Key),
        "authorization" => return Some(Secret::Token),
        _ => {}
    }
    if ["apikey", "accesskey", "secretkey", "privatekey", "accountkey"]
        .iter()
        .any(|ending| last.ends_with(ending))
    {
        return Some(Secret::Key);
    }
    if last.ends_with("token") {
        return Some(Secret::Token);
    }
    if ABOUT.contains(&last) {
        return None;
    }
    for word in &words {
        if ["password", "passwd", "passphrase", "passwort"].iter().any(|stem| word.ends_with(stem))
        {
            return Some(Secret::Password);
        }
        if word.ends_with("secret") {
            return Some(Secret::Token);
        }
    }
    None
}

/// Names that stand before a secret in a URL's query only.
pub(super) fn secret_in_query(name: &str) -> Option<Secret> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "sig" | "signature" | "x-amz-signature" | "x-goog-signature" | "code" | "auth" | "sid"
        | "sessionid" | "ticket" | "x-amz-credential" => Some(Secret::Token),
        "key" => Some(Secret::Key),
        _ => None,
    }
}

/// Whether it is worth taking the name apart.
fn suspicious(name: &str) -> bool {
    const STEMS: [&[u8]; 9] =
        [b"pass", b"pw", b"secret", b"token", b"key", b"cred", b"auth", b"psk", b"cookie"];
    let has = |stem: &[u8]| {
        name.as_bytes().windows(stem.len()).any(|window| window.eq_ignore_ascii_case(stem))
    };
    STEMS.iter().any(|stem| has(stem)) || has(b"jwt") || has(b"otp")
}

/// The words of `snake_case`, `kebab-case`, `dotted.names` and `camelCase`, lower case.
fn words(name: &str) -> Vec<String> {
    let bytes = name.as_bytes();
    let mut words = Vec::new();
    let mut word = String::new();
    for (index, &byte) in bytes.iter().enumerate() {
        if !byte.is_ascii_alphanumeric() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            continue;
        }
        let humps = byte.is_ascii_uppercase()
            && index > 0
            && (bytes[index - 1].is_ascii_lowercase()
                || bytes.get(index + 1).is_some_and(u8::is_ascii_lowercase)
                    && bytes[index - 1].is_ascii_uppercase());
        if humps && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.push(char::from(byte.to_ascii_lowercase()));
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
