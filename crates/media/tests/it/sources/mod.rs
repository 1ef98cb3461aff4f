//! Formats that are read and not written, or seldom: what is particular to each. Colours and depths of all are in `table`.

mod avif;
mod bmp;
mod svg;
mod tiff;

use std::{fs, process::Command};

use content::MediaType;
use media::{Details, Engine, Format, Limits, RenderError, Resize, Resolution, Resolved, SourceFormat, sniff};
use proptest::{collection::vec, prelude::*};

use self::{avif::avif, bmp::bmp, svg::svg, tiff::tiff};
use crate::pictures::{Picture, assert_close, decode};

/// Four colours, one in each quarter.
fn corners() -> Picture {
    Picture::corners(96, 64)
}

/// A file that a program makes of `from` by arguments with `IN` and `OUT` in them.
fn made_by(program: &str, arguments: &str, from: &[u8], extension: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (source, to) = (folder.path().join("in.png"), folder.path().join(format!("out.{extension}")));
    fs::write(&source, from).unwrap();
    let (from, into) = (source.to_str().unwrap(), to.to_str().unwrap());
    let arguments = arguments.split(' ').map(|argument| argument.replace("IN", from).replace("OUT", into));
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    fs::read(to).unwrap()
}

fn png_of(engine: &mut Engine, source: &[u8], width: u32, height: u32) -> Result<Picture, RenderError> {
    let resolved = Resolved::of_size(width, height, Format::Png);
    engine.render(source, &resolved, &Limits::default()).map(|rendered| decode(&rendered.bytes))
}

fn details(engine: &mut Engine, source: &[u8]) -> Result<Details, RenderError> {
    engine.make(source, &[], true, &Limits::default()).map(|made| made.details.unwrap())
}

/// Panics unless the four quarters have the colours of [`corners`].
#[track_caller]
fn assert_corners(picture: &Picture, what: &str) {
    assert_close(picture.quarter_colours(), corners().quarter_colours(), what);
}

#[test]
fn types_are_known_by_their_bytes() {
    let picture = corners();
    for (bytes, media_type) in [
        (avif("", &picture), "image/avif"),
        (tiff("", &picture), "image/tiff"),
        (tiff("[bigtiff]", &picture), "image/tiff"),
        (bmp(&picture, true), "image/bmp"),
        (svg(r#"width="96" height="64""#).into_bytes(), "image/svg+xml"),
    ] {
        assert_eq!(sniff(&bytes).unwrap().as_str(), media_type);
        assert!(SourceFormat::from_media_type(&MediaType::of(media_type)).is_some());
    }
}

#[test]
fn what_is_cut_short_is_refused() {
    let mut engine = Engine::outfitted();
    let noisy = Picture::of(64, 64, |x, y| [(x * y) as u8, (x ^ y) as u8, (x * 31 + y * 17) as u8, 255]);
    for (name, file) in [
        ("avif", avif("", &noisy)),
        ("tiff", tiff("", &noisy)),
        ("bmp", bmp(&noisy, false)),
        ("svg", svg("").into_bytes()),
    ] {
        for len in [0, 1, 11, 40, file.len() / 2, file.len() - 1] {
            let outcome = png_of(&mut engine, &file[..len], 8, 8);
            assert!(outcome.is_err(), "{name} of {len} bytes");
        }
    }
}

#[test]
fn sizes_beyond_the_limits_are_refused_by_their_headers() {
    let few = Limits { max_pixels: 1000, ..Limits::default() };
    for file in [avif("", &corners()), tiff("", &corners()), bmp(&corners(), true)] {
        let outcome = Engine::default().render(&file, &Resolved::of_size(8, 8, Format::Png), &few);
        assert_eq!(outcome.unwrap_err(), RenderError::TooLarge);
    }
    let mut vast = bmp(&corners(), false);
    vast[18..26].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F]);
    let outcome = Engine::default().render(&vast, &Resolved::of_size(8, 8, Format::Png), &Limits::default());
    assert_eq!(outcome.unwrap_err(), RenderError::TooLarge);
}

#[test]
fn a_plan_for_what_is_only_read_resolves_to_what_is_written() {
    for (media_type, kept, auto) in [
        ("image/avif", Format::Jpeg, Format::Png),
        ("image/heic", Format::Jpeg, Format::Jpeg),
        ("image/tiff", Format::Jpeg, Format::Jpeg),
        ("image/bmp", Format::Jpeg, Format::Jpeg),
        ("image/svg+xml", Format::Jpeg, Format::Png),
        ("application/pdf", Format::Jpeg, Format::Jpeg),
    ] {
        let probe = media::Probe {
            media_type: MediaType::of(media_type),
            width: 100,
            height: 100,
            orientation: 1,
            animated: false,
        };
        let plan = media::Plan { resize: Resize::Width(50), ..media::Plan::ORIGINAL };
        for (plan, format) in [
            (plan, kept),
            (media::Plan { format: media::Wanted::Auto(media::Accepts::default()), ..plan }, auto),
            (media::Plan { format: media::Wanted::As(Format::Avif), ..plan }, Format::Avif),
        ] {
            let Resolution::Render(resolved) = plan.resolve(&probe) else { panic!("{media_type}") };
            assert_eq!(resolved.format, format, "{media_type} by {plan:?}");
        }
        assert_eq!(media::Plan::ORIGINAL.resolve(&probe), Resolution::Unchanged);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_does_harm(at in 0.0..1.0_f64, with in vec(any::<u8>(), 1..8), which in 0..4_usize) {
        thread_local! {
            static FILES: [Vec<u8>; 4] = [avif("", &corners()), tiff("[compression=lzw]", &corners()), bmp(&corners(), true), svg("").into_bytes()];
        }
        let file = FILES.with(|files| {
            let mut file = files[which].clone();
            let at = (at * file.len() as f64) as usize;
            let end = (at + with.len()).min(file.len());
            file[at..end].copy_from_slice(&with[..end - at]);
            file
        });
        let limits = Limits { max_pixels: 100_000, ..Limits::default() };
        // Whatever comes of it is fine, as long as something does.
        drop(Engine::default().render(&file, &Resolved::of_size(8, 8, Format::Png), &limits));
    }
}
