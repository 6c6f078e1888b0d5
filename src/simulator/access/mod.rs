//! Rights. Who comes in without another name is the administrator, who may do
//! everything; others may do what roles and bindings give them. What the
//! options deny is denied to all, so that missing rights can be tried out.

mod review;
mod rules;

pub use review::{Review, answer};
pub use rules::Decision;

use std::collections::BTreeMap;

use super::request::{Action, ObjectCall, Part};
use super::status::Refusal;
use super::store::Store;

/// The name under which everybody comes in who gives no other.
const ADMINISTRATOR: &str = "sandbox";

/// Whoever is in this group may do everything.
const MASTERS: &str = "system:masters";

/// Whoever has not said who they are.
const ANONYMOUS: &str = "system:anonymous";

/// Their group; nobody is in the other one as well.
const UNAUTHENTICATED: &str = "system:unauthenticated";

const AUTHENTICATED: &str = "system:authenticated";

/// On whose behalf a request comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub groups: Vec<String>,
    pub uid: String,
    /// Whatever else is known of them.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// A user by name, with the groups that are given and those that follow
    /// from the name.
    #[must_use]
    pub fn named(name: &str, mut groups: Vec<String>) -> Self {
        if let Some((namespace, _)) = name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'))
            && groups.is_empty()
        {
            groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
        }
        let group = if name == ANONYMOUS { UNAUTHENTICATED } else { AUTHENTICATED };
        if !groups.iter().any(|one| one == group || one == UNAUTHENTICATED) {
            groups.push(group.to_owned());
        }
        Self { name: name.to_owned(), groups, ..Self::default() }
    }
}

/// What somebody wants to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    pub verb: String,
    pub group: String,
    /// With its subresource, as in `pods/status`; empty for a path.
    pub resource: String,
    pub namespace: String,
    pub name: String,
    /// What is no object, such as `/healthz`.
    pub path: String,
}

impl Wish {
    fn of(call: &ObjectCall) -> Self {
        let resource = match call.part {
            Part::Whole => call.kind.plural.to_owned(),
            part => format!("{}/{}", call.kind.plural, part.name()),
        };
        // What is deleted by a selector is not asked for by name.
        let is_read = matches!(call.action, Action::List | Action::Watch);
        let selected = call.query.fields.name().filter(|_| is_read).unwrap_or_default();
        Self {
            verb: call.action.verb().to_owned(),
            group: call.kind.group.to_owned(),
            resource,
            // A namespace is asked for within itself.
            namespace: if call.kind.kind == "Namespace" { call.name.clone() } else { call.namespace.clone() },
            name: if call.name.is_empty() { selected.to_owned() } else { call.name.clone() },
            path: String::new(),
        }
    }
}

/// What decides: the objects, and what is denied to all.
#[derive(Clone, Copy)]
pub struct Rights<'a> {
    pub store: &'a Store,
    /// (verb, resource); `*` stands for all.
    pub denied: &'a [(String, String)],
}

impl Rights<'_> {
    /// Whether somebody, or the administrator, may do something.
    #[must_use]
    pub fn decide(&self, user: Option<&User>, wish: &Wish) -> Decision {
        let is_denied = self.denied.iter().any(|(verb, resource)| {
            (*verb == wish.verb || verb == "*") && (*resource == wish.resource || resource == "*")
        });
        match user {
            _ if is_denied => Decision::Denied(String::new()),
            None => Decision::Allowed(String::new()),
            Some(user) if user.groups.iter().any(|group| group == MASTERS) => Decision::Allowed(String::new()),
            Some(user) => rules::decide(self.store, user, wish),
        }
    }

    /// Lets somebody read a page.
    ///
    /// # Errors
    /// 403 that names the path.
    pub fn check_path(&self, user: &User, method: &str, path: &str) -> Result<(), Refusal> {
        let wish = Wish { verb: method.to_lowercase(), path: path.to_owned(), ..Wish::default() };
        match self.decide(Some(user), &wish) {
            Decision::Allowed(_) => Ok(()),
            Decision::Denied(_) => Err(Refusal::denied_path(&user.name, &wish.verb, path)),
        }
    }

    /// Lets a request for objects through.
    ///
    /// # Errors
    /// 403 with the authoriser's text.
    pub fn check(&self, user: Option<&User>, call: &ObjectCall) -> Result<(), Refusal> {
        let wish = Wish::of(call);
        match self.decide(user, &wish) {
            Decision::Allowed(_) => Ok(()),
            Decision::Denied(reason) => {
                Err(Refusal::denied(call.kind, &wish.name, &refusal_text(user, &wish, &reason)))
            }
        }
    }
}

fn refusal_text(user: Option<&User>, wish: &Wish, reason: &str) -> String {
    let scope = if wish.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {:?}", wish.namespace)
    };
    let user = user.map_or(ADMINISTRATOR, |user| user.name.as_str());
    let Wish { verb, resource, group, .. } = wish;
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    format!("User {user:?} cannot {verb} resource {resource:?} in API group {group:?} {scope}{reason}")
}
