//! What the reader of runbooks and the expressions in them keep, whatever is written.

use std::collections::BTreeMap;

use befund_expression::{Expression, Names, evaluate};
use befund_model::Timestamp;
use befund_runbook::{Severity, load, render};
use serde_json::Value;

/// A text is a runbook that can be used, or is refused with places in it.
pub(crate) fn read(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (told, errors) = match load(&text) {
        Ok((runbook, told)) => {
            assert!(!runbook.name.is_empty() && runbook.version > 0);
            (told, false)
        }
        Err(told) => (told, true),
    };
    assert_eq!(told.iter().any(|it| it.severity == Severity::Error), errors, "{told:?}");
    let lines = text.lines().count() + 1;
    for it in &told {
        assert!((1..=lines).contains(&it.line) && it.column >= 1, "{it:?}");
        assert_ne!(it.code, "internal", "{it:?}");
    }
    let shown = render("runbook.yaml", &text, &told);
    // A line of a message, the line meant, the mark, and what is expected.
    assert!(shown.len() <= told.len() * 16_384, "{} bytes", shown.len());
}

/// An expression (what stands before the first zero byte) over facts (JSON, what stands after it) has a value
/// or a reason why not, of a size that is bounded.
pub(crate) fn expression(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let facts: Value = serde_json::from_slice(parts.next().unwrap_or_default()).unwrap_or_default();
    if let Err(error) = Expression::compile(&text, &Names::any()) {
        assert!(error.line >= 1 && error.column >= 1 && !error.message.is_empty(), "{error:?}");
    }
    let texts = [text];
    let values = evaluate(&texts, &facts, &BTreeMap::new(), Timestamp::UNIX_EPOCH);
    match values.as_slice() {
        [Ok(value)] => {
            assert!(value.to_string().len() <= 1 << 20, "{} bytes", value.to_string().len())
        }
        [Err(reason)] => assert!(!reason.is_empty()),
        _ => panic!("{} values of one expression", values.len()),
    }
}
