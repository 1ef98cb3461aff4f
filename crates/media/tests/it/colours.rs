//! Colour profiles: what comes out is what libvips makes of the same file, and nothing changes where nothing should.

use std::{fs, process::Command, time::Instant};

use flate2::{Compression, write::ZlibEncoder};
use media::{Engine, Format, Limits, Resolved, render};
use proptest::{collection::vec, prelude::*, sample};
use turbojpeg::PixelFormat;

use crate::{
    pictures::{Picture, decode, png},
    profiles::{
        ADOBE_RGB, Curve, DISPLAY_P3, PROPHOTO, SRGB, gray_profile, ink_profile, rgb_profile, rgb_table_profile,
        srgb_light, table_profile,
    },
};

const SIDE: u32 = 96;

fn png_with(source: &[u8], profile: &[u8]) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(b"p\0\0".to_vec(), Compression::fast());
    std::io::Write::write_all(&mut packer, profile).unwrap();
    crate::pictures::png_with_chunk(source, b"iCCP", &packer.finish().unwrap())
}

/// The profile's segments, each of at most `piece_bytes`, in the given order.
fn jpeg_with(source: &[u8], profile: &[u8], piece_bytes: usize, order: impl Fn(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let pieces: Vec<&[u8]> = profile.chunks(piece_bytes).collect();
    let segment = |(at, piece): (usize, &&[u8])| {
        let body = [b"ICC_PROFILE\0", [at as u8 + 1, pieces.len() as u8].as_slice(), piece].concat();
        [&[0xFF, 0xE2], (body.len() as u16 + 2).to_be_bytes().as_slice(), &body].concat()
    };
    let mut segments = pieces.iter().enumerate().map(segment).collect();
    order(&mut segments);
    [&source[..2], &segments.concat(), &source[2..]].concat()
}

/// Colours from everywhere.
fn many_colours() -> Picture {
    Picture::of(SIDE, SIDE, |x, y| {
        let ramp = |at: u32| (at * 255 / (SIDE - 1)) as u8;
        [ramp(x), ramp(y), ramp((2 * x + 3 * y) % SIDE), 255]
    })
}

fn as_png(source: &[u8]) -> Picture {
    let rendered = render(source, &Resolved::of_size(SIDE, SIDE, Format::Png), &Limits::default()).unwrap();
    for mark in [b"iCCP".as_slice(), b"ICC_PROFILE", b"acsp"] {
        assert!(!rendered.bytes.windows(mark.len()).any(|bytes| bytes == mark));
    }
    decode(&rendered.bytes)
}

/// What libvips makes of a file, by arguments with `IN` and `OUT` in them.
fn vips(arguments: &str, source: &[u8], extension: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in"), folder.path().join(format!("out.{extension}")));
    fs::write(&from, source).unwrap();
    let (from, to_name) = (from.to_str().unwrap(), to.to_str().unwrap());
    let arguments = arguments.split(' ').map(|argument| argument.replace("IN", from).replace("OUT", to_name));
    let output = Command::new("vips").args(arguments).output().expect("vips, from Debian's libvips-tools");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read(to).unwrap()
}

/// In decibels, over colours only.
fn likeness(ours: &Picture, theirs: &Picture) -> f64 {
    assert_eq!((ours.width, ours.height), (theirs.width, theirs.height));
    let squares = ours
        .pixels
        .iter()
        .zip(&theirs.pixels)
        .flat_map(|(a, b)| a[..3].iter().zip(&b[..3]).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)));
    let mean = squares.sum::<f64>() / (ours.pixels.len() * 3) as f64;
    10.0 * (255.0_f64.powi(2) / mean).log10()
}

/// Panics unless libvips makes the same of it, and something else than without a profile.
#[track_caller]
fn assert_like_vips(name: &str, source: &[u8], plain: &Picture, least: f64) {
    let ours = as_png(source);
    let theirs = decode(&vips("icc_transform IN OUT srgb --embedded --intent relative", source, "png"));
    let like = likeness(&ours, &theirs);
    let changed = likeness(&ours, plain);
    assert!(like > least && changed < 35.0, "{name}: {like} dB to libvips, {changed} dB to what is stored");
}

#[test]
fn colours_come_out_as_libvips_makes_them() {
    let picture = many_colours();
    let rgb = png(SIDE, SIDE, png::ColorType::Rgb, png::BitDepth::Eight, &picture.bytes(3));
    let profiles = [
        ("Display P3", rgb_profile(DISPLAY_P3, Curve::Formula), 45.0),
        ("Display P3 by a table of light", rgb_profile(DISPLAY_P3, Curve::Table(1024)), 45.0),
        ("Adobe RGB", rgb_profile(ADOBE_RGB, Curve::Gamma(2.2)), 45.0),
        ("ProPhoto", rgb_profile(PROPHOTO, Curve::Gamma(1.8)), 45.0),
        ("linear sRGB", rgb_profile(SRGB, Curve::Gamma(1.0)), 40.0),
        ("a table of colours", rgb_table_profile(ADOBE_RGB, |number| number.powf(2.2)), 38.0),
    ];
    for (name, profile, least) in profiles {
        assert_like_vips(name, &png_with(&rgb, &profile), &picture, least);
    }
}

#[test]
fn a_file_of_libvips_comes_back_as_it_was() {
    let picture = many_colours();
    let there = vips("icc_transform IN OUT p3 --input-profile srgb", &picture.png(), "png");
    assert!(likeness(&decode(&there), &picture) < 35.0);
    assert!(likeness(&as_png(&there), &picture) > 40.0, "{}", likeness(&as_png(&there), &picture));
}

#[test]
fn inks_become_light_by_their_profile() {
    let picture = many_colours();
    let inks = picture.pixels.iter().flat_map(|&[red, green, blue, _]| [red, green, blue, 255 - red.min(blue) / 2]);
    let jpeg = picture.jpeg_as(PixelFormat::CMYK, &inks.collect::<Vec<_>>());
    assert_like_vips("CMYK", &jpeg_with(&jpeg, &ink_profile(), 65_000, |_| {}), &as_png(&jpeg), 38.0);
}

#[test]
fn gray_is_converted_too() {
    let gray = many_colours().bytes(3).into_iter().step_by(3).collect::<Vec<_>>();
    let picture = Picture { pixels: gray.iter().map(|&gray| [gray, gray, gray, 255]).collect(), ..many_colours() };
    let profile = gray_profile(Curve::Gamma(1.8));
    let still = png(SIDE, SIDE, png::ColorType::Grayscale, png::BitDepth::Eight, &gray);
    assert_like_vips("a grey PNG", &png_with(&still, &profile), &picture, 45.0);
    let jpeg = picture.jpeg_as(PixelFormat::GRAY, &gray);
    assert_like_vips("a grey JPEG", &jpeg_with(&jpeg, &profile, 65_000, |_| {}), &picture, 45.0);
    // With opacity it comes in four channels.
    let with_alpha: Vec<u8> = gray.iter().flat_map(|gray| [*gray, 99]).collect();
    let clear = png(SIDE, SIDE, png::ColorType::GrayscaleAlpha, png::BitDepth::Eight, &with_alpha);
    let (clear, opaque) = (as_png(&png_with(&clear, &profile)), as_png(&png_with(&still, &profile)));
    assert!(likeness(&clear, &opaque) > 60.0 && clear.pixels.iter().all(|pixel| pixel[3] == 99));
}

#[test]
fn opacity_is_left_alone() {
    let clear = Picture { pixels: many_colours().pixels, ..many_colours() };
    let clear = Picture::of(SIDE, SIDE, |x, y| {
        let [red, green, blue, _] = clear.pixels[(y * SIDE + x) as usize];
        [red, green, blue, (x + y) as u8 + 1]
    });
    let profile = rgb_profile(DISPLAY_P3, Curve::Formula);
    let (found, opaque) =
        (as_png(&png_with(&clear.png(), &profile)), as_png(&png_with(&many_colours().png(), &profile)));
    for ((found, opaque), stored) in found.pixels.iter().zip(&opaque.pixels).zip(&clear.pixels) {
        assert_eq!((&found[..3], found[3]), (&opaque[..3], stored[3]));
    }
}

#[test]
fn what_is_srgb_already_is_not_touched() {
    let picture = many_colours();
    for curve in [Curve::Formula, Curve::Table(1024), Curve::Table(4096), Curve::Table(26)] {
        let found = as_png(&png_with(&picture.png(), &rgb_profile(SRGB, curve)));
        assert_eq!(found, picture);
    }
    let found = as_png(&png_with(&picture.png(), &rgb_table_profile(SRGB, srgb_light)));
    assert!(likeness(&found, &picture) > 45.0);
    // Another curve is another matter, even one that is near.
    assert_ne!(as_png(&png_with(&picture.png(), &rgb_profile(SRGB, Curve::Gamma(2.2)))), picture);
}

#[test]
fn a_profile_that_is_damaged_or_for_something_else_counts_as_none() {
    let picture = many_colours();
    let good = rgb_profile(DISPLAY_P3, Curve::Formula);
    let mut cut = good.clone();
    cut.truncate(good.len() / 2);
    let mut without_curves = rgb_profile(DISPLAY_P3, Curve::Formula);
    without_curves.windows(4).position(|name| name == b"rTRC").map(|at| without_curves[at] = b'x').unwrap();
    let mut link = good.clone();
    link[12..16].copy_from_slice(b"link");
    let inks = [&good[..16], b"CMYK", &good[20..]].concat();
    for profile in [vec![], b"acsp".to_vec(), cut, without_curves, link, inks, gray_profile(Curve::Gamma(1.8))] {
        assert_eq!(as_png(&png_with(&picture.png(), &profile)), picture);
    }
    let gray: Vec<u8> = picture.bytes(3).into_iter().step_by(3).collect();
    let jpeg = picture.jpeg_as(PixelFormat::GRAY, &gray);
    assert_eq!(as_png(&jpeg_with(&jpeg, &good, 65_000, |_| {})), as_png(&jpeg));
    let inks = include_bytes!("fixtures/cmyk.jpg");
    assert_eq!(as_png(&jpeg_with(inks, &good, 65_000, |_| {})), as_png(inks));
}

#[test]
fn a_profile_of_a_jpeg_may_come_in_pieces() {
    let jpeg = many_colours().jpeg();
    let profile = rgb_profile(DISPLAY_P3, Curve::Table(1024));
    let plain = as_png(&jpeg);
    let whole = as_png(&jpeg_with(&jpeg, &profile, 65_000, |_| {}));
    assert!(likeness(&whole, &plain) < 35.0);
    assert_eq!(as_png(&jpeg_with(&jpeg, &profile, 100, |_| {})), whole);
    assert_eq!(as_png(&jpeg_with(&jpeg, &profile, 100, |pieces| pieces.reverse())), whole);
}

#[test]
fn webp_and_gif_have_profiles_too() {
    let picture = Picture::of(SIDE, SIDE, |_, _| [200, 90, 40, 255]);
    let profile = rgb_profile(DISPLAY_P3, Curve::Formula);
    let expected = as_png(&png_with(&picture.png(), &profile)).pixels[0];
    let made =
        |format| render(&picture.png(), &Resolved::of_size(SIDE, SIDE, format), &Limits::default()).unwrap().bytes;
    let gif = made(Format::Gif);
    let table = 13 + if gif[10] & 0x80 == 0 { 0 } else { 3 << ((gif[10] & 7) + 1) };
    let blocks: Vec<u8> =
        profile.chunks(255).flat_map(|block| [&[block.len() as u8], block].concat()).chain([0]).collect();
    let gif = [&gif[..table], b"\x21\xFF\x0BICCRGBG1012", &blocks, &gif[table..]].concat();
    let webp = made(Format::Webp);
    let side = &(SIDE - 1).to_le_bytes()[..3];
    let padding = vec![0; profile.len() % 2];
    let len = (profile.len() as u32).to_le_bytes();
    let webp = [b"WEBPVP8X\x0A\0\0\0\x20\0\0\0", side, side, b"ICCP", &len, &profile, &padding, &webp[12..]].concat();
    let webp = [b"RIFF", (webp.len() as u32).to_le_bytes().as_slice(), &webp].concat();
    for (name, source) in [("GIF", gif), ("WebP", webp)] {
        let found = as_png(&source).pixels[0];
        let near = found.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) <= 8);
        assert!(near && found[0] > 205, "{name}: {found:?}, not {expected:?}");
    }
}

#[test]
fn profiles_in_turn_do_not_get_mixed_up() {
    let picture = many_colours();
    let sources: Vec<Vec<u8>> = (0..7)
        .map(|at| png_with(&picture.png(), &rgb_profile(DISPLAY_P3, Curve::Gamma(1.0 + f64::from(at) / 5.0))))
        .collect();
    let mut engine = Engine::default();
    let resolved = Resolved::of_size(SIDE, SIDE, Format::Png);
    for at in [0, 1, 0, 2, 3, 4, 5, 6, 0, 6, 5, 4] {
        let kept = engine.render(&sources[at], &resolved, &Limits::default()).unwrap();
        assert_eq!(kept, render(&sources[at], &resolved, &Limits::default()).unwrap());
    }
}

#[test]
fn a_profile_that_unpacks_without_end_counts_as_none() {
    let picture = many_colours();
    let bomb = [rgb_profile(DISPLAY_P3, Curve::Formula), vec![0; 64 * 1024 * 1024]].concat();
    let source = png_with(&picture.png(), &bomb);
    assert!(source.len() < 1024 * 1024);
    assert_eq!(as_png(&source), picture);
}

#[test]
fn a_profile_that_lists_the_same_place_without_end_counts_as_none() {
    // One table of 400 KB, listed thirty thousand times.
    let large = table_profile(b"RGB ", (3, 40), |part| part, |parts| [parts[0], parts[1], parts[2]]);
    let tags = 30_000_u32;
    let moved = (12 * (tags - 3)).to_be_bytes();
    let mut endless = large[..128].to_vec();
    endless.extend(tags.to_be_bytes());
    for _ in 0..tags {
        let at = u32::from_be_bytes(*large[148..].first_chunk().unwrap()) + u32::from_be_bytes(moved);
        endless.extend([b"A2B0".as_slice(), &at.to_be_bytes(), &large[152..156]].concat());
    }
    endless.extend(&large[168..]);
    let picture = many_colours();
    let source = png_with(&picture.png(), &endless);
    let started = Instant::now();
    assert_eq!(as_png(&source), picture);
    assert!(started.elapsed().as_secs() < 3, "{:?}", started.elapsed());
    assert_ne!(as_png(&png_with(&picture.png(), &large)), picture);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_profile_does_harm(
        kind in sample::select(vec![0, 1, 2, 3]),
        changes in vec((any::<sample::Index>(), prop_oneof![any::<u8>(), Just(0), Just(255)]), 0..24),
        len in any::<sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut profile = match kind {
            0 => rgb_profile(DISPLAY_P3, Curve::Formula),
            1 => rgb_profile(DISPLAY_P3, Curve::Table(30)),
            2 => rgb_table_profile(ADOBE_RGB, |number| number),
            _ => gray_profile(Curve::Gamma(1.8)),
        };
        for (at, byte) in changes {
            // Most in the header and the table, where the lengths and places are.
            let at = at.index(if byte % 2 == 0 { profile.len() } else { 256.min(profile.len()) });
            profile[at] = byte;
        }
        if cut {
            profile.truncate(len.index(profile.len()));
        }
        let picture = Picture::corners(8, 8);
        let source = match kind {
            3 => png(8, 8, png::ColorType::Grayscale, png::BitDepth::Eight, &[100; 64]),
            _ => picture.png(),
        };
        prop_assert!(render(&png_with(&source, &profile), &Resolved::of_size(8, 8, Format::Png), &Limits::default()).is_ok());
    }
}
