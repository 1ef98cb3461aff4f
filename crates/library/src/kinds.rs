//! Kinds of files: what the extensions of names stand for, which types the bytes tell, and what may be called by which name.

use content::{Family, MediaType};

/// The types that nothing in the bytes tells apart, by extension.
const NAMED: &[(&str, &str)] = &[
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("csv", "text/csv"),
    ("css", "text/css"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("xml", "application/xml"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("epub", "application/epub+zip"),
    ("svg", "image/svg+xml"),
    ("zip", "application/zip"),
    ("mp3", "audio/mpeg"),
    ("m3u", "audio/x-mpegurl"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("pls", "audio/x-scpls"),
    ("ttf", "font/ttf"),
    ("otf", "font/otf"),
    ("rtf", "application/rtf"),
];

/// Those that are told by their bytes, in whatever file they are.
const TOLD: &[(&str, &[&str])] = &[
    ("image/jpeg", &["jpg", "jpeg", "jpe", "jfif"]),
    ("image/png", &["png"]),
    ("image/apng", &["apng"]),
    ("image/gif", &["gif"]),
    ("image/webp", &["webp"]),
    ("image/avif", &["avif"]),
    ("image/heic", &["heic"]),
    ("image/heif", &["heif"]),
    ("image/tiff", &["tif", "tiff"]),
    ("image/bmp", &["bmp"]),
    ("image/vnd.microsoft.icon", &["ico"]),
    ("image/vnd.adobe.photoshop", &["psd"]),
    ("image/jxl", &["jxl"]),
    ("image/jp2", &["jp2"]),
    ("application/pdf", &["pdf"]),
    ("video/mp4", &["mp4", "m4v"]),
    ("video/quicktime", &["mov"]),
    ("video/x-msvideo", &["avi"]),
    ("video/x-ms-wmv", &["wmv"]),
    ("video/x-flv", &["flv"]),
    ("video/webm", &["webm"]),
    ("video/matroska", &["mkv"]),
    ("video/mpeg", &["mpg", "mpeg"]),
    ("video/3gpp", &["3gp", "3gpp"]),
    ("video/ogg", &["ogv"]),
    ("audio/wav", &["wav"]),
    ("audio/flac", &["flac"]),
    ("audio/ogg", &["ogg", "oga", "opus"]),
    ("audio/mp4", &["m4a", "m4b"]),
    ("audio/aac", &["aac"]),
    ("audio/aiff", &["aif", "aiff"]),
    ("audio/midi", &["mid", "midi"]),
    ("font/woff", &["woff"]),
    ("font/woff2", &["woff2"]),
    ("application/gzip", &["gz", "tgz"]),
    ("application/x-7z-compressed", &["7z"]),
    ("application/vnd.rar", &["rar"]),
    ("application/x-xz", &["xz"]),
    ("application/zstd", &["zst"]),
    ("application/x-tar", &["tar"]),
    ("application/vnd.microsoft.portable-executable", &["exe", "dll", "scr", "pif", "sfx", "cpl", "sys"]),
    ("application/x-ms-shortcut", &["lnk"]),
    ("application/x-executable", &["elf", "so"]),
];

/// What files of an extension are, where that is known and the bytes do not tell it.
pub(crate) fn by_name_only(extension: &str) -> Option<MediaType> {
    let named = NAMED.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known));
    named.map(|(_, essence)| MediaType::of(essence))
}

/// What files of an extension are, where that is known. The extension is in small letters.
pub(crate) fn by_extension(extension: &str) -> Option<MediaType> {
    let told = TOLD.iter().find(|(_, extensions)| extensions.contains(&extension));
    told.map(|(of, _)| MediaType::of(of)).or_else(|| by_name_only(extension))
}

/// Whether files of this type hold others, which is many a format: an SVGZ is no GZIP to whoever has it, a JAR is no ZIP.
pub(crate) fn holds_others(media_type: &MediaType) -> bool {
    const PACKED: [&str; 5] =
        ["application/gzip", "application/x-xz", "application/zstd", "application/x-tar", "application/zip"];
    PACKED.contains(&media_type.as_str())
}

/// Whether files of a special type are written as bytes of this general one, by which nothing tells them from others. A ZIP is no text
/// because it is called so.
pub(crate) fn is_written_as(special: &MediaType, general: &MediaType) -> bool {
    match general.as_str() {
        "application/zip" => sort_of(special) == Sort::Zip,
        "application/x-ole-storage" => sort_of(special) == Sort::Ole,
        "application/xml" => matches!(sort_of(special), Sort::Text | Sort::Drawing | Sort::Only("text/html")),
        _ => false,
    }
}

/// What has to be the same of a name and of bytes. A photo may be called by the name of another format; a script may not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sort<'a> {
    Picture,
    Drawing,
    Film,
    Font,
    /// Text of whatever kind that nothing runs.
    Text,
    /// A ZIP that is more than one: office documents and books are told by their names only.
    Zip,
    /// The same of the older office documents.
    Ole,
    Only(&'a str),
}

impl Sort<'_> {
    /// Whether nothing in the bytes tells it.
    pub(crate) fn tells_nothing(&self) -> bool {
        match self {
            Self::Text => true,
            Self::Only(other) => !TOLD.iter().any(|(told, _)| told == other),
            Self::Picture | Self::Drawing | Self::Film | Self::Font | Self::Zip | Self::Ole => false,
        }
    }
}

pub(crate) fn sort_of(media_type: &MediaType) -> Sort<'_> {
    match media_type.as_str() {
        "image/svg+xml" => Sort::Drawing,
        "text/html" => Sort::Only("text/html"),
        "application/zip" | "application/epub+zip" => Sort::Zip,
        "application/x-ole-storage"
        | "application/msword"
        | "application/vnd.ms-excel"
        | "application/vnd.ms-powerpoint" => Sort::Ole,
        "application/json"
        | "application/xml"
        | "application/vnd.apple.mpegurl"
        | "audio/x-mpegurl"
        | "audio/x-scpls" => Sort::Text,
        other if other.starts_with("text/") => Sort::Text,
        other if other.contains("openxmlformats") || other.contains("opendocument") => Sort::Zip,
        other => match media_type.family() {
            Family::Image => Sort::Picture,
            Family::Audio | Family::Video => Sort::Film,
            Family::Font => Sort::Font,
            Family::Other => Sort::Only(other),
        },
    }
}
