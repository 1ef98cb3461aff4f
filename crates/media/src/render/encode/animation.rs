//! The frames of an animation in time: equal ones become one, and none is shorter than its format can show. It knows no format.

use std::ops::Range;

use bytes::Bytes;

use super::super::raster::{Layout, Raster};
use crate::{Limits, RenderError};

/// Takes frames of one layout and size.
pub(super) trait Writer {
    /// A frame that is shown for so many of the format's ticks, and the one behind it.
    fn write(&mut self, frame: &[u8], ticks: u64, next: Option<&[u8]>) -> Result<(), RenderError>;

    /// How many bytes there are so far.
    fn written_len(&self) -> usize;

    /// The whole.
    fn finish(self) -> Result<Vec<u8>, RenderError>;
}

/// How a format counts time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// Milliseconds in a tick.
    pub tick_ms: u64,
    /// Ticks that a frame is shown for at least.
    pub min_ticks: u64,
}

impl Clock {
    fn ticks(self, ms: u64) -> u64 {
        (ms + self.tick_ms / 2) / self.tick_ms
    }
}

/// Hands frames to a writer as soon as it is known for how long they are shown.
pub(super) struct Timeline<W> {
    writer: W,
    clock: Clock,
    layout: Layout,
    max_bytes: u64,
    /// The last frame, which is still to be written.
    held: Option<Vec<u8>>,
    /// When it begins, in ticks, and when it ends, in milliseconds. The sum of all delays is kept however they are rounded.
    start_ticks: u64,
    end_ms: u64,
    written: u32,
}

impl<W: Writer> Timeline<W> {
    pub fn new(writer: W, clock: Clock, layout: Layout, limits: &Limits) -> Self {
        let max_bytes = limits.max_output_bytes;
        Self { writer, clock, layout, max_bytes, held: None, start_ticks: 0, end_ms: 0, written: 0 }
    }

    fn write(&mut self, frame: &[u8], next: Option<&[u8]>) -> Result<(), RenderError> {
        let end = self.clock.ticks(self.end_ms).max(self.start_ticks + self.clock.min_ticks);
        self.writer.write(frame, end - self.start_ticks, next)?;
        self.start_ticks = end;
        self.written += 1;
        if self.writer.written_len() as u64 > self.max_bytes { Err(RenderError::TooLarge) } else { Ok(()) }
    }
}

impl<W: Writer> super::Animation for Timeline<W> {
    fn add(&mut self, raster: &Raster, delay_ms: u32) -> Result<(), RenderError> {
        let frame = layout_of(raster, self.layout);
        let is_new = self.held.as_ref() != Some(&frame);
        // One that would be shown for too short a time gives way to the next.
        let is_shown = self.clock.ticks(self.end_ms) >= self.start_ticks + self.clock.min_ticks;
        if is_new
            && let Some(held) = self.held.take()
            && is_shown
        {
            self.write(&held, Some(&frame))?;
        }
        self.held = Some(frame);
        self.end_ms += u64::from(delay_ms);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Option<Bytes>, RenderError> {
        if let Some(held) = self.held.take() {
            self.write(&held, None)?;
        }
        if self.written < 2 {
            return Ok(None);
        }
        self.writer.finish().map(|bytes| Some(bytes.into()))
    }
}

/// The pixels in a layout of colours, with or without opacity.
pub(super) fn layout_of(raster: &Raster, layout: Layout) -> Vec<u8> {
    let pixels = &raster.pixels;
    match (raster.layout, layout) {
        (from, to) if from == to => pixels.clone(),
        (Layout::Gray, Layout::Rgba) => pixels.iter().flat_map(|gray| [*gray, *gray, *gray, 255]).collect(),
        (Layout::Gray, _) => pixels.iter().flat_map(|gray| [*gray; 3]).collect(),
        (Layout::Rgb, _) => pixels.as_chunks::<3>().0.iter().flat_map(|[r, g, b]| [*r, *g, *b, 255]).collect(),
        (Layout::Rgba | Layout::Cmyk, _) => {
            pixels.as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect()
        }
    }
}

/// A part of the canvas, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

impl Area {
    /// The smallest around all pixels that `differs`; one pixel where none does. `pixels` is how many there are.
    pub fn around(canvas_width: usize, pixels: usize, differs: impl Fn(usize) -> bool) -> Self {
        let canvas_width = canvas_width.max(1);
        let row = |at: &usize| (*at * canvas_width..(*at + 1) * canvas_width).any(&differs);
        let mut rows = 0..pixels / canvas_width;
        let Some(top) = rows.find(row) else { return Self { x: 0, y: 0, width: 1, height: 1 } };
        let bottom = rows.rfind(row).unwrap_or(top);
        let (mut left, mut right) = (canvas_width, 0);
        for start in (top..=bottom).map(|row| row * canvas_width) {
            if let Some(first) = (0..left).find(|x| differs(start + x)) {
                left = first;
            }
            if let Some(last) = (right..canvas_width).rfind(|x| differs(start + x)) {
                right = last;
            }
        }
        Self { x: left, y: top, width: right + 1 - left, height: bottom + 1 - top }
    }

    /// Where its rows lie in a canvas of such a width.
    pub fn rows(self, canvas_width: usize) -> impl Iterator<Item = Range<usize>> {
        (self.y..self.y + self.height)
            .map(move |row| row * canvas_width + self.x..row * canvas_width + self.x + self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_part_around_what_differs() {
        let around = |pixels: &[usize]| Area::around(5, 20, |at| pixels.contains(&at));
        assert_eq!(around(&[]), Area { x: 0, y: 0, width: 1, height: 1 });
        assert_eq!(around(&[7]), Area { x: 2, y: 1, width: 1, height: 1 });
        assert_eq!(around(&[4, 15]), Area { x: 0, y: 0, width: 5, height: 4 });
        assert_eq!(around(&[6, 8, 12]), Area { x: 1, y: 1, width: 3, height: 2 });
        assert_eq!(around(&[6, 12]).rows(5).collect::<Vec<_>>(), [6..8, 11..13]);
    }
}
