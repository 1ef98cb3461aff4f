//! The frames of an APNG, one by one, on their canvas. Each is put together as a PNG of its own and decoded as such.

use super::{
    super::{Source, raster::Buffers},
    Budget, Frame, Frames,
    canvas::{Area, Canvas, Disposal},
    png, shown_ms,
};
use crate::{
    RenderError,
    probe::png::{Chunk, Chunks},
};

/// The frames, where there are several within the limits. Those that are there count, and of these no more than are stated.
pub(super) fn frames<'a>(source: &'a Source<'_>) -> Result<Option<Box<dyn Frames + 'a>>, RenderError> {
    let Some(start) = Start::read(source.input) else { return Ok(None) };
    let mut budget = Budget::of(source);
    let mut announced = None;
    for chunk in start.chunks.clone() {
        match &chunk.name {
            b"fcTL" => {
                announced = Control::read(chunk.body).filter(|control| control.fits(source.size));
                if announced.is_none() {
                    // It goes as far as this.
                    break;
                }
            }
            b"IDAT" | b"fdAT" => {
                let Some(control) = announced.take() else { continue };
                if budget.frames() == start.frames {
                    break;
                }
                if !budget.take(control.width, control.height) {
                    return Ok(None);
                }
            }
            _ => {}
        }
    }
    let Some(count) = budget.several() else { return Ok(None) };
    let canvas = Canvas::new(source.size.0, source.size.1);
    let (size, loops) = (source.size, start.loops);
    let Start { shared, chunks, .. } = start;
    let file = Vec::new();
    Ok(Some(Box::new(ApngFrames {
        size,
        canvas,
        buffers: Buffers::default(),
        shared,
        chunks,
        file,
        loops,
        left: count,
    })))
}

/// What comes before the first frame.
struct Start<'a> {
    /// The first chunk and what all frames share: palette, transparent colours.
    shared: Vec<Chunk<'a>>,
    frames: u32,
    loops: u32,
    /// From the first that says something about frames.
    chunks: Chunks<'a>,
}

impl<'a> Start<'a> {
    /// `None` when it is no APNG.
    fn read(input: &'a [u8]) -> Option<Self> {
        let mut chunks = Chunks::of(input)?;
        let (mut shared, mut stated) = (Vec::new(), None);
        loop {
            let here = chunks.clone();
            let chunk = chunks.next()?;
            match &chunk.name {
                b"IHDR" | b"PLTE" | b"tRNS" if shared.len() < 3 => shared.push(chunk),
                b"acTL" => stated = Some((number(chunk.body, 0)?, number(chunk.body, 4)?)),
                b"fcTL" | b"IDAT" => {
                    let (frames, loops) = stated?;
                    return Some(Self { shared, frames, loops, chunks: here });
                }
                b"IEND" => return None,
                _ => {}
            }
        }
    }
}

/// What is said of a frame.
#[derive(Debug, Clone, Copy)]
struct Control {
    width: u32,
    height: u32,
    x: u32,
    y: u32,
    delay_ms: u32,
    disposal: Disposal,
    is_over: bool,
}

impl Control {
    fn read(body: &[u8]) -> Option<Self> {
        let &[numerator_high, numerator_low, denominator_high, denominator_low, disposal, blend] = body.get(20..26)?
        else {
            return None;
        };
        let numerator = u32::from(u16::from_be_bytes([numerator_high, numerator_low]));
        // As the format says.
        let denominator = match u16::from_be_bytes([denominator_high, denominator_low]) {
            0 => 100,
            other => u32::from(other),
        };
        Some(Self {
            width: number(body, 4)?,
            height: number(body, 8)?,
            x: number(body, 12)?,
            y: number(body, 16)?,
            delay_ms: (numerator * 1000 + denominator / 2) / denominator,
            disposal: match disposal {
                0 => Disposal::Keep,
                1 => Disposal::Clear,
                2 => Disposal::Restore,
                _ => return None,
            },
            is_over: blend == 1,
        })
    }

    fn fits(&self, (width, height): (u32, u32)) -> bool {
        let within =
            |start: u32, len: u32, whole: u32| len > 0 && start.checked_add(len).is_some_and(|end| end <= whole);
        within(self.x, self.width, width) && within(self.y, self.height, height)
    }
}

/// Where decoding is.
struct ApngFrames<'a> {
    size: (u32, u32),
    canvas: Canvas,
    buffers: Buffers,
    shared: Vec<Chunk<'a>>,
    chunks: Chunks<'a>,
    /// The frame at hand as a file of its own.
    file: Vec<u8>,
    loops: u32,
    /// Frames still to come, so that no more are decoded than were counted.
    left: u32,
}

impl ApngFrames<'_> {
    /// Puts the next frame together: what is said of it.
    fn collect(&mut self) -> Result<Option<Control>, RenderError> {
        let damaged = || RenderError::Corrupt("a damaged frame".to_owned());
        let mut control = None;
        self.file.clear();
        loop {
            let ahead = self.chunks.clone();
            let Some(chunk) = self.chunks.next() else {
                // It ends in the middle of a frame, or between two.
                return if control.is_none() { Ok(None) } else { Err(damaged()) };
            };
            match &chunk.name {
                b"fcTL" | b"IEND" if !self.file.is_empty() => {
                    self.chunks = ahead;
                    break;
                }
                b"IEND" => return Ok(None),
                b"fcTL" => {
                    let said = Control::read(chunk.body).filter(|said| chunk.is_sound() && said.fits(self.size));
                    control = Some(said.ok_or_else(damaged)?);
                }
                b"IDAT" | b"fdAT" => {
                    // An image that nothing is said of is no frame: it is for programs that know none.
                    let Some(control) = &control else { continue };
                    let data = if chunk.name == *b"IDAT" { Some(chunk.body) } else { chunk.body.get(4..) };
                    let data = data.filter(|_| chunk.is_sound()).ok_or_else(damaged)?;
                    if self.file.is_empty() {
                        begin_file(&mut self.file, &self.shared, control);
                    }
                    put_chunk(&mut self.file, *b"IDAT", data);
                }
                _ => {}
            }
        }
        put_chunk(&mut self.file, *b"IEND", &[]);
        Ok(control)
    }
}

impl Frames for ApngFrames<'_> {
    fn loops(&self) -> u32 {
        self.loops
    }

    fn next(&mut self) -> Result<Option<Frame<'_>>, RenderError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let Some(control) = self.collect()? else { return Ok(None) };
        let frame = png::decode_sized(&mut self.buffers, &self.file, (control.width, control.height))?;
        let area = Area {
            x: control.x as usize,
            y: control.y as usize,
            width: control.width as usize,
            height: control.height as usize,
        };
        let area = self.canvas.begin(area, control.disposal);
        self.canvas.lay(area, frame.view(), control.is_over);
        self.buffers.give_back(frame.pixels);
        Ok(Some(Frame { canvas: &self.canvas.pixels, delay_ms: shown_ms(control.delay_ms) }))
    }
}

/// The beginning of a PNG with one frame's size.
fn begin_file(file: &mut Vec<u8>, shared: &[Chunk<'_>], control: &Control) {
    file.extend_from_slice(b"\x89PNG\r\n\x1a\n");
    for chunk in shared {
        if chunk.name == *b"IHDR" && chunk.body.len() == 13 {
            let sides = [control.width.to_be_bytes(), control.height.to_be_bytes()].concat();
            put_chunk(file, chunk.name, &[&sides, &chunk.body[8..]].concat());
        } else {
            file.extend_from_slice(chunk.whole);
        }
    }
}

fn put_chunk(file: &mut Vec<u8>, name: [u8; 4], body: &[u8]) {
    // It was read with a length of four bytes.
    file.extend_from_slice(&(body.len() as u32).to_be_bytes());
    let named = file.len();
    file.extend_from_slice(&name);
    file.extend_from_slice(body);
    let sum = crc32fast::hash(&file[named..]);
    file.extend_from_slice(&sum.to_be_bytes());
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}
