//! Transparency onto white, for formats that have none. It knows no codec.

use super::{
    Engine, Raster, Work,
    raster::{Buffers, Layout},
};
use crate::{Format, RenderError};

/// Makes the pixels ones that the format of the result can hold.
pub(super) fn step(engine: &mut Engine, work: &Work<'_>, raster: Raster) -> Result<Raster, RenderError> {
    match (work.resolved.format, raster.layout) {
        (Format::Jpeg, Layout::Rgba) => Ok(onto_white(&mut engine.buffers, raster)),
        // The encoder has no grey.
        (Format::Webp | Format::Gif, Layout::Gray) => Ok(gray_to_rgb(&mut engine.buffers, raster)),
        _ => Ok(raster),
    }
}

fn onto_white(buffers: &mut Buffers, raster: Raster) -> Raster {
    let mut opaque = buffers.blank(raster.width, raster.height, Layout::Rgb);
    let (source, _) = raster.pixels.as_chunks::<4>();
    let (target, _) = opaque.pixels.as_chunks_mut::<3>();
    for (to, &[red, green, blue, alpha]) in target.iter_mut().zip(source) {
        let alpha = u32::from(alpha);
        let blend = |part: u8| ((u32::from(part) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        *to = [blend(red), blend(green), blend(blue)];
    }
    buffers.give_back(raster.pixels);
    opaque
}

fn gray_to_rgb(buffers: &mut Buffers, raster: Raster) -> Raster {
    let mut colour = buffers.blank(raster.width, raster.height, Layout::Rgb);
    let (target, _) = colour.pixels.as_chunks_mut::<3>();
    for (to, &gray) in target.iter_mut().zip(&raster.pixels) {
        *to = [gray; 3];
    }
    buffers.give_back(raster.pixels);
    colour
}
