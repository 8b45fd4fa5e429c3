//! Several expressions over facts in JSON, with results in JSON: what a run of a runbook asks for.

use std::collections::BTreeMap;

use befund_model::Timestamp;
use cel::Value as Cel;
use cel::objects::Key;
use serde_json::{Number, Value};

use crate::expression::Expression;
use crate::functions::Patterns;
use crate::names::Names;
use crate::scope::Scope;

/// The most values in one result, those within lists and objects counted.
const MOST_VALUES: usize = 10_000;
/// The most bytes of the texts in one result.
const MOST_BYTES: usize = 64 << 10;

/// Evaluates expressions over `scope`, an object with a member for everything that may be named beside `now`.
/// `missing` says why a name has no facts; a name that stands there has none, whatever `scope` says.
///
/// The results are in the expressions' order. Whole numbers are whole numbers there and here.
///
/// # Errors
/// For each expression, in words, why it has no value: it is no expression, something that it names is
/// missing or has no such member, it would take too long, or its value is none that JSON has. The detector
/// that it stands for is unknown then.
#[must_use]
pub fn evaluate(
    expressions: &[String],
    scope: &Value,
    missing: &BTreeMap<String, String>,
    now: Timestamp,
) -> Vec<Result<Value, String>> {
    let mut facts = Scope::new("the measurement", now, &Patterns::default());
    for (name, content) in scope.as_object().into_iter().flatten() {
        if !missing.contains_key(name) && !content.is_null() {
            facts.add(name, content.clone());
        }
    }
    let names = Names::any();
    let one = |text: &String| {
        let expression = Expression::compile(text, &names).map_err(|error| error.message)?;
        if let Some(root) = expression.roots().find(|root| !facts.has(root)) {
            let reason = missing.get(root).map_or("nothing is known of it", String::as_str);
            return Err(format!("{root}: {reason}"));
        }
        let value = expression.strict_value(&facts)?;
        let mut budget = Budget { values: MOST_VALUES, bytes: MOST_BYTES };
        json(&value, &mut budget)
    };
    expressions.iter().map(one).collect()
}

struct Budget {
    values: usize,
    bytes: usize,
}

impl Budget {
    fn take(&mut self, text: &str) -> Result<(), String> {
        let left = self.values.checked_sub(1).zip(self.bytes.checked_sub(text.len()));
        (self.values, self.bytes) = left.ok_or_else(|| {
            format!("its value is larger than {MOST_VALUES} entries and {MOST_BYTES} bytes of text")
        })?;
        Ok(())
    }
}

fn json(value: &Cel, budget: &mut Budget) -> Result<Value, String> {
    budget.take("")?;
    Ok(match value {
        Cel::Null => Value::Null,
        Cel::Bool(flag) => Value::Bool(*flag),
        Cel::Int(number) => Value::from(*number),
        Cel::UInt(number) => Value::from(*number),
        Cel::Float(number) => Number::from_f64(*number)
            .map(Value::Number)
            .ok_or_else(|| "its value is a division by nothing".to_owned())?,
        Cel::String(text) => {
            budget.take(text)?;
            Value::String(text.as_ref().clone())
        }
        Cel::List(items) => Value::Array(
            items.iter().map(|item| json(item, budget)).collect::<Result<_, String>>()?,
        ),
        Cel::Map(map) => {
            let mut object = serde_json::Map::new();
            for (key, item) in map.map.iter() {
                let name = match key {
                    Key::String(name) => name.as_ref().clone(),
                    Key::Int(number) => number.to_string(),
                    Key::Uint(number) => number.to_string(),
                    Key::Bool(flag) => flag.to_string(),
                };
                budget.take(&name)?;
                object.insert(name, json(item, budget)?);
            }
            Value::Object(object)
        }
        other => return Err(format!("its value is a {}, which is no fact", other.type_of())),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn told(text: &str) -> Result<Value, String> {
        let scope = json!({
            "web": {"result": "open", "checks": [{"status": 204}, {"name": "second"}]},
            "link": {"interfaces": [{"up": true}, {"up": false}], "count": 18_446_744_073_709_551_615_u64},
            "ask": {},
        });
        let missing = BTreeMap::from([("dns".to_owned(), "timeout: no answer in 10 s".to_owned())]);
        evaluate(&[text.to_owned()], &scope, &missing, Timestamp::UNIX_EPOCH).remove(0)
    }

    #[test]
    fn values_are_those_of_json() {
        let good = [
            ("web.result == 'open'", json!(true)),
            ("link.interfaces.filter(i, i.up).size()", json!(1)),
            ("[1, 2.5, 'x', null, {'a': true}]", json!([1, 2.5, "x", null, {"a": true}])),
            ("now", json!(0)),
            ("percent(1, 3)", json!(33)),
            ("has(ask.scope) && ask.scope == 'no'", json!(false)),
            ("web.checks.exists(c, c.status == 204)", json!(true)),
            ("web.checks.exists(c, c.name == 'second')", json!(true)),
        ];
        for (text, expected) in good {
            assert_eq!(told(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_missing_makes_it_unknown_whatever_the_rest_says() {
        let bad = [
            ("dns.servers.size() == 0", "dns: timeout: no answer in 10 s"),
            ("true || dns.servers.size() == 0", "dns: timeout: no answer in 10 s"),
            ("dns.servers.size() == 0 && false", "dns: timeout: no answer in 10 s"),
            ("proxy.effective == ''", "proxy: nothing is known of it"),
            ("web.reslt == 'open'", "the measurement does not tell `reslt`"),
            ("web.reslt == 'open' || true", "the measurement does not tell `reslt`"),
            ("web.reslt == 'open' && false", "the measurement does not tell `reslt`"),
            ("ask.scope == 'no'", "does not tell `scope`"),
            ("web.checks.all(c, c.status == 204)", "does not tell `status`"),
            ("web.result && true", "string"),
            ("true && web.result", "string"),
            ("1 +", "it is not CEL"),
            ("1.0 / 0.0", "division by nothing"),
            ("b'x'", "bytes"),
            ("open('/etc/passwd')", "there is no function `open`"),
        ];
        for (text, expected) in bad {
            let error = told(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn what_would_take_too_long_or_be_too_large_is_refused() {
        let long: Vec<u32> = (0..2_000).collect();
        let scope = json!({"a": {"list": long, "text": "x".repeat(70_000)}});
        let texts = ["a.list.all(x, a.list.all(y, x < y))", "a.text", "a.list.all(x, x >= 0)"];
        let values =
            evaluate(&texts.map(str::to_owned), &scope, &BTreeMap::new(), Timestamp::UNIX_EPOCH);
        assert!(values[0].as_ref().is_err_and(|why| why.contains("too long")), "{values:?}");
        assert!(values[1].as_ref().is_err_and(|why| why.contains("larger")), "{values:?}");
        assert_eq!(values[2], Ok(json!(true)));
    }

    proptest! {
        #[test]
        fn any_text_over_any_facts_has_a_value_or_a_reason(
            text in "[a-c.()\\[\\]!&|<>=+*?: '0-9,{}-]{0,40}",
            list in proptest::collection::vec(any::<i64>(), 0..5),
        ) {
            let scope = json!({"a": list, "b": {"c": 1}, "c": "x"});
            let values = evaluate(&[text], &scope, &BTreeMap::new(), Timestamp::UNIX_EPOCH);
            prop_assert_eq!(values.len(), 1);
            if let Err(reason) = &values[0] {
                prop_assert!(!reason.is_empty());
            }
        }
    }
}
