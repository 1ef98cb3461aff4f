//! A colour behind what is transparent. It knows no codec.

use super::{
    Engine, Raster, Work,
    raster::{Buffers, Layout},
};
use crate::{Format, RenderError, Rgb};

/// Makes the pixels ones that the format of the result can hold.
pub(super) fn step(engine: &mut Engine, work: &Work<'_>, raster: Raster) -> Result<Raster, RenderError> {
    match (work.resolved.flatten, work.resolved.format, raster.layout) {
        (Some(behind), _, Layout::Rgba) => Ok(onto(&mut engine.buffers, raster, behind)),
        // A JPEG source has no opacity, and so no colour behind it.
        (None, Format::Jpeg, Layout::Rgba) => Ok(onto(&mut engine.buffers, raster, [255; 3])),
        // These encoders have no grey.
        (_, Format::Webp | Format::Gif | Format::Avif, Layout::Gray) => Ok(gray_to_rgb(&mut engine.buffers, raster)),
        _ => Ok(raster),
    }
}

fn onto(buffers: &mut Buffers, raster: Raster, behind: Rgb) -> Raster {
    let mut opaque = buffers.blank(raster.width, raster.height, Layout::Rgb);
    let (source, _) = raster.pixels.as_chunks::<4>();
    let (target, _) = opaque.pixels.as_chunks_mut::<3>();
    for (to, &[red, green, blue, alpha]) in target.iter_mut().zip(source) {
        let alpha = u32::from(alpha);
        let blend =
            |part: u8, behind: u8| ((u32::from(part) * alpha + u32::from(behind) * (255 - alpha) + 127) / 255) as u8;
        *to = [blend(red, behind[0]), blend(green, behind[1]), blend(blue, behind[2])];
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
