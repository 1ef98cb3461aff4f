//! TIFF: pages, directories at the end, and what offices have in theirs.

use std::{fs, process::Command, time::Instant};

use media::{Engine, Format, Limits, RenderError, Resolved, probe};

use super::{details, made_by, png_of};
use crate::pictures::{Picture, png};

/// A file that libvips makes, with options in brackets.
pub fn tiff(options: &str, from: &Picture) -> Vec<u8> {
    made_by("vips", &format!("copy IN OUT{options}"), &from.png(), "tif")
}

#[test]
fn of_a_tiff_the_first_page_counts_wherever_its_directory_stands() {
    // Of two pages, the second of another colour; libvips puts each directory behind its pixels.
    let folder = tempfile::tempdir().unwrap();
    let tall = Picture::of(96, 128, |_, y| if y < 64 { [10, 200, 30, 255] } else { [200, 10, 30, 255] });
    let from = folder.path().join("in.png");
    fs::write(&from, tall.png()).unwrap();
    let to = folder.path().join("out.tif");
    let told = format!("{}[page-height=64]", to.display());
    let output = Command::new("vips").args(["copy", from.to_str().unwrap(), &told]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let pages = fs::read(&to).unwrap();
    let mut engine = Engine::default();
    let found = details(&mut engine, &pages).unwrap();
    assert_eq!(found.pixels, (96, 64));
    let first = png_of(&mut engine, &pages, 96, 64).unwrap();
    assert!(first.pixels.iter().all(|pixel| pixel[1] > 190), "{:?}", first.pixels[0]);

    let large = Picture::of(400, 300, |x, y| [x as u8, y as u8, (x * y) as u8, 255]);
    let late = tiff("", &large);
    assert_eq!(probe(&late[..256 * 1024]), None, "the directory of this one stands behind the head");
    assert_eq!(details(&mut engine, &late).unwrap().pixels, (400, 300));
}

#[test]
fn tiffs_of_offices_and_of_old() {
    let mut engine = Engine::default();
    let text = Picture::of(96, 64, |x, y| if (x / 8 + y / 8) % 2 == 0 { [0, 0, 0, 255] } else { [255; 4] });
    for options in [
        "[compression=ccittfax4,bitdepth=1,miniswhite]",
        "[compression=ccittfax4,bitdepth=1]",
        "[bitdepth=1]",
        "[bitdepth=2]",
        "[bitdepth=4]",
        "[bitdepth=1,miniswhite]",
    ] {
        let gray = png(96, 64, png::ColorType::Grayscale, png::BitDepth::Eight, &text.bytes(1));
        let file = made_by("vips", &format!("copy IN OUT{options}"), &gray, "tif");
        let drawn = png_of(&mut engine, &file, 96, 64).unwrap_or_else(|error| panic!("{options}: {error}"));
        assert!(drawn.pixels == text.pixels, "{options}: {:?}", &drawn.pixels[..20]);
    }
    let palette = palette_tiff();
    let drawn = png_of(&mut engine, &palette, 4, 1).unwrap();
    assert_eq!(drawn.pixels, [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [255, 255, 255, 255]]);
}

#[test]
fn what_takes_more_room_than_pixels_is_refused_before_it_is_unpacked() {
    let drawn = |file: &[u8]| Engine::default().render(file, &Resolved::of_size(8, 8, Format::Png), &Limits::default());
    // Of as many pixels as are allowed, each of 32 samples of 64 bits.
    let bits = 64_u16.to_le_bytes().repeat(32);
    let deep = written(
        &[(256, 4, 1, 9_900), (257, 4, 1, 9_900), (258, 3, 32, 12), (262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 32)],
        &[(279, 4, 1, 4), (339, 3, 1, 3)],
        &[&[0; 4][..], &bits].concat(),
    );
    assert_eq!(drawn(&deep), Err(RenderError::TooLarge));
    // A small one in a tile that is a thousand million times as wide; its rows are unpacked whole.
    let vast = written(
        &[(256, 3, 1, 16), (257, 3, 1, 16), (258, 3, 1, 32), (262, 3, 1, 1), (277, 3, 1, 1), (317, 3, 1, 3)],
        &[(322, 4, 1, 0xFFFF_FFF0), (323, 4, 1, 16), (324, 4, 1, 8), (325, 4, 1, 4), (339, 3, 1, 3)],
        &[0; 4],
    );
    assert_eq!(drawn(&vast), Err(RenderError::TooLarge));
    // Sixty thousand samples a pixel of which three are of use.
    let bits = 8_u16.to_le_bytes().repeat(60_000);
    let many = written(
        &[(256, 3, 1, 16), (257, 3, 1, 16), (258, 3, 60_000, 8), (262, 3, 1, 2), (277, 3, 1, 60_000)],
        &[(322, 4, 1, 16), (323, 4, 1, 16), (324, 4, 1, 8), (325, 4, 1, 4), (338, 3, 59_997, 8)],
        &bits,
    );
    assert_eq!(drawn(&many), Err(RenderError::Unsupported));
}

#[test]
fn strips_of_a_fax_that_lie_on_one_another_cost_no_more_than_the_file() {
    let strips = 20_000_u32;
    let data = vec![0; 1 << 20];
    let (offsets, lens) = (8_u32.to_le_bytes().repeat(20_000), (1_u32 << 20).to_le_bytes().repeat(20_000));
    let offsets_at = 8 + data.len() as u32;
    // Read backwards, each byte is turned beforehand.
    let file = written(
        &[(256, 3, 1, 8), (257, 4, 1, strips), (258, 3, 1, 1), (259, 3, 1, 4), (262, 3, 1, 0), (266, 3, 1, 2)],
        &[(273, 4, strips, offsets_at), (277, 3, 1, 1), (278, 3, 1, 1), (279, 4, strips, offsets_at + 4 * strips)],
        &[data, offsets, lens].concat(),
    );
    let started = Instant::now();
    drop(png_of(&mut Engine::default(), &file, 8, 8));
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

/// A file with these tags, in two rows of them: number, kind, count and value. What is in it stands at 8.
fn written(tags: &[(u16, u16, u32, u32)], more: &[(u16, u16, u32, u32)], inside: &[u8]) -> Vec<u8> {
    let mut file = b"II*\0".to_vec();
    file.extend((8 + inside.len() as u32).to_le_bytes());
    file.extend(inside);
    file.extend((tags.len() as u16 + more.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in tags.iter().chain(more) {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file
}

/// Four pixels in two bits each, by a palette of four.
fn palette_tiff() -> Vec<u8> {
    let palette: [[u16; 4]; 3] = [[0xFFFF, 0, 0, 0xFFFF], [0, 0xFFFF, 0, 0xFFFF], [0, 0, 0xFFFF, 0xFFFF]];
    let palette = palette.iter().flatten().flat_map(|value| value.to_le_bytes());
    written(
        &[(256, 3, 1, 4), (257, 3, 1, 1), (258, 3, 1, 2), (259, 3, 1, 1), (262, 3, 1, 3)],
        &[(273, 4, 1, 8), (277, 3, 1, 1), (279, 4, 1, 1), (320, 3, 12, 12)],
        &[0x1B, 0, 0, 0].into_iter().chain(palette).collect::<Vec<u8>>(),
    )
}
