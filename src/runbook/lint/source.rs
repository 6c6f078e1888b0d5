//! Which values of a script come from objects that it has read in general words:
//! these have the fields of their kind, which no list here knows.

use std::collections::BTreeSet;

use rhai::{ASTNode, Expr, Stmt};

use super::reading::{Function, full_name, module};

/// Words that give objects.
const READS: [&str; 2] = ["k8s::get", "k8s::list"];

/// What an expression is made of.
#[derive(Default)]
pub(super) struct Source {
    variables: BTreeSet<String>,
    /// Functions, as they are written.
    calls: BTreeSet<String>,
}

impl Source {
    pub(super) fn of(expression: &Expr) -> Self {
        let mut source = Self::default();
        source.add(expression);
        source
    }

    fn add(&mut self, expression: &Expr) {
        expression.walk(&mut Vec::new(), &mut |path: &[ASTNode<'_>]| {
            match path.last() {
                Some(ASTNode::Expr(Expr::Variable(named, ..))) => drop(self.variables.insert(named.1.to_string())),
                Some(ASTNode::Expr(Expr::FnCall(call, _)) | ASTNode::Stmt(Stmt::FnCall(call, _))) => {
                    self.calls.insert(full_name(&module(call), &call.name));
                }
                _ => {}
            }
            true
        });
    }
}

/// What stands before a field or a method, up to the beginning of its chain.
pub(super) fn before(path: &[ASTNode<'_>], this: &Expr) -> Source {
    let (mut source, mut inner) = (Source::default(), this);
    for node in path.iter().rev().skip(1) {
        let ASTNode::Expr(outer @ (Expr::Dot(pair, ..) | Expr::Index(pair, ..))) = node else { break };
        if std::ptr::eq(&raw const pair.rhs, inner) {
            source.add(&pair.lhs);
        }
        inner = outer;
    }
    source
}

/// The values that come from objects.
pub(super) struct Objects {
    /// Functions that read any.
    reading: BTreeSet<String>,
    /// Variables that hold them, by function.
    held: BTreeSet<(String, String)>,
}

impl Objects {
    pub(super) fn of(functions: &[Function]) -> Self {
        let mut objects = Self { reading: READS.map(str::to_owned).into(), held: BTreeSet::new() };
        loop {
            let before = (objects.reading.len(), objects.held.len());
            for function in functions {
                objects.follow(function, functions);
            }
            if before == (objects.reading.len(), objects.held.len()) {
                return objects;
            }
        }
    }

    /// Whether something in this function comes from an object.
    pub(super) fn has(&self, function: &Function, source: &Source) -> bool {
        let is_held = |name: &String| self.held.contains(&(function.name.clone(), name.clone()));
        source.calls.iter().any(|call| self.reading.contains(call)) || source.variables.iter().any(is_held)
    }

    fn follow(&mut self, function: &Function, all: &[Function]) {
        let reads = |called: &String| self.reading.contains(called);
        let names = function.calls.iter().map(|call| full_name(&call.module, &call.name));
        if names.chain(function.closures.iter().cloned()).any(|name| reads(&name)) {
            self.reading.insert(function.name.clone());
        }
        for (name, source) in &function.bound {
            if self.has(function, source) {
                self.held.insert((function.name.clone(), name.clone()));
            }
        }
        // A closure knows the variables around it by their names.
        let around = self.held.iter().filter(|(holder, _)| *holder == function.name);
        let names: Vec<String> = around.map(|(_, name)| name.clone()).collect();
        for closure in &function.closures {
            self.held.extend(names.iter().map(|name| (closure.clone(), name.clone())));
        }
        for call in &function.calls {
            for callee in all.iter().filter(|callee| callee.name == call.name) {
                let handed = call.given.iter().zip(&callee.params).filter(|(source, _)| self.has(function, source));
                let handed: Vec<_> = handed.map(|(_, param)| (callee.name.clone(), param.clone())).collect();
                self.held.extend(handed);
            }
            // `list.map(|object| …)`
            if self.has(function, &call.on) {
                for closure in all.iter().filter(|known| call.closures.contains(&known.name)) {
                    self.held.extend(closure.params.iter().map(|param| (closure.name.clone(), param.clone())));
                }
            }
        }
    }
}
