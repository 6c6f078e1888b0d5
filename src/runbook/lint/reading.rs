//! What stands in the functions of a script, read from its syntax tree: calls,
//! fields, and branches that depend on values which change by themselves.

use std::collections::BTreeSet;

use rhai::{AST, ASTNode, Expr, FnCallExpr, FnPtr, Position, Stmt, SwitchCasesCollection};

use super::super::verbs::{QUERY, UNSTABLE};
use super::kinds;
use super::source::{Source, before};

/// A function of the script, closures among them.
pub(super) struct Function {
    pub name: String,
    pub params: Vec<String>,
    pub calls: Vec<Called>,
    pub fields: Vec<Field>,
    pub branches: Vec<Branch>,
    /// Variables that hold answers of programs in pods.
    answers: BTreeSet<String>,
    /// Functions that give such answers back.
    answering: BTreeSet<String>,
    /// Whether it does so itself: by a `return`, or by its last statement.
    returns: bool,
    ends: bool,
    /// Closures that it makes, by their names.
    pub closures: BTreeSet<String>,
    /// Variables with what their values are made of.
    pub bound: Vec<(String, Source)>,
}

/// `scale(…)` or `set.scale(…)`.
pub(super) struct Called {
    pub name: String,
    pub is_method: bool,
    /// What stands before `::`; empty for nothing.
    pub module: String,
    /// The variables among its arguments, by position.
    pub arguments: Vec<Option<String>>,
    /// The kind of object that its first argument names.
    pub kind: Option<String>,
    /// What the arguments are made of, by position, and what stands before the dot.
    pub given: Vec<Source>,
    pub on: Source,
    /// The closures among them.
    pub closures: Vec<String>,
    pub at: Position,
}

/// `p.replicas`; of what, if that is a plain variable, and all that stands before it.
pub(super) struct Field {
    pub of: Option<String>,
    pub on: Source,
    pub name: String,
    pub at: Position,
}

/// An `if` or a loop whose condition looks at a value that changes by itself.
pub(super) struct Branch {
    pub field: String,
    pub at: Position,
    /// What is called or made into a closure in it.
    pub names: BTreeSet<String>,
}

/// A script as it was read.
pub(super) struct Reading {
    pub functions: Vec<Function>,
    /// The keys of the maps that it makes itself.
    pub keys: BTreeSet<String>,
}

impl Reading {
    pub(super) fn of(ast: &AST) -> Self {
        let mut answering = BTreeSet::new();
        loop {
            let reading = Self::knowing(&answering, ast);
            let found = reading.functions.iter().filter(|function| function.returns || function.ends);
            let found: BTreeSet<String> = found.map(|function| function.name.clone()).collect();
            if found == answering {
                return reading;
            }
            answering = found;
        }
    }

    /// The script, where these functions give answers of programs in pods back.
    fn knowing(answering: &BTreeSet<String>, ast: &AST) -> Self {
        let mut keys = BTreeSet::new();
        let read = |known: rhai::ScriptFnMetadata<'_>| {
            let mut alone = ast.clone_functions_only();
            alone.retain_functions(|_, _, name, params| name == known.name && params == known.params.len());
            let mut function = Function {
                name: known.name.to_owned(),
                params: known.params.iter().map(|param| (*param).to_owned()).collect(),
                calls: Vec::new(),
                fields: Vec::new(),
                branches: Vec::new(),
                answers: BTreeSet::new(),
                answering: answering.clone(),
                returns: false,
                ends: false,
                closures: BTreeSet::new(),
                bound: Vec::new(),
            };
            alone.walk(&mut |path: &[ASTNode<'_>]| {
                function.take(path, &mut keys);
                true
            });
            function
        };
        let functions = ast.iter_functions().map(read).collect();
        Self { functions, keys }
    }
}

impl Function {
    fn take(&mut self, path: &[ASTNode<'_>], keys: &mut BTreeSet<String>) {
        if let [ASTNode::Stmt(statement)] = path {
            self.ends = self.gives(statement);
        }
        if let Some(ASTNode::Stmt(statement)) = path.last() {
            self.bind(statement);
        }
        match path.last() {
            Some(ASTNode::Stmt(Stmt::FnCall(call, at)) | ASTNode::Expr(Expr::FnCall(call, at))) => {
                self.call(call, None, *at);
            }
            Some(ASTNode::Stmt(Stmt::If(flow, _) | Stmt::While(flow, _) | Stmt::Do(flow, ..))) => {
                let inside = flow.body.iter().chain(flow.branch.iter());
                self.branch(&flow.expr, inside);
            }
            Some(ASTNode::Stmt(Stmt::Return(Some(value), ..))) if self.unstable(value).is_some() => self.returns = true,
            Some(ASTNode::Stmt(Stmt::Assignment(pair))) if self.unstable(&pair.1.rhs).is_some() => {
                self.answers.extend(variable(&pair.1.lhs));
            }
            Some(ASTNode::Stmt(Stmt::Switch(choice, _))) => self.switch(&choice.0, &choice.1),
            Some(ASTNode::Stmt(Stmt::For(each, _))) => self.branch(&each.2.expr, each.2.body.iter()),
            Some(ASTNode::Stmt(Stmt::Var(named, ..))) if self.unstable(&named.1).is_some() => {
                self.answers.insert(named.0.name.to_string());
            }
            Some(ASTNode::Expr(this @ Expr::MethodCall(call, at))) => self.call(call, Some(before(path, this)), *at),
            Some(ASTNode::Expr(this @ Expr::Property(field, at))) => {
                let (of, on) = (of_variable(path, this), before(path, this));
                self.fields.push(Field { of, on, name: field.2.to_string(), at: *at });
            }
            Some(ASTNode::Expr(Expr::Map(map, _))) => keys.extend(map.0.iter().map(|(key, _)| key.name.to_string())),
            Some(ASTNode::Expr(constant @ Expr::DynamicConstant(..))) => self.closures.extend(closure(constant)),
            _ => {}
        }
    }

    /// What a variable gets its value from.
    fn bind(&mut self, statement: &Stmt) {
        let bound = match statement {
            Stmt::Var(named, ..) => Some((named.0.name.to_string(), Source::of(&named.1))),
            Stmt::Assignment(pair) => variable(&pair.1.lhs).map(|name| (name, Source::of(&pair.1.rhs))),
            Stmt::For(each, _) => Some((each.0.name.to_string(), Source::of(&each.2.expr))),
            _ => None,
        };
        self.bound.extend(bound);
    }

    /// A call; a method has something before its dot.
    fn call(&mut self, call: &FnCallExpr, on: Option<Source>, at: Position) {
        if call.op_token.is_some() {
            return;
        }
        let arguments = call.args.iter().map(variable).collect();
        let closures = call.args.iter().flat_map(closures).collect();
        self.calls.push(Called {
            name: call.name.to_string(),
            is_method: on.is_some(),
            module: module(call),
            arguments,
            kind: call.args.first().and_then(kinds::named),
            given: call.args.iter().map(Source::of).collect(),
            on: on.unwrap_or_default(),
            closures,
            at,
        });
    }

    /// What changes by itself in an expression.
    fn unstable(&self, expression: &Expr) -> Option<(String, Position)> {
        let mut found = None;
        expression.walk(&mut Vec::new(), &mut |path: &[ASTNode<'_>]| {
            let unstable = match path.last() {
                Some(ASTNode::Expr(Expr::Property(field, at))) if UNSTABLE.contains(&field.2.as_str()) => {
                    Some((field.2.to_string(), *at))
                }
                Some(ASTNode::Expr(Expr::MethodCall(call, at))) if call.name == QUERY => Some((QUERY.to_owned(), *at)),
                Some(ASTNode::Expr(Expr::FnCall(call, at))) if self.answering.contains(call.name.as_str()) => {
                    Some((call.name.to_string(), *at))
                }
                Some(ASTNode::Expr(Expr::Variable(named, _, at))) if self.answers.contains(named.1.as_str()) => {
                    Some((named.1.to_string(), *at))
                }
                _ => None,
            };
            found = found.take().or(unstable);
            true
        });
        found
    }

    /// Whether the value of a statement, if it is the last one, changes by itself.
    fn gives(&self, statement: &Stmt) -> bool {
        match statement {
            Stmt::Expr(value) => self.unstable(value).is_some(),
            Stmt::FnCall(call, _) => self.answering.contains(call.name.as_str()),
            _ => false,
        }
    }

    fn branch<'a>(&mut self, condition: &Expr, inside: impl Iterator<Item = &'a Stmt>) {
        let Some((field, at)) = self.unstable(condition) else { return };
        let mut names = BTreeSet::new();
        for statement in inside {
            statement.walk(&mut Vec::new(), &mut |path: &[ASTNode<'_>]| named(path, &mut names));
        }
        self.branches.push(Branch { field, at, names });
    }

    fn switch(&mut self, condition: &Expr, cases: &SwitchCasesCollection) {
        let Some((field, at)) = self.unstable(condition) else { return };
        let mut names = BTreeSet::new();
        for case in &cases.expressions {
            case.rhs.walk(&mut Vec::new(), &mut |path: &[ASTNode<'_>]| named(path, &mut names));
        }
        self.branches.push(Branch { field, at, names });
    }
}

/// Adds what is called or made into a closure at this place.
fn named(path: &[ASTNode<'_>], names: &mut BTreeSet<String>) -> bool {
    match path.last() {
        Some(
            ASTNode::Stmt(Stmt::FnCall(call, _)) | ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _)),
        ) => {
            names.insert(full_name(&module(call), &call.name));
        }
        Some(ASTNode::Expr(constant @ Expr::DynamicConstant(..))) => names.extend(closure(constant)),
        _ => {}
    }
    true
}

/// The variable that stands directly before a field. In `p.a.b` what follows the
/// first dot is one expression, whose left side is `a`.
fn of_variable(path: &[ASTNode<'_>], this: &Expr) -> Option<String> {
    let mut inner = this;
    for node in path.iter().rev().skip(1) {
        let ASTNode::Expr(outer @ (Expr::Dot(pair, ..) | Expr::Index(pair, ..))) = node else { return None };
        if std::ptr::eq(&raw const pair.rhs, inner) {
            return variable(&pair.lhs);
        }
        inner = outer;
    }
    None
}

/// What stands before the `::` of a call; empty for nothing.
pub(super) fn module(call: &FnCallExpr) -> String {
    if call.namespace.is_empty() { String::new() } else { call.namespace.root().to_owned() }
}

/// A function as it is written: `k8s::get`, `note`.
pub(super) fn full_name(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

fn variable(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Variable(named, ..) => Some(named.1.to_string()),
        _ => None,
    }
}

fn closure(constant: &Expr) -> Option<String> {
    let Expr::DynamicConstant(value, _) = constant else { return None };
    value.read_lock::<FnPtr>().map(|pointer| pointer.fn_name().to_owned())
}

/// The closures that an expression makes, also those that take variables along.
fn closures(expression: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    expression.walk(&mut Vec::new(), &mut |path: &[ASTNode<'_>]| {
        if let Some(ASTNode::Expr(constant @ Expr::DynamicConstant(..))) = path.last() {
            found.extend(closure(constant));
        }
        true
    });
    found
}
