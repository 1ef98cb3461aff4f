//! Frames to APNG: each is compressed as a PNG of its own, of the part that is new, and its data put into one file.

use super::{
    super::raster::{Layout, View},
    animation::{Area, Writer},
    png,
};
use crate::{RenderError, probe::png::Chunks};

/// Where in the file the number of frames stands: behind the signature, `IHDR` and the length and name of `acTL`.
const FRAMES_AT: usize = 8 + 25 + 8;

/// Writes frames of three or four bytes a pixel.
pub(super) struct ApngWriter {
    file: Vec<u8>,
    width: usize,
    layout: Layout,
    /// What the frame before left on the canvas.
    shown: Vec<u8>,
    frames: u32,
    /// Chunks that are numbered throughout.
    numbered: u32,
    loops: u32,
}

impl ApngWriter {
    /// `loops` is how often it is played; 0 is for ever.
    pub fn new(width: u32, layout: Layout, loops: u32) -> Self {
        Self { file: Vec::new(), width: width as usize, layout, shown: Vec::new(), frames: 0, numbered: 0, loops }
    }

    fn number(&mut self) -> [u8; 4] {
        let number = self.numbered;
        self.numbered += 1;
        number.to_be_bytes()
    }

    fn put_control(&mut self, area: Area, ticks: u64) {
        let mut control = Vec::with_capacity(26);
        control.extend(self.number());
        for side in [area.width, area.height, area.x, area.y] {
            control.extend((side as u32).to_be_bytes());
        }
        let (numerator, denominator) = fraction(ticks);
        control.extend([numerator.to_be_bytes(), denominator.to_be_bytes()].concat());
        // It stays below the next, and stands in place of what was there.
        control.extend([0, 0]);
        put_chunk(&mut self.file, *b"fcTL", &[&control]);
    }
}

impl Writer for ApngWriter {
    fn write(&mut self, frame: &[u8], ticks: u64, _next: Option<&[u8]>) -> Result<(), RenderError> {
        let pixel_bytes = self.layout.bytes();
        let is_first = self.frames == 0;
        let differs = |at: usize| {
            let pixel = at * pixel_bytes..(at + 1) * pixel_bytes;
            is_first || frame[pixel.clone()] != self.shown[pixel]
        };
        let area = Area::around(self.width, frame.len() / pixel_bytes, differs);
        let rows = area.rows(self.width).map(|row| &frame[row.start * pixel_bytes..row.end * pixel_bytes]);
        let pixels = rows.collect::<Vec<_>>().concat();
        let view = View { width: area.width as u32, height: area.height as u32, layout: self.layout, pixels: &pixels };
        let single = png::encode(view)?;
        let chunks = Chunks::of(&single).ok_or_else(|| super::cannot_encode("no chunks"))?;
        if is_first {
            self.file.extend_from_slice(&single[..8]);
            for header in chunks.clone().filter(|chunk| chunk.name == *b"IHDR") {
                self.file.extend_from_slice(header.whole);
            }
            // How many frames there are is known at the end.
            put_chunk(&mut self.file, *b"acTL", &[&[0; 4], &self.loops.to_be_bytes()]);
        }
        self.put_control(area, ticks);
        for data in chunks.filter(|chunk| chunk.name == *b"IDAT") {
            if is_first {
                self.file.extend_from_slice(data.whole);
            } else {
                let number = self.number();
                put_chunk(&mut self.file, *b"fdAT", &[&number, data.body]);
            }
        }
        self.shown.clear();
        self.shown.extend_from_slice(frame);
        self.frames += 1;
        Ok(())
    }

    fn written_len(&self) -> usize {
        self.file.len()
    }

    fn finish(mut self) -> Result<Vec<u8>, RenderError> {
        put_chunk(&mut self.file, *b"IEND", &[]);
        let (frames, sum) = (FRAMES_AT..FRAMES_AT + 4, FRAMES_AT + 8..FRAMES_AT + 12);
        self.file[frames].copy_from_slice(&self.frames.to_be_bytes());
        let right = crc32fast::hash(&self.file[FRAMES_AT - 4..FRAMES_AT + 8]);
        self.file[sum].copy_from_slice(&right.to_be_bytes());
        Ok(self.file)
    }
}

/// Milliseconds as a part of a second in numbers of two bytes.
fn fraction(ms: u64) -> (u16, u16) {
    match u16::try_from(ms) {
        Ok(ms) => (ms, 1000),
        Err(_) => (u16::try_from(ms / 1000).unwrap_or(u16::MAX), 1),
    }
}

fn put_chunk(file: &mut Vec<u8>, name: [u8; 4], parts: &[&[u8]]) {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    // Encoders give pieces far smaller than four bytes can state.
    file.extend_from_slice(&(len as u32).to_be_bytes());
    let named = file.len();
    file.extend_from_slice(&name);
    parts.iter().for_each(|part| file.extend_from_slice(part));
    let sum = crc32fast::hash(&file[named..]);
    file.extend_from_slice(&sum.to_be_bytes());
}
