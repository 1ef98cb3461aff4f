//! JPEG to pixels. The reverse transform itself scales down by eighths, which is most of the speed here.

use turbojpeg::{Colorspace, Decompressor, Image, PixelFormat, ScalingFactor};

use super::{
    super::{
        Engine, Raster, Work,
        raster::{Buffers, Layout},
    },
    check_size,
};
use crate::{RenderError, probe::jpeg};

/// A progressive file may be a few hundred bytes a scan, each of which costs a pass over all the pixels.
const MAX_SCANS: u32 = 100;

/// What libjpeg says when it could go on. Anything else ended the decoding.
const WARNINGS: &[&str] = &[
    "Corrupt JPEG data",
    "Premature end of JPEG file",
    "Inconsistent progression sequence",
    "Invalid SOS parameters",
    "Unknown Adobe color transform",
    "Warning:",
];

/// Decodes at the smallest scale that is still as large as the target. A file that is cut short or slightly damaged gives
/// what could be read, the rest grey.
pub(super) fn decode(engine: &mut Engine, work: &Work<'_>, input: &[u8]) -> Result<Raster, RenderError> {
    let stated = jpeg::read(input).ok_or(RenderError::Unsupported)?;
    if stated.precision != 8 {
        return Err(RenderError::Unsupported);
    }
    if has_too_many_scans(input) {
        return Err(RenderError::Corrupt(format!("more than {MAX_SCANS} scans")));
    }
    let mut decoder = match engine.jpeg_decoder.take() {
        Some(decoder) => decoder,
        None => new_decoder()?,
    };
    let header = decoder.read_header(input).map_err(corrupt)?;
    check_size(work, side(header.width), side(header.height))?;
    let scale = if header.is_lossless { ScalingFactor::ONE } else { scale_for(work) };
    decoder.set_scaling_factor(scale).map_err(corrupt)?;

    let (format, layout) = match header.colorspace {
        Colorspace::Gray => (PixelFormat::GRAY, Layout::Gray),
        // Decoded four bytes a pixel, reduced to three below.
        Colorspace::CMYK | Colorspace::YCCK => (PixelFormat::CMYK, Layout::Rgba),
        Colorspace::RGB | Colorspace::YCbCr => (PixelFormat::RGB, Layout::Rgb),
    };
    let (width, height) = (scale.scale(header.width), scale.scale(header.height));
    let mut raster = engine.buffers.blank(side(width), side(height), layout);
    let output = Image { pixels: &mut raster.pixels[..], width, pitch: width * layout.bytes(), height, format };
    match decoder.decompress(input, output) {
        // A decoder that has failed is not used again.
        Err(error) if !is_warning(&error) => return Err(corrupt(error)),
        Ok(()) | Err(_) => engine.jpeg_decoder = Some(decoder),
    }
    if format == PixelFormat::CMYK {
        raster = cmyk_to_rgb(&mut engine.buffers, raster, stated.adobe);
    }
    Ok(raster)
}

/// Counted before the first is decoded. Inside a scan every FF is followed by a 00 or a restart, so a start of scan is one
/// wherever it stands, but for the few of a thumbnail inside a header.
fn has_too_many_scans(input: &[u8]) -> bool {
    input.windows(2).filter(|pair| *pair == [0xff, 0xda]).nth(MAX_SCANS as usize).is_some()
}

fn new_decoder() -> Result<Decompressor, RenderError> {
    let mut decoder = Decompressor::new().map_err(corrupt)?;
    decoder.set_scan_limit(MAX_SCANS).map_err(corrupt)?;
    Ok(decoder)
}

/// The smallest scale at which the part that is used still has the target's size.
fn scale_for(work: &Work<'_>) -> ScalingFactor {
    let across = eighths(work.region.width, work.target.0);
    ScalingFactor::new(across.max(eighths(work.region.height, work.target.1)), 8)
}

/// The smallest number of eighths of `part`, at most all of it, that is not less than `target`.
fn eighths(part: u32, target: u32) -> usize {
    (1..8).find(|eighths| part as usize * eighths >= target as usize * 8).unwrap_or(8)
}

/// Ink to light, without a colour profile. Adobe's programs, which write nearly all such files, store the inks inverted.
fn cmyk_to_rgb(buffers: &mut Buffers, inks: Raster, inverted: bool) -> Raster {
    let mut raster = buffers.blank(inks.width, inks.height, Layout::Rgb);
    let flip = if inverted { 0 } else { 0xFF };
    let (source, _) = inks.pixels.as_chunks::<4>();
    let (target, _) = raster.pixels.as_chunks_mut::<3>();
    for (to, &[cyan, magenta, yellow, black]) in target.iter_mut().zip(source) {
        let paper = u32::from(black ^ flip);
        let light = |ink: u8| ((u32::from(ink ^ flip) * paper + 127) / 255) as u8;
        *to = [light(cyan), light(magenta), light(yellow)];
    }
    buffers.give_back(inks.pixels);
    raster
}

fn side(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn is_warning(error: &turbojpeg::Error) -> bool {
    matches!(error, turbojpeg::Error::TurboJpegError(text) if WARNINGS.iter().any(|start| text.starts_with(start)))
}

fn corrupt(error: turbojpeg::Error) -> RenderError {
    RenderError::Corrupt(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::eighths;

    #[test]
    fn the_scale_is_the_smallest_that_is_large_enough() {
        assert_eq!(
            [(2725, 720), (720, 720), (721, 720), (800, 100), (800, 101), (5, 9)].map(|(a, b)| eighths(a, b)),
            [3, 8, 8, 1, 2, 8]
        );
    }
}
