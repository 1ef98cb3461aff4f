//! BMP, AVIF and HEIC: heads that lie, boxes in boxes.

use std::{fs, process::Command};

use super::{Files, named, png};

pub fn files() -> Files {
    let mut files = [bitmaps(), boxes()].concat();
    let plain = avif();
    for (name, sides) in [
        ("largest-sides", [u32::MAX; 2]),
        ("no-sides", [0; 2]),
        ("hundred-million", [10_000; 2]),
        ("other-sides", [65, 63]),
    ] {
        let mut file = plain.clone();
        let at = file.windows(4).position(|four| four == b"ispe").unwrap() + 8;
        file[at..at + 8].copy_from_slice(&sides.map(u32::to_be_bytes).concat());
        files.push((format!("avif-of-{name}.avif"), file));
    }
    for name in [b"ftyp", b"meta", b"iloc", b"iinf", b"iprp", b"ipco", b"ipma", b"av1C", b"mdat"] {
        let at = plain.windows(4).position(|four| four == name).unwrap();
        let name = str::from_utf8(name).unwrap();
        for len in [0_u32, 1, 7, u32::MAX] {
            let mut file = plain.clone();
            file[at - 4..at].copy_from_slice(&len.to_be_bytes());
            files.push((format!("avif-whose-{name}-has-{len}-bytes.avif"), file));
        }
        let mut file = plain.clone();
        let end = file.len().min(at + 40);
        file[at + 4..end].fill(0xFF);
        files.push((format!("avif-whose-{name}-is-ones.avif"), file));
    }
    let data = plain.windows(4).position(|four| four == b"mdat").unwrap() + 4;
    let noise = |byte: &u8| byte.wrapping_mul(167).wrapping_add(91);
    files.push((
        "avif-of-noise.avif".to_owned(),
        [&plain[..data], &plain[data..].iter().map(noise).collect::<Vec<u8>>()].concat(),
    ));
    files.push(("avif-cut.avif".to_owned(), plain[..data + 10].to_vec()));
    files
}

/// A whole one, by libavif's own program.
fn avif() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from.png"), folder.path().join("to.avif"));
    fs::write(&from, png::png(&png::header(64, 64, 8, 2), &[png::idat(64 * 193)])).unwrap();
    let output = Command::new("avifenc").args(["-s", "10", "-j", "1"]).args([&from, &to]).output().unwrap();
    assert!(output.status.success(), "avifenc: {}", String::from_utf8_lossy(&output.stderr));
    fs::read(to).unwrap()
}

fn boxes() -> Files {
    let boxed = |name: &[u8; 4], body: &[u8]| [&(body.len() as u32 + 8).to_be_bytes()[..], name, body].concat();
    let full = |name: &[u8; 4], body: &[u8]| boxed(name, &[&[0; 4], body].concat());
    let head = |brand: &[u8; 4]| boxed(b"ftyp", &[brand, &[0; 4][..], brand, b"mif1"].concat());
    // Each box holds the next, and states all that is left.
    let nested = (0..50_000_u32)
        .flat_map(|depth| [((50_000 - depth) * 8).to_be_bytes(), *b"meta"].concat())
        .collect::<Vec<u8>>();
    let main = full(b"pitm", &[0, 1]);
    let grid = {
        let item = |id: u8, kind: &[u8; 4]| boxed(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0], &kind[..], b"\0"].concat());
        let items = full(b"iinf", &[&[0, 2], &item(1, b"grid")[..], &item(2, b"grid")].concat());
        // Two grids, each made of the other.
        let of = |from: u8, to: u8| boxed(b"dimg", &[0, from, 0, 1, 0, to]);
        let references = full(b"iref", &[of(1, 2), of(2, 1)].concat());
        let sides = full(b"ispe", &[10_000_u32.to_be_bytes(), 10_000_u32.to_be_bytes()].concat());
        let properties =
            boxed(b"iprp", &[boxed(b"ipco", &sides), full(b"ipma", &[0, 0, 0, 2, 0, 1, 1, 1, 0, 2, 1, 1])].concat());
        let places = full(b"iloc", &[0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8]);
        full(b"meta", &[main.clone(), items, references, properties, places].concat())
    };
    let items = full(b"meta", &[main.clone(), full(b"iinf", &[0xFF, 0xFF])].concat());
    let places = full(b"meta", &[main, full(b"iloc", &[0x88, 0x88, 0xFF, 0xFF])].concat());
    let mut files = Files::new();
    for brand in [b"avif", b"heic"] {
        let kind = str::from_utf8(brand).unwrap();
        for (name, rest) in [
            ("head-only", Vec::new()),
            ("boxes-in-boxes", nested.clone()),
            ("grids-of-each-other", grid.clone()),
            ("items-65535", items.clone()),
            ("places-65535", places.clone()),
            ("million-boxes", boxed(b"free", b"").repeat(1_000_000)),
            ("box-of-all-ones", [b"\0\0\0\x01meta", &[0xFF; 100][..]].concat()),
        ] {
            files.push((format!("{kind}-{name}.{kind}"), [head(brand), rest].concat()));
        }
    }
    files
}

fn bitmaps() -> Files {
    let plain = Bitmap { width: 8, height: 8, bits: 24, packing: 0, colours: 0, data_at: 54 };
    let runs = |count: usize| b"\xFF\0".repeat(count);
    named([
        ("largest-sides.bmp", Bitmap { width: i32::MAX, height: i32::MAX, ..plain }.file(&[0; 192])),
        ("lowest-height.bmp", Bitmap { height: i32::MIN, ..plain }.file(&[0; 192])),
        ("width-below-nothing.bmp", Bitmap { width: -8, ..plain }.file(&[0; 192])),
        ("hundred-million-and-no-data.bmp", Bitmap { width: 10_000, height: 10_000, ..plain }.file(&[])),
        (
            "hundred-million-in-runs.bmp",
            Bitmap { width: 10_000, height: 10_000, bits: 8, packing: 1, ..plain }.file(&runs(392_157)),
        ),
        (
            "hundred-million-at-the-first-end.bmp",
            Bitmap { width: 10_000, height: 10_000, bits: 8, packing: 1, ..plain }.file(b"\0\x01"),
        ),
        ("runs-that-jump-out.bmp", Bitmap { bits: 8, packing: 1, ..plain }.file(&b"\0\x02\xFF\xFF".repeat(10_000))),
        ("runs-without-end.bmp", Bitmap { bits: 8, packing: 1, ..plain }.file(&runs(1_000_000))),
        ("bits-65535.bmp", Bitmap { bits: 65_535, ..plain }.file(&[0; 192])),
        ("packing-of-no-kind.bmp", Bitmap { packing: u32::MAX, ..plain }.file(&[0; 192])),
        ("colours-four-thousand-million.bmp", Bitmap { bits: 8, colours: u32::MAX, ..plain }.file(&[0; 192])),
        ("data-beyond-the-end.bmp", Bitmap { data_at: u32::MAX, ..plain }.file(&[0; 192])),
        ("data-in-the-head.bmp", Bitmap { data_at: 0, ..plain }.file(&[0; 192])),
        ("a-png-within.bmp", Bitmap { packing: 5, ..plain }.file(b"\x89PNG\r\n\x1A\n")),
    ])
}

/// What the head of a bitmap says.
#[derive(Clone, Copy)]
struct Bitmap {
    width: i32,
    height: i32,
    bits: u16,
    packing: u32,
    colours: u32,
    data_at: u32,
}

impl Bitmap {
    fn file(&self, data: &[u8]) -> Vec<u8> {
        let Self { width, height, bits, packing, colours, data_at } = self;
        let len = 54 + data.len() as u32;
        let head = [b"BM", &len.to_le_bytes()[..], &[0; 4], &data_at.to_le_bytes(), &40_u32.to_le_bytes()].concat();
        let sides = [width.to_le_bytes(), height.to_le_bytes()].concat();
        let rest =
            [&[1, 0], &bits.to_le_bytes()[..], &packing.to_le_bytes(), &[0; 12], &colours.to_le_bytes(), &[0; 4]];
        [&head[..], &sides, &rest.concat(), data].concat()
    }
}
