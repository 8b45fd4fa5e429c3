//! What an author is told of members and words that never come.

use befund_model::probe::network::{GatewayFacts, LinkFacts};
use befund_model::probe::remote::HttpFacts;

use super::*;
use crate::names::Names;

fn told(text: &str) -> (Shape, String) {
    let roots = BTreeMap::from([
        ("link".to_owned(), Shape::of::<LinkFacts>()),
        ("gw".to_owned(), Shape::of::<GatewayFacts>()),
        ("web".to_owned(), Shape::of::<HttpFacts>()),
    ]);
    let expression = Expression::compile(text, &Names::any()).expect("an expression");
    let (shape, problems) = expression.shape(&roots);
    let told: Vec<String> = problems
        .iter()
        .map(|problem| format!("{}:{}: {}", problem.line, problem.column, problem.message))
        .collect();
    (shape, told.join("; "))
}

#[test]
fn what_can_be_right_is_left_alone() {
    let good = [
        ("link.interfaces.exists(i, i.up && i.physical)", Shape::Flag),
        ("link.interfaces.exists_one(i, i.up)", Shape::Flag),
        ("link.interfaces.filter(i, i.up).map(i, i.name)", Shape::List(Box::new(Shape::Text))),
        ("link.interfaces.filter(i, i.up)[0].mtu", Shape::Number),
        ("gw.neighbor in ['failed', 'none'] || gw.neighbor == 'stale'", Shape::Flag),
        ("has(web.portal_host) && web.portal_host.startsWith('x')", Shape::Flag),
        ("web.result == 'open' ? 'a' : 'b'", Shape::Text),
        ("other.anything.at == 3 && now > 5", Shape::Flag),
        ("link.interfaces.size() + 1", Shape::Number),
        ("size(link.interfaces) > 0 && like(web.result, '^o')", Shape::Flag),
        ("gw.gateways.map(g, g.interface + ' ' + g.neighbor)", Shape::List(Box::new(Shape::Text))),
    ];
    for (text, shape) in good {
        assert_eq!(told(text), (shape, String::new()), "{text}");
    }
}

#[test]
fn what_is_never_so_is_told_with_its_place() {
    let bad = [
        ("link.up", "1:5: there is never a `up` here: there are `interfaces`"),
        (
            "link.interfaces.exists(i, i.physicl)",
            "there is never a `physicl` here: did you mean `physical`?",
        ),
        (
            "web.result == 'opened'",
            "1:15: it is never 'opened': it is one of `open`, `redirect`, `none`",
        ),
        ("gw.neighbor in ['failed', 'nowhere']", "1:27: it is never 'nowhere'"),
        ("web.result == 3", "a word is never compared with a number"),
        ("web.result > 3", "a word is never compared with a number"),
        ("web.result && true", "a condition is true or false; this is a word"),
        ("!link.interfaces", "a condition is true or false; this is a list"),
        ("web.result.exists(x, x)", "a macro goes over a list; this is a word"),
        ("web.result.x", "is asked of a word"),
        ("web.result.startswith('x')", "there is no `.startswith()`: did you mean `startsWith`?"),
        ("link.interfaces.startsWith('x')", "a list has no `startsWith()`"),
        ("link['interface']", "did you mean `interfaces`?"),
        ("link.interfaces.filter(i, i.up)[0].nme", "did you mean `name`?"),
        ("has(web.portal)", "there is never a `portal` here"),
    ];
    for (text, expected) in bad {
        let (_, told) = told(text);
        assert!(told.contains(expected), "{text}: {told}");
    }
}
