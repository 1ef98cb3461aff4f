//! TIFF: pages, directories at the end, and what offices have in theirs.

use std::{fs, process::Command};

use media::{Engine, probe};

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

/// Four pixels in two bits each, by a palette of four.
fn palette_tiff() -> Vec<u8> {
    let mut file = b"II*\0\x0C\0\0\0\x1B\0\0\0".to_vec();
    let tags: [(u16, u16, u32, u32); 9] = [
        (256, 3, 1, 4),
        (257, 3, 1, 1),
        (258, 3, 1, 2),
        (259, 3, 1, 1),
        (262, 3, 1, 3),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (279, 4, 1, 1),
        (320, 3, 12, 12 + 2 + 9 * 12 + 4),
    ];
    file.extend(9_u16.to_le_bytes());
    for (tag, kind, count, value) in tags {
        file.extend(tag.to_le_bytes());
        file.extend(kind.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    let palette: [[u16; 4]; 3] = [[0xFFFF, 0, 0, 0xFFFF], [0, 0xFFFF, 0, 0xFFFF], [0, 0, 0xFFFF, 0xFFFF]];
    file.extend(palette.iter().flatten().flat_map(|value| value.to_le_bytes()));
    file
}
