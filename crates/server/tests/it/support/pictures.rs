//! Pictures of known size and colours in every format, and the size and colours of what is answered, read by other means
//! than the product's.

use turbojpeg::{Compressor, Decompressor, Image, PixelFormat, Subsamp};

pub const RED: [u8; 4] = [255, 0, 0, 255];
pub const GREEN: [u8; 4] = [0, 255, 0, 255];
pub const BLUE: [u8; 4] = [0, 0, 255, 255];
pub const CLEAR: [u8; 4] = [0, 0, 0, 0];
pub const WHITE: [u8; 4] = [255, 255, 255, 255];

/// Top left, top right, bottom left, bottom right.
pub type Quarters = [[u8; 4]; 4];

/// Pixels in rows, four bytes each.
fn quarters(width: usize, height: usize, [a, b, c, d]: Quarters) -> Vec<u8> {
    let row = |left: [u8; 4], right: [u8; 4]| [left.repeat(width / 2), right.repeat(width - width / 2)].concat();
    [row(a, b).repeat(height / 2), row(c, d).repeat(height - height / 2)].concat()
}

/// A JPEG.
pub fn jpeg(width: usize, height: usize) -> Vec<u8> {
    jpeg_of(width, height, [RED, GREEN, BLUE, WHITE])
}

pub fn jpeg_of(width: usize, height: usize, colours: Quarters) -> Vec<u8> {
    let pixels = quarters(width, height, colours);
    let mut compressor = Compressor::new().unwrap();
    compressor.set_quality(92).unwrap();
    compressor.set_subsamp(Subsamp::None).unwrap();
    let image = Image { pixels: &pixels[..], width, height, pitch: width * 4, format: PixelFormat::RGBA };
    compressor.compress_to_vec(image).unwrap()
}

/// The JPEG with an EXIF block that states an orientation.
pub fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut segment = b"\xFF\xE1\0\x22Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    segment.extend([orientation, 0, 0, 0, 0, 0, 0]);
    [&jpeg[..2], &segment, &jpeg[2..]].concat()
}

/// A PNG whose bottom right quarter is clear.
pub fn png(width: usize, height: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let side = |side: usize| u32::try_from(side).unwrap();
    let mut encoder = png::Encoder::new(&mut bytes, side(width), side(height));
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fastest);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&quarters(width, height, [RED, GREEN, BLUE, CLEAR])).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A GIF of two frames.
pub fn gif(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, width, height, &[255, 0, 0, 0, 255, 0]).unwrap();
    encoder.set_repeat(gif::Repeat::Infinite).unwrap();
    for colour in 0..2 {
        let pixels = vec![colour; usize::from(width) * usize::from(height)];
        encoder.write_frame(&gif::Frame::from_indexed_pixels(width, height, pixels, None)).unwrap();
    }
    drop(encoder);
    bytes
}

/// A WebP of the same picture as [`png`].
pub fn webp(width: usize, height: usize) -> Vec<u8> {
    let side = |side: usize| u32::try_from(side).unwrap();
    let format = media::Format::Webp;
    let resolved = media::Resolved {
        crop: None,
        width: side(width),
        height: side(height),
        format,
        quality: 90,
        sharpen: false,
        flatten: None,
        animated: false,
    };
    media::render(&png(width, height), &resolved, &media::Limits::default()).unwrap().bytes.to_vec()
}

/// What the header of an image says: its type, width and height.
pub fn measure(bytes: &[u8]) -> (&'static str, u32, u32) {
    let small = |at: usize| u32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let large = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    match bytes {
        [0xFF, 0xD8, ..] => measure_jpeg(bytes),
        [0x89, b'P', b'N', b'G', ..] => ("image/png", large(16), large(20)),
        [b'G', b'I', b'F', b'8', ..] => ("image/gif", small(6), small(8)),
        [b'R', b'I', b'F', b'F', ..] => {
            let (width, height) = match &bytes[12..16] {
                b"VP8 " => (small(26) & 0x3FFF, small(28) & 0x3FFF),
                b"VP8L" => {
                    let packed = u32::from_le_bytes(bytes[21..25].try_into().unwrap());
                    ((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1)
                }
                b"VP8X" => {
                    let side = |at: usize| small(at) + (u32::from(bytes[at + 2]) << 16) + 1;
                    (side(24), side(27))
                }
                other => panic!("a WebP with {other:?}"),
            };
            ("image/webp", width, height)
        }
        other => panic!("no image: {:?}", String::from_utf8_lossy(&other[..other.len().min(200)])),
    }
}

/// Walks to the frame header.
fn measure_jpeg(bytes: &[u8]) -> (&'static str, u32, u32) {
    let large = |at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    let mut at = 2;
    while !matches!(bytes[at + 1], 0xC0..=0xC2) {
        at += 2 + large(at + 2);
    }
    let side = |at: usize| u32::try_from(large(at)).unwrap();
    ("image/jpeg", side(at + 7), side(at + 5))
}

/// The colours in the middle of each quarter of a JPEG or PNG.
pub fn colours(bytes: &[u8]) -> Quarters {
    let (kind, width, height) = measure(bytes);
    let (width, height) = (width as usize, height as usize);
    let pixels = if kind == "image/jpeg" { decode_jpeg(bytes, width, height) } else { decode_png(bytes) };
    let at = |x: usize, y: usize| pixels[(y * width + x) * 4..][..4].try_into().unwrap();
    let (left, right, top, bottom) = (width / 4, width * 3 / 4, height / 4, height * 3 / 4);
    [at(left, top), at(right, top), at(left, bottom), at(right, bottom)]
}

fn decode_jpeg(bytes: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut pixels = vec![0; width * height * 4];
    let image = Image { pixels: &mut pixels[..], width, height, pitch: width * 4, format: PixelFormat::RGBA };
    Decompressor::new().unwrap().decompress(bytes, image).unwrap();
    pixels
}

fn decode_png(bytes: &[u8]) -> Vec<u8> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    assert_eq!(reader.next_frame(&mut pixels).unwrap().color_type, png::ColorType::Rgba, "transparency is lost");
    pixels
}

/// Panics unless each colour is the expected one but for what lossy formats do.
#[track_caller]
pub fn assert_colours(bytes: &[u8], expected: Quarters) {
    let actual = colours(bytes);
    let near = actual.iter().flatten().zip(expected.iter().flatten()).all(|(a, b)| a.abs_diff(*b) <= 12);
    assert!(near, "{actual:?} is not {expected:?}");
}
