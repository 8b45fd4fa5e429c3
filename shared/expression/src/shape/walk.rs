//! What an expression makes of the shapes of what it names.

use std::collections::BTreeMap;

use cel::IdedExpr;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SelectExpr, operators,
};

use super::Shape;
use crate::expression::{Expression, ExpressionError};
use crate::names::{NOW, near};

/// The methods that texts, lists and objects have.
const METHODS: [&str; 5] = ["size", "contains", "startsWith", "endsWith", "string"];

pub(super) fn walk(
    expression: &Expression,
    roots: &BTreeMap<String, Shape>,
) -> (Shape, Vec<ExpressionError>) {
    let mut walk = Walk { expression, roots, bound: Vec::new(), problems: Vec::new() };
    let shape = walk.of(expression.tree());
    walk.problems.sort_by_key(|problem| (problem.line, problem.column));
    walk.problems.dedup();
    (shape, walk.problems)
}

struct Walk<'a> {
    expression: &'a Expression,
    roots: &'a BTreeMap<String, Shape>,
    bound: Vec<(String, Shape)>,
    problems: Vec<ExpressionError>,
}

impl Walk<'_> {
    fn of(&mut self, node: &IdedExpr) -> Shape {
        match &node.expr {
            Expr::Unspecified | Expr::Struct(_) => Shape::Any,
            Expr::Literal(literal) => of_literal(literal),
            Expr::Ident(name) => self.of_name(name),
            Expr::Select(select) => self.of_member(node.id, select),
            Expr::Call(call) => self.of_call(node.id, call),
            Expr::List(list) => {
                let shapes: Vec<Shape> = list.elements.iter().map(|item| self.of(item)).collect();
                Shape::List(Box::new(common(&shapes)))
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    match &entry.expr {
                        EntryExpr::MapEntry(entry) => {
                            self.of(&entry.key);
                            self.of(&entry.value);
                        }
                        EntryExpr::StructField(field) => {
                            self.of(&field.value);
                        }
                    }
                }
                Shape::Map(Box::new(Shape::Any))
            }
            Expr::Comprehension(macro_) => self.of_macro(macro_),
        }
    }

    fn of_name(&self, name: &str) -> Shape {
        let bound =
            self.bound.iter().rev().find(|(known, _)| known == name).map(|(_, shape)| shape);
        match bound.or_else(|| self.roots.get(name)) {
            Some(shape) => shape.clone(),
            None if name == NOW => Shape::Number,
            None => Shape::Any,
        }
    }

    fn of_member(&mut self, id: u64, select: &SelectExpr) -> Shape {
        let whole = self.of(&select.operand);
        let shape = self.member(id, &whole, &select.field);
        if select.test { Shape::Flag } else { shape }
    }

    fn member(&mut self, id: u64, whole: &Shape, field: &str) -> Shape {
        match whole {
            Shape::Any => Shape::Any,
            Shape::Map(inner) => inner.as_ref().clone(),
            Shape::Object(members) => {
                if let Some(member) = members.get(field) {
                    return member.shape.clone();
                }
                let names: Vec<&str> = members.keys().map(String::as_str).collect();
                let hint = near(field, names.iter().copied()).map_or_else(
                    || format!("there are {}", list_of(&names)),
                    |near| format!("did you mean `{near}`?"),
                );
                self.complain(id, format!("there is never a `{field}` here: {hint}"))
            }
            Shape::Flag | Shape::Number | Shape::Text | Shape::Word(_) | Shape::List(_) => {
                let noun = whole.noun();
                self.complain(id, format!("`.{field}` is asked of a {noun}, which has no members"))
            }
        }
    }

    fn of_call(&mut self, id: u64, call: &CallExpr) -> Shape {
        let target = call.target.as_deref().map(|target| self.of(target));
        let shapes: Vec<Shape> = call.args.iter().map(|argument| self.of(argument)).collect();
        if let Some(target) = target {
            return self.of_method(id, &call.func_name, &target);
        }
        match (call.func_name.as_str(), call.args.as_slice(), shapes.as_slice()) {
            (operators::LOGICAL_OR | operators::LOGICAL_AND, args, shapes) => {
                args.iter().zip(shapes).for_each(|(arg, shape)| self.flag(arg.id, shape));
                Shape::Flag
            }
            (operators::LOGICAL_NOT, [arg], [shape]) => {
                self.flag(arg.id, shape);
                Shape::Flag
            }
            (operators::CONDITIONAL, [arg, _, _], [condition, yes, no]) => {
                self.flag(arg.id, condition);
                common(&[yes.clone(), no.clone()])
            }
            (operators::EQUALS | operators::NOT_EQUALS, [one, two], [first, second]) => {
                self.alike(id, first, second);
                self.word(first, two);
                self.word(second, one);
                Shape::Flag
            }
            (
                operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS,
                _,
                [first, second],
            ) => {
                self.alike(id, first, second);
                Shape::Flag
            }
            (operators::IN, [_, list], [item, whole]) => {
                if let Shape::List(inner) = whole {
                    self.alike(id, item, inner);
                }
                if let Expr::List(list) = &list.expr {
                    list.elements.iter().for_each(|element| self.word(item, element));
                }
                Shape::Flag
            }
            (operators::INDEX, [_, place], [whole, _]) => match (whole, &place.expr) {
                (Shape::List(inner) | Shape::Map(inner), _) => inner.as_ref().clone(),
                (Shape::Object(_), Expr::Literal(LiteralValue::String(name))) => {
                    self.member(id, whole, name.inner())
                }
                _ => Shape::Any,
            },
            (operators::ADD, _, [first, second]) => match (first, second) {
                (Shape::Text | Shape::Word(_), Shape::Text | Shape::Word(_)) => Shape::Text,
                (Shape::Number, Shape::Number) => Shape::Number,
                (Shape::List(one), Shape::List(two)) => {
                    Shape::List(Box::new(common(&[one.as_ref().clone(), two.as_ref().clone()])))
                }
                (first, second) => {
                    self.alike(id, first, second);
                    Shape::Any
                }
            },
            ("size" | "int" | "double" | "percent" | "seconds" | operators::NEGATE, _, _) => {
                Shape::Number
            }
            ("string" | "bytes_text", _, _) => Shape::Text,
            ("like", _, _) => Shape::Flag,
            _ => Shape::Any,
        }
    }

    fn of_method(&mut self, id: u64, name: &str, target: &Shape) -> Shape {
        let listed = matches!(target, Shape::List(_) | Shape::Map(_) | Shape::Object(_));
        match name {
            "size" if listed || target.meets(&Shape::Text) => Shape::Number,
            "contains" | "startsWith" | "endsWith" if target.meets(&Shape::Text) => Shape::Flag,
            "string" => Shape::Text,
            _ if METHODS.contains(&name) => {
                self.complain(id, format!("a {} has no `{name}()`", target.noun()))
            }
            _ => {
                let hint = near(name, METHODS).map_or_else(
                    || format!("there are {}", list_of(&METHODS)),
                    |near| format!("did you mean `{near}`?"),
                );
                self.complain(id, format!("there is no `.{name}()`: {hint}"))
            }
        }
    }

    fn of_macro(&mut self, macro_: &ComprehensionExpr) -> Shape {
        let range = self.of(&macro_.iter_range);
        let (first, second) = match &range {
            Shape::Any => (Shape::Any, Shape::Any),
            Shape::List(item) => (item.as_ref().clone(), item.as_ref().clone()),
            Shape::Map(item) => (Shape::Text, item.as_ref().clone()),
            Shape::Object(_) => (Shape::Text, Shape::Any),
            Shape::Flag | Shape::Number | Shape::Text | Shape::Word(_) => {
                let noun = range.noun();
                let message = format!("a macro goes over a list; this is a {noun}");
                (self.complain(macro_.iter_range.id, message), Shape::Any)
            }
        };
        let depth = self.bound.len();
        let accumulator = self.of(&macro_.accu_init);
        match &macro_.iter_var2 {
            Some(other) => {
                let place = if matches!(range, Shape::List(_)) { Shape::Number } else { first };
                self.bound.push((macro_.iter_var.clone(), place));
                self.bound.push((other.clone(), second));
            }
            None => self.bound.push((macro_.iter_var.clone(), first.clone())),
        }
        self.bound.push((macro_.accu_var.clone(), accumulator));
        let stepped = self.of(&macro_.loop_step);
        let gathered = gathered(macro_).map(|item| self.of(item));
        if let Some((_, accumulator)) = self.bound.last_mut() {
            *accumulator = gathered.map_or(stepped, |item| Shape::List(Box::new(item)));
        }
        let shape = self.of(&macro_.result);
        self.bound.truncate(depth);
        shape
    }

    fn flag(&mut self, id: u64, shape: &Shape) {
        if !shape.meets(&Shape::Flag) {
            self.complain(id, format!("a condition is true or false; this is a {}", shape.noun()));
        }
    }

    fn alike(&mut self, id: u64, one: &Shape, other: &Shape) {
        if !one.meets(other) {
            let (one, other) = (one.noun(), other.noun());
            self.complain(id, format!("a {one} is never compared with a {other}"));
        }
    }

    /// A text beside something that is one of some words.
    fn word(&mut self, shape: &Shape, beside: &IdedExpr) {
        let Shape::Word(words) = shape else { return };
        let Expr::Literal(LiteralValue::String(text)) = &beside.expr else { return };
        let text = text.inner();
        if !words.iter().any(|word| word == text) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            self.complain(
                beside.id,
                format!("it is never '{text}': it is one of {}", list_of(&words)),
            );
        }
    }

    fn complain(&mut self, id: u64, message: String) -> Shape {
        let (line, column) = self.expression.place(id);
        self.problems.push(ExpressionError { line, column, message });
        Shape::Any
    }
}

/// What `map` and `filter` gather: the `x` of a step `accu + [x]`.
fn gathered(macro_: &ComprehensionExpr) -> Option<&IdedExpr> {
    let Expr::Call(step) = &macro_.loop_step.expr else { return None };
    let step = match (step.func_name.as_str(), step.args.as_slice()) {
        (operators::CONDITIONAL, [_, IdedExpr { expr: Expr::Call(step), .. }, _]) => step,
        _ => step,
    };
    match (step.func_name.as_str(), step.args.as_slice()) {
        (operators::ADD, [accu, IdedExpr { expr: Expr::List(list), .. }])
            if accu.expr == Expr::Ident(macro_.accu_var.clone()) =>
        {
            list.elements.first()
        }
        _ => None,
    }
}

const fn of_literal(literal: &LiteralValue) -> Shape {
    match literal {
        LiteralValue::Boolean(_) => Shape::Flag,
        LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => Shape::Number,
        LiteralValue::String(_) => Shape::Text,
        LiteralValue::Bytes(_) | LiteralValue::Null => Shape::Any,
    }
}

/// The shape that all have, if they have one in common.
fn common(shapes: &[Shape]) -> Shape {
    let Some((first, others)) = shapes.split_first() else { return Shape::Any };
    if others.iter().all(|shape| shape == first) {
        return first.clone();
    }
    let text = |shape: &Shape| matches!(shape, Shape::Text | Shape::Word(_));
    if shapes.iter().all(text) { Shape::Text } else { Shape::Any }
}

fn list_of(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
