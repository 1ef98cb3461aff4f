//! Links to what is limited itself: one follows both or neither, and what it leads to is free as often as it was paid for.

use futures_util::future::join_all;
use serde_json::Value;
use tokio::{io::AsyncReadExt, net::TcpStream};

use crate::{
    mediapocket::{
        Account,
        account::target_of,
        links::{FAR, expect_gone, follow, id_of, path_of},
    },
    support::{Answer, Ask, Server, on_each_engine, organizations::system},
};

const BYTES: &[u8] = b"0123456789";

/// A file that may be had so often, and how often it was.
struct Limited<'a> {
    account: Account<'a>,
    asset: Value,
    id: i64,
}

impl<'a> Limited<'a> {
    async fn new(server: &'a Server, bytes: &[u8], limit: i64) -> Self {
        let account = Account::new(server).await;
        let asset = account.asset("story.bin", bytes).await;
        let id = id_of(&account, &asset).await;
        server.library.limit_asset(&system(), id, Some(limit), None).await.unwrap();
        Self { account, asset, id }
    }

    async fn link(&self, limit: i64) -> Value {
        self.account.link(&self.asset, (FAR, limit)).await
    }

    async fn count(&self) -> i64 {
        self.account.server.library.asset_or_trashed(&system(), self.id).await.unwrap().download_count
    }

    async fn uses(&self, link: &Value) -> i64 {
        let (library, tenant_id) = (&self.account.server.library, self.account.organization.id);
        library.links(&system(), tenant_id, link["id"].as_i64().unwrap() - 1).await.unwrap()[0].use_count
    }

    /// Follows a link that works: the path of the bytes.
    async fn path(&self, link: &Value) -> String {
        let given = follow(self.account.server, link).await.expect(302);
        path_of(given.header("location")).to_owned()
    }

    fn fetch(&self, path: &str) -> Ask {
        self.account.server.ask("GET", path)
    }
}

#[track_caller]
fn expect_denied(answer: &Answer) {
    assert_eq!((answer.status, answer.header("content-type")), (403, "application/xml"), "{answer}");
    let body = String::from_utf8(answer.body.clone()).unwrap();
    let begin =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message>";
    assert!(body.starts_with(begin), "{body}");
}

#[test]
fn a_link_and_what_it_leads_to_are_spent_together_however_many_ask() {
    on_each_engine(async |server| {
        let (library, beside) = server.start_beside().await;
        let servers = [server.address, beside.address];
        for (of_link, of_asset) in [(3, 7), (7, 3), (5, 5), (1, 1), (4, 0)] {
            let limited = Limited::new(server, BYTES, of_asset).await;
            let link = limited.link(of_link).await;
            let target = format!("/mediapocket{}", target_of(&link));
            let asks = (0..100).map(|at| Ask::new(servers[at % 2], "GET", &target).send());
            let answers = join_all(asks).await;
            let given = answers.iter().filter(|answer| answer.status == 302).count();
            let expected = of_link.min(of_asset);
            assert_eq!(i64::try_from(given).unwrap(), expected, "{of_link} {of_asset}");
            answers.iter().filter(|answer| answer.status != 302).for_each(|answer| expect_gone(answer, "used up"));
            assert_eq!((limited.uses(&link).await, limited.count().await), (expected, expected));
            // One more link, since that of the asset is what is used up.
            if of_asset <= of_link {
                let other = limited.link(5).await;
                expect_gone(&follow(server, &other).await, "the asset is used up");
                assert_eq!((limited.uses(&other).await, limited.count().await), (0, expected));
            }
        }
        beside.stop().await;
        library.close().await;
    });
}

#[test]
fn what_a_link_leads_to_is_free_once() {
    on_each_engine(async |server| {
        let limited = Limited::new(server, BYTES, 3).await;
        let link = limited.link(5).await;
        let path = limited.path(&link).await;
        assert_eq!(limited.count().await, 1);
        server.ask("HEAD", &path).send().await.expect(200);
        assert_eq!(limited.fetch(&path).send().await.expect(200).body, BYTES);
        assert_eq!(limited.count().await, 1);
        // All of it again is another download, while there are some left.
        assert_eq!(limited.fetch(&path).send().await.expect(200).body, BYTES);
        assert_eq!(limited.count().await, 2);
        assert_eq!(limited.fetch(&path).header("Range", "bytes=0-").send().await.expect(206).body, BYTES);
        assert_eq!(limited.count().await, 3);
        expect_denied(&limited.fetch(&path).send().await);
        expect_denied(&limited.fetch(&path).header("Range", "bytes=0-0").send().await);
        server.ask("HEAD", &path).send().await.expect(200);
        expect_gone(&follow(server, &link).await, "the asset is used up");
        assert_eq!((limited.uses(&link).await, limited.count().await), (1, 3));
    });
}

#[test]
fn two_who_follow_within_one_second_fetch_twice() {
    on_each_engine(async |server| {
        let limited = Limited::new(server, BYTES, 2).await;
        let link = limited.link(2).await;
        let (one, two) = (limited.path(&link).await, limited.path(&link).await);
        assert_eq!(one, two, "the clock stands still");
        assert_eq!(limited.count().await, 2);
        for _ in 0..2 {
            assert_eq!(limited.fetch(&one).send().await.expect(200).body, BYTES);
        }
        expect_denied(&limited.fetch(&two).send().await);
        assert_eq!(limited.count().await, 2);
    });
}

#[test]
fn ten_who_fetch_at_once_what_two_were_sent_to_get_it_twice() {
    on_each_engine(async |server| {
        let limited = Limited::new(server, BYTES, 2).await;
        let link = limited.link(2).await;
        limited.path(&link).await;
        let path = limited.path(&link).await;
        let answers = join_all((0..10).map(|_| limited.fetch(&path).send())).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 2);
        answers.iter().filter(|answer| answer.status != 200).for_each(expect_denied);
        assert_eq!(limited.count().await, 2);
    });
}

#[test]
fn what_breaks_off_is_taken_up_again_for_free() {
    on_each_engine(async |server| {
        let bytes: Vec<u8> = (0..2_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let limited = Limited::new(server, &bytes, 1).await;
        let link = limited.link(5).await;
        let path = limited.path(&link).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let sent = limited.fetch(&path).bytes();
        tokio::io::AsyncWriteExt::write_all(&mut stream, &sent).await.unwrap();
        let mut begun = vec![0; 100_000];
        stream.read_exact(&mut begun).await.unwrap();
        assert!(begun.starts_with(b"HTTP/1.1 200 "));
        drop(stream);
        let head = begun.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let have = begun.len() - head;
        let rest = limited.fetch(&path).header("Range", format!("bytes={have}-")).send().await.expect(206);
        assert!(bytes == [&begun[head..], &rest.body].concat());
        assert_eq!(limited.count().await, 1);
        // But not for ever, and not from the beginning.
        expect_denied(&limited.fetch(&path).send().await);
        expect_denied(&limited.fetch(&path).header("Range", "bytes=1-").send().await);
        assert_eq!((limited.uses(&link).await, limited.count().await), (1, 1));
    });
}

#[test]
fn an_owners_url_is_counted_when_it_is_fetched() {
    on_each_engine(async |server| {
        let limited = Limited::new(server, BYTES, 2).await;
        let account = &limited.account;
        let media_id = account.media_id(&limited.asset).await;
        let key = limited.asset["id"].as_str().unwrap();
        let told = account.get(&format!("/api/v2/assets/{key}/media/{media_id}/download_url")).await;
        let listed = account.get(&format!("/api/v2/assets/{key}/media")).await["media"][0].clone();
        assert_eq!(limited.count().await, 0);
        for (count, url) in [(1, &told["url"]), (2, &listed["url"])] {
            let path = path_of(url.as_str().unwrap());
            assert_eq!(limited.fetch(path).send().await.expect(200).body, BYTES);
            assert_eq!(limited.count().await, count);
        }
        expect_denied(&limited.fetch(path_of(told["url"].as_str().unwrap())).send().await);
        expect_gone(&follow(server, &limited.link(5).await).await, "the asset is used up");
    });
}

#[test]
fn what_goes_out_from_behind_the_beginning_is_a_part_of_what_is_free() {
    on_each_engine(async |server| {
        let limited = Limited::new(server, BYTES, 3).await;
        let media = limited.account.media_id(&limited.asset).await;
        let target = format!("/api/v2/assets/{}/media/{media}/download_url", limited.asset["id"].as_str().unwrap());
        let url = limited.account.get(&target).await["url"].as_str().unwrap().to_owned();
        let path = path_of(&url);
        for counted in 1..=3 {
            let most = limited.fetch(path).header("Range", "bytes=1-").send().await.expect(206);
            assert_eq!((most.body.as_slice(), limited.count().await), (&BYTES[1..], counted));
        }
        // One byte of ten is left of what the last one paid for.
        expect_denied(&limited.fetch(path).header("Range", "bytes=1-").send().await);
        expect_denied(&limited.fetch(path).header("Range", "bytes=8-").send().await);
        assert_eq!(limited.fetch(path).header("Range", "bytes=9-").send().await.expect(206).body, &BYTES[9..]);
        expect_denied(&limited.fetch(path).header("Range", "bytes=9-").send().await);
    });
}
