//! BMP.

use media::{Engine, probe};

use super::{corners, png_of};
use crate::pictures::Picture;

/// 24 or 32 bits a pixel, rows from the bottom.
pub fn bmp(picture: &Picture, deep: bool) -> Vec<u8> {
    let bytes = if deep { 4 } else { 3 };
    let stride = (picture.width as usize * bytes).next_multiple_of(4);
    let data_len = stride * picture.height as usize;
    let mut file = b"BM".to_vec();
    file.extend((54 + data_len as u32).to_le_bytes());
    file.extend([0; 4]);
    file.extend(54_u32.to_le_bytes());
    file.extend(40_u32.to_le_bytes());
    file.extend(picture.width.to_le_bytes());
    file.extend(picture.height.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend((8 * bytes as u16).to_le_bytes());
    file.extend([0; 24]);
    for row in picture.pixels.chunks(picture.width as usize).rev() {
        let start = file.len();
        file.extend(row.iter().flat_map(|[red, green, blue, _]| [*blue, *green, *red, 0].into_iter().take(bytes)));
        file.resize(start + stride, 0);
    }
    file
}

#[test]
fn bitmaps() {
    let mut engine = Engine::default();
    for deep in [false, true] {
        let file = bmp(&corners(), deep);
        let found = probe(&file).unwrap();
        assert_eq!((found.width, found.height, found.media_type.as_str()), (96, 64, "image/bmp"));
        let drawn = png_of(&mut engine, &file, 96, 64).unwrap();
        assert_eq!(drawn.pixels, corners().pixels, "{deep}");
    }
    let mut upside_down = bmp(&corners(), false);
    upside_down[22..26].copy_from_slice(&(-64_i32).to_le_bytes());
    assert_eq!(probe(&upside_down).unwrap().height, 64);
    assert!(png_of(&mut engine, &upside_down, 96, 64).is_ok());
}
