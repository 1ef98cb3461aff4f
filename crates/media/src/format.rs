//! The image formats that can be read and written here. It knows names and defaults, not bytes.

use content::MediaType;

/// An image format that renditions can be made from and into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG: lossy, opaque.
    Jpeg,
    /// PNG: lossless, with transparency; with several frames it is an APNG.
    Png,
    /// WebP, written lossy, with transparency.
    Webp,
    /// GIF: frames of at most 256 colours each.
    Gif,
}

impl Format {
    /// Every format, for tables.
    pub const ALL: [Self; 4] = [Self::Jpeg, Self::Png, Self::Webp, Self::Gif];

    /// The media type of what is written in this format.
    #[must_use]
    pub const fn media_type(self) -> MediaType {
        match self {
            Self::Jpeg => MediaType::JPEG,
            Self::Png => MediaType::PNG,
            Self::Webp => MediaType::WEBP,
            Self::Gif => MediaType::GIF,
        }
    }

    /// The media type of an animation that is written in this format.
    #[must_use]
    pub const fn moving_media_type(self) -> MediaType {
        match self {
            Self::Png => MediaType::APNG,
            still => still.media_type(),
        }
    }

    /// The format that bytes of this type are in. APNG counts as PNG and the alias `image/jpg` as JPEG.
    #[must_use]
    pub fn from_media_type(media_type: &MediaType) -> Option<Self> {
        match media_type.as_str() {
            "image/jpeg" | "image/jpg" => Some(Self::Jpeg),
            "image/png" | "image/apng" => Some(Self::Png),
            "image/webp" => Some(Self::Webp),
            "image/gif" => Some(Self::Gif),
            _ => None,
        }
    }

    /// The usual file name extension, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
        }
    }

    /// Whether it can hold more than one frame.
    #[must_use]
    pub const fn can_move(self) -> bool {
        !matches!(self, Self::Jpeg)
    }

    /// The quality, 1 to 100, where none is asked for; `None` for formats that have no such setting.
    #[must_use]
    pub const fn default_quality(self) -> Option<u8> {
        match self {
            Self::Jpeg => Some(88),
            Self::Webp => Some(80),
            Self::Png | Self::Gif => None,
        }
    }

    /// What a source of this type becomes when it is rendered and no format is asked for: PNG and WebP stay, all else
    /// becomes JPEG.
    #[must_use]
    pub fn kept_for(source: &MediaType) -> Self {
        match Self::from_media_type(source) {
            Some(Self::Png) => Self::Png,
            Some(Self::Webp) => Self::Webp,
            Some(Self::Jpeg | Self::Gif) | None => Self::Jpeg,
        }
    }
}
