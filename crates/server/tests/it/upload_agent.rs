//! Fliplet's upload agent: who it is, where to, what is there already, and one file after another, as its own libraries
//! send them. Contract 1.5 and 4.

use library::Rights;
use serde_json::{Value, json};

use crate::support::{
    Answer, Ask, Organization, Server,
    forms::{BOUNDARY, Form},
    json::normal,
    on_each_engine, on_one_engine_with,
    organizations::system,
    pictures::{jpeg, measure},
    programs::{curl, md5},
    views::{Top, in_folder, text, with},
};

/// As the agent's form library makes one.
const AGENTS_BOUNDARY: &str = "--------------------------318926574038126497521034";

/// The agent: it knows its token and what the answers tell it.
struct Agent<'a> {
    server: &'a Server,
    token: String,
}

impl Agent<'_> {
    fn ask(&self, method: &str, target: &str) -> Ask {
        self.server.fliplet(method, target).token(&self.token).header("User-Agent", "agent")
    }

    async fn get(&self, target: &str) -> Value {
        self.ask("GET", target).send().await.expect(200).json()
    }

    /// The first organization is the one it uploads to.
    async fn organization(&self) -> i64 {
        self.get("/v1/organizations/").await["organizations"][0]["id"].as_i64().unwrap()
    }

    /// Uploads unless there is a file with these bytes.
    async fn keep(&self, place: &str, name: &str, bytes: &[u8]) -> Option<Value> {
        let sum = md5(bytes);
        let listing = self.get(&format!("/v1/media/?{place}")).await;
        let known = listing["files"].as_array().unwrap().iter().any(|file| {
            let metadata = &file["metadata"];
            file["name"] == name && (metadata["checksum"] == sum.as_str() || metadata["clientChecksum"] == sum.as_str())
        });
        if known {
            return None;
        }
        let answer = self.upload(place, name, bytes, &sum).await.expect(201).json();
        assert_eq!(answer["files"].as_array().unwrap().len(), 1, "{answer}");
        Some(answer["files"][0].clone())
    }

    /// The length of the whole is told by nothing, and the sum comes behind the bytes that it was made of.
    async fn upload(&self, place: &str, name: &str, bytes: &[u8], sum: &str) -> Answer {
        let form = Form::new().file("files", name, "application/octet-stream", bytes).text("checksum", sum);
        let ask = self.ask("POST", &format!("/v1/media/files/?{place}")).header("Transfer-Encoding", "chunked");
        let content_type = format!("multipart/form-data; boundary={AGENTS_BOUNDARY}");
        ask.body(&content_type, in_chunks(&with_boundary(&form.bytes()))).send().await
    }
}

/// The form with the agent's boundary instead of the browser's.
fn with_boundary(form: &[u8]) -> Vec<u8> {
    let (old, new) = (format!("--{BOUNDARY}"), format!("--{AGENTS_BOUNDARY}"));
    let (mut rest, mut bytes) = (form, Vec::new());
    while let Some(at) = rest.windows(old.len()).position(|part| part == old.as_bytes()) {
        bytes.extend([&rest[..at], new.as_bytes()].concat());
        rest = &rest[at + old.len()..];
    }
    [bytes.as_slice(), rest].concat()
}

/// Cut where streams cut: the head of a part, its bytes in pieces, the end; boundaries fall where they like.
fn in_chunks(body: &[u8]) -> Vec<u8> {
    let (head, rest) = body.split_at(body.len().min(37));
    let pieces = std::iter::once(head).chain(rest.chunks(65_536)).filter(|piece| !piece.is_empty());
    let chunk = |piece: &[u8]| [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
    pieces.map(chunk).chain([b"0\r\n\r\n".to_vec()]).collect::<Vec<_>>().concat()
}

async fn agent<'a>(server: &'a Server, name: &str) -> (Agent<'a>, Organization) {
    let organization = server.organization(name).await;
    (Agent { server, token: organization.token.clone() }, organization)
}

#[test]
fn it_asks_who_it_is_and_where_to() {
    on_each_engine(async |server| {
        let (agent, organization) = agent(server, "Acme").await;
        let told = agent.get("/v1/user").await;
        let user = json!({
            "id": organization.user_id,
            "email": "somebody@example.com",
            "fullName": "Somebody",
            "auth_token": agent.token,
            "type": null,
            "createdAt": "2023-11-14T22:13:20.000Z",
        });
        assert_eq!(told, json!({ "user": user }));
        // Its host follows from the first two letters.
        assert!(agent.token.starts_with("eu--"));
        assert_eq!(agent.organization().await, organization.id);
        let listing = agent.get(&format!("/v1/media/?organizationId={}", organization.id)).await;
        assert_eq!(listing, json!({ "folders": [], "files": [] }));
    });
}

#[test]
fn it_uploads_in_chunks_and_nothing_twice() {
    on_each_engine(async |server| {
        let (agent, organization) = agent(server, "Acme").await;
        let here = format!("organizationId={}", agent.organization().await);
        let body = json!({ "name": "Watched", "organizationId": organization.id });
        let folder = agent.ask("POST", "/v1/media/folders/").json(&body).send().await.expect(201).json();
        let watched = format!("folderId={}&{here}", folder["id"]);
        // Lines that look like boundaries, and bytes over many chunks.
        let dashes = [b"\r\n----------".repeat(3), b"\r\n--------------------------31892657\r\n".to_vec()].concat();
        let large: Vec<u8> = (0..300_000_u32).flat_map(|word| word.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        for (name, bytes) in [("notes.txt", b"Some notes.".to_vec()), ("empty.txt", Vec::new()), ("dashes.txt", dashes)]
        {
            let file = agent.keep(&watched, name, &bytes).await.unwrap();
            let sums = json!({ "size": "<bytes>", "checksum": "<hash>", "clientChecksum": "<hash>" });
            let expected =
                with(in_folder(text(name, Top::Organization), "Watched", false), json!({ "metadata": sums }));
            assert_eq!(normal(&file), with(expected, json!({ "contentType": file["contentType"] })));
            let sum = md5(&bytes);
            assert_eq!(file["metadata"], json!({ "size": bytes.len(), "checksum": sum, "clientChecksum": sum }));
            let contents = agent.ask("GET", &format!("/v1/media/files/{}/contents", file["id"])).send().await;
            assert!(contents.expect(200).body == bytes, "{name}");
        }
        let file = agent.keep(&here, "large.bin", &large).await.unwrap();
        assert_eq!(file["metadata"]["checksum"], md5(&large));
        for (place, name, bytes) in [(&watched, "notes.txt", &b"Some notes."[..]), (&here, "large.bin", &large)] {
            assert_eq!(agent.keep(place, name, bytes).await, None, "{name} is there");
        }
        // Other bytes of that name are another file.
        agent.keep(&watched, "notes.txt", b"Other notes.").await.unwrap();
        let listed = server.listed(&agent.token, &watched).await;
        assert_eq!(listed, ["dashes.txt", "empty.txt", "notes.txt", "notes.txt"]);
    });
}

/// What is stored is smaller than what was sent, and has another sum: the agent finds its own all the same.
#[test]
fn it_knows_its_pictures_again_after_they_were_made_smaller() {
    on_each_engine(async |server| {
        let (agent, organization) = agent(server, "Acme").await;
        let picture = jpeg(4000, 20);
        let file = agent.keep(&organization.here(), "wide.jpg", &picture).await.unwrap();
        assert_eq!(file["size"], json!([3840, 19]));
        assert_eq!(file["metadata"]["clientChecksum"], md5(&picture));
        let kept = agent.ask("GET", &format!("/v1/media/files/{}/contents?size=xxxlarge", file["id"])).send().await;
        let kept = kept.expect(200).body;
        assert_eq!(measure(&kept), ("image/jpeg", 3840, 19));
        assert_eq!(file["metadata"]["checksum"], md5(&kept));
        assert_ne!(file["metadata"]["checksum"], file["metadata"]["clientChecksum"]);
        assert_eq!(agent.keep(&organization.here(), "wide.jpg", &picture).await, None);
    });
}

/// The agent shows `message` and nothing else.
#[test]
fn it_is_told_what_is_wrong_in_words() {
    on_each_engine(async |server| {
        let (agent, organization) = agent(server, "Acme").await;
        let here = organization.here();
        let nowhere = "appId or organizationId or folderId is required";
        assert_eq!(agent.upload("", "a.txt", b"a", &md5(b"a")).await.refused(400).message(), nowhere);
        let bad_name = agent.upload(&here, "..", b"a", &md5(b"a")).await.refused(400).message();
        assert_eq!(bad_name, "File with invalid name detected.");
        let font = agent.upload(&here, "a.ttf", b"a", &md5(b"a")).await.refused(400).message();
        assert!(font.starts_with("Font files can only be uploaded to apps."), "{font}");
        let gone = agent.upload("folderId=999", "a.txt", b"a", &md5(b"a")).await.refused(404).message();
        assert_eq!(gone, "Media folder not found");
        let reading = library::TokenWish {
            rights: Rights::READ,
            ..fliplet::token_wish(
                fliplet::TokenKind::Organization,
                organization.id,
                organization.user_id,
                None,
                "Reads",
            )
        };
        let (token, secret) = server.library.add_token(&system(), reading).await.unwrap();
        let reader = Agent { server, token: secret };
        let denied = reader.upload(&here, "a.txt", b"a", &md5(b"a")).await.refused(401);
        assert_eq!(denied.message(), "You do not have permission to create files here");
        server.library.revoke_token(&system(), organization.id, token.id).await.unwrap();
        for target in ["/v1/user", "/v1/user/", "/v1/organizations/"] {
            let revoked = reader.ask("GET", target).send().await.refused(401);
            assert_eq!(revoked.message(), "The auth_token provided doesn't belong to any user.");
        }
        assert!(server.listed(&agent.token, &here).await.is_empty());
        assert!(server.stored_files().is_empty());
    });
}

/// A real client writes the form and the chunks itself.
#[test]
fn curl_uploads_in_chunks_like_the_agent() {
    on_one_engine_with(
        |_| {},
        async |server| {
            let (agent, organization) = agent(server, "Acme").await;
            let bytes = b"some bytes ".repeat(30_000);
            let source = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(source.path(), &bytes).unwrap();
            let (token, sum) = (format!("Auth-token: {}", agent.token), format!("checksum={}", md5(&bytes)));
            let part = format!("files=@{};filename=curl.txt", source.path().display());
            let arguments =
                ["--header", &token, "--header", "Transfer-Encoding: chunked", "--form", &part, "--form", &sum];
            let url = format!("http://{}/fliplet/v1/media/files?{}", server.address, organization.here());
            let file = curl(&arguments, &url).expect(201).json()["files"][0].take();
            assert_eq!((&file["name"], &file["metadata"]["size"]), (&json!("curl.txt"), &json!(bytes.len())));
            assert_eq!(file["metadata"]["checksum"], file["metadata"]["clientChecksum"]);
            assert_eq!(agent.keep(&organization.here(), "curl.txt", &bytes).await, None);
        },
    );
}
