//! What moves keeps moving: frames, delays, repetitions, opacity and colours from each format to each other.

use media::{Crop, Format, Limits, RenderError, Rendered, Resolved, probe, render};
use png::{BitDepth, BlendOp, ColorType, DisposeOp};

use crate::{
    films::{Film, Piece, apng, film, psnr},
    pictures::{BLUE, CLEAR, GREEN, Picture, RED, WHITE, assert_close, png_with_chunk},
};

pub const MOVING: [Format; 3] = [Format::Gif, Format::Png, Format::Webp];

pub fn to(format: Format, width: u32, height: u32) -> Resolved {
    Resolved { animated: true, ..Resolved::of_size(width, height, format) }
}

#[track_caller]
pub fn rendered(input: &[u8], resolved: &Resolved) -> Rendered {
    let rendered = render(input, resolved, &Limits::default()).unwrap();
    let found = probe(&rendered.bytes).unwrap();
    assert_eq!((found.width, found.height, found.animated), (resolved.width, resolved.height, rendered.animated));
    assert_eq!(rendered.media_type, found.media_type);
    rendered
}

/// All frames, as an APNG has them.
#[track_caller]
fn frames(input: &[u8], width: u32, height: u32) -> Vec<Picture> {
    let rendered = rendered(input, &to(Format::Png, width, height));
    assert!(rendered.animated);
    film(&rendered.bytes).frames.into_iter().map(|(picture, _)| picture).collect()
}

#[test]
fn every_animation_to_every_format() {
    for (background, plays) in [([255, 255, 255, 255], 0), ([10, 60, 90, 255], 1), (CLEAR, 3)] {
        let expected = Film::wandering(plays, background);
        for from in MOVING {
            let source = expected.encoded(from);
            assert!(probe(&source).unwrap().animated, "{from:?}");
            for into in MOVING {
                let what = format!("{from:?} to {into:?} on {background:?}, played {plays} times");
                let found = film(&rendered(&source, &to(into, 96, 64)).bytes);
                assert_eq!(found.plays, plays, "{what}");
                let delays = |film: &Film| film.frames.iter().map(|(_, delay_ms)| *delay_ms).collect::<Vec<_>>();
                assert_eq!(delays(&found), delays(&expected), "{what}");
                let least = if Format::Webp == from || Format::Webp == into { 28.0 } else { 99.0 };
                for (at, (found, expected)) in found.frames.iter().zip(&expected.frames).enumerate() {
                    let near = psnr(&found.0, &expected.0);
                    assert!(near >= least, "{what}: frame {at} is {near:.1} dB near");
                }
            }
        }
    }
}

#[test]
fn animations_are_scaled_cropped_and_turned() {
    // The corners go round, a quarter further in each frame.
    let corners = [RED, GREEN, WHITE, BLUE];
    let turned = |by: usize| [0, 1, 3, 2].map(|at: usize| corners[(at + by) % 4]);
    let turning = (0..4).map(|by| (Picture::quarters(96, 64, turned(by)), 80)).collect();
    let film = Film { plays: 0, frames: turning };
    for format in MOVING {
        let source = film.encoded(format);
        for (by, frame) in frames(&source, 48, 32).iter().enumerate() {
            assert_close(frame.quarter_colours(), turned(by), &format!("{format:?}, frame {by}"));
        }
        let crop = Some(Crop { x: 48, y: 0, width: 48, height: 32 });
        let resolved = Resolved { crop, ..to(Format::Png, 24, 16) };
        let cropped = crate::films::film(&rendered(&source, &resolved).bytes);
        for (by, (frame, _)) in cropped.frames.iter().enumerate() {
            assert_close(frame.quarter_colours(), [turned(by)[1]; 4], &format!("{format:?}, part of frame {by}"));
        }
    }
    // EXIF says that it is to be turned to the right.
    let exif = b"MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let lying = png_with_chunk(&film.apng(), b"eXIf", exif);
    assert_eq!(probe(&lying).map(|probe| (probe.width, probe.height, probe.orientation)), Some((64, 96, 6)));
    for (by, frame) in frames(&lying, 32, 48).iter().enumerate() {
        let [one, two, three, four] = turned(by);
        assert_close(frame.quarter_colours(), [three, one, four, two], &format!("turned, frame {by}"));
    }
}

#[test]
fn a_gif_is_composed_as_browsers_do() {
    let palette = [RED, GREEN, BLUE, WHITE].iter().flat_map(|colour| colour[..3].to_vec()).collect::<Vec<u8>>();
    let mut encoder = gif::Encoder::new(Vec::new(), 4, 4, &palette).unwrap();
    let mut put = |area: (u16, u16, u16, u16), places: &[u8], change: &dyn Fn(&mut gif::Frame<'_>)| {
        let mut frame = gif::Frame::from_indexed_pixels(area.2, area.3, places.to_vec(), None);
        (frame.left, frame.top, frame.delay) = (area.0, area.1, 10);
        change(&mut frame);
        encoder.write_frame(&frame).unwrap();
    };
    // Rows in the order of an interlaced file: 0, 2, 1, 3.
    put((0, 0, 4, 4), &[[0; 4], [1; 4], [2; 4], [3; 4]].concat(), &|frame| frame.interlaced = true);
    put((0, 0, 2, 2), &[3; 4], &|frame| frame.dispose = gif::DisposalMethod::Previous);
    put((2, 2, 2, 2), &[1, 0, 0, 1], &|frame| {
        frame.transparent = Some(0);
        frame.dispose = gif::DisposalMethod::Background;
    });
    // Half of it lies outside, and it has colours of its own.
    put((3, 0, 2, 4), &[0; 8], &|frame| frame.palette = Some(vec![1, 2, 3, 4, 5, 6]));
    let source = encoder.into_inner().unwrap();

    let own = [1, 2, 3, 255];
    let rows = |rows: [[[u8; 4]; 4]; 4]| Picture { width: 4, height: 4, pixels: rows.concat() };
    let expected = [
        rows([[RED; 4], [BLUE; 4], [GREEN; 4], [WHITE; 4]]),
        rows([[WHITE, WHITE, RED, RED], [WHITE, WHITE, BLUE, BLUE], [GREEN; 4], [WHITE; 4]]),
        rows([[RED; 4], [BLUE; 4], [GREEN; 4], [WHITE, WHITE, WHITE, GREEN]]),
        rows([[RED, RED, RED, own], [BLUE, BLUE, BLUE, own], [GREEN, GREEN, CLEAR, own], [WHITE, WHITE, CLEAR, own]]),
    ];
    assert_eq!(frames(&source, 4, 4), expected);
}

#[test]
fn an_apng_is_composed_as_it_says() {
    let pixels = |colour: [u8; 4], count: usize| colour.repeat(count);
    let whole = Piece::of((0, 0, 4, 2), &pixels(RED, 8));
    let half = [0, 0, 255, 128];
    let pieces = [
        whole,
        Piece { blend: BlendOp::Over, dispose: DisposeOp::Previous, ..Piece::of((0, 0, 2, 2), &pixels(half, 4)) },
        Piece { dispose: DisposeOp::Background, ..Piece::of((2, 0, 2, 1), &pixels(half, 2)) },
        Piece { blend: BlendOp::Over, ..Piece::of((3, 0, 1, 2), &[WHITE, CLEAR].concat()) },
    ];
    let mixed = [127, 0, 128, 255];
    let rows = |rows: [[[u8; 4]; 4]; 2]| Picture { width: 4, height: 2, pixels: rows.concat() };
    let expected = [
        rows([[RED; 4], [RED; 4]]),
        rows([[mixed, mixed, RED, RED], [mixed, mixed, RED, RED]]),
        rows([[RED, RED, half, half], [RED; 4]]),
        rows([[RED, RED, CLEAR, WHITE], [RED; 4]]),
    ];
    let source = apng((4, 2), ColorType::Rgba, BitDepth::Eight, 0, &pieces);
    assert_eq!(frames(&source, 4, 2), expected);
}

#[test]
fn apngs_of_every_kind_of_pixel() {
    let gray = |value: u8| [value, value, value, 255];
    type Kind = (ColorType, BitDepth, [&'static [u8]; 2], [[u8; 4]; 2]);
    let kinds: [Kind; 8] = [
        (ColorType::Grayscale, BitDepth::One, [&[0x80], &[0x00]], [WHITE, gray(0)]),
        (ColorType::Grayscale, BitDepth::Eight, [&[7], &[200]], [gray(7), gray(200)]),
        // To the nearest: 0x7F80 is 127.99.
        (ColorType::Grayscale, BitDepth::Sixteen, [&[0x7F, 0xFE], &[0x7F, 0x80]], [gray(127), gray(127)]),
        (ColorType::GrayscaleAlpha, BitDepth::Eight, [&[7, 9], &[200, 255]], [[7, 7, 7, 9], gray(200)]),
        (ColorType::Rgb, BitDepth::Eight, [&RED[..3], &BLUE[..3]], [RED, BLUE]),
        (ColorType::Rgb, BitDepth::Sixteen, [&[0, 1, 0, 128, 0, 129], &[255; 6]], [[0, 0, 1, 255], WHITE]),
        (ColorType::Rgba, BitDepth::Sixteen, [&[255; 8], &[1, 1, 2, 2, 3, 3, 4, 4]], [WHITE, [1, 2, 3, 4]]),
        (ColorType::Indexed, BitDepth::Two, [&[0x40], &[0xC0]], [GREEN, [255, 255, 255, 0]]),
    ];
    for (color, depth, data, expected) in kinds {
        let pieces = [data[0], data[1], data[0]].map(|data| Piece::of((0, 0, 1, 1), data));
        let source = apng((1, 1), color, depth, 0, &pieces);
        let found = rendered(&source, &to(Format::Png, 1, 1));
        let found: Vec<_> = if found.animated {
            film(&found.bytes).frames.iter().map(|(frame, _)| frame.pixels[0]).collect()
        } else {
            vec![crate::pictures::decode(&found.bytes).pixels[0]]
        };
        let expected = [expected[0], expected[1], expected[0]];
        let expected = if expected[0] == expected[1] { &expected[..1] } else { &expected[..] };
        assert_eq!(found, expected, "{color:?}, {depth:?}");
    }
}

#[test]
fn an_image_for_programs_that_know_no_frames_is_none() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
    encoder.set_color(ColorType::Rgba);
    encoder.set_animated(2, 1).unwrap();
    encoder.set_sep_def_img(true).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for colour in [WHITE, RED, GREEN] {
        writer.write_image_data(&colour).unwrap();
    }
    writer.finish().unwrap();
    let shown: Vec<_> = frames(&bytes, 1, 1).iter().map(|frame| frame.pixels[0]).collect();
    assert_eq!(shown, [RED, GREEN]);
    let still = render(&bytes, &Resolved::of_size(1, 1, Format::Png), &Limits::default()).unwrap();
    assert_eq!(crate::pictures::decode(&still.bytes).pixels, [WHITE]);
}

#[test]
fn delays_are_those_of_browsers_and_their_sum_stays() {
    let picture = |value: u8| Picture::of(8, 8, |_, _| [value, 0, 0, 255]);
    let of = |delays: &[u32]| Film {
        plays: 0,
        frames: delays.iter().enumerate().map(|(at, delay)| (picture(at as u8 * 9), *delay)).collect(),
    };
    let delays = |source: &[u8], format| {
        let film = film(&rendered(source, &to(format, 8, 8)).bytes);
        film.frames.iter().map(|(_, delay_ms)| *delay_ms).collect::<Vec<_>>()
    };
    for format in MOVING {
        assert_eq!(delays(&of(&[0, 10, 20, 30]).gif(), format), [100, 100, 20, 30], "{format:?}");
        assert_eq!(delays(&of(&[0, 10, 60_000]).apng(), format), [100, 100, 60_000], "{format:?}");
    }
    // Shown for 15 ms each, which is less than a GIF can say; of 25 frames some go, and no time is lost.
    let quick = of(&[15; 25]);
    assert_eq!(delays(&quick.apng(), Format::Webp), [15; 25]);
    let found = delays(&quick.apng(), Format::Gif);
    assert!(found.len() > 12 && found.iter().all(|delay_ms| *delay_ms >= 20), "{found:?}");
    assert!(found.iter().sum::<u32>().abs_diff(375) <= 10, "{found:?}");
    // 25 and 26 ms are no hundredths either, but need not go.
    let found = delays(&of(&[25, 26].repeat(10)).apng(), Format::Gif);
    assert_eq!((found.len(), found.iter().sum()), (20, 510));
}

#[test]
fn equal_frames_become_one() {
    let mut film = Film::wandering(0, WHITE);
    film.frames.insert(1, film.frames[0].clone());
    for into in MOVING {
        let found = crate::films::film(&rendered(&film.apng(), &to(into, 96, 64)).bytes);
        assert_eq!((found.frames.len(), found.duration_ms(), found.frames[0].1), (4, 560, 200), "{into:?}");
    }
    // Where nothing moves there is no animation.
    film.frames = vec![film.frames[0].clone(); 3];
    for into in MOVING {
        assert!(!rendered(&film.gif(), &to(into, 96, 64)).animated, "{into:?}");
    }
}

#[test]
fn what_is_transparent_is_flattened_in_every_frame() {
    let film = Film::wandering(0, CLEAR);
    for into in MOVING {
        let resolved = Resolved { flatten: Some([0, 0, 255]), ..to(into, 96, 64) };
        let flat = crate::films::film(&rendered(&film.gif(), &resolved).bytes);
        for (found, (expected, _)) in flat.frames.iter().zip(&film.frames) {
            let expected = Picture {
                pixels: expected.pixels.iter().map(|pixel| if pixel[3] == 0 { BLUE } else { *pixel }).collect(),
                ..expected.clone()
            };
            assert!(psnr(&found.0, &expected) > 25.0, "{into:?}: {}", psnr(&found.0, &expected));
        }
    }
}

#[test]
fn an_animation_beyond_its_budget_is_a_still() {
    let film = Film::wandering(0, WHITE);
    let (enough, pixels) = (Limits { max_frames: 4, ..Limits::default() }, 4 * 96 * 64);
    for format in MOVING {
        let source = film.encoded(format);
        for (limits, moves) in [
            (enough, true),
            (Limits { max_frames: 3, ..enough }, false),
            (Limits { max_animation_pixels: pixels, ..enough }, true),
            (Limits { max_animation_pixels: pixels - 1, ..enough }, false),
        ] {
            let found = render(&source, &to(Format::Png, 48, 32), &limits).unwrap();
            assert_eq!(found.animated, moves, "{format:?}, {limits:?}");
        }
        let tight = Limits { max_output_bytes: 150, ..enough };
        assert_eq!(render(&source, &to(Format::Gif, 96, 64), &tight), Err(RenderError::TooLarge), "{format:?}");
    }
}

#[test]
fn a_cut_animation_goes_as_far_as_it_is_whole() {
    let film = Film::wandering(0, WHITE);
    for format in MOVING {
        let source = film.encoded(format);
        let mut counts = Vec::new();
        for len in (0..source.len()).rev().step_by(7) {
            let Ok(found) = render(&source[..len], &to(Format::Png, 96, 64), &Limits::default()) else { break };
            let found = if found.animated { crate::films::film(&found.bytes).frames } else { Vec::new() };
            for (found, expected) in found.iter().zip(&film.frames) {
                assert!(psnr(&found.0, &expected.0) > 28.0, "{format:?} cut to {len}");
            }
            counts.push(found.len());
        }
        assert!(counts.is_sorted_by(|one, shorter| one >= shorter), "{format:?}: {counts:?}");
        assert!([0, 2, 3].iter().all(|count| counts.contains(count)), "{format:?}: {counts:?}");
    }
}
