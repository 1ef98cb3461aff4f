//! Sizes, formats and qualities of `contents`, told by the pixels that are answered: every form of contract 3.3 over a
//! landscape, a portrait and a small image, the named sizes over large ones, and what stays as it is.

use serde_json::{Value, json};

use crate::support::{
    Answer, Organization, Server, on_one_engine_with,
    pictures::{BLUE, CLEAR, GREEN, RED, WHITE, assert_colours, gif, jpeg, measure, png, webp, with_orientation},
    programs::curl,
};

type Size = (u32, u32);

/// What is asked, and the sizes it makes of L (1000x600), P (600x1000) and S (200x100).
const FORMS: &[(&str, Size, Size, Size)] = &[
    ("320>240", (320, 192), (144, 240), (200, 100)),
    ("320x240>", (320, 192), (144, 240), (200, 100)),
    ("640^480", (800, 480), (600, 1000), (200, 100)),
    ("320^240", (400, 240), (320, 533), (200, 100)),
    ("320x240^", (400, 240), (320, 533), (200, 100)),
    ("320>?", (320, 192), (320, 533), (200, 100)),
    ("640>?", (640, 384), (600, 1000), (200, 100)),
    ("?>240", (400, 240), (144, 240), (200, 100)),
    ("320!320", (320, 320), (320, 320), (320, 320)),
    ("320x240!", (320, 240), (320, 240), (320, 240)),
    ("320<240", (1000, 600), (600, 1000), (200, 100)),
    ("320x240", (320, 192), (144, 240), (200, 100)),
    ("320X240", (320, 192), (144, 240), (200, 100)),
    ("320", (320, 192), (192, 320), (200, 100)),
    ("80x80>", (80, 48), (48, 80), (80, 40)),
    ("50%", (500, 300), (300, 500), (100, 50)),
    ("50%25", (500, 300), (300, 500), (100, 50)),
    ("200%", (1000, 600), (600, 1000), (200, 100)),
    ("1>1", (1, 1), (1, 1), (1, 1)),
    ("9999>9999", (1000, 600), (600, 1000), (200, 100)),
    ("9999!7", (3840, 7), (3840, 7), (3840, 7)),
    // Nothing is enlarged: all three are smaller than the smallest name.
    ("small", (1000, 600), (600, 1000), (200, 100)),
    ("xxxlarge", (1000, 600), (600, 1000), (200, 100)),
    // What clients escape, once or twice.
    ("640%3E?", (640, 384), (600, 1000), (200, 100)),
    ("640%3E%3F", (640, 384), (600, 1000), (200, 100)),
    ("640%253E%253F", (640, 384), (600, 1000), (200, 100)),
    ("320%21320", (320, 320), (320, 320), (320, 320)),
    ("320%5E240", (400, 240), (320, 533), (200, 100)),
    ("+320+>+240+", (320, 192), (144, 240), (200, 100)),
    // JavaScript's nothing is nothing.
    ("", (1000, 600), (600, 1000), (200, 100)),
    ("null", (1000, 600), (600, 1000), (200, 100)),
    ("undefined", (1000, 600), (600, 1000), (200, 100)),
];

/// The named sizes over 2400x2000, 2000x2400 and 1200x900: the shortest side gets the length.
const NAMES: &[(&str, Size, Size, Size)] = &[
    ("?size=small", (768, 640), (640, 768), (853, 640)),
    ("?size=medium", (1152, 960), (960, 1152), (1200, 900)),
    ("?size=large", (1639, 1366), (1366, 1639), (1200, 900)),
    ("?size=xlarge", (2376, 1980), (1980, 2376), (1200, 900)),
    ("?size=xxlarge", (2400, 2000), (2000, 2400), (1200, 900)),
    ("?size=xxxlarge", (2400, 2000), (2000, 2400), (1200, 900)),
    ("?size=Large", (1639, 1366), (1366, 1639), (1200, 900)),
    // "default size applied when not specified"
    ("", (2376, 1980), (1980, 2376), (1200, 900)),
];

/// What can not be read: each is refused, with the name of the parameter in the message.
const REFUSED: &[(&str, &str)] = &[
    ("?size=tiny", "size"),
    ("?size=0", "size"),
    ("?size=0>?", "size"),
    ("?size=?>0", "size"),
    ("?size=-640>?", "size"),
    ("?size=?", "size"),
    ("?size=?>?", "size"),
    ("?size=>", "size"),
    ("?size=640>", "size"),
    ("?size=320^?", "size"),
    ("?size=?!240", "size"),
    ("?size=640>480>", "size"),
    ("?size=640*480", "size"),
    ("?size=640.5", "size"),
    ("?size=%", "size"),
    ("?size=0%", "size"),
    ("?size=50%%", "size"),
    ("?size=640%00", "size"),
    ("?size=%F0%9F%98%80", "size"),
    ("?size=%FF", "size"),
    ("?size=large,small", "size"),
    ("?format=png", "format"),
    ("?format=jpeg", "format"),
    ("?format=WEBP", "format"),
    ("?size=320&format=gif", "format"),
    ("?quality=80", "quality"),
    ("?size=320&quality=80", "quality"),
    ("?format=jpg&quality=0", "quality"),
    ("?format=jpg&quality=101", "quality"),
    ("?format=jpg&quality=-1", "quality"),
    ("?format=jpg&quality=80.5", "quality"),
    ("?format=jpg&quality=high", "quality"),
    ("?format=webp&quality=99999999999999999999", "quality"),
];

/// A server with an organization on it. No size depends on the engine.
pub fn with_organization(case: impl AsyncFn(&Server, &Organization)) {
    on_one_engine_with(
        |_| {},
        async |server| {
            let organization = server.organization("Acme").await;
            case(server, &organization).await;
        },
    );
}

pub async fn contents(server: &Server, organization: &Organization, file: &Value, query: &str) -> Answer {
    let target = format!("/v1/media/files/{}/contents/{}{query}", file["id"], file["name"].as_str().unwrap());
    server.fliplet("GET", &target).token(&organization.token).send().await
}

pub async fn upload(server: &Server, organization: &Organization, name: &str, bytes: &[u8]) -> Value {
    server.upload(&organization.token, &organization.here(), name, bytes).await
}

#[test]
fn every_form_in_pixels() {
    with_organization(async |server, organization| {
        let sources = [jpeg(1000, 600), jpeg(600, 1000), jpeg(200, 100)];
        for (column, source) in sources.iter().enumerate() {
            let file = upload(server, organization, "foo.jpg", source).await;
            let original = measure(source);
            for (form, landscape, portrait, small) in FORMS {
                let (width, height) = [landscape, portrait, small][column];
                let answer = contents(server, organization, &file, &format!("?size={form}")).await.expect(200);
                assert_eq!(measure(&answer.body), ("image/jpeg", *width, *height), "{form} of {original:?}");
                assert_eq!(answer.header("content-type"), "image/jpeg");
                assert_eq!(answer.header("content-disposition"), "inline; filename=\"foo.jpg\"");
                if ("image/jpeg", *width, *height) == original {
                    assert!(answer.body == *source, "{form} changed the bytes of {original:?}");
                } else {
                    assert_colours_where_there_are_some(&answer.body, *width, *height);
                }
            }
        }
    });
}

/// The four quarters are still where they were, unless there are too few pixels to tell.
fn assert_colours_where_there_are_some(bytes: &[u8], width: u32, height: u32) {
    if width.min(height) >= 40 {
        assert_colours(bytes, [RED, GREEN, BLUE, WHITE]);
    }
}

#[test]
fn a_raw_angle_bracket_in_curl() {
    with_organization(async |server, organization| {
        let file = upload(server, organization, "foo.jpg", &jpeg(1000, 600)).await;
        let url = |size: &str| {
            let (address, id, token) = (server.address, &file["id"], &organization.token);
            format!("http://{address}/fliplet/v1/media/files/{id}/contents/foo.jpg?auth_token={token}&size={size}")
        };
        for (size, pixels) in [("640>?", (640, 384)), ("320<240", (1000, 600)), ("320^240", (400, 240))] {
            let answer = curl(&[], &url(size)).expect(200);
            assert_eq!(measure(&answer.body), ("image/jpeg", pixels.0, pixels.1), "{size}");
        }
        // Two requests on one connection, the second of them raw.
        let answers = crate::support::programs::succeed(
            std::process::Command::new("curl")
                .args(["--disable", "--globoff", "--silent", "--noproxy", "*", "--write-out", "%{http_code} "])
                .args(["--write-out", "%{http_code} %{num_connects} ", "--output", "/dev/null", &url("320")])
                .args(["--output", "/dev/null", &url("640>?")]),
            "curl",
        );
        assert_eq!(answers, "200 1 200 0 ");
    });
}

#[test]
fn named_sizes_and_the_default_in_pixels() {
    with_organization(async |server, organization| {
        for (column, (width, height)) in [(2400, 2000), (2000, 2400), (1200, 900)].into_iter().enumerate() {
            let source = jpeg(width, height);
            let file = upload(server, organization, "foo.jpg", &source).await;
            for (query, landscape, portrait, smaller) in NAMES {
                let (width, height) = [landscape, portrait, smaller][column];
                let answer = contents(server, organization, &file, query).await.expect(200);
                assert_eq!(measure(&answer.body), ("image/jpeg", *width, *height), "{query} of {width}x{height}");
            }
        }
    });
}

#[test]
fn formats_and_their_names() {
    with_organization(async |server, organization| {
        let sources =
            [("a.jpg", jpeg(400, 200)), ("a.png", png(400, 200)), ("a.webp", webp(400, 200)), ("a.gif", gif(400, 200))];
        // JPEG, PNG, WebP and GIF under each query: the type that comes back, and the name.
        let cases: [(&str, [(&str, &str); 4]); 4] = [
            ("?size=200>?", [("jpeg", "a.jpg"), ("png", "a.png"), ("webp", "a.webp"), ("jpeg", "a.jpg")]),
            ("?size=200>?&format=webp", [("webp", "a.webp"); 4]),
            ("?size=200>?&format=jpg", [("jpeg", "a.jpg"); 4]),
            ("?size=200>?&format=webp&quality=5", [("webp", "a.webp"); 4]),
        ];
        for (column, (name, source)) in sources.iter().enumerate() {
            let file = upload(server, organization, name, source).await;
            assert_eq!(file["size"], json!([400, 200]), "{name}");
            for (query, expected) in &cases {
                let (kind, expected_name) = expected[column];
                let answer = contents(server, organization, &file, query).await.expect(200);
                let media_type = format!("image/{kind}");
                assert_eq!(measure(&answer.body), (media_type.as_str(), 200, 100), "{name}{query}");
                assert_eq!(answer.header("content-type"), media_type, "{name}{query}");
                let disposition = format!("inline; filename=\"{expected_name}\"");
                assert_eq!(answer.header("content-disposition"), disposition, "{name}{query}");
            }
            // No size: the form changes, the size does not.
            let answer = contents(server, organization, &file, "?format=jpg").await.expect(200);
            assert_eq!(measure(&answer.body), ("image/jpeg", 400, 200), "{name}");
        }
    });
}

#[test]
fn a_quality_counts_and_has_a_default() {
    with_organization(async |server, organization| {
        let file = upload(server, organization, "a.png", &png(600, 400)).await;
        for (format, default) in [("jpg", 88), ("webp", 80)] {
            let bytes = async |quality: &str| {
                let query = format!("?size=300>?&format={format}{quality}");
                contents(server, organization, &file, &query).await.expect(200).body
            };
            let (low, high) = (bytes("&quality=1").await.len(), bytes("&quality=100").await.len());
            assert!(low < high, "{format}: {low} bytes at 1, {high} at 100");
            assert!(bytes("").await == bytes(&format!("&quality={default}")).await, "{format}: not {default}");
        }
    });
}

#[test]
fn what_can_not_be_read_is_refused() {
    with_organization(async |server, organization| {
        let picture = upload(server, organization, "foo.jpg", &jpeg(200, 100)).await;
        let text = upload(server, organization, "foo.txt", b"plain").await;
        for file in [picture, text] {
            for (query, parameter) in REFUSED {
                let answer = contents(server, organization, &file, query).await.refused(400);
                assert!(answer.message().starts_with(&format!("{parameter} ")), "{query}: {}", answer.message());
            }
        }
    });
}

#[test]
fn orientation_and_transparency_are_kept() {
    with_organization(async |server, organization| {
        // Stored lying on its side: shown, what is stored at the bottom left comes to the top left.
        let turned = with_orientation(&jpeg(600, 400), 6);
        let file = upload(server, organization, "turned.jpg", &turned).await;
        assert_eq!(file["size"], json!([400, 600]));
        let answer = contents(server, organization, &file, "?size=200>?").await.expect(200);
        assert_eq!(measure(&answer.body), ("image/jpeg", 200, 300));
        assert_colours(&answer.body, [BLUE, RED, WHITE, GREEN]);
        assert!(contents(server, organization, &file, "").await.expect(200).body == turned, "nothing was asked");
        let file = upload(server, organization, "clear.png", &png(600, 400)).await;
        let answer = contents(server, organization, &file, "?size=300>?").await.expect(200);
        assert_colours(&answer.body, [RED, GREEN, BLUE, CLEAR]);
        let answer = contents(server, organization, &file, "?size=300>?&format=jpg").await.expect(200);
        assert_colours(&answer.body, [RED, GREEN, BLUE, WHITE]);
    });
}

#[test]
fn what_moves_or_is_no_picture_stays_as_it_is() {
    const SVG: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"3000\" height=\"2500\"/>";
    with_organization(async |server, organization| {
        let moving = gif(2100, 2000);
        let torn = png(2500, 2100)[..9_000].to_vec();
        // Name, bytes, type, and what is asked of it.
        let cases: [(&str, &[u8], &str, &[&str]); 5] = [
            ("a.gif", &moving, "image/gif", &["", "?size=9999>?"]),
            // A drawing is drawn only where a size is asked for.
            ("a.svg", SVG, "image/svg+xml", &[""]),
            ("a.txt", b"plain", "text/plain; charset=utf-8", &["", "?size=small", "?size=10!10&format=jpg"]),
            ("a.bin", b"\0\x01\x02", "application/octet-stream", &["", "?size=small"]),
            // Its head can be read, its pixels can not.
            ("a.png", &torn, "image/png", &["", "?size=100>?"]),
        ];
        for (name, bytes, media_type, queries) in cases {
            let file = upload(server, organization, name, bytes).await;
            for query in queries {
                let answer = contents(server, organization, &file, query).await.expect(200);
                assert!(answer.body == bytes, "{name}{query} is not what was uploaded");
                assert_eq!(answer.header("content-type"), media_type, "{name}{query}");
            }
        }
    });
}

#[test]
fn uploads_are_at_most_3840_wide_and_high() {
    with_organization(async |server, organization| {
        for (name, source, kept) in [
            ("wide.jpg", jpeg(5000, 300), ("image/jpeg", 3840, 230)),
            ("high.png", png(30, 4000), ("image/png", 29, 3840)),
            ("wide.webp", webp(4000, 20), ("image/webp", 3840, 19)),
            ("fits.jpg", jpeg(3840, 20), ("image/jpeg", 3840, 20)),
            // Not in the seed's list.
            ("wide.gif", gif(4000, 20), ("image/gif", 4000, 20)),
        ] {
            let file = upload(server, organization, name, &source).await;
            let answer = contents(server, organization, &file, "").await.expect(200);
            assert_eq!(measure(&answer.body), kept, "{name}");
            assert_eq!(file["size"], json!([kept.1, kept.2]), "{name}");
            assert_eq!(file["metadata"]["size"], json!(answer.body.len()), "{name}");
        }
        // A turned one is measured as it is shown.
        let file = upload(server, organization, "turned.jpg", &with_orientation(&jpeg(4000, 100), 8)).await;
        assert_eq!(file["size"], json!([96, 3840]));
    });
}

#[test]
fn a_jpeg_may_state_its_size_behind_a_large_profile() {
    with_organization(async |server, organization| {
        let plain = jpeg(300, 200);
        let filler = [&[0xFF, 0xE2, 0xFF, 0xFF][..], &[7; 65_533]].concat();
        let source = [&plain[..2], &filler.repeat(12), &plain[2..]].concat();
        let file = upload(server, organization, "press.jpg", &source).await;
        assert_eq!((&file["size"], &file["contentType"]), (&json!([300, 200]), &json!("image/jpeg")));
        let answer = contents(server, organization, &file, "?size=150>?").await.expect(200);
        assert_eq!(measure(&answer.body), ("image/jpeg", 150, 100));
    });
}
