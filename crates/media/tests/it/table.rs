//! Every kind of source by every kind of plan, beside what libvips makes of the same file: size, format, orientation, opacity, and
//! colours to within some decibels.

use std::{fs, path::PathBuf, process::Command};

use media::{
    Crop, Engine, Focus, Format, Limits, Plan, Probe, Rendered, Resize, Resolution, Wanted, probe, render, sniff,
};
use tempfile::TempDir;

use crate::pictures::{Picture, decode, with_orientation};

const WIDTH: u32 = 480;
const HEIGHT: u32 = 360;

/// A scene with soft light, straight and round edges, and fine lines; or the same with holes and a veil.
fn scene(clear: bool) -> Picture {
    Picture::of(WIDTH, HEIGHT, |x, y| {
        let (fx, fy) = (f64::from(x) / f64::from(WIDTH), f64::from(y) / f64::from(HEIGHT));
        let far = ((fx - 0.3).powi(2) + (fy - 0.6).powi(2)).sqrt();
        let mut colour = [40.0 + 180.0 * fx, 200.0 - 140.0 * fy, 90.0 + 60.0 * (fx * 9.0).sin()];
        if far < 0.22 {
            colour = [230.0 - 300.0 * far, 60.0 + 100.0 * fy, 50.0];
        }
        if x > 330 && y > 40 && y < 120 {
            let line = if (x / 12 + y / 12) % 2 == 0 { 30.0 } else { 220.0 };
            colour = [line, line, 0.8 * line];
        }
        let opacity = match (clear, far < 0.12, y > 280) {
            (true, true, _) => 0.0,
            (true, false, true) => 255.0 * fx,
            _ => 255.0,
        };
        [colour[0] as u8, colour[1] as u8, colour[2] as u8, opacity as u8]
    })
}

const PROFILED: &str = " --export-profile srgb --intent relative";

/// Files that libvips makes, each from the one before by arguments with `IN` and `OUT` in them.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn vips(&self, arguments: &str, from: &str, to: &str) {
        let (from, to) = (self.path(from), self.path(to));
        let (from, to) = (from.to_str().unwrap(), to.to_str().unwrap());
        let mut arguments =
            arguments.split(' ').map(|argument| argument.replace("IN", from).replace("OUT", to)).peekable();
        // What libvips has no way to write.
        let program = arguments.next_if(|first| first == "avifenc").unwrap_or_else(|| "vips".to_owned());
        let output = Command::new(program).args(arguments).output();
        let output = output.expect("vips and avifenc, from Debian's libvips-tools and libavif-bin");
        assert!(output.status.success(), "{to}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The file by the plan of libvips' own thumbnailer: turned, to sRGB, exactly so large.
    fn thumbnail(&self, from: &str, (width, height): (u32, u32), more: &str) -> Picture {
        // From a file whose format can not be decoded at less than full size: the best that libvips can do.
        self.vips("copy IN OUT", from, "whole.tif");
        // Where there is no profile, asking for one out would shift all colours a little.
        let profile = if from.contains("p3") || from.contains("inks") { PROFILED } else { "" };
        let arguments = format!("thumbnail IN OUT[strip] {width} --height {height} {more}{profile}");
        self.vips(&arguments, "whole.tif", "reference.png");
        self.vips("cast IN OUT[strip] uchar --shift", "reference.png", "eight.png");
        decode(&fs::read(self.path("eight.png")).unwrap())
    }
}

/// One source: its file, what libvips makes it by, and whether there is opacity in it.
struct Kind {
    file: &'static str,
    by: &'static str,
    clear: bool,
}

const fn kind(file: &'static str, by: &'static str) -> Kind {
    Kind { file, by, clear: false }
}

const fn clear(file: &'static str, by: &'static str) -> Kind {
    Kind { file, by, clear: true }
}

const KINDS: &[Kind] = &[
    kind("plain.jpg", "copy IN OUT[Q=95]"),
    kind("progressive.jpg", "copy IN OUT[Q=95,interlace]"),
    kind("even.jpg", "copy IN OUT[Q=95,subsample-mode=off]"),
    kind("grey.jpg", "colourspace IN OUT[Q=95] b-w"),
    kind("inks.jpg", "icc_transform IN OUT[Q=95] cmyk --input-profile srgb"),
    kind("p3.jpg", "icc_transform IN OUT[Q=95] p3 --input-profile srgb"),
    kind("plain.png", "copy IN OUT"),
    kind("interlaced.png", "copy IN OUT[interlace]"),
    kind("deep.png", "colourspace IN OUT rgb16"),
    kind("grey.png", "colourspace IN OUT b-w"),
    kind("grey-deep.png", "colourspace IN OUT grey16"),
    kind("palette.png", "copy IN OUT[palette,colours=256]"),
    kind("p3.png", "icc_transform IN OUT p3 --input-profile srgb"),
    clear("clear.png", "copy IN OUT"),
    clear("clear-deep.png", "colourspace IN OUT rgb16"),
    clear("clear-palette.png", "copy IN OUT[palette]"),
    kind("plain.webp", "copy IN OUT[Q=95]"),
    kind("exact.webp", "copy IN OUT[lossless]"),
    clear("clear.webp", "copy IN OUT[Q=95]"),
    clear("clear-exact.webp", "copy IN OUT[lossless]"),
    kind("plain.gif", "copy IN OUT"),
    kind("plain.avif", "copy IN OUT[Q=90,bitdepth=8]"),
    kind("deep.avif", "avifenc -s 9 --min 0 --max 9 -d 10 IN OUT"),
    kind("even.avif", "avifenc -s 9 --min 0 --max 9 -d 12 -y 444 IN OUT"),
    kind("narrow.avif", "avifenc -s 9 --min 0 --max 9 -r limited IN OUT"),
    kind("grid.avif", "avifenc -s 9 --min 0 --max 9 -g 2x2 IN OUT"),
    kind("p3.avif", "icc_transform IN OUT[Q=90,bitdepth=8] p3 --input-profile srgb"),
    clear("clear.avif", "copy IN OUT[Q=90,bitdepth=8]"),
    clear("clear-deep.avif", "avifenc -s 9 --min 0 --max 9 --minalpha 0 --maxalpha 9 -d 10 IN OUT"),
    kind("plain.tif", "copy IN OUT"),
    kind("lzw.tif", "copy IN OUT[compression=lzw,predictor=horizontal]"),
    kind("deflate-tiles.tif", "copy IN OUT[compression=deflate,tile,tile-width=128,tile-height=128]"),
    kind("jpeg.tif", "copy IN OUT[compression=jpeg,Q=95]"),
    kind("big.tif", "copy IN OUT[bigtiff]"),
    kind("pyramid.tif", "copy IN OUT[pyramid,tile]"),
    kind("deep.tif", "colourspace IN OUT rgb16"),
    kind("light.tif", "colourspace IN OUT scrgb"),
    kind("grey.tif", "colourspace IN OUT b-w"),
    kind("grey-deep.tif", "colourspace IN OUT grey16"),
    kind("inks.tif", "icc_transform IN OUT cmyk --input-profile srgb"),
    kind("p3.tif", "icc_transform IN OUT p3 --input-profile srgb"),
    clear("clear.tif", "copy IN OUT"),
    clear("clear-deep.tif", "colourspace IN OUT rgb16"),
];

/// All kinds, made.
fn bench() -> Bench {
    let bench = Bench { folder: tempfile::tempdir().unwrap() };
    let opaque = scene(false);
    let opaque = crate::pictures::png(WIDTH, HEIGHT, png::ColorType::Rgb, png::BitDepth::Eight, &opaque.bytes(3));
    fs::write(bench.path("opaque-scene.png"), opaque).unwrap();
    fs::write(bench.path("clear-scene.png"), scene(true).png()).unwrap();
    for Kind { file, by, clear } in KINDS {
        bench.vips(by, if *clear { "clear-scene.png" } else { "opaque-scene.png" }, file);
    }
    bench
}

/// What the head tells; where it does not tell the size, as of a TIFF whose directory stands at the end, a look at the whole.
fn known(source: &[u8]) -> Probe {
    probe(source).unwrap_or_else(|| {
        let made = Engine::default().make(source, &[], true, &Limits::default()).unwrap();
        let (width, height) = made.details.unwrap().pixels;
        Probe { media_type: sniff(source).unwrap(), width, height, orientation: 1, animated: false }
    })
}

fn drawn(source: &[u8], plan: &Plan) -> Rendered {
    let Resolution::Render(resolved) = plan.resolve(&known(source)) else { panic!("{plan:?} is to be drawn") };
    render(source, &resolved, &Limits::default()).unwrap()
}

/// Decibels, of all colours as they look on white.
pub fn likeness(ours: &Picture, theirs: &Picture) -> f64 {
    assert_eq!((ours.width, ours.height), (theirs.width, theirs.height));
    let on_white = |[red, green, blue, alpha]: [u8; 4]| {
        [red, green, blue].map(|part| (f64::from(part) * f64::from(alpha) + 255.0 * (255.0 - f64::from(alpha))) / 255.0)
    };
    decibels(ours.pixels.iter().zip(&theirs.pixels).flat_map(|(a, b)| {
        let (a, b) = (on_white(*a), on_white(*b));
        [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
    }))
}

/// Decibels of opacity alone.
fn likeness_of_opacity(ours: &Picture, theirs: &Picture) -> f64 {
    decibels(ours.pixels.iter().zip(&theirs.pixels).map(|(a, b)| f64::from(a[3]) - f64::from(b[3])))
}

fn decibels(errors: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = errors.fold((0.0, 0.0), |(sum, count), error| (sum + error * error, count + 1.0));
    10.0 * (255.0_f64.powi(2) / (sum / count)).log10()
}

/// How like libvips' it must be at least, in decibels: what the formats themselves lose is in it, and how the two read the
/// tables of a profile for inks.
fn least(kind: &Kind, format: Format) -> f64 {
    match format {
        // A GIF has holes and no veils.
        Format::Gif if kind.clear => 18.0,
        _ if kind.file.starts_with("inks") => 33.0,
        Format::Png => 46.0,
        Format::Jpeg | Format::Webp | Format::Gif | Format::Avif => 36.0,
    }
}

#[test]
fn every_source_in_every_format_is_what_libvips_makes_of_it() {
    let bench = bench();
    for kind in KINDS {
        let Kind { file, clear, .. } = kind;
        let source = fs::read(bench.path(file)).unwrap();
        let reference = bench.thumbnail(file, (200, 150), "--size force");
        for format in Format::ALL {
            // It takes as long as all the others, and comes after all that differs between sources.
            if format == Format::Avif && !file.starts_with("plain.") && !file.starts_with("clear.") {
                continue;
            }
            let quality = format.default_quality().map(|_| 95);
            let plan = Plan { resize: Resize::Width(200), format: Wanted::As(format), quality, ..Plan::ORIGINAL };
            let rendered = drawn(&source, &plan);
            let found = probe(&rendered.bytes).unwrap();
            assert_eq!((found.width, found.height, found.orientation), (200, 150, 1), "{file} as {format:?}");
            assert_eq!((&found.media_type, found.animated), (&format.media_type(), false), "{file} as {format:?}");
            let ours = decode(&rendered.bytes);
            let like = likeness(&ours, &reference);
            assert!(like > least(kind, format), "{file} as {format:?}: {like:.1} dB");
            let opacity = likeness_of_opacity(&ours, &reference);
            match (clear, format) {
                (true, Format::Png | Format::Webp | Format::Avif) => {
                    assert!(opacity > 35.0, "{file} as {format:?}: {opacity:.1} dB")
                }
                (true, Format::Gif) => assert!(ours.pixels.iter().any(|pixel| pixel[3] == 0), "{file} as {format:?}"),
                _ => assert!(ours.pixels.iter().all(|pixel| pixel[3] == 255), "{file} as {format:?}"),
            }
        }
    }
}

#[test]
fn every_plan_is_what_libvips_makes_of_it() {
    let bench = bench();
    let plan = |resize| Plan { resize, format: Wanted::As(Format::Png), ..Plan::ORIGINAL };
    let cover = Resize::Cover { width: 120, height: 150 };
    let part = Crop { x: 60, y: 100, width: 300, height: 200 };
    // A plan, the size it comes to, and how libvips is told: first a part, then a thumbnail.
    let table = [
        (plan(Resize::Width(31)), (31, 23), None, "--size force"),
        (plan(Resize::Percent(75)), (360, 270), None, "--size force"),
        (plan(Resize::Exact { width: 100, height: 300 }), (100, 300), None, "--size force"),
        (plan(Resize::Exact { width: 700, height: 500 }), (700, 500), None, "--size force"),
        (Plan { enlarge: true, ..plan(Resize::Width(960)) }, (960, 720), None, "--size force"),
        (plan(cover), (120, 150), None, "--crop centre"),
        (Plan { focus: Focus { x: 0, y: 0 }, ..plan(cover) }, (120, 150), None, "--crop low"),
        (Plan { focus: Focus { x: 1000, y: 1000 }, ..plan(cover) }, (120, 150), None, "--crop high"),
        (Plan { crop: Some(part), ..plan(Resize::Width(150)) }, (150, 100), Some(part), "--size force"),
        (Plan { crop: Some(part), ..plan(Resize::Original) }, (300, 200), Some(part), "--size force"),
    ];
    for file in &["plain.jpg", "inks.jpg", "deep.png", "clear.png", "plain.webp", "plain.gif"] {
        let source = fs::read(bench.path(file)).unwrap();
        for (plan, size, part, told) in &table {
            let from = match part {
                None => (*file).to_owned(),
                Some(Crop { x, y, width, height }) => {
                    let name = format!("part-of-{file}.tif");
                    bench.vips(&format!("extract_area IN OUT {x} {y} {width} {height}"), file, &name);
                    name
                }
            };
            let rendered = drawn(&source, plan);
            assert_eq!((rendered.width, rendered.height), *size, "{file} by {plan:?}");
            let like = likeness(&decode(&rendered.bytes), &bench.thumbnail(&from, *size, told));
            // Where pixels are made up, the two make up different ones.
            let least = if size.0 > WIDTH {
                29.0
            } else if *file == "inks.jpg" {
                33.0
            } else {
                43.0
            };
            assert!(like > least, "{file} by {plan:?}: {like:.1} dB");
        }
    }
}

#[test]
fn all_eight_orientations_come_out_upright() {
    let bench = bench();
    let source = fs::read(bench.path("plain.jpg")).unwrap();
    for orientation in 1..=8 {
        let turned = with_orientation(&source, orientation);
        fs::write(bench.path("turned.jpg"), &turned).unwrap();
        let size = if orientation < 5 { (240, 180) } else { (180, 240) };
        let reference = bench.thumbnail("turned.jpg", size, "--size force");
        let plan = Plan { resize: Resize::Percent(50), format: Wanted::As(Format::Png), ..Plan::ORIGINAL };
        let rendered = drawn(&turned, &plan);
        assert_eq!((rendered.width, rendered.height), size, "orientation {orientation}");
        let like = likeness(&decode(&rendered.bytes), &reference);
        assert!(like > 48.0, "orientation {orientation}: {like:.1} dB");
        // A part is one of what is seen, not of what is stored.
        let cover = Resize::Cover { width: 90, height: 90 };
        let plan =
            Plan { resize: cover, focus: Focus { x: 0, y: 0 }, format: Wanted::As(Format::Png), ..Plan::ORIGINAL };
        let reference = bench.thumbnail("turned.jpg", (90, 90), "--crop low");
        let like = likeness(&decode(&drawn(&turned, &plan).bytes), &reference);
        assert!(like > 45.0, "a part of orientation {orientation}: {like:.1} dB");
    }
}
