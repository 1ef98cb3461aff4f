//! Files of more kinds at the wire: what Fliplet shows of documents, films and drawings, and the 3840 rule for those that it names.

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::{
    sizes::with_organization,
    support::{
        Answer, Organization, Server,
        pictures::{measure, png},
    },
};

/// A file that a program makes by arguments with `IN`, a picture, and `OUT` in them.
fn made_by(program: &str, arguments: &str, (width, height): (usize, usize), extension: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.png"), folder.path().join(format!("out.{extension}")));
    fs::write(&from, png(width, height)).unwrap();
    let (from, into) = (from.to_str().unwrap(), to.to_str().unwrap());
    let arguments = arguments.split(' ').map(|argument| argument.replace("IN", from).replace("OUT", into));
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    fs::read(to).unwrap()
}

fn svg(width: u32, height: u32) -> Vec<u8> {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><rect width="9" height="9"/></svg>"#
    )
    .into_bytes()
}

async fn upload(server: &Server, organization: &Organization, name: &str, bytes: &[u8]) -> Value {
    server.upload(&organization.token, &organization.here(), name, bytes).await
}

async fn asked(server: &Server, organization: &Organization, file: &Value, what: &str) -> Answer {
    let target = format!("/v1/media/files/{}/{what}", file["id"]);
    server.fliplet("GET", &target).token(&organization.token).send().await
}

#[test]
fn the_3840_rule_holds_for_avif_and_svg() {
    with_organization(async |server, organization| {
        let wide = made_by("avifenc", "-s 10 IN OUT", (4000, 40), "avif");
        for (name, bytes, media_type, size) in [
            ("wide.avif", wide, "image/avif", [3840, 38]),
            ("wide.svg", svg(8000, 4000), "image/svg+xml", [3840, 1920]),
            ("small.svg", svg(80, 40), "image/svg+xml", [80, 40]),
        ] {
            let file = upload(server, organization, name, &bytes).await;
            assert_eq!((&file["size"], &file["contentType"]), (&json!(size), &json!(media_type)), "{name}");
            let answer = asked(server, organization, &file, &format!("contents/{name}")).await.expect(200);
            assert_eq!(file["metadata"]["size"], json!(answer.body.len()), "{name}");
            if media_type == "image/svg+xml" {
                // A stored script never runs, wherever the drawing is opened.
                let policy = answer.header("content-security-policy").to_owned();
                assert!(policy.contains("sandbox"), "{policy}");
                assert_eq!(answer.header("x-content-type-options"), "nosniff");
            }
        }
    });
}

#[test]
fn drawings_are_drawn_when_a_size_is_asked_for() {
    with_organization(async |server, organization| {
        let file = upload(server, organization, "drawing.svg", &svg(900, 600)).await;
        let original = asked(server, organization, &file, "contents/drawing.svg").await.expect(200);
        assert_eq!(original.body, svg(900, 600));
        let drawn = asked(server, organization, &file, "contents/drawing.svg?size=300%3E%3F").await.expect(200);
        assert_eq!(measure(&drawn.body), ("image/jpeg", 300, 200));
        let drawn =
            asked(server, organization, &file, "contents/drawing.svg?size=300%3E%3F&format=webp").await.expect(200);
        assert_eq!(measure(&drawn.body), ("image/webp", 300, 200));
        let thumb = asked(server, organization, &file, "thumb/preview.jpg").await.expect(200);
        assert_eq!(measure(&thumb.body), ("image/jpeg", 320, 213));
    });
}

#[test]
fn films_and_scans_get_their_picture_after_a_moment() {
    with_organization(async |server, organization| {
        let film =
            made_by("ffmpeg", "-v error -loop 1 -i IN -t 1 -r 5 -c:v mpeg4 -pix_fmt yuv420p OUT", (640, 360), "mp4");
        let scan = made_by("vips", "copy IN OUT", (600, 300), "tif");
        for (name, bytes, size, thumb) in
            [("film.mp4", film, [640, 360], (320, 180)), ("scan.tif", scan, [600, 300], (320, 160))]
        {
            let file = upload(server, organization, name, &bytes).await;
            assert_eq!((&file["size"], &file["thumbnail"]), (&Value::Null, &Value::Null), "{name}");
            server.settle().await;
            let target = format!("/v1/media/files/{}", file["id"]);
            let seen = server.fliplet("GET", &target).token(&organization.token).send().await.expect(200).json();
            assert_eq!(seen["size"], json!(size), "{name}");
            assert!(seen["thumbnail"].is_string(), "{name}: {seen}");
            let picture = asked(server, organization, &file, "thumb/preview.jpg").await.expect(200);
            assert_eq!(measure(&picture.body), ("image/jpeg", thumb.0, thumb.1), "{name}");
        }
    });
}
