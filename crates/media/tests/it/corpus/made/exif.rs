//! EXIF blocks with every kind of damage, each in a JPEG, a PNG and a WebP, which are whole otherwise.

use super::{Files, png, still};

const SHORT: u16 = 3;
const LONG: u16 = 4;
const FRACTION: u16 = 5;
const TEXT: u16 = 2;
const CAMERA: u16 = 0x8769;
const PLACE: u16 = 0x8825;
const ORIENTATION: u16 = 0x0112;
const TAKEN: u16 = 0x9003;

/// A field as a directory has it: tag, kind, how many values, and the value or where it stands.
type Field = (u16, u16, u32, u32);

pub fn files() -> Files {
    let jpeg = still::gray_jpeg();
    let in_jpeg = |block: &[u8]| {
        let len = (block.len() as u16 + 8).to_be_bytes();
        [&jpeg[..2], b"\xFF\xE1", &len, b"Exif\0\0", block, &jpeg[2..]].concat()
    };
    let in_png = |block: &[u8]| png::png(&png::header(8, 8, 8, 0), &[png::chunk(b"eXIf", block), png::idat(8 * 9)]);
    let mut files = Files::new();
    for (name, block) in blocks() {
        files.push((format!("{name}.jpg"), in_jpeg(&block)));
        files.push((format!("{name}.png"), in_png(&block)));
        files.push((format!("{name}.webp"), still::webp_with_exif(&block)));
    }
    let whole = block(&[(ORIENTATION, SHORT, 1, 6 << 16)], 0, &[]);
    let twice = in_jpeg(&whole);
    files.push(("two-blocks.jpg".to_owned(), [&twice[..2], &twice[2..40], &twice[2..]].concat()));
    for len in [0_u16, 1, 2, 7, 0xFFFF] {
        let mut lying = in_jpeg(&whole);
        lying[4..6].copy_from_slice(&len.to_be_bytes());
        files.push((format!("segment-of-{len}-bytes.jpg"), lying));
    }
    files
}

fn blocks() -> Vec<(String, Vec<u8>)> {
    let mut blocks: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, block: Vec<u8>| blocks.push((name.to_owned(), block));
    let upright = (ORIENTATION, SHORT, 1, 1 << 16);
    add("empty", Vec::new());
    add("no-byte-order", b"XX\0*\0\0\0\x08\0\0\0\0\0\0".to_vec());
    add("wrong-magic", b"MM\0+\0\0\0\x08\0\0\0\0\0\0".to_vec());
    add("cut-in-its-head", b"MM\0*\0\0".to_vec());
    add("directory-at-the-end-of-numbers", b"MM\0*\xFF\xFF\xFF\xFF".to_vec());
    add("directory-in-the-head", b"MM\0*\0\0\0\0".to_vec());
    add("directory-leads-to-itself", block(&[upright], 8, &[]));
    add("camera-leads-to-the-main-directory", block(&[(CAMERA, LONG, 1, 8), upright], 0, &[]));
    add("place-and-camera-lead-to-each-other", {
        let second = 8 + 2 + 2 * 12 + 4;
        let rest = directory(&[(PLACE, LONG, 1, 8), (CAMERA, LONG, 1, 8)], 0);
        block(&[(CAMERA, LONG, 1, second), (PLACE, LONG, 1, second)], second, &rest)
    });
    add("camera-beyond-the-end", block(&[(CAMERA, LONG, 1, u32::MAX - 1), (PLACE, LONG, 1, 60_000)], 0, &[]));
    add("more-fields-than-bytes", {
        let mut block = block(&[upright], 0, &[]);
        block[8..10].fill(0xFF);
        block
    });
    add("sixty-thousand-bytes-of-fields", block(&vec![upright; 5_000], 0, &[]));
    add("text-longer-than-the-block", block(&[(0x010F, TEXT, u32::MAX, 8), (0x0110, TEXT, 0x8000_0000, 8)], 0, &[]));
    add("text-from-beyond-the-end", block(&[(0x010F, TEXT, 100, u32::MAX - 3), (0x0110, TEXT, 100, 37)], 0, &[]));
    add("text-that-is-none", block(&[(0x010F, TEXT, 40, 26)], 0, &[0xFE; 40]));
    add(
        "text-of-controls",
        block(
            &[(0x010F, TEXT, 40, 26)],
            0,
            b"\x1B[2J\0\x07\r\n\x7F\xE2\x80\xAE gpj.exe<script>\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        ),
    );
    for orientation in [0_u32, 9, 255, 65_535] {
        add(&format!("orientation-{orientation}"), block(&[(ORIENTATION, SHORT, 1, orientation << 16)], 0, &[]));
    }
    for (kind, count) in
        [(0, 1), (TEXT, 4), (LONG, 1), (FRACTION, 1), (12, 1), (13, 1), (0xFFFF, 1), (SHORT, 0), (SHORT, u32::MAX)]
    {
        add(
            &format!("orientation-of-kind-{kind}-and-count-{count}"),
            block(&[(ORIENTATION, kind, count, 6 << 16)], 0, &[]),
        );
    }
    for (name, date) in [
        ("month-99", &b"2024:99:99 99:99:99\0"[..]),
        ("year-of-letters", b"abcd:ef:gh ij:kl:mn\0"),
        ("without-end", b"2024:05:01 12:00:00!"),
    ] {
        let camera = directory(&[(TAKEN, TEXT, 20, 26 + 18)], 0);
        add(&format!("taken-{name}"), block(&[(CAMERA, LONG, 1, 26)], 0, &[&camera, date].concat()));
    }
    for (name, parts) in
        [("over-zero", [1_u32, 0, 2, 0, 3, 0]), ("huge", [u32::MAX, 1, u32::MAX, 1, u32::MAX, 1]), ("nothing", [0; 6])]
    {
        let values = parts.map(u32::to_be_bytes).concat();
        let at = 26 + 2 + 4 * 12 + 4;
        let place = [(1, TEXT, 2, u32::from(b'X') << 24), (2, FRACTION, 3, at), (3, TEXT, 2, 0), (4, FRACTION, 3, at)];
        add(&format!("place-{name}"), block(&[(PLACE, LONG, 1, 26)], 0, &[directory(&place, 0), values].concat()));
    }
    blocks
}

/// A block whose first directory has these fields and stands first; what follows stands behind it.
fn block(fields: &[Field], next: u32, rest: &[u8]) -> Vec<u8> {
    [b"MM\0*\0\0\0\x08", &directory(fields, next)[..], rest].concat()
}

fn directory(fields: &[Field], next: u32) -> Vec<u8> {
    let mut bytes = (fields.len() as u16).to_be_bytes().to_vec();
    for (tag, kind, count, value) in fields {
        bytes.extend([tag.to_be_bytes(), kind.to_be_bytes()].concat());
        bytes.extend([count.to_be_bytes(), value.to_be_bytes()].concat());
    }
    bytes.extend(next.to_be_bytes());
    bytes
}
