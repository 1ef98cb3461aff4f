//! Fliplet's objects as the seed and contract 1.2 and 1.3 list them, whole and normalised, for answers to be compared
//! with. They lie where no rules are set, and nobody has scanned them.

use serde_json::{Value, json};

/// What something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Top {
    App,
    Organization,
}

/// A folder at the top.
pub fn folder(name: &str, top: Top) -> Value {
    let id_if = |given: bool| if given { json!("<id>") } else { Value::Null };
    json!({
        "id": "<id>",
        "name": name,
        "createdAt": "<time>",
        "updatedAt": "<time>",
        "appId": id_if(top == Top::App),
        "parentId": null,
        "organizationId": id_if(top == Top::Organization),
        "deletedAt": null,
        "masterMediaFolderId": null,
        "metadata": {},
        "accessRules": null,
    })
}

/// A text at the top, whose name needs no change to stand in a path.
pub fn text(name: &str, top: Top) -> Value {
    let (path, app) = match top {
        Top::App => (format!("apps/<id>/{name}"), json!("<id>")),
        Top::Organization => (format!("organizations/<id>/{name}"), Value::Null),
    };
    json!({
        "id": "<id>",
        "name": name,
        "contentType": "text/plain",
        "url": format!("<base>/{path}"),
        "path": path,
        "thumbnail": null,
        "size": null,
        "isEncrypted": null,
        "versions": {},
        "isOrganizationMedia": top == Top::Organization,
        "createdAt": "<time>",
        "updatedAt": "<time>",
        "appId": app,
        "dataSourceEntryId": null,
        "dataTrackingId": null,
        "mediaFolderId": null,
        "userId": "<id>",
        "organizationId": "<id>",
        "metadata": { "size": "<bytes>", "checksum": "<hash>" },
        "deletedAt": null,
        "masterMediaFileId": null,
        "accessRules": null,
    })
}

/// The file in a folder of this name, which lies at the top itself or in another.
pub fn in_folder(file: Value, folder: &str, nested: bool) -> Value {
    let parent = if nested { json!("<id>") } else { Value::Null };
    let holder = json!({
        "id": "<id>",
        "name": folder,
        "appId": file["appId"],
        "parentId": parent,
        "organizationId": "<id>",
    });
    with(file, json!({ "mediaFolderId": "<id>", "mediaFolder": holder }))
}

/// The object with these of its keys changed, or further ones.
pub fn with(mut object: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { panic!("{changes} is no object") };
    for (key, value) in changes {
        object[key] = value;
    }
    object
}

/// `{"error": …, "message": …}` where both are the same sentence.
pub fn sentence(words: &str) -> Value {
    json!({ "error": words, "message": words })
}
