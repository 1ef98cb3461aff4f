//! Colour profiles, made byte by byte.

use std::iter;

/// Colorants as columns of red, green and blue, in XYZ by the white of profiles.
pub const SRGB: [[f64; 3]; 3] = [[0.43607, 0.22249, 0.01392], [0.38515, 0.71687, 0.09708], [0.14307, 0.06061, 0.71410]];
pub const DISPLAY_P3: [[f64; 3]; 3] =
    [[0.51512, 0.24120, -0.00105], [0.29198, 0.69225, 0.04189], [0.15710, 0.06657, 0.78407]];
pub const ADOBE_RGB: [[f64; 3]; 3] =
    [[0.60974, 0.31111, 0.01947], [0.20528, 0.62567, 0.06087], [0.14919, 0.06322, 0.74457]];
pub const PROPHOTO: [[f64; 3]; 3] = [[0.79767, 0.28804, 0.0], [0.13519, 0.71188, 0.0], [0.03134, 0.00009, 0.82491]];
pub const WHITE_POINT: [f64; 3] = [0.9642, 1.0, 0.8249];

/// How light follows from numbers.
#[derive(Clone, Copy)]
pub enum Curve {
    Gamma(f64),
    /// sRGB's, as a formula.
    Formula,
    /// sRGB's, as a table of so many values.
    Table(u32),
}

pub fn fixed(number: f64) -> [u8; 4] {
    ((number * 65536.0).round() as i32).to_be_bytes()
}

pub fn srgb_light(number: f64) -> f64 {
    if number <= 0.04045 { number / 12.92 } else { ((number + 0.055) / 1.055).powf(2.4) }
}

impl Curve {
    fn tag(self) -> Vec<u8> {
        let words = |count: u32, words: &mut dyn Iterator<Item = u16>| {
            [b"curv\0\0\0\0".to_vec(), count.to_be_bytes().to_vec(), words.flat_map(u16::to_be_bytes).collect()]
                .concat()
        };
        match self {
            Self::Gamma(gamma) => words(1, &mut iter::once((gamma * 256.0).round() as u16)),
            Self::Formula => {
                let numbers = [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045];
                [b"para\0\0\0\0\0\x03\0\0".to_vec(), numbers.into_iter().flat_map(fixed).collect()].concat()
            }
            Self::Table(count) => {
                let light = |at| srgb_light(f64::from(at) / f64::from(count - 1)) * 65535.0;
                words(count, &mut (0..count).map(|at| light(at).round() as u16))
            }
        }
    }
}

/// A profile: a header of 128 bytes, a table, and the tags that it lists.
pub fn profile(space: &[u8; 4], tags: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let (mut table, mut data) = ((tags.len() as u32).to_be_bytes().to_vec(), Vec::new());
    let data_at = 128 + 4 + 12 * tags.len();
    for (name, tag) in tags {
        table.extend(*name);
        table.extend(((data_at + data.len()) as u32).to_be_bytes());
        table.extend((tag.len() as u32).to_be_bytes());
        data.extend(tag);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    let mut header = vec![0; 128];
    header[..4].copy_from_slice(&((data_at + data.len()) as u32).to_be_bytes());
    header[8..12].copy_from_slice(&[4, 0x30, 0, 0]);
    header[12..24].copy_from_slice(&[b"mntr", space.as_slice(), b"XYZ "].concat());
    header[24..36].copy_from_slice(&[7, 0xE8, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    header[36..40].copy_from_slice(b"acsp");
    header[68..80].copy_from_slice(&WHITE_POINT.map(fixed).concat());
    [header, table, data].concat()
}

pub fn xyz(point: [f64; 3]) -> Vec<u8> {
    [b"XYZ \0\0\0\0".to_vec(), point.map(fixed).concat()].concat()
}

pub fn rgb_profile([red, green, blue]: [[f64; 3]; 3], curve: Curve) -> Vec<u8> {
    let curve = curve.tag();
    profile(
        b"RGB ",
        &[
            (b"wtpt", xyz(WHITE_POINT)),
            (b"rXYZ", xyz(red)),
            (b"gXYZ", xyz(green)),
            (b"bXYZ", xyz(blue)),
            (b"rTRC", curve.clone()),
            (b"gTRC", curve.clone()),
            (b"bTRC", curve),
        ],
    )
}

pub fn gray_profile(curve: Curve) -> Vec<u8> {
    profile(b"GRAY", &[(b"wtpt", xyz(WHITE_POINT)), (b"kTRC", curve.tag())])
}

/// A profile that is a table: curves, and the colours of `steps` to the power of `channels` points, in XYZ.
pub fn table_profile(
    space: &[u8; 4],
    (channels, steps): (usize, usize),
    curve: impl Fn(f64) -> f64,
    colour: impl Fn(&[f64]) -> [f64; 3],
) -> Vec<u8> {
    let mut lut = [b"mft2\0\0\0\0".as_slice(), &[channels as u8, 3, steps as u8, 0]].concat();
    lut.extend([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0].into_iter().flat_map(fixed));
    lut.extend([1, 0, 0, 2]);
    let curve = (0..256).map(|at| (curve(f64::from(at) / 255.0) * 65535.0).round() as u16);
    lut.extend(curve.cycle().take(channels * 256).flat_map(u16::to_be_bytes));
    for point in 0..steps.pow(channels as u32) {
        // The last channel changes fastest.
        let part =
            |channel: usize| (point / steps.pow((channels - 1 - channel) as u32) % steps) as f64 / (steps - 1) as f64;
        let parts: Vec<f64> = (0..channels).map(part).collect();
        lut.extend(
            colour(&parts).into_iter().flat_map(|axis| ((axis * 32768.0).round().max(0.0) as u16).to_be_bytes()),
        );
    }
    lut.extend([0_u16, 65535].into_iter().cycle().take(6).flat_map(u16::to_be_bytes));
    profile(space, &[(b"wtpt", xyz(WHITE_POINT)), (b"A2B0", lut.clone()), (b"A2B1", lut)])
}

/// The same as one with colorants and curves: with the curves in front, its corners tell all.
pub fn rgb_table_profile(colorants: [[f64; 3]; 3], curve: impl Fn(f64) -> f64) -> Vec<u8> {
    table_profile(b"RGB ", (3, 2), curve, |parts| of_light(colorants, [parts[0], parts[1], parts[2]]))
}

/// A press whose inks let through a little of what they should not.
pub fn ink_profile() -> Vec<u8> {
    table_profile(
        b"CMYK",
        (4, 9),
        |ink| ink,
        |inks| {
            let light = [0, 1, 2].map(|part| {
                let through: f64 = (0..3).map(|ink| 1.0 - inks[ink] * if ink == part { 0.92 } else { 0.1 }).product();
                (through * (1.0 - 0.95 * inks[3])).powf(1.7)
            });
            of_light(SRGB, light)
        },
    )
}

pub fn of_light(colorants: [[f64; 3]; 3], light: [f64; 3]) -> [f64; 3] {
    [0, 1, 2].map(|axis| colorants.iter().zip(light).map(|(colorant, light)| colorant[axis] * light).sum())
}
