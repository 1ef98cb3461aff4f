//! What moves goes on moving, at every size and through the limit of uploads, where the format can hold it; and the format that a
//! client is given when it leaves the choice to the server.

use serde_json::json;

use crate::{
    sizes::{contents, upload, with_organization},
    support::pictures::{gif, jpeg, measure, png},
};

const FRAMES: usize = 3;

/// An APNG of red, green and blue frames of 100, 200 and 300 ms, played twice.
fn apng(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fastest);
    encoder.set_animated(FRAMES as u32, 2).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for (at, colour) in [[255, 0, 0], [0, 255, 0], [0, 0, 255]].iter().enumerate() {
        writer.set_frame_delay(at as u16 + 1, 10).unwrap();
        writer.write_image_data(&colour.repeat((width * height) as usize)).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

/// The same as WebP.
fn moving_webp(width: u32, height: u32) -> Vec<u8> {
    let plan = media::Resolved { animated: true, ..media::Resolved::of_size(width, height, media::Format::Webp) };
    media::render(&apng(width, height), &plan, &media::Limits::default()).unwrap().bytes.to_vec()
}

/// How many frames there are, by their marks in the file.
fn frames(bytes: &[u8]) -> usize {
    let count = |mark: &[u8]| bytes.windows(4).filter(|four| *four == mark).count();
    match measure(bytes).0 {
        "image/png" => count(b"fcTL").max(1),
        "image/webp" => count(b"ANMF").max(1),
        "image/gif" => {
            let mut decoder = gif::DecodeOptions::new().read_info(bytes).unwrap();
            std::iter::from_fn(|| decoder.next_frame_info().unwrap().map(drop)).count()
        }
        _ => 1,
    }
}

#[test]
fn what_moves_goes_on_moving_at_every_size() {
    with_organization(async |server, organization| {
        // Name, bytes; what is asked, and the type and number of frames that come.
        let apng_cases = [
            ("", "image/apng", FRAMES),
            ("?size=60>?", "image/apng", FRAMES),
            ("?size=40!90", "image/apng", FRAMES),
            ("?size=60>?&format=webp", "image/webp", FRAMES),
            ("?size=60>?&format=jpg", "image/jpeg", 1),
        ];
        let webp_cases = [
            ("", "image/webp", FRAMES),
            ("?size=small", "image/webp", FRAMES),
            ("?size=60>?", "image/webp", FRAMES),
            ("?size=60>?&format=jpg", "image/jpeg", 1),
        ];
        let gif_cases = [
            ("", "image/gif", 2),
            // The page: without a format all but PNG and WebP falls back to JPEG.
            ("?size=60>?", "image/jpeg", 1),
            ("?size=60>?&format=webp", "image/webp", 2),
        ];
        for (name, source, cases) in [
            ("a.png", apng(120, 90), &apng_cases[..]),
            ("a.webp", moving_webp(120, 90), &webp_cases),
            ("a.gif", gif(120, 90), &gif_cases),
        ] {
            let file = upload(server, organization, name, &source).await;
            assert_eq!(file["size"], json!([120, 90]), "{name}");
            for (query, media_type, count) in cases {
                let answer = contents(server, organization, &file, query).await.expect(200);
                assert_eq!(answer.header("content-type"), *media_type, "{name}{query}");
                assert_eq!(frames(&answer.body), *count, "{name}{query}");
                let width = if query.contains("60>?") { 60 } else { measure(&answer.body).1 };
                assert_eq!(measure(&answer.body).1, width, "{name}{query}");
            }
            let target = format!("/v1/media/files/{}/thumb/preview.jpg", file["id"]);
            let thumbnail = server.fliplet("GET", &target).token(&organization.token).send().await.expect(200);
            assert_eq!(measure(&thumbnail.body), ("image/jpeg", 120, 90), "{name}");
        }
    });
}

#[test]
fn what_moves_and_is_too_wide_is_made_smaller_and_moves() {
    with_organization(async |server, organization| {
        for (name, source, media_type) in
            [("wide.png", apng(4000, 20), "image/apng"), ("wide.webp", moving_webp(4000, 20), "image/webp")]
        {
            let file = upload(server, organization, name, &source).await;
            assert_eq!((&file["size"], &file["contentType"]), (&json!([3840, 19]), &json!(media_type)), "{name}");
            let answer = contents(server, organization, &file, "").await.expect(200);
            assert_eq!((measure(&answer.body).1, frames(&answer.body)), (3840, FRAMES), "{name}");
        }
    });
}

#[test]
fn auto_is_what_the_client_says_it_takes() {
    with_organization(async |server, organization| {
        let browser = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
        for (name, source, plain) in [
            ("a.jpg", jpeg(300, 200), "image/jpeg"),
            ("a.png", png(300, 200), "image/png"),
            ("a.gif", gif(300, 200), "image/gif"),
        ] {
            let file = upload(server, organization, name, &source).await;
            let ask = async |accept: Option<&str>, query: &str| {
                let target = format!("/v1/media/files/{}/contents/{name}{query}", file["id"]);
                let ask = server.fliplet("GET", &target).token(&organization.token);
                let ask = if let Some(accept) = accept { ask.header("Accept", accept) } else { ask };
                ask.send().await.expect(200)
            };
            let mut tags = Vec::new();
            for (accept, expected) in [
                (Some(browser), "image/webp"),
                (Some("*/*"), plain),
                (Some("image/webp;q=0, */*"), plain),
                (None, plain),
            ] {
                let answer = ask(accept, "?size=150>?&format=auto").await;
                assert_eq!(answer.header("content-type"), expected, "{name} for {accept:?}");
                assert_eq!(measure(&answer.body).1, 150, "{name} for {accept:?}");
                assert_eq!(answer.header("vary"), "Accept", "{name} for {accept:?}");
                tags.push(answer.header("etag").to_owned());
            }
            assert!(tags[0] != tags[1] && tags[1..].iter().all(|tag| *tag == tags[1]), "{name}: {tags:?}");
            // Where nothing is negotiated nothing varies.
            let answer = ask(Some(browser), "?size=150>?").await;
            assert_eq!(answer.header("vary"), "", "{name}");
            // In its own size and form it is the very file.
            assert!(ask(None, "?format=auto").await.body == source, "{name}");
        }
    });
}
