//! Icons of kinds of files, drawn here: a sheet with a folded corner in the colour of its kind, and its extension on it.
//! `/images/icon101.gif`

use axum::{
    body::Bytes,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use gif::{Encoder, Frame};
use library::{Fault, Library, Noun};

use crate::{
    error::Refused,
    segments::Segments,
    types::{self, Type},
};

/// Width and height, in pixels.
const SIDE: usize = 64;
/// Left, top, right and bottom edge of the sheet.
const SHEET: [usize; 4] = [10, 4, 54, 60];
/// How much of the sheet's corner is folded.
const FOLD: usize = 14;

/// One icon.
pub(crate) async fn icon(State(_): State<Library>, segments: Segments) -> Result<Response, Refused> {
    let name = segments.at(1);
    let number = name.strip_prefix("icon").and_then(|rest| rest.strip_suffix(".gif"));
    let kind = number.and_then(|number| number.parse().ok()).and_then(types::with_id);
    let kind = kind.ok_or(Fault::NotFound(Noun::Rendition))?;
    let drawn = draw(&kind).ok_or_else(Refused::internal)?;
    let kept = [(header::CONTENT_TYPE, "image/gif"), (header::CACHE_CONTROL, "public, max-age=86400")];
    Ok((kept, Bytes::from(drawn)).into_response())
}

/// Places in the palette.
const CLEAR: u8 = 0;
const PAPER: u8 = 1;
const EDGE: u8 = 2;
const COLOUR: u8 = 3;

fn draw(kind: &Type) -> Option<Vec<u8>> {
    let colour: [u8; 3] = match kind.word {
        "image" => [0x2f, 0x7d, 0x4f],
        "video" => [0x7a, 0x3f, 0xa8],
        "sound" => [0xb0, 0x5a, 0x1e],
        _ => [0x2b, 0x5d, 0xa6],
    };
    let palette = [[0, 0, 0], [0xff, 0xff, 0xff], [0x8a, 0x93, 0xa0], colour].concat();
    let mut pixels = vec![CLEAR; SIDE * SIDE];
    sheet(&mut pixels);
    let label = if kind.extension.is_empty() { kind.word } else { kind.extension };
    write(&mut pixels, &label.to_uppercase());
    let mut file = Vec::new();
    let side = u16::try_from(SIDE).ok()?;
    let mut encoder = Encoder::new(&mut file, side, side, &palette).ok()?;
    let frame =
        Frame { width: side, height: side, buffer: pixels.into(), transparent: Some(CLEAR), ..Frame::default() };
    encoder.write_frame(&frame).ok()?;
    drop(encoder);
    Some(file)
}

fn sheet(pixels: &mut [u8]) {
    let [left, top, right, bottom] = SHEET;
    for y in top..bottom {
        for x in left..right {
            // How far outside the fold's diagonal it lies.
            let beyond = (x + FOLD + top).checked_sub(right + y);
            let is_edge = x == left || y == top || x == right - 1 || y == bottom - 1;
            pixels[y * SIDE + x] = match beyond {
                Some(0) => EDGE,
                Some(_) => CLEAR,
                None if y < top + FOLD && x >= right - FOLD => EDGE,
                None if is_edge => EDGE,
                None if y > bottom - 22 && y < bottom - 4 => COLOUR,
                None => PAPER,
            };
        }
    }
}

/// Letters of three columns and five rows, a bit for each, the top left one first.
const LETTERS: [(char, u16); 36] = [
    ('A', 0b010_101_111_101_101),
    ('B', 0b110_101_110_101_110),
    ('C', 0b011_100_100_100_011),
    ('D', 0b110_101_101_101_110),
    ('E', 0b111_100_110_100_111),
    ('F', 0b111_100_110_100_100),
    ('G', 0b011_100_101_101_011),
    ('H', 0b101_101_111_101_101),
    ('I', 0b111_010_010_010_111),
    ('J', 0b001_001_001_101_010),
    ('K', 0b101_110_100_110_101),
    ('L', 0b100_100_100_100_111),
    ('M', 0b101_111_111_101_101),
    ('N', 0b110_101_101_101_101),
    ('O', 0b010_101_101_101_010),
    ('P', 0b110_101_110_100_100),
    ('Q', 0b010_101_101_111_011),
    ('R', 0b110_101_110_110_101),
    ('S', 0b011_100_010_001_110),
    ('T', 0b111_010_010_010_010),
    ('U', 0b101_101_101_101_111),
    ('V', 0b101_101_101_101_010),
    ('W', 0b101_101_111_111_101),
    ('X', 0b101_101_010_101_101),
    ('Y', 0b101_101_010_010_010),
    ('Z', 0b111_001_010_100_111),
    ('0', 0b111_101_101_101_111),
    ('1', 0b010_110_010_010_111),
    ('2', 0b110_001_010_100_111),
    ('3', 0b110_001_010_001_110),
    ('4', 0b101_101_111_001_001),
    ('5', 0b111_100_110_001_110),
    ('6', 0b011_100_111_101_111),
    ('7', 0b111_001_010_010_010),
    ('8', 0b111_101_111_101_111),
    ('9', 0b111_101_111_001_110),
];

/// Writes a word on the coloured part of the sheet, two pixels for each of a letter's.
fn write(pixels: &mut [u8], word: &str) {
    let letters: Vec<u16> = word
        .chars()
        .filter_map(|wanted| LETTERS.iter().find(|(letter, _)| *letter == wanted).map(|(_, bits)| *bits))
        .take(5)
        .collect();
    let width = (letters.len() * 8).saturating_sub(2);
    let (left, top) = ((SIDE - width) / 2, SHEET[3] - 18);
    for (place, bits) in letters.iter().enumerate() {
        for bit in 0..15 {
            if bits >> (14 - bit) & 1 == 0 {
                continue;
            }
            let (x, y) = (left + place * 8 + bit % 3 * 2, top + bit / 3 * 2);
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                pixels[(y + dy) * SIDE + x + dx] = PAPER;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_an_icon() {
        let kinds: Vec<Type> = (0..1_000).filter_map(types::with_id).collect();
        assert!(kinds.len() > 20);
        for kind in kinds {
            let file = draw(&kind).expect("it is drawn");
            assert!(file.starts_with(b"GIF89a") && file.len() < 4_096, "{kind:?}");
        }
    }
}
