//! The state that the record's setup steps write to disk, made by library calls instead.

use std::collections::{HashMap, HashSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use flextype::TokenKind;
use serde_json::{Map, Value};

use super::super::site::Site;
use crate::support::{Server, organizations::system};

/// Meta that is more than lines of `key: value`, as the reference server reads it. YAML dates are Unix seconds there.
const LITERALS: &[(&str, &str)] = &[
    (
        "typed.jpg",
        r#"{"title":"T","i":5,"f":1.5,"z":2.0,"t":true,"n":null,"d":1577923200,"s":"5","l":["a","b"],"e":[],"em":{},
        "o":{"x":{"y":1}},"m":"line1\nline2\n","yes1":"yes","exp":1000.0,"filename":"override-me","url":"override-me"}"#,
    ),
    ("n/Ünï.jpg", r#"{"title":"Ünïcödé \"q\" / \\ 😀"}"#),
];

/// Files of which the record writes the meta alone and fetches them all the same.
const META_ALONE: &[&str] = &["typed.jpg"];

/// A site, and what the steps have written for it so far.
pub struct Stage<'a> {
    site: Site<'a>,
    /// Media files whose meta is not written yet.
    halves: HashMap<String, Vec<u8>>,
    files: HashSet<String>,
    /// The token files, by their paths.
    tokens: Vec<(String, String)>,
    /// The paths of those that are tokens by now.
    made: HashSet<String>,
}

impl<'a> Stage<'a> {
    pub async fn new(server: &'a Server) -> Self {
        let site = Site::new(server).await;
        let (halves, files) = (HashMap::new(), HashSet::new());
        Self { site, halves, files, tokens: Vec::new(), made: HashSet::new() }
    }

    pub fn site(&self) -> &Site<'a> {
        &self.site
    }

    /// Does what a setup step does.
    pub async fn set(&mut self, step: &Value) {
        let path = step["path"].as_str().unwrap();
        match step["setup"].as_str().unwrap() {
            "rmtree" => self.remove(path).await,
            // A folder is there for the reference server when its twin is.
            "mkdir" => {
                if let Some(folder) = path.strip_prefix("media/.meta/") {
                    self.site.put_folder(folder).await;
                }
            }
            "write" => self.write(path, step).await,
            other => panic!("{other} is no setup step"),
        }
    }

    /// Makes the tokens whose files are written. They are made late, because emptying a site takes its tokens back.
    pub async fn make_tokens(&mut self) {
        for (path, text) in &self.tokens {
            if self.made.insert(path.clone()) {
                self.make_token(path, text).await;
            }
        }
    }

    async fn remove(&mut self, path: &str) {
        match path {
            "media" => {
                self.site.clear().await;
                self.halves.clear();
                self.files.clear();
                self.made.clear();
            }
            // The record empties the media first, and with that go the tokens that are made.
            "tokens" => {
                assert!(self.made.is_empty(), "tokens are removed by themselves");
                self.tokens.clear();
            }
            // Where a path led out of the media folder. Here none does.
            "esc" => {}
            other => panic!("{other} is removed"),
        }
    }

    async fn write(&mut self, path: &str, step: &Value) {
        let text = step["text"].as_str();
        if path.starts_with("tokens/") {
            self.write_token(path, text.unwrap());
        } else if let Some(meta) = path.strip_prefix("media/.meta/") {
            if let Some(file) = meta.strip_suffix(".yaml") {
                self.write_meta(file, text.unwrap()).await;
            }
        } else {
            let file = path.strip_prefix("media/").unwrap();
            let bytes = text.map(|text| text.as_bytes().to_vec());
            let bytes = bytes.unwrap_or_else(|| STANDARD.decode(step["base64"].as_str().unwrap()).unwrap());
            self.halves.insert(file.to_owned(), bytes);
        }
    }

    fn write_token(&mut self, path: &str, text: &str) {
        match self.tokens.iter().find(|(known, _)| known == path) {
            Some((_, known)) => assert_eq!(known, text, "{path} is written anew"),
            None => self.tokens.push((path.to_owned(), text.to_owned())),
        }
    }

    /// The second half of a file, or new meta for one that is there. Meta of a file that never comes is nothing.
    async fn write_meta(&mut self, file: &str, text: &str) {
        let half = self.halves.remove(file).or_else(|| META_ALONE.contains(&file).then(|| b"x".to_vec()));
        if let Some(bytes) = half {
            self.site.put_file(file, &bytes).await;
            self.files.insert(file.to_owned());
        }
        if self.files.contains(file) {
            self.site.set_meta(file, &meta(file, text)).await;
        }
    }

    async fn make_token(&self, path: &str, text: &str) {
        let words: Vec<&str> = path.split('/').collect();
        let (kind, secret) = match words.as_slice() {
            ["tokens", "media", "files", secret, _] => (TokenKind::Files, *secret),
            ["tokens", "media", "folders", secret, _] => (TokenKind::Folders, *secret),
            ["tokens", "access", secret, _] => (TokenKind::Access, *secret),
            _ => panic!("{path} is no token's"),
        };
        // An empty or a broken file is no token.
        let Some(lines) = lines(text).filter(|lines| !lines.is_empty()) else { return };
        let library = &self.site.server.library;
        let token = match whole(&lines, "limit_calls") {
            Some(0) => self.site.token(kind, secret).await,
            Some(limit) if limit > 0 => self.site.limited_token(kind, secret, limit).await,
            // A limit that is missing, quoted or negative lets nobody in.
            _ => self.site.limited_token(kind, secret, 0).await,
        };
        if token.call_limit.is_some_and(|limit| limit > 0) {
            for _ in 0..whole(&lines, "calls").unwrap_or_default() {
                library.spend_token(&token).await.unwrap();
            }
        }
        if lines.contains(&("state", "disabled")) {
            library.disable_token(&system(), self.site.organization.id, token.id).await.unwrap();
        }
    }
}

/// Lines of `key: value`; none when the text holds anything else.
fn lines(text: &str) -> Option<Vec<(&str, &str)>> {
    let is_closed = !text.contains(": [\n");
    text.trim().lines().map(|line| line.split_once(": ")).collect::<Option<_>>().filter(|_| is_closed)
}

fn whole(lines: &[(&str, &str)], key: &str) -> Option<i64> {
    lines.iter().find(|(known, _)| *known == key)?.1.parse().ok()
}

/// The meta that a file's YAML says.
fn meta(file: &str, text: &str) -> Value {
    if let Some((_, literal)) = LITERALS.iter().find(|(known, _)| *known == file) {
        return serde_json::from_str(literal).unwrap();
    }
    let lines = lines(text).unwrap_or_else(|| panic!("{file} has meta of another form: {text}"));
    let fields: Map<String, Value> = lines.iter().map(|(key, value)| ((*key).to_owned(), scalar(value))).collect();
    Value::Object(fields)
}

fn scalar(text: &str) -> Value {
    let quoted = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    match (quoted, text.parse::<i64>()) {
        (Some(quoted), _) => quoted.into(),
        (None, Ok(number)) => number.into(),
        (None, Err(_)) if text == "null" => Value::Null,
        (None, Err(_)) => text.into(),
    }
}
