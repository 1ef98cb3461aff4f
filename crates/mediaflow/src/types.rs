//! What Mediaflow calls kinds of files: a number, one of four words, and a description in Swedish or English. Contract 1b: 101,
//! 201, 230, 592 and 651 are its own; the other numbers are ours.

use content::{Family, MediaType};

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Type {
    pub(crate) id: u16,
    /// `image`, `video`, `sound` or `file`.
    pub(crate) word: &'static str,
    pub(crate) swedish: &'static str,
    pub(crate) english: &'static str,
    /// The usual extension; empty: the file's own.
    pub(crate) extension: &'static str,
}

const fn row(
    media_type: &'static str,
    id: u16,
    word: &'static str,
    swedish: &'static str,
    english: &'static str,
    extension: &'static str,
) -> (&'static str, Type) {
    (media_type, Type { id, word, swedish, english, extension })
}

const TYPES: &[(&str, Type)] = &[
    row("image/jpeg", 101, "image", "JPEG-bild", "JPEG image", "jpg"),
    row("image/gif", 102, "image", "GIF-bild", "GIF image", "gif"),
    row("image/png", 103, "image", "PNG-bild", "PNG image", "png"),
    row("image/apng", 103, "image", "PNG-bild", "PNG image", "png"),
    row("image/tiff", 104, "image", "TIFF-bild", "TIFF image", "tif"),
    row("image/bmp", 105, "image", "BMP-bild", "BMP image", "bmp"),
    row("image/webp", 106, "image", "WebP-bild", "WebP image", "webp"),
    row("image/avif", 107, "image", "AVIF-bild", "AVIF image", "avif"),
    row("image/heic", 108, "image", "HEIC-bild", "HEIC image", "heic"),
    row("image/heif", 108, "image", "HEIF-bild", "HEIF image", "heif"),
    row("image/vnd.adobe.photoshop", 109, "image", "Photoshop-bild", "Photoshop image", "psd"),
    row("application/pdf", 201, "file", "PDF-dokument", "PDF document", "pdf"),
    row("image/svg+xml", 230, "image", "SVG-bild", "SVG image", "svg"),
    row("video/mp4", 301, "video", "MP4-film", "MP4 video", "mp4"),
    row("video/quicktime", 302, "video", "QuickTime-film", "QuickTime video", "mov"),
    row("video/webm", 303, "video", "WebM-film", "WebM video", "webm"),
    row("video/x-matroska", 304, "video", "Matroska-film", "Matroska video", "mkv"),
    row("application/msword", 401, "file", "Word-dokument", "Word document", "doc"),
    row(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        401,
        "file",
        "Word-dokument",
        "Word document",
        "docx",
    ),
    row("application/vnd.ms-excel", 402, "file", "Excel-dokument", "Excel spreadsheet", "xls"),
    row(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        402,
        "file",
        "Excel-dokument",
        "Excel spreadsheet",
        "xlsx",
    ),
    row("application/vnd.ms-powerpoint", 403, "file", "PowerPoint-presentation", "PowerPoint presentation", "ppt"),
    row(
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        403,
        "file",
        "PowerPoint-presentation",
        "PowerPoint presentation",
        "pptx",
    ),
    row("application/zip", 501, "file", "ZIP-arkiv", "ZIP archive", "zip"),
    row("text/plain", 591, "file", "Textfil", "Text file", "txt"),
    row("audio/mpeg", 651, "sound", "MP3-ljud", "MP3 audio", "mp3"),
];

const SUBTITLES: Type = Type { id: 592, word: "file", swedish: "Undertexter", english: "Subtitles", extension: "srt" };
const OTHER_IMAGE: Type = Type { id: 100, word: "image", swedish: "Bild", english: "Image", extension: "" };
const OTHER_VIDEO: Type = Type { id: 300, word: "video", swedish: "Film", english: "Video", extension: "" };
const OTHER_SOUND: Type = Type { id: 650, word: "sound", swedish: "Ljud", english: "Audio", extension: "" };
const OTHER: Type = Type { id: 200, word: "file", swedish: "Fil", english: "File", extension: "" };

/// What a file is called.
pub(crate) fn of(media_type: &MediaType, name: &str) -> Type {
    if extension(name).eq_ignore_ascii_case("srt") {
        return SUBTITLES;
    }
    let known = TYPES.iter().find(|(known, _)| *known == media_type.as_str()).map(|(_, found)| *found);
    known.unwrap_or(match media_type.family() {
        Family::Image => OTHER_IMAGE,
        Family::Video => OTHER_VIDEO,
        Family::Audio => OTHER_SOUND,
        Family::Font | Family::Other => OTHER,
    })
}

/// The kind with a number, for its icon.
pub(crate) fn with_id(id: u16) -> Option<Type> {
    let known = TYPES.iter().map(|(_, found)| *found);
    known.chain([SUBTITLES, OTHER_IMAGE, OTHER_VIDEO, OTHER_SOUND, OTHER]).find(|found| found.id == id)
}

/// What stands behind the last dot of a name.
pub(crate) fn extension(name: &str) -> &str {
    library::split_extension(name).1
}

/// The name without that.
pub(crate) fn stem(name: &str) -> &str {
    library::split_extension(name).0
}
