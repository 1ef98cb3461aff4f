//! A media type: `type/subtype`, lower case, without parameters but for a charset that we add when serving text.

use std::{borrow::Cow, fmt};

/// What some bytes are, such as `image/jpeg`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MediaType(Cow<'static, str>);

/// The coarse kinds that listings group by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// `image/*`
    Image,
    /// `video/*`
    Video,
    /// `audio/*`
    Audio,
    /// `font/*` and the older `application/` names of fonts.
    Font,
    /// Everything else.
    Other,
}

impl MediaType {
    /// `application/octet-stream`: nothing better is known.
    pub const OCTET_STREAM: Self = Self::of("application/octet-stream");
    /// `image/jpeg`
    pub const JPEG: Self = Self::of("image/jpeg");
    /// `image/png`
    pub const PNG: Self = Self::of("image/png");
    /// `image/apng`
    pub const APNG: Self = Self::of("image/apng");
    /// `image/webp`
    pub const WEBP: Self = Self::of("image/webp");
    /// `image/gif`
    pub const GIF: Self = Self::of("image/gif");
    /// `image/avif`
    pub const AVIF: Self = Self::of("image/avif");
    /// `image/tiff`
    pub const TIFF: Self = Self::of("image/tiff");
    /// `application/pdf`
    pub const PDF: Self = Self::of("application/pdf");
    /// `image/svg+xml`
    pub const SVG: Self = Self::of("image/svg+xml");
    /// `application/zip`
    pub const ZIP: Self = Self::of("application/zip");

    /// A constant that is known to be well formed.
    #[must_use]
    pub const fn of(essence: &'static str) -> Self {
        Self(Cow::Borrowed(essence))
    }

    /// Reads a media type as headers carry it; parameters are dropped, case is folded. `None` when it is not `token/token` or longer than 127 bytes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/')?;
        let token = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
        };
        let well_formed = essence.len() <= 127 && token(kind) && token(subtype);
        well_formed.then_some(Self(Cow::Owned(essence)))
    }

    /// `type/subtype`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which coarse kind it is.
    #[must_use]
    pub fn family(&self) -> Family {
        let (kind, subtype) = self.0.split_once('/').unwrap_or(("", ""));
        match kind {
            "image" => Family::Image,
            "video" => Family::Video,
            "audio" => Family::Audio,
            "font" => Family::Font,
            "application"
                if subtype.starts_with("font-") || subtype.starts_with("x-font-") || subtype == "vnd.ms-fontobject" =>
            {
                Family::Font
            }
            _ => Family::Other,
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_headers_carry() {
        assert_eq!(MediaType::parse("Image/JPEG; q=1").map(|t| t.to_string()).as_deref(), Some("image/jpeg"));
        for bad in ["", "image", "image/", "/png", "ima ge/png", "image/p\nng", "image/\"x\""] {
            assert_eq!(MediaType::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn knows_families() {
        assert_eq!(MediaType::JPEG.family(), Family::Image);
        assert_eq!(MediaType::of("application/vnd.ms-fontobject").family(), Family::Font);
        assert_eq!(MediaType::ZIP.family(), Family::Other);
    }
}
