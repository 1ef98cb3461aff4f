//! One library through two APIs, and files of every kind.

use std::{fs, process::Command};

use serde_json::{Value, json};

use super::Agent;
use crate::support::{
    on_each_engine,
    pictures::{jpeg, measure, png},
};

#[test]
fn what_comes_in_through_one_api_is_seen_through_the_other() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let organization = &agent.organization;
        let folder = server.folder(&organization.token, "Shared", json!({ "organizationId": organization.id })).await;
        server.upload(&organization.token, &format!("folderId={folder}"), "from fliplet.jpg", &jpeg(900, 300)).await;
        server.settle().await;
        let latest = agent.list("/1/file/latest?fields=any&per_page=1").await;
        assert_eq!(latest[0]["filename"], "from fliplet.jpg");
        for (key, size) in [("thumbPreview", (100, 33)), ("smallPreview", (200, 67)), ("mediumPreview", (600, 200))] {
            let (format, width, height) = measure(&agent.fetch(&latest[0][key]).await.expect(200).body);
            assert_eq!((format, (width, height)), ("image/jpeg", size), "{key}");
        }
        agent.upload(folder, "from mediaflow.png", &png(40, 20)).await;
        let listed = server.listed(&organization.token, &format!("folderId={folder}")).await;
        assert_eq!(listed, ["from fliplet.jpg", "from mediaflow.png"]);
        // And through an app, which this API sees as a folder.
        server.upload(&organization.token, &organization.app(), "in the app.txt", b"text").await;
        let files = agent.list(&format!("/1/folder/{}/files", organization.app_id)).await;
        assert_eq!(files[0]["filename"], "in the app.txt");
    });
}

#[test]
fn documents_drawings_and_films_have_previews() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let folder = tempfile::tempdir().unwrap();
        let film = folder.path().join("film.mp4");
        let made = Command::new("ffmpeg")
            .args([
                "-loglevel",
                "error",
                "-f",
                "lavfi",
                "-i",
                "testsrc2=size=640x360:rate=10:duration=3",
                "-pix_fmt",
                "yuv420p",
            ])
            .arg(&film)
            .status();
        assert!(made.unwrap().success());
        let drawing =
            br#"<svg xmlns="http://www.w3.org/2000/svg" width="300" height="150"><rect width="99" height="99"/></svg>"#;
        let paper = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";
        for (name, bytes) in
            [("film.mp4", fs::read(&film).unwrap()), ("drawing.svg", drawing.to_vec()), ("paper.pdf", paper.to_vec())]
        {
            agent.upload(agent.root, name, &bytes).await;
        }
        server.settle().await;
        let files = agent.list("/1/file/latest?fields=any&processed=true").await;
        let of = |name: &str| {
            files.iter().find(|file| file["filename"] == name).unwrap_or_else(|| panic!("{name} is not there"))
        };
        for (name, kind, id, size, small) in [
            ("film.mp4", "video", 301, (640, 360), (200, 113)),
            ("drawing.svg", "image", 230, (300, 150), (200, 100)),
            ("paper.pdf", "file", 201, (0, 0), (200, 100)),
        ] {
            let file: &Value = of(name);
            assert_eq!((&file["type"]["type"], &file["type"]["id"]), (&json!(kind), &json!(id)), "{name}");
            assert_eq!((&file["width"], &file["height"]), (&json!(size.0), &json!(size.1)), "{name}");
            assert_eq!(file["hasPreview"], true, "{name}");
            let answer = agent.fetch(&file["smallPreview"]).await.expect(200);
            assert_eq!(measure(&answer.body), ("image/jpeg", small.0, small.1), "{name}");
        }
        let film = of("film.mp4");
        assert_eq!(film["length"], 3);
        let (_, width, _) = measure(&agent.fetch(&film["poster"]).await.expect(200).body);
        assert_eq!(width, 640);
        let media =
            agent.ask("GET", &format!("/json/{}", film["mediaId"].as_str().unwrap())).send().await.expect(200).json();
        assert_eq!((&media["title"], &media["mp4s"][0]["size"]), (&json!("film"), &json!(640)));
        let answer = agent.fetch(&media["mp4s"][0]["src"]).await.expect(200);
        assert_eq!(answer.header("content-type"), "video/mp4");
    });
}
