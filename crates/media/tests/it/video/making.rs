//! Small videos, made once each by the real ffmpeg.

use std::{
    process::{Command, Stdio},
    sync::LazyLock,
};

use bytes::Bytes;
use content::MediaType;

use super::program;

pub static MP4: MediaType = MediaType::of("video/mp4");
pub static QUICKTIME: MediaType = MediaType::of("video/quicktime");
pub static WEBM: MediaType = MediaType::of("video/webm");

/// Red above, blue below, for three seconds; upright as it is coded.
const FLAG: &[&str] = &["-f", "lavfi", "-i", "color=red:s=64x24:r=10:d=3,pad=64:48:0:0:blue"];
const TONE: &[&str] = &["-f", "lavfi", "-i", "sine=d=3"];
const MPEG4: &[&str] = &["-c:v", "mpeg4", "-q:v", "2"];

/// Runs ffmpeg with all of the arguments and the name of a file that ends in `ending`; what is in that file then.
pub fn made(ending: &str, arguments: &[&[&str]]) -> Bytes {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("video").with_extension(ending);
    let mut command = Command::new(program("ffmpeg"));
    command.args(["-v", "error", "-nostdin"]).args(arguments.concat()).arg(&file).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(file).unwrap().into()
}

/// MP4 with its index at the end, as ffmpeg writes it, with sound.
pub fn mp4() -> Bytes {
    static MADE: LazyLock<Bytes> = LazyLock::new(|| made("mp4", &[FLAG, TONE, MPEG4, &["-c:a", "aac"]]));
    let index = memchr::memmem::find(&MADE, b"moov").unwrap();
    assert!(memchr::memmem::find(&MADE, b"mdat").unwrap() < index, "the index is at the end");
    MADE.clone()
}

/// WebM without sound.
pub fn webm() -> Bytes {
    static MADE: LazyLock<Bytes> =
        LazyLock::new(|| made("webm", &[FLAG, &["-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime"]]));
    MADE.clone()
}

/// The same flag, to be turned clockwise by a quarter when it is shown, so that red is at the right.
pub fn turned() -> Bytes {
    let mut video = made("mov", &[FLAG, MPEG4]).to_vec();
    // The matrix in the track's header: what is down goes left, from the height of the picture on.
    let at = memchr::memmem::find(&video, b"tkhd").unwrap() + 44;
    let matrix = [0, 1 << 16, 0, -1 << 16, 0, 0, 48 << 16, 0, 1 << 30].map(i32::to_be_bytes).concat();
    assert_eq!(video[at..at + 4], [0, 1, 0, 0], "it is upright as made");
    video[at..at + matrix.len()].copy_from_slice(&matrix);
    video.into()
}

/// Pixels twice as wide as high.
pub fn wide_pixels() -> Bytes {
    made("mp4", &[FLAG, &["-vf", "setsar=2"], MPEG4])
}

/// Pixels that are higher than wide.
pub fn tall_pixels() -> Bytes {
    made("mp4", &[FLAG, &["-vf", "setsar=3/4"], MPEG4])
}

/// Sound without pictures, in the container of videos.
pub fn sound() -> Bytes {
    made("mp4", &[TONE, &["-c:a", "aac"]])
}

/// Black for a second, then white for two.
pub fn dawn() -> Bytes {
    let sky = "color=black:s=64x48:r=12:d=1[a];color=white:s=64x48:r=12:d=2[b];[a][b]concat";
    made("mp4", &[&["-f", "lavfi", "-i", sky], MPEG4])
}

/// Never anything but black.
pub fn night() -> Bytes {
    made("mp4", &[&["-f", "lavfi", "-i", "color=black:s=64x48:r=10:d=1"], MPEG4])
}

/// One frame with many pixels in few bytes.
pub fn large(width: u32, height: u32) -> Bytes {
    let picture = format!("color=green:s={width}x{height}:r=1:d=1");
    made("mp4", &[&["-f", "lavfi", "-i", &picture], MPEG4])
}

/// One green, in high definition and by the rule for it, which the file names or leaves to be known.
pub fn green(named: bool) -> Bytes {
    let picture = "color=0x20C040:s=1280x720:r=2:d=1,scale=out_color_matrix=bt709,format=yuv420p";
    let name: &[&str] = if named { &["-colorspace", "bt709"] } else { &[] };
    made("mp4", &[&["-f", "lavfi", "-i", picture], MPEG4, name])
}

/// One in each of some more containers, with the type that it is sniffed as or known by.
pub fn others() -> Vec<(&'static str, MediaType, Bytes)> {
    static MADE: LazyLock<Vec<(&'static str, MediaType, Bytes)>> = LazyLock::new(made_others);
    MADE.clone()
}

fn made_others() -> Vec<(&'static str, MediaType, Bytes)> {
    let of = |ending, essence, options: &[&str]| (ending, MediaType::of(essence), made(ending, &[FLAG, options]));
    vec![
        of("mkv", "video/matroska", MPEG4),
        of("mov", "video/quicktime", &["-c:v", "mjpeg"]),
        of("3gp", "video/3gpp", MPEG4),
        of("avi", "video/x-msvideo", MPEG4),
        of("flv", "video/x-flv", &["-c:v", "flv"]),
        of("wmv", "video/x-ms-wmv", &["-c:v", "wmv2"]),
        of("mpg", "video/mpeg", &["-r", "25"]),
        of("m2v", "video/mpeg", &["-r", "25"]),
        of("ts", "video/mp2t", &["-r", "25"]),
        of("ogv", "video/ogg", &["-c:v", "libtheora"]),
    ]
}
