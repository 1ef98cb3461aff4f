//! JPEG and WebP: sizes that are lies, scans without end, segments that are none.

use super::{Files, named};

const PROGRESSIVE: &[u8] = include_bytes!("../../fixtures/progressive.jpg");
const GRAY: &[u8] = include_bytes!("../../fixtures/gray.jpg");

/// Marks of the segments that are changed.
const TABLES: u8 = 0xC4;
const QUANTISERS: u8 = 0xDB;
const FRAME: u8 = 0xC0;
const PROGRESSIVE_FRAME: u8 = 0xC2;
const SCAN: u8 = 0xDA;

pub fn files() -> Files {
    let mut files = [
        jpegs(),
        named([
            ("four-million-of-one-colour.webp", webp(2_000, 2_000)),
            ("largest-sides.webp", webp(16_384, 16_384)),
            ("hundred-million-in-nothing.webp", riff(&riff_chunk(b"VP8L", &plain_webp(10_000, 10_000)[..5]))),
            (
                "lossy-of-largest-sides.webp",
                riff(&riff_chunk(b"VP8 ", b"\x10\0\0\x9D\x01\x2A\xFF\x3F\xFF\x3F\0\0\0\0")),
            ),
            ("longer-than-it-is.webp", {
                let mut file = webp(8, 8);
                file[4..8].fill(0xFF);
                file[16..20].fill(0xFF);
                file
            }),
            ("million-chunks.webp", riff(&riff_chunk(b"junk", b"").repeat(1_000_000))),
            ("head-of-another-size.webp", {
                let head = riff_chunk(b"VP8X", b"\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF");
                riff(&[head, riff_chunk(b"VP8L", &plain_webp(8, 8))].concat())
            }),
        ]),
    ]
    .concat();
    for frame in 0xC0..=0xCF_u8 {
        let mut file = GRAY.to_vec();
        let at = mark(&file, FRAME);
        file[at + 1] = frame;
        files.push((format!("frame-of-kind-{frame:x}.jpg"), file));
    }
    files
}

fn jpegs() -> Files {
    let scan = mark(PROGRESSIVE, SCAN);
    let last_scan = PROGRESSIVE.windows(2).rposition(|two| two == [0xFF, SCAN]).unwrap();
    let scans = |count: usize, of: &[u8]| {
        let (head, one) = (&of[..last_scan], &of[last_scan..of.len() - 2]);
        [head, &one.repeat(count), b"\xFF\xD9"].concat()
    };
    let huge = sized(PROGRESSIVE, PROGRESSIVE_FRAME, 10_000, 10_000);
    let segment = |kind: u8, body: &[u8]| [&[0xFF, kind], &(body.len() as u16 + 2).to_be_bytes()[..], body].concat();
    let with = |segments: &[u8]| [&GRAY[..2], segments, &GRAY[2..]].concat();
    let without = |kind: u8| {
        let mut file = GRAY.to_vec();
        while let Some(at) = file.windows(2).position(|two| two == [0xFF, kind]) {
            let len = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
            file.drain(at..at + 2 + len);
        }
        file
    };
    let profile = |number: u8, of: u8| segment(0xE2, &[b"ICC_PROFILE\0", &[number, of][..], &[0x5A; 60_000]].concat());
    named([
        ("largest-sides.jpg", sized(GRAY, FRAME, 65_535, 65_535)),
        ("no-height.jpg", sized(GRAY, FRAME, 100, 0)),
        ("no-width.jpg", sized(GRAY, FRAME, 0, 100)),
        ("hundred-million-cut.jpg", sized(GRAY, FRAME, 10_000, 10_000)),
        ("hundred-million-progressive-cut.jpg", huge.clone()),
        ("four-million-in-ninety-scans.jpg", scans(90, &sized(PROGRESSIVE, PROGRESSIVE_FRAME, 2_000, 2_000))),
        ("scans-without-end.jpg", scans(5_000, PROGRESSIVE)),
        ("only-scans.jpg", [b"\xFF\xD8", &PROGRESSIVE[scan..].repeat(1_000)[..]].concat()),
        ("no-tables.jpg", without(TABLES)),
        ("no-quantisers.jpg", without(QUANTISERS)),
        ("tables-of-all-ones.jpg", with(&segment(TABLES, &[0xFF; 1_000]))),
        ("tables-too-short.jpg", with(&segment(TABLES, &[0]))),
        ("quantisers-of-nothing.jpg", with(&segment(QUANTISERS, &[0; 65]))),
        ("hundred-components.jpg", {
            let mut file = GRAY.to_vec();
            let at = mark(&file, FRAME);
            file[at + 9] = 100;
            file
        }),
        ("samples-of-255.jpg", {
            let mut file = GRAY.to_vec();
            let at = mark(&file, FRAME);
            file[at + 11] = 0xFF;
            file
        }),
        ("profile-of-255-pieces.jpg", with(&(1..=255).flat_map(|at| profile(at, 255)).collect::<Vec<u8>>())),
        ("profile-in-pieces-that-miss.jpg", with(&[profile(1, 200), profile(150, 200), profile(0, 0)].concat())),
        ("hundred-thousand-remarks.jpg", with(&segment(0xFE, b"x").repeat(100_000))),
        ("restart-after-each.jpg", with(b"\xFF\xDD\0\x04\0\x01")),
        ("megabytes-of-fill.jpg", with(&[0xFF; 4_000_000])),
        ("begins-again-and-again.jpg", b"\xFF\xD8".repeat(1_000_000)),
        ("a-jpeg-in-its-own-remark.jpg", with(&segment(0xE1, &[b"Exif\0\0", GRAY].concat()))),
        ("ends-at-once.jpg", b"\xFF\xD8\xFF\xD9".to_vec()),
    ])
}

pub fn gray_jpeg() -> Vec<u8> {
    GRAY.to_vec()
}

fn mark(jpeg: &[u8], kind: u8) -> usize {
    jpeg.windows(2).position(|two| two == [0xFF, kind]).unwrap()
}

fn sized(jpeg: &[u8], frame: u8, width: u16, height: u16) -> Vec<u8> {
    let mut jpeg = jpeg.to_vec();
    let at = mark(&jpeg, frame);
    jpeg[at + 5..at + 9].copy_from_slice(&[height.to_be_bytes(), width.to_be_bytes()].concat());
    jpeg
}

fn webp(width: u32, height: u32) -> Vec<u8> {
    riff(&riff_chunk(b"VP8L", &plain_webp(width, height)))
}

pub fn webp_with_exif(block: &[u8]) -> Vec<u8> {
    let head = riff_chunk(b"VP8X", &[8, 0, 0, 0, 7, 0, 0, 7, 0, 0]);
    riff(&[head, riff_chunk(b"VP8L", &plain_webp(8, 8)), riff_chunk(b"EXIF", block)].concat())
}

/// An image of one colour: its five codes have one word each, which takes no bits, so any size is as long as any other.
pub fn plain_webp(width: u32, height: u32) -> Vec<u8> {
    let (mut bits, mut len) = (0_u128, 0);
    let mut push = |value: u32, count: u32| {
        bits |= u128::from(value) << len;
        len += count;
    };
    push(0x2F, 8);
    push((width - 1) & 0x3FFF, 14);
    push((height - 1) & 0x3FFF, 14);
    // No alpha, version 0, no transform, no cache, one group of codes.
    push(0, 1 + 3 + 1 + 1 + 1);
    for _ in 0..5 {
        push(1, 4);
    }
    bits.to_le_bytes().to_vec()
}

pub fn riff_chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [name, &(body.len() as u32).to_le_bytes()[..], body, &[0][..body.len() % 2]].concat()
}

pub fn riff(chunks: &[u8]) -> Vec<u8> {
    [b"RIFF", &(chunks.len() as u32 + 4).to_le_bytes()[..], b"WEBP", chunks].concat()
}
