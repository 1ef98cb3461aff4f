//! Files that are not what they are called, and want another file read. Each of them works on an ffmpeg that is just run.

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
};

use bytes::Bytes;
use content::MediaType;
use media::RenderError;

use super::{confined::confined, making, making::MP4, program, videos};

/// A folder with a video that nobody may read, and files that name it.
struct Trap {
    folder: tempfile::TempDir,
}

impl Trap {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret.ts"), made_secret()).unwrap();
        Self { folder }
    }

    fn secret(&self) -> String {
        self.folder.path().join("secret.ts").to_str().unwrap().to_owned()
    }

    /// The demuxer that would read it, and what is in it.
    fn files(&self) -> [(&'static str, String); 4] {
        let secret = self.secret();
        let list = |address: &str| format!("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXT-X-ENDLIST\n");
        [
            ("hls", list(&secret)),
            ("hls", list(&format!("file://{secret}"))),
            ("hls", list(&format!("concat:{secret}|{secret}"))),
            ("concat", format!("ffconcat version 1.0\nfile '{secret}'\n")),
        ]
    }

    fn named(&self, text: &str) -> std::path::PathBuf {
        let file = self.folder.path().join("bait.mp4");
        fs::write(&file, text).unwrap();
        file
    }
}

fn made_secret() -> Bytes {
    making::others().into_iter().find(|(ending, ..)| *ending == "ts").unwrap().2
}

/// The arguments of somebody who takes no care at all.
fn careless<'a>(demuxer: &'a str, address: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["-v", "error", "-f", demuxer, "-protocol_whitelist", "file,concat,subfile,crypto,data"];
    if demuxer == "concat" {
        arguments.extend(["-safe", "0"]);
    }
    arguments.extend(["-show_entries", "stream=width", "-of", "csv=p=0", address]);
    arguments
}

fn said(file: &Path, demuxer: &str) -> String {
    let output = Command::new(program("ffprobe"))
        .args(careless(demuxer, file.to_str().unwrap()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test]
async fn a_list_of_files_is_read_as_a_damaged_video() {
    let trap = Trap::new();
    let videos = videos();
    for (demuxer, text) in trap.files() {
        let sniffed = media::sniff(text.as_bytes());
        assert_eq!(sniffed, None, "{text}");
        for essence in ["video/mp4", "video/mp2t", "audio/mpeg"] {
            let found = videos.describe(Bytes::from(text.clone()).into(), &MediaType::of(essence)).await;
            let refused = matches!(found, Err(RenderError::Corrupt(_) | RenderError::Unsupported));
            assert!(refused, "{demuxer} as {essence}: {found:?}");
        }
        let facts = videos.describe(making::mp4().into(), &MP4).await.unwrap();
        let drawn = videos.poster(Bytes::from(text).into(), &MP4, &facts).await;
        assert!(matches!(drawn, Err(RenderError::Corrupt(_))), "{demuxer}: {drawn:?}");
    }
}

#[test]
fn even_where_such_a_list_is_believed_the_files_can_not_be_read() {
    let trap = Trap::new();
    for (demuxer, text) in trap.files() {
        let file = trap.named(&text);
        if !text.contains("concat:") {
            assert!(said(&file, demuxer).starts_with("64"), "the bait works: {text}");
        }
        let input = Stdio::from(File::open(&file).unwrap());
        let output = confined(program("ffprobe"), &careless(demuxer, "file:/proc/self/fd/0"), input);
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "", "{text}: {output:?}");
    }
}

#[test]
fn a_whole_file_as_subtitles_or_a_filter_can_not_be_read_either() {
    // What somebody who could choose arguments would do: draw a text file, or read it as raw pictures.
    let raw = ["-v", "error", "-f", "rawvideo", "-s", "2x2", "-i", "/etc/passwd", "-f", "rawvideo", "pipe:1"];
    let unconfined = Command::new(program("ffmpeg")).args(raw).stdin(Stdio::null()).output().unwrap();
    assert!(!unconfined.stdout.is_empty(), "without confinement it can");
    let output = confined(program("ffmpeg"), &raw, Stdio::null());
    assert!(output.stdout.is_empty() && !output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Permission denied"), "{output:?}");
    let remote = ["-v", "error", "-i", "http://127.0.0.1:9/", "-f", "null", "-"];
    let output = confined(program("ffmpeg"), &remote, Stdio::null());
    assert!(!output.status.success(), "{output:?}");
    assert!(
        !String::from_utf8_lossy(&output.stderr).contains("Connection refused"),
        "it never got that far: {output:?}"
    );
}

#[tokio::test]
async fn a_size_that_is_a_lie_costs_nothing() {
    let mut video = making::mp4().to_vec();
    // Width and height stand in the track's description, as whole numbers of sixteen bits.
    let at = memchr::memmem::find(&video, b"mp4v").unwrap() + 4 + 24;
    assert_eq!(video[at..at + 4], [0, 64, 0, 48]);
    video[at..at + 4].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    let video = Bytes::from(video);
    let videos = videos();
    match videos.describe(video.clone().into(), &MP4).await {
        Ok(facts) => {
            let poster = videos.poster(video.into(), &MP4, &facts).await;
            let (width, height) = (facts.width.unwrap_or(0), facts.height.unwrap_or(0));
            let believed = (width, height) != (64, 48);
            assert_eq!(poster.is_err(), believed, "{facts:?}: {poster:?}");
        }
        Err(error) => assert!(matches!(error, RenderError::Corrupt(_) | RenderError::Unsupported), "{error:?}"),
    }
}
