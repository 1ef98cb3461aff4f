//! JPEG to pixels. The reverse transform itself scales down, which is most of the speed here.

use std::borrow::Cow;

use turbojpeg::{Colorspace, DecompressHeader, Decompressor, Image, PixelFormat, ScalingFactor};

use super::{
    super::{Base, Engine, Source, Work, raster::Layout},
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
pub(super) fn decode(engine: &mut Engine, source: &Source<'_>, works: &[&Work<'_>]) -> Result<Base, RenderError> {
    let stated = jpeg::read(source.input).ok_or(RenderError::Unsupported)?;
    if stated.precision != 8 {
        return Err(RenderError::Unsupported);
    }
    if has_too_many_scans(source.input) {
        return Err(RenderError::Corrupt(format!("more than {MAX_SCANS} scans")));
    }
    let mut decoder = match engine.jpeg_decoder.take() {
        Some(decoder) => decoder,
        None => new_decoder()?,
    };
    let (header, input) = read_header(&mut decoder, source.input)?;
    check_size(source, side(header.width), side(header.height))?;
    let eighths = if header.is_lossless { 8 } else { scale_for(works) };
    let scale = ScalingFactor::new(eighths as usize, 8);
    decoder.set_scaling_factor(scale).map_err(corrupt)?;
    // What is reduced further shows nothing of how colour was spread over the pixels.
    let coarse = works.iter().all(|work| work.has_ample(f64::from(eighths) / 8.0));
    decoder.set_fast_upsample(coarse).map_err(corrupt)?;

    let (format, layout) = match header.colorspace {
        Colorspace::Gray => (PixelFormat::GRAY, Layout::Gray),
        Colorspace::CMYK | Colorspace::YCCK => (PixelFormat::CMYK, Layout::Cmyk),
        Colorspace::RGB | Colorspace::YCbCr => (PixelFormat::RGB, Layout::Rgb),
    };
    let (width, height) = (scale.scale(header.width), scale.scale(header.height));
    let mut raster = engine.buffers.blank(side(width), side(height), layout);
    let output = Image { pixels: &mut raster.pixels[..], width, pitch: width * layout.bytes(), height, format };
    match decoder.decompress(&input, output) {
        // A decoder that has failed is not used again.
        Err(error) if !is_warning(&error) => return Err(corrupt(error)),
        Ok(()) | Err(_) => engine.jpeg_decoder = Some(decoder),
    }
    // Adobe's programs, which write nearly all such files, store the inks inverted.
    if layout == Layout::Cmyk && stated.adobe {
        raster.pixels.iter_mut().for_each(|ink| *ink = !*ink);
    }
    let ratio = f64::from(eighths) / 8.0;
    Ok(Base { raster, across: ratio, down: ratio })
}

/// The decoder's own view of the header, and the bytes to decode. A colour profile that it stumbles over is left out: colours are
/// read elsewhere.
fn read_header<'a>(
    decoder: &mut Decompressor,
    input: &'a [u8],
) -> Result<(DecompressHeader, Cow<'a, [u8]>), RenderError> {
    match decoder.read_header(input) {
        Ok(header) => Ok((header, input.into())),
        Err(error) if is_warning(&error) => {
            let without = without_profile(input);
            Ok((decoder.read_header(&without).map_err(corrupt)?, without.into()))
        }
        Err(error) => Err(corrupt(error)),
    }
}

/// The file without the segments in which profiles stand.
fn without_profile(input: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(input.len());
    let mut from = 0;
    for segment in jpeg::segments(input).filter(|segment| segment.marker == 0xE2) {
        // A mark of two bytes and a length of two stand before the body.
        let end = segment.start + segment.body.len();
        kept.extend_from_slice(&input[from..segment.start - 4]);
        from = end;
    }
    kept.extend_from_slice(&input[from..]);
    kept
}

/// Counted before the first is decoded, from the header's end to the mark of the end: what a camera puts behind that, such as a
/// film, says nothing. Inside a scan every FF is followed by a 00 or a restart, so a start of scan is one wherever it stands. Who
/// hides the rest behind a false mark meets the decoder's own limit, later.
fn has_too_many_scans(input: &[u8]) -> bool {
    let header_end = jpeg::segments(input).last().map_or(0, |last| last.start + last.body.len());
    let scans = &input[header_end..];
    let scans = &scans[..memchr::memmem::find(scans, &[0xff, 0xd9]).unwrap_or(scans.len())];
    memchr::memmem::find_iter(scans, &[0xff, 0xda]).nth(MAX_SCANS as usize).is_some()
}

fn new_decoder() -> Result<Decompressor, RenderError> {
    let mut decoder = Decompressor::new().map_err(corrupt)?;
    decoder.set_scan_limit(MAX_SCANS).map_err(corrupt)?;
    Ok(decoder)
}

/// The scales at which the reverse transform is vectorised, in eighths. Those between are slower than the next larger one of
/// these: measured on a picture of six million pixels, 7.3, 9.4, 9.4 and 12.4 ms for these four and 10.7, 16.5, 21 and 26 ms for
/// three, five, six and seven eighths.
const SCALES: [u32; 4] = [1, 2, 4, 8];

/// The smallest scale at which each part that is used still has half as much again as its target along both sides: what the
/// transform leaves out beyond that, a good filter would have left out too.
fn scale_for(works: &[&Work<'_>]) -> u32 {
    let wide_enough = |eighths: &u32| works.iter().all(|work| work.has_ample(f64::from(*eighths) / 8.0));
    SCALES.into_iter().find(wide_enough).unwrap_or(8)
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
