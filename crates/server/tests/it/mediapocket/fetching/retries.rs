//! What goes wrong on the other side: what is over is over, the rest is tried again until it is given up, and a file that breaks off
//! goes on where it did.

use serde_json::{Value, json};

use super::{
    SECRET, add_media, at, bytes_of, expect_nothing_told, free, latest, placeholder, post_media,
    site::{Reply, Site, Step, file, status},
    wait_for_end, wait_for_failures,
};
use crate::{
    mediapocket::{
        Account,
        links::{actor, id_of},
    },
    support::{NOW_MS, Server, on_each_engine_with},
};

const BYTES: &[u8] = b"0123456789abcdefghij";

fn says(text: &str) -> Reply {
    vec![Step::Say(text.as_bytes().to_vec())]
}

/// The beginning of a file that has a version, cut off behind half of it.
fn cut(tag: &str) -> Reply {
    let whole = file(BYTES, &format!("ETag: {tag}\r\nAccept-Ranges: bytes\r\n"));
    vec![Step::Say(whole[..whole.len() - BYTES.len() / 2].to_vec())]
}

/// The other half.
fn rest(tag: &str) -> Reply {
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\nETag: {tag}\r\nContent-Range: bytes 10-19/20\r\n\r\n"
    );
    vec![Step::Say([head.as_bytes(), &BYTES[10..]].concat())]
}

/// What the row says of the latest fetch's address.
async fn kept_url(account: &Account<'_>, asset: &Value) -> String {
    let id = id_of(account, asset).await;
    account.server.library.asset_fetches(&actor(account).await, id).await.unwrap()[0].url.clone()
}

#[test]
fn a_file_that_breaks_off_goes_on_where_it_did() {
    on_each_engine_with(free, async |server| {
        let account = Account::new(server).await;
        let asset = placeholder(&account).await;
        let site = Site::start([cut("\"a\""), rest("\"a\"")]).await;
        let fetch = add_media(&account, &asset, &site.url("/x"), "x.bin").await;
        assert_eq!((&fetch["state"], &fetch["attempts"]), (&json!("done"), &json!(1)), "{fetch}");
        assert_eq!(bytes_of(&account, &asset, &fetch).await, BYTES);
        let seen = site.seen();
        assert_eq!(seen.len(), 2);
        let again = seen[1].to_lowercase();
        assert!(again.contains("\r\nrange: bytes=10-\r\n") && again.contains("\r\nif-range: \"a\"\r\n"), "{again}");
        // From a server that knows no ranges, all of it comes once more.
        let whole = vec![Step::Say(file(BYTES, "ETag: \"a\"\r\n"))];
        let site = Site::start([cut("\"a\""), whole]).await;
        let fetch = add_media(&account, &asset, &site.url("/x"), "y.bin").await;
        assert_eq!(bytes_of(&account, &asset, &fetch).await, BYTES);
    });
}

#[test]
fn a_file_that_changes_half_way_is_fetched_anew() {
    on_each_engine_with(free, async |server| {
        let account = Account::new(server).await;
        let other = vec![Step::Say(file(b"another file, all of it", "ETag: \"b\"\r\n"))];
        for changed in [rest("\"b\""), other.clone(), says("HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n")] {
            let asset = placeholder(&account).await;
            let site = Site::start([cut("\"a\""), changed, other.clone()]).await;
            post_media(&account, &asset, &site.url("/"), "x.bin").await.expect(200);
            let due = wait_for_failures(server, 1).await;
            let fetch = latest(&account, &asset).await;
            assert_eq!(fetch["error"], "the file changed while it was fetched", "{fetch}");
            assert_eq!((&fetch["state"], &fetch["media_id"]), (&json!("waiting"), &Value::Null));
            at(server, due).await;
            let fetch = wait_for_end(&account, &asset).await;
            assert_eq!((&fetch["state"], &fetch["attempts"]), (&json!("done"), &json!(2)), "{fetch}");
            assert_eq!(bytes_of(&account, &asset, &fetch).await, b"another file, all of it");
        }
    });
}

#[test]
fn lengths_that_are_not_true_bring_no_half_files() {
    on_each_engine_with(free, async |server| {
        let account = Account::new(server).await;
        let asset = placeholder(&account).await;
        // What is more than was announced is nobody's file.
        let site = Site::start([says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, world")]).await;
        let fetch = add_media(&account, &asset, &site.url("/"), "short.txt").await;
        assert_eq!(bytes_of(&account, &asset, &fetch).await, b"hello");
        let longer = says("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello");
        let broken = says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        let both = says("HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello");
        for reply in [longer, broken, both, says("nonsense\r\n\r\n"), vec![]] {
            let asset = placeholder(&account).await;
            let site = Site::start([reply.clone(), vec![Step::Say(file(BYTES, ""))]]).await;
            post_media(&account, &asset, &site.url(&format!("/{SECRET}")), "x.bin").await.expect(200);
            let due = wait_for_failures(server, 1).await;
            let fetch = latest(&account, &asset).await;
            assert_eq!((&fetch["state"], &fetch["media_id"]), (&json!("waiting"), &Value::Null), "{reply:?}: {fetch}");
            assert!(!fetch["error"].as_str().unwrap().is_empty());
            expect_nothing_told(&account, &asset).await;
            at(server, due).await;
            let fetch = wait_for_end(&account, &asset).await;
            assert_eq!(bytes_of(&account, &asset, &fetch).await, BYTES);
        }
        // It was asked for as it is, and packed it is not that.
        let packed = says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello");
        let fetch = add_media(&account, &asset, &Site::start([packed]).await.url("/"), "packed.txt").await;
        assert_eq!((&fetch["state"], &fetch["attempts"]), (&json!("failed"), &json!(1)), "{fetch}");
        server.settle().await;
        assert_eq!(server.stored_files().len(), 2);
    });
}

#[test]
fn what_is_not_there_is_given_up_at_once() {
    on_each_engine_with(free, async |server| {
        let account = Account::new(server).await;
        let asset = placeholder(&account).await;
        for (count, code) in [404_u16, 410, 403, 401].into_iter().enumerate() {
            let site = Site::start([status(code)]).await;
            let fetch = add_media(&account, &asset, &site.url(&format!("/{SECRET}")), "x.bin").await;
            assert_eq!((&fetch["state"], &fetch["attempts"]), (&json!("failed"), &json!(1)), "{fetch}");
            assert_eq!(fetch["error"], format!("answered {code}"));
            assert_eq!(kept_url(&account, &asset).await, "");
            assert_eq!(site.seen().len(), 1);
            let told = account.get(&super::media_path(&asset)).await;
            assert_eq!(
                (told["media"].as_array().unwrap().len(), told["fetches"].as_array().unwrap().len()),
                (0, count + 1)
            );
        }
        expect_nothing_told(&account, &asset).await;
    });
}

#[test]
fn a_server_that_is_away_for_a_while_is_asked_again() {
    on_each_engine_with(free, async |server: &mut Server| {
        let (site, path) =
            (Site::start([status(503), status(500), status(429), vec![Step::Say(file(BYTES, ""))]]).await, "/x");
        let (organization, key, asset) = {
            let account = Account::new(server).await;
            let asset = placeholder(&account).await;
            post_media(&account, &asset, &site.url(path), "x.bin").await.expect(200);
            (account.organization.clone(), account.key.clone(), asset)
        };
        let mut now_ms = NOW_MS;
        for (attempts, pause_ms, code) in [(1, 10_000, 503), (2, 20_000, 500), (3, 40_000, 429)] {
            assert_eq!(wait_for_failures(server, attempts).await, now_ms + pause_ms);
            {
                let account = Account { server, organization: organization.clone(), key: key.clone() };
                let fetch = latest(&account, &asset).await;
                assert_eq!((&fetch["state"], &fetch["attempts"]), (&json!("waiting"), &json!(attempts)));
                assert_eq!(fetch["error"], format!("answered {code}"));
                assert_eq!(kept_url(&account, &asset).await, site.url(path));
            }
            // The server is started anew in between.
            server.restart().await;
            now_ms += pause_ms;
            at(server, now_ms - 1).await;
            assert_eq!(site.seen().len(), usize::try_from(attempts).unwrap(), "before its time");
            at(server, now_ms).await;
        }
        let account = Account { server, organization, key };
        let fetch = wait_for_end(&account, &asset).await;
        assert_eq!((&fetch["state"], &fetch["attempts"], &fetch["error"]), (&json!("done"), &json!(4), &Value::Null));
        assert_eq!(bytes_of(&account, &asset, &fetch).await, BYTES);
        assert_eq!(kept_url(&account, &asset).await, "");
        at(server, now_ms + 100_000_000).await;
        assert_eq!(site.seen().len(), 4);
    });
}

#[test]
fn a_server_that_stays_away_is_given_up() {
    on_each_engine_with(free, async |server| {
        let account = Account::new(server).await;
        let asset = placeholder(&account).await;
        let site = Site::start([status(503)]).await;
        post_media(&account, &asset, &site.url(&format!("/{SECRET}")), "x.bin").await.expect(200);
        let mut now_ms = NOW_MS;
        for attempts in 1..12 {
            now_ms += 10_000 << (attempts - 1).min(9);
            assert_eq!(wait_for_failures(server, attempts).await, now_ms);
            at(server, now_ms).await;
        }
        let fetch = wait_for_end(&account, &asset).await;
        assert_eq!((&fetch["state"], &fetch["attempts"]), (&json!("failed"), &json!(12)), "{fetch}");
        assert_eq!((&fetch["error"], &fetch["media_id"]), (&json!("answered 503"), &Value::Null));
        assert_eq!(kept_url(&account, &asset).await, "");
        at(server, now_ms + 100_000_000).await;
        assert_eq!(site.seen().len(), 12);
        expect_nothing_told(&account, &asset).await;
    });
}
