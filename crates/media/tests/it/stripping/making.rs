//! Files as cameras write them, made by the tools that others use to write into them.

use std::{fs, process::Command, sync::LazyLock};

use content::MediaType;
use media::{Engine, Format, Limits, Resolved};

use crate::{
    films::Film,
    heif_files,
    pictures::{CLEAR, Picture, png_with_chunk},
};

/// What nobody is to know.
pub const SECRET: &str = "Rue du Secret 7";

/// What is written into every picture.
const PRIVATE: &[&str] = &[
    "-GPSLatitude=48.8584",
    "-GPSLatitudeRef=N",
    "-GPSLongitude=2.2945",
    "-GPSLongitudeRef=E",
    "-GPSAltitude=35",
    "-GPSDateStamp=2024:05:06",
    "-GPSAreaInformation=Rue du Secret 7",
    "-Make=Fine Cameras",
    "-Model=Rue du Secret 7",
    "-EXIF:SerialNumber=Rue du Secret 7",
    "-LensSerialNumber=Rue du Secret 7",
    "-OwnerName=Rue du Secret 7",
    "-EXIF:Artist=Rue du Secret 7",
    "-EXIF:Copyright=Rue du Secret 7",
    "-EXIF:ImageDescription=Rue du Secret 7",
    "-EXIF:UserComment=Rue du Secret 7",
    "-EXIF:MakerNoteUnknownText=Rue du Secret 7",
    "-DateTimeOriginal=2024:05:06 07:08:09",
    "-XMP-exif:GPSLatitude=48.8584",
    "-XMP-dc:Creator=Rue du Secret 7",
    "-XMP-dc:Description=Rue du Secret 7",
    "-XMP-photoshop:City=Rue du Secret 7",
];
/// What is written into those that have a place for it.
const PRESS: &[&str] =
    &["-IPTC:City=Rue du Secret 7", "-IPTC:By-line=Rue du Secret 7", "-IPTC:Keywords=Rue du Secret 7"];

/// A file that tells where it was made.
pub struct Sample {
    pub name: &'static str,
    pub media_type: MediaType,
    pub bytes: Vec<u8>,
}

/// What `exiftool` makes of a file.
pub fn written(bytes: &[u8], ending: &str, arguments: &[&[&str]]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file").with_extension(ending);
    fs::write(&file, bytes).unwrap();
    let thumbnail = folder.path().join("thumbnail.jpg");
    fs::write(&thumbnail, scene().jpeg()).unwrap();
    let thumbnail = format!("-ThumbnailImage<={}", thumbnail.display());
    let mut command = Command::new("exiftool");
    command.args(["-q", "-m", "-overwrite_original"]).args(arguments.concat());
    if matches!(ending, "jpg" | "heic") {
        command.arg(thumbnail);
    }
    run(command.arg(&file));
    fs::read(file).unwrap()
}

/// What `ffmpeg` makes by its arguments.
fn filmed(ending: &str, arguments: &[&[&str]]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file").with_extension(ending);
    run(Command::new("ffmpeg").args(["-v", "error", "-nostdin"]).args(arguments.concat()).arg(&file));
    fs::read(file).unwrap()
}

/// What libvips makes of a picture.
pub fn tiff(options: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from.png"), folder.path().join("to.tif"));
    fs::write(&from, scene().png()).unwrap();
    run(Command::new("vips").arg("copy").arg(&from).arg(format!("{}{options}", to.display())));
    fs::read(to).unwrap()
}

/// Runs a program to its good end; what it says.
pub fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .expect("exiftool, ffmpeg and vips, from Debian's libimage-exiftool-perl, ffmpeg and libvips-tools");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A small picture.
pub fn scene() -> Picture {
    Picture::of(48, 32, |x, y| [(x * 5) as u8, (y * 8) as u8, ((x * y) % 251) as u8, 255])
}

/// A second picture with its own EXIF block behind the first, and a list of them.
fn with_second_picture(jpeg: &[u8]) -> Vec<u8> {
    let second = written(&scene().jpeg(), "jpg", &[PRIVATE]);
    let list = b"\xFF\xE2\0\x10MPF\0MM\0\x2A\0\0\0\x08";
    [&jpeg[..2], list, &[0, 0], &jpeg[2..], &second].concat()
}

/// What this crate makes of one.
pub fn rendered(bytes: &[u8], format: Format) -> Vec<u8> {
    let to = Resolved::of_size(48, 32, format);
    Engine::default().render(bytes, &to, &Limits::default()).unwrap().bytes.to_vec()
}

/// All of them, made once.
pub fn samples() -> &'static [Sample] {
    static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| {
        let all = stills().into_iter().chain(moving()).chain(boxed());
        all.map(|(name, essence, bytes)| Sample { name, media_type: MediaType::of(essence), bytes }).collect()
    });
    &SAMPLES
}

type Made = (&'static str, &'static str, Vec<u8>);

fn stills() -> Vec<Made> {
    let jpeg = scene().jpeg();
    let long = format!("-XMP-dc:Rights={}", SECRET.repeat(8_000));
    let phone = written(&jpeg, "jpg", &[PRIVATE, PRESS, &["-Orientation#=6", "-Comment=Rue du Secret 7", &long]]);
    let phone = [phone, telling_film("mp4")].concat();
    let progressive = include_bytes!("../fixtures/progressive.jpg");
    let camera = written(progressive, "jpg", &[PRIVATE, PRESS, &["-Orientation#=3"]]);
    let png = written(&scene().png(), "png", &[PRIVATE, PRESS, &["-Orientation#=8", "-PNG:Comment=Rue du Secret 7"]]);
    let png = png_with_chunk(&png, b"tEXt", format!("Author\0{SECRET}").as_bytes());
    let png = png_with_chunk(&png, b"tIME", &[7, 232, 5, 6, 7, 8, 9]);
    let webp = rendered(&scene().png(), Format::Webp);
    let tiff = tiff("[compression=lzw]");
    vec![
        ("a JPEG of a telephone, with a film behind it", "image/jpeg", phone),
        ("a JPEG of a camera, with a second picture behind it", "image/jpeg", with_second_picture(&camera)),
        ("a PNG", "image/png", png),
        ("a WebP", "image/webp", written(&webp, "webp", &[PRIVATE, &["-Orientation#=5"]])),
        ("a TIFF", "image/tiff", written(&tiff, "tif", &[PRIVATE, PRESS, &["-IFD0:Orientation#=6"]])),
    ]
}

fn moving() -> Vec<Made> {
    let film = Film::wandering(3, CLEAR);
    let commented = |bytes: Vec<u8>| {
        // Behind the images as well, where the written one is not.
        let images = bytes.strip_suffix(b";").unwrap();
        [images, b"\x21\xFE\x0F", SECRET.as_bytes(), b"\0;"].concat()
    };
    let gif = written(
        &film.gif(),
        "gif",
        &[&["-Comment=Rue du Secret 7", "-XMP-dc:Creator=Rue du Secret 7", "-XMP-exif:GPSLatitude=48.8"]],
    );
    vec![
        ("an APNG", "image/apng", written(&film.apng(), "png", &[PRIVATE, &["-Orientation#=6"]])),
        ("a WebP that moves", "image/webp", written(&film.encoded(Format::Webp), "webp", &[PRIVATE])),
        ("a GIF that moves", "image/gif", commented(gif)),
    ]
}

/// A film that tells where it was made by all the ways that there are tools for.
fn telling_film(ending: &str) -> Vec<u8> {
    let place = ["-metadata", "location=+48.8584+002.2945/", "-metadata", "title=Rue du Secret 7"];
    let video = filmed(
        ending,
        &[
            &["-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=1", "-f", "lavfi", "-i", "sine=d=1"],
            &["-c:v", "mpeg4", "-c:a", "aac", "-metadata", "creation_time=2024-05-06T07:08:09Z"],
            &place,
        ],
    );
    if ending == "3gp" {
        return video;
    }
    let arguments = [
        "-UserData:GPSCoordinates=48.8584, 2.2945",
        "-Keys:GPSCoordinates=48.8584, 2.2945",
        "-ItemList:GPSCoordinates=48.8584, 2.2945",
        "-Keys:Author=Rue du Secret 7",
        "-XMP-dc:Creator=Rue du Secret 7",
        "-XMP-exif:GPSLatitude=48.8584",
    ];
    written(&video, ending, &[&arguments])
}

/// One whose position is in a track beside picture and sound, and whose index comes first.
fn film_with_a_track_of_places() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let texts = folder.path().join("places.srt");
    fs::write(&texts, format!("1\n00:00:00,000 --> 00:00:01,000\nGPS 48.8584 2.2945 {SECRET}\n")).unwrap();
    let from = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=1", "-i", texts.to_str().unwrap()];
    filmed("mp4", &[&from, &["-c:v", "mpeg4", "-c:s", "mov_text", "-movflags", "+faststart"]])
}

fn boxed() -> Vec<Made> {
    let described = heif_files::part(b"udes", format!("\0\0\0\0en\0{SECRET}\0\0\0").as_bytes());
    let scene_of_heic = Picture::of(128, 96, |x, y| [(x * 2) as u8, (y * 2) as u8, 90, 255]);
    let image = heif_files::Coded::of(&scene_of_heic, &[]);
    let heic = heif_files::single(&image, (128, 96), &[heif_files::turned(3), described]);
    let avif = rendered(&scene().png(), Format::Avif);
    vec![
        ("a HEIC", "image/heic", written(&heic, "heic", &[PRIVATE, &["-Orientation#=6"]])),
        ("an AVIF", "image/avif", written(&avif, "avif", &[PRIVATE])),
        ("an MP4", "video/mp4", telling_film("mp4")),
        ("a film of QuickTime", "video/quicktime", telling_film("mov")),
        ("a film of an old telephone", "video/3gpp", telling_film("3gp")),
        ("an MP4 with a track of places", "video/mp4", film_with_a_track_of_places()),
    ]
}
