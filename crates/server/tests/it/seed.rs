//! Every request that the seed prints, sent as printed, and its whole answer against the printed one: under the mount,
//! under the host name and at the root, with and without a trailing slash.

mod samples;

use serde_json::{Value, json};

use crate::support::{
    Ask, Organization, Server,
    forms::{BOUNDARY, content_type},
    json::{Exception, Extras, assert_literal},
    on_each_engine, on_one_engine_with, pictures,
    programs::{curl, md5},
};

/// What contract 1.2 and 1.3 list beyond the seed's samples, as it looks after normalising.
const EXTRAS: Extras = Extras {
    files: &[
        ("metadata", |value| *value == json!({ "size": "<bytes>", "checksum": "<hash>" })),
        ("deletedAt", Value::is_null),
        ("masterMediaFileId", Value::is_null),
        ("accessRules", Value::is_null),
        ("mediaFolder", is_nested_folder),
    ],
    folders: &[
        ("deletedAt", Value::is_null),
        ("metadata", |value| *value == json!({})),
        ("masterMediaFolderId", Value::is_null),
        ("accessRules", Value::is_null),
    ],
};

fn is_nested_folder(value: &Value) -> bool {
    ["id", "organizationId"].iter().all(|key| value[key] == "<id>") && value["name"].is_string()
}

/// How the API is reached.
struct Way {
    /// Before the printed path.
    prefix: &'static str,
    host: Option<&'static str>,
    /// Behind the printed path.
    slash: &'static str,
}

impl Way {
    fn ask(&self, server: &Server, method: &str, path: &str, query: &str) -> Ask {
        let ask = server.ask(method, &format!("{}/{path}{}{query}", self.prefix, self.slash));
        match self.host {
            Some(host) => ask.header("Host", format!("{host}:{}", server.address.port())),
            None => ask,
        }
    }

    /// The URL that a person types.
    fn url(&self, server: &Server, path: &str, query: &str) -> String {
        let port = server.address.port();
        format!("http://{}:{port}{}/{path}{}{query}", self.host.unwrap_or("127.0.0.1"), self.prefix, self.slash)
    }
}

#[test]
fn under_the_mount() {
    on_each_engine(async |server| {
        for slash in ["", "/"] {
            all_of_it(server, &Way { prefix: "/fliplet", host: None, slash }).await;
        }
    });
}

#[test]
fn under_the_host_name() {
    on_each_engine(async |server| {
        for slash in ["", "/"] {
            all_of_it(server, &Way { prefix: "", host: Some("fliplet.localhost"), slash }).await;
        }
    });
}

#[test]
fn at_the_root() {
    let set = |settings: &mut mediary::Settings| settings.default_dialect = "fliplet".to_owned();
    on_one_engine_with(set, async |server| all_of_it(server, &Way { prefix: "", host: None, slash: "" }).await);
}

async fn all_of_it(server: &Server, way: &Way) {
    let organization = server.organization("Acme").await;
    create_a_folder(server, way, &organization).await;
    upload_files(server, way, &organization).await;
    list(server, way).await;
    stream_contents(server, way, &organization).await;
    download_packages(server, way, &organization).await;
    delete(server, way, &organization).await;
}

/// "Create a folder"
async fn create_a_folder(server: &Server, way: &Way, organization: &Organization) {
    let parent = server.folder(&organization.token, "Parent", json!({ "organizationId": organization.id })).await;
    let body = samples::NEW_FOLDER.replace("123", &parent.to_string()).replace("456", &organization.id.to_string());
    let ask = way.ask(server, "POST", "v1/media/folders", "").token(&organization.token);
    let folder = ask.body("application/json", body).send().await.expect(201).json();
    assert_literal(samples::FOLDER, &folder, EXTRAS, &[]);
    assert_eq!((&folder["parentId"], &folder["organizationId"]), (&json!(parent), &json!(organization.id)));
}

/// The printed body around these bytes, under another name than the printed one if the answer's is wanted.
fn form(name: &str, bytes: &[u8]) -> Vec<u8> {
    let text = |text: &str| text.replace("test.jpg", name).replace('\n', "\r\n").into_bytes();
    [text(samples::FORM), bytes.to_owned(), text(samples::FORM_END)].concat()
}

/// "Upload one or more files"
async fn upload_files(server: &Server, way: &Way, organization: &Organization) {
    let picture = pictures::jpeg(500, 375);
    let (token, checksum) = (&organization.token, md5(&picture));
    let upload = async |context: &str, name: &str| {
        let ask = way.ask(server, "POST", "v1/media/files", &format!("?{context}")).token(token);
        let answer = ask.body(&content_type(), form(name, &picture)).send().await.expect(201).json();
        assert_eq!(answer["files"][0]["metadata"], json!({ "size": picture.len(), "checksum": checksum }));
        answer
    };
    // The sample's file lies in an app and is the organization's at once; here it is one or the other.
    let of_app = [("/files/0/isOrganizationMedia", json!(true), json!(false))];
    let answer = upload(&organization.app(), "foo.jpg").await;
    assert_literal(samples::FILES, &answer, EXTRAS, &of_app);
    assert_literal(
        samples::FILES,
        &upload(&organization.here(), "foo.jpg").await,
        EXTRAS,
        &of_organization("/files/0"),
    );
    // As printed: the request says test.jpg, and so does the answer.
    let printed = samples::FILES.replace("foo", "test");
    assert_literal(&printed, &upload(&organization.app(), "test.jpg").await, EXTRAS, &of_app);
    assert!(content_type().ends_with(BOUNDARY) && samples::FORM.starts_with(&format!("--{BOUNDARY}\n")));
    // The context may stand in the form, and a real client writes the form itself.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &picture).unwrap();
    let part = format!("files[0]=@{};filename=foo.jpg;type=image/jpeg", file.path().display());
    let (token, context) = (format!("Auth-token: {token}"), format!("appId={}", organization.app_id));
    let arguments = ["--header", &token, "--form", "name[0]=foo.jpg", "--form", &part, "--form", &context];
    let answer = ask_with_curl(server, way, &arguments, "v1/media/files", "").expect(201).json();
    assert_literal(samples::FILES, &answer, EXTRAS, &of_app);
}

/// Where the sample's file differs from one that lies in no app.
fn of_organization(file: &str) -> [Exception<'static>; 4] {
    assert_eq!(file, "/files/0");
    let at_base = |path: &str| json!(format!("<base>/{path}"));
    [
        ("/files/0/appId", json!("<id>"), Value::Null),
        ("/files/0/path", json!("apps/<id>/foo.jpg"), json!("organizations/<id>/foo.jpg")),
        ("/files/0/url", at_base("apps/<id>/foo.jpg"), at_base("organizations/<id>/foo.jpg")),
        ("/files/0/thumbnail", at_base("apps/<id>/foo-t.jpg"), at_base("organizations/<id>/foo-t.jpg")),
    ]
}

/// "Get the folders and files belonging to an app or organization or media folder"
async fn list(server: &Server, way: &Way) {
    let organization = server.organization("Lists").await;
    let (id, token) = (organization.id, &organization.token);
    let picture = pictures::jpeg(500, 375);
    let folder = server.folder(token, "Sample folder", json!({ "organizationId": id })).await;
    let inner = server.folder(token, "Sample folder", json!({ "parentId": folder })).await;
    server.folder(token, "Sample folder", json!({ "appId": organization.app_id })).await;
    for context in [&organization.here(), &organization.app(), &format!("folderId={folder}")] {
        server.upload(token, context, "foo.jpg", &picture).await;
    }
    let listing =
        async |query: &str| way.ask(server, "GET", "v1/media", query).token(token).send().await.expect(200).json();
    let answer = listing(&format!("?organizationId={id}")).await;
    assert_literal(samples::LISTING, &answer, EXTRAS, &of_organization("/files/0"));
    assert_eq!(answer["folders"][0]["id"], folder);
    let answer = listing(&format!("?appId={}", organization.app_id)).await;
    // A folder of an app names the app, not the organization (contract 1.3).
    let of_app = [
        ("/files/0/isOrganizationMedia", json!(true), json!(false)),
        ("/folders/0/appId", Value::Null, json!("<id>")),
        ("/folders/0/organizationId", json!("<id>"), Value::Null),
    ];
    assert_literal(samples::LISTING, &answer, EXTRAS, &of_app);
    // "provide the folderId as well as organizationId"
    let in_folder: Vec<_> = of_organization("/files/0")
        .into_iter()
        .chain([
            ("/files/0/mediaFolderId", Value::Null, json!("<id>")),
            ("/folders/0/parentId", Value::Null, json!("<id>")),
        ])
        .collect();
    for query in [format!("?folderId={folder}"), format!("?folderId={folder}&organizationId={id}")] {
        let answer = listing(&query).await;
        assert_literal(samples::LISTING, &answer, EXTRAS, &in_folder);
        assert_eq!(
            (&answer["folders"][0]["id"], &answer["files"][0]["mediaFolderId"]),
            (&json!(inner), &json!(folder))
        );
    }
}

/// "Stream the contents of a file"
async fn stream_contents(server: &Server, way: &Way, organization: &Organization) {
    let picture = pictures::jpeg(1200, 900);
    let token = &organization.token;
    let file = server.upload(token, &organization.here(), "foo.jpg", &picture).await;
    for (size, width, height) in [
        ("large", 1200, 900),
        ("medium", 1200, 900),
        ("640^480", 640, 480),
        ("640>?", 640, 480),
        ("small", 853, 640),
        ("xlarge", 1200, 900),
        ("xxlarge", 1200, 900),
        ("xxxlarge", 1200, 900),
        ("320>?", 320, 240),
        ("320>240", 320, 240),
        ("320!320", 320, 320),
    ] {
        let path = format!("v1/media/files/{}/contents/foo.jpg", file["id"]);
        let answer = ask_with_curl(server, way, &[], &path, &format!("?auth_token={token}&size={size}")).expect(200);
        assert_eq!(pictures::measure(&answer.body), ("image/jpeg", width, height), "{size}");
        assert_eq!(answer.header("content-type"), "image/jpeg");
    }
    let path = format!("v1/media/files/{}/contents", file["id"]);
    assert_eq!(way.ask(server, "GET", &path, "").token(token).send().await.expect(200).body, picture);
    // The addresses that the samples show are real ones.
    for (key, size) in [("url", (1200, 900)), ("thumbnail", (320, 240))] {
        let answer = curl(&["--header", &format!("Auth-token: {token}")], file[key].as_str().unwrap()).expect(200);
        assert_eq!(pictures::measure(&answer.body), ("image/jpeg", size.0, size.1), "{key}");
    }
}

/// "Download contents of a folder or a list of files as a ZIP package"
async fn download_packages(server: &Server, way: &Way, organization: &Organization) {
    let token = &organization.token;
    let folder = server.folder(token, "Folder name", json!({ "organizationId": organization.id })).await;
    let context = format!("folderId={folder}");
    let first = server.upload(token, &context, "foo.jpg", b"first").await["id"].clone();
    let second = server.upload(token, &context, "bar.jpg", b"second").await["id"].clone();
    for (query, name) in [
        (format!("?folderId={folder}&files={first},{second}"), "Folder name.zip"),
        (format!("?files={first},{second}"), "media.zip"),
        (format!("?folders={folder}"), "media.zip"),
        (format!("?folders={folder}&folderId={folder}"), "Folder name.zip"),
        (format!("?folderId={folder}"), "Folder name.zip"),
    ] {
        let answer = way.ask(server, "GET", "v1/media/zip", &query).token(token).send().await.expect(200);
        assert_eq!(answer.header("content-type"), "application/zip", "{query}");
        assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"{name}\""), "{query}");
        assert!(answer.body.starts_with(b"PK\x03\x04") && answer.body.windows(6).any(|six| six == b"second"));
    }
}

/// "Delete a file" and "Delete a folder"
async fn delete(server: &Server, way: &Way, organization: &Organization) {
    let token = &organization.token;
    let folder = server.folder(token, "Folder name", json!({ "appId": organization.app_id })).await;
    let file = server.upload(token, &format!("folderId={folder}"), "foo.jpg", b"bytes").await["id"].clone();
    for path in [format!("v1/media/files/{file}"), format!("v1/media/folders/{folder}")] {
        let ask = || way.ask(server, "DELETE", &path, "").token(token);
        ask().send().await.expect(200).json();
        ask().send().await.refused(404);
    }
    let listed = server.listed(token, &organization.app()).await;
    assert!(!listed.contains(&"Folder name".to_owned()), "{listed:?}");
}

fn ask_with_curl(server: &Server, way: &Way, arguments: &[&str], path: &str, query: &str) -> crate::support::Answer {
    let resolve = format!("fliplet.localhost:{}:127.0.0.1", server.address.port());
    curl(&[&["--resolve", &resolve], arguments].concat(), &way.url(server, path, query))
}
