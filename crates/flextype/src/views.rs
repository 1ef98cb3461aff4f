//! Files and folders as Flextype shows them. Contract section 3.

use library::{Asset, Field};
use serde_json::{Map, Value, json};
use wire::Base;

use crate::{Config, auth::Session, fields::Meta};

/// What views are made with.
pub(crate) struct Views<'a> {
    pub(crate) config: &'a Config,
    pub(crate) base: &'a Base,
    pub(crate) session: &'a Session,
}

impl Views<'_> {
    /// A file under its id. What is stored under one of the computed names keeps its place and loses its value.
    pub(crate) fn file(&self, id: &[&str], asset: &Asset, fields: &[Field]) -> Map<String, Value> {
        let mut view = Meta::of(asset, fields, self.config.strict).shown();
        let name = id.last().copied().unwrap_or_default();
        let (folder, _) = id.split_at(id.len().saturating_sub(1));
        for (key, value) in [
            ("filename", name.to_owned()),
            ("basename", name.split('.').next().unwrap_or_default().to_owned()),
            ("extension", self.extension(id)),
            ("dirname", self.on_server(folder)),
            ("url", self.path(id)),
            ("full_url", self.base.join(&format!("/{}", self.path(id)))),
        ] {
            view.insert(key.to_owned(), Value::String(value));
        }
        view
    }

    /// A folder under its id: as the document has it, and behind that as the reference server does.
    pub(crate) fn folder(&self, id: &[&str]) -> Map<String, Value> {
        // Of the root, the reference server shows the prefix with its slash.
        let end = if id.is_empty() { "/" } else { "" };
        let (id, full, url) = (id.join("/"), self.on_server(id) + end, self.path(id) + end);
        let full_url = self.base.join(&format!("/{url}"));
        let view = match self.config.strict {
            true => json!({ "path": id, "full_path": full, "url": url, "full_url": full_url }),
            false => {
                json!({ "id": id, "full_id": full, "url": url, "full_url": full_url, "path": id, "full_path": full })
            }
        };
        match view {
            Value::Object(view) => view,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
        }
    }

    /// What follows the first dot: of the name, or, as the reference server has it, of the whole id.
    fn extension(&self, id: &[&str]) -> String {
        let whole = if self.config.strict { id.join("/") } else { id.last().copied().unwrap_or_default().to_owned() };
        whole.split_once('.').map_or(String::new(), |(_, extension)| extension.to_owned())
    }

    /// Where it would lie on the reference server. Never where it does lie.
    fn on_server(&self, id: &[&str]) -> String {
        format!("{}/{}", self.config.root_path, self.path(id))
    }

    /// Its path on the site, from the root of the library whatever the token's is: there it is served.
    fn path(&self, id: &[&str]) -> String {
        let above = self.session.above.iter().map(String::as_str);
        let slugs = std::iter::once(self.config.prefix()).chain(above).chain(id.iter().copied());
        slugs.collect::<Vec<_>>().join("/")
    }
}

/// A stem in words: `new-cover` is `New Cover`.
pub(crate) fn in_words(stem: &str) -> String {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    };
    let words = stem.split(['-', '_', ' ']).filter(|word| !word.is_empty());
    words.map(capitalised).collect::<Vec<_>>().join(" ")
}
