//! The ways to ask for a file's bytes, and what each must cost: those that give some count one, and no other does.

use std::net::SocketAddr;

use fliplet::TokenKind;
use serde_json::Value;

use crate::support::{Answer, Ask, Organization, Server, organizations::system, pictures};

/// A way to ask.
#[derive(Debug)]
pub struct Way {
    pub method: &'static str,
    pub at: At,
    /// `TAG` stands for the file's.
    pub headers: &'static [(&'static str, &'static str)],
    /// Whether somebody asks who has never asked before: what lies behind the beginning may go on with an earlier download.
    pub stranger: bool,
    /// What it is answered with while there is something left.
    pub status: u16,
}

/// Which URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Contents,
    Small,
    Path,
    Thumbnail,
}

const fn get(at: At, headers: &'static [(&'static str, &'static str)], status: u16) -> Way {
    Way { method: "GET", at, headers, stranger: false, status }
}

const fn by_stranger(headers: &'static [(&'static str, &'static str)]) -> Way {
    Way { method: "GET", at: At::Contents, headers, stranger: true, status: 206 }
}

const fn head(at: At, headers: &'static [(&'static str, &'static str)]) -> Way {
    Way { method: "HEAD", at, headers, stranger: false, status: 200 }
}

/// Each of these counts.
pub const COUNTED: &[Way] = &[
    get(At::Contents, &[], 200),
    get(At::Contents, &[("Range", "bytes=0-")], 206),
    get(At::Contents, &[("Range", "bytes=0-0")], 206),
    get(At::Contents, &[("Range", "bytes=5-6,0-1")], 206),
    get(At::Contents, &[("Range", "bytes=0-0,9-")], 206),
    get(At::Contents, &[("Range", "bytes=5-"), ("If-Range", "\"another\"")], 200),
    get(At::Contents, &[("Range", "lines=5-")], 200),
    get(At::Contents, &[("If-None-Match", "\"another\"")], 200),
    get(At::Contents, &[("If-Match", "TAG")], 200),
    get(At::Small, &[], 200),
    get(At::Small, &[("Range", "bytes=0-")], 206),
    get(At::Path, &[], 200),
    get(At::Path, &[("Range", "bytes=0-9")], 206),
    by_stranger(&[("Range", "bytes=5-")]),
    by_stranger(&[("Range", "bytes=5-"), ("If-Range", "TAG")]),
    by_stranger(&[("Range", "bytes=-3")]),
    by_stranger(&[("Range", "bytes=5-6,9-")]),
];

/// None of these does, and each goes on when nothing is left.
pub const FREE: &[Way] = &[
    head(At::Contents, &[]),
    head(At::Contents, &[("Range", "bytes=0-")]),
    head(At::Small, &[]),
    head(At::Path, &[]),
    get(At::Contents, &[("If-None-Match", "TAG")], 304),
    get(At::Contents, &[("If-None-Match", "TAG"), ("Range", "bytes=0-")], 304),
    get(At::Contents, &[("If-Match", "\"another\"")], 412),
    get(At::Contents, &[("Range", "bytes=99999999-")], 416),
    get(At::Thumbnail, &[], 200),
    get(At::Thumbnail, &[("Range", "bytes=0-")], 206),
];

/// A file that may be downloaded so many times.
pub struct Limited<'a> {
    server: &'a Server,
    pub organization: &'a Organization,
    pub id: i64,
    /// As the answer to the upload told it.
    pub view: Value,
    tag: String,
}

impl<'a> Limited<'a> {
    /// An image large enough for a thumbnail and a small size of its own.
    pub async fn image(server: &'a Server, organization: &'a Organization, limit: i64) -> Self {
        Self::upload(server, organization, "limited.jpg", &pictures::jpeg(1_000, 800), limit).await
    }

    pub async fn upload(
        server: &'a Server,
        organization: &'a Organization,
        name: &str,
        bytes: &[u8],
        limit: i64,
    ) -> Self {
        let view = server.upload(&organization.token, &organization.app(), name, bytes).await;
        let id = view["id"].as_i64().unwrap();
        let ask = server.fliplet("HEAD", &format!("/v1/media/files/{id}/contents")).token(&organization.token);
        let tag = ask.send().await.expect(200).header("etag").to_owned();
        server.library.limit_asset(&system(), id, Some(limit), None).await.unwrap();
        Self { server, organization, id, view, tag }
    }

    /// Asks a server for it in a way.
    pub async fn ask(&self, of: SocketAddr, way: &Way) -> Answer {
        let stranger = match way.stranger {
            true => Some(self.server.new_token(self.organization, TokenKind::Organization).await.1),
            false => None,
        };
        let ask =
            Ask::new(of, way.method, &self.target(way.at)).token(stranger.as_ref().unwrap_or(&self.organization.token));
        let ask = way.headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value.replace("TAG", &self.tag)));
        ask.send().await
    }

    /// The same of the server that it was uploaded to.
    pub async fn get(&self, way: &Way) -> Answer {
        self.ask(self.server.address, way).await
    }

    /// Asks for a part of it.
    pub async fn range(&self, token: &str, range: &str) -> Answer {
        let ask = Ask::new(self.server.address, "GET", &self.target(At::Contents)).token(token);
        ask.header("Range", range).send().await
    }

    pub fn target(&self, at: At) -> String {
        let contents = format!("/fliplet/v1/media/files/{}/contents", self.id);
        match at {
            At::Contents => contents,
            At::Small => format!("{contents}?size=small"),
            At::Path => format!("/fliplet/{}", self.view["path"].as_str().unwrap()),
            At::Thumbnail => format!("/fliplet/v1/media/files/{}/thumb/preview.jpg", self.id),
        }
    }

    /// How often it has been downloaded, as the database has it.
    pub async fn count(&self) -> i64 {
        // Not from memory, as this verb is for what is rarely asked for.
        self.server.library.asset_or_trashed(&system(), self.id).await.unwrap().download_count
    }
}

/// Panics unless it is refused in the API's words for what is used up.
#[track_caller]
pub fn assert_used_up(answer: Answer) {
    let answer = answer.refused(401);
    assert_eq!(answer.json()["error"], "file.access", "{answer}");
    assert_eq!(answer.message(), "You do not have permission to access this file");
}
