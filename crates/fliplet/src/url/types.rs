//! The `type` filter of a listing: folders, kinds of files, or extensions. It knows names and media types, not listings.

use content::{Family, MediaType};

use super::{BadParameter, present};

/// Most words that one filter may hold.
const MAX_WORDS: usize = 100;

/// Which items of a folder a listing shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeFilter {
    /// Whether nothing is filtered.
    everything: bool,
    folders: bool,
    kinds: Vec<&'static Kind>,
    /// Lower case, without dots.
    extensions: Vec<String>,
}

/// A kind of file as the file picker names it.
#[derive(Debug, PartialEq, Eq)]
struct Kind {
    names: &'static [&'static str],
    /// The family that is this kind, whatever the file is called.
    family: Option<Family>,
    /// Extensions of files whose media type tells no more.
    extensions: &'static [&'static str],
    /// Further media types that are this kind.
    media_types: &'static [&'static str],
}

const KINDS: &[Kind] = &[
    Kind {
        names: &["image", "images"],
        family: Some(Family::Image),
        extensions: &["jpg", "png", "gif", "tiff", "svg"],
        media_types: &[],
    },
    Kind {
        names: &["document", "documents"],
        family: None,
        extensions: &["pdf", "doc", "docx", "ppt", "pptx", "xls", "xlsx", "txt", "keynote", "key"],
        media_types: &[
            "application/pdf",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.apple.keynote",
            "text/plain",
        ],
    },
    Kind {
        names: &["video", "videos"],
        family: Some(Family::Video),
        extensions: &["mov", "mp4", "avi", "mpeg", "mpg", "wmv", "flv", "3gpp", "webm"],
        media_types: &[],
    },
    Kind {
        names: &["audio"],
        family: Some(Family::Audio),
        extensions: &["flac", "m3u", "m3u8", "m4a", "m4b", "mp3", "ogg", "opus", "pls", "wav", "webm"],
        media_types: &["application/ogg"],
    },
    Kind { names: &["font", "fonts"], family: Some(Family::Font), extensions: &["ttf"], media_types: &[] },
];

impl TypeFilter {
    /// Reads a filter: words with commas between, each `folders`, a kind (`image`, `document`, `video`, `audio`, `font`) or an
    /// extension; an item is shown when any of them fits. Nothing, or no `type` at all, shows everything.
    ///
    /// # Errors
    /// When there are more than 100 words.
    pub fn parse(text: Option<&str>) -> Result<Self, BadParameter> {
        let Some(text) = text.and_then(present) else { return Ok(Self { everything: true, ..Self::default() }) };
        let mut filter = Self::default();
        let words = text.split(',').map(|word| word.trim().trim_start_matches('.')).filter(|word| !word.is_empty());
        for (index, word) in words.enumerate() {
            if index == MAX_WORDS {
                return Err(BadParameter { name: "type", accepted: "may hold at most 100 words" });
            }
            let word = word.to_ascii_lowercase();
            if matches!(word.as_str(), "folder" | "folders") {
                filter.folders = true;
            } else if let Some(kind) = KINDS.iter().find(|kind| kind.names.contains(&word.as_str())) {
                filter.kinds.push(kind);
            } else {
                filter.extensions.push(one_spelling(&word).to_owned());
            }
        }
        Ok(filter)
    }

    /// Whether folders are shown.
    #[must_use]
    pub fn shows_folders(&self) -> bool {
        self.everything || self.folders
    }

    /// Whether any file can be shown at all: a listing of folders need not look for files.
    #[must_use]
    pub fn shows_files(&self) -> bool {
        self.everything || !self.kinds.is_empty() || !self.extensions.is_empty()
    }

    /// Whether a file of this name and type is shown.
    #[must_use]
    pub fn matches(&self, name: &str, media_type: &MediaType) -> bool {
        if self.everything {
            return true;
        }
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
        let extension = one_spelling(&extension);
        self.extensions.iter().any(|wanted| wanted == extension)
            || self.kinds.iter().any(|kind| kind.holds(extension, media_type))
    }
}

impl Kind {
    fn holds(&self, extension: &str, media_type: &MediaType) -> bool {
        match media_type.family() {
            Family::Other => self.media_types.contains(&media_type.as_str()) || self.extensions.contains(&extension),
            family => self.family == Some(family),
        }
    }
}

/// Extensions that are spelt in two ways, in one.
fn one_spelling(extension: &str) -> &str {
    match extension {
        "jpeg" => "jpg",
        "tif" => "tiff",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Name, media type, and the filters among those below that show it.
    const FILES: &[(&str, &str, &str)] = &[
        ("a.jpg", "image/jpeg", "image jpg,png pdf,.JPEG,video"),
        ("b.JPEG", "image/jpeg", "image jpg,png pdf,.JPEG,video"),
        ("no extension", "image/webp", "image"),
        ("c.pdf", "application/pdf", "document pdf,.JPEG,video"),
        ("d.docx", "application/zip", "document"),
        ("e.txt", "text/plain", "document"),
        ("f.webm", "video/webm", "video pdf,.JPEG,video"),
        ("g.webm", "audio/webm", "audio"),
        ("h.webm", "application/octet-stream", "video audio pdf,.JPEG,video"),
        ("i.ttf", "font/ttf", "font"),
        ("j.woff", "application/font-woff", "font"),
        ("k.tif", "application/octet-stream", "image"),
        ("l.jpg.exe", "application/octet-stream", ""),
        ("m.png", "text/html", "image jpg,png"),
        ("jpg", "text/csv", ""),
    ];

    #[test]
    fn files_are_shown_by_kind_or_extension() {
        for filter in ["image", "document", "video", "audio", "font", "jpg,png", "pdf,.JPEG,video"] {
            let parsed = TypeFilter::parse(Some(filter)).expect("few words");
            assert!(parsed.shows_files() && !parsed.shows_folders(), "{filter}");
            for (name, media_type, shown_by) in FILES {
                let media_type = MediaType::parse(media_type).expect("a media type");
                let expected = shown_by.split(' ').any(|shown_by| shown_by == filter);
                assert_eq!(parsed.matches(name, &media_type), expected, "{filter} on {name}, {media_type}");
            }
        }
        assert_eq!(TypeFilter::parse(Some("images")), TypeFilter::parse(Some("image")));
    }

    #[test]
    fn folders_are_shown_when_asked_for() {
        for (text, folders, files) in [
            (None, true, true),
            (Some(""), true, true),
            (Some("undefined"), true, true),
            (Some("folders"), true, false),
            (Some("folder"), true, false),
            (Some("Folder, jpg"), true, true),
            (Some("jpg"), false, true),
            (Some(","), false, false),
        ] {
            let filter = TypeFilter::parse(text).expect("few words");
            assert_eq!((filter.shows_folders(), filter.shows_files()), (folders, files), "{text:?}");
            assert_eq!(filter.matches("x.jpg", &MediaType::JPEG), files, "{text:?}");
        }
        assert!(TypeFilter::parse(Some(&"a,".repeat(100))).is_ok());
        assert!(TypeFilter::parse(Some(&"a,".repeat(101))).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_filter_or_refused(text in ".*", name in ".*") {
            if let Ok(filter) = TypeFilter::parse(Some(&text)) {
                prop_assert!(filter.shows_files() || !filter.matches(&name, &MediaType::OCTET_STREAM));
            }
        }
    }
}
