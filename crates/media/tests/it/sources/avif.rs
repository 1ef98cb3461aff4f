//! AVIF: turned, moving, weighed, and of colours by numbers.

use std::{fs, process::Command};

use content::MediaType;
use media::{Engine, Format, Limits, Resolved, probe};

use super::{assert_corners, corners, made_by, png_of};
use crate::{
    films::{Film, film},
    pictures::{Picture, assert_close, decode},
};

/// A file that libavif's own program makes.
pub fn avif(arguments: &str, from: &Picture) -> Vec<u8> {
    let arguments = format!("-s 9 --min 0 --max 4 {arguments} IN OUT");
    made_by("avifenc", &arguments.replace("  ", " "), &from.png(), "avif")
}

#[test]
fn an_avif_is_turned_as_its_properties_say() {
    let mut engine = Engine::default();
    // Stored so that turning it gives the four corners in their places: libavif's own names for the eight.
    for (property, exif) in [
        ("", 1),
        ("--imir 1", 2),
        ("--irot 2", 3),
        ("--imir 0", 4),
        ("--irot 1 --imir 0", 5),
        ("--irot 3", 6),
        ("--irot 3 --imir 0", 7),
        ("--irot 1", 8),
    ] {
        let file = avif(property, &corners().stored_as(exif));
        let found = probe(&file).unwrap();
        assert_eq!((found.width, found.height, found.orientation), (96, 64, exif), "{property}");
        assert_corners(&png_of(&mut engine, &file, 96, 64).unwrap(), property);
    }
}

#[test]
fn an_avif_may_state_its_colours_by_numbers() {
    let mut engine = Engine::default();
    let inside = |file: &[u8], engine: &mut Engine| png_of(engine, file, 96, 64).unwrap().quarter_colours();
    let plain = inside(&avif("--cicp 1/13/6", &corners()), &mut engine);
    assert_close(plain, corners().quarter_colours(), "sRGB");
    // The same samples mean stronger colours in a wider space, and the same white.
    let wide = inside(&avif("--cicp 12/13/6", &corners()), &mut engine);
    assert_ne!(wide, plain);
    let profiled = made_by("vips", "icc_transform IN OUT srgb --input-profile p3", &corners().png(), "png");
    assert_close(wide, decode(&profiled).quarter_colours(), "Display P3");
    // What is as bright as paper is white, whatever more a screen could show.
    let white = Picture::of(96, 64, |_, _| [148, 148, 148, 255]);
    let shown = inside(&avif("--cicp 9/16/9", &white), &mut engine);
    assert!(shown.iter().flatten().all(|part| *part >= 250), "{shown:?}");
}

#[test]
fn weighed_opacity_is_taken_from_the_colours() {
    let veil = Picture::of(96, 64, |x, _| [200, 100, 50, (x * 255 / 95) as u8]);
    let mut engine = Engine::default();
    let plain = png_of(&mut engine, &avif("", &veil), 96, 64).unwrap();
    let weighed = png_of(&mut engine, &avif("-p", &veil), 96, 64).unwrap();
    for (plain, weighed) in plain.pixels.iter().zip(&weighed.pixels).filter(|(plain, _)| plain[3] > 60) {
        assert!(plain.iter().zip(weighed).all(|(one, other)| one.abs_diff(*other) < 12), "{plain:?} {weighed:?}");
    }
}

#[test]
fn a_moving_avif_goes_on_moving() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<_> = (0..4_u8)
        .map(|number| {
            let name = folder.path().join(format!("{number}.png"));
            fs::write(&name, Picture::of(32, 32, |_, _| [number * 60, 100, 200, 255]).png()).unwrap();
            name
        })
        .collect();
    let to = folder.path().join("moving.avif");
    let mut avifenc = Command::new("avifenc");
    avifenc.args(["-s", "9", "--min", "0", "--max", "4", "--timescale", "20"]).args(&names).arg(&to);
    let output = avifenc.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let source = fs::read(to).unwrap();
    let found = probe(&source).unwrap();
    assert!(found.animated && found.media_type == MediaType::AVIF);
    for format in [Format::Webp, Format::Gif, Format::Png] {
        let moving = Resolved { animated: true, ..Resolved::of_size(16, 16, format) };
        let rendered = Engine::default().render(&source, &moving, &Limits::default()).unwrap();
        assert!(rendered.animated, "{format:?}");
        let Film { frames, .. } = film(&rendered.bytes);
        assert_eq!((frames.len(), frames[0].1), (4, 50), "{format:?}");
        assert!(frames[3].0.pixels[0][0] > frames[0].0.pixels[0][0] + 120, "{format:?}");
        // One frame more than allowed, and it is a still.
        let few = Limits { max_frames: 3, ..Limits::default() };
        assert!(!Engine::default().render(&source, &moving, &few).unwrap().animated);
    }
    let still = png_of(&mut Engine::default(), &source, 32, 32).unwrap();
    assert!(still.pixels[0][0] < 20, "the first frame");
}
