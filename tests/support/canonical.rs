//! The canonical form of answers: what two servers may choose freely (UIDs,
//! revisions, times, addresses, ports, the name of the namespace) becomes a
//! symbol, numbered in order of first appearance over a whole entry, so that
//! equal stays equal and different stays different. Everything else is
//! compared as it is, texts included.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The symbols of one entry.
pub struct Canon {
    namespace: String,
    uids: Vec<String>,
    versions: Vec<String>,
    addresses: Vec<String>,
    ports: Vec<String>,
    /// The ports that the Service with a UID had when it was last seen.
    had: BTreeMap<String, Vec<String>>,
}

impl Canon {
    pub fn new(namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            uids: Vec::new(),
            versions: Vec::new(),
            addresses: Vec::new(),
            ports: Vec::new(),
            had: BTreeMap::new(),
        }
    }

    /// The canonical form of a body, a request line or a header.
    pub fn canonical(&mut self, value: &Value) -> Value {
        match value {
            Value::Object(fields) => Value::Object(self.object(fields)),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.canonical(item)).collect()),
            Value::String(text) => Value::String(self.text(text)),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn object(&mut self, fields: &Map<String, Value>) -> Map<String, Value> {
        // Like that of a list, a bookmark's revision depends on the rest of the cluster.
        if fields.get("type").is_some_and(|kind| kind == "BOOKMARK") {
            let mut bookmark = fields.clone();
            if let Some(revision) =
                bookmark.get_mut("object").and_then(|object| object.pointer_mut("/metadata/resourceVersion"))
            {
                *revision = list_revision(revision);
            }
            return bookmark;
        }
        if fields.get("kind").is_some_and(|kind| kind == "Service") {
            self.forget_ports(fields);
        }
        let is_table = fields.get("kind").is_some_and(|kind| kind == "Table");
        let is_list = is_table || fields.get("items").is_some_and(Value::is_array);
        let canonical = fields.iter().map(|(key, value)| {
            let value = if is_list && key == "metadata" { self.list_metadata(value) } else { self.field(key, value) };
            (self.text(key), value)
        });
        canonical.collect()
    }

    /// Chance may give a Service once more what it had given up: it counts as new.
    fn forget_ports(&mut self, service: &Map<String, Value>) {
        let spec = &service.get("spec").unwrap_or(&Value::Null);
        let of_ports = spec["ports"].as_array().into_iter().flatten().map(|port| &port["nodePort"]);
        let has: Vec<String> = of_ports
            .chain([&spec["healthCheckNodePort"]])
            .filter_map(|port| Some(port.as_u64()?.to_string()))
            .collect();
        let uid = service.get("metadata").map_or("", |metadata| metadata["uid"].as_str().unwrap_or_default());
        let had = self.had.insert(uid.to_owned(), has.clone()).unwrap_or_default();
        for port in self.ports.iter_mut().filter(|port| had.contains(port) && !has.contains(port)) {
            port.clear();
        }
    }

    /// The revision of a list depends on what else goes on in the cluster.
    fn list_metadata(&mut self, metadata: &Value) -> Value {
        let fields = metadata.as_object().into_iter().flatten();
        let canonical = fields.map(|(name, value)| {
            let value = match name.as_str() {
                "resourceVersion" => list_revision(value),
                "continue" => "<token>".into(),
                _ => self.field(name, value),
            };
            (name.clone(), value)
        });
        Value::Object(canonical.collect())
    }

    fn field(&mut self, key: &str, value: &Value) -> Value {
        match (key, value) {
            // Lists carry "" here in some answers, which is no revision.
            ("resourceVersion", Value::String(version)) if !version.is_empty() => {
                symbol("version", &mut self.versions, version).into()
            }
            ("clusterIP", Value::String(address)) => self.address(address).into(),
            ("clusterIPs", Value::Array(addresses)) => {
                addresses.iter().map(|address| self.address(address.as_str().unwrap_or_default())).collect()
            }
            ("nodePort" | "healthCheckNodePort", Value::Number(port)) if is_allotted(port) => {
                symbol("port", &mut self.ports, &port.to_string()).into()
            }
            ("managedFields", Value::Array(managers)) => self.managers(managers),
            ("causes", Value::Array(causes)) => self.causes(causes),
            ("cells", Value::Array(cells)) => cells.iter().map(|cell| self.cell(cell)).collect(),
            _ => self.canonical(value),
        }
    }

    /// Ages and what the server chose, as people see them in a table.
    fn cell(&mut self, cell: &Value) -> Value {
        let Value::String(text) = cell else { return self.canonical(cell) };
        if is_age(text) {
            return "<age>".into();
        }
        if let Some((count, rest)) = text.split_once(" (")
            && rest.strip_suffix(" ago)").is_some_and(is_age)
        {
            return format!("{count} (<age> ago)").into();
        }
        let is_address = text.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.octets()[0] == 10);
        if is_address { self.address(text).into() } else { self.allotted_ports(text).into() }
    }

    /// `80:31234/TCP`.
    fn allotted_ports(&mut self, text: &str) -> String {
        let mut port = |piece: &str| match piece.split_once(':') {
            Some((port, rest)) => match rest.split_once('/') {
                Some((node, protocol)) if node.parse().is_ok_and(|node: u16| ALLOTTED.contains(&node.into())) => {
                    format!("{port}:{}/{protocol}", symbol("port", &mut self.ports, node))
                }
                Some(_) | None => piece.to_owned(),
            },
            None => piece.to_owned(),
        };
        let ports = text.split(',').map(&mut port).collect::<Vec<_>>().join(",");
        self.text(&ports)
    }

    fn address(&mut self, address: &str) -> String {
        let chosen_by_server = address.contains('.') || address.contains(':');
        if chosen_by_server { symbol("address", &mut self.addresses, address) } else { self.text(address) }
    }

    /// The order of managers depends on the second in which each wrote.
    fn managers(&mut self, managers: &[Value]) -> Value {
        let mut kept: Vec<Value> = managers.iter().map(|manager| self.canonical(manager)).collect();
        kept.sort_by_key(|manager| {
            ["manager", "operation", "subresource"].map(|field| manager[field].as_str().unwrap_or_default().to_owned())
        });
        kept.into()
    }

    /// The conflicts of an apply come in no fixed order.
    fn causes(&mut self, causes: &[Value]) -> Value {
        let mut causes: Vec<Value> = causes.iter().map(|cause| self.canonical(cause)).collect();
        if causes.iter().all(|cause| cause["reason"] == "FieldManagerConflict") {
            causes.sort_by_key(Value::to_string);
        }
        causes.into()
    }

    fn text(&mut self, text: &str) -> String {
        if let Some(time) = time(text) {
            return time.to_owned();
        }
        let text = self.with_objects(text).replace(&self.namespace, "$NAMESPACE");
        let text = self.replace_uids(&text);
        let text = if text.contains("ResourceVersion") || text.contains("resourceVersion:") {
            self.revisions_in_brackets(&text)
        } else {
            text
        };
        match text.split_once(", current: ") {
            // How far the whole cluster is, when a revision is still to come.
            Some((before, _)) if text.contains("Too large resource version") => {
                format!("{before}, current: <revision>")
            }
            // Likewise, how much of the past is left.
            Some(_) | None => match text.split_once(" (").filter(|_| text.starts_with("too old resource version: ")) {
                Some((before, _)) => format!("{before} (<revision>)"),
                None => text,
            },
        }
    }

    /// A refused patch shows the whole object as it would be, in quotes. The
    /// order of its fields says which of them the server had to take apart.
    fn with_objects(&mut self, text: &str) -> String {
        const BEFORE: &str = "Invalid value: ";
        let Some((before, shown)) =
            text.split_once(&format!("{BEFORE}\"{{")).map(|(before, _)| text.split_at(before.len() + BEFORE.len()))
        else {
            return text.to_owned();
        };
        let mut quoted = serde_json::Deserializer::from_str(shown).into_iter::<String>();
        let object = quoted.next().and_then(Result::ok).and_then(|inner| serde_json::from_str::<Value>(&inner).ok());
        let Some(mut object) = object else { return text.to_owned() };
        object.sort_all_objects();
        let canonical = self.canonical(&object).to_string();
        format!("{before}{canonical:?}{}", &shown[quoted.byte_offset()..])
    }

    /// Refused preconditions name revisions in brackets; only those that have
    /// been seen are replaced.
    fn revisions_in_brackets(&self, text: &str) -> String {
        self.versions.iter().enumerate().fold(text.to_owned(), |text, (position, version)| {
            let symbol = format!("<version {}>", position + 1);
            let text = text.replace(&format!("({version})"), &format!("({symbol})"));
            // A shown patch is a map as Go writes it.
            [' ', ']'].into_iter().fold(text, |text, end| {
                text.replace(&format!("resourceVersion:{version}{end}"), &format!("resourceVersion:{symbol}{end}"))
            })
        })
    }

    /// A UID may stand in the middle of a text, between other characters.
    fn replace_uids(&mut self, text: &str) -> String {
        let separates = |letter: char| !letter.is_ascii_alphanumeric() && letter != '-';
        let mut replaced = String::new();
        for piece in text.split_inclusive(separates) {
            let word = piece.trim_end_matches(separates);
            if is_uid(word) {
                replaced.push_str(&symbol("uid", &mut self.uids, word));
                replaced.push_str(&piece[word.len()..]);
            } else {
                replaced.push_str(piece);
            }
        }
        replaced
    }
}

/// `5s`, `2m30s`, `<unknown>` is none.
fn is_age(text: &str) -> bool {
    let units = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let rest = units.trim_start_matches(|letter: char| letter.is_ascii_digit() || "smhdy".contains(letter));
    !text.starts_with(|letter: char| !letter.is_ascii_digit()) && rest.is_empty() && !units.is_empty()
}

/// Ports that a server allots; others were asked for.
const ALLOTTED: std::ops::RangeInclusive<i64> = 30_000..=32_767;

fn is_allotted(port: &serde_json::Number) -> bool {
    port.as_i64().is_some_and(|port| ALLOTTED.contains(&port))
}

/// A time in one of the two spellings of the server. Others are compared.
fn time(text: &str) -> Option<&'static str> {
    let symbol = match (text.len(), text.as_bytes().get(10), text.as_bytes().last()) {
        (20, Some(b'T'), Some(b'Z')) => "<time>",
        (27, Some(b'T'), Some(b'Z')) => "<microtime>",
        _ => return None,
    };
    text.parse::<jiff::Timestamp>().is_ok().then_some(symbol)
}

/// That there is none, or that it is 0, is no matter of what else goes on.
fn list_revision(revision: &Value) -> Value {
    if revision == "" || revision == "0" { revision.clone() } else { "<revision>".into() }
}

fn symbol(name: &str, known: &mut Vec<String>, value: &str) -> String {
    let position = known.iter().position(|other| other == value).unwrap_or_else(|| {
        known.push(value.to_owned());
        known.len() - 1
    });
    format!("<{name} {}>", position + 1)
}

fn is_uid(word: &str) -> bool {
    let groups: Vec<&str> = word.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Where two values differ, one line per place.
pub fn differences(golden: &Value, got: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", Some(golden), Some(got), &mut found);
    found
}

fn compare(place: &str, golden: Option<&Value>, got: Option<&Value>, found: &mut Vec<String>) {
    match (golden, got) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let only_right = right.keys().filter(|key| !left.contains_key(*key));
            for key in left.keys().chain(only_right) {
                let step = key.replace('~', "~0").replace('/', "~1");
                compare(&format!("{place}/{step}"), left.get(key), right.get(key), found);
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            for index in 0..left.len().max(right.len()) {
                compare(&format!("{place}/{index}"), left.get(index), right.get(index), found);
            }
        }
        (left, right) if left == right => {}
        (left, right) => {
            let show = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
            found.push(format!("{place}: golden {}, got {}", show(left), show(right)));
        }
    }
}
