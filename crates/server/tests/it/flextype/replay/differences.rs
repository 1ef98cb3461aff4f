//! Where an answer of ours is not the record's, by the name of the exchange: each by a row of section 9 of the contract, or
//! by the page of decisions. What holds everywhere, such as the prefix of URLs, is not here but where answers are compared.

use super::Mode;

/// An exchange that is answered otherwise.
pub struct Difference {
    pub name: &'static str,
    pub when: When,
    pub change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Always,
    Strict,
    Default,
}

pub enum Change {
    /// Another status, and a body in the record's words.
    Answer(u16, &'static str),
    /// The record's body with some places changed.
    Edit(&'static [Edit]),
    /// The answer to another exchange of the record, with some places changed.
    Like(&'static str, &'static [Edit]),
    /// A refusal as wrong or not found.
    Refused,
    /// It is not asked, for this reason.
    Skipped(&'static str),
}

/// A JSON pointer, and what is there then; nothing when it goes.
pub type Edit = (&'static str, Option<&'static str>);

const WRONG_QUERY: Change =
    Change::Answer(400, r#"{"http_status_code":400,"message":"Wrong query params or not defined"}"#);
const WRONG_BODY: Change =
    Change::Answer(400, r#"{"http_status_code":400,"message":"Wrong body params or not defined"}"#);
const UNAUTHORIZED: Change = Change::Answer(401, r#"{"http_status_code":401,"message":"Unauthorized"}"#);
const NO_FILE: Change = Change::Answer(404, r#"{"http_status_code":404,"message":"File not found"}"#);
const NOT_FOUND: Change = Change::Answer(404, r#"{"http_status_code":404,"message":"Not Found"}"#);

/// The exchange of the record that shows a refused upload.
const REFUSED_UPLOAD: &str = "files.upload.empty-filename";

pub const DIFFERENCES: &[Difference] = &[
    // Row 4: a folder's id without options is its collection.
    by_default(
        "seed.03-fetch-files-without-options-as-in-example",
        Change::Like("seed.02-fetch-files-collection", &[]),
    ),
    // Row 5: `collection=true` outside `options` is read.
    by_default("files.collection.toplevel-collection-param", Change::Like("files.collection.bool:on", &[])),
    by_default("seed.21-fetch-folders-toplevel-collection", Change::Like("seed.22-fetch-folders-collection", &[])),
    // Row 6: `options=[]` is no options.
    by_default("seed.23-fetch-folder-with-options-brackets", Change::Like("seed.20-fetch-folder", &[])),
    // Row 8: PATCH inserts or updates. What it inserted is there when POST wants to add it.
    by_default("seed.12-meta-add-by-PATCH-as-in-example", Change::Like("seed.14-meta-fetch", &[])),
    by_default("seed.13-meta-add-by-POST", NO_FILE),
    // Row 15: a folders or access token that is disabled or used up is answered like a files token.
    by_default("folders.get.token-disabled", UNAUTHORIZED),
    by_default("folders.get.token-limit", UNAUTHORIZED),
    by_default("folders.create.access-disabled", UNAUTHORIZED),
    by_default("folders.create.token-limit", UNAUTHORIZED),
    by_default("folders.move.token-disabled", UNAUTHORIZED),
    by_default("folders.move.token-limit", UNAUTHORIZED),
    by_default("folders.copy.token-disabled", UNAUTHORIZED),
    by_default("folders.copy.token-limit", UNAUTHORIZED),
    by_default("folders.delete.token-limit", UNAUTHORIZED),
    // Row 16: a refused upload is 400.
    by_default("files.upload.empty-filename", WRONG_BODY),
    by_default("files.upload.max_image_width-100", WRONG_BODY),
    // Row 17: what is missing or empty is 404, what has a wrong type 400; unknown methods are ignored.
    by_default("files.get.id-array-json-accept", WRONG_QUERY),
    by_default(
        "files.get.name:n/noext",
        Change::Answer(
            200,
            r#"{"data":{"title":"N","filename":"noext","basename":"noext","extension":"","dirname":"$ROOT/project/media/n",
            "url":"project/media/n/noext","full_url":"http://127.0.0.1:8899/project/media/n/noext"}}"#,
        ),
    ),
    by_default("files.collection.missing-folder-json", NO_FILE),
    // A number is compared as its text.
    by_default(
        "files.options.where-contains-on-int",
        Change::Like("files.options.return-all", &[("/data/a.jpg", None)]),
    ),
    by_default("files.options.return-first-empty", NO_FILE),
    by_default("files.options.method-unknown-fetchX", Change::Like("files.options.return-all", &[])),
    by_default("meta.update.missing-file", NO_FILE),
    by_default("meta.delete.missing-file", NO_FILE),
    by_default("meta.delete.missing-file-json-accept", NO_FILE),
    by_default("meta.add.value-object", WRONG_BODY),
    by_default("folders.get.method", Change::Like("folders.get.options-method", &[])),
    by_default("extra.collection-array", WRONG_QUERY),
    by_default("extra.folder-int", WRONG_BODY),
    by_default("http.500:image/png", NO_FILE),
    // Row 18: a collection holds direct children only.
    by_default(
        "folders.get.collection",
        Change::Edit(&[
            ("/data/deep", None),
            ("/data/deeper", None),
            ("/data/season-5", None),
            ("/data/episode-21", None),
        ]),
    ),
    // Row 20: an unknown path is 404.
    by_default("http.404:application/json", NOT_FOUND),
    by_default("http.404:text/html", NOT_FOUND),
    by_default("http.404:application/vnd.api+json", NOT_FOUND),
    by_default("http.404:image/png", NOT_FOUND),
    by_default("http.static-meta", NOT_FOUND),
    // Row 21: an extension begins behind the first dot of the name.
    by_default("files.get.name:a.b/c.jpg", Change::Edit(&[("/data/extension", Some("\"jpg\""))])),
    // Row 22: no way leads out of the media folder or to its meta.
    always("files.get.id-traversal", Change::Refused),
    always("files.upload.folder-traversal", Change::Refused),
    // Row 22: an extension must be one of the list, and not a part of its text.
    in_strict("files.upload.ext-substring-pe", Change::Like(REFUSED_UPLOAD, &[])),
    by_default("files.upload.ext-substring-pe", WRONG_BODY),
    in_strict("files.upload.no-extension", Change::Like(REFUSED_UPLOAD, &[])),
    by_default("files.upload.no-extension", WRONG_BODY),
    // Row 22: nothing is half made.
    always("files.get.bad-yaml-meta", Change::Skipped("no meta here is broken YAML")),
    always("folders.create.dir-exists-no-meta", Change::Skipped("no folder here is there without its twin")),
    // Section 5: deleting a dotted field deletes only that.
    by_default("meta.delete.dotted", Change::Like("meta.add.dotted-get", &[("/data/seo/desc", None)])),
    // Decisions, section 2: leading and trailing slashes of ids are dropped.
    by_default(
        "files.upload.folder-leading-slash",
        Change::Edit(&[
            ("/data/dirname", Some(r#""$ROOT/project/media/brand""#)),
            ("/data/url", Some(r#""project/media/brand/l.jpg""#)),
            ("/data/full_url", Some(r#""http://127.0.0.1:8899/project/media/brand/l.jpg""#)),
        ]),
    ),
    by_default(
        "folders.create.trailing",
        Change::Edit(&[
            ("/data/path", Some(r#""tr""#)),
            ("/data/full_path", Some(r#""$ROOT/project/media/tr""#)),
            ("/data/url", Some(r#""project/media/tr""#)),
            ("/data/full_url", Some(r#""http://127.0.0.1:8899/project/media/tr""#)),
        ]),
    ),
];

/// What becomes of an exchange in a mode; nothing when the record's answer is wanted.
pub fn of(name: &str, mode: Mode) -> Option<&'static Change> {
    let holds = |when: When| match when {
        When::Always => true,
        When::Strict => mode == Mode::Strict,
        When::Default => mode == Mode::Default,
    };
    DIFFERENCES.iter().find(|known| known.name == name && holds(known.when)).map(|known| &known.change)
}

const fn always(name: &'static str, change: Change) -> Difference {
    Difference { name, when: When::Always, change }
}

const fn in_strict(name: &'static str, change: Change) -> Difference {
    Difference { name, when: When::Strict, change }
}

const fn by_default(name: &'static str, change: Change) -> Difference {
    Difference { name, when: When::Default, change }
}
