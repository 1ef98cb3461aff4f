//! Access rules hold here too: what they do not allow on a thing, on something below it or at its new place, is not done.

use library::{Access, Allow, Found, Rule, Ruled};
use serde_json::{Value, json};

use super::{
    model::tree,
    site::{Site, refused},
};
use crate::support::{on_each_engine, organizations::system};

/// What is tried: method, path and parameters; `None` for an upload of `name` to `folder`.
type Deed = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const FILES: &str = "/api/media/files";
const FILES_COPY: &str = "/api/media/files/copy";
const META: &str = "/api/media/files/meta";
const FOLDERS: &str = "/api/media/folders";
const FOLDERS_COPY: &str = "/api/media/folders/copy";

const MOVE_FILE: Deed = ("PUT", FILES, &[("id", "from/a.txt"), ("new_id", "to/b.txt")]);
const COPY_FILE: Deed = ("PUT", FILES_COPY, &[("id", "from/a.txt"), ("new_id", "to/b.txt")]);
const DELETE_FILE: Deed = ("DELETE", FILES, &[("id", "from/a.txt")]);
const FETCH_FILE: Deed = ("GET", FILES, &[("id", "from/a.txt")]);
const FETCH_FILES: Deed = ("GET", FILES, &[("id", "from")]);
const SET_META: Deed = ("PATCH", META, &[("id", "from/a.txt"), ("field", "x"), ("value", "y")]);
const MOVE_FOLDER: Deed = ("PUT", FOLDERS, &[("id", "from"), ("new_id", "to/from")]);
const COPY_FOLDER: Deed = ("PUT", FOLDERS_COPY, &[("id", "from"), ("new_id", "to/from")]);
const DELETE_FOLDER: Deed = ("DELETE", FOLDERS, &[("id", "from")]);
const MAKE_FOLDER: Deed = ("POST", FOLDERS, &[("id", "to/new")]);
const UPLOAD: Deed = ("UPLOAD", FILES, &[("folder", "to"), ("name", "new.txt")]);
const UPLOAD_BELOW: Deed = ("UPLOAD", FILES, &[("folder", "to/x/y"), ("name", "new.txt")]);
const REPLACE: Deed = ("UPLOAD", FILES, &[("folder", "to"), ("name", "old.txt")]);

/// On what a rule stands, what it does not allow, and what is refused for that.
const TABLE: &[(&str, Access, &[Deed])] = &[
    ("from", Access::Read, &[FETCH_FILE, FETCH_FILES, COPY_FILE, COPY_FOLDER]),
    ("from", Access::Update, &[MOVE_FILE, SET_META, MOVE_FOLDER]),
    ("from", Access::Delete, &[MOVE_FILE, DELETE_FILE, MOVE_FOLDER, DELETE_FOLDER]),
    ("from/a.txt", Access::Read, &[FETCH_FILE, COPY_FILE, COPY_FOLDER]),
    ("from/a.txt", Access::Update, &[MOVE_FILE, SET_META]),
    ("from/a.txt", Access::Delete, &[MOVE_FILE, DELETE_FILE, MOVE_FOLDER, DELETE_FOLDER]),
    ("from/inner", Access::Read, &[COPY_FOLDER]),
    ("from/inner", Access::Delete, &[MOVE_FOLDER, DELETE_FOLDER]),
    (
        "to",
        Access::Create,
        &[MOVE_FILE, COPY_FILE, MOVE_FOLDER, COPY_FOLDER, MAKE_FOLDER, UPLOAD, UPLOAD_BELOW, REPLACE],
    ),
    ("to/old.txt", Access::Update, &[REPLACE]),
];

async fn try_deed(site: &Site<'_>, (method, path, fields): Deed) -> crate::support::Answer {
    let value = |name: &str| fields.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
    match method {
        "UPLOAD" => site.upload(value("folder"), value("name"), b"new").await,
        "GET" => site.get(&format!("{path}?id={}", value("id"))).await,
        _ => {
            let fields: Vec<(String, Value)> =
                fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            site.call(method, path, Value::Object(fields.into_iter().collect())).await
        }
    }
}

async fn ruled(site: &Site<'_>, path: &str) -> Ruled {
    let slugs: Vec<&str> = path.split('/').collect();
    match site.server.library.find_by_path(&system(), site.root, &slugs).await.unwrap() {
        Found::Folder(folder) => Ruled::Folder(folder.id),
        Found::Asset(asset) => Ruled::Asset(asset.id),
    }
}

#[test]
fn what_rules_do_not_allow_is_not_done() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        for path in ["from/a.txt", "from/inner/deep.txt", "to/old.txt"] {
            site.put_file(path, path.as_bytes()).await;
        }
        let before = tree(&site).await;
        for (path, denied, deeds) in TABLE {
            let all = [Access::Read, Access::Create, Access::Update, Access::Delete];
            let rule = Rule {
                name: None,
                enabled: true,
                stop: false,
                types: all.into_iter().filter(|access| access != denied).collect(),
                spaces: Vec::new(),
                allow: Allow::All,
            };
            let ruled = ruled(&site, path).await;
            server.library.set_rules(&system(), ruled, Some(vec![rule])).await.unwrap();
            for deed in *deeds {
                let answer = try_deed(&site, *deed).await;
                assert_eq!(answer.status, 401, "{path} without {denied:?}: {answer}");
                refused(answer, 401);
            }
            server.library.set_rules(&system(), ruled, None).await.unwrap();
            assert_eq!(tree(&site).await, before, "{path} without {denied:?}");
        }
        // Each of them is done where no rule is in its way.
        for deed in
            [FETCH_FILE, FETCH_FILES, SET_META, COPY_FILE, COPY_FOLDER, MAKE_FOLDER, UPLOAD, UPLOAD_BELOW, REPLACE]
        {
            try_deed(&site, deed).await.expect(200);
        }
        try_deed(&site, DELETE_FILE).await.expect(204);
        try_deed(&site, DELETE_FOLDER).await.expect(204);
    });
}
