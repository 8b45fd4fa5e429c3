//! Secrets that are known by their shape alone, wherever they stand.

use super::{Secret, Span};

/// Which bytes go on with a token.
#[derive(Clone, Copy)]
enum Alphabet {
    /// Letters and digits.
    Plain,
    /// And `_`, `-`.
    Url,
    /// And `.`.
    Dotted,
    /// And `/`, `:`.
    Path,
}

impl Alphabet {
    const fn has(self, byte: u8) -> bool {
        match self {
            Self::Plain => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
            Self::Path => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/' | b':'),
        }
    }
}

/// A prefix, the fewest bytes behind it, what they are made of, and what it is.
type Shape = (&'static str, usize, Alphabet, Secret);

#[rustfmt::skip]
const SHAPES: &[Shape] = &[
    ("AKIA",            16, Alphabet::Plain,  Secret::AwsKey),
    ("ASIA",            16, Alphabet::Plain,  Secret::AwsKey),
    ("ghp_",            20, Alphabet::Plain,  Secret::Token),   // GitHub
    ("gho_",            20, Alphabet::Plain,  Secret::Token),
    ("ghu_",            20, Alphabet::Plain,  Secret::Token),
    ("ghs_",            20, Alphabet::Plain,  Secret::Token),
    ("ghr_",            20, Alphabet::Plain,  Secret::Token),
    ("github_pat_",     20, Alphabet::Url,    Secret::Token),
    ("glpat-",          16, Alphabet::Dotted, Secret::Token),   // GitLab
    ("glrt-",           16, Alphabet::Dotted, Secret::Token),
    ("xoxb-",           10, Alphabet::Url,    Secret::Token),   // Slack
    ("xoxp-",           10, Alphabet::Url,    Secret::Token),
    ("xoxa-",           10, Alphabet::Url,    Secret::Token),
    ("xoxs-",           10, Alphabet::Url,    Secret::Token),
    ("xoxr-",           10, Alphabet::Url,    Secret::Token),
    ("xapp-",           10, Alphabet::Url,    Secret::Token),
    ("sk_live_",        16, Alphabet::Plain,  Secret::Key),     // Stripe
    ("sk_test_",        16, Alphabet::Plain,  Secret::Key),
    ("rk_live_",        16, Alphabet::Plain,  Secret::Key),
    ("sk-ant-",         20, Alphabet::Url,    Secret::Key),
    ("sk-proj-",        20, Alphabet::Url,    Secret::Key),
    ("sk-",             32, Alphabet::Plain,  Secret::Key),
    ("AIza",            35, Alphabet::Url,    Secret::Key),     // Google
    ("ya29.",           20, Alphabet::Dotted, Secret::Token),
    ("npm_",            30, Alphabet::Plain,  Secret::Token),
    ("pypi-",           40, Alphabet::Url,    Secret::Token),
    ("dop_v1_",         40, Alphabet::Plain,  Secret::Token),   // DigitalOcean
    ("hf_",             30, Alphabet::Plain,  Secret::Token),
    ("SG.",             40, Alphabet::Dotted, Secret::Key),     // SendGrid
    ("shpat_",          30, Alphabet::Plain,  Secret::Token),
    ("hvs.",            20, Alphabet::Url,    Secret::Token),   // Vault
    ("tskey-",          16, Alphabet::Url,    Secret::Key),     // Tailscale
    ("hooks.slack.com/services/",  16, Alphabet::Path, Secret::Token),
    ("discord.com/api/webhooks/",  16, Alphabet::Path, Secret::Token),
    ("api.telegram.org/bot",       16, Alphabet::Path, Secret::Token),
    ("AGE-SECRET-KEY-1",40, Alphabet::Plain,  Secret::PrivateKey),
];

/// How far a text is followed before it is known to be a secret.
const NEAR: usize = 1024;

/// Where such secrets stand.
pub(super) fn spans(text: &str) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut spans = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let begins = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
        let found = if begins { jwt(bytes, at).or_else(|| shape(bytes, at)) } else { None };
        match found {
            Some(span) => {
                at = span.end;
                spans.push(span);
            }
            None => at += 1,
        }
    }
    private_keys(text, &mut spans);
    spans
}

fn shape(bytes: &[u8], start: usize) -> Option<Span> {
    let rest = &bytes[start..];
    SHAPES.iter().find_map(|(prefix, fewest, alphabet, secret)| {
        let tail = rest.strip_prefix(prefix.as_bytes())?;
        let near = &tail[..tail.len().min(NEAR)];
        let length = near.iter().take_while(|byte| alphabet.has(**byte)).count();
        // A word in a sentence or a name of a file has no digit or no letter.
        let mixed = tail[..length].iter().any(u8::is_ascii_digit)
            || tail[..length].iter().any(u8::is_ascii_uppercase)
                && tail[..length].iter().any(u8::is_ascii_lowercase);
        (length >= *fewest && (mixed || *fewest == 16 && prefix.len() == 4)).then(|| Span {
            start,
            end: start + prefix.len() + length,
            secret: *secret,
        })
    })
}

/// `eyJ….eyJ….signature`: header and claims are JSON objects, so both begin with `{"`.
fn jwt(bytes: &[u8], start: usize) -> Option<Span> {
    let rest = &bytes[start..];
    if !rest.starts_with(b"eyJ") {
        return None;
    }
    let part =
        |from: usize| rest[from..].iter().take_while(|byte| Alphabet::Url.has(**byte)).count();
    let header = part(0);
    let claims = header + 1;
    if header < 10 || rest.get(header) != Some(&b'.') || !rest[claims..].starts_with(b"eyJ") {
        return None;
    }
    let mut end = claims + part(claims);
    if rest.get(end) == Some(&b'.') {
        end += 1 + part(end + 1);
    }
    Some(Span { start, end: start + end, secret: Secret::Jwt })
}

/// Armoured private keys: to their end, or to the end of the text if it was cut off.
fn private_keys(text: &str, spans: &mut Vec<Span>) {
    const BEGIN: &str = "-----BEGIN ";
    let mut from = 0;
    while let Some(found) = text[from..].find(BEGIN) {
        let start = from + found;
        from = start + BEGIN.len();
        let head = &text.as_bytes()[from..text.len().min(from + 40)];
        let head = head.split(|byte| matches!(byte, b'\n' | b'\\')).next().unwrap_or_default();
        let Some(label) = head.windows(11).position(|label| label == b"PRIVATE KEY") else {
            continue;
        };
        let body = from + label;
        let end = text[body..].find("-----END ").map_or(text.len(), |end| {
            let after = body + end + "-----END ".len();
            text[after..].find("-----").map_or(text.len(), |dashes| after + dashes + 5)
        });
        spans.push(Span { start, end, secret: Secret::PrivateKey });
        from = end;
    }
}
