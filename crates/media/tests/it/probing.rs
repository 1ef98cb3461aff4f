//! What headers say, of files that we write and of files that others wrote.

use std::time::Instant;

use content::MediaType;
use media::{PROBE_HEAD_BYTES, Probe, probe};

use crate::pictures::{Picture, gif_with_offset, with_orientation};

#[track_caller]
fn assert_probe(bytes: &[u8], media_type: MediaType, size: (u32, u32), orientation: u8, animated: bool) {
    let expected = Probe { media_type, width: size.0, height: size.1, orientation, animated };
    assert_eq!(probe(bytes), Some(expected));
}

#[test]
fn files_of_another_writer() {
    let (still, turned) = ((64, 32), (32, 64));
    assert_probe(include_bytes!("fixtures/lossless.webp"), MediaType::WEBP, still, 1, false);
    assert_probe(include_bytes!("fixtures/lossy.webp"), MediaType::WEBP, still, 1, false);
    assert_probe(include_bytes!("fixtures/alpha-lossy.webp"), MediaType::WEBP, still, 1, false);
    assert_probe(include_bytes!("fixtures/animated.webp"), MediaType::WEBP, still, 1, true);
    assert_probe(include_bytes!("fixtures/exif6.webp"), MediaType::WEBP, turned, 6, false);
    assert_probe(include_bytes!("fixtures/exif6.jpg"), MediaType::JPEG, turned, 6, false);
    assert_probe(include_bytes!("fixtures/progressive.jpg"), MediaType::JPEG, still, 1, false);
    assert_probe(include_bytes!("fixtures/cmyk.jpg"), MediaType::JPEG, still, 1, false);
    assert_probe(include_bytes!("fixtures/palette.png"), MediaType::PNG, still, 1, false);
    assert_probe(include_bytes!("fixtures/animated.png"), MediaType::APNG, still, 1, true);
    assert_probe(include_bytes!("fixtures/animated.gif"), MediaType::GIF, still, 1, true);
}

#[test]
fn files_of_our_own() {
    let picture = Picture::corners(40, 24);
    assert_probe(&picture.png(), MediaType::PNG, (40, 24), 1, false);
    assert_probe(&gif_with_offset(), MediaType::GIF, (20, 10), 1, false);
    let jpeg = picture.jpeg();
    for orientation in 0..=9 {
        let known = if (1..=8).contains(&orientation) { orientation } else { 1 };
        let size = if known >= 5 { (24, 40) } else { (40, 24) };
        assert_probe(&with_orientation(&jpeg, orientation), MediaType::JPEG, size, known, false);
    }
}

#[test]
fn a_second_gif_frame_counts_without_a_loop_block() {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, 4, 4, &[0, 0, 0, 255, 255, 255]).unwrap();
    for _ in 0..2 {
        encoder.write_frame(&gif::Frame::from_indexed_pixels(4, 4, vec![0; 16], None)).unwrap();
    }
    drop(encoder);
    assert_probe(&bytes, MediaType::GIF, (4, 4), 1, true);
}

#[test]
fn an_orientation_beyond_the_head_does_not_count() {
    let file = include_bytes!("fixtures/exif6.webp");
    let exif = file.windows(4).position(|name| name == b"EXIF").unwrap();
    assert_probe(&file[..exif + 8], MediaType::WEBP, (64, 32), 1, false);
}

#[test]
fn stray_and_fill_bytes_between_segments_are_skipped() {
    let jpeg = Picture::corners(40, 24).jpeg();
    let padded = [&jpeg[..2], b"\0\x17\xFF\xFF", &jpeg[2..]].concat();
    assert_probe(&padded, MediaType::JPEG, (40, 24), 1, false);
}

#[test]
fn what_is_no_image_or_has_no_header_is_nothing() {
    let jpeg = Picture::corners(40, 24).jpeg();
    let frame_header = jpeg.windows(2).position(|marker| marker == b"\xFF\xC0").unwrap();
    for bytes in [&b""[..], b"GIF", b"hello, world", &jpeg[..frame_header + 6], b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"] {
        assert_eq!(probe(bytes), None);
    }
    let mut flat = Picture::corners(40, 24).png();
    flat[16..20].fill(0);
    assert_eq!(probe(&flat), None, "no width");
    assert!(probe(&jpeg[..jpeg.len().min(PROBE_HEAD_BYTES)]).is_some());
}

#[test]
fn items_in_many_pieces_of_nothing_cost_no_more_than_their_length() {
    let part = |name: &[u8; 4], body: &[u8]| [&(body.len() as u32 + 8).to_be_bytes()[..], name, body].concat();
    let size = part(b"ipco", &part(b"ispe", b"\0\0\0\0\0\0\0\x28\0\0\0\x18"));
    let properties = part(b"iprp", &[size, part(b"ipma", b"\0\0\0\0\0\0\0\x01\0\x01\x01\x01")].concat());
    let exif = part(b"iinf", &[&b"\0\0\0\0\0\x01"[..], &part(b"infe", b"\x02\0\0\0\0\x02\0\0Exif\0")].concat());
    // Before the item whose place is looked for there are forty thousand of six bytes, each in 65,535 pieces that take none.
    let count = 40_000_u16;
    let items = b"\0\x03\0\0\xFF\xFF".repeat(count.into());
    let places = part(b"iloc", &[&b"\0\0\0\0\0\0"[..], &count.to_be_bytes(), &items].concat());
    let main = part(b"pitm", b"\0\0\0\0\0\x01");
    let meta = part(b"meta", &[&b"\0\0\0\0"[..], &main, &properties, &exif, &places].concat());
    let file = [part(b"ftyp", b"avif\0\0\0\0avif"), meta].concat();
    let started = Instant::now();
    assert_probe(&file, MediaType::AVIF, (40, 24), 1, false);
    assert!(started.elapsed().as_millis() < 500, "{:?}", started.elapsed());
}
