//! What the record leaves out: it is a sample, and some of its answers show what exchanges that are not in it have done. By
//! the name of the exchange before which it happens.

use serde_json::{Map, Value};

use super::{
    super::site::Site,
    requests::{fixture, new},
};
use crate::support::forms::Form;

/// Something that happens between two exchanges, and goes well.
pub enum Step {
    /// A request: method, target, and the JSON body without the tokens, which are added.
    Ask(&'static str, &'static str, &'static [(&'static str, &'static str)]),
    /// Meta of a file: method, id, field and value.
    Meta(&'static str, &'static str, &'static str, &'static str),
    /// An upload: folder, name and which of the record's files.
    Upload(&'static str, &'static str, &'static str),
    /// All of a file's meta, as no request could set it.
    SetMeta(&'static str, &'static str),
}

const FILES_TOKEN: &str = "ffffffffffffffffffffffffffffffff";
const FOLDERS_TOKEN: &str = "dddddddddddddddddddddddddddddddd";
const ACCESS_TOKEN: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

const FOLDER: &str = "entries/movies/sg-1/season-5/episode-21";
const COVER: &str = "entries/movies/sg-1/season-5/episode-21/cover.jpg";
const OTHER: &str = "entries/movies/sg-1/season-5/episode-21/other.jpg";
const OTHER_TYPE: &str = "entries/movies/sg-1/season-5/episode-21/other.exe";
const T: &str = "entries/movies/sg-1/season-5/episode-21/t.jpg";
/// The last call of a token that allows two, of which its file says that one is made.
const LAST_CALL: &str =
    "/api/media/files?id=entries/movies/sg-1/season-5/episode-21/cover.jpg&token=22222222222222222222222222222222";

pub const LEFT_OUT: &[(&str, &[Step])] = &[
    ("files.get.token-limit-reached", &[Step::Ask("GET", LAST_CALL, &[])]),
    ("files.upload.txt-get", &[Step::Upload(FOLDER, "note.txt", "note.txt")]),
    ("files.upload.empty-get", &[Step::Upload(FOLDER, "empty.txt", "empty.txt")]),
    (
        "files.upload.overwrite-get",
        &[Step::Upload(FOLDER, "new-cover.jpg", "big.jpg"), Step::Upload(FOLDER, "new-cover.jpg", "gray.jpg")],
    ),
    ("files.upload.folder-empty-get", &[Step::Upload("", "r.jpg", "small.jpg")]),
    ("files.move.xml-body", &[Step::Ask("PUT", "/api/media/files", &[("id", OTHER), ("new_id", OTHER_TYPE)])]),
    ("files.delete.ok-then-get", &[Step::Ask("DELETE", "/api/media/files", &[("id", COVER)])]),
    ("meta.add.string:'yes'", &[Step::Meta("PATCH", COVER, "tags", "again"), add("s0", "true")]),
    ("meta.add.string:'1.5'", &[add("s2", "no"), add("s3", "on"), add("s4", "null"), add("s5", "~"), add("s6", "5")]),
    ("meta.add.string:'0x1A'", &[add("s8", "1e3")]),
    ("meta.add.string:'2020-01-02 03:04:05'", &[add("s10", "0777"), add("s11", "2020-01-02")]),
    ("meta.add.string:'\"q\"'", &[add("s13", "a: b"), add("s14", "- a"), add("s15", "#c")]),
    ("meta.add.string:'日本 😀'", &[add("s19", "  lead"), add("s20", "trail ")]),
    ("meta.add.string:'%a'", &[add("s22", "{x}"), add("s23", "[y]")]),
    ("meta.add.string:'>g'", &[add("s26", "&c"), add("s27", "*d"), add("s28", "!e"), add("s29", "|f")]),
    (
        "meta.add.string:'\\xa0'",
        &[
            add("s31", ""),
            add("s32", "\t"),
            add("s33", "null "),
            add("s34", "="),
            add("s35", "y"),
            add("s36", "n"),
            add("s37", "a\0b"),
        ],
    ),
    ("meta.add.dotted-get", &[add("seo.title", "z"), add("seo.desc", "y")]),
    // The reference server has destroyed the meta by now, and that is what it goes on with.
    ("meta.add.computed-name", &[Step::SetMeta(COVER, r#"{"title":"z"}"#), add("title.sub", "q")]),
    ("meta.delete.last-get", &[Step::Ask("DELETE", "/api/media/files/meta", &[("id", T), ("field", "title")])]),
    // Null is no value, so it takes an addition before there is something to update.
    ("meta.update.form", &[Step::Meta("POST", T, "title", "something")]),
    ("folders.create.ok-get", &[Step::Ask("POST", "/api/media/folders", &[("id", "entries/movies/platform")])]),
    (
        "folders.copy.ok-get",
        &[Step::Ask(
            "PUT",
            "/api/media/folders/copy",
            &[("id", "entries/movies/2019/the-platform"), ("new_id", "entries/movies/horror/the-platform")],
        )],
    ),
];

/// Brings about what a step does.
pub async fn bring_about(site: &Site<'_>, step: &Step) {
    match step {
        Step::Ask("GET", target, _) => {
            new(site, "GET", target).send().await.expect(200);
        }
        Step::Ask(method, target, fields) => ask(site, method, target, fields).await,
        Step::Meta(method, id, field, value) => {
            ask(site, method, "/api/media/files/meta", &[("id", *id), ("field", *field), ("value", *value)]).await;
        }
        Step::Upload(folder, name, file) => {
            let form = Form::new().text("token", FILES_TOKEN).text("access_token", ACCESS_TOKEN).text("folder", folder);
            let form = form.file("file", name, "application/octet-stream", &fixture(file));
            form.put_in(new(site, "POST", "/api/media/files")).send().await.expect(200);
        }
        Step::SetMeta(id, meta) => site.set_meta(id, &serde_json::from_str(meta).unwrap()).await,
    }
}

async fn ask(site: &Site<'_>, method: &str, target: &str, fields: &[(&str, &str)]) {
    let token = if target.starts_with("/api/media/folders") { FOLDERS_TOKEN } else { FILES_TOKEN };
    let tokens = [("token", token), ("access_token", ACCESS_TOKEN)];
    let fields = fields.iter().chain(&tokens).map(|(key, value)| ((*key).to_owned(), Value::from(*value)));
    let body = Value::Object(fields.collect::<Map<_, _>>());
    let is_deleted = method == "DELETE" && !target.ends_with("/meta");
    new(site, method, target).json(&body).send().await.expect(if is_deleted { 204 } else { 200 });
}

/// Adds a field to the meta of the cover.
const fn add(field: &'static str, value: &'static str) -> Step {
    Step::Meta("POST", COVER, field, value)
}
