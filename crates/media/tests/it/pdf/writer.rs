//! Documents, written by hand: objects numbered from 1, of which the first is the catalogue, and a table of where they are.

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};

/// The number of the first object that [`page`] is given.
pub const FIRST_MORE: usize = 5;

/// A document of one page with these attributes and this content. What it refers to is numbered from [`FIRST_MORE`].
pub fn page(attributes: &str, content: &str, more: &[Vec<u8>]) -> Vec<u8> {
    page_of(attributes, stream("", content.as_bytes()), more)
}

/// The same of a content that is a stream already.
pub fn page_of(attributes: &str, content: Vec<u8>, more: &[Vec<u8>]) -> Vec<u8> {
    let page = format!("<</Type/Page/Parent 2 0 R/Contents 4 0 R{attributes}>>");
    let pages = "<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 100 50]>>";
    let mut objects = vec![object("<</Type/Catalog/Pages 2 0 R>>"), object(pages), object(&page), content];
    objects.extend_from_slice(more);
    document(&objects)
}

/// A document of these objects.
pub fn document(objects: &[Vec<u8>]) -> Vec<u8> {
    with_trailer(objects, "")
}

/// The same, with more in its trailer.
pub fn with_trailer(objects: &[Vec<u8>], more: &str) -> Vec<u8> {
    let (mut bytes, places) = laid_out(objects);
    let start = bytes.len();
    bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for at in places {
        bytes.extend(format!("{at:010} 00000 n \n").bytes());
    }
    let trailer = format!("trailer\n<</Size {}/Root 1 0 R{more}>>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    bytes.extend(trailer.bytes());
    bytes
}

/// The same as [`document`] in the newer way: all but the streams lie in a stream, and so does the table.
pub fn in_streams(objects: &[Vec<u8>]) -> Vec<u8> {
    let packed = |object: &Vec<u8>| !object.windows(6).any(|word| word == b"stream");
    let (mut heads, mut bodies, mut count) = (String::new(), Vec::new(), 0);
    for (at, object) in objects.iter().enumerate().filter(|(_, object)| packed(object)) {
        heads.push_str(&format!("{} {} ", at + 1, bodies.len()));
        bodies.extend_from_slice(object);
        bodies.push(b' ');
        count += 1;
    }
    let dictionary = format!("/Type/ObjStm/N {count}/First {}", heads.len());
    let holder = deflated(&dictionary, &[heads.as_bytes(), &bodies].concat());
    let (table, holder_number) = (objects.len() + 2, objects.len() + 1);
    // What is packed is written too, as something else, so that it is found where the table says or not at all.
    let mut laid: Vec<Vec<u8>> =
        objects.iter().map(|one| if packed(one) { object("null") } else { one.clone() }).collect();
    laid.push(holder);
    let (mut bytes, places) = laid_out(&laid);
    let start = bytes.len();
    let entry = |kind: u8, place: usize, index: usize| {
        [&[kind][..], &(place as u32).to_be_bytes(), &(index as u16).to_be_bytes()].concat()
    };
    let (mut entries, mut index) = (entry(0, 0, 65535), 0);
    for (at, place) in places.iter().enumerate() {
        if objects.get(at).is_some_and(packed) {
            entries.extend(entry(2, holder_number, index));
            index += 1;
        } else {
            entries.extend(entry(1, *place, 0));
        }
    }
    entries.extend(entry(1, start, 0));
    let dictionary = format!("/Type/XRef/Size {}/W[1 4 2]/Root 1 0 R", table + 1);
    bytes.extend(format!("{table} 0 obj\n").bytes());
    bytes.extend(deflated(&dictionary, &entries));
    bytes.extend(format!("\nendobj\nstartxref\n{start}\n%%EOF\n").bytes());
    bytes
}

fn laid_out(objects: &[Vec<u8>]) -> (Vec<u8>, Vec<usize>) {
    let (mut bytes, mut places) = (b"%PDF-1.7\n".to_vec(), Vec::new());
    for (at, object) in objects.iter().enumerate() {
        places.push(bytes.len());
        bytes.extend(format!("{} 0 obj\n", at + 1).bytes());
        bytes.extend_from_slice(object);
        bytes.extend(b"\nendobj\n");
    }
    (bytes, places)
}

pub fn object(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

pub fn stream(dictionary: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!("<<{dictionary}/Length {}>>\nstream\n", bytes.len());
    [head.as_bytes(), bytes, b"\nendstream"].concat()
}

pub fn deflated(dictionary: &str, bytes: &[u8]) -> Vec<u8> {
    stream(&format!("{dictionary}/Filter/FlateDecode"), &zlib(bytes))
}

pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    zlib_of(bytes, 1)
}

/// Of the same bytes so many times.
pub fn zlib_of(bytes: &[u8], times: u32) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..times {
        encoder.write_all(bytes).unwrap();
    }
    encoder.finish().unwrap()
}
