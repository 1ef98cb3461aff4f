//! Pixels to GIF: a palette for each frame, and of each frame only what is new.

use gif::{DisposalMethod, Encoder, Frame, Repeat};

use super::{
    super::raster::{Layout, Raster},
    animation::{Area, Writer, layout_of},
    cannot_encode,
    palette::Palette,
};
use crate::RenderError;

/// From this opacity on a pixel is shown; there is nothing between.
const SHOWN: u8 = 128;

/// One image.
pub(super) fn still(raster: &Raster) -> Result<Vec<u8>, RenderError> {
    let mut writer = GifWriter::new((raster.width, raster.height), 1)?;
    writer.write(&layout_of(raster, Layout::Rgba), 0, None)?;
    writer.finish()
}

/// Writes frames of four bytes a pixel.
pub(super) struct GifWriter {
    encoder: Encoder<Vec<u8>>,
    width: usize,
    /// What is on the canvas before the next frame: colours, or nothing.
    shown: Vec<[u8; 4]>,
}

impl GifWriter {
    /// `loops` is how often it is played; 0 is for ever.
    pub fn new((width, height): (u32, u32), loops: u32) -> Result<Self, RenderError> {
        let side = |side: u32| u16::try_from(side).map_err(|_| RenderError::TooLarge);
        let mut encoder = Encoder::new(Vec::new(), side(width)?, side(height)?, &[]).map_err(cannot_encode)?;
        let repeat = match loops {
            0 => Repeat::Infinite,
            // What is written is how often it is played once more; nothing for once.
            some => Repeat::Finite(u16::try_from(some - 1).unwrap_or(u16::MAX)),
        };
        encoder.set_repeat(repeat).map_err(cannot_encode)?;
        let shown = vec![[0; 4]; width as usize * height as usize];
        Ok(Self { encoder, width: width as usize, shown })
    }

    /// The place of each pixel of the part in a palette, the palette, and which place lets through what is below.
    fn mapped(&self, frame: &[[u8; 4]], area: Area) -> (Vec<u8>, Vec<u8>, Option<u8>) {
        let rows = || area.rows(self.width).map(|row| (&frame[row.clone()], &self.shown[row]));
        let pixels = || rows().flat_map(|(new, old)| new.iter().zip(old).map(|(new, old)| (visible(*new), *old)));
        let new: Vec<[u8; 3]> =
            pixels().filter(|(new, old)| new != old).map(|(new, _)| [new[0], new[1], new[2]]).collect();
        let lets_through = new.len() < area.width * area.height;
        let palette = Palette::of(&new, if lets_through { 255 } else { 256 });
        let through = lets_through.then_some(palette.colours.len() as u8);
        let mut new = new.iter();
        let places = pixels()
            .map(|(pixel, old)| match (through, pixel == old) {
                (Some(through), true) => through,
                _ => new.next().map_or(0, |colour| palette.place(*colour)),
            })
            .collect();
        let mut colours = palette.colours.concat();
        if lets_through {
            colours.extend([0; 3]);
        }
        (places, colours, through)
    }
}

impl Writer for GifWriter {
    fn write(&mut self, frame: &[u8], ticks: u64, next: Option<&[u8]>) -> Result<(), RenderError> {
        let (frame, _) = frame.as_chunks::<4>();
        let next = next.map(|next| next.as_chunks::<4>().0);
        // A pixel that is there now and not in the next frame can only go with all of this frame's part.
        let goes = |at: usize, pixel: [u8; 4]| next.is_some_and(|next| pixel[3] != 0 && visible(next[at])[3] == 0);
        let clears = frame.iter().enumerate().any(|(at, pixel)| goes(at, visible(*pixel)));
        let differs = |at: usize| {
            let pixel = visible(frame[at]);
            pixel != self.shown[at] || (clears && goes(at, pixel))
        };
        let area = Area::around(self.width, frame.len(), differs);
        let (places, colours, through) = self.mapped(frame, area);
        // No side is longer than the canvas's, which has been looked at.
        let [width, height, left, top] = [area.width, area.height, area.x, area.y].map(|side| side as u16);
        let mut written = Frame::from_palette_pixels(width, height, places, colours, through);
        (written.left, written.top) = (left, top);
        written.delay = u16::try_from(ticks).unwrap_or(u16::MAX);
        written.dispose = if clears { DisposalMethod::Background } else { DisposalMethod::Keep };
        self.encoder.write_frame(&written).map_err(cannot_encode)?;
        for row in area.rows(self.width) {
            for (shown, pixel) in self.shown[row.clone()].iter_mut().zip(&frame[row]) {
                *shown = if clears { [0; 4] } else { visible(*pixel) };
            }
        }
        Ok(())
    }

    fn written_len(&self) -> usize {
        self.encoder.get_ref().len()
    }

    fn finish(self) -> Result<Vec<u8>, RenderError> {
        self.encoder.into_inner().map_err(cannot_encode)
    }
}

/// A pixel as this format has it: a colour, or nothing.
fn visible([red, green, blue, alpha]: [u8; 4]) -> [u8; 4] {
    if alpha < SHOWN { [0; 4] } else { [red, green, blue, 255] }
}
