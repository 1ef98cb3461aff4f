//! A library's life as two organizations live it: folders, uploads, lists, bytes, packages, the trash; and neither sees
//! anything of the other's. On every engine.

use serde_json::{Value, json};

use crate::support::{
    Ask, Server,
    forms::Form,
    on_each_engine,
    packages::Entries,
    pictures::{jpeg, measure, png},
};

/// An organization in the middle of its life.
struct Life {
    token: String,
    organization: i64,
    app: i64,
    /// "Photos" in the app, "2024" in it, "Summer" in that.
    folders: [i64; 3],
    /// What lies in "2024".
    files: Vec<Value>,
    sources: [Vec<u8>; 3],
}

const NAMES: [&str; 3] = ["sun & sea (1).jpg", "日本語.png", "notes.txt"];

#[test]
fn two_organizations_live_beside_each_other() {
    on_each_engine(async |server| {
        let first = Life::begin(server, "First").await;
        let second = Life::begin(server, "Second").await;
        first.lists(server).await;
        first.streams(server).await;
        first.packs(server).await;
        second.sees_nothing_of(server, &first).await;
        first.throws_away(server).await;
        // The other's things are as they were.
        second.lists(server).await;
        second.packs(server).await;
    });
}

impl Life {
    async fn begin(server: &Server, name: &str) -> Self {
        let keys = mediary::found(&server.library, name, "admin@example.com").await.unwrap();
        let (token, app) = (keys.fliplet.auth_token, keys.fliplet.app_id);
        let photos = server.folder(&token, "Photos", json!({ "appId": app })).await;
        let year = server.folder(&token, "2024", json!({ "parentId": photos })).await;
        let summer = server.folder(&token, "Summer", json!({ "parentId": year.to_string(), "appId": app })).await;
        server.upload(&token, &format!("folderId={summer}"), "deep.txt", b"deep").await;
        let sources = [jpeg(1600, 1200), png(800, 500), b"Some notes.".repeat(1000)];
        let mut form = Form::new();
        for (index, (name, bytes)) in NAMES.iter().zip(&sources).enumerate() {
            form = form.text(&format!("name[{index}]"), name);
            form = form.file(&format!("files[{index}]"), "blob", "application/octet-stream", bytes);
        }
        let ask = server.fliplet("POST", &format!("/v1/media/files?folderId={year}")).token(&token);
        let mut answer = form.put_in(ask).send().await.expect(201).json();
        let Value::Array(files) = answer["files"].take() else { panic!("{answer} lists no files") };
        let organization = keys.fliplet.organization_id;
        Self { token, organization, app, folders: [photos, year, summer], files, sources }
    }

    fn ask(&self, server: &Server, method: &str, target: &str) -> Ask {
        server.fliplet(method, target).token(&self.token)
    }

    /// The target of one file's contents.
    fn contents(&self, index: usize, query: &str) -> String {
        format!("/v1/media/files/{}/contents/{index}{query}", self.files[index]["id"])
    }

    async fn lists(&self, server: &Server) {
        let told: Vec<_> = self.files.iter().map(|file| (&file["name"], &file["contentType"], &file["size"])).collect();
        let (jpeg, png, text) = (json!("image/jpeg"), json!("image/png"), json!("text/plain"));
        let names = NAMES.map(|name| json!(name));
        let expected = [
            (&names[0], &jpeg, &json!([1600, 1200])),
            (&names[1], &png, &json!([800, 500])),
            (&names[2], &text, &Value::Null),
        ];
        assert_eq!(told, expected);
        let [photos, year, summer] = self.folders;
        for (context, expected) in [
            // `init` makes them, for those whose API has no roots to upload to.
            (format!("organizationId={}", self.organization), &["First request", "Uploads"][..]),
            (format!("appId={}", self.app), &["Photos"]),
            (format!("folderId={photos}"), &["2024"]),
            (format!("folderId={year}"), &["Summer", NAMES[2], NAMES[0], NAMES[1]]),
            // Stale ids beside a folder do not matter.
            (format!("folderId={summer}&appId=999&organizationId="), &["deep.txt"]),
        ] {
            assert_eq!(server.listed(&self.token, &context).await, expected, "{context}");
        }
        let listing = self.ask(server, "GET", &format!("/v1/media?folderId={year}")).send().await.expect(200).json();
        let mut listed = listing["files"].as_array().unwrap().clone();
        listed.sort_by_key(|file| file["id"].as_i64());
        assert_eq!(listed, self.files, "a list shows what the upload told");
    }

    async fn streams(&self, server: &Server) {
        for (query, size) in [
            ("?size=xxxlarge", (1600, 1200)),
            ("?size=small", (853, 640)),
            ("?size=320>?", (320, 240)),
            ("?size=100!50&format=webp", (100, 50)),
        ] {
            let whole = self.ask(server, "GET", &self.contents(0, query)).send().await.expect(200);
            let (_, width, height) = measure(&whole.body);
            assert_eq!((width, height), size, "{query}");
            let (tag, length) = (whole.header("etag").to_owned(), whole.body.len());
            assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
            let ask = |range: &str| self.ask(server, "GET", &self.contents(0, query)).header("Range", range);
            let part = ask("bytes=10-99").send().await.expect(206);
            assert_eq!(part.header("content-range"), format!("bytes 10-99/{length}"));
            assert!(part.body == whole.body[10..100] && part.header("etag") == tag);
            let parts = ask("bytes=0-0,-2").send().await.expect(206);
            assert!(parts.header("content-type").starts_with("multipart/byteranges; boundary="));
            let last = format!("Content-Range: bytes {}-{}/{length}\r\n\r\n", length - 2, length - 1);
            let tail = [last.as_bytes(), &whole.body[length - 2..], b"\r\n--"].concat();
            assert!(parts.body.windows(tail.len()).any(|part| part == tail), "{query}");
            let same = ask("bytes=10-99").header("If-Range", &tag).send().await.expect(206);
            assert!(same.body == whole.body[10..100]);
            let other = ask("bytes=10-99").header("If-Range", "\"other\"").send().await.expect(200);
            assert!(other.body == whole.body);
            let kept = self.ask(server, "GET", &self.contents(0, query)).header("If-None-Match", &tag).send().await;
            assert_eq!(kept.expect(304).header("etag"), tag);
            let head = self.ask(server, "HEAD", &self.contents(0, query)).send().await.expect(200);
            assert_eq!((head.header("content-length"), head.header("etag")), (length.to_string().as_str(), &tag[..]));
        }
        let notes = self.ask(server, "GET", &self.contents(2, "?size=small")).send().await.expect(200);
        assert!(notes.body == self.sources[2]);
    }

    /// Downloads packages, one of them in two pieces, and has two other programs read them back.
    async fn packs(&self, server: &Server) {
        let [photos, year, summer] = self.folders;
        let ids = self.files.iter().map(|file| file["id"].to_string()).collect::<Vec<_>>().join(",");
        let all = |prefix: &str| self.entries(prefix, &[("Summer/", b""), ("Summer/deep.txt", b"deep")]);
        let only_files = self.entries("", &[]);
        for (query, expected) in [
            (format!("appId={}", self.app), all("Photos/2024/").with(&["Photos/", "Photos/2024/"])),
            (format!("folderId={photos}"), all("2024/").with(&["2024/"])),
            (format!("folderId={year}"), all("")),
            (format!("folderId={photos}&folders={year}"), all("2024/").with(&["2024/"])),
            (format!("files={}", ids.replace(',', "%2C")), only_files.clone()),
            (format!("folderId={year}&files={ids},4294967295"), only_files),
            (format!("folders={summer}"), Entries::of("", &[("Summer/", b""), ("Summer/deep.txt", b"deep")])),
        ] {
            let ask = || self.ask(server, "GET", &format!("/v1/media/zip?{query}"));
            let whole = ask().send().await.expect(200);
            assert_eq!(Entries::read(&whole.body), expected, "{query}");
            // As a download that broke off goes on.
            let (half, tag) = (whole.body.len() / 2, whole.header("etag").to_owned());
            let rest =
                ask().header("Range", format!("bytes={half}-")).header("If-Range", &tag).send().await.expect(206);
            assert!(whole.body[..half] == *whole.body.strip_suffix(&rest.body[..]).unwrap(), "{query} is not resumed");
        }
        // What has changed meanwhile is not resumed but sent anew.
        let ask = || self.ask(server, "GET", &format!("/v1/media/zip?folderId={summer}"));
        let tag = ask().send().await.expect(200).header("etag").to_owned();
        let added = server.upload(&self.token, &format!("folderId={summer}"), "more.txt", b"more").await;
        let anew = ask().header("Range", "bytes=10-").header("If-Range", &tag).send().await.expect(200);
        let expected = Entries::of("", &[("deep.txt", b"deep"), ("more.txt", b"more")]);
        assert_eq!(Entries::read(&anew.body), expected);
        self.ask(server, "DELETE", &format!("/v1/media/files/{}", added["id"])).send().await.expect(200);
    }

    fn entries(&self, prefix: &str, further: &[(&str, &[u8])]) -> Entries {
        let files = NAMES.iter().zip(&self.sources).map(|(name, bytes)| (*name, &bytes[..]));
        Entries::of(prefix, &files.chain(further.iter().copied()).collect::<Vec<_>>())
    }

    /// Another's ids are as good as none.
    async fn sees_nothing_of(&self, server: &Server, other: &Self) {
        let (file, folder, app) = (other.files[0]["id"].clone(), other.folders[1], other.app);
        let cdn = |key: &str| {
            let url = other.files[0][key].as_str().unwrap();
            url.split_once("/fliplet").unwrap().1.to_owned()
        };
        let targets = [
            format!("GET /v1/media?organizationId={}", other.organization),
            format!("GET /v1/media?appId={app}"),
            format!("GET /v1/media?folderId={folder}"),
            format!("GET /v1/media?folderId={folder}&organizationId={}", self.organization),
            format!("GET /v1/media/files/{file}/contents"),
            format!("HEAD /v1/media/files/{file}/contents"),
            format!("GET /v1/media/files/{file}/contents/x.jpg?size=640>?"),
            format!("GET /v1/media/files/{file}/thumb/preview.jpg"),
            format!("GET {}", cdn("url")),
            format!("GET {}", cdn("thumbnail")),
            format!("GET /v1/media/zip?files={file}"),
            format!("GET /v1/media/zip?folders={folder}"),
            format!("GET /v1/media/zip?folderId={folder}"),
            format!("GET /v1/media/zip?appId={app}"),
            format!("GET /v1/media/zip?organizationId={}", other.organization),
            format!("GET /v1/media/zip?folderId={}&files={file}", self.folders[0]),
            format!("DELETE /v1/media/files/{file}"),
            format!("DELETE /v1/media/folders/{folder}"),
            format!("GET /v1/media/files/{file}"),
            format!("PUT /v1/media/files/{file}"),
            format!("POST /v1/media/files/{file}/restore"),
            format!("DELETE /v1/media/deleted/files/{file}"),
            format!("GET /v1/media/files/{file}/accessRules"),
            format!("GET /v1/media/folders/{folder}"),
            format!("PUT /v1/media/folders/{folder}"),
            format!("POST /v1/media/folders/{folder}/restore"),
            format!("DELETE /v1/media/deleted/folders/{folder}"),
            format!("PUT /v1/media/folders/{folder}/accessRules"),
            format!("PUT /v1/media/apps/{app}/accessRules"),
            format!("PUT /v1/media/organizations/{}/accessRules", other.organization),
            format!("GET /v1/apps/{app}"),
            format!("GET /v1/media/search?name=sun&folderId={folder}"),
            format!("GET /v1/media/search?name=sun&organizationId={}", other.organization),
        ];
        let rename = json!({ "name": "Mine.jpg", "accessRules": null });
        for target in targets {
            let (method, path) = target.split_once(' ').unwrap();
            let ask = self.ask(server, method, path);
            let answer = if method == "PUT" { ask.json(&rename) } else { ask }.send().await;
            if method == "HEAD" {
                answer.expect(404)
            } else {
                answer.refused(404)
            };
        }
        for (key, id) in [("folderId", folder), ("appId", app), ("organizationId", other.organization)] {
            let body = json!({ "name": "Mine", key.replace("folderId", "parentId"): id });
            self.ask(server, "POST", "/v1/media/folders").json(&body).send().await.refused(404);
            let ask = self.ask(server, "POST", &format!("/v1/media/files?{key}={id}"));
            Form::new().file("files[0]", "a.txt", "", b"mine").put_in(ask).send().await.refused(404);
            // Nor is anything of one's own put there.
            let body = json!({ key.replace("folderId", "mediaFolderId"): id });
            let own = format!("/v1/media/files/{}", self.files[0]["id"]);
            self.ask(server, "PUT", &own).json(&body).send().await.refused(404);
        }
        let hits = self.ask(server, "GET", "/v1/media/search?name=sun").send().await.expect(200).json();
        assert_eq!((hits.as_array().unwrap().len(), &hits[0]["id"]), (1, &self.files[0]["id"]));
        let ask = self.ask(server, "POST", "/v1/media/files/aggregate");
        let told = ask.json(&json!({ "files": [file] })).send().await.expect(200).json();
        assert_eq!(told, json!({ "files": [] }));
    }

    async fn throws_away(&self, server: &Server) {
        let [photos, year, summer] = self.folders;
        self.ask(server, "DELETE", &format!("/v1/media/files/{}", self.files[0]["id"])).send().await.expect(200);
        let gone = |index: usize| self.ask(server, "GET", &self.contents(index, ""));
        gone(0).send().await.refused(404);
        gone(1).send().await.expect(200);
        let context = format!("folderId={year}");
        assert_eq!(server.listed(&self.token, &context).await, ["Summer", NAMES[2], NAMES[1]]);
        let zip = self.ask(server, "GET", &format!("/v1/media/zip?{context}")).send().await.expect(200);
        assert!(!Entries::read(&zip.body).0.iter().any(|(path, _)| path == NAMES[0]));
        // A folder takes all that lies below it along.
        self.ask(server, "DELETE", &format!("/v1/media/folders/{photos}")).send().await.expect(200);
        assert!(server.listed(&self.token, &format!("appId={}", self.app)).await.is_empty());
        gone(1).send().await.refused(404);
        self.ask(server, "DELETE", &format!("/v1/media/folders/{photos}")).send().await.refused(404);
        self.ask(server, "DELETE", &format!("/v1/media/folders/{summer}")).send().await.refused(404);
        for query in [format!("folders={year}"), format!("files={}", self.files[1]["id"]), format!("folderId={summer}")]
        {
            self.ask(server, "GET", &format!("/v1/media/zip?{query}")).send().await.refused(404);
        }
        let ask = self.ask(server, "POST", &format!("/v1/media/files?folderId={summer}"));
        Form::new().file("files[0]", "a.txt", "", b"late").put_in(ask).send().await.refused(404);
        // The file manager browses into trashed folders with the same call (contract 1.4).
        assert_eq!(server.listed(&self.token, &format!("folderId={photos}")).await, ["2024"]);
    }
}
