//! A tree whose `||` and `&&` absorb no errors, made by writing each as a choice: `a || b` as
//! `a ? true : (b ? true : false)`. What `exists` and `all` are made of is left as it is: there, one
//! element that decides is enough.

use cel::IdedExpr;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedEntryExpr, ListExpr, LiteralValue,
    MapEntryExpr, MapExpr, SelectExpr, StructFieldExpr, operators,
};

/// The same, strictly. As deep as the tree, which was capped when it was read.
pub(super) fn strict(node: &IdedExpr) -> IdedExpr {
    let each = |nodes: &[IdedExpr]| nodes.iter().map(strict).collect::<Vec<_>>();
    let expr = match &node.expr {
        Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) | Expr::Struct(_) => {
            node.expr.clone()
        }
        Expr::Select(select) => Expr::Select(SelectExpr {
            operand: Box::new(strict(&select.operand)),
            field: select.field.clone(),
            test: select.test,
        }),
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_OR, [left, right]) => {
                choice(strict(left), literal(node.id, true), as_flag(strict(right)))
            }
            (operators::LOGICAL_AND, [left, right]) => {
                choice(strict(left), as_flag(strict(right)), literal(node.id, false))
            }
            _ => Expr::Call(CallExpr {
                func_name: call.func_name.clone(),
                target: call.target.as_deref().map(|target| Box::new(strict(target))),
                args: each(&call.args),
            }),
        },
        Expr::List(list) => Expr::List(ListExpr {
            elements: each(&list.elements),
            optional_indices: list.optional_indices.clone(),
        }),
        Expr::Map(map) => Expr::Map(MapExpr { entries: map.entries.iter().map(entry).collect() }),
        Expr::Comprehension(macro_) => Expr::Comprehension(Box::new(ComprehensionExpr {
            iter_range: strict(&macro_.iter_range),
            iter_var: macro_.iter_var.clone(),
            iter_var2: macro_.iter_var2.clone(),
            accu_var: macro_.accu_var.clone(),
            accu_init: macro_.accu_init.clone(),
            loop_cond: macro_.loop_cond.clone(),
            loop_step: step(&macro_.loop_step, &macro_.accu_var),
            result: macro_.result.clone(),
        })),
    };
    IdedExpr { id: node.id, expr }
}

/// A macro's step: `accu || condition` keeps its operator.
fn step(node: &IdedExpr, accu: &str) -> IdedExpr {
    let Expr::Call(call) = &node.expr else { return strict(node) };
    let folds = matches!(call.func_name.as_str(), operators::LOGICAL_OR | operators::LOGICAL_AND);
    match call.args.as_slice() {
        [first, condition] if folds && first.expr == Expr::Ident(accu.to_owned()) => IdedExpr {
            id: node.id,
            expr: Expr::Call(CallExpr {
                func_name: call.func_name.clone(),
                target: None,
                args: vec![first.clone(), strict(condition)],
            }),
        },
        _ => strict(node),
    }
}

fn entry(entry: &IdedEntryExpr) -> IdedEntryExpr {
    let expr = match &entry.expr {
        EntryExpr::MapEntry(entry) => EntryExpr::MapEntry(MapEntryExpr {
            key: strict(&entry.key),
            value: strict(&entry.value),
            optional: entry.optional,
        }),
        EntryExpr::StructField(field) => EntryExpr::StructField(StructFieldExpr {
            field: field.field.clone(),
            value: strict(&field.value),
            optional: field.optional,
        }),
    };
    IdedEntryExpr { id: entry.id, expr }
}

fn choice(condition: IdedExpr, yes: IdedExpr, no: IdedExpr) -> Expr {
    Expr::Call(CallExpr {
        func_name: operators::CONDITIONAL.to_owned(),
        target: None,
        args: vec![condition, yes, no],
    })
}

/// Itself if it is true or false, and an error if it is anything else.
fn as_flag(node: IdedExpr) -> IdedExpr {
    let id = node.id;
    IdedExpr { id, expr: choice(node, literal(id, true), literal(id, false)) }
}

fn literal(id: u64, flag: bool) -> IdedExpr {
    IdedExpr { id, expr: Expr::Literal(LiteralValue::Boolean(flag.into())) }
}
