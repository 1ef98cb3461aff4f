//! Every request that the seed prints, sent as printed and in its order, and its whole answer against the printed one: under
//! the mount and through a host name of its own.

mod samples;

use flextype::TokenKind;
use serde_json::{Value, json};

use super::site::Site;
use crate::support::{Answer, Ask, Server, on_each_engine_with, pictures, programs::curl};

const HOST: &str = "cms.example";

/// The tokens that the seed prints.
const READING: &str = "6f047babd1894064fbf7662080a9a2f0";
const UPLOADING: &str = "efe1e36e4d60fcd547e22eb9f795dff92";
const UPLOADING_ACCESS: &str = "efe1e36e4d60fcd547e22eb9f795dff91";
const CHANGING: &str = "f3acf199a9ac120d3bfd604e1e382456";
const CHANGING_ACCESS: &str = "bbc4417d171e38099bd129aeca279018";

const EPISODE: &str = "entries/movies/sg-1/season-5/episode-21";
const COVER: &str = "entries/movies/sg-1/season-5/cover.jpg";
const COVER_OF_EPISODE: &str = "entries/movies/sg-1/season-5/episode-21/cover.jpg";

/// A slip of the seed's: what is printed at a place of an answer, and what the request makes it. Each is left over from
/// another file (contract, section 9, row 12).
type Slip = (&'static str, &'static str, &'static str);

const BASENAME: &[Slip] = &[("/data/basename", "cover-4", "cover")];
const MOVED_URL: &[Slip] = &[(
    "/data/full_url",
    "https://localhost:8888/flextype/project/uploads/entries/movies/sg-1/season-5/new-cover.jpg",
    "https://localhost:8888/flextype/project/uploads/entries/movies/sg-1/season-5/cover.jpg",
)];
const COPIED_URL: &[Slip] = &[(
    "/data/full_url",
    "https://localhost:8888/flextype/project/uploads/entries/movies/sg-1/season-5/episode-21/cover-4.jpg",
    "https://localhost:8888/flextype/project/uploads/entries/movies/sg-1/season-5/episode-21/cover.jpg",
)];

/// How the API is reached, and the site behind it.
struct Way<'a> {
    site: Site<'a>,
    host: Option<&'static str>,
}

impl Way<'_> {
    fn ask(&self, method: &str, target: &str) -> Ask {
        match self.host {
            Some(host) => self.site.server.ask(method, target).header("Host", host),
            None => self.site.ask(method, target),
        }
    }

    async fn get(&self, target: &str) -> Answer {
        self.ask("GET", target).send().await
    }

    /// A request with a printed body, byte for byte.
    async fn send(&self, method: &str, target: &str, body: &str) -> Answer {
        self.ask(method, target).body("application/json", body).send().await
    }

    /// The URL that stands for the printed `https://localhost:8888/flextype`.
    fn base(&self) -> String {
        let port = self.site.server.address.port();
        self.host.map_or_else(|| format!("http://127.0.0.1:{port}/flextype"), |host| format!("http://{host}:{port}"))
    }

    /// A file that the seed takes for granted.
    async fn put(&self, path: &str) {
        self.site.put_file(path, &pictures::jpeg(64, 36)).await;
        self.site.set_meta(path, &json!({ "title": "Episode 21" })).await;
    }
}

#[test]
fn under_the_mount() {
    on_each_engine_with(set, async |server| all_of_it(server, None).await);
}

#[test]
fn under_the_host_name() {
    on_each_engine_with(set, async |server| all_of_it(server, Some(HOST)).await);
}

fn set(settings: &mut mediary::Settings) {
    settings.public_url = "https://localhost:8888".to_owned();
    settings.flextype.hosts = vec![HOST.to_owned()];
}

async fn all_of_it(server: &Server, host: Option<&'static str>) {
    let way = Way { site: Site::new(server).await, host };
    for (kind, secret) in [
        (TokenKind::Files, READING),
        (TokenKind::Folders, READING),
        (TokenKind::Files, UPLOADING),
        (TokenKind::Access, UPLOADING_ACCESS),
        (TokenKind::Files, CHANGING),
        (TokenKind::Folders, CHANGING),
        (TokenKind::Access, CHANGING_ACCESS),
    ] {
        way.site.token(kind, secret).await;
    }
    way.put(COVER_OF_EPISODE).await;
    fetch_files(&way).await;
    upload(&way).await;
    move_files(&way).await;
    copy_a_file(&way).await;
    delete_a_file(&way).await;
    change_meta(&way).await;
    change_meta_by_the_heads(&way).await;
    fetch_folders(&way).await;
    change_folders(&way).await;
}

/// "Fetch file"
async fn fetch_files(way: &Way<'_>) {
    let target = format!("/api/media/files?id={COVER_OF_EPISODE}&token={READING}");
    printed(samples::FILE, way.get(&target).await, &[]);
    // The head of the section asks for a collection by an option, the example by nothing but the id.
    for option in ["&options[collection]=true", ""] {
        let target = format!("/api/media/files?id={EPISODE}{option}&token={READING}");
        printed(samples::FILES, way.get(&target).await, &[]);
    }
}

/// "Upload file"
async fn upload(way: &Way<'_>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new-cover.jpg");
    std::fs::write(&file, pictures::jpeg(2400, 1350)).unwrap();
    let command = samples::UPLOAD.replace("https://localhost:8888/flextype", &way.base());
    let command = command.replace("/users/awilum/documents/new-covers/new-cover.jpg", file.to_str().unwrap());
    let resolve = format!("{HOST}:{}:127.0.0.1", way.site.server.address.port());
    let words = words(&command);
    let (url, arguments) = words.split_last().unwrap();
    let arguments: Vec<&str> = arguments.iter().skip(1).map(String::as_str).chain(["--resolve", &resolve]).collect();
    printed(samples::UPLOADED, curl(&arguments, url), &[]);
    // The rest of the seed begins without it.
    way.send("DELETE", "/api/media/files", samples::DELETE).await.expect(204);
}

/// The words of a command as a shell reads them, as far as the seed's needs it.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in command.replace("\\\n", " ").split('"').enumerate() {
        // Every second part stands in quotes, and is one word.
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// "Move file"
async fn move_files(way: &Way<'_>) {
    printed(samples::RENAMED, way.send("PUT", "/api/media/files", samples::RENAME).await, &[]);
    // The second example moves what the first has moved already.
    way.put(COVER_OF_EPISODE).await;
    printed(samples::MOVED, way.send("PUT", "/api/media/files", samples::MOVE).await, MOVED_URL);
}

/// "Copy File". Its table of parameters wants a folders token, all others a files token.
async fn copy_a_file(way: &Way<'_>) {
    let target = "/api/media/files/copy";
    printed(samples::COPIED, way.send("PUT", target, samples::COPY).await, COPIED_URL);
    way.site.token(TokenKind::Folders, "0123456789abcdef0123456789abcdef").await;
    let body = samples::COPY.replace(CHANGING, "0123456789abcdef0123456789abcdef");
    let body = body.replace("episode-21/cover.jpg", "episode-21/copy.jpg");
    way.send("PUT", target, &body).await.expect(200);
}

/// "Delete file"
async fn delete_a_file(way: &Way<'_>) {
    way.send("DELETE", "/api/media/files", samples::DELETE).await.expect(204);
    let target = format!("/api/media/files?id={EPISODE}/new-cover.jpg&token={READING}");
    way.get(&target).await.expect(404);
}

/// "Update File Meta", "Add File Meta" and "Delete File Meta", by the methods and paths of their examples.
async fn change_meta(way: &Way<'_>) {
    let target = "/api/media/files/meta";
    printed(samples::UPDATED, way.send("PATCH", target, samples::UPDATE).await, BASENAME);
    printed(samples::ADDED, way.send("PATCH", target, samples::ADD).await, BASENAME);
    printed(samples::WITHOUT_META, way.send("DELETE", target, samples::DELETE_META).await, BASENAME);
    // The table of endpoints adds by POST.
    printed(samples::ADDED, way.send("POST", target, samples::ADD).await, BASENAME);
}

/// The same by the methods and paths at the heads of their sections.
async fn change_meta_by_the_heads(way: &Way<'_>) {
    way.site.set_meta(COVER, &json!({ "title": "Episode 21" })).await;
    let target = "/api/media/files";
    printed(samples::UPDATED, way.send("PUT", target, samples::UPDATE).await, BASENAME);
    printed(samples::ADDED, way.send("POST", target, samples::ADD).await, BASENAME);
    printed(samples::WITHOUT_META, way.send("DELETE", target, samples::DELETE_META).await, BASENAME);
    // Nothing of it has moved or deleted the file.
    let target = format!("/api/media/files?id={COVER}&token={READING}");
    printed(samples::WITHOUT_META, way.get(&target).await, BASENAME);
}

/// "Fetch Folder". The seed prints no answers here; they are the object that it prints elsewhere.
async fn fetch_folders(way: &Way<'_>) {
    way.site.put_folder("movies").await;
    let movies = json!({ "data": folder("movies") }).to_string();
    // The head of the section writes options that hold nothing.
    for options in ["", "&options=[]"] {
        let target = format!("/api/media/folders?id=movies{options}&token={READING}");
        printed(&movies, way.get(&target).await, &[]);
    }
    let children = json!({ "data": { "sg-1": folder("entries/movies/sg-1") } }).to_string();
    // The head of the section names the route of another API.
    for target in
        ["entries?id=entries/movies&options[collection]=true", "media/folders?id=entries/movies&collection=true"]
    {
        printed(&children, way.get(&format!("/api/{target}&token={READING}")).await, &[]);
    }
}

/// A folder as the seed prints it.
fn folder(id: &str) -> Value {
    json!({
        "id": id,
        "full_id": format!("/htdocs/flextype/project/uploads/{id}"),
        "url": format!("project/uploads/{id}"),
        "full_url": format!("https://localhost:8888/flextype/project/uploads/{id}"),
    })
}

/// "Create folder", "Move folder", "Copy folder" and "Delete folder". Nobody makes the folders `2019` and `horror`.
async fn change_folders(way: &Way<'_>) {
    let target = "/api/media/folders";
    printed(samples::FOLDER, way.send("POST", target, samples::CREATE_FOLDER).await, &[]);
    printed(samples::RENAMED_FOLDER, way.send("PUT", target, samples::RENAME_FOLDER).await, &[]);
    printed(samples::MOVED_FOLDER, way.send("PUT", target, samples::MOVE_FOLDER).await, &[]);
    let copied = way.send("PUT", "/api/media/folders/copy", samples::COPY_FOLDER).await;
    printed(samples::COPIED_FOLDER, copied, &[]);
    way.send("DELETE", target, samples::DELETE_FOLDER).await.expect(204);
    let target = |id: &str| format!("/api/media/folders?id={id}&token={READING}");
    way.get(&target("entries/movies/horror/the-platform")).await.expect(404);
    way.get(&target("entries/movies/2019/the-platform")).await.expect(200);
}

/// Panics unless the answer is the printed one, whole and in its order, but for slips, times and the size that a JPEG has.
/// A folder may have the reference server's two keys beside the printed ones.
#[track_caller]
fn printed(sample: &str, answer: Answer, slips: &[Slip]) {
    let answer = answer.expect(200);
    assert!(answer.header("content-type").starts_with("application/json"), "{answer}");
    let mut wanted: Value = serde_json::from_str(sample).unwrap();
    for (pointer, theirs, ours) in slips {
        let place = wanted.pointer_mut(pointer).unwrap_or_else(|| panic!("the sample has no {pointer}"));
        assert_eq!(place, theirs, "the sample at {pointer}");
        *place = json!(ours);
    }
    let mut given: Value = serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{answer}: {error}"));
    normalise(&mut wanted);
    normalise(&mut given);
    // As text, where the order of keys shows.
    assert_eq!(given.to_string(), wanted.to_string(), "{answer}");
}

/// Replaces sizes and times, and leaves out a folder's further keys.
fn normalise(value: &mut Value) {
    let Value::Object(object) = value else { return };
    for key in ["filesize", "uploaded_on"] {
        if let Some(number) = object.get_mut(key).filter(|number| number.is_u64()) {
            *number = json!("<number>");
        }
    }
    for (extra, same) in [("path", "id"), ("full_path", "full_id")] {
        if object.contains_key(same) && object.get(extra) == object.get(same) {
            object.shift_remove(extra);
        }
    }
    object.values_mut().for_each(normalise);
}
