//! HEIC by the system's libheif: every kind of file beside what the library's own program makes of it, and damaged ones; in this process
//! and through workers, which can start no thread for it.

use std::time::Duration;

use bytes::Bytes;
use content::MediaType;
use media::{
    Engine, Format, Limits, Plan, Probe, RenderError, Renderer, RendererConfig, Resolution, Resolved, Source, Wanted,
    probe,
};

use crate::{
    heif_files::{Coded, converted, cut_to, encoded, grid, mirrored, opaque_png, single, turned, unnamed_av1},
    pictures::{Picture, decode, png},
    table::likeness,
    workers::WORKER,
};

/// Nothing in it is like anything else in it: soft light, edges, and fine lines.
fn scene(width: u32, height: u32) -> Picture {
    Picture::of(width, height, |x, y| {
        let light = [(255 * x / width) as u8, (200 - 150 * y / height) as u8, (x / 3 + y / 2) as u8, 255];
        let lines = x > width / 2 && y < height / 3;
        if lines && (x / 8 + y / 8) % 2 == 0 { [20, 30, 40, 255] } else { light }
    })
}

/// The same with a veil over it.
fn veiled(width: u32, height: u32) -> Picture {
    let scene = scene(width, height);
    Picture::of(width, height, |x, y| {
        let [red, green, blue, _] = scene.pixels[(y * width + x) as usize];
        [red, green, blue, (255 * y / height) as u8]
    })
}

fn as_it_is(source: &[u8]) -> Resolved {
    let plan = Plan { format: Wanted::As(Format::Png), ..Plan::ORIGINAL };
    let Resolution::Render(resolved) = plan.resolve(&probe(source).unwrap()) else { panic!("it is to be drawn") };
    resolved
}

fn drawn(source: &[u8]) -> Picture {
    decode(&Engine::outfitted().render(source, &as_it_is(source), &Limits::default()).unwrap().bytes)
}

fn heic(bytes: &[u8]) -> Source {
    Source::from(Bytes::copy_from_slice(bytes)).of_type(&MediaType::of("image/heic"))
}

fn renderer(limits: Limits) -> Renderer {
    let deadline = Duration::from_secs(300);
    Renderer::new(RendererConfig { worker: WORKER.into(), workers: 1, queue: 0, deadline, limits })
}

#[test]
fn every_kind_is_what_the_library_makes_of_it() {
    let picture = scene(482, 362);
    let opaque = opaque_png(&picture);
    let deep: Vec<u8> = picture.bytes(3).iter().flat_map(|part| [*part, 77]).collect();
    let deep = png(482, 362, png::ColorType::Rgb, png::BitDepth::Sixteen, &deep);
    let grey = Picture::of(482, 362, |x, y| {
        let light = (x / 2 + y / 4) as u8;
        [light, light, light, 255]
    });
    let grey_png = png(482, 362, png::ColorType::Grayscale, png::BitDepth::Eight, &grey.bytes(1));
    let odd = scene(481, 361);
    let veiled = veiled(482, 362);
    // The file, how it is made, and how like the original it must be at least, in decibels.
    let table: [(&str, &Picture, &[u8], &[&str]); 9] = [
        ("plain", &picture, &opaque, &["-q", "90"]),
        ("one thread", &picture, &opaque, &["-q", "90", "-p", "x265:wpp=0"]),
        ("full colour", &picture, &opaque, &["-q", "90", "-p", "chroma=444"]),
        ("ten bits", &picture, &deep, &["-q", "90", "-b", "10"]),
        ("twelve bits", &picture, &deep, &["-q", "90", "-b", "12"]),
        ("grey", &grey, &grey_png, &["-q", "90"]),
        ("odd size", &odd, &opaque_png(&odd), &["-q", "90"]),
        ("veiled", &veiled, &veiled.png(), &["-q", "90"]),
        ("veiled and small beside", &veiled, &veiled.png(), &["-q", "90", "-t", "100"]),
    ];
    for (what, original, png, arguments) in table {
        let file = encoded(png, arguments);
        let ours = drawn(&file);
        let (theirs, origin) = (likeness(&ours, &converted(&file)), likeness(&ours, original));
        assert!(theirs > 50.0, "{what}: {theirs:.1} dB");
        assert!(origin > 28.0, "{what}: {origin:.1} dB of the original");
    }
}

#[test]
fn colours_that_were_multiplied_are_not_when_they_come_out() {
    let veiled = veiled(320, 240);
    let multiplied = Picture::of(320, 240, |x, y| {
        let [parts @ .., alpha] = veiled.pixels[(y * 320 + x) as usize];
        let [red, green, blue] = parts.map(|part| (u16::from(part) * u16::from(alpha) / 255) as u8);
        [red, green, blue, alpha]
    });
    let file = encoded(&multiplied.png(), &["--premultiplied-alpha", "-q", "95", "-p", "chroma=444"]);
    let like = likeness(&drawn(&file), &veiled);
    assert!(like > 33.0, "{like:.1} dB");
}

#[test]
fn tiles_turns_and_cuts_are_what_the_library_makes_of_them() {
    let whole = scene(512, 384);
    let tile = |left: u32, top: u32| {
        let at = |x: u32, y: u32| whole.pixels[((top + y) * 512 + left + x) as usize];
        Coded::of(&Picture::of(256, 192, at), &[])
    };
    let tiles = [tile(0, 0), tile(256, 0), tile(0, 192), tile(256, 192)];
    let tiles: Vec<&Coded> = tiles.iter().collect();
    let mut files = vec![
        ("tiles", grid(&tiles, 2, (512, 384), &[])),
        ("tiles that reach over", grid(&tiles, 2, (500, 380), &[])),
        ("tiles, turned", grid(&tiles, 2, (512, 384), &[turned(3)])),
        ("tiles, cut and turned", grid(&tiles, 2, (512, 384), &[cut_to((301, 204), (3, -20)), turned(1)])),
    ];
    let one = Coded::of(&whole, &[]);
    let size = (512, 384);
    files.push(("cut", single(&one, size, &[cut_to((300, 200), (-100, 50))])));
    for quarters in 0..4 {
        files.push(("turned", single(&one, size, &[turned(quarters)])));
        files.push(("turned and mirrored", single(&one, size, &[turned(quarters), mirrored(1)])));
    }
    files.push(("mirrored top to bottom", single(&one, size, &[mirrored(0)])));
    files.push(("mirrored and turned", single(&one, size, &[mirrored(1), turned(1)])));
    for (what, file) in files {
        let reference = converted(&file);
        let Probe { width, height, .. } = probe(&file).unwrap();
        assert_eq!((width, height), (reference.width, reference.height), "{what}");
        let like = likeness(&drawn(&file), &reference);
        assert!(like > 50.0, "{what}: {like:.1} dB");
    }
}

#[tokio::test]
async fn a_worker_draws_it_on_its_one_thread() {
    let renderer = renderer(Limits::default());
    let picture = scene(640, 480);
    let tile = Coded::of(&scene(256, 192), &[]);
    // Each way to code an image that a decoder with threads would hand out to them.
    let files = [
        encoded(&opaque_png(&picture), &[]),
        encoded(&opaque_png(&picture), &["-p", "x265:wpp=0"]),
        encoded(&opaque_png(&picture), &["-p", "x265:slices=4"]),
        encoded(&veiled(640, 480).png(), &[]),
        grid(&[&tile; 6], 3, (768, 384), &[]),
        unnamed_av1(&opaque_png(&picture)),
    ];
    for file in &files {
        let plan = as_it_is(file);
        let rendered = renderer.render(heic(file), &plan).await.unwrap();
        assert_eq!(rendered, Engine::outfitted().render(file, &plan, &Limits::default()).unwrap());
    }
    assert_eq!(renderer.idle_workers().len(), 1, "one worker did it all");
    // What is not said to be HEIC comes to a worker that has no library.
    let plain = Source::from(Bytes::from(files[0].clone()));
    assert_eq!(renderer.render(plain, &as_it_is(&files[0])).await, Err(RenderError::Unsupported));
}

#[tokio::test]
async fn a_photo_of_twelve_megapixels_fits_into_a_worker() {
    let tile = Coded::of(&scene(512, 512), &[]);
    let photo = grid(&[&tile; 48], 8, (4032, 3024), &[turned(3)]);
    let renderer = renderer(Limits::default());
    let small = Resolved::of_size(300, 400, Format::Jpeg);
    let made = renderer.render_many(heic(&photo), &[small, as_it_is(&photo)], true).await.unwrap();
    assert_eq!(made.details.map(|details| details.pixels), Some((3024, 4032)));
    assert_eq!((made.renditions[0].width, made.renditions[1].width), (300, 3024));
}

#[tokio::test]
async fn little_memory_is_enough_for_little() {
    let limits =
        Limits { max_pixels: 500_000, max_input_bytes: 1_000_000, max_output_bytes: 1_000_000, ..Limits::default() };
    let file = encoded(&opaque_png(&scene(640, 480)), &[]);
    renderer(limits).render(heic(&file), &Resolved::of_size(64, 48, Format::Jpeg)).await.unwrap();
}

#[test]
fn without_the_library_there_is_no_heic() {
    let file = encoded(&opaque_png(&scene(64, 48)), &[]);
    let plan = Resolved::of_size(8, 6, Format::Png);
    assert_eq!(Engine::default().render(&file, &plan, &Limits::default()), Err(RenderError::Unsupported));
}

#[test]
fn a_size_that_is_stated_and_not_true_is_refused() {
    let coded = Coded::of(&scene(128, 96), &[]);
    let plan = Resolved::of_size(8, 6, Format::Png);
    let refused = |file: &[u8]| Engine::outfitted().render(file, &plan, &Limits::default()).unwrap_err();
    for size in [(50_000, 50_000), (u32::MAX, u32::MAX), (10_001, 10_000)] {
        assert_eq!(refused(&single(&coded, size, &[])), RenderError::TooLarge, "{size:?}");
        // What is cut off counts too.
        let cut = single(&coded, size, &[cut_to((16, 16), (0, 0))]);
        assert_eq!(refused(&cut), RenderError::TooLarge, "{size:?}, cut");
    }
    for size in [(10_000, 10_000), (256, 192), (128, 95), (1, 1)] {
        let found = refused(&single(&coded, size, &[]));
        assert!(matches!(found, RenderError::Corrupt(_)), "{size:?}: {found:?}");
    }
}

#[test]
fn what_a_file_leaves_out_shows_nothing_of_other_images() {
    let other = encoded(&opaque_png(&scene(300, 200)), &[]);
    let tile = Coded::of(&scene(128, 96), &[]);
    // Two tiles where there should be more, and an image that ends in its middle.
    let tiles = grid(&[&tile, &tile], 2, (300, 200), &[]);
    let half = single(&Coded::of(&scene(300, 200), &[]).cut_short(), (300, 200), &[]);
    let mut engine = Engine::outfitted();
    let mut draw = |file: &[u8]| Some(decode(&engine.render(file, &as_it_is(file), &Limits::default()).ok()?.bytes));
    for (what, file) in [("tiles", tiles), ("half", half)] {
        for _ in 0..3 {
            draw(&other).unwrap();
            // A newer library may refuse it.
            let Some(found) = draw(&file) else { continue };
            let rest = &found.pixels[195 * 300..];
            assert!(rest.iter().all(|pixel| *pixel == rest[0]), "{what}: the rest is of one colour");
        }
    }
}

/// Draws it, or is told why not, in terms that an engine has.
fn assert_harmless(engine: &mut Engine, file: &[u8], what: &str) -> bool {
    match engine.render(file, &Resolved::of_size(8, 6, Format::Png), &Limits::default()) {
        Ok(_) => true,
        Err(RenderError::Corrupt(_) | RenderError::TooLarge | RenderError::Unsupported) => false,
        Err(error) => panic!("{what}: {error}"),
    }
}

#[test]
fn a_file_that_is_cut_or_damaged_is_refused_or_drawn() {
    let mut engine = Engine::outfitted();
    let tile = Coded::of(&scene(96, 64), &[]);
    for file in [encoded(&veiled(96, 64).png(), &[]), grid(&[&tile; 4], 2, (190, 128), &[turned(1), mirrored(1)])] {
        for len in (0..file.len()).step_by(7) {
            assert_harmless(&mut engine, &file[..len], &format!("cut at {len}"));
        }
        // The same numbers each time.
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        for round in 0..600 {
            let mut damaged = file.clone();
            for _ in 0..=random(3) {
                let at = random(file.len());
                damaged[at] = random(256) as u8;
            }
            assert_harmless(&mut engine, &damaged, &format!("round {round}"));
        }
        assert!(assert_harmless(&mut engine, &file, "whole"), "and the next is drawn");
    }
}
