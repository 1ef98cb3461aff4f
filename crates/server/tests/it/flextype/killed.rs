//! A server that is killed while it copies a folder: the copy is there whole, or not at all, and nothing else is amiss.

use std::time::Duration;

use flextype::{TokenKind, token_wish};
use futures_util::stream;
use library::{Actor, Ingest, Library, Origin, Place as At, Right, TokenWish, Upload};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::site::{ACCESS, FILES, FOLDERS};
use crate::{
    crash::process::Place,
    support::{
        Ask, Organization,
        engines::{on_each_database, share},
        organizations::system,
        server::settings_in,
    },
};

const ROUNDS: u64 = 12;
/// More than one batch in the top folder.
const FILES_IN: [(&str, usize); 3] = [("top", 300), ("top/inner", 60), ("top/inner/deep", 5)];

async fn put(library: &Library, actor: &Actor, root: i64, path: &str) {
    let body = stream::iter([Ok(bytes::Bytes::copy_from_slice(path.as_bytes()))]);
    let received = library.receive_from_anybody(u64::MAX, Box::pin(body)).await.unwrap();
    let slugs: Vec<&str> = path.split('/').collect();
    let name = slugs.last().copied().unwrap_or_default().to_owned();
    let upload = Upload {
        received,
        name,
        declared_type: None,
        fields: Vec::new(),
        title: None,
        terms: library::Terms::default(),
    };
    let place = At { top: root, path: &slugs, make_folders: true };
    library.put_asset(actor, &place, upload, Ingest::default()).await.unwrap();
}

/// A library with a folder to copy and a token of each kind.
async fn found(place: &mut Place) {
    let library = mediary::open(&settings_in(&place.data, &place.url)).await.unwrap();
    let organization = Organization::found(&library, "Site").await;
    place.token = organization.token;
    for (kind, secret) in [(TokenKind::Files, FILES), (TokenKind::Folders, FOLDERS), (TokenKind::Access, ACCESS)] {
        let wish = token_wish(kind, organization.id, organization.user_id, None, "Made by a test");
        let wish = TokenWish { secret: Some(secret.to_owned()), ..wish };
        library.add_token(&system(), wish).await.unwrap();
    }
    let actor = library.authenticate(fliplet::REALM, &place.token, Origin::default()).await.unwrap();
    let root = library.root_folder(&actor, organization.id, Right::Read).await.unwrap().id;
    for (folder, count) in FILES_IN {
        for number in 0..count {
            put(&library, &actor, root, &format!("{folder}/{number}.txt")).await;
        }
    }
    library.close().await;
}

#[test]
fn a_copy_that_is_killed_is_there_whole_or_not_at_all() {
    on_each_database(async |_, url| {
        let _shared = share();
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (data, url) = (folder.path().join("data"), url.to_owned());
        let mut place = Place { data, url, token: String::new(), scanner: String::new() };
        found(&mut place).await;
        for round in 0..ROUNDS {
            let server = place.serve().await;
            let body =
                json!({ "id": "top", "new_id": format!("copy-{round}"), "token": FOLDERS, "access_token": ACCESS });
            let copy = Ask::new(server.address, "PUT", "/flextype/api/media/folders/copy").json(&body);
            let kill = async {
                sleep(Duration::from_millis(4 + round * 7)).await;
                server.kill().await;
            };
            tokio::join!(copy.send_for_any_end(), kill);
        }
        let server = place.serve().await;
        let (mut whole, mut none) = (0, 0);
        for round in 0..ROUNDS {
            let count = async |folder: &str| {
                let folder = folder.replacen("top", &format!("copy-{round}"), 1);
                let target = format!(
                    "/flextype/api/media/files?id={folder}&options[collection]=true&options[limit]=999&token={FILES}"
                );
                let answer = Ask::new(server.address, "GET", &target).send().await;
                let body: Value = serde_json::from_slice(&answer.body).unwrap();
                body["data"].as_object().map_or(0, serde_json::Map::len)
            };
            let mut counts = Vec::new();
            for (folder, _) in FILES_IN {
                counts.push(count(folder).await);
            }
            if counts.iter().all(|count| *count == 0) {
                none += 1;
            } else {
                assert_eq!(counts, FILES_IN.map(|(_, count)| count), "copy-{round}");
                whole += 1;
            }
        }
        eprintln!("{whole} copies are whole, {none} are not there");
        assert!(none > 0, "no server was killed in time");
        assert!(server.stop().await.success());
        let verified = place.run("verify", 24 * 60 * 60 * 1_000).await;
        assert_eq!(verified["problems"], 0, "{verified}");
    });
}
