//! Pictures whose pixels are known, as bytes of every format, and bytes back to pixels.

use media::{Format, SourceFormat, probe};
use turbojpeg::{Compressor, Decompressor, Image, PixelFormat, Subsamp};

pub const RED: [u8; 4] = [255, 0, 0, 255];
pub const GREEN: [u8; 4] = [0, 255, 0, 255];
pub const BLUE: [u8; 4] = [0, 0, 255, 255];
pub const WHITE: [u8; 4] = [255, 255, 255, 255];
pub const CLEAR: [u8; 4] = [0, 0, 0, 0];

/// Pixels in rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<[u8; 4]>,
}

impl Picture {
    pub fn of(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Self {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| pixel(x, y)).collect();
        Self { width, height, pixels }
    }

    /// One colour in each quarter: top left, top right, bottom left, bottom right.
    pub fn quarters(width: u32, height: u32, colours: [[u8; 4]; 4]) -> Self {
        Self::of(width, height, |x, y| colours[usize::from(x >= width / 2) + 2 * usize::from(y >= height / 2)])
    }

    /// The usual one.
    pub fn corners(width: u32, height: u32) -> Self {
        Self::quarters(width, height, [RED, GREEN, BLUE, WHITE])
    }

    /// The colours in the middle of each quarter.
    pub fn quarter_colours(&self) -> [[u8; 4]; 4] {
        let at = |x: u32, y: u32| self.pixels[(y * self.width + x) as usize];
        let (left, right) = (self.width / 4, self.width - 1 - self.width / 4);
        let (top, bottom) = (self.height / 4, self.height - 1 - self.height / 4);
        [at(left, top), at(right, top), at(left, bottom), at(right, bottom)]
    }

    /// The same with its pixels where a file that states this EXIF orientation has them.
    pub fn stored_as(&self, exif: u8) -> Self {
        let (swap, mirror_x, mirror_y) = [
            (false, false, false),
            (false, true, false),
            (false, true, true),
            (false, false, true),
            (true, false, false),
            (true, false, true),
            (true, true, true),
            (true, true, false),
        ][usize::from(exif) - 1];
        let (width, height) = if swap { (self.height, self.width) } else { (self.width, self.height) };
        let mut stored = Self { width, height, pixels: self.pixels.clone() };
        for (number, pixel) in self.pixels.iter().enumerate() {
            let (x, y) = (number as u32 % self.width, number as u32 / self.width);
            let (x, y) = if swap { (y, x) } else { (x, y) };
            let (x, y) = (if mirror_x { width - 1 - x } else { x }, if mirror_y { height - 1 - y } else { y });
            stored.pixels[(y * width + x) as usize] = *pixel;
        }
        stored
    }

    pub fn bytes(&self, channels: usize) -> Vec<u8> {
        self.pixels.iter().flat_map(|pixel| pixel[..channels].to_vec()).collect()
    }

    pub fn jpeg(&self) -> Vec<u8> {
        self.jpeg_as(PixelFormat::RGBA, &self.bytes(4))
    }

    pub fn jpeg_as(&self, format: PixelFormat, pixels: &[u8]) -> Vec<u8> {
        let mut compressor = Compressor::new().unwrap();
        compressor.set_quality(95).unwrap();
        compressor.set_subsamp(if format == PixelFormat::GRAY { Subsamp::Gray } else { Subsamp::None }).unwrap();
        let (width, height) = (self.width as usize, self.height as usize);
        compressor.compress_to_vec(Image { pixels, width, height, pitch: width * format.size(), format }).unwrap()
    }

    pub fn png(&self) -> Vec<u8> {
        png(self.width, self.height, png::ColorType::Rgba, png::BitDepth::Eight, &self.bytes(4))
    }
}

pub fn png(width: u32, height: u32, color: png::ColorType, depth: png::BitDepth, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == png::ColorType::Indexed {
        encoder.set_palette([RED, GREEN, BLUE, WHITE].iter().flat_map(|c| c[..3].to_vec()).collect::<Vec<u8>>());
        encoder.set_trns(vec![255, 255, 255, 0]);
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    bytes
}

/// `png` with one chunk more, behind the first.
pub fn png_with_chunk(png: &[u8], name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let named = [name, body].concat();
    let checksum = crc32fast::hash(&named).to_be_bytes();
    [&png[..33], (body.len() as u32).to_be_bytes().as_slice(), &named, &checksum, &png[33..]].concat()
}

/// A GIF whose canvas is larger than its only frame, of one colour, at an offset.
pub fn gif_with_offset() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, 20, 10, &[]).unwrap();
    let palette = RED[..3].iter().chain(&GREEN[..3]).copied().collect::<Vec<u8>>();
    let mut frame = gif::Frame::from_palette_pixels(10, 5, vec![1; 50], palette, None);
    (frame.left, frame.top) = (10, 5);
    encoder.write_frame(&frame).unwrap();
    drop(encoder);
    bytes
}

/// `jpeg` with an EXIF block that states an orientation, in the larger-first byte order.
pub fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut segment = b"\xFF\xE1\0\x22Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    segment.extend([orientation, 0, 0, 0, 0, 0, 0]);
    [&jpeg[..2], &segment, &jpeg[2..]].concat()
}

/// Decodes what the crate has made, by other means than the crate's own where there are any.
pub fn decode(bytes: &[u8]) -> Picture {
    let probe = probe(bytes).unwrap();
    let pixels = match SourceFormat::from_media_type(&probe.media_type).and_then(SourceFormat::written).unwrap() {
        Format::Jpeg => {
            let mut decoder = Decompressor::new().unwrap();
            let header = decoder.read_header(bytes).unwrap();
            let (width, height) = (header.width, header.height);
            let mut pixels = vec![0; width * height * 4];
            let image = Image { pixels: &mut pixels[..], width, height, pitch: width * 4, format: PixelFormat::RGBA };
            decoder.decompress(bytes, image).unwrap();
            pixels
        }
        Format::Png => {
            let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
            decoder.set_transformations(png::Transformations::ALPHA | png::Transformations::EXPAND);
            let mut reader = decoder.read_info().unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            let color = reader.next_frame(&mut pixels).unwrap().color_type;
            match color {
                png::ColorType::Rgba => pixels,
                png::ColorType::GrayscaleAlpha => {
                    pixels.chunks_exact(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect()
                }
                other => panic!("{other:?}"),
            }
        }
        Format::Gif => {
            let mut options = gif::DecodeOptions::new();
            options.set_color_output(gif::ColorOutput::RGBA);
            options.read_info(bytes).unwrap().read_next_frame().unwrap().unwrap().buffer.to_vec()
        }
        Format::Webp | Format::Avif => {
            let (width, height) = (probe.width, probe.height);
            let to_png = media::Resolved::of_size(width, height, Format::Png);
            return decode(&media::render(bytes, &to_png, &media::Limits::default()).unwrap().bytes);
        }
    };
    let pixels = pixels.as_chunks::<4>().0.to_vec();
    Picture { width: probe.width, height: probe.height, pixels }
}

/// Panics unless each colour is the expected one but for what lossy formats do.
#[track_caller]
pub fn assert_close(actual: [[u8; 4]; 4], expected: [[u8; 4]; 4], what: &str) {
    for (actual, expected) in actual.iter().zip(&expected) {
        let near = actual.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= 12);
        assert!(near, "{what}: {actual:?} is not {expected:?}");
    }
}
