//! All manifests of one input: every object with its place, and what could not
//! be read. `List` objects are opened; unknown kinds are counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::beyond::Beyond;
use super::finding::Spot;
use super::kind::Kind;
use super::labels::labels;
use super::passwords;
use super::rules::is_misspelt;
use super::source::{Input, Piece, Source, Unread};
use crate::objects::placed::{MOST, Placed, read};
use crate::objects::yaml::YamlError;

/// What rules about files look at.
#[derive(Debug, Default)]
pub struct Manifests {
    /// In the order of the files and in them.
    pub documents: Vec<Document>,
    /// Documents that are not YAML.
    pub broken: Vec<BrokenPiece>,
    /// Files that are no text.
    pub unread: Vec<(String, Unread)>,
    /// The names of the files that were handed in.
    pub files: Vec<String>,
    /// What the cluster has beside them, where it was looked at.
    pub beyond: Option<Beyond>,
    /// What a server says of each of them by itself, where one was asked.
    pub refused: Vec<Refused>,
    /// Where each begins: file and line.
    starts: BTreeMap<(String, u64), usize>,
    /// The first of each kind, namespace and name.
    index: BTreeMap<(Kind, String, String), usize>,
}

/// One object.
#[derive(Debug)]
pub struct Document {
    pub source: Arc<Source>,
    pub root: Placed,
    pub kind: Kind,
    /// Lines around it may hold a Secret's values.
    pub hidden: bool,
    /// Where it stands among all of them.
    pub position: usize,
    name: String,
    namespace: String,
    is_workload: bool,
    pod_labels: BTreeMap<String, String>,
    /// Where values of passwords stand.
    passwords: BTreeSet<u64>,
}

/// A field that a server does not take, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The position of the document.
    pub document: usize,
    /// Such as `spec.ports[0].name`, or empty.
    pub field: String,
    /// Such as `Invalid value: -1: must be greater than 0`.
    pub message: String,
}

/// A document that could not be read.
#[derive(Debug)]
pub struct BrokenPiece {
    pub piece: Piece,
    pub error: YamlError,
}

impl Manifests {
    /// Reads all inputs.
    #[must_use]
    pub fn of(inputs: &[Input]) -> Self {
        let mut all = Self { files: inputs.iter().map(|input| input.name.clone()).collect(), ..Self::default() };
        for input in inputs {
            match Source::read(input) {
                Ok(source) => {
                    let mut left = MOST;
                    source.pieces().into_iter().for_each(|piece| all.add(piece, &mut left));
                }
                Err(why) => all.unread.push((input.name.clone(), why)),
            }
        }
        all
    }

    fn add(&mut self, piece: Piece, left: &mut usize) {
        match read(&piece.text, piece.first_line, left) {
            Ok(roots) => {
                let hidden = piece.may_be_secret() || roots.iter().any(holds_secret);
                for root in roots {
                    self.add_root(&piece.source, root, hidden);
                }
            }
            Err(error) => self.broken.push(BrokenPiece { piece, error }),
        }
    }

    /// The items of a list count each for itself.
    fn add_root(&mut self, source: &Arc<Source>, root: Placed, hidden: bool) {
        let word = |key: &str| root.get(key).and_then(Placed::text).unwrap_or_default();
        let (version, kind) = (word("apiVersion"), word("kind"));
        if kind.ends_with("List") && version == "v1" && !root.get("items").is_none_or(|items| items.items().is_empty())
        {
            let items = root.get("items").map(Placed::items).unwrap_or_default().to_vec();
            for item in items {
                self.add_root(source, item, hidden);
            }
            return;
        }
        let kind = Kind::of(version, kind);
        let document = Document::new(Arc::clone(source), root, kind, hidden, self.documents.len());
        let key = (kind, document.namespace.clone(), document.name.clone());
        self.index.entry(key).or_insert(document.position);
        self.starts.insert((document.source.name.clone(), document.root.place.line), document.position);
        self.documents.push(document);
    }

    /// The position of the document that a spot is in.
    #[must_use]
    pub fn position(&self, spot: &Spot) -> Option<usize> {
        let before = self.starts.range(..=(spot.file.clone(), spot.line)).next_back();
        before.filter(|((file, _), _)| *file == spot.file).map(|(_, position)| *position)
    }

    /// Asks a server what it says of each object by itself: fields, each with why it is refused.
    pub fn ask(&mut self, server: impl Fn(&Value) -> Vec<(String, String)>) {
        let of = |document: &Document| {
            let position = document.position;
            let refused = server(&document.root.to_value()).into_iter();
            refused.map(move |(field, message)| Refused { document: position, field, message })
        };
        self.refused = self.documents.iter().filter(|document| document.kind != Kind::Foreign).flat_map(of).collect();
    }

    /// The objects of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Document> {
        self.documents.iter().filter(move |document| document.kind == kind)
    }

    /// The objects with a pod template.
    pub fn workloads(&self) -> impl Iterator<Item = &Document> {
        self.documents.iter().filter(|document| document.is_workload)
    }

    /// An object of this kind, namespace and name.
    #[must_use]
    pub fn find(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Document> {
        let at = |namespace: &str| self.index.get(&(kind, namespace.to_owned(), name.to_owned()));
        let own = self.beyond.as_ref().map(|beyond| beyond.namespace.as_str());
        // What has no namespace goes to that of the cluster.
        let same = match own {
            Some(own) if namespace.is_empty() => at(own),
            Some(own) if namespace == own => at(""),
            Some(_) | None => None,
        };
        self.documents.get(*at(namespace).or(same)?)
    }

    /// Whether an object of this kind may stand in what cannot be read, and something of this
    /// name; any name if it is empty.
    #[must_use]
    pub fn may_hide(&self, kind: &str, name: &str) -> bool {
        !self.unread.is_empty() || self.broken.iter().any(|broken| broken.piece.may_hold(kind, name))
    }

    /// Custom resources, and documents that are no object. A misspelt one of Kubernetes is told.
    #[must_use]
    pub fn ignored(&self) -> usize {
        self.of_kind(Kind::Foreign).filter(|document| !is_misspelt(document)).count()
    }
}

/// Also in the template of a list.
fn holds_secret(root: &Placed) -> bool {
    let mut found = false;
    root.walk(&mut |value| found |= value.get("kind").and_then(Placed::text) == Some("Secret"));
    found
}

impl Document {
    /// What is asked again and again is looked up once: a folder has thousands.
    fn new(source: Arc<Source>, root: Placed, kind: Kind, hidden: bool, position: usize) -> Self {
        let text = |path: &str| root.at(path).and_then(Placed::text).unwrap_or_default().to_owned();
        let (name, namespace) = (text("metadata.name"), text("metadata.namespace"));
        let namespace = if kind.namespaced() { namespace } else { String::new() };
        let mut document = Self {
            source,
            root,
            kind,
            hidden,
            position,
            name,
            namespace,
            is_workload: false,
            pod_labels: BTreeMap::new(),
            passwords: BTreeSet::new(),
        };
        document.passwords = passwords::lines(document.containers());
        document.is_workload = document.template().is_some();
        let of_pods = document.template().and_then(|template| template.at("metadata.labels"));
        document.pod_labels =
            labels(of_pods).into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        document
    }

    /// Whether a line may hold the value of a Secret or of a password.
    #[must_use]
    pub fn hides(&self, line: u64) -> bool {
        self.hidden || self.passwords.contains(&line)
    }

    /// The labels of the pods of a workload.
    #[must_use]
    pub const fn pod_labels(&self) -> &BTreeMap<String, String> {
        &self.pod_labels
    }

    /// The value behind keys with dots between them.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Placed> {
        self.root.at(path)
    }

    /// The text there; empty if there is none.
    #[must_use]
    pub fn text(&self, path: &str) -> &str {
        self.at(path).and_then(Placed::text).unwrap_or_default()
    }

    /// The items there.
    #[must_use]
    pub fn items(&self, path: &str) -> &[Placed] {
        self.at(path).map(Placed::items).unwrap_or_default()
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As written; empty where none is: all of these are one namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// `StatefulSet/web`, in the words of the file.
    #[must_use]
    pub fn title(&self) -> String {
        let kind = Some(self.text("kind")).filter(|kind| !kind.is_empty()).unwrap_or("object");
        match self.name() {
            "" => kind.to_owned(),
            name => format!("{kind}/{name}"),
        }
    }

    /// The pod template, with `metadata` and `spec`.
    #[must_use]
    pub fn template(&self) -> Option<&Placed> {
        match self.kind.template()? {
            "" => Some(&self.root),
            path => self.at(path),
        }
    }

    /// The spec of its pods.
    #[must_use]
    pub fn pod_spec(&self) -> Option<&Placed> {
        self.template()?.get("spec")
    }

    /// Init containers first.
    pub fn containers(&self) -> impl Iterator<Item = &Placed> {
        let of = |key: &str| self.pod_spec().and_then(|spec| spec.get(key)).map(Placed::items).unwrap_or_default();
        of("initContainers").iter().chain(of("containers"))
    }

    /// What lies behind volumes: the spec of a volume, and each volume of pods.
    pub fn volume_sources(&self) -> impl Iterator<Item = &Placed> {
        let own = (self.kind == Kind::Volume).then(|| self.at("spec")).flatten();
        let of_pods = self.pod_spec().and_then(|spec| spec.get("volumes")).map(Placed::items).unwrap_or_default();
        own.into_iter().chain(of_pods)
    }

    /// How many members a set or workload has.
    #[must_use]
    pub fn replicas(&self) -> i64 {
        self.at("spec.replicas").and_then(Placed::number).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::samples::manifests;

    #[test]
    fn lists_are_opened_and_each_object_keeps_its_place() {
        let all = manifests(
            "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n\
             - apiVersion: v1\n  kind: Service\n  metadata:\n    name: b\n---\n{kind: Pod, apiVersion: v1}\n",
        );
        let titles: Vec<_> = all.documents.iter().map(Document::title).collect();
        assert_eq!(titles, ["Pod/a", "Service/b", "Pod"]);
        assert_eq!(all.documents[1].at("metadata.name").unwrap().place.line, 8);
        assert_eq!(all.documents[2].root.place.line, 10);
    }

    #[test]
    fn a_document_that_is_broken_hides_no_other() {
        let all = manifests("a: [\n---\napiVersion: v1\nkind: Pod\n");
        assert_eq!((all.broken.len(), all.documents.len()), (1, 1));
        assert_eq!(all.broken[0].error.line, Some(1));
        let all = manifests("apiVersion: v1\nkind: Service\nmetadata: {name: web}\na: [\n---\nkind: Pod\n");
        assert!(all.may_hide("Service", "web") && !all.may_hide("Service", "db") && !all.may_hide("Pod", "web"));
        let all = Manifests::of(&[Input { name: "a".to_owned(), bytes: vec![0xff; 9] }]);
        assert!(all.may_hide("Service", "web"));
    }

    #[test]
    fn custom_resources_are_ignored_and_misspelt_groups_are_not() {
        let ignored = |version: &str| manifests(&format!("apiVersion: {version}\nkind: StatefulSet\n")).ignored();
        assert_eq!(["example.org/v1", "app/v1", "apps/v1"].map(ignored), [1, 0, 0]);
        assert_eq!(manifests("apiVersion: skaffold/v4beta1\nkind: Config\n").ignored(), 1);
    }

    #[test]
    fn secrets_are_hidden_however_they_are_written() {
        for text in [
            "apiVersion: v1\nkind: Secret\n",
            "apiVersion: v1\nkind: \"S\\u0065cret\"\n",
            "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: \"\\x53ecret\"}]\n",
        ] {
            assert!(manifests(text).documents.iter().all(|document| document.hidden), "{text}");
        }
        assert!(!manifests("apiVersion: v1\nkind: Pod\n").documents[0].hidden);
    }
}
