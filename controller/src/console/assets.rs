//! The console's style, scripts and picture, embedded. Their addresses carry a version, so that a
//! browser keeps them until they change.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::api::extract::Named;
use crate::api::problem::{Code, Failure};

const FILES: [(&str, &str, &str); 6] = [
    ("console.css", "text/css; charset=utf-8", include_str!("../../assets/console.css")),
    ("console.js", "text/javascript; charset=utf-8", include_str!("../../assets/console.js")),
    ("htmx.js", "text/javascript; charset=utf-8", include_str!("../../assets/htmx-4.0.1.min.js")),
    (
        "hx-sse.js",
        "text/javascript; charset=utf-8",
        include_str!("../../assets/hx-sse-4.0.1.min.js"),
    ),
    ("webauthn.js", "text/javascript; charset=utf-8", include_str!("../../assets/webauthn.js")),
    ("icon.svg", "image/svg+xml", include_str!("../../assets/icon.svg")),
];

/// What changes whenever one of the files does: FNV-1a over all of them.
pub const VERSION: u64 = {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut file = 0;
    while file < FILES.len() {
        let bytes = FILES[file].2.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            at += 1;
        }
        file += 1;
    }
    hash
};

/// `GET /assets/{file}`
pub async fn file(Named(name): Named<String>) -> Result<Response, Failure> {
    let Some((_, kind, text)) = FILES.iter().find(|(file, _, _)| *file == name) else {
        return Err(Failure::new(Code::NotFound, "there is no such file"));
    };
    let headers = [(CONTENT_TYPE, *kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, *text).into_response())
}
