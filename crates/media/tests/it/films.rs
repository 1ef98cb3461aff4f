//! Animations whose frames are known, as bytes of every format, and bytes back to frames.

use media::{Format, Limits, Resolved, SourceFormat, probe, render};
use png::{BitDepth, BlendOp, ColorType, DisposeOp};

use crate::pictures::{CLEAR, Picture};

/// Frames that each fill the canvas.
#[derive(Debug, Clone, PartialEq)]
pub struct Film {
    /// How often it is played; 0 is for ever.
    pub plays: u32,
    /// Each with its delay in milliseconds.
    pub frames: Vec<(Picture, u32)>,
}

impl Film {
    /// A block of one colour that wanders over a background, which changes as well in the third of its four frames.
    pub fn wandering(plays: u32, background: [u8; 4]) -> Self {
        let colours = [[200, 40, 40, 255], [40, 200, 40, 255], [40, 40, 200, 255], [220, 220, 40, 255]];
        let frames = [100, 40, 250, 70].into_iter().zip(colours).enumerate().map(|(at, (delay_ms, colour))| {
            let at = at as u32;
            let picture = Picture::of(96, 64, |x, y| match (x / 16, y / 16) {
                (5, 3) if at == 2 => [90, 90, 90, 255],
                (column, row) if column == at + 1 && (1..3).contains(&row) => colour,
                _ => background,
            });
            (picture, delay_ms)
        });
        Self { plays, frames: frames.collect() }
    }

    pub fn duration_ms(&self) -> u32 {
        self.frames.iter().map(|(_, delay_ms)| delay_ms).sum()
    }

    fn size(&self) -> (u32, u32) {
        (self.frames[0].0.width, self.frames[0].0.height)
    }

    /// In this format; WebP, which only this crate writes here, as well as it can be.
    pub fn encoded(&self, format: Format) -> Vec<u8> {
        match format {
            Format::Gif => self.gif(),
            Format::Png => self.apng(),
            Format::Webp => {
                let (width, height) = self.size();
                let to_webp =
                    Resolved { quality: 100, animated: true, ..Resolved::of_size(width, height, Format::Webp) };
                render(&self.apng(), &to_webp, &Limits::default()).unwrap().bytes.to_vec()
            }
            Format::Jpeg | Format::Avif => panic!("it does not move"),
        }
    }

    pub fn gif(&self) -> Vec<u8> {
        let (width, height) = self.size();
        let mut encoder = gif::Encoder::new(Vec::new(), width as u16, height as u16, &[]).unwrap();
        let repeat = if self.plays == 0 { gif::Repeat::Infinite } else { gif::Repeat::Finite(self.plays as u16 - 1) };
        encoder.set_repeat(repeat).unwrap();
        for (picture, delay_ms) in &self.frames {
            let mut frame = gif::Frame::from_rgba(width as u16, height as u16, &mut picture.bytes(4));
            frame.delay = (delay_ms / 10) as u16;
            frame.dispose = gif::DisposalMethod::Background;
            encoder.write_frame(&frame).unwrap();
        }
        encoder.into_inner().unwrap()
    }

    pub fn apng(&self) -> Vec<u8> {
        let (width, height) = self.size();
        let pieces = self.frames.iter().map(|(picture, delay_ms)| Piece {
            delay: (*delay_ms as u16, 1000),
            ..Piece::of((0, 0, width, height), &picture.bytes(4))
        });
        apng((width, height), ColorType::Rgba, BitDepth::Eight, self.plays, &pieces.collect::<Vec<_>>())
    }
}

/// A frame of an APNG as the file has it.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Left, top, width, height.
    pub area: (u32, u32, u32, u32),
    pub data: Vec<u8>,
    pub delay: (u16, u16),
    pub dispose: DisposeOp,
    pub blend: BlendOp,
}

impl Piece {
    pub fn of(area: (u32, u32, u32, u32), data: &[u8]) -> Self {
        Self { area, data: data.to_vec(), delay: (1, 10), dispose: DisposeOp::None, blend: BlendOp::Source }
    }
}

/// An APNG of these pieces, by another writer.
pub fn apng((width, height): (u32, u32), color: ColorType, depth: BitDepth, plays: u32, pieces: &[Piece]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == ColorType::Indexed {
        encoder.set_palette(vec![255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]);
        encoder.set_trns(vec![255, 255, 255, 0]);
    }
    encoder.set_animated(pieces.len() as u32, plays).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for piece in pieces {
        let (x, y, width, height) = piece.area;
        writer.reset_frame_position().unwrap();
        writer.set_frame_dimension(width, height).unwrap();
        writer.set_frame_position(x, y).unwrap();
        writer.set_frame_delay(piece.delay.0, piece.delay.1).unwrap();
        writer.set_dispose_op(piece.dispose).unwrap();
        writer.set_blend_op(piece.blend).unwrap();
        writer.write_image_data(&piece.data).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

/// Reads an animation by other means than the crate's own where there are any.
pub fn film(bytes: &[u8]) -> Film {
    let probe = probe(bytes).unwrap();
    match SourceFormat::from_media_type(&probe.media_type).and_then(SourceFormat::written).unwrap() {
        Format::Gif => film_of_gif(bytes),
        Format::Png => film_of_apng(bytes),
        Format::Webp => film_of_webp(bytes),
        Format::Jpeg | Format::Avif => panic!("it does not move"),
    }
}

fn film_of_gif(bytes: &[u8]) -> Film {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(bytes).unwrap();
    let (width, height) = (u32::from(decoder.width()), u32::from(decoder.height()));
    let mut canvas = Picture::of(width, height, |_, _| CLEAR);
    let mut frames = Vec::new();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        let before = canvas.clone();
        let places = |canvas: &Picture| {
            let (left, top, frame_width) = (u32::from(frame.left), u32::from(frame.top), u32::from(frame.width));
            assert!(left + frame_width <= canvas.width && top + u32::from(frame.height) <= canvas.height);
            (0..frame_width * u32::from(frame.height))
                .map(move |at| ((top + at / frame_width) * width + left + at % frame_width) as usize)
                .collect::<Vec<_>>()
        };
        for (place, pixel) in places(&canvas).into_iter().zip(frame.buffer.as_chunks::<4>().0) {
            if pixel[3] != 0 {
                canvas.pixels[place] = *pixel;
            }
        }
        frames.push((canvas.clone(), u32::from(frame.delay) * 10));
        match frame.dispose {
            gif::DisposalMethod::Background => places(&before).into_iter().for_each(|at| canvas.pixels[at] = CLEAR),
            gif::DisposalMethod::Previous => canvas = before,
            gif::DisposalMethod::Any | gif::DisposalMethod::Keep => {}
        }
    }
    let name = bytes.windows(11).position(|window| window == b"NETSCAPE2.0");
    let plays = match name.map(|at| u32::from(bytes[at + 13]) + 256 * u32::from(bytes[at + 14])) {
        None => 1,
        Some(0) => 0,
        Some(more) => more + 1,
    };
    Film { plays, frames }
}

fn film_of_apng(bytes: &[u8]) -> Film {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::ALPHA | png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let control = *reader.info().animation_control().unwrap();
    let (width, height) = reader.info().size();
    let mut canvas = Picture::of(width, height, |_, _| CLEAR);
    let mut frames = Vec::new();
    for _ in 0..control.num_frames {
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let frame = *reader.info().frame_control().unwrap();
        assert_eq!((frame.dispose_op, frame.blend_op), (DisposeOp::None, BlendOp::Source), "what this crate writes");
        let (pixels, _) = pixels.as_chunks::<4>();
        for at in 0..frame.width * frame.height {
            let place = (frame.y_offset + at / frame.width) * width + frame.x_offset + at % frame.width;
            canvas.pixels[place as usize] = pixels[at as usize];
        }
        frames.push((canvas.clone(), u32::from(frame.delay_num) * 1000 / u32::from(frame.delay_den)));
    }
    Film { plays: control.num_plays, frames }
}

/// The pixels by way of this crate; delays and repetitions as the chunks have them.
fn film_of_webp(bytes: &[u8]) -> Film {
    let found = probe(bytes).unwrap();
    let to_png = Resolved { animated: true, ..Resolved::of_size(found.width, found.height, Format::Png) };
    let mut film = film_of_apng(&render(bytes, &to_png, &Limits::default()).unwrap().bytes);
    let (mut at, mut delays) = (12, Vec::new());
    while at + 8 < bytes.len() {
        let body = at + 8;
        match &bytes[at..at + 4] {
            b"ANIM" => film.plays = u32::from(bytes[body + 4]) + 256 * u32::from(bytes[body + 5]),
            b"ANMF" => delays.push(u32::from_le_bytes([bytes[body + 12], bytes[body + 13], bytes[body + 14], 0])),
            _ => {}
        }
        let len = u32::from_le_bytes([bytes[at + 4], bytes[at + 5], bytes[at + 6], bytes[at + 7]]) as usize;
        at = body + len + len % 2;
    }
    assert_eq!(delays.len(), film.frames.len());
    film.frames.iter_mut().zip(delays).for_each(|(frame, delay_ms)| frame.1 = delay_ms);
    film
}

/// How near one picture is to another in decibels, 99 when equal; what is transparent in both has no colour.
pub fn psnr(one: &Picture, other: &Picture) -> f64 {
    assert_eq!((one.width, one.height), (other.width, other.height));
    let seen = |[red, green, blue, alpha]: [u8; 4]| {
        [red, green, blue, 255].map(|part| f64::from(part) * f64::from(alpha) / 255.0)
    };
    let differences = one.pixels.iter().zip(&other.pixels).flat_map(|(a, b)| {
        let (a, b) = (seen(*a), seen(*b));
        [0, 1, 2, 3].map(|part| (a[part] - b[part]).powi(2))
    });
    let mean = differences.sum::<f64>() / (4 * one.pixels.len()) as f64;
    if mean == 0.0 { 99.0 } else { 10.0 * (255.0 * 255.0 / mean).log10() }
}
