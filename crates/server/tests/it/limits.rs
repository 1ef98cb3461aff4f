//! A limit is a limit: however many ask at once, in whatever way, of however many servers, a file is downloaded as often as
//! it may be and not once more. What gives no bytes of it is free.

mod ways;

use std::{net::SocketAddr, sync::atomic::Ordering};

use bytes::Bytes;
use fliplet::TokenKind;
use futures_util::{future::join_all, stream};
use library::{Origin, Upload};
use serde_json::json;

use self::ways::{At, COUNTED, FREE, Limited, Way, assert_used_up};
use crate::support::{Answer, Ask, NOW_MS, Organization, Server, on_each_engine, organizations::system};

const LIMIT: i64 = 5;
const HOUR_MS: i64 = 60 * 60 * 1_000;

const WHOLE: &Way = &COUNTED[0];

#[test]
fn every_way_to_get_bytes_counts_and_no_other_does() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        for way in COUNTED {
            let file = Limited::image(server, &organization, 1).await;
            file.get(way).await.expect(way.status);
            assert_eq!(file.count().await, 1, "{way:?}");
            assert_used_up(file.get(way).await);
            assert_used_up(file.get(WHOLE).await);
            assert_eq!(file.count().await, 1, "{way:?}");
        }
        for way in FREE {
            let file = Limited::image(server, &organization, 1).await;
            file.get(way).await.expect(way.status);
            assert_eq!(file.count().await, 0, "{way:?}");
            file.get(WHOLE).await.expect(200);
            file.get(way).await.expect(way.status);
            assert_eq!(file.count().await, 1, "{way:?}");
        }
    });
}

#[test]
fn two_hundred_who_ask_at_once_get_five() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let file = Limited::image(server, &organization, LIMIT).await;
        ask_at_once(&file, &[server.address]).await;
        assert_eq!(file.count().await, LIMIT);
    });
}

#[test]
fn two_hundred_who_ask_two_servers_at_once_get_five() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let file = Limited::image(server, &organization, LIMIT).await;
        let (library, beside) = server.start_beside().await;
        ask_at_once(&file, &[server.address, beside.address]).await;
        assert_eq!(file.count().await, LIMIT);
        beside.stop().await;
        library.close().await;
    });
}

#[test]
fn a_server_that_remembers_a_file_without_a_limit_learns_of_it_in_time() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let (library, beside) = server.start_beside().await;
        let file = Limited::image(server, &organization, 1_000).await;
        server.library.limit_asset(&system(), file.id, None, None).await.unwrap();
        file.ask(beside.address, &FREE[0]).await.expect(200);
        server.library.limit_asset(&system(), file.id, Some(LIMIT), None).await.unwrap();
        server.clock.fetch_add(server.max_memory_age_ms(), Ordering::Relaxed);
        ask_at_once(&file, &[beside.address, server.address]).await;
        assert_eq!(file.count().await, LIMIT);
        beside.stop().await;
        library.close().await;
    });
}

/// Two hundred ask servers for bytes at once, in all ways, and a hundred for what is free: as many as the limit get bytes.
async fn ask_at_once(file: &Limited<'_>, servers: &[SocketAddr]) {
    let ways = COUNTED.iter().map(|way| (way, true)).chain(FREE.iter().map(|way| (way, false)));
    let asks = ways.cycle().take(12 * (COUNTED.len() + FREE.len())).zip(servers.iter().cycle());
    let asks = asks.map(|((way, counts), server)| async move { (way, counts, file.ask(*server, way).await) });
    let mut given = 0;
    for (way, counts, answer) in join_all(asks).await {
        if !counts {
            answer.expect(way.status);
        } else if answer.status == way.status {
            given += 1;
        } else {
            assert_used_up(answer);
        }
    }
    assert_eq!(given, LIMIT);
}

#[test]
fn a_download_that_goes_on_counts_once() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let file = Limited::upload(server, &organization, "limited.bin", &[b'x'; 1_000], 2).await;
        let (ours, (_, theirs)) = (&organization.token, server.new_token(&organization, TokenKind::Organization).await);
        let (library, beside) = server.start_beside().await;
        file.get(WHOLE).await.expect(200);
        file.range(ours, "bytes=400-").await.expect(206);
        // Whichever server it goes on at.
        let ask = Ask::new(beside.address, "GET", &file.target(At::Contents)).token(ours);
        ask.header("Range", "bytes=500-599,800-899").send().await.expect(206);
        file.range(ours, "bytes=800-").await.expect(206);
        assert_eq!(file.count().await, 1);
        // All bytes of it have been sent once more by now: what is asked for from here on is another download.
        file.range(ours, "bytes=999-").await.expect(206);
        assert_eq!(file.count().await, 2);
        file.range(ours, "bytes=1-").await.expect(206);
        assert_used_up(file.range(&theirs, "bytes=999-").await);
        assert_used_up(file.range(ours, "bytes=0-").await);
        assert_used_up(file.get(WHOLE).await);
        // The byte that it began with was one of those that it paid for.
        assert_used_up(file.range(ours, "bytes=999-").await);
        assert_eq!(file.count().await, 2);
        beside.stop().await;
        library.close().await;
    });
}

#[test]
fn an_old_download_and_other_bytes_do_not_go_on() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let file = Limited::upload(server, &organization, "limited.bin", &[b'x'; 1_000], 3).await;
        let ours = &organization.token;
        file.get(WHOLE).await.expect(200);
        server.clock.store(NOW_MS + HOUR_MS - 1, Ordering::Relaxed);
        file.range(ours, "bytes=900-").await.expect(206);
        assert_eq!(file.count().await, 1);
        server.clock.store(NOW_MS + HOUR_MS, Ordering::Relaxed);
        file.range(ours, "bytes=900-").await.expect(206);
        assert_eq!(file.count().await, 2);
        replace(server, &organization, file.id, &[b'y'; 1_000]).await;
        file.range(ours, "bytes=900-").await.expect(206);
        assert_eq!(file.count().await, 3);
    });
}

async fn replace(server: &Server, organization: &Organization, id: i64, bytes: &[u8]) {
    let actor = server.library.authenticate(fliplet::REALM, &organization.token, Origin::default()).await.unwrap();
    let body = stream::iter([Ok(Bytes::copy_from_slice(bytes))]);
    let received = server.library.receive(&actor, None, Box::pin(body)).await.unwrap();
    let upload = Upload {
        received,
        name: String::new(),
        declared_type: None,
        fields: Vec::new(),
        title: None,
        terms: library::Terms::default(),
    };
    server.library.replace_asset(&actor, id, upload).await.unwrap();
}

#[test]
fn a_file_in_a_package_counts_as_well() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let file = Limited::image(server, &organization, LIMIT).await;
        let plain = server.upload(&organization.token, &organization.app(), "plain.txt", b"plain").await;
        let zip = |method: &str, query: &str| {
            server.fliplet(method, &format!("/v1/media/zip?{query}")).token(&organization.token)
        };
        let (alone, both) = (format!("files={}", file.id), format!("files={},{}", file.id, plain["id"]));
        let head = zip("HEAD", &both).send().await.expect(200);
        assert_eq!(file.count().await, 0);
        zip("GET", &both).send().await.expect(200);
        // A package that goes on.
        let rest = zip("GET", &both).header("Range", "bytes=100-").header("If-Range", head.header("etag"));
        rest.send().await.expect(206);
        assert_eq!(file.count().await, 1);

        let (file, alone, both, zip) = (&file, &alone, &both, &zip);
        let asks = (0..200).map(|at| async move {
            match at % 3 {
                0 => (true, zip("GET", alone).send().await),
                1 => (true, zip("GET", both).send().await),
                _ => (false, file.get(WHOLE).await),
            }
        });
        let mut given = 0;
        for (packed, answer) in join_all(asks).await {
            match answer.status {
                200 if !packed || holds_limited(&answer) => given += 1,
                // A package without it, or nothing to pack.
                200 | 404 if packed => {}
                _ => assert_used_up(answer),
            }
        }
        assert_eq!((given, file.count().await), (LIMIT - 1, LIMIT));
        let rest = zip("GET", &organization.app()).send().await.expect(200);
        assert!(!holds_limited(&rest), "it is packed although it is used up");
        assert_eq!(file.count().await, LIMIT);
    });
}

fn holds_limited(package: &Answer) -> bool {
    package.body.windows(11).any(|name| name == b"limited.jpg")
}

#[test]
fn without_a_key_a_limited_file_has_no_path_and_no_thumbnail() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let file = Limited::image(server, &organization, 2).await;
        let rules = format!("/v1/media/files/{}/accessRules", file.id);
        let everybody = json!({ "accessRules": [{ "type": ["read"], "allow": "all" }] });
        server.fliplet("PUT", &rules).token(&organization.token).json(&everybody).send().await.expect(200);
        let thumbnail_path = file.view["thumbnail"].as_str().unwrap().split_once("/fliplet").unwrap().1.to_owned();
        let paths = [file.target(At::Path), file.target(At::Thumbnail), format!("/fliplet{thumbnail_path}")];
        for path in &paths {
            for range in ["", "bytes=0-", "bytes=5-"] {
                let ask = server.ask("GET", path);
                let ask = if range.is_empty() { ask } else { ask.header("Range", range) };
                assert_eq!(ask.send().await.refused(401).json()["error"], "not authorised", "{path}");
            }
            server.ask("HEAD", path).send().await.expect(401);
        }
        assert_eq!(file.count().await, 0);
        // The rule lets everybody read it all the same, as often as it may be.
        let contents = || server.ask("GET", &file.target(At::Contents));
        contents().send().await.expect(200);
        contents().header("Range", "bytes=5-").send().await.expect(206);
        contents().header("Range", "bytes=0-").send().await.expect(206);
        assert_eq!(file.count().await, 2);
        assert_used_up(contents().send().await);
        // Without a limit, the paths are there.
        server.library.limit_asset(&system(), file.id, None, None).await.unwrap();
        for path in &paths {
            server.ask("GET", path).send().await.expect(200);
        }
    });
}
