//! PNG: sizes that are lies or too true, and bombs in every chunk that is packed.

use super::{Files, named, zeros};

const GRAY: u8 = 0;
const RGB: u8 = 2;
const PALETTE: u8 = 3;
const RGBA: u8 = 6;
const GIBIBYTE: u64 = 1 << 30;

pub fn files() -> Files {
    let small = || png(&header(8, 8, 8, GRAY), &[idat(8 * 9)]);
    let with = |chunks: &[Vec<u8>]| png(&header(8, 8, 8, GRAY), &[chunks, &[idat(8 * 9)]].concat());
    let interlaced = |side: u32, depth| {
        let mut head = header(side, side, depth, GRAY);
        head[12] = 1;
        head
    };
    let text = |name: &[u8; 4], head: &[u8]| chunk(name, &[head, &zeros::zlib(GIBIBYTE)].concat());
    let mut files = named([
        ("no-width.png", png(&header(0, 8, 8, GRAY), &[idat(72)])),
        ("sides-of-all-ones.png", png(&header(u32::MAX, u32::MAX, 8, RGBA), &[idat(72)])),
        ("largest-sides.png", png(&header(0x7FFF_FFFF, 0x7FFF_FFFF, 16, RGBA), &[idat(72)])),
        ("two-thousand-million-in-one-row.png", png(&header(0x7FFF_FFFF, 1, 8, GRAY), &[idat(72)])),
        ("hundred-million-gray.png", png(&header(10_000, 10_000, 8, GRAY), &[idat(10_000 * 10_001)])),
        ("four-million-clear.png", png(&header(2_000, 2_000, 8, RGBA), &[idat(2_000 * 8_001)])),
        ("four-million-deep.png", png(&header(2_000, 2_000, 16, RGBA), &[idat(2_000 * 16_001)])),
        ("four-million-bits.png", png(&header(2_000, 2_000, 1, GRAY), &[idat(2_000 * 251)])),
        ("hundred-million-in-one-row.png", png(&header(100_000_000, 1, 8, GRAY), &[idat(100_000_001)])),
        ("million-in-one-column.png", png(&header(1, 1_000_000, 8, GRAY), &[idat(2_000_000)])),
        ("hundred-million-and-one-row-more.png", png(&header(10_000, 10_001, 8, GRAY), &[idat(10_001 * 10_001)])),
        ("four-million-interlaced.png", png(&interlaced(2_000, 8), &[idat(2_000 * 2_000 + 4_000)])),
        ("hundred-million-and-no-data.png", png(&header(10_000, 10_000, 8, RGB), &[idat(10)])),
        ("hundred-million-and-no-chunk.png", png(&header(10_000, 10_000, 8, RGB), &[])),
        ("a-gibibyte-behind-the-last-row.png", png(&header(8, 8, 8, GRAY), &[idat(GIBIBYTE)])),
        ("profile-of-a-gibibyte.png", with(&[text(b"iCCP", b"name\0\0")])),
        ("text-of-a-gibibyte.png", with(&[text(b"zTXt", b"name\0\0")])),
        ("texts-of-a-gibibyte-each.png", with(&vec![text(b"iTXt", b"name\0\x01\0\0\0"); 20])),
        ("million-chunks.png", with(&vec![chunk(b"tEXt", b"a\0b"); 1_000_000])),
        ("thousands-of-empty-pieces.png", with(&vec![chunk(b"IDAT", b""); 3_000])),
        ("million-palettes.png", with(&vec![chunk(b"PLTE", &[7; 3]); 100_000])),
        ("palette-missing.png", png(&header(8, 8, 8, PALETTE), &[idat(72)])),
        ("colour-of-no-kind.png", png(&header(8, 8, 8, 5), &[idat(72)])),
        ("depth-of-no-kind.png", png(&header(8, 8, 255, RGBA), &[idat(72)])),
        ("two-headers.png", with(&[chunk(b"IHDR", &header(10_000, 10_000, 8, RGBA))])),
        ("data-that-is-none.png", png(&header(8, 8, 8, GRAY), &[chunk(b"IDAT", b"\x78\x9C\xFF\xFF\xFF")])),
        ("filters-of-no-kind.png", png(&header(8, 8, 8, GRAY), &[chunk(b"IDAT", &stored(&[9; 72]))])),
        ("transparency-too-long.png", with(&[chunk(b"tRNS", &[7; 10_000])])),
        ("profile-that-is-none.png", with(&[chunk(b"iCCP", &[b"name\0\0", &stored(&[0xFF; 500])[..]].concat())])),
    ]);
    for (name, at, bytes) in [
        ("chunk-of-all-ones.png", 33, &[0xFF; 4][..]),
        ("chunk-of-two-gibibytes.png", 33, b"\x7F\xFF\xFF\xFF"),
        ("checksum-wrong.png", 29, b"\0\0\0\0"),
    ] {
        let mut file = small();
        file[at..at + 4].copy_from_slice(bytes);
        files.push((name.to_owned(), file));
    }
    files
}

/// The header's body.
pub fn header(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat()
}

pub fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let sum = crc32fast::hash(&[name, body].concat());
    [&(body.len() as u32).to_be_bytes()[..], name, body, &sum.to_be_bytes()].concat()
}

/// Rows of zeros, this many bytes with the filters.
pub fn idat(count: u64) -> Vec<u8> {
    chunk(b"IDAT", &zeros::zlib(count))
}

pub fn png(header: &[u8], chunks: &[Vec<u8>]) -> Vec<u8> {
    [b"\x89PNG\r\n\x1A\n", &chunk(b"IHDR", header)[..], &chunks.concat(), &chunk(b"IEND", b"")].concat()
}

/// A zlib stream of these few bytes.
pub fn stored(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
