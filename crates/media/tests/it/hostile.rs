//! Damaged, truncated and invented files: clear answers, never a panic.

use std::time::Instant;

use media::{Format, Limits, PROBE_HEAD_BYTES, RenderError, Resolved, probe, render, sniff};
use proptest::{collection::vec, prelude::*, sample};

use crate::pictures::{Picture, assert_close, decode};

fn eight() -> Resolved {
    Resolved::of_size(8, 8, Format::Png)
}

const FILES: &[&[u8]] = &[
    include_bytes!("fixtures/alpha-lossy.webp"),
    include_bytes!("fixtures/alpha.webp"),
    include_bytes!("fixtures/animated.gif"),
    include_bytes!("fixtures/animated.png"),
    include_bytes!("fixtures/animated.webp"),
    include_bytes!("fixtures/cmyk.jpg"),
    include_bytes!("fixtures/exif6.jpg"),
    include_bytes!("fixtures/exif6.webp"),
    include_bytes!("fixtures/gray.jpg"),
    include_bytes!("fixtures/lossless.webp"),
    include_bytes!("fixtures/palette.png"),
    include_bytes!("fixtures/progressive.jpg"),
];

fn small(input: &[u8]) -> Result<usize, RenderError> {
    render(input, &eight(), &Limits::default()).map(|rendered| rendered.bytes.len())
}

#[test]
fn a_jpeg_cut_short_gives_what_is_there() {
    let jpeg = Picture::corners(256, 256).jpeg();
    let scan = jpeg.windows(2).position(|marker| marker == b"\xFF\xDA").unwrap();
    let cut = &jpeg[..scan + (jpeg.len() - scan) * 2 / 3];
    let bytes = render(cut, &Resolved { width: 64, height: 64, ..eight() }, &Limits::default()).unwrap().bytes;
    let found = decode(&bytes).quarter_colours();
    let whole =
        decode(&render(&jpeg, &Resolved { width: 64, height: 64, ..eight() }, &Limits::default()).unwrap().bytes);
    assert_close(
        [found[0], found[1], found[0], found[1]],
        {
            let whole = whole.quarter_colours();
            [whole[0], whole[1], whole[0], whole[1]]
        },
        "the upper half",
    );
    assert_ne!(found[3], whole.quarter_colours()[3], "the lower half is missing");
    let headless = small(&jpeg[..scan / 2]);
    assert!(matches!(headless, Err(RenderError::Corrupt(_))), "{headless:?}");
}

#[test]
fn other_formats_cut_short_are_corrupt() {
    let noisy = Picture::of(64, 64, |x, y| [(x * y) as u8, (x * 7 + y * 13) as u8, (x ^ y) as u8, 255]);
    let to = |format, quality| {
        let resolved = Resolved { quality, ..Resolved::of_size(64, 64, format) };
        render(&noisy.png(), &resolved, &Limits::default()).unwrap().bytes
    };
    for file in [to(Format::Png, 0), to(Format::Webp, 80), to(Format::Gif, 0)] {
        for len in [file.len() / 2, file.len() - file.len() / 4, 40] {
            let found = small(&file[..len]);
            assert!(matches!(found, Err(RenderError::Corrupt(_))), "{len} of {}: {found:?}", file.len());
        }
    }
}

#[test]
fn twelve_bit_jpeg_and_other_files_are_unsupported() {
    let mut jpeg = Picture::corners(16, 16).jpeg();
    let frame_header = jpeg.windows(2).position(|marker| marker == b"\xFF\xC0").unwrap();
    jpeg[frame_header + 1] = 0xC1;
    jpeg[frame_header + 4] = 12;
    assert_eq!(small(&jpeg), Err(RenderError::Unsupported));
    for other in [&b""[..], b"hello", b"PK\x03\x04", b"<html/>", b"\0\0\0\x10ftypisom\0\0\0\0"] {
        assert_eq!(small(other), Err(RenderError::Unsupported), "{other:?}");
    }
    for damaged in [&b"%PDF-1.7"[..], b"<svg", b"II*\0\x08\0\0\0", b"BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0"] {
        assert!(matches!(small(damaged), Err(RenderError::Corrupt(_))), "{damaged:?}");
    }
}

#[test]
fn a_jpeg_whose_profile_is_damaged_has_the_colours_that_are_stored() {
    let jpeg = Picture::corners(64, 64).jpeg();
    let expected = render(&jpeg, &eight(), &Limits::default()).unwrap();
    let segment = |body: &[u8]| [&[0xFF, 0xE2], &(body.len() as u16 + 2).to_be_bytes()[..], body].concat();
    // The second of two pieces is missing; a third of two; one without a number.
    for pieces in [
        vec![segment(b"ICC_PROFILE\0\x01\x02abcd")],
        vec![segment(b"ICC_PROFILE\0\x01\x02abcd"), segment(b"ICC_PROFILE\0\x03\x02abcd")],
        vec![segment(b"ICC_PROFILE\0")],
        vec![segment(b"ICC_PROFILE\0\0\0"), segment(b"MPF\0"), segment(b"")],
    ] {
        let damaged = [&jpeg[..2], &pieces.concat(), &jpeg[2..]].concat();
        assert_eq!(render(&damaged, &eight(), &Limits::default()), Ok(expected.clone()));
    }
}

#[test]
fn a_jpeg_may_have_its_size_behind_a_large_profile() {
    let jpeg = Picture::corners(64, 64).jpeg();
    let filler = [&[0xFF, 0xE2, 0xFF, 0xFF][..], &[7; 65_533]].concat();
    let large = [&jpeg[..2], &filler.repeat(20), &jpeg[2..]].concat();
    assert_eq!(probe(&large[..PROBE_HEAD_BYTES]), None);
    assert_eq!(probe(&large), probe(&jpeg));
    assert!(render(&large, &eight(), &Limits::default()).is_ok());
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    // A few bytes that claim four thousand million pixels.
    let mut png = Picture::corners(8, 8).png();
    png[16..24].copy_from_slice(b"\0\0\xFF\xFF\0\0\xFF\xFF");
    let mut jpeg = Picture::corners(8, 8).jpeg();
    let frame_header = jpeg.windows(2).position(|marker| marker == b"\xFF\xC0").unwrap();
    jpeg[frame_header + 5..frame_header + 9].fill(0xFF);
    let gif = b"GIF89a\xFF\xFF\xFF\xFF\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    for bomb in [&png[..], &jpeg, gif] {
        assert_eq!(small(bomb), Err(RenderError::TooLarge));
    }
}

#[test]
fn a_palette_of_broken_or_too_many_colours_is_corrupt() {
    let whole = include_bytes!("fixtures/palette.png");
    let at = whole.windows(4).position(|name| name == b"PLTE").unwrap();
    let len = u32::from_be_bytes(whole[at - 4..at].try_into().unwrap()) as usize;
    for colours in [&[7; 14][..], &[7; 1], &[7; 257 * 3], &[7; 3000]] {
        let named = [b"PLTE", colours].concat();
        let (len_now, sum) = ((colours.len() as u32).to_be_bytes(), crc32fast::hash(&named).to_be_bytes());
        let damaged = [&whole[..at - 4], &len_now, &named, &sum, &whole[at + 8 + len..]].concat();
        let found = small(&damaged);
        assert!(matches!(found, Err(RenderError::Corrupt(_))), "{} bytes: {found:?}", colours.len());
    }
}

#[test]
fn what_stands_behind_a_jpeg_or_in_its_header_is_no_scan() {
    let jpeg = Picture::corners(64, 64).jpeg();
    let expected = render(&jpeg, &eight(), &Limits::default());
    let film = [jpeg.clone(), b"\xFF\xDA".repeat(500)].concat();
    assert_eq!(render(&film, &eight(), &Limits::default()), expected);
    let comment = [&b"\xFF\xFE\x03\xEA"[..], &b"\xFF\xDA".repeat(500)].concat();
    let commented = [&jpeg[..2], &comment, &jpeg[2..]].concat();
    assert_eq!(render(&commented, &eight(), &Limits::default()), expected);
}

#[test]
fn an_animation_that_is_more_work_than_allowed_is_drawn_as_a_still() {
    let limits = Limits { max_animation_pixels: 1_000_000, ..Limits::default() };
    for (side, moves) in [(100, true), (1000, false)] {
        let plan = Resolved { animated: true, ..Resolved::of_size(side, side, Format::Webp) };
        let rendered = render(include_bytes!("fixtures/animated.gif"), &plan, &limits).unwrap();
        assert_eq!((rendered.animated, rendered.width), (moves, side));
    }
}

#[test]
fn a_jpeg_of_endless_scans_ends() {
    // Each scan costs a pass over the picture and only some ten bytes.
    let progressive = include_bytes!("fixtures/progressive.jpg");
    let scan = progressive.windows(2).rposition(|marker| marker == b"\xFF\xDA").unwrap();
    let one = &progressive[scan..progressive.len() - 2];
    let many = [&progressive[..scan], &one.repeat(5000), b"\xFF\xD9"].concat();
    let started = Instant::now();
    let found = small(&many);
    assert!(matches!(found, Err(RenderError::Corrupt(_))), "{found:?} after {:?}", started.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_something_or_nothing(bytes in vec(any::<u8>(), 0..600)) {
        let _ = (probe(&bytes), sniff(&bytes));
    }

    #[test]
    fn damaged_files_are_answered(
        file in sample::select(FILES),
        damage in vec((any::<sample::Index>(), any::<u8>()), 0..12),
        keep in any::<sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = file.to_vec();
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if cut {
            bytes.truncate(keep.index(bytes.len()));
        }
        let _ = sniff(&bytes);
        let limits = Limits { max_pixels: 1_000_000, ..Limits::default() };
        if let Ok(rendered) = render(&bytes, &eight(), &limits) {
            prop_assert!(probe(&bytes).is_some());
            prop_assert_eq!(probe(&rendered.bytes).map(|probe| (probe.width, probe.height)), Some((8, 8)));
        }
    }
}
