//! GET, LIST and the start of a WATCH: selection, revisions, pages.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::query::{Match, Query};
use super::request::{ObjectCall, Part};
use super::scale;
use super::status::Refusal;
use super::store::Store;
use super::watch::WatchStart;
use super::world::{Payload, Reply};

/// One object.
///
/// # Errors
/// 404, or 504 for a revision that is still to come.
pub fn get(store: &Store, call: &ObjectCall) -> Result<Reply, Refusal> {
    check_future(store, &call.query)?;
    let object = store
        .object(call.kind, &call.namespace, &call.name)
        .ok_or_else(|| Refusal::not_found(call.kind, &call.name))?;
    let body = if call.part == Part::Scale { scale::of_set(object) } else { Value::clone(object) };
    Ok(Reply::json(200, body))
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
pub fn list(store: &Store, call: &ObjectCall) -> Result<Reply, Refusal> {
    let query = &call.query;
    check_future(store, query)?;
    let page = if query.continue_at.is_empty() { None } else { Some(read_token(&query.continue_at)?) };
    if page.is_some() && query.resource_version.is_some_and(|version| version > 0) {
        return Err(Refusal::bad_request("specifying resource version is not allowed when using continue"));
    }
    let revision = match (&page, &query.version_match, query.resource_version) {
        (Some(page), _, _) => page.revision,
        (None, Match::Exact, Some(asked)) => asked,
        (None, Match::Exact | Match::NotOlderThan | Match::Unset | Match::Other(_), _) => store.revision(),
    };
    let all = if revision == store.revision() {
        store.objects(call.kind, &call.namespace).map(Arc::clone).collect()
    } else {
        store.objects_at(call.kind, &call.namespace, revision)?
    };
    let is_next = |object: &Value| page.as_ref().is_none_or(|page| position(object) > page.start);
    let matching: Vec<&Arc<Value>> = all.iter().filter(|object| is_next(object) && selects(query, object)).collect();
    let shown = if query.limit == 0 { matching.len() } else { query.limit.min(matching.len()) };
    let mut meta = json!({ "resourceVersion": revision.to_string() });
    if let Some(last) = matching.get(..shown).and_then(<[_]>::last).filter(|_| shown < matching.len()) {
        meta["continue"] = Value::from(write_token(revision, &position(last)));
        if query.labels.is_empty() {
            meta["remainingItemCount"] = Value::from(matching.len() - shown);
        }
    }
    let items: Vec<Value> = matching.iter().take(shown).map(|object| item(object)).collect();
    let body = json!({
        "kind": format!("{}List", call.kind.kind), "apiVersion": call.kind.api_version(),
        "metadata": meta, "items": items,
    });
    Ok(Reply::json(200, body))
}

/// Items of a list do not repeat their kind.
pub(super) fn item(object: &Value) -> Value {
    let mut item = object.clone();
    if let Some(fields) = item.as_object_mut() {
        fields.shift_remove("kind");
        fields.shift_remove("apiVersion");
    }
    item
}

fn position(object: &Value) -> (String, String) {
    let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
    (text("namespace"), text("name"))
}

struct PageStart {
    revision: u64,
    start: (String, String),
}

fn write_token(revision: u64, (namespace, name): &(String, String)) -> String {
    let start = format!("{namespace}/{name}\u{0}");
    let token = json!({"v": "meta.k8s.io/v1", "rv": revision, "start": start});
    URL_SAFE_NO_PAD.encode(token.to_string())
}

fn read_token(token: &str) -> Result<PageStart, Refusal> {
    let because =
        |why: &str| Refusal::bad_request(&format!("invalid continue token: continue key is not valid: {why}"));
    let bad = || because("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
    let bytes = URL_SAFE_NO_PAD.decode(token.trim_end_matches('='));
    let bytes = bytes.map_err(|_| because("illegal base64 data at input byte 0"))?;
    let token: Value = serde_json::from_slice(&bytes).map_err(|_| because(&no_json(&bytes)))?;
    let start = token["start"].as_str().ok_or_else(bad)?.trim_end_matches('\u{0}');
    let (namespace, name) = start.split_once('/').ok_or_else(bad)?;
    Ok(PageStart { revision: token["rv"].as_u64().ok_or_else(bad)?, start: (namespace.to_owned(), name.to_owned()) })
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
