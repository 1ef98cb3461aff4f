//! Renditions at the wire: drawn once however many ask, kept to a size while they are served, dropped and made beforehand by
//! the command line beside a server at work, and what an image tells about itself.

use std::{sync::atomic::Ordering, time::Duration};

use futures_util::future::join_all;
use library::Library;
use serde_json::{Value, json};

use crate::support::{
    Answer, Organization, Server, on_each_engine, on_each_engine_with,
    organizations::system,
    pictures::{jpeg, measure, png},
    programs::succeed,
};

const MINUTE_MS: i64 = 60_000;

/// An image that was uploaded, with all that follows from that.
struct Image {
    id: i64,
    token: String,
}

impl Image {
    async fn upload(server: &Server, organization: &Organization, name: &str, bytes: &[u8]) -> Self {
        let file = server.upload(&organization.token, &organization.here(), name, bytes).await;
        Self { id: file["id"].as_i64().unwrap(), token: organization.token.clone() }
    }

    async fn get(&self, server: &Server, address: std::net::SocketAddr, query: &str) -> Answer {
        let target = format!("/fliplet/v1/media/files/{}/contents/x?{query}", self.id);
        let mut ask = server.ask("GET", &target).token(&self.token);
        if address != server.address {
            ask = crate::support::Ask::new(address, "GET", &target).token(&self.token);
        }
        ask.send().await.expect(200)
    }
}

/// How many renditions lie in the store, and how many bytes they have.
fn stored(server: &Server) -> (usize, u64) {
    let files: Vec<_> = server.stored_files().into_iter().filter(|path| path.starts_with("renditions")).collect();
    let size =
        |path: &std::path::PathBuf| std::fs::metadata(server.store_folder().join(path)).map_or(0, |data| data.len());
    (files.len(), files.iter().map(size).sum())
}

async fn run(server: &Server, arguments: &[&str]) -> Value {
    let mut command = server.command(arguments);
    let told = tokio::task::spawn_blocking(move || succeed(&mut command, "mediary")).await.unwrap();
    serde_json::from_str(&told).unwrap_or_else(|error| panic!("{told}: {error}"))
}

#[test]
fn two_hundred_who_ask_at_once_for_what_is_not_there_share_one_decoding() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let image = Image::upload(server, &organization, "p.jpg", &jpeg(1200, 900)).await;
        server.settle().await;
        let decodings = server.library.decodings();
        let answers = join_all((0..200).map(|_| image.get(server, server.address, "size=500>?"))).await;
        assert_eq!(server.library.decodings() - decodings, 1);
        assert_eq!(measure(&answers[0].body), ("image/jpeg", 500, 375));
        for answer in &answers {
            assert!(answer.body == answers[0].body && answer.header("etag") == answers[0].header("etag"));
        }
    });
}

#[test]
fn renditions_are_kept_to_a_size_and_nobody_who_asks_for_them_notices() {
    const MAX_BYTES: u64 = 30_000;
    on_each_engine_with(
        |settings| {
            settings.renditions.max_bytes = MAX_BYTES;
            // Nothing is answered from memory for long, so that what is evicted is missed.
            settings.blobs.hot_max_blob_bytes = 0;
        },
        async |server| {
            let organization = server.organization("Acme").await;
            let mut images = Vec::new();
            for number in 0..4 {
                images.push(Image::upload(server, &organization, "p.jpg", &jpeg(600 + number, 400)).await);
            }
            server.settle().await;
            let (other, running) = server.start_beside().await;
            let evict = async |node: &Library| node.evict_if_grown().await.unwrap();
            for round in 0..6 {
                let address = if round % 2 == 0 { server.address } else { running.address };
                let asks = images.iter().flat_map(|image| {
                    let server = &*server;
                    (1..=6).map(move |step| async move {
                        let answer = image.get(server, address, &format!("size={}>?", 90 * step)).await;
                        assert_eq!(measure(&answer.body).1, 90 * step);
                    })
                });
                tokio::join!(join_all(asks), evict(&server.library), evict(&other));
                server.clock.fetch_add(MINUTE_MS, Ordering::SeqCst);
            }
            let drawn = server.library.decodings() + other.decodings();
            assert!(drawn > 2 * 4 * 6, "what was evicted was asked for again: {drawn}");
            // Within a second or two the servers see to it by themselves.
            let room = async {
                while stored(server).1 > MAX_BYTES {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(30), room).await.expect("nobody makes room");
            running.stop().await;
            server.stop().await;
            for node in [&server.library, &other] {
                node.settle_renditions().await;
            }
            let (before, _) = stored(server);
            evict(&server.library).await;
            evict(&other).await;
            let (count, bytes) = stored(server);
            assert!(bytes <= MAX_BYTES && count > 0 && count <= before, "{count} of {before} with {bytes} bytes");
            let mut problems = Vec::new();
            let verified = server.library.verify(&system(), false, |problem| problems.push(problem.clone())).await;
            assert_eq!((problems, verified.unwrap().renditions), (vec![], count as u64));
            other.close().await;
        },
    );
}

#[test]
fn what_is_dropped_beside_a_server_is_drawn_again() {
    on_each_engine_with(
        |settings| settings.blobs.hot_max_blob_bytes = 0,
        async |server| {
            let (ours, theirs) = (server.organization("Acme").await, server.organization("Other").await);
            let one = Image::upload(server, &ours, "one.png", &png(400, 300)).await;
            let two = Image::upload(server, &ours, "two.png", &png(500, 300)).await;
            let their = Image::upload(server, &theirs, "their.png", &png(600, 300)).await;
            server.settle().await;
            let all = [&one, &two, &their];
            // Each has its preview, too.
            for (arguments, dropped) in [
                (vec!["--asset".to_owned(), one.id.to_string()], 4),
                (vec!["--tenant".to_owned(), "Other".to_owned()], 4),
                (vec!["--tenant".to_owned(), ours.id.to_string()], 6),
                (Vec::new(), 6),
            ] {
                let first = join_all(all.map(|image| image.get(server, server.address, "size=100>?"))).await;
                join_all(all.map(|image| image.get(server, server.address, "size=320>320&format=jpg"))).await;
                server.settle().await;
                let (count, bytes) = stored(server);
                let arguments: Vec<&str> =
                    ["renditions", "drop"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
                let told = run(server, &arguments).await;
                let (left, left_bytes) = stored(server);
                assert_eq!(told, json!({ "renditions": dropped, "bytes": bytes - left_bytes }), "{arguments:?}");
                assert_eq!(count - left, dropped);
                let again = join_all(all.map(|image| image.get(server, server.address, "size=100>?"))).await;
                for (first, again) in first.iter().zip(&again) {
                    assert_eq!(measure(&first.body), measure(&again.body));
                }
            }
            for wrong in [["--tenant", "Nobody"], ["--tenant", "99"], ["--asset", "99"]] {
                let output = server.command(&[&["renditions", "drop"], &wrong[..]].concat()).output().unwrap();
                assert!(!output.status.success() && !output.stderr.is_empty(), "{wrong:?}");
            }
        },
    );
}

#[test]
fn what_was_warmed_is_not_drawn_for_anybody_who_asks() {
    on_each_engine(async |server| {
        let (ours, theirs) = (server.organization("Acme").await, server.organization("Other").await);
        let mut images = Vec::new();
        for number in 0..3 {
            images.push(Image::upload(server, &ours, "p.jpg", &jpeg(700 + number, 400)).await);
        }
        images.push(Image::upload(server, &theirs, "p.jpg", &jpeg(700, 400)).await);
        server.settle().await;
        let thumbs = async || {
            join_all(images.iter().map(|image| async {
                let target = format!("/v1/media/files/{}/thumb/preview.jpg", image.id);
                server.fliplet("GET", &target).token(&image.token).send().await.expect(200);
            }))
            .await;
        };
        let told = run(server, &["renditions", "warm"]).await;
        let expected =
            |images, made| json!({ "images": images, "made": made, "undrawable": 0, "failed": 0, "full": false });
        assert_eq!(told, expected(4, 0), "each upload was followed by its previews");
        run(server, &["renditions", "drop"]).await;
        assert_eq!(stored(server).0, 0);
        let each = {
            let told = run(server, &["renditions", "warm", "--tenant", "Other"]).await;
            let made = told["made"].as_u64().unwrap();
            assert_eq!(told, expected(1, made));
            assert!(made >= 1);
            made
        };
        assert_eq!(run(server, &["renditions", "warm"]).await, expected(4, 3 * each));
        let decodings = server.library.decodings();
        thumbs().await;
        assert_eq!(server.library.decodings(), decodings);

        // One whose bytes are gone is passed over, told, and keeps nobody else from being made.
        run(server, &["renditions", "drop"]).await;
        let lost = server.library.asset(&system(), images[0].id).await.unwrap();
        std::fs::remove_file(server.store_folder().join(lost.version.as_ref().unwrap().blob.key.path())).unwrap();
        let mut command = server.command(&["renditions", "warm"]);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&told["made"], &told["failed"]), (&json!(3 * each), &json!(1)));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains(&format!("{{\"file\":{},", images[0].id)), "{stderr}");
    });
}

#[test]
fn what_an_image_tells_about_itself_is_there_after_its_upload() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        // The second is made smaller as it comes in: what is kept of it says nothing of a camera any more.
        let image = Image::upload(server, &organization, "p.jpg", &with_exif(&jpeg(600, 400))).await;
        let wide = Image::upload(server, &organization, "wide.jpg", &with_exif(&jpeg(4000, 100))).await;
        let text = server.upload(&organization.token, &organization.here(), "t.txt", b"text").await;
        server.settle().await;
        for image in [image, wide] {
            let details = server.library.image_details(&system(), image.id).await.unwrap().unwrap();
            assert!(!details.thumbhash.is_empty() && details.thumbhash.len() < 64, "{details:?}");
            assert_eq!(details.camera.as_deref(), Some("Kamera"));
        }
        let none = server.library.image_details(&system(), text["id"].as_i64().unwrap()).await.unwrap();
        assert_eq!(none, None);
    });
}

/// The JPEG with an EXIF block in which a camera gives its model.
fn with_exif(jpeg: &[u8]) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x10\0\x02\0\0\0\x07\0\0\0\x1A\0\0\0\0Kamera\0".to_vec();
    exif.push(0);
    let len = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], b"\xFF\xE1", &len, &exif, &jpeg[2..]].concat()
}
