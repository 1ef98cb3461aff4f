//! Any sequence of changes on any paths, right and wrong ones, leaves the tree that a model foretells, and each is answered with the
//! status that the model says.

use std::collections::BTreeMap;

use proptest::{prelude::*, sample::select, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};

use super::site::{Site, refused};
use crate::support::{Answer, Server, on_each_engine, on_one_engine_with};

/// Short, so that they meet. Some lead below what may be a file by then.
const PATHS: &[&str] = &[
    "a",
    "b",
    "c",
    "a/b",
    "a/c",
    "b/c",
    "a/b/c",
    "a/b/c/d",
    "x.txt",
    "y.txt",
    "a/x.txt",
    "b/y.txt",
    "a/b/x.txt",
    "c/y.txt",
    "x.txt/b",
    "a/x.txt/y.txt",
];
const HOLDERS: &[&str] = &["", "a", "b", "a/b", "a/b/c", "c/d", "x.txt", "a/x.txt"];
const NAMES: &[&str] = &["x.txt", "y.txt"];

/// One change.
#[derive(Debug, Clone)]
enum Step {
    CreateFolder(&'static str),
    MoveFolder(&'static str, &'static str),
    CopyFolder(&'static str, &'static str),
    DeleteFolder(&'static str),
    Upload { folder: &'static str, name: &'static str, text: u8 },
    MoveFile(&'static str, &'static str),
    CopyFile(&'static str, &'static str),
    DeleteFile(&'static str),
    SetTitle(&'static str, u8),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Folder,
    File { text: String, title: String },
}

/// What there should be, by path.
#[derive(Debug, Default)]
struct Model {
    nodes: BTreeMap<String, Node>,
}

const DONE: &[u16] = &[200];
const GONE: &[u16] = &[204];
const NOT_FOUND: &[u16] = &[404];
/// An upload to where nothing can lie: the folder is none, or the name is a folder's.
const NO_PLACE: &[u16] = &[400, 404];

#[test]
fn any_sequence_leaves_what_a_model_foretells() {
    on_one_engine_with(|_| {}, async |server| run(server, 12, 40).await);
}

#[test]
fn some_sequences_do_so_on_each_engine() {
    on_each_engine(async |server| run(server, 3, 30).await);
}

async fn run(server: &Server, cases: usize, steps: usize) {
    let site = Site::with_tokens(server).await;
    let at_first = tree(&site).await;
    let sequences = prop::collection::vec(any_step(), steps);
    let mut runner = TestRunner::new(ProptestConfig { cases: 1, ..ProptestConfig::default() });
    for _ in 0..cases {
        let sequence = sequences.new_tree(&mut runner).unwrap().current();
        let mut model = Model::default();
        for (at, step) in sequence.iter().enumerate() {
            let foretold = model.change(step);
            let answer = step.perform(&site).await;
            assert!(foretold.contains(&answer.status), "{foretold:?} after {:#?}: {answer}", &sequence[..=at]);
            step.check(answer);
        }
        let mut left = tree(&site).await;
        left.retain(|path, _| !at_first.contains_key(path));
        let left: BTreeMap<_, _> = left.iter().map(|(path, item)| (path.clone(), title_of(item))).collect();
        assert_eq!(left, model.titles(), "after {sequence:#?}");
        model.compare_bytes(&site).await;
        model.sweep(&site).await;
        assert_eq!(tree(&site).await, at_first, "after {sequence:#?}");
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let path = || select(PATHS);
    let two = || (select(PATHS), select(PATHS));
    prop_oneof![
        3 => path().prop_map(Step::CreateFolder),
        3 => two().prop_map(|(from, to)| Step::MoveFolder(from, to)),
        3 => two().prop_map(|(from, to)| Step::CopyFolder(from, to)),
        1 => path().prop_map(Step::DeleteFolder),
        6 => (select(HOLDERS), select(NAMES), any::<u8>()).prop_map(|(folder, name, text)| Step::Upload { folder, name, text }),
        3 => two().prop_map(|(from, to)| Step::MoveFile(from, to)),
        3 => two().prop_map(|(from, to)| Step::CopyFile(from, to)),
        1 => path().prop_map(Step::DeleteFile),
        2 => (path(), any::<u8>()).prop_map(|(path, text)| Step::SetTitle(path, text)),
    ]
}

impl Step {
    async fn perform(&self, site: &Site<'_>) -> Answer {
        let (files, folders) = ("/api/media/files", "/api/media/folders");
        let one = |id: &str| json!({ "id": id });
        let two = |id: &str, new_id: &str| json!({ "id": id, "new_id": new_id });
        match self {
            Self::CreateFolder(id) => site.call("POST", folders, one(id)).await,
            Self::MoveFolder(id, to) => site.call("PUT", folders, two(id, to)).await,
            Self::CopyFolder(id, to) => site.call("PUT", "/api/media/folders/copy", two(id, to)).await,
            Self::DeleteFolder(id) => site.call("DELETE", folders, one(id)).await,
            Self::Upload { folder, name, text } => site.upload(folder, name, text_of(*text).as_bytes()).await,
            Self::MoveFile(id, to) => site.call("PUT", files, two(id, to)).await,
            Self::CopyFile(id, to) => site.call("PUT", "/api/media/files/copy", two(id, to)).await,
            Self::DeleteFile(id) => site.call("DELETE", files, one(id)).await,
            Self::SetTitle(id, text) => {
                let body = json!({ "id": id, "field": "title", "value": text_of(*text) });
                site.call("PATCH", "/api/media/files/meta", body).await
            }
        }
    }

    /// Whether the answer tells of what is there now.
    fn check(&self, answer: Answer) {
        match answer.status {
            200 => assert_eq!(data(&answer)["url"], format!("project/uploads/{}", self.target()), "{self:?}: {answer}"),
            204 => {}
            status => refused(answer, status),
        }
    }

    /// The path of what there is afterwards.
    fn target(&self) -> String {
        match self {
            Self::CreateFolder(id) | Self::DeleteFolder(id) | Self::DeleteFile(id) | Self::SetTitle(id, _) => {
                (*id).to_owned()
            }
            Self::MoveFolder(_, to) | Self::CopyFolder(_, to) | Self::MoveFile(_, to) | Self::CopyFile(_, to) => {
                (*to).to_owned()
            }
            Self::Upload { folder, name, .. } => join(folder, name),
        }
    }
}

fn text_of(number: u8) -> String {
    format!("Text {number}")
}

impl Model {
    /// Makes the change if it can be made; how it is answered.
    fn change(&mut self, step: &Step) -> &'static [u16] {
        match step {
            Step::CreateFolder(path) => self.create_folder(path),
            Step::MoveFolder(from, to) => self.transfer(from, to, true, false),
            Step::CopyFolder(from, to) => self.transfer(from, to, true, true),
            Step::DeleteFolder(path) => self.delete(path, true),
            Step::Upload { folder, name, text } => self.upload(folder, name, *text),
            Step::MoveFile(from, to) => self.transfer(from, to, false, false),
            Step::CopyFile(from, to) => self.transfer(from, to, false, true),
            Step::DeleteFile(path) => self.delete(path, false),
            Step::SetTitle(path, text) => match self.nodes.get_mut(*path) {
                Some(Node::File { title, .. }) => {
                    *title = text_of(*text);
                    DONE
                }
                Some(Node::Folder) | None => NOT_FOUND,
            },
        }
    }

    fn create_folder(&mut self, path: &str) -> &'static [u16] {
        if !self.is_free(path) {
            return NOT_FOUND;
        }
        self.make_parents(path);
        self.nodes.insert(path.to_owned(), Node::Folder);
        DONE
    }

    fn upload(&mut self, folder: &str, name: &str, text: u8) -> &'static [u16] {
        let path = join(folder, name);
        if self.is_below_a_file(&path) || self.is_folder(&path) == Some(true) {
            return NO_PLACE;
        }
        self.make_parents(&path);
        let title = name.trim_end_matches(".txt").to_uppercase();
        self.nodes.insert(path, Node::File { text: text_of(text), title });
        DONE
    }

    /// Moves or copies a folder or file with all that is below it.
    fn transfer(&mut self, from: &str, to: &str, is_folder: bool, keep: bool) -> &'static [u16] {
        let into_itself = to.starts_with(&format!("{from}/"));
        if self.is_folder(from) != Some(is_folder) || into_itself || !self.is_free(to) {
            return NOT_FOUND;
        }
        let paths = self.with_all_below(from);
        let moved: Vec<_> =
            paths.iter().map(|path| (format!("{to}{}", &path[from.len()..]), self.nodes[path].clone())).collect();
        if !keep {
            self.nodes.retain(|path, _| !paths.contains(path));
        }
        self.make_parents(to);
        self.nodes.extend(moved);
        DONE
    }

    fn delete(&mut self, path: &str, is_folder: bool) -> &'static [u16] {
        if self.is_folder(path) != Some(is_folder) {
            return NOT_FOUND;
        }
        for path in self.with_all_below(path) {
            self.nodes.remove(&path);
        }
        GONE
    }

    fn is_folder(&self, path: &str) -> Option<bool> {
        self.nodes.get(path).map(|node| *node == Node::Folder)
    }

    fn is_free(&self, path: &str) -> bool {
        !self.nodes.contains_key(path) && !self.is_below_a_file(path)
    }

    fn is_below_a_file(&self, path: &str) -> bool {
        parents(path).any(|parent| self.is_folder(parent) == Some(false))
    }

    fn with_all_below(&self, path: &str) -> Vec<String> {
        let below = format!("{path}/");
        self.nodes.keys().filter(|known| *known == path || known.starts_with(&below)).cloned().collect()
    }

    fn make_parents(&mut self, path: &str) {
        for parent in parents(path) {
            self.nodes.insert(parent.to_owned(), Node::Folder);
        }
    }

    /// Folders have none.
    fn titles(&self) -> BTreeMap<String, Option<Value>> {
        let title = |node: &Node| match node {
            Node::Folder => None,
            Node::File { title, .. } => Some(json!(title)),
        };
        self.nodes.iter().map(|(path, node)| (path.clone(), title(node))).collect()
    }

    /// Only what lies in a folder of this API's is for everybody.
    async fn compare_bytes(&self, site: &Site<'_>) {
        for (path, node) in self.nodes.iter().filter(|(path, _)| path.contains('/')) {
            let answer = site.ask("GET", &format!("/project/uploads/{path}")).send().await;
            match node {
                Node::Folder => refused(answer, 404),
                Node::File { text, .. } => assert_eq!(answer.expect(200).body, text.as_bytes(), "{path}"),
            }
        }
    }

    /// Deletes everything through the API.
    async fn sweep(&self, site: &Site<'_>) {
        for (path, node) in self.nodes.iter().filter(|(path, _)| !path.contains('/')) {
            let kind = if *node == Node::Folder { "folders" } else { "files" };
            site.call("DELETE", &format!("/api/media/{kind}"), json!({ "id": path })).await.expect(204);
        }
    }
}

/// The folders that a path leads through.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn title_of(item: &Value) -> Option<Value> {
    item.get("filename").map(|_| item["title"].clone())
}

/// All folders and files of a site by path, as the API shows each.
pub async fn tree(site: &Site<'_>) -> BTreeMap<String, Value> {
    let mut tree = BTreeMap::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for kind in ["folders", "files"] {
            for (name, item) in children(site, kind, &folder).await {
                let path = join(&folder, &name);
                if kind == "folders" {
                    folders.push(path.clone());
                }
                assert!(tree.insert(path, item).is_none(), "{name} is there twice in {folder:?}");
            }
        }
    }
    tree
}

/// What a folder holds, of one kind, by name; an empty collection is answered as if it was not there.
pub async fn children(site: &Site<'_>, kind: &str, folder: &str) -> serde_json::Map<String, Value> {
    let target = format!("/api/media/{kind}?id={}&options[collection]=true", escaped(folder));
    let answer = site.get(&target).await;
    if answer.status == 404 {
        return serde_json::Map::new();
    }
    let answer = answer.expect(200);
    data(&answer).as_object().unwrap_or_else(|| panic!("{answer} is no collection")).clone()
}

/// What is in the envelope of a success.
pub fn data(answer: &Answer) -> Value {
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{answer}: {error}"));
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1), "{answer}");
    body["data"].take()
}

/// A path as URLs carry it.
pub fn escaped(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.-_~".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
