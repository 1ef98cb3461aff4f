//! What cameras write into pictures and films stays out of what is shared, where the tenant or the link has it so; the pixels are the same.

use std::{fs, path::Path, process::Command, sync::atomic::Ordering};

use serde_json::{Value, json};

use crate::{
    mediaflow,
    mediapocket::{
        Account,
        account::{ask, target_of},
    },
    support::{Answer, Server, on_each_engine, organizations::system, programs::succeed},
};

const SECRET: &str = "Rue du Secret 7";
/// What cameras and those who use them write.
const PRIVATE: &[&str] = &[
    "-GPSLatitude=48.8584",
    "-GPSLatitudeRef=N",
    "-GPSLongitude=2.2945",
    "-GPSLongitudeRef=E",
    "-GPSAltitude=35",
    "-Make=Fine Cameras",
    "-Model=Rue du Secret 7",
    "-EXIF:SerialNumber=Rue du Secret 7",
    "-EXIF:Artist=Rue du Secret 7",
    "-Orientation#=6",
    "-XMP-exif:GPSLatitude=48.8584",
    "-XMP-dc:Creator=Rue du Secret 7",
];
/// Of the pictures that renditions are tried on, ten that a camera may have made.
const SAMPLES: [&str; 10] = [
    "exif6.jpg",
    "progressive.jpg",
    "cmyk.jpg",
    "gray.jpg",
    "lossy.webp",
    "lossless.webp",
    "alpha.webp",
    "palette.png",
    "alpha-lossy.webp",
    "animated.gif",
];

/// A sample with a place and a name in it.
fn sample(name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../media/tests/it/fixtures");
    fs::copy(fixtures.join(name), &path).unwrap();
    // Where a format has no place for one of them, the others are written all the same.
    Command::new("exiftool").args(["-q", "-q", "-m", "-overwrite_original"]).args(PRIVATE).arg(&path).status().unwrap();
    fs::read(&path).unwrap()
}

/// All that `exiftool` finds in a file.
fn told(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    succeed(Command::new("exiftool").args(["-G1", "-a", "-u", "-ee", "-n", "-x", "System:all"]).arg(&path), "exiftool")
}

fn tells(name: &str, bytes: &[u8]) -> bool {
    let told = told(name, bytes);
    told.contains("GPS") || told.contains(SECRET) || told.contains("48.8584")
}

/// The MD5 of each frame as it is stored.
fn frames(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-noautorotate", "-i"]).arg(&path).args(["-f", "framemd5", "-"]);
    succeed(&mut command, "ffmpeg")
}

fn orientation(name: &str, bytes: &[u8]) -> Option<String> {
    told(name, bytes).lines().find(|line| line.contains("Orientation")).map(|line| line.chars().last().unwrap().into())
}

/// What a link gives.
async fn given(account: &Account<'_>, link: &Value) -> Answer {
    let url = followed(account, link).await.expect(302).header("location").to_owned();
    let (_, path) = url.split_once("/mediapocket").unwrap();
    ask(account.server, "GET", path).send().await
}

async fn followed(account: &Account<'_>, link: &Value) -> Answer {
    ask(account.server, "GET", &target_of(link)).send().await
}

async fn set_private(server: &Server, tenant_id: i64, private: bool) {
    server.library.set_private(&system(), tenant_id, private).await.unwrap();
}

#[test]
fn no_shared_original_tells_where_it_was_made() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let tenant_id = account.organization.id;
        for name in SAMPLES {
            let bytes = sample(name);
            assert!(tells(name, &bytes), "{name} tells nothing");
            let asset = account.asset(name, &bytes).await;
            let link = account.link(&asset, ("2030-01-01", 9)).await;
            assert_eq!(given(&account, &link).await.expect(200).body, bytes, "{name} as it came");
            set_private(server, tenant_id, true).await;
            let shared = given(&account, &link).await.expect(200);
            assert!(!tells(name, &shared.body), "{}", told(name, &shared.body));
            assert_eq!(frames(name, &shared.body), frames(name, &bytes), "{name}");
            let upright = |orientation: &Option<String>| orientation.as_deref().is_none_or(|number| number == "1");
            let (before, after) = (orientation(name, &bytes), orientation(name, &shared.body));
            // A GIF has none, whatever its XMP says.
            let same = before == after || (upright(&before) && upright(&after)) || name.ends_with(".gif");
            assert!(same, "{name}: {before:?} {after:?}");
            // Whoever comes again gets the same, from the store.
            let again = given(&account, &link).await.expect(200);
            assert!(again.body == shared.body && again.header("etag") == shared.header("etag"));
            // Holders of keys have what came.
            let media = account.get(&format!("/api/v2/assets/{}/media", asset["id"].as_str().unwrap())).await;
            let (_, path) = media["media"][0]["url"].as_str().unwrap().split_once("/mediapocket").unwrap();
            assert_eq!(ask(server, "GET", path).send().await.expect(200).body, bytes);
            set_private(server, tenant_id, false).await;
        }
        server.settle().await;
        let mut problems = Vec::new();
        server.library.verify(&system(), false, |problem| problems.push(problem.clone())).await.unwrap();
        assert_eq!(problems, []);
    });
}

#[test]
fn a_link_says_otherwise_than_its_tenant() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        crate::mediapocket::mail::world::add_service_user(&account).await;
        let bytes = sample("exif6.jpg");
        let asset = account.asset("p.jpg", &bytes).await;
        let found = server.fliplet("GET", &format!("/v1/media?{}", account.organization.here()));
        let found = found.token(&account.organization.token).send().await.expect(200).json();
        let id = found["files"][0]["id"].clone();
        let link = |private: &str| {
            let output = server.command(&["link", "create", &id.to_string(), "--private", private]).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            serde_json::from_slice::<Value>(&output.stdout).unwrap()
        };
        let (private, plain) = (link("true"), link("false"));
        let default = account.link(&asset, ("2030-01-01", 9)).await;
        assert_eq!((&private["private"], &plain["private"]), (&json!(true), &json!(false)));
        for of_tenant in [false, true, false] {
            set_private(server, account.organization.id, of_tenant).await;
            let mut told = Vec::new();
            for link in [&private, &plain, &default] {
                told.push(tells("p.jpg", &given(&account, link).await.expect(200).body));
            }
            assert_eq!(told, [false, true, !of_tenant]);
        }
    });
}

#[test]
fn a_limited_file_counts_once_for_each_use_of_a_private_link() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        set_private(server, account.organization.id, true).await;
        let asset = account.asset("p.jpg", &sample("exif6.jpg")).await;
        let link = account.link(&asset, ("2030-01-01", 9)).await;
        server.spoil("update assets set download_limit = 2").await;
        server.clock.fetch_add(2_000, Ordering::SeqCst);
        for _ in 0..2 {
            assert!(!tells("p.jpg", &given(&account, &link).await.expect(200).body));
        }
        followed(&account, &link).await.expect(404);
    });
}

#[test]
fn what_is_a_picture_or_film_by_its_name_alone_is_not_shared_in_private() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        set_private(server, account.organization.id, true).await;
        let odd = [&b"\0"[..], &sample("exif6.jpg")].concat();
        for (name, bytes) in [
            ("P1010001.ORF", &b"IIRO\x08\0\0\0 as Olympus begins its own, with a place in it"[..]),
            ("00001.MTS", b"\0\0\0\0\x47 as camcorders begin theirs"),
            ("odd.jpg", &odd),
        ] {
            let asset = account.asset(name, bytes).await;
            let link = account.link(&asset, ("2030-01-01", 9)).await;
            followed(&account, &link).await.expect(400);
        }
    });
}

#[test]
fn what_nobody_can_read_for_certain_is_not_shared_and_not_counted() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        set_private(server, account.organization.id, true).await;
        let bytes = sample("exif6.jpg");
        let cut = account.asset("cut.jpg", &bytes[..bytes.len() / 2]).await;
        let paper = account.asset("paper.txt", b"a paper of nobody").await;
        let link = account.link(&cut, ("2030-01-01", 1)).await;
        followed(&account, &link).await.expect(400);
        set_private(server, account.organization.id, false).await;
        assert_eq!(given(&account, &link).await.expect(200).body, bytes[..bytes.len() / 2]);
        set_private(server, account.organization.id, true).await;
        let link = account.link(&paper, ("2030-01-01", 1)).await;
        assert_eq!(given(&account, &link).await.expect(200).body, b"a paper of nobody");
    });
}

#[test]
fn anybody_gets_the_same_by_the_other_dialects() {
    on_each_engine(async |server| {
        let agent = mediaflow::Agent::new(server).await;
        let organization = agent.organization.clone();
        let bytes = sample("exif6.jpg");
        let file = server.upload(&organization.token, &organization.here(), "p.jpg", &bytes).await;
        let download = agent.one(&format!("/1/file/{}/downloads/0", file["id"])).await["downloadURL"].clone();
        assert_eq!(agent.fetch(&download).await.expect(200).body, bytes);
        set_private(server, organization.id, true).await;
        assert!(!tells("p.jpg", &agent.fetch(&download).await.expect(200).body));
        // Whom rules let in without a key.
        let rule = json!({ "accessRules": [{ "type": ["read"], "allow": "all" }] });
        let rules = format!("/v1/media/files/{}/accessRules", file["id"]);
        server.fliplet("PUT", &rules).token(&organization.token).json(&rule).send().await.expect(200);
        let contents = format!("/v1/media/files/{}/contents/p.jpg", file["id"]);
        assert!(!tells("p.jpg", &server.fliplet("GET", &contents).send().await.expect(200).body));
        let own = server.fliplet("GET", &contents).token(&organization.token).send().await.expect(200);
        assert_eq!(own.body, bytes);
        let package = format!("/v1/media/zip?files={}", file["id"]);
        let refused = server.fliplet("GET", &package).send().await;
        assert!([401, 403, 404].contains(&refused.status), "{refused}");
        server.fliplet("GET", &package).token(&organization.token).send().await.expect(200);
    });
}
