//! The image formats that can be read and written here. It knows names and defaults, not bytes.

use content::MediaType;

/// An image format that renditions can be made into.
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
    /// AVIF: lossy, with transparency; small, and slow to write. Never chosen unless it is asked for.
    Avif,
}

/// An image format that renditions can be made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceFormat {
    /// JPEG.
    Jpeg,
    /// PNG and APNG.
    Png,
    /// WebP, still and animated.
    Webp,
    /// GIF, still and animated.
    Gif,
    /// AVIF, still and animated.
    Avif,
    /// HEIC and what else of HEIF the system's libheif reads, where there is one.
    Heif,
    /// TIFF: its first image.
    Tiff,
    /// BMP.
    Bmp,
    /// SVG, drawn as large as it is needed.
    Svg,
    /// PDF: its first page, drawn as large as it is needed.
    Pdf,
}

impl Format {
    /// Every format, for tables.
    pub const ALL: [Self; 5] = [Self::Jpeg, Self::Png, Self::Webp, Self::Gif, Self::Avif];

    /// The media type of what is written in this format.
    #[must_use]
    pub const fn media_type(self) -> MediaType {
        match self {
            Self::Jpeg => MediaType::JPEG,
            Self::Png => MediaType::PNG,
            Self::Webp => MediaType::WEBP,
            Self::Gif => MediaType::GIF,
            Self::Avif => MediaType::AVIF,
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

    /// The usual file name extension, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Avif => "avif",
        }
    }

    /// Whether more than one frame is written.
    #[must_use]
    pub const fn can_move(self) -> bool {
        matches!(self, Self::Png | Self::Webp | Self::Gif)
    }

    /// The quality, 1 to 100, where none is asked for; `None` for formats that have no such setting.
    #[must_use]
    pub const fn default_quality(self) -> Option<u8> {
        match self {
            Self::Jpeg => Some(88),
            Self::Webp => Some(80),
            Self::Avif => Some(70),
            Self::Png | Self::Gif => None,
        }
    }

    /// What a source becomes when it is rendered and no format is asked for: PNG and WebP stay, all else becomes JPEG.
    #[must_use]
    pub const fn kept_for(source: Option<SourceFormat>) -> Self {
        match source {
            Some(SourceFormat::Png) => Self::Png,
            Some(SourceFormat::Webp) => Self::Webp,
            _ => Self::Jpeg,
        }
    }
}

impl SourceFormat {
    /// Every format, for tables.
    pub const ALL: [Self; 10] = [
        Self::Jpeg,
        Self::Png,
        Self::Webp,
        Self::Gif,
        Self::Avif,
        Self::Heif,
        Self::Tiff,
        Self::Bmp,
        Self::Svg,
        Self::Pdf,
    ];

    /// The format that bytes of this type are in. APNG counts as PNG and the alias `image/jpg` as JPEG.
    #[must_use]
    pub fn from_media_type(media_type: &MediaType) -> Option<Self> {
        match media_type.as_str() {
            "image/jpeg" | "image/jpg" => Some(Self::Jpeg),
            "image/png" | "image/apng" => Some(Self::Png),
            "image/webp" => Some(Self::Webp),
            "image/gif" => Some(Self::Gif),
            "image/avif" => Some(Self::Avif),
            "image/heic" | "image/heif" | "image/heic-sequence" => Some(Self::Heif),
            "image/tiff" => Some(Self::Tiff),
            "image/bmp" => Some(Self::Bmp),
            "image/svg+xml" => Some(Self::Svg),
            "application/pdf" => Some(Self::Pdf),
            _ => None,
        }
    }

    /// The same format for writing, where there is one.
    #[must_use]
    pub const fn written(self) -> Option<Format> {
        match self {
            Self::Jpeg => Some(Format::Jpeg),
            Self::Png => Some(Format::Png),
            Self::Webp => Some(Format::Webp),
            Self::Gif => Some(Format::Gif),
            Self::Avif => Some(Format::Avif),
            Self::Heif | Self::Tiff | Self::Bmp | Self::Svg | Self::Pdf => None,
        }
    }

    /// Whether nothing can be seen through an image of this format.
    #[must_use]
    pub const fn is_opaque(self) -> bool {
        matches!(self, Self::Jpeg | Self::Pdf)
    }

    /// Whether it has no pixels of its own: it is drawn as large as it is needed, and its size is only what it is shown at.
    #[must_use]
    pub const fn is_drawing(self) -> bool {
        matches!(self, Self::Svg | Self::Pdf)
    }

    /// Whether a worker needs what it can not reach once it is confined: fonts, or the system's own libraries.
    pub(crate) const fn needs_outfit(self) -> bool {
        matches!(self, Self::Svg | Self::Heif)
    }
}
