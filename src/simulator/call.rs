//! What a request asks for, once it is understood.

use super::access::Review;
use super::query::Query;
use crate::objects::kinds::ApiKind;

/// What a path stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Version, health and discovery.
    Page(Page),
    /// A question about rights, in a namespace or (empty) in none.
    Review(Review, String),
    Objects(Box<ObjectCall>),
}

/// A page that is no object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    Health,
    Version,
    /// `/api`.
    CoreVersions,
    /// `/apis`.
    Groups,
    /// `/apis/GROUP`.
    Group(String),
    /// `/api/v1`, `/apis/GROUP/VERSION`: group and version.
    Resources(String, String),
    /// `limitranges`: there are none and never will be, which `kubectl describe
    /// namespace` wants to hear.
    NoLimitRanges,
    /// `/openapi/v3` and below it.
    OpenApi(Option<(String, String)>),
    /// `/openapi/v2`, which kubectl asks for what the newer one does not know.
    OpenApiBefore,
}

/// A request for objects of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectCall {
    pub kind: &'static ApiKind,
    /// Empty for cluster-scoped kinds and for all namespaces.
    pub namespace: String,
    /// Empty for a collection.
    pub name: String,
    pub part: Part,
    pub action: Action,
    pub query: Query,
}

/// The object itself or one of its subresources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    Status,
    Scale,
    Binding,
    Eviction,
    Finalize,
    Log,
}

impl Part {
    /// The subresource's name in paths and in `managedFields`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "",
            Self::Status => "status",
            Self::Scale => "scale",
            Self::Binding => "binding",
            Self::Eviction => "eviction",
            Self::Finalize => "finalize",
            Self::Log => "log",
        }
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch(PatchKind),
    Delete,
    DeleteCollection,
}

impl Action {
    /// The verb of access rules.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch(_) => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

/// The four patch formats, by content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchKind {
    Json,
    Merge,
    Strategic,
    Apply,
}
