//! Pixels to WebP, lossy: one image, or the frames of an animation.

use super::{
    super::{
        libwebp::{self, AnimationEncoder},
        raster::{Layout, Raster},
    },
    animation::{Writer, layout_of},
    cannot_encode,
};
use crate::RenderError;

/// Longest time of a frame, and of all.
const MAX_FRAME_MS: u64 = 0xFF_FFFF;
const MAX_ALL_MS: u64 = i32::MAX as u64;

/// One image.
pub(super) fn still(raster: &Raster, quality: u8) -> Result<Vec<u8>, RenderError> {
    let converted;
    let (pixels, has_alpha) = match raster.layout {
        Layout::Rgba => (&raster.pixels, true),
        Layout::Rgb => (&raster.pixels, false),
        Layout::Gray | Layout::Cmyk => {
            converted = layout_of(raster, Layout::Rgb);
            (&converted, false)
        }
    };
    libwebp::encode(pixels, raster.width, raster.height, has_alpha, quality).ok_or_else(failed)
}

/// Writes frames of three or four bytes a pixel.
pub(super) struct WebpWriter {
    encoder: AnimationEncoder,
    has_alpha: bool,
    end_ms: u64,
}

impl WebpWriter {
    /// `loops` is how often it is played; 0 is for ever.
    pub fn new(size: (u32, u32), has_alpha: bool, quality: u8, loops: u32) -> Result<Self, RenderError> {
        let encoder = AnimationEncoder::new(size, quality, loops).ok_or_else(failed)?;
        Ok(Self { encoder, has_alpha, end_ms: 0 })
    }
}

impl Writer for WebpWriter {
    fn write(&mut self, frame: &[u8], ticks: u64, _next: Option<&[u8]>) -> Result<(), RenderError> {
        let start_ms = self.end_ms;
        // The format has 24 bits for a frame, the library 31 for all of them.
        self.end_ms = (start_ms + ticks.min(MAX_FRAME_MS)).min(MAX_ALL_MS);
        if self.encoder.add(frame, self.has_alpha, start_ms) { Ok(()) } else { Err(failed()) }
    }

    fn written_len(&self) -> usize {
        // The library does not tell.
        0
    }

    fn finish(self) -> Result<Vec<u8>, RenderError> {
        self.encoder.finish(self.end_ms).ok_or_else(failed)
    }
}

fn failed() -> RenderError {
    cannot_encode("the library gives up")
}
