//! The black and white of fax machines in a TIFF, ITU-T T.4 and T.6. The TIFF crate reads one of the three kinds, and nothing of a
//! damaged page; what reads faxes in PDFs reads them all, and gives what there is.

use hayro_ccitt::{DecodeSettings, Decoder as Rows, DecoderContext, EncodingMode};
use tiff::tags::Tag;

use super::{super::raster::Raster, tiff::File};
use crate::RenderError;

const HUFFMAN: u32 = 2;
const GROUP_3: u32 = 3;
const GROUP_4: u32 = 4;

/// Bits of the options of group 3.
const IN_TWO_DIMENSIONS: u32 = 1;

/// How a file of this compression is read, if it is one of a fax.
pub(super) fn encoding(decoder: &mut File<'_>) -> Option<EncodingMode> {
    match number(decoder, Tag::Compression)? {
        HUFFMAN => Some(EncodingMode::Group3_1D),
        GROUP_3 if number(decoder, Tag::Unknown(292)).unwrap_or(0) & IN_TWO_DIMENSIONS != 0 => {
            Some(EncodingMode::Group3_2D)
        }
        GROUP_3 => Some(EncodingMode::Group3_1D),
        GROUP_4 => Some(EncodingMode::Group4),
        _ => None,
    }
}

/// Fills the raster, which is grey. Rows that can not be read stay white.
pub(super) fn decode(
    decoder: &mut File<'_>,
    input: &[u8],
    encoding: EncodingMode,
    raster: &mut Raster,
) -> Result<(), RenderError> {
    let many = |decoder: &mut File<'_>, tag| decoder.get_tag_u64_vec(tag).map_err(|_| damaged());
    let (offsets, lens) = (many(decoder, Tag::StripOffsets)?, many(decoder, Tag::StripByteCounts)?);
    let rows_per_strip = number(decoder, Tag::RowsPerStrip).unwrap_or(raster.height).clamp(1, raster.height);
    // White means no ink, unless the file counts from black.
    let white = if number(decoder, Tag::PhotometricInterpretation) == Some(1) { 0 } else { 255 };
    let backwards = number(decoder, Tag::FillOrder) == Some(2);
    let aligned = number(decoder, Tag::Compression) == Some(HUFFMAN);
    raster.pixels.fill(white);
    let mut rows_read = false;
    // However strips lie on one another, no more is read than the file is long.
    let mut left = input.len();
    let width = raster.width as usize;
    let strips = raster.pixels.chunks_mut(width * rows_per_strip as usize);
    for (pixels, (offset, len)) in strips.zip(offsets.into_iter().zip(lens)) {
        let start = usize::try_from(offset).map_err(|_| damaged())?;
        let end = start.saturating_add(usize::try_from(len).unwrap_or(usize::MAX).min(left)).min(input.len());
        let strip = input.get(start..end).ok_or_else(damaged)?;
        left -= strip.len();
        let turned: Vec<u8>;
        let strip = if backwards {
            turned = strip.iter().map(|byte| byte.reverse_bits()).collect();
            &turned
        } else {
            strip
        };
        let settings = DecodeSettings {
            columns: raster.width,
            rows: u32::try_from(pixels.len() / width).unwrap_or(0),
            end_of_block: true,
            end_of_line: false,
            rows_are_byte_aligned: aligned,
            encoding,
            strict: false,
        };
        let mut page = Page { rows: pixels.chunks_mut(width), black: !white };
        let all = page.rows.len();
        // What came before the damage is there.
        let outcome = hayro_ccitt::decode(strip, &mut page, &mut DecoderContext::new(settings));
        rows_read |= outcome.is_ok() || page.rows.len() < all;
    }
    if rows_read { Ok(()) } else { Err(damaged()) }
}

/// The rows that are still to be written.
struct Page<'a> {
    rows: std::slice::ChunksMut<'a, u8>,
    black: u8,
}

impl Rows for Page<'_> {
    fn push_row(&mut self, changes: &[u32]) {
        let Some(row) = self.rows.next() else { return };
        for run in changes.chunks(2) {
            let end = run.get(1).map_or(row.len(), |end| *end as usize).min(row.len());
            if let Some(run) = row.get_mut(run[0] as usize..end) {
                run.fill(self.black);
            }
        }
    }
}

fn number(decoder: &mut File<'_>, tag: Tag) -> Option<u32> {
    decoder.find_tag_unsigned(tag).ok().flatten()
}

fn damaged() -> RenderError {
    RenderError::Corrupt("the rows of a fax are damaged".to_owned())
}
