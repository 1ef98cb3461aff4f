//! PNG to pixels: eight bits a sample, palettes expanded, the default image of an APNG.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, DecodingError, InterlaceInfo, Limits, Reader, Transformations};

use super::{
    super::{
        Engine, Raster, Source,
        raster::{Buffers, Layout},
    },
    SIDE_BYTES,
};
use crate::RenderError;

/// Decodes the image that stands in `IDAT`.
pub(super) fn decode(engine: &mut Engine, source: &Source<'_>) -> Result<Raster, RenderError> {
    decode_sized(&mut engine.buffers, source.input, source.size)
}

/// Decodes a PNG that is to be of this size.
pub(super) fn decode_sized(buffers: &mut Buffers, input: &[u8], size: (u32, u32)) -> Result<Raster, RenderError> {
    let side_bytes = SIDE_BYTES.get() as usize;
    let mut decoder = Decoder::new_with_limits(Cursor::new(input), Limits { bytes: side_bytes });
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(failed)?;
    if size != (reader.info().width, reader.info().height) {
        return Err(RenderError::Corrupt("two sizes are stated".to_owned()));
    }
    // The decoder takes it that colours are whole, and no more than a byte can tell apart.
    if reader.info().palette.as_ref().is_some_and(|palette| palette.len() % 3 != 0 || palette.len() > 256 * 3) {
        return Err(RenderError::Corrupt("the palette is damaged".to_owned()));
    }
    let (color, depth) = reader.output_color_type();
    let layout = match color {
        ColorType::Grayscale => Layout::Gray,
        ColorType::Rgb => Layout::Rgb,
        ColorType::Rgba | ColorType::GrayscaleAlpha => Layout::Rgba,
        ColorType::Indexed => return Err(RenderError::Unsupported),
    };
    let mut raster = buffers.blank(size.0, size.1, layout);
    match depth {
        BitDepth::Eight => {
            reader.next_frame(&mut raster.pixels).map_err(failed)?;
        }
        BitDepth::Sixteen => read_deep(&mut reader, &mut raster.pixels, color.samples()).map_err(failed)?,
        BitDepth::One | BitDepth::Two | BitDepth::Four => return Err(RenderError::Unsupported),
    }
    if color == ColorType::GrayscaleAlpha {
        widen_gray_alpha(&mut raster.pixels);
    }
    Ok(raster)
}

/// Reads samples of two bytes row by row, each rounded to one byte.
fn read_deep(reader: &mut Reader<Cursor<&[u8]>>, pixels: &mut [u8], samples: usize) -> Result<(), DecodingError> {
    let stride = reader.info().width as usize * samples;
    let mut line = Vec::with_capacity(stride);
    let mut rows = pixels.chunks_exact_mut(stride);
    // An image of one pass has as many rows as the raster; the rows of several go where their pass says.
    if !reader.info().interlaced {
        while let (Some(row), Some(to)) = (reader.next_row()?, rows.next()) {
            to.iter_mut().zip(row.data().as_chunks::<2>().0).for_each(|(to, deep)| *to = rounded(*deep));
        }
        return Ok(());
    }
    while let Some(row) = reader.next_interlaced_row()? {
        line.clear();
        line.extend(row.data().as_chunks::<2>().0.iter().map(|deep| rounded(*deep)));
        if let InterlaceInfo::Adam7(pass) = row.interlace() {
            png::expand_interlaced_row(pixels, stride, &line, pass, 8 * samples as u8);
        }
    }
    Ok(())
}

/// Two bytes to the nearest of one.
fn rounded(deep: [u8; 2]) -> u8 {
    // 257 of the one for each of the other, as whole numbers.
    ((u32::from(u16::from_be_bytes(deep)) * 255 + 32_895) >> 16) as u8
}

/// Two bytes a pixel in the first half of the buffer become four in all of it; from the end, so that none is overwritten
/// before it is read.
fn widen_gray_alpha(pixels: &mut [u8]) {
    for pixel in (0..pixels.len() / 4).rev() {
        let (gray, alpha) = (pixels[2 * pixel], pixels[2 * pixel + 1]);
        pixels[4 * pixel..4 * pixel + 4].copy_from_slice(&[gray, gray, gray, alpha]);
    }
}

fn failed(error: DecodingError) -> RenderError {
    match error {
        DecodingError::LimitsExceeded => RenderError::TooLarge,
        other => RenderError::Corrupt(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_bytes_become_the_nearest_one() {
        for deep in 0..=u16::MAX {
            assert_eq!(rounded(deep.to_be_bytes()), (f64::from(deep) / 257.0).round() as u8, "{deep}");
        }
    }
}
