//! Files that come in chunks: in order by name, in any order by id, more than once, and whatever happens between two of them.
//! Contract section 3.2; decisions, section 7.

mod abandoned;
mod elsewhere;
mod large;
mod model;
mod nodes;
mod race;
mod refusals;

use std::net::SocketAddr;

use botdoc::Keys;
use serde_json::{Value, json};

use super::Agent;
use crate::support::{Answer, Ask, Server, forms::Form, on_each_engine, programs::md5};

/// A file in pieces, and somebody who sends them, to whichever server.
#[derive(Debug, Clone)]
struct Sending {
    keys: Keys,
    token: String,
    request: i64,
    name: String,
    pieces: Vec<Vec<u8>>,
}

impl Sending {
    fn of(agent: &Agent<'_>, name: &str, pieces: &[&[u8]]) -> Self {
        let pieces = pieces.iter().map(|piece| piece.to_vec()).collect();
        let (keys, token) = (agent.keys.clone(), agent.token.clone());
        Self { keys, token, request: agent.request, name: name.to_owned(), pieces }
    }

    /// With a token of now: they do not last for a day.
    async fn with_new_token(self, at: SocketAddr) -> Self {
        let body = json!({ "email": self.keys.email, "api_key": self.keys.api_key });
        let answer = Ask::new(at, "POST", "/botdoc/v1/auth/get_token/").json(&body).send().await.expect(200);
        Self { token: answer.json()["token"].as_str().unwrap().to_owned(), ..self }
    }

    /// The same file under another name.
    fn named(&self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self.clone() }
    }

    fn whole(&self) -> Vec<u8> {
        self.pieces.concat()
    }

    /// A chunk, the file first as the seed has it.
    fn chunk(&self, number: usize) -> Form {
        self.chunk_with(number, &self.pieces[number - 1])
    }

    fn chunk_with(&self, number: usize, bytes: &[u8]) -> Form {
        let form = Form::new().file("file", &self.name, "application/octet-stream", bytes);
        let form = form.text("request", self.request.to_string()).text("current_chunk", number.to_string());
        form.text("total_chunks", self.pieces.len().to_string())
    }

    fn chunk_of(&self, id: &Value, number: usize) -> Form {
        self.chunk(number).text("id", id.to_string())
    }

    fn ask(&self, to: SocketAddr, method: &str, target: &str) -> Ask {
        Ask::new(to, method, &format!("/botdoc{target}")).header("Authorization", format!("JWT {}", self.token))
    }

    async fn post(&self, to: SocketAddr, form: &Form) -> Answer {
        form.put_in(self.ask(to, "POST", "/v1/media/")).send().await
    }

    /// Sends the first chunk; the media's id.
    async fn begin(&self, to: SocketAddr) -> Value {
        self.post(to, &self.chunk(1)).await.expect(201).json()["id"].clone()
    }

    async fn media(&self, at: SocketAddr, id: &Value) -> Value {
        self.ask(at, "GET", &format!("/v1/media/{id}/")).send().await.expect(200).json()
    }

    /// The medias of the request, newest first.
    async fn listed(&self, at: SocketAddr) -> Vec<Value> {
        let target = format!("/v1/media/?page_size=100&request={}", self.request);
        let list = self.ask(at, "GET", &target).send().await.expect(200).json();
        assert_eq!(list["count"], list["results"].as_array().unwrap().len());
        list["results"].as_array().unwrap().clone()
    }

    async fn download(&self, at: SocketAddr, id: &Value) -> Answer {
        self.ask(at, "GET", &format!("/v1/media/{id}/download/")).send().await
    }

    /// Asserts that the file is there as it was sent.
    async fn expect_whole(&self, at: SocketAddr, id: &Value) {
        let media = self.media(at, id).await;
        let numbers: Vec<usize> = (1..=self.pieces.len()).collect();
        assert_eq!(told(&media), self.expected(at, id, &numbers));
        assert!(self.download(at, id).await.expect(200).body == self.whole(), "{} has other bytes", self.name);
    }

    /// The whole object, but for the random name in it, when these chunks have come and nobody has downloaded it.
    fn expected(&self, at: SocketAddr, id: &Value, numbers: &[usize]) -> Value {
        let is_whole = numbers.len() == self.pieces.len();
        let bytes: usize = numbers.iter().map(|number| self.pieces[number - 1].len()).sum();
        json!({
            "id": id,
            "name": self.name,
            "content_type": "application/octet-stream",
            "bytes": bytes,
            "extension": "bin",
            "total_chunks": self.pieces.len(),
            "current_chunk": numbers.len(),
            "metadata": { "remote_addr": "127.0.0.1" },
            "created": "2023-11-14T22:13:20.000000Z",
            "updated": "2023-11-14T22:13:20.000000Z",
            "file_checksum": is_whole.then(|| md5(&self.whole())),
            "removed_at": null,
            "removed_requested_from": null,
            "media_download": [],
            "times_downloaded": 0,
            "state": if is_whole { "available" } else { "uploading" },
            "download_link_data_collection":
                format!("http://{at}/botdoc/v1/module_container_pushpull/mediadatacollection/{id}/download/"),
            "max_allowed_times_downloaded": 6,
            "tag": null,
            "request": self.request,
        })
    }
}

/// A media without the name that it has on the server, which must have its form.
#[track_caller]
fn told(media: &Value) -> Value {
    let mut media = media.clone();
    let file = media.as_object_mut().unwrap().remove("file").unwrap();
    let (digits, extension) = file.as_str().unwrap().split_once('.').unwrap();
    assert!(digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{file}");
    assert_eq!(extension, "bin");
    media
}

/// Asserts that a chunk is refused for a field, in these words.
#[track_caller]
fn refused(answer: Answer, field: &str, words: &str) {
    assert_eq!(answer.expect(400).json(), json!({ field: [words] }));
}

/// Nothing else is in the database or the store than what should be.
async fn expect_clean(server: &Server) {
    let system = crate::support::organizations::system();
    server.library.verify(&system, false, |problem| panic!("{problem:?}")).await.unwrap();
}

#[test]
fn chunks_in_order_by_name_become_one_file() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let sending = Sending::of(&agent, "story.bin", &[b"Once ", b"upon a ", b"time."]);
        let (mut id, mut file) = (Value::Null, Value::Null);
        for number in 1..=3 {
            let media = sending.post(server.address, &sending.chunk(number)).await.expect(201).json();
            if number == 1 {
                (id, file) = (media["id"].clone(), media["file"].clone());
            }
            let numbers: Vec<usize> = (1..=number).collect();
            assert_eq!(told(&media), sending.expected(server.address, &id, &numbers));
            assert_eq!(media["file"], file, "its name on the server stays");
            assert_eq!(sending.media(server.address, &id).await, media);
            assert_eq!(sending.listed(server.address).await, [media]);
            let answer = sending.download(server.address, &id).await;
            if number < 3 {
                assert_eq!(answer.expect(404).json(), json!({ "detail": "Not found." }));
            } else {
                assert_eq!(answer.expect(200).body, b"Once upon a time.");
            }
        }
        assert_eq!(server.stored_files().len(), 1);
        expect_clean(server).await;
    });
}

#[test]
fn chunks_by_id_come_in_any_order() {
    const ORDERS: [[usize; 3]; 6] = [[2, 3, 4], [2, 4, 3], [3, 2, 4], [3, 4, 2], [4, 2, 3], [4, 3, 2]];
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let any = Sending::of(&agent, "", &[b"a", b"bc", b"def", b"ghij"]);
        for (at, order) in ORDERS.iter().enumerate() {
            let sending = any.named(&format!("{at}.bin"));
            let id = sending.begin(server.address).await;
            let mut numbers = vec![1];
            for (turn, number) in order.iter().enumerate() {
                let media = by_any_method(&sending, server.address, (at + turn) % 3, (&id, *number)).await;
                numbers.push(*number);
                assert_eq!(told(&media), sending.expected(server.address, &id, &numbers));
                assert_eq!(sending.media(server.address, &id).await, media);
            }
            sending.expect_whole(server.address, &id).await;
        }
        // Equal bytes are kept once.
        assert_eq!(server.stored_files().len(), 1);
        expect_clean(server).await;
    });
}

/// There are three methods for it; where the path has the id, neither it nor the request has to be said again.
async fn by_any_method(sending: &Sending, to: SocketAddr, which: usize, (id, number): (&Value, usize)) -> Value {
    let method = match which {
        0 => return sending.post(to, &sending.chunk_of(id, number)).await.expect(201).json(),
        1 => "PUT",
        _ => "PATCH",
    };
    let form = Form::new().text("current_chunk", number.to_string()).text("total_chunks", "4");
    let form = form.file("file", "blob", "application/octet-stream", &sending.pieces[number - 1]);
    form.put_in(sending.ask(to, method, &format!("/v1/media/{id}/"))).send().await.expect(200).json()
}

#[test]
fn the_file_may_come_before_or_after_what_is_said_of_it() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let sending = Sending::of(&agent, "story.bin", &[b"Once ", b"upon a ", b"time."]);
        let file = |form: Form, number: usize| form.file("file", "story.bin", "", &sending.pieces[number - 1]);
        let said = |form: Form, number: usize| {
            let form = form.text("total_chunks", "3").text("current_chunk", number.to_string());
            form.text("request", sending.request.to_string())
        };
        let forms = [
            said(file(Form::new(), 1), 1),
            file(said(Form::new(), 2), 2),
            // The name is said, and the part has another.
            said(Form::new().text("name", "story.bin").file("file", "blob", "", b"time."), 3),
        ];
        let mut id = Value::Null;
        for form in &forms {
            id = sending.post(server.address, form).await.expect(201).json()["id"].clone();
        }
        sending.expect_whole(server.address, &id).await;
        assert_eq!(sending.listed(server.address).await.len(), 1);
    });
}

#[test]
fn what_is_said_with_the_first_chunk_stays() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let bytes = crate::support::pictures::png(30, 20);
        let (head, tail) = bytes.split_at(bytes.len() / 2);
        let sending = Sending::of(&agent, "picture.dat", &[head, tail]);
        let first = sending.chunk(1).text("tag", "Wedding").text("content_type", "image/x-other");
        let media = sending.post(server.address, &first).await.expect(201).json();
        assert_eq!((&media["tag"], &media["content_type"]), (&json!("Wedding"), &json!("image/x-other")));
        let media = sending.post(server.address, &sending.chunk(2).text("tag", "Another")).await.expect(201).json();
        assert_eq!((&media["tag"], &media["state"]), (&json!("Wedding"), &json!("available")));
        // The bytes know better what they are, once they are all there.
        assert_eq!(media["content_type"], "image/png");
    });
}
