//! GET, LIST and the start of a WATCH: selection, revisions, pages.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::controllers::View as _;
use super::controllers::attachments::KIND as ATTACHMENT;
use super::document::json_type;
use super::listing::Listing;
use super::query::{Match, Query};
use super::request::{ObjectCall, Part};
use super::scale;
use super::status::Refusal;
use super::store::Store;
use super::watch::WatchStart;
use super::world::{Payload, Reply};
use crate::objects::looked_for::LookedFor;

/// One object.
///
/// # Errors
/// 404, or 504 for a revision that is still to come.
pub fn get(store: &Store, call: &ObjectCall) -> Result<Reply, Refusal> {
    check_future(store, &call.query)?;
    let object = store
        .object(call.kind, &call.namespace, &call.name)
        .ok_or_else(|| Refusal::not_found(call.kind, &call.name))?;
    Ok(match store.version_of(call.kind) {
        _ if call.part != Part::Scale => Reply::object(200, object),
        Some((_, version)) => Reply::json(200, scale::of_custom(version, object)?),
        None => Reply::json(200, scale::of_set(object)),
    })
}

fn check_future(store: &Store, query: &Query) -> Result<(), Refusal> {
    match query.resource_version {
        Some(asked) if asked > store.revision() => Err(Refusal::from_the_future(asked, store.revision())),
        _ => Ok(()),
    }
}

/// Whether the query's selectors take the object.
#[must_use]
pub fn selects(query: &Query, object: &Value) -> bool {
    query.labels.matches(&object["metadata"]["labels"]) && query.fields.matches(object)
}

/// A collection, whole or a page of it.
///
/// # Errors
/// 400 for a broken continue token, 410 for one that is too old, 504 for a
/// revision that is still to come.
pub fn list(store: &Store, call: &ObjectCall, looked_for: Option<&LookedFor>) -> Result<Reply, Refusal> {
    let payload = Payload::List(listed(store, call, looked_for)?);
    Ok(Reply { code: 200, payload, warnings: Vec::new() })
}

/// The objects of a collection that the query takes, at least those of them
/// that are looked for.
///
/// # Errors
/// See `list`.
pub(super) fn listed(store: &Store, call: &ObjectCall, looked_for: Option<&LookedFor>) -> Result<Listing, Refusal> {
    let query = &call.query;
    check_future(store, query)?;
    let page = if query.continue_at.is_empty() { None } else { Some(read_token(&query.continue_at)?) };
    if page.is_some() && query.resource_version.is_some_and(|version| version > 0) {
        return Err(Refusal::bad_request("specifying resource version is not allowed when using continue"));
    }
    let revision = match (&page, &query.version_match, query.resource_version) {
        (Some(page), _, _) => page.revision.unwrap_or(store.revision()),
        (None, Match::Exact, Some(asked)) => asked,
        // A page of a revision is of that one, if nothing else is said.
        (None, Match::Unset, Some(asked)) if asked > 0 && query.limit > 0 => asked,
        (None, Match::Exact | Match::NotOlderThan | Match::Unset | Match::Other(_), _) => store.revision(),
    };
    let mut objects: Vec<Arc<Value>> = if revision == store.revision() {
        newest(store, call, looked_for)
    } else {
        let then = store.objects_at(call.kind, &call.namespace, revision);
        then.map_err(|refusal| match &page {
            Some(page) if refusal.code == 410 => Refusal::expired_rest(write_token(None, &page.start)),
            Some(_) | None => refusal,
        })?
    };
    let is_next = |object: &Value| page.as_ref().is_none_or(|page| position(call, object) > page.start);
    objects.retain(|object| is_next(object) && selects(query, object));
    // Whoever takes any revision gets all that is at hand, whatever the limit.
    let is_whole = query.limit == 0 || query.resource_version == Some(0);
    let shown = if is_whole { objects.len() } else { query.limit.min(objects.len()) };
    let mut meta = json!({ "resourceVersion": revision.to_string() });
    if let Some(last) = objects.get(..shown).and_then(<[_]>::last).filter(|_| shown < objects.len()) {
        meta["continue"] = Value::from(write_token(Some(revision), &position(call, last)));
        if query.labels.is_empty() && query.fields.is_empty() {
            meta["remainingItemCount"] = Value::from(objects.len() - shown);
        }
    }
    if call.kind.is_custom() && meta["continue"].is_null() {
        meta["continue"] = Value::from("");
    }
    objects.truncate(shown);
    Ok(Listing { of: call.kind, kind: store.list_kind(call.kind), objects, meta })
}

/// The objects of a collection as they are now: all of them, or the few that are looked for.
fn newest(store: &Store, call: &ObjectCall, looked_for: Option<&LookedFor>) -> Vec<Arc<Value>> {
    let namespace = call.namespace.as_str();
    let mut few: Vec<Arc<Value>> = match looked_for {
        Some(LookedFor::PodsWith(claims)) if call.kind.kind == "Pod" && !namespace.is_empty() => {
            claims.iter().flat_map(|claim| store.pods_with(namespace, claim)).collect()
        }
        Some(LookedFor::AttachmentsOf(volumes)) if call.kind.kind == ATTACHMENT => {
            volumes.iter().flat_map(|volume| store.attachments_of(volume)).collect()
        }
        Some(LookedFor::PodsWith(_) | LookedFor::AttachmentsOf(_)) | None => {
            return store.objects(call.kind, namespace).map(Arc::clone).collect();
        }
    };
    few.sort_by_cached_key(|object| position(call, object));
    few.dedup_by(|one, other| Arc::ptr_eq(one, other));
    few
}

/// Where an object stands in a list.
fn position(call: &ObjectCall, object: &Value) -> String {
    let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
    if call.namespace.is_empty() && call.kind.namespaced {
        format!("{}/{}", text("namespace"), text("name"))
    } else {
        text("name").to_owned()
    }
}

struct PageStart {
    /// `None` for the newest one, whatever the pages before were of.
    revision: Option<u64>,
    /// Everything up to this key was shown: `NAMESPACE/NAME`, or the name alone
    /// in a list of one namespace.
    start: String,
}

const TOKEN: &str = "meta.k8s.io/v1";
/// The revision in the token of a list that goes on as it is now.
const NEWEST: i64 = -1;

fn write_token(revision: Option<u64>, last: &str) -> String {
    let token =
        json!({"v": TOKEN, "rv": revision.map_or(Value::from(NEWEST), Value::from), "start": format!("{last}\u{0}")});
    URL_SAFE_NO_PAD.encode(token.to_string())
}

fn read_token(token: &str) -> Result<PageStart, Refusal> {
    let because =
        |why: &str| Refusal::bad_request(&format!("invalid continue token: continue key is not valid: {why}"));
    let bytes = URL_SAFE_NO_PAD.decode(token.trim_end_matches('='));
    let bytes = bytes.map_err(|_| because("illegal base64 data at input byte 0"))?;
    let token: Value = serde_json::from_slice(&bytes).map_err(|_| because(&no_json(&bytes)))?;
    if let Some(why) = mistyped_token(&token) {
        return Err(because(&why));
    }
    let version = token["v"].as_str().unwrap_or_default();
    if version != TOKEN {
        return Err(because(&format!("server does not recognize this encoded version {version}")));
    }
    if token["rv"].is_null() || token["rv"] == 0 {
        return Err(because(&format!("incorrect encoded start resourceVersion (version {TOKEN})")));
    }
    let start = token["start"].as_str().unwrap_or_default();
    if start.is_empty() {
        return Err(because(&format!("encoded start key empty (version {TOKEN})")));
    }
    let key = start.strip_prefix('/').unwrap_or(start);
    if key.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(because(start));
    }
    Ok(PageStart { revision: token["rv"].as_u64(), start: key.trim_end_matches('\u{0}').to_owned() })
}

/// What is wrong with the types in a token, in Go's words.
fn mistyped_token(token: &Value) -> Option<String> {
    match token {
        Value::Object(fields) => ["v", "rv", "start"].iter().find_map(|name| {
            let value = fields.get(*name)?;
            let (fits, wanted) =
                if *name == "rv" { (value.is_i64() || value.is_u64(), "int64") } else { (value.is_string(), "string") };
            (!fits && !value.is_null()).then(|| {
                let found = json_type(value);
                format!("json: cannot unmarshal {found} into Go struct field continueToken.{name} of type {wanted}")
            })
        }),
        Value::Null => None,
        other => {
            Some(format!("json: cannot unmarshal {} into Go value of type storage.continueToken", json_type(other)))
        }
    }
}

/// Go's words for a token that does not begin as JSON does.
fn no_json(bytes: &[u8]) -> String {
    match bytes.first() {
        None => "unexpected end of JSON input".to_owned(),
        Some(first) if first.is_ascii_graphic() => {
            format!("invalid character '{}' looking for beginning of value", char::from(*first))
        }
        Some(first) => format!("invalid character '\\u{first:04x}' looking for beginning of value"),
    }
}

/// Begins a watch; its events are read from the store as they come. That a
/// revision is too old is told inside the stream, as the real server does.
#[must_use]
pub fn watch(store: &Store, call: &ObjectCall, now: Timestamp) -> Reply {
    let start = WatchStart::new(store, call, now);
    Reply { code: 200, payload: Payload::Watch(Box::new(start)), warnings: Vec::new() }
}
