//! Pixels to bytes, by format. Of the source's metadata only whose picture it is is written.

mod animation;
mod apng;
mod avif;
mod gif;
mod palette;
mod png;
mod webp;

use bytes::Bytes;
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

use self::{
    animation::{Clock, Timeline},
    apng::ApngWriter,
    gif::GifWriter,
    webp::WebpWriter,
};
use super::{
    legal::Legal,
    raster::{Layout, Raster},
};
use crate::{Format, Limits, RenderError, Resolved};

/// Encodes `raster`, whose layout the steps have made one that the format can hold.
pub(super) fn encode(raster: &Raster, resolved: &Resolved, legal: &Legal) -> Result<Bytes, RenderError> {
    match resolved.format {
        Format::Jpeg => jpeg(raster, resolved.quality),
        Format::Png => png::encode(raster.view()),
        Format::Webp => webp::still(raster, resolved.quality),
        Format::Gif => gif::still(raster),
        Format::Avif => avif::still(raster, resolved.quality, legal.exif()),
    }
    .map(|bytes| legal.written_into(bytes.into(), resolved.format))
}

/// Takes the frames of an animation.
pub(super) trait Animation {
    /// One frame more, all of the same size.
    fn add(&mut self, raster: &Raster, delay_ms: u32) -> Result<(), RenderError>;

    /// The whole; `None` when all frames were the same, so that nothing moves.
    fn finish(self: Box<Self>) -> Result<Option<Bytes>, RenderError>;
}

/// Begins an animation of frames like `first` that is played `loops` times; 0 is for ever.
pub(super) fn animation(
    resolved: &Resolved,
    first: &Raster,
    loops: u32,
    limits: &Limits,
) -> Result<Box<dyn Animation>, RenderError> {
    let has_alpha = first.layout == Layout::Rgba;
    let layout = if has_alpha { Layout::Rgba } else { Layout::Rgb };
    let size = (first.width, first.height);
    let to_the_ms = Clock { tick_ms: 1, min_ticks: 1 };
    match resolved.format {
        Format::Jpeg | Format::Avif => Err(RenderError::Unsupported),
        Format::Png => {
            let writer = ApngWriter::new(first.width, layout, loops);
            Ok(Box::new(Timeline::new(writer, to_the_ms, layout, limits)))
        }
        Format::Webp => {
            let writer = WebpWriter::new(size, has_alpha, resolved.quality, loops)?;
            Ok(Box::new(Timeline::new(writer, to_the_ms, layout, limits)))
        }
        Format::Gif => {
            let writer = GifWriter::new(size, loops)?;
            // Of a hundredth of a second browsers make a tenth.
            let clock = Clock { tick_ms: 10, min_ticks: 2 };
            Ok(Box::new(Timeline::new(writer, clock, Layout::Rgba, limits)))
        }
    }
}

fn jpeg(raster: &Raster, quality: u8) -> Result<Vec<u8>, RenderError> {
    let (format, subsampling) = match raster.layout {
        Layout::Gray => (PixelFormat::GRAY, Subsamp::Gray),
        Layout::Rgb => (PixelFormat::RGB, Subsamp::Sub2x2),
        Layout::Rgba => (PixelFormat::RGBA, Subsamp::Sub2x2),
        Layout::Cmyk => (PixelFormat::CMYK, Subsamp::Sub2x2),
    };
    let (width, height) = (raster.width as usize, raster.height as usize);
    let image = Image { pixels: &raster.pixels[..], width, pitch: width * raster.layout.bytes(), height, format };
    let compress = || {
        let mut compressor = Compressor::new()?;
        compressor.set_quality(i32::from(quality))?;
        compressor.set_subsamp(subsampling)?;
        compressor.compress_to_vec(image)
    };
    compress().map_err(cannot_encode)
}

fn cannot_encode(error: impl std::fmt::Display) -> RenderError {
    RenderError::Corrupt(format!("cannot be encoded: {error}"))
}
