//! GIF to pixels: its frames, one by one, on their canvas.

use gif::{ColorOutput, DecodeOptions, Decoder, DecodingError, DisposalMethod, MemoryLimit};

use super::{
    super::{Raster, Source, raster::Layout},
    Budget, Frame, Frames,
    canvas::{Area, Canvas, Disposal},
    check_size, shown_ms,
};
use crate::{
    RenderError,
    probe::gif::{Block, Blocks},
};

/// Decodes the first frame; what it leaves of the canvas is transparent.
pub(super) fn decode(source: &Source<'_>) -> Result<Raster, RenderError> {
    let mut frames = GifFrames::open(source, 1, 1)?;
    if frames.compose()?.is_none() {
        return Err(RenderError::Corrupt("it holds no frame".to_owned()));
    }
    let (width, height) = source.size;
    Ok(Raster { width, height, layout: Layout::Rgba, pixels: frames.canvas.pixels })
}

/// The frames, where there are several within the limits.
pub(super) fn frames<'a>(source: &'a Source<'_>) -> Result<Option<Box<dyn Frames + 'a>>, RenderError> {
    let Some(blocks) = Blocks::of(source.input) else { return Ok(None) };
    let mut budget = Budget::of(source);
    // Without a word about it, it is played once.
    let mut loops = 1;
    for block in blocks {
        match block {
            Block::Image { width, height } if !budget.take(width, height) => return Ok(None),
            Block::Image { .. } | Block::Other => {}
            Block::Repeats(0) => loops = 0,
            Block::Repeats(more) => loops = u32::from(more) + 1,
        }
    }
    match budget.several() {
        Some(count) => Ok(Some(Box::new(GifFrames::open(source, loops, count)?))),
        None => Ok(None),
    }
}

/// Where decoding is.
struct GifFrames<'a> {
    decoder: Decoder<&'a [u8]>,
    canvas: Canvas,
    /// The frame's pixels, each a place in its palette.
    places: Vec<u8>,
    max_pixels: u64,
    loops: u32,
    /// Frames still to come, so that no more are decoded than were counted.
    left: u32,
}

impl<'a> GifFrames<'a> {
    fn open(source: &Source<'a>, loops: u32, count: u32) -> Result<Self, RenderError> {
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::Indexed);
        // What it keeps itself are blocks of metadata; frames are decoded into our memory.
        options.set_memory_limit(MemoryLimit::Bytes(super::SIDE_BYTES));
        let decoder = options.read_info(source.input).map_err(failed)?;
        check_size(source, u32::from(decoder.width()), u32::from(decoder.height()))?;
        let canvas = Canvas::new(source.size.0, source.size.1);
        Ok(Self { decoder, canvas, places: Vec::new(), max_pixels: source.limits.max_pixels, loops, left: count })
    }

    /// Lays the next frame on the canvas. For how long it is shown, as stated.
    fn compose(&mut self) -> Result<Option<u32>, RenderError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let Some(frame) = self.decoder.next_frame_info().map_err(failed)? else { return Ok(None) };
        let disposal = match frame.dispose {
            DisposalMethod::Any | DisposalMethod::Keep => Disposal::Keep,
            DisposalMethod::Background => Disposal::Clear,
            DisposalMethod::Previous => Disposal::Restore,
        };
        let (x, y) = (usize::from(frame.left), usize::from(frame.top));
        let area = Area { x, y, width: usize::from(frame.width), height: usize::from(frame.height) };
        let (transparent, delay_ms) = (frame.transparent, u32::from(frame.delay) * 10);
        // A frame may be larger than the canvas.
        if (area.width * area.height) as u64 > self.max_pixels {
            return Err(RenderError::TooLarge);
        }
        self.places.resize(area.width * area.height, 0);
        self.decoder.read_into_buffer(&mut self.places).map_err(failed)?;

        let part = self.canvas.begin(area, disposal);
        let colours = colours(self.decoder.palette().map_err(failed)?, transparent);
        let rows = self.places.chunks_exact(area.width.max(1));
        for (row, places) in self.canvas.rows_mut(part).zip(rows) {
            let (row, _) = row.as_chunks_mut::<4>();
            for (to, place) in row.iter_mut().zip(places) {
                let colour = colours[usize::from(*place)];
                // What is transparent, or in no palette, lets through what is below.
                if colour[3] != 0 {
                    *to = colour;
                }
            }
        }
        Ok(Some(delay_ms))
    }
}

impl Frames for GifFrames<'_> {
    fn loops(&self) -> u32 {
        self.loops
    }

    fn next(&mut self) -> Result<Option<Frame<'_>>, RenderError> {
        let Some(delay_ms) = self.compose()? else { return Ok(None) };
        Ok(Some(Frame { canvas: &self.canvas.pixels, delay_ms: shown_ms(delay_ms) }))
    }
}

/// A palette in full.
fn colours(palette: &[u8], transparent: Option<u8>) -> [[u8; 4]; 256] {
    let mut colours = [[0; 4]; 256];
    for (colour, &[red, green, blue]) in colours.iter_mut().zip(palette.as_chunks::<3>().0) {
        *colour = [red, green, blue, 255];
    }
    if let Some(transparent) = transparent {
        colours[usize::from(transparent)] = [0; 4];
    }
    colours
}

fn failed(error: DecodingError) -> RenderError {
    match error {
        DecodingError::MemoryLimit | DecodingError::OutOfMemory => RenderError::TooLarge,
        other => RenderError::Corrupt(other.to_string()),
    }
}
