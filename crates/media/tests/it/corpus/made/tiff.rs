//! TIFF: directories that go round in circles, counts beyond all bytes, packed nothing.

use super::{Files, named, zeros};

const SHORT: u16 = 3;
const LONG: u16 = 4;
const DEFLATE: u32 = 8;
const LZW: u32 = 5;
const PACK_BITS: u32 = 32_773;
const FAX4: u32 = 4;

/// Tag, kind, how many values, and the value or where it stands.
type Field = (u16, u16, u32, u32);

pub fn files() -> Files {
    let zeros = zeros::zlib(4_000_000);
    let gray = |width, height| Image { width, height, ..Image::GRAY };
    let mut files = named([
        ("directory-leads-to-itself.tif", gray(8, 8).written(&[0; 64], Some(8))),
        ("directory-beyond-the-end.tif", b"II*\0\xFF\xFF\xFF\xFF".to_vec()),
        ("directory-in-the-head.tif", b"II*\0\0\0\0\0".to_vec()),
        ("more-fields-than-bytes.tif", b"II*\0\x08\0\0\0\xFF\xFF".to_vec()),
        ("no-fields.tif", b"II*\0\x08\0\0\0\0\0\0\0\0\0".to_vec()),
        ("million-directories.tif", chain(100_000)),
        ("big-of-all-ones.tif", [b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0", &[0xFF; 64][..]].concat()),
        ("largest-sides.tif", gray(u32::MAX, u32::MAX).file(&[0; 64])),
        ("no-height.tif", gray(8, 0).file(&[0; 64])),
        ("hundred-million-and-no-data.tif", gray(10_000, 10_000).file(&[])),
        ("four-million-deflated.tif", Image { packing: DEFLATE, ..gray(2_000, 2_000) }.file(&zeros)),
        ("four-million-deflated-too-little.tif", Image { packing: DEFLATE, ..gray(2_000, 2_000) }.file(&zeros[..1000])),
        ("four-million-in-packed-bits.tif", {
            Image { packing: PACK_BITS, ..gray(2_000, 2_000) }.file(&b"\x81\0".repeat(31_250))
        }),
        ("four-million-in-words-that-are-none.tif", Image { packing: LZW, ..gray(2_000, 2_000) }.file(&[0xFF; 4_000])),
        ("four-million-faxed.tif", Image { packing: FAX4, bits: 1, ..gray(2_000, 2_000) }.file(&[0xFF; 1_250])),
        ("four-million-faxed-of-nothing.tif", Image { packing: FAX4, bits: 1, ..gray(2_000, 2_000) }.file(&[0; 1_250])),
        ("a-gibibyte-behind-the-last-row.tif", Image { packing: DEFLATE, ..gray(8, 8) }.file(&zeros::zlib(1 << 30))),
        ("samples-65535.tif", Image { samples: 65_535, ..gray(8, 8) }.file(&[0; 64])),
        ("samples-of-none.tif", Image { samples: 0, ..gray(8, 8) }.file(&[0; 64])),
        ("bits-65535.tif", Image { bits: 65_535, ..gray(8, 8) }.file(&[0; 64])),
        ("bits-of-none.tif", Image { bits: 0, ..gray(8, 8) }.file(&[0; 64])),
        ("rows-of-none.tif", Image { rows: Some(0), ..gray(8, 8) }.file(&[0; 64])),
        ("strips-of-one-row-and-one-offset.tif", Image { rows: Some(1), ..gray(8, 10_000) }.file(&[0; 64])),
        ("strips-four-thousand-million.tif", Image { strips: u32::MAX, ..gray(8, 8) }.file(&[0; 64])),
        (
            "strips-a-hundred-million.tif",
            Image { strips: 100_000_000, rows: Some(1), ..gray(1, 100_000_000) }.file(&[0; 64]),
        ),
        ("strip-beyond-the-end.tif", Image { len: Some(u32::MAX), ..gray(8, 8) }.file(&[0; 64])),
        ("palette-missing.tif", Image { meaning: 3, ..gray(8, 8) }.file(&[0; 64])),
        ("meaning-of-no-kind.tif", Image { meaning: 65_535, ..gray(8, 8) }.file(&[0; 64])),
    ]);
    for side in [0, 1, 16, 65_536, 0x8000_0000, u32::MAX] {
        let tiles: [Field; 4] = [(322, LONG, 1, side), (323, LONG, 1, side), (324, LONG, 1, 8), (325, LONG, 1, 64)];
        let fields = [&gray(100, 100).fields(0)[..5], &tiles].concat();
        files.push((format!("tiles-of-{side}.tif"), with_fields(&fields, 0, &[0; 64])));
    }
    for packing in [2, 3, 6, 7, 50_000, 65_535] {
        files.push((format!("packed-as-{packing}.tif"), Image { packing, ..gray(100, 100) }.file(&[0x5A; 500])));
    }
    files
}

/// What is said of an image in strips.
struct Image {
    width: u32,
    height: u32,
    bits: u32,
    packing: u32,
    meaning: u32,
    samples: u32,
    strips: u32,
    rows: Option<u32>,
    len: Option<u32>,
}

impl Image {
    const GRAY: Self =
        Self { width: 8, height: 8, bits: 8, packing: 1, meaning: 1, samples: 1, strips: 1, rows: None, len: None };

    fn fields(&self, len: usize) -> [Field; 9] {
        let fields = 9;
        let data_at = 8 + 2 + fields * 12 + 4;
        [
            (256, LONG, 1, self.width),
            (257, LONG, 1, self.height),
            (258, SHORT, 1, self.bits),
            (259, SHORT, 1, self.packing),
            (262, SHORT, 1, self.meaning),
            (273, LONG, self.strips, data_at),
            (277, SHORT, 1, self.samples),
            (278, LONG, 1, self.rows.unwrap_or(self.height)),
            (279, LONG, self.strips, self.len.unwrap_or(len as u32)),
        ]
    }

    fn file(&self, data: &[u8]) -> Vec<u8> {
        self.written(data, None)
    }

    fn written(&self, data: &[u8], next: Option<u32>) -> Vec<u8> {
        with_fields(&self.fields(data.len()), next.unwrap_or(0), data)
    }
}

fn with_fields(fields: &[Field], next: u32, rest: &[u8]) -> Vec<u8> {
    [b"II*\0\x08\0\0\0", &directory(fields, next)[..], rest].concat()
}

fn directory(fields: &[Field], next: u32) -> Vec<u8> {
    let mut bytes = (fields.len() as u16).to_le_bytes().to_vec();
    for (tag, kind, count, value) in fields {
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.extend(next.to_le_bytes());
    bytes
}

/// Directories without an image, each leading to the next.
fn chain(count: u32) -> Vec<u8> {
    let one = directory(&[(254, LONG, 1, 1)], 0).len() as u32;
    let all = (1..=count).flat_map(|number| directory(&[(254, LONG, 1, 1)], 8 + number * one));
    [b"II*\0\x08\0\0\0", &all.collect::<Vec<u8>>()[..]].concat()
}
