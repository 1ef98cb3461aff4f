//! HEIC files: made by `heif-enc`, and put together anew from what it made, with what it does not write.

use std::{fs, process::Command};

use crate::pictures::{Picture, decode, png};

/// What `heif-enc` makes of a PNG.
pub fn encoded(png: &[u8], arguments: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from.png"), folder.path().join("to.heic"));
    fs::write(&from, png).unwrap();
    let mut command = Command::new("heif-enc");
    if !arguments.contains(&"-A") {
        // The usual preset takes its time and is as good as another.
        command.args(["-p", "preset=ultrafast"]);
    }
    command.args(arguments).arg(&from).arg("-o").arg(&to);
    let output = command.output().expect("heif-enc, from Debian's libheif-examples");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read(to).unwrap()
}

/// AV1 in a file that does not call itself AVIF.
pub fn unnamed_av1(png: &[u8]) -> Vec<u8> {
    let mut file = encoded(png, &["-A"]);
    let brands = file[3] as usize;
    for brand in file[8..brands].as_chunks_mut::<4>().0 {
        if brand == b"avif" || brand == b"avis" {
            *brand = *b"mif1";
        }
    }
    file
}

/// What `heif-convert` makes of a file: turned and cut.
pub fn converted(heic: &[u8]) -> Picture {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from.heic"), folder.path().join("to.png"));
    fs::write(&from, heic).unwrap();
    let mut command = Command::new("heif-convert");
    let output = command.arg(&from).arg(&to).output().expect("heif-convert, from Debian's libheif-examples");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found = fs::read(to).unwrap();
    match png::Decoder::new(std::io::Cursor::new(&found)).read_info().unwrap().info().color_type {
        png::ColorType::Rgb => decode_opaque(&found),
        _ => decode(&found),
    }
}

/// Eight bits a sample and no opacity, as ours with opacity.
fn decode_opaque(bytes: &[u8]) -> Picture {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let pixels = pixels.chunks_exact(3).map(|part| [part[0], part[1], part[2], 255]).collect();
    Picture { width: info.width, height: info.height, pixels }
}

/// A PNG without opacity.
pub fn opaque_png(picture: &Picture) -> Vec<u8> {
    png(picture.width, picture.height, png::ColorType::Rgb, png::BitDepth::Eight, &picture.bytes(3))
}

/// One image as HEVC.
#[derive(Clone)]
pub struct Coded {
    config: Vec<u8>,
    stream: Vec<u8>,
    width: u32,
    height: u32,
}

impl Coded {
    /// That of a file by `heif-enc` with one image.
    pub fn of(picture: &Picture, arguments: &[&str]) -> Self {
        let file = encoded(&opaque_png(picture), arguments);
        let meta = &inside(&file, b"meta")[4..];
        let config = inside(inside(inside(meta, b"iprp"), b"ipco"), b"hvcC").to_vec();
        // It is the first and only item, in one piece.
        let place = &inside(meta, b"iloc")[12..];
        let number = |at: usize| u32::from_be_bytes(place[at..at + 4].try_into().unwrap()) as usize;
        let stream = file[number(0) + number(6)..][..number(10)].to_vec();
        Self { config, stream, width: picture.width, height: picture.height }
    }

    /// Only the first half of the image itself, said to be all: a number before each piece tells how long it is.
    pub fn cut_short(mut self) -> Self {
        let mut at = 0;
        loop {
            let len = u32::from_be_bytes(self.stream[at..at + 4].try_into().unwrap());
            if self.stream[at + 4] >> 1 < 32 {
                self.stream[at..at + 4].copy_from_slice(&(len / 2).to_be_bytes());
                self.stream.truncate(at + 4 + len as usize / 2);
                return self;
            }
            at += 4 + len as usize;
        }
    }
}

fn inside<'a>(mut rest: &'a [u8], name: &[u8; 4]) -> &'a [u8] {
    loop {
        let len = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        if rest[4..8] == *name {
            return &rest[8..len];
        }
        rest = &rest[len..];
    }
}

/// A box.
pub fn part(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes(), &name[..], body].concat()
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// Quarters against the clock.
pub fn turned(quarters: u8) -> Vec<u8> {
    part(b"irot", &[quarters])
}

/// 0 exchanges top and bottom, 1 left and right.
pub fn mirrored(axis: u8) -> Vec<u8> {
    part(b"imir", &[axis])
}

/// Only so much of it, its middle so many halves of a pixel off that of the whole.
pub fn cut_to((width, height): (u32, u32), (across, down): (i32, i32)) -> Vec<u8> {
    let (across, down) = (across.cast_unsigned(), down.cast_unsigned());
    part(b"clap", &numbers(&[width, 1, height, 1, across, 2, down, 2]))
}

/// A file with one image that states this size and has these properties beside it.
pub fn single(coded: &Coded, (width, height): (u32, u32), more: &[Vec<u8>]) -> Vec<u8> {
    let size = part(b"ispe", &numbers(&[0, width, height]));
    let properties = [&[part(b"hvcC", &coded.config), size], more].concat();
    let all: Vec<u8> = (1..=properties.len() as u8).collect();
    assemble(&[Item { name: *b"hvc1", bytes: &coded.stream, properties: all }], 1, &properties, &[])
}

/// A file whose image is put together of equal tiles, row by row; what reaches over its size is cut off.
pub fn grid(tiles: &[&Coded], columns: u8, (width, height): (u32, u32), more: &[Vec<u8>]) -> Vec<u8> {
    let rows = tiles.len() as u8 / columns;
    let (width_bytes, height_bytes) = ((width as u16).to_be_bytes(), (height as u16).to_be_bytes());
    let layout = [&[0, 0, rows - 1, columns - 1], &width_bytes[..], &height_bytes].concat();
    // The same settings make the same parameters.
    let size = |width, height| part(b"ispe", &numbers(&[0, width, height]));
    let mut properties =
        vec![part(b"hvcC", &tiles[0].config), size(tiles[0].width, tiles[0].height), size(width, height)];
    properties.extend_from_slice(more);
    let mut items: Vec<Item<'_>> =
        tiles.iter().map(|coded| Item { name: *b"hvc1", bytes: &coded.stream, properties: vec![1, 2] }).collect();
    items.push(Item { name: *b"grid", bytes: &layout, properties: (3..=properties.len() as u8).collect() });
    let main = items.len() as u16;
    let references: Vec<u8> = (1..main).flat_map(u16::to_be_bytes).collect();
    let dimg = part(b"dimg", &[&main.to_be_bytes(), &(main - 1).to_be_bytes(), &references[..]].concat());
    assemble(&items, main, &properties, &part(b"iref", &[&[0; 4], &dimg[..]].concat()))
}

struct Item<'a> {
    name: [u8; 4],
    bytes: &'a [u8],
    /// Their places, from 1.
    properties: Vec<u8>,
}

fn assemble(items: &[Item<'_>], main: u16, properties: &[Vec<u8>], references: &[u8]) -> Vec<u8> {
    let count = (items.len() as u16).to_be_bytes();
    let ids = || 1_u16..;
    let entries = ids().zip(items).flat_map(|(id, item)| {
        // What is only a part is hidden, so that it is not taken for an image of its own.
        part(b"infe", &[&[2, 0, 0, u8::from(id != main)], &id.to_be_bytes()[..], &[0, 0], &item.name, &[0]].concat())
    });
    let entries: Vec<u8> = entries.collect();
    let associations = ids()
        .zip(items)
        .flat_map(|(id, item)| [&id.to_be_bytes()[..], &[item.properties.len() as u8], &item.properties].concat());
    let associations: Vec<u8> = associations.collect();
    let properties = [
        part(b"ipco", &properties.concat()),
        part(b"ipma", &[&[0; 4], &(items.len() as u32).to_be_bytes()[..], &associations].concat()),
    ];
    let kind = part(b"ftyp", b"heic\0\0\0\0mif1heic");
    // Where the bytes lie depends on how long all before them is, which does not depend on where they lie.
    let meta = |start: usize| {
        let mut at = start as u32;
        let places = ids().zip(items).flat_map(|(id, item)| {
            let place = [&id.to_be_bytes()[..], &[0, 0, 0, 1], &numbers(&[at, item.bytes.len() as u32])].concat();
            at += item.bytes.len() as u32;
            place
        });
        let places: Vec<u8> = places.collect();
        let boxes = [
            part(b"hdlr", b"\0\0\0\0\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            part(b"pitm", &[&[0; 4], &main.to_be_bytes()[..]].concat()),
            part(b"iloc", &[&[0, 0, 0, 0, 0x44, 0], &count[..], &places].concat()),
            part(b"iinf", &[&[0; 4], &count[..], &entries].concat()),
            references.to_vec(),
            part(b"iprp", &properties.concat()),
        ];
        part(b"meta", &[&[0; 4], &boxes.concat()[..]].concat())
    };
    let start = kind.len() + meta(0).len() + 8;
    let bytes: Vec<u8> = items.iter().flat_map(|item| item.bytes).copied().collect();
    [kind, meta(start), part(b"mdat", &bytes)].concat()
}
