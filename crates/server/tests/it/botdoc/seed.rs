//! Every request that the seed prints, sent as printed but for keys and ids, and its whole answer against the printed one: under the
//! mount, on the host name, and at the root.

use serde_json::{Value, json};

use super::Agent;
use crate::support::{
    Answer, Ask, Server,
    forms::Form,
    json::{Exception, Extras, assert_literal},
    on_each_engine, on_each_engine_with, pictures,
    programs::{curl, md5},
};

/// "The response will look like the example below", of a list, letter by letter.
const LIST: &str = r#"{ "links":{ "previous":null, "next":"https://api.botdoc.io/v1/?media=2" }, "total_pages":2, "count":12, "results":[ { "id":5, "name":"Weeding_certificate.png", "content_type":"image/png", "bytes":20283, "extension":"png", "file":"65637392e6956cf74f575ac9e9faf7a0.png", "total_chunks":1, "metadata":{ "remote_addr":"172.19.0.1" }, "created":"2020-08-14T17:36:44.641834Z", "updated":"2020-08-14T17:36:57.847042Z", "current_chunk":1, "file_checksum":"34c395e123b3b4d7e0ecc36b18833c8e", "removed_at":null, "removed_requested_from":null, "media_download":[ ], "times_downloaded":0, "state":"available", "download_link_data_collection":"http://127.0.0.1:8000/v1/module_container_pushpull/mediadatacollection/5/download/", "max_allowed_times_downloaded":6, "tag":"Weeding Certificate", "request":1080 } ] }"#;

/// The same of one media.
const MEDIA: &str = r#"{ "id": 5, "name": "Weeding_certificate.png", "content_type": "image/png", "bytes": 20283, "extension": "png", "file": "65637392e6956cf74f575ac9e9faf7a0.png", "total_chunks": 1, "metadata": { "remote_addr": "172.19.0.1" }, "created": "2020-08-14T17:36:44.641834Z", "updated": "2020-08-14T17:36:57.847042Z", "current_chunk": 1, "file_checksum": "34c395e123b3b4d7e0ecc36b18833c8e", "removed_at": null, "removed_requested_from": null, "media_download": [], "times_downloaded": 0, "state": "available", "download_link_data_collection": "http://127.0.0.1:8000/v1/module_container_pushpull/mediadatacollection/5/download/", "max_allowed_times_downloaded": 6, "tag": "Weeding Certificate", "request": 1080 }"#;

/// "Here is some cURL to create a media in our API"
const COMMAND: &str = r#"curl -i --request POST "https://api.botdoc.io/v1/media/" \ --header "Authorization: JWT <Autorization key>" \ --form "file=@C:\curl\image.png" \ --form "request={container_id}" \ --form "current_chunk=1" \ --form "total_chunks=1""#;

/// Nothing stands beside the sample's keys.
const NO_EXTRAS: Extras = Extras { files: &[], folders: &[] };

const HOST: &str = "botdoc.localhost";

/// How the API is reached: what stands before the path, and the host.
#[derive(Clone, Copy)]
struct Way(&'static str, Option<&'static str>);

impl Way {
    fn ask(self, agent: &Agent<'_>, method: &str, target: &str) -> Ask {
        let ask = agent.server.ask(method, &format!("{}{target}", self.0));
        let ask = ask.header("Authorization", format!("JWT {}", agent.token));
        match self.1 {
            Some(host) => ask.header("Host", format!("{host}:{}", agent.server.address.port())),
            None => ask,
        }
    }

    async fn get(self, agent: &Agent<'_>, target: &str) -> Answer {
        self.ask(agent, "GET", target).send().await
    }

    /// What stands for the printed `https://api.botdoc.io`.
    fn base(self, server: &Server) -> String {
        let port = server.address.port();
        format!("http://{}:{port}{}", self.1.unwrap_or("127.0.0.1"), self.0)
    }
}

#[test]
fn under_the_mount_and_the_host_name() {
    on_each_engine(async |server| {
        all_of_it(server, Way("/botdoc", None)).await;
        all_of_it(server, Way("", Some(HOST))).await;
    });
}

#[test]
fn at_the_root() {
    let set = |settings: &mut mediary::Settings| settings.default_dialect = "botdoc".to_owned();
    on_each_engine_with(set, async |server| all_of_it(server, Way("", None)).await);
}

async fn all_of_it(server: &Server, way: Way) {
    let agent = Agent::new(server).await;
    get_medias(&agent, way).await;
    let id = get_one(&agent, way).await;
    download(&agent, way, &id).await;
    delete(&agent, way, &id).await;
    create(&agent, way).await;
}

/// Puts a media there that looks like the printed one.
async fn put(agent: &Agent<'_>, way: Way) -> Value {
    let form = Form::new().file("file", "Weeding_certificate.png", "image/png", &pictures::png(64, 36));
    let form = form.text("request", agent.request.to_string()).text("tag", "Weeding Certificate");
    form.put_in(way.ask(agent, "POST", "/v1/media/")).send().await.expect(201).json()
}

/// "Getting your medias"
async fn get_medias(agent: &Agent<'_>, way: Way) {
    for _ in 0..12 {
        put(agent, way).await;
    }
    let base = way.base(agent.server);
    // The sample shows one result of the ten that its numbers mean, and its links name no page (contract 1.5).
    let sample = |results: usize, links: Value| {
        let mut sample: Value = serde_json::from_str(LIST).unwrap();
        let one = sample["results"][0].take();
        sample["results"] = vec![one; results].into();
        sample["links"] = links;
        sample
    };
    let next = json!({ "previous": null, "next": format!("{base}/v1/media/?page=2") });
    let answer = way.get(agent, "/v1/media/").await;
    let newest_first: Vec<_> =
        answer.json()["results"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert!(newest_first.is_sorted_by_key(|id| std::cmp::Reverse(id.as_i64())), "{newest_first:?}");
    printed(&base, &sample(10, next), answer.expect(200), &[]);
    // "you can use 2 parameters": what page_size makes of the numbers is ours to work out.
    let links = json!({
        "previous": format!("{base}/v1/media/?page_size=5"),
        "next": format!("{base}/v1/media/?page=3&page_size=5"),
    });
    let pages = [("/total_pages", json!(2), json!(3))];
    printed(&base, &sample(5, links), way.get(agent, "/v1/media/?page=2&page_size=5").await.expect(200), &pages);
}

/// "Getting a specific media"
async fn get_one(agent: &Agent<'_>, way: Way) -> String {
    let id = put(agent, way).await["id"].to_string();
    let answer = way.get(agent, &format!("/v1/media/{id}/")).await.expect(200);
    let media = answer.json();
    assert_eq!((&media["id"].to_string(), &media["request"]), (&id, &json!(agent.request)));
    assert_eq!(media["bytes"], pictures::png(64, 36).len());
    assert_eq!(media["file_checksum"], md5(&pictures::png(64, 36)));
    printed(&way.base(agent.server), &serde_json::from_str(MEDIA).unwrap(), answer, &[]);
    id
}

/// "Download a media": "The body response is the file's content."
async fn download(agent: &Agent<'_>, way: Way, id: &str) {
    let media = way.get(agent, &format!("/v1/media/{id}/")).await.expect(200).json();
    let collected = media["download_link_data_collection"].as_str().unwrap();
    let collected = collected.strip_prefix(&way.base(agent.server)).unwrap().to_owned();
    for target in [format!("/v1/media/{id}/download/"), collected] {
        let answer = way.get(agent, &target).await.expect(200);
        assert_eq!(answer.header("content-type"), "image/png", "{target}");
        assert_eq!(
            answer.header("content-disposition"),
            "attachment; filename=\"Weeding_certificate.png\"",
            "{target}"
        );
        assert_eq!(answer.body, pictures::png(64, 36), "{target}");
    }
}

/// "Delete a media": "The response will be the HTTP Code 204 when the deleting is successful."
async fn delete(agent: &Agent<'_>, way: Way, id: &str) {
    let target = format!("/v1/media/{id}/");
    way.ask(agent, "DELETE", &target).send().await.expect(204);
    for method in ["GET", "DELETE"] {
        let answer = way.ask(agent, method, &target).send().await.expect(404);
        assert_eq!(answer.json(), json!({ "detail": "Not found." }));
    }
}

/// "Create a media", by a real curl.
async fn create(agent: &Agent<'_>, way: Way) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("image.png");
    std::fs::write(&file, pictures::png(64, 36)).unwrap();
    let base = way.base(agent.server);
    let command = COMMAND.replace("https://api.botdoc.io", &base).replace("<Autorization key>", &agent.token);
    let command = command.replace(r"C:\curl\image.png", file.to_str().unwrap());
    let command = command.replace("{container_id}", &agent.request.to_string());
    let resolve = format!("{HOST}:{}:127.0.0.1", agent.server.address.port());
    let words = words(&command);
    let (urls, arguments): (Vec<&str>, Vec<&str>) =
        words.iter().skip(1).map(String::as_str).partition(|word| word.starts_with("http"));
    let arguments = [&arguments[..], &["--resolve", &resolve]].concat();
    let answer = curl(&arguments, urls[0]).expect(201);
    let id = answer.json()["id"].clone();
    let sent = [
        ("/name", json!("Weeding_certificate.png"), json!("image.png")),
        ("/tag", json!("Weeding Certificate"), Value::Null),
    ];
    printed(&base, &serde_json::from_str(MEDIA).unwrap(), answer, &sent);
    let bytes = way.get(agent, &format!("/v1/media/{id}/download/")).await.expect(200).body;
    assert_eq!(bytes, pictures::png(64, 36));
}

/// The words of the command as a shell reads them: what stands in quotes is one, and a backslash goes on in the next line.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in command.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().filter(|word| *word != "\\").map(str::to_owned));
        }
    }
    words
}

/// Panics unless an answer is the printed one, whole and with its keys in their order, but for what the shared normaliser replaces.
#[track_caller]
fn printed(base: &str, sample: &Value, answer: Answer, exceptions: &[Exception<'_>]) {
    let answer = answer.json();
    let of_a_media = |value: &Value| {
        let one = value.pointer("/results/0").unwrap_or(value);
        one.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(of_a_media(&answer), of_a_media(sample));
    assert_literal(&plain("http://127.0.0.1:8000", sample).to_string(), &plain(base, &answer), NO_EXTRAS, exceptions);
}

/// Botdoc's ways of writing what the shared normaliser knows in Fliplet's: times with microseconds, byte counts under another key, a
/// hash with an extension, an address, the id of a request, and our own base.
fn plain(base: &str, value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(results) = value.get_mut("results") {
        results.as_array_mut().unwrap().iter_mut().for_each(|one| *one = plain(base, one));
        return value;
    }
    for key in ["created", "updated"] {
        let time = value[key].as_str().unwrap();
        let (seconds, fraction) = time.split_once('.').unwrap_or_else(|| panic!("{key} is {time}"));
        let is_fraction = fraction.len() == 7 && fraction[..6].bytes().all(|byte| byte.is_ascii_digit());
        assert!(is_fraction && fraction.ends_with('Z'), "{key} is {time}");
        value[key] = json!(format!("{seconds}.000Z"));
    }
    assert!(
        value["bytes"].as_u64().is_some_and(|bytes| bytes > 0) && value["request"].as_u64().is_some_and(|id| id > 0)
    );
    (value["bytes"], value["request"]) = (json!("<bytes>"), json!("<id>"));
    let address: std::net::IpAddr = value["metadata"]["remote_addr"].as_str().unwrap().parse().unwrap();
    assert!(address.is_ipv4());
    value["metadata"]["remote_addr"] = json!("<address>");
    let (hash, extension) = value["file"].as_str().unwrap().split_once('.').unwrap();
    // What is no such hash stays as it is, and then differs.
    value["file"] = json!([hash, extension]);
    let link = value["download_link_data_collection"].as_str().unwrap();
    let path = link.strip_prefix(base).unwrap_or_else(|| panic!("{link} is not below {base}"));
    value["download_link_data_collection"] = json!(format!("https://api.botdoc.io{path}"));
    value
}
