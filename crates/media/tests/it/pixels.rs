//! Pixels in and out: every kind of source to every format, right side up, right colours, right size.

use media::{Crop, Format, Limits, Plan, RenderError, Rendered, Resize, Resolution, Resolved, Wanted, probe, render};
use turbojpeg::PixelFormat;

use crate::pictures::{
    BLUE, CLEAR, GREEN, Picture, RED, WHITE, assert_close, decode, gif_with_offset, png, with_orientation,
};

const CORNERS: [[u8; 4]; 4] = [RED, GREEN, BLUE, WHITE];

fn to(format: Format, width: u32, height: u32) -> Resolved {
    Resolved::of_size(width, height, format)
}

#[track_caller]
fn rendered(input: &[u8], resolved: &Resolved) -> Rendered {
    let rendered = render(input, resolved, &Limits::default()).unwrap();
    assert_eq!(rendered.media_type, resolved.format.media_type());
    let found = probe(&rendered.bytes).unwrap();
    assert_eq!((found.width, found.height, found.orientation), (resolved.width, resolved.height, 1));
    assert_eq!((rendered.width, rendered.height), (resolved.width, resolved.height));
    rendered
}

/// The colours of the quarters of a rendition.
#[track_caller]
fn quarters(input: &[u8], resolved: &Resolved) -> [[u8; 4]; 4] {
    decode(&rendered(input, resolved).bytes).quarter_colours()
}

#[test]
fn every_source_to_every_format() {
    let picture = Picture::corners(96, 64);
    let rgb = picture.bytes(3);
    let deep: Vec<u8> = rgb.iter().flat_map(|byte| [*byte, *byte]).collect();
    let indexed: Vec<u8> =
        (0..64_u8).flat_map(|y| (0..96_u8).map(move |x| u8::from(x >= 48) + 2 * u8::from(y >= 32))).collect();
    let sources = [
        ("jpeg", picture.jpeg()),
        ("png", picture.png()),
        ("rgb png", png(96, 64, png::ColorType::Rgb, png::BitDepth::Eight, &rgb)),
        ("16-bit png", png(96, 64, png::ColorType::Rgb, png::BitDepth::Sixteen, &deep)),
        ("lossless webp", include_bytes!("fixtures/lossless.webp").to_vec()),
        ("lossy webp", include_bytes!("fixtures/lossy.webp").to_vec()),
        ("animated webp", include_bytes!("fixtures/animated.webp").to_vec()),
        ("animated png", include_bytes!("fixtures/animated.png").to_vec()),
        ("animated gif", include_bytes!("fixtures/animated.gif").to_vec()),
        ("palette png", include_bytes!("fixtures/palette.png").to_vec()),
        ("progressive jpeg", include_bytes!("fixtures/progressive.jpg").to_vec()),
    ];
    for (name, source) in sources {
        for format in Format::ALL {
            for (width, height) in [(48, 32), (24, 12), (96, 64), (120, 90)] {
                let found = quarters(&source, &to(format, width, height));
                assert_close(found, CORNERS, &format!("{name} to {format:?} at {width}x{height}"));
            }
        }
    }
    // The fourth colour of the palette is transparent.
    let indexed = png(96, 64, png::ColorType::Indexed, png::BitDepth::Eight, &indexed);
    assert_eq!(quarters(&indexed, &to(Format::Png, 24, 16))[3][3], 0);
    assert_close(quarters(&indexed, &to(Format::Jpeg, 24, 16)), CORNERS, "palette on white");
}

#[test]
fn every_orientation_is_applied_once() {
    // What the stored corners red, green, blue, white are displayed as.
    let displayed = [
        [RED, GREEN, BLUE, WHITE],
        [GREEN, RED, WHITE, BLUE],
        [WHITE, BLUE, GREEN, RED],
        [BLUE, WHITE, RED, GREEN],
        [RED, BLUE, GREEN, WHITE],
        [BLUE, RED, WHITE, GREEN],
        [WHITE, GREEN, BLUE, RED],
        [GREEN, WHITE, RED, BLUE],
    ];
    let jpeg = Picture::corners(320, 160).jpeg();
    for (orientation, expected) in (1..=8).zip(displayed) {
        let source = with_orientation(&jpeg, orientation);
        let found = probe(&source).unwrap();
        for format in [Format::Jpeg, Format::Png] {
            // At full size and at one that is decoded at a reduced scale.
            for percent in [100, 20] {
                let plan = Plan {
                    resize: Resize::Percent(percent),
                    format: Wanted::As(format),
                    quality: Some(90),
                    ..Plan::ORIGINAL
                };
                let Resolution::Render(resolved) = plan.resolve(&found) else { panic!("it is rendered") };
                let what = format!("orientation {orientation}, {format:?}, {percent} %");
                assert_close(quarters(&source, &resolved), expected, &what);
            }
        }
        // A crop is of what is displayed: each quarter has one colour.
        let (width, height) = (found.width / 2, found.height / 2);
        for (at, colour) in expected.iter().enumerate() {
            let (x, y) = (width * (at as u32 % 2), height * (at as u32 / 2));
            let crop = Some(Crop { x, y, width, height });
            let resolved = Resolved { crop, ..to(Format::Png, 16, 16) };
            assert_close(
                quarters(&source, &resolved),
                [*colour; 4],
                &format!("orientation {orientation}, quarter {at}"),
            );
        }
    }
}

#[test]
fn orientation_of_another_writer() {
    let turned = [BLUE, RED, WHITE, GREEN];
    let small = to(Format::Png, 16, 32);
    assert_close(quarters(include_bytes!("fixtures/exif6.jpg"), &small), turned, "jpeg");
    assert_close(quarters(include_bytes!("fixtures/exif6.webp"), &small), turned, "webp");
}

#[test]
fn transparency_stays_or_becomes_white() {
    let picture = Picture::quarters(64, 64, [RED, CLEAR, BLUE, [0, 0, 0, 128]]);
    let source = picture.png();
    for format in [Format::Png, Format::Webp] {
        let found = quarters(&source, &to(format, 16, 16));
        assert_close(
            [found[0], [0, 0, 0, found[1][3]], found[2], found[3]],
            [RED, CLEAR, BLUE, [0, 0, 0, 128]],
            "kept",
        );
    }
    let flat = quarters(&source, &to(Format::Jpeg, 16, 16));
    assert_close(flat, [RED, WHITE, BLUE, [127, 127, 127, 255]], "flattened");
    let gif = quarters(&source, &to(Format::Gif, 16, 16));
    assert_eq!((gif[0], gif[1][3]), (RED, 0));
    for source in [&include_bytes!("fixtures/alpha.webp")[..], include_bytes!("fixtures/alpha-lossy.webp")] {
        let flat = quarters(source, &to(Format::Jpeg, 32, 16));
        assert_close(flat, [RED, GREEN, BLUE, WHITE], "transparent corner on white");
    }
}

#[test]
fn hidden_colours_do_not_bleed_into_edges() {
    // Clear pixels of a glaring colour beside opaque black.
    let source = Picture::of(64, 64, |x, _| if x < 31 { [255, 0, 0, 0] } else { [0, 0, 0, 255] }).png();
    let scaled = decode(&rendered(&source, &to(Format::Png, 10, 10)).bytes);
    for pixel in scaled.pixels {
        assert!(pixel[3] == 0 || pixel[0] <= 2, "{pixel:?}");
    }
}

#[test]
fn gray_stays_gray() {
    let picture = Picture::of(64, 32, |_, _| [100, 100, 100, 255]);
    let gray = picture.bytes(1);
    let with_alpha: Vec<u8> = gray.iter().flat_map(|gray| [*gray, 255]).collect();
    let sources = [
        ("jpeg", picture.jpeg_as(PixelFormat::GRAY, &gray), true),
        ("png", png(64, 32, png::ColorType::Grayscale, png::BitDepth::Eight, &gray), true),
        ("gray and alpha", png(64, 32, png::ColorType::GrayscaleAlpha, png::BitDepth::Eight, &with_alpha), false),
        ("1-bit", png(64, 32, png::ColorType::Grayscale, png::BitDepth::One, &[0xFF; 8 * 32]), true),
    ];
    for (name, source, one_channel) in sources {
        let value = if name == "1-bit" { 255 } else { 100 };
        for format in Format::ALL {
            let found = rendered(&source, &to(format, 32, 16));
            assert_close(decode(&found.bytes).quarter_colours(), [[value, value, value, 255]; 4], name);
            if format == Format::Jpeg && one_channel {
                assert_eq!(turbojpeg::read_header(&found.bytes).unwrap().colorspace, turbojpeg::Colorspace::Gray);
            }
        }
    }
}

#[test]
fn ink_becomes_light() {
    // As Adobe stores it: 255 is no ink. Without the mark the values mean the opposite.
    let inks = Picture::quarters(64, 64, [[255, 0, 0, 255], [0, 255, 0, 255], [255, 255, 255, 0], [255; 4]]);
    let marked = inks.jpeg_as(PixelFormat::CMYK, &inks.bytes(4));
    let black = [0, 0, 0, 255];
    assert_close(quarters(&marked, &to(Format::Png, 16, 16)), [RED, GREEN, black, WHITE], "marked");
    // Pillow writes and inverts CMYK as Adobe does.
    let other = quarters(include_bytes!("fixtures/cmyk.jpg"), &to(Format::Jpeg, 32, 16));
    assert_close(other, CORNERS, "another writer");
}

#[test]
fn a_gif_frame_lies_where_it_says() {
    let found = quarters(&gif_with_offset(), &to(Format::Png, 20, 10));
    assert_eq!([found[0], found[1], found[2], found[3]], [CLEAR, CLEAR, CLEAR, GREEN]);
    let flat = quarters(&gif_with_offset(), &to(Format::Jpeg, 20, 10));
    assert_close(flat, [WHITE, WHITE, WHITE, GREEN], "on white");
}

#[test]
fn gradients_keep_their_course() {
    let ramp = Picture::of(800, 40, |x, _| {
        let value = (x * 255 / 799) as u8;
        [value, value, value, 255]
    });
    for width in [799, 640, 333, 100, 99, 30] {
        let scaled = decode(&rendered(&ramp.jpeg(), &to(Format::Png, width, 20)).bytes);
        let row = &scaled.pixels[(10 * width) as usize..(11 * width) as usize];
        for (x, pixel) in row.iter().enumerate() {
            let expected = (x as f64 + 0.5) / f64::from(width) * 255.0;
            assert!(
                (f64::from(pixel[0]) - expected).abs() < 4.0,
                "{width} wide, column {x}: {pixel:?}, not {expected}"
            );
        }
    }
}

#[test]
fn quality_is_obeyed_and_the_default_is_not_the_worst() {
    let noise = Picture::of(128, 128, |x, y| {
        let mix = x.wrapping_mul(2_654_435_761).rotate_left(y % 31) ^ y.wrapping_mul(40_503);
        [mix as u8, (mix >> 8) as u8, (mix >> 16) as u8, 255]
    });
    let source = noise.png();
    for format in [Format::Jpeg, Format::Webp] {
        let len = |quality| rendered(&source, &Resolved { quality, ..to(format, 100, 100) }).bytes.len();
        let lens = [1, 30, 60, 95].map(len);
        assert!(lens.is_sorted() && lens[0] < lens[3] / 3, "{format:?}: {lens:?}");
    }
}

#[test]
fn limits_are_kept() {
    let limits = Limits { max_pixels: 100, max_input_bytes: 1000, max_output_bytes: 600, ..Limits::default() };
    let small = Picture::corners(10, 10).png();
    let attempt = |input: &[u8], resolved| render(input, &resolved, &limits).map(|rendered| rendered.width);
    assert_eq!(attempt(&small, to(Format::Png, 5, 5)), Ok(5));
    assert_eq!(attempt(&Picture::corners(11, 10).png(), to(Format::Png, 5, 5)), Err(RenderError::TooLarge));
    assert_eq!(attempt(&small, to(Format::Png, 11, 10)), Err(RenderError::TooLarge));
    assert_eq!(attempt(&vec![0; 1001], to(Format::Png, 5, 5)), Err(RenderError::TooLarge));
    assert_eq!(attempt(&small, to(Format::Jpeg, 10, 10)), Err(RenderError::TooLarge), "of its tables alone");
    let unsound = Resolved { crop: Some(Crop { x: 5, y: 0, width: 6, height: 1 }), ..to(Format::Png, 1, 1) };
    assert_eq!(attempt(&small, unsound), Err(RenderError::Unsupported));
    assert_eq!(attempt(&small, to(Format::Png, 0, 1)), Err(RenderError::Unsupported));
}
