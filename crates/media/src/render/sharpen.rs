//! A light unsharp mask, for what was reduced a lot. It knows no format.
//!
//! It does what `-unsharp 0x0.5+0.5` does: half of what a blur of half a pixel takes away is added. A reduction softens the
//! finest detail, over about one pixel, so a wider blur would draw outlines instead of bringing it back.

use super::{Engine, Raster, Work, raster::Layout};
use crate::RenderError;

/// No channel changes by more, of 255: hard edges, which need it least, get no halo.
const MAX_CHANGE: i32 = 20;

/// Sharpens where the plan says so.
pub(super) fn step(_engine: &mut Engine, work: &Work<'_>, mut raster: Raster) -> Result<Raster, RenderError> {
    if work.resolved.sharpen {
        let width = raster.width as usize;
        let is_opaque = || raster.pixels.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 255);
        match raster.layout {
            Layout::Gray => sharpen::<1>(&mut raster.pixels, width),
            Layout::Rgb => sharpen::<3>(&mut raster.pixels, width),
            Layout::Rgba | Layout::Cmyk if is_opaque() => sharpen::<4>(&mut raster.pixels, width),
            Layout::Rgba | Layout::Cmyk => sharpen_weighted(&mut raster.pixels, width),
        }
    }
    Ok(raster)
}

/// Eight times the blur along one line. Its variance is a quarter, which is that of a Gaussian of half a pixel.
macro_rules! blurred {
    ($before:expr, $own:expr, $after:expr) => {
        $before + 6 * $own + $after
    };
}

/// Each of the `N` channels by itself.
fn sharpen<const N: usize>(pixels: &mut [u8], width: usize) {
    in_rows(
        pixels,
        width * N,
        |row, blurred: &mut [i16]| {
            let last = row.len() - N;
            for at in (0..N).chain(last..row.len()) {
                let [before, after] = [at.checked_sub(N).unwrap_or(at), if at < last { at + N } else { at }];
                blurred[at] = blurred!(i16::from(row[before]), i16::from(row[at]), i16::from(row[after]));
            }
            if let Some(inner) = blurred.get_mut(N..last) {
                for (((to, before), own), after) in inner.iter_mut().zip(row).zip(&row[N..]).zip(&row[2 * N..]) {
                    *to = blurred!(i16::from(*before), i16::from(*own), i16::from(*after));
                }
            }
        },
        |row, [above, own, below]| {
            for (((part, above), own), below) in row.iter_mut().zip(above).zip(own).zip(below) {
                let lost = 64 * i16::from(*part) - blurred!(above, own, below);
                // Half of it.
                let change = ((lost + 64) >> 7).clamp(-MAX_CHANGE as i16, MAX_CHANGE as i16);
                *part = (i16::from(*part) + change).clamp(0, 255) as u8;
            }
        },
    );
}

/// Colours with opacity: a neighbour counts as much as it is opaque. Opacity itself stays.
fn sharpen_weighted(pixels: &mut [u8], width: usize) {
    in_rows(
        pixels,
        width * 4,
        |row, blurred: &mut [i32]| {
            let (row, _) = row.as_chunks::<4>();
            let (blurred, _) = blurred.as_chunks_mut::<4>();
            let weighted = |&[red, green, blue, alpha]: &[u8; 4]| {
                [red, green, blue, 1].map(|part| i32::from(part) * i32::from(alpha))
            };
            let mut before = weighted(&row[0]);
            let mut own = before;
            for (at, to) in blurred.iter_mut().enumerate() {
                let after = row.get(at + 1).map_or(own, weighted);
                *to = std::array::from_fn(|part| blurred!(before[part], own[part], after[part]));
                (before, own) = (own, after);
            }
        },
        |row, rows| {
            let (row, _) = row.as_chunks_mut::<4>();
            let [above, own, below] = rows.map(|row| row.as_chunks::<4>().0);
            for (((pixel, above), own), below) in row.iter_mut().zip(above).zip(own).zip(below) {
                let blurred: [i32; 4] = std::array::from_fn(|part| blurred!(above[part], own[part], below[part]));
                for part in 0..3 {
                    let lost = i32::from(pixel[part]) * blurred[3] - blurred[part];
                    // Half of it, and a 255th of that, for the opacity.
                    let change = ((lost >> 7) * 257 + (1 << 15)) >> 16;
                    pixel[part] = (i32::from(pixel[part]) + change.clamp(-MAX_CHANGE, MAX_CHANGE)).clamp(0, 255) as u8;
                }
            }
        },
    );
}

/// Blurs each row along itself with `blur`, and rewrites it with `rewrite`, which gets the blurred rows above, of and below it.
/// At the edges the image goes on as it ends.
fn in_rows<T: Copy + Default>(
    pixels: &mut [u8],
    row_len: usize,
    blur: impl Fn(&[u8], &mut [T]),
    rewrite: impl Fn(&mut [u8], [&[T]; 3]),
) {
    let mut own = vec![T::default(); row_len];
    blur(&pixels[..row_len], &mut own);
    let mut above = own.clone();
    let mut below = own.clone();
    for at in (0..pixels.len()).step_by(row_len) {
        match pixels.get(at + row_len..at + 2 * row_len) {
            Some(next) => blur(next, &mut below),
            None => below.copy_from_slice(&own),
        }
        rewrite(&mut pixels[at..at + row_len], [&above, &own, &below]);
        std::mem::swap(&mut above, &mut own);
        std::mem::swap(&mut own, &mut below);
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_CHANGE, sharpen, sharpen_weighted};

    /// An edge between two greys.
    fn edge(dark: u8, light: u8) -> Vec<u8> {
        (0..8 * 8).map(|at| if at % 8 < 4 { dark } else { light }).collect()
    }

    #[test]
    fn an_edge_gets_steeper_and_the_rest_stays() {
        let mut pixels = edge(100, 140);
        sharpen::<1>(&mut pixels, 8);
        // Half of an eighth of 40, on both sides.
        assert_eq!(pixels[..8], [100, 100, 100, 98, 143, 140, 140, 140]);
        assert!(pixels.chunks(8).all(|row| *row == pixels[..8]));
    }

    #[test]
    fn halos_are_bounded() {
        let mut pixels = vec![20; 49];
        pixels[24] = 200;
        let mut sharpened = pixels.clone();
        sharpen::<1>(&mut sharpened, 7);
        for (before, after) in pixels.iter().zip(&sharpened) {
            assert!(i32::from(*after).abs_diff(i32::from(*before)) <= MAX_CHANGE as u32, "{before} became {after}");
        }
        assert_eq!(sharpened[24], 220);
    }

    #[test]
    fn channels_do_not_mix_and_opaque_colours_come_out_the_same_with_opacity() {
        let grays: Vec<u8> = (0..9 * 5_u32).map(|at| (at * at * 37 % 251) as u8).collect();
        let mut alone = grays.clone();
        sharpen::<1>(&mut alone, 9);
        let mut colours: Vec<u8> = grays.iter().flat_map(|gray| [*gray, 7, 255 - *gray]).collect();
        sharpen::<3>(&mut colours, 9);
        let mut opaque: Vec<u8> = grays.iter().flat_map(|gray| [*gray, 7, 255 - *gray, 255]).collect();
        sharpen_weighted(&mut opaque, 9);
        for (at, expected) in alone.iter().enumerate() {
            assert_eq!(colours[3 * at..3 * at + 2], [*expected, 7]);
            assert_eq!(opaque[4 * at..4 * at + 2], [*expected, 7]);
            assert!(opaque[4 * at + 2].abs_diff(colours[3 * at + 2]) <= 1 && opaque[4 * at + 3] == 255);
        }
    }

    #[test]
    fn hidden_colours_do_not_count() {
        let pixels: Vec<u8> =
            (0..6 * 6).flat_map(|at| if at % 6 < 3 { [90, 90, 90, 255] } else { [255, 0, 255, 0] }).collect();
        let mut sharpened = pixels.clone();
        sharpen_weighted(&mut sharpened, 6);
        let shown = |pixels: &[u8]| pixels.as_chunks::<4>().0.iter().filter(|p| p[3] > 0).copied().collect::<Vec<_>>();
        assert_eq!(shown(&sharpened), shown(&pixels));
    }

    #[test]
    fn the_smallest_images_stay_as_they_are() {
        for (width, len) in [(1, 1), (1, 2), (2, 2)] {
            let mut gray = vec![77; len];
            sharpen::<1>(&mut gray, width);
            assert_eq!(gray, vec![77; len]);
            let mut colour = vec![77; 3 * len];
            sharpen::<3>(&mut colour, width);
            assert_eq!(colour, vec![77; 3 * len]);
            let mut clear = vec![77; 4 * len];
            sharpen_weighted(&mut clear, width);
            assert_eq!(clear, vec![77; 4 * len]);
        }
    }
}
