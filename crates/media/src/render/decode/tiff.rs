//! TIFF to pixels: the first image of the file, samples of up to 32 bits rounded to eight. The crate unpacks the strips and tiles;
//! what their samples mean is worked out here, because it knows no palettes and leaves inks and brightness as they are stored.

use std::{borrow::Cow, io::Cursor};

use content::MediaType;
use tiff::{
    ColorType, TiffError,
    decoder::{BufferLayoutPreference, ChunkType, Decoder, Limits},
    tags::{SampleFormat, Tag},
};

use super::{
    super::{
        Engine, Raster, Source,
        raster::{Buffers, Layout},
    },
    SIDE_BYTES, check_size, fax,
};
use crate::{
    Probe, RenderError,
    probe::{self, tiff::Tiff},
};

const PHOTOMETRIC: probe::tiff::Tag = 0x0106;
const PALETTE: u32 = 3;
/// More samples a pixel than this are no picture.
const MAX_SAMPLES: usize = 32;
/// What the samples of a picture of as many pixels as are allowed may take, for each of them: four of 16 bits.
const MAX_PIXEL_BYTES: u64 = 8;

pub(super) type File<'a> = Decoder<Cursor<&'a [u8]>>;

/// What the file says of its first image, wherever that stands.
pub(super) fn measure(input: &[u8]) -> Option<Probe> {
    let file = readable(input)?;
    let (width, height) = open(&file, usize::MAX).ok()?.dimensions().ok()?;
    Probe::stored(MediaType::TIFF, (width, height), probe::orientation_of(input), false)
}

/// Decodes the image.
pub(super) fn decode(engine: &mut Engine, source: &Source<'_>) -> Result<Raster, RenderError> {
    let file = readable(source.input).ok_or(RenderError::Unsupported)?;
    let max_bytes = source.limits.max_pixels.saturating_mul(MAX_PIXEL_BYTES);
    let mut decoder = open(&file, usize::try_from(max_bytes).unwrap_or(usize::MAX)).map_err(failed)?;
    let (width, height) = decoder.dimensions().map_err(failed)?;
    check_size(source, width, height)?;
    if let Some(encoding) = fax::encoding(&mut decoder) {
        let mut raster = engine.buffers.blank(width, height, Layout::Gray);
        fax::decode(&mut decoder, source.input, encoding, &mut raster)?;
        return Ok(raster);
    }
    let samples = Samples::read(&mut decoder, (width as usize, height as usize), max_bytes)?;
    let palette =
        if has_palette(source.input) { Some(decoder.get_tag_u16_vec(Tag::ColorMap).map_err(failed)?) } else { None };
    let has_alpha = samples.meaning.alpha.is_some();
    let layout = match (samples.meaning.kind, has_alpha) {
        (Kind::Gray, false) if palette.is_none() => Layout::Gray,
        (Kind::Inks, _) => Layout::Cmyk,
        (_, false) => Layout::Rgb,
        (_, true) => Layout::Rgba,
    };
    let mut raster = engine.buffers.blank(width, height, layout);
    samples.fill(&mut raster, palette.as_deref())?;
    give_up(&mut engine.buffers, samples);
    Ok(raster)
}

fn give_up(buffers: &mut Buffers, samples: Samples) {
    buffers.give_back(samples.bytes);
}

fn open(file: &[u8], max_bytes: usize) -> Result<File<'_>, TiffError> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = max_bytes;
    limits.intermediate_buffer_size = max_bytes;
    limits.ifd_value_size = SIDE_BYTES.get() as usize;
    Ok(Decoder::new(Cursor::new(file))?.with_limits(limits))
}

fn has_palette(input: &[u8]) -> bool {
    photometric(input).is_some_and(|(_, value)| value == PALETTE)
}

/// Where the value stands that says what samples mean, and what it is.
fn photometric(input: &[u8]) -> Option<(usize, u32)> {
    let (at, field) = Tiff::read(input)?.main()?.place(PHOTOMETRIC)?;
    Some((at, field.number()?))
}

/// The file as the crate reads it: an image with a palette as one of brightness, which are stored alike.
fn readable(input: &[u8]) -> Option<Cow<'_, [u8]>> {
    let Some((at, PALETTE)) = photometric(input) else { return Some(Cow::Borrowed(input)) };
    let mut file = input.to_vec();
    // Both bytes, in whichever order: one is 3, the other 0.
    let value = file.get_mut(at..at.checked_add(2)?)?;
    value.iter_mut().filter(|byte| **byte == PALETTE as u8).for_each(|byte| *byte = 1);
    Some(Cow::Owned(file))
}

/// What a pixel is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gray,
    Light,
    /// Brightness and two differences, as in a JPEG.
    Differences,
    Inks,
}

#[derive(Debug, Clone, Copy)]
struct Meaning {
    kind: Kind,
    /// Which sample is the opacity.
    alpha: Option<usize>,
    /// Whether colours are weighed by it already.
    premultiplied: bool,
}

/// Samples as the crate unpacks them.
struct Samples {
    bytes: Vec<u8>,
    size: (usize, usize),
    meaning: Meaning,
    /// Bits of each.
    bits: usize,
    format: SampleFormat,
    /// Whether colours are amounts of light, as fractions are where no profile says otherwise.
    linear: bool,
    /// How many stand side by side for a pixel: all, or one if each has a plane of its own.
    beside: usize,
    row_stride: usize,
    plane_stride: usize,
}

impl Samples {
    fn read(decoder: &mut File<'_>, size: (usize, usize), max_bytes: u64) -> Result<Self, RenderError> {
        let colour = decoder.colortype().map_err(failed)?;
        let layout: BufferLayoutPreference = decoder.image_buffer_layout().map_err(failed)?;
        let extra: Vec<u16> = decoder.get_tag_u16_vec(Tag::ExtraSamples).unwrap_or_default();
        let (meaning, count) = meaning(colour, extra.first().copied())?;
        if count > MAX_SAMPLES {
            return Err(RenderError::Unsupported);
        }
        let bits = usize::from(colour.bit_depth());
        if layout.complete_len as u64 > max_bytes || chunk_bytes(decoder, bits)? > max_bytes {
            return Err(RenderError::TooLarge);
        }
        let beside = if layout.planes > 1 { 1 } else { count };
        let is_float = matches!(layout.sample_format, SampleFormat::IEEEFP);
        let linear = is_float && decoder.find_tag(Tag::IccProfile).map_err(failed)?.is_none();
        let mut bytes = vec![0; layout.complete_len];
        if layout.planes > 1 && matches!(decoder.get_chunk_type(), ChunkType::Tile) {
            read_tiles(decoder, size, &layout, bits, &mut bytes)?;
        } else {
            decoder.read_image_bytes(&mut bytes).map_err(failed)?;
        }
        let samples = Self {
            bytes,
            size,
            meaning,
            bits,
            format: layout.sample_format,
            linear,
            beside,
            row_stride: layout.row_stride.map_or(0, Into::into),
            plane_stride: layout.plane_stride.map_or(0, Into::into),
        };
        samples.is_sound(layout.planes, count).then_some(samples).ok_or(RenderError::Unsupported)
    }

    /// Whether every sample that is going to be asked for is there.
    fn is_sound(&self, planes: usize, count: usize) -> bool {
        let row_bytes = (self.size.0 * self.beside * self.bits).div_ceil(8);
        let known = match self.format {
            SampleFormat::Uint => matches!(self.bits, 1 | 2 | 4 | 8 | 16 | 32),
            SampleFormat::IEEEFP => self.bits == 32,
            _ => false,
        };
        let whole = if planes > 1 { planes >= count } else { true };
        let last =
            self.plane_stride * planes.saturating_sub(1) + self.row_stride * self.size.1.saturating_sub(1) + row_bytes;
        known && whole && row_bytes <= self.row_stride && last <= self.bytes.len()
    }

    /// A sample in eight bits; those of fewer are spread over all of them unless they are places in a palette.
    fn at(&self, x: usize, y: usize, sample: usize, spread: bool) -> u8 {
        let (plane, place) = if self.beside == 1 { (sample, x) } else { (0, x * self.beside + sample) };
        let row = &self.bytes[plane * self.plane_stride + y * self.row_stride..];
        let four = |at: usize| [row[at], row[at + 1], row[at + 2], row[at + 3]];
        match (self.bits, self.format) {
            (8, _) => row[place],
            (16, _) => {
                // 257 of the one for each of the other.
                let deep = u16::from_ne_bytes([row[2 * place], row[2 * place + 1]]);
                ((u32::from(deep) * 255 + 32_895) >> 16) as u8
            }
            (32, SampleFormat::IEEEFP) => {
                let part = f32::from_ne_bytes(four(4 * place)).clamp(0.0, 1.0);
                let is_light = self.linear && self.meaning.alpha != Some(sample);
                ((if is_light { srgb_of(part) } else { part }) * 255.0).round() as u8
            }
            (32, _) => (u32::from_ne_bytes(four(4 * place)) >> 24) as u8,
            (bits, _) => {
                let bit = place * bits;
                let most = u8::MAX >> (8 - bits);
                let value = (row[bit / 8] >> (8 - bits - bit % 8)) & most;
                if spread { value * (u8::MAX / most) } else { value }
            }
        }
    }

    fn fill(&self, raster: &mut Raster, palette: Option<&[u16]>) -> Result<(), RenderError> {
        let Meaning { kind, alpha, premultiplied } = self.meaning;
        let len = raster.layout.bytes();
        if self.bits == 8 && self.beside == len && palette.is_none() && kind != Kind::Differences && !premultiplied {
            // As it is wanted already.
            let rows = raster.pixels.chunks_exact_mut(self.size.0 * len);
            rows.zip(self.bytes.chunks(self.row_stride)).for_each(|(to, from)| to.copy_from_slice(&from[..to.len()]));
            return Ok(());
        }
        let (width, _) = self.size;
        // Each third of the table is for one of red, green and blue.
        let colours = palette.map(|table| table.len() / 3);
        if colours.is_some_and(|colours| colours < 1 << self.bits.min(8) || self.bits > 8) {
            return Err(RenderError::Corrupt("the palette is damaged".to_owned()));
        }
        for (number, pixel) in raster.pixels.chunks_exact_mut(len).enumerate() {
            let (x, y) = (number % width, number / width);
            let sample = |sample| self.at(x, y, sample, palette.is_none());
            match (kind, palette, colours) {
                (Kind::Gray, Some(table), Some(colours)) => {
                    let place = usize::from(sample(0));
                    for (part, value) in pixel.iter_mut().take(3).enumerate() {
                        *value = (table[part * colours + place] >> 8) as u8;
                    }
                }
                (Kind::Gray, _, _) => pixel.iter_mut().take(3).for_each(|part| *part = sample(0)),
                (Kind::Light, _, _) => (0..3).for_each(|part| pixel[part] = sample(part)),
                (Kind::Inks, _, _) => (0..4).for_each(|part| pixel[part] = sample(part)),
                (Kind::Differences, _, _) => pixel[..3].copy_from_slice(&light([sample(0), sample(1), sample(2)])),
            }
            if let (Some(alpha), 4) = (alpha, len)
                && kind != Kind::Inks
            {
                pixel[3] = self.at(x, y, alpha, true);
                if premultiplied {
                    unweighed(pixel);
                }
            }
        }
        Ok(())
    }
}

/// An amount of light as sRGB encodes it. IEC 61966-2-1.
fn srgb_of(light: f32) -> f32 {
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// What a whole strip or tile takes once it is unpacked, which the crate makes room for row by row whatever the image's own size.
fn chunk_bytes(decoder: &mut File<'_>, bits: usize) -> Result<u64, RenderError> {
    let stored: Option<u16> = decoder.find_tag_unsigned(Tag::SamplesPerPixel).map_err(failed)?;
    let stored = stored.unwrap_or(1);
    if usize::from(stored) > MAX_SAMPLES {
        return Err(RenderError::Unsupported);
    }
    let (width, rows) = decoder.chunk_dimensions();
    // The last strip, or the only one, may state any number of rows.
    let rows = match decoder.get_chunk_type() {
        ChunkType::Strip => 1,
        ChunkType::Tile => rows,
    };
    let row_bits = u64::from(width) * u64::from(stored) * bits as u64;
    Ok(row_bits.div_ceil(8).saturating_mul(rows.into()))
}

/// Reads tiles of planes one by one. At once, the crate panics: it takes those at the foot of all planes but the first for as high
/// as the others.
fn read_tiles(
    decoder: &mut File<'_>,
    (width, height): (usize, usize),
    layout: &BufferLayoutPreference,
    bits: usize,
    into: &mut [u8],
) -> Result<(), RenderError> {
    let damaged = || RenderError::Corrupt("the tiles are damaged".to_owned());
    let (tile_width, tile_rows) = decoder.chunk_dimensions();
    let (tile_width, tile_rows) = (tile_width as usize, tile_rows as usize);
    if tile_width == 0 || tile_rows == 0 || !(tile_width * bits).is_multiple_of(8) {
        return Err(damaged());
    }
    let row_stride = layout.row_stride.map_or(0, Into::into);
    let plane_stride = layout.plane_stride.map_or(0, Into::into);
    let (across, down) = (width.div_ceil(tile_width), height.div_ceil(tile_rows));
    let mut tile = Vec::new();
    for number in 0..layout.planes * across * down {
        let (plane, place) = (number / (across * down), number % (across * down));
        let chunk = u32::try_from(number).map_err(|_| damaged())?;
        let tile_layout = decoder.image_chunk_buffer_layout(chunk).map_err(failed)?;
        tile.resize(tile_layout.len, 0);
        decoder.read_chunk_bytes(chunk, &mut tile).map_err(failed)?;
        let (left, top) = (place % across * tile_width * bits / 8, place / across * tile_rows);
        let stride: usize = tile_layout.row_stride.map_or(0, Into::into);
        let len = stride.min(row_stride.saturating_sub(left));
        for (row, from) in tile.chunks_exact(stride.max(1)).take(tile_rows.min(height - top)).enumerate() {
            let start = plane * plane_stride + (top + row) * row_stride + left;
            into.get_mut(start..start + len).ok_or_else(damaged)?.copy_from_slice(&from[..len]);
        }
    }
    Ok(())
}

/// What the samples of a pixel are, and how many there are.
fn meaning(colour: ColorType, extra: Option<u16>) -> Result<(Meaning, usize), RenderError> {
    const ASSOCIATED: u16 = 1;
    const UNASSOCIATED: u16 = 2;
    let clear = matches!(extra, Some(ASSOCIATED | UNASSOCIATED));
    let (kind, alpha, count) = match colour {
        ColorType::Gray(_) => (Kind::Gray, None, 1),
        ColorType::GrayA(_) => (Kind::Gray, Some(1), 2),
        ColorType::Multiband { num_samples, .. } => (Kind::Gray, clear.then_some(1), usize::from(num_samples)),
        ColorType::RGB(_) => (Kind::Light, None, 3),
        ColorType::RGBA(_) => (Kind::Light, Some(3), 4),
        ColorType::YCbCr(_) => (Kind::Differences, None, 3),
        ColorType::CMYK(_) => (Kind::Inks, None, 4),
        ColorType::CMYKA(_) => (Kind::Inks, None, 5),
        _ => return Err(RenderError::Unsupported),
    };
    let alpha = alpha.filter(|alpha| *alpha < count);
    Ok((Meaning { kind, alpha, premultiplied: extra == Some(ASSOCIATED) }, count))
}

/// Red, green and blue from brightness and differences, as JFIF has it.
fn light([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb]
        .map(|part| part.round().clamp(0.0, 255.0) as u8)
}

/// Takes the weight of the opacity from the colours.
fn unweighed(pixel: &mut [u8]) {
    let alpha = u32::from(pixel[3]);
    if alpha > 0 {
        pixel[..3].iter_mut().for_each(|part| *part = ((u32::from(*part) * 255 + alpha / 2) / alpha).min(255) as u8);
    }
}

fn failed(error: TiffError) -> RenderError {
    match error {
        TiffError::LimitsExceeded => RenderError::TooLarge,
        TiffError::UnsupportedError(_) => RenderError::Unsupported,
        other => RenderError::Corrupt(other.to_string()),
    }
}
