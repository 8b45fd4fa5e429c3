//! What an expression names, and how deep it is.

use std::collections::{BTreeMap, BTreeSet};

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr};

use super::{MOST_DEEP, MOST_NESTED};
use crate::functions;
use crate::names::Names;

/// A walk over the tree.
pub(super) struct Look<'a> {
    names: &'a Names,
    bound: BTreeMap<String, usize>,
    /// What is named that no macro binds.
    pub(super) roots: BTreeSet<String>,
    /// How deep macros stand in one another.
    pub(super) nested: usize,
    /// The first thing that is wrong, and the part that it is wrong with.
    pub(super) problem: Option<(u64, String)>,
}

impl<'a> Look<'a> {
    pub(super) fn new(names: &'a Names) -> Self {
        let (bound, roots) = (BTreeMap::new(), BTreeSet::new());
        Self { names, bound, roots, nested: 0, problem: None }
    }

    pub(super) fn at(&mut self, node: &IdedExpr, depth: usize, nested: usize) {
        self.nested = self.nested.max(nested);
        if depth > MOST_DEEP {
            return self.complain(node.id, "it is too deep: split it".to_owned());
        }
        let depth = depth + 1;
        match &node.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(name) => self.name(node.id, name),
            Expr::Select(select) => self.at(&select.operand, depth, nested),
            Expr::Call(call) => {
                if call.target.is_none() {
                    self.function(node.id, &call.func_name);
                }
                call.target.iter().for_each(|target| self.at(target, depth, nested));
                call.args.iter().for_each(|argument| self.at(argument, depth, nested));
            }
            Expr::List(list) => list.elements.iter().for_each(|item| self.at(item, depth, nested)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.at(&entry.key, depth, nested);
                    self.at(&entry.value, depth, nested);
                }
                EntryExpr::StructField(field) => self.at(&field.value, depth, nested),
            }),
            Expr::Struct(_) => {
                self.complain(node.id, "an expression makes no structures".to_owned());
            }
            Expr::Comprehension(macro_) => {
                self.at(&macro_.iter_range, depth, nested);
                if nested == MOST_NESTED {
                    let message =
                        format!("more than {MOST_NESTED} macros stand in one another: split it");
                    return self.complain(node.id, message);
                }
                let second = macro_.iter_var2.iter();
                let bound: Vec<&String> =
                    [&macro_.iter_var, &macro_.accu_var].into_iter().chain(second).collect();
                bound.iter().for_each(|name| *self.bound.entry((*name).clone()).or_default() += 1);
                let inner =
                    [&macro_.accu_init, &macro_.loop_cond, &macro_.loop_step, &macro_.result];
                inner.into_iter().for_each(|part| self.at(part, depth, nested + 1));
                bound.iter().for_each(|name| {
                    self.bound.entry((*name).clone()).and_modify(|count| *count -= 1);
                });
            }
        }
    }

    fn name(&mut self, id: u64, name: &str) {
        if self.bound.get(name).is_some_and(|count| *count > 0) {
            return;
        }
        if let Some(problem) = self.names.problem(name) {
            return self.complain(id, problem);
        }
        self.roots.insert(name.to_owned());
    }

    fn function(&mut self, id: u64, name: &str) {
        let own = ["size", "string", "int", "double", "min", "max", "type"];
        // Operators begin with a sign, macros' own parts with an at sign.
        let operator = !name.starts_with(|c: char| c.is_ascii_alphabetic());
        if !operator && !own.contains(&name) && !functions::NAMES.contains(&name) {
            self.complain(id, format!("there is no function `{name}`"));
        }
    }

    fn complain(&mut self, id: u64, message: String) {
        self.problem.get_or_insert((id, message));
    }
}
