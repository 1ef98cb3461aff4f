//! The sizes in which files are offered: the original, those that are set, and a free crop.

use library::Asset;
use serde_json::{Value, json};

use crate::{Config, url::Cut};

/// The original.
pub(crate) const ORIGINAL: i64 = 0;
/// A part and size that the client names.
pub(crate) const CUSTOM: i64 = -1;

/// A size that an operator set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// How people call it.
    pub name: String,
    /// Width and height in pixels; zero: follows from the other.
    pub size: (u32, u32),
    /// The format of the files: `jpg`, `png`, `webp`.
    pub filetype: library::Format,
    /// Whether the proportions stay.
    pub keep_ratio: bool,
}

/// One that there is, with its id.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Offered<'a> {
    Original,
    Set(i64, &'a Format),
    Custom,
}

/// All that there are, in the order in which they are shown.
pub(crate) fn offered(config: &Config) -> impl Iterator<Item = Offered<'_>> {
    let set = config.formats.iter().zip(1..).map(|(format, id)| Offered::Set(id, format));
    std::iter::once(Offered::Original).chain(set).chain([Offered::Custom])
}

/// The one with this id.
pub(crate) fn find(config: &Config, id: i64) -> Option<Offered<'_>> {
    offered(config).find(|offered| offered.id() == id)
}

impl Offered<'_> {
    pub(crate) const fn id(&self) -> i64 {
        match self {
            Self::Original => ORIGINAL,
            Self::Custom => CUSTOM,
            Self::Set(id, _) => *id,
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Original => "Original",
            Self::Custom => "Fri beskärning",
            Self::Set(_, format) => &format.name,
        }
    }

    /// The extension of the files, for one of them.
    pub(crate) fn filetype<'a>(&'a self, asset: &'a Asset) -> &'a str {
        match self {
            Self::Original | Self::Custom => crate::types::extension(&asset.name),
            Self::Set(_, format) => format.filetype.extension(),
        }
    }

    /// What it asks for by itself.
    pub(crate) fn cut(&self) -> Cut {
        match self {
            Self::Original | Self::Custom => Cut::default(),
            Self::Set(_, format) => {
                Cut { size: Some(format.size), stretch: !format.keep_ratio, format: Some(format.filetype), part: None }
            }
        }
    }

    /// As lists of formats show it. Contract 1a, 22: -1 is the original's size.
    pub(crate) fn view(&self) -> Value {
        let ((width, height), filetype, keep_ratio) = match self {
            Self::Original | Self::Custom => ((-1, -1), "", true),
            Self::Set(_, format) => {
                let size = (i64::from(format.size.0), i64::from(format.size.1));
                (size, format.filetype.extension(), format.keep_ratio)
            }
        };
        let suffix = if filetype.is_empty() { String::new() } else { format!(".{filetype}") };
        json!({
            "id": self.id(), "name": self.name(), "suffix": suffix, "filetype": filetype, "width": width, "height": height,
            "keepRatio": keep_ratio,
        })
    }
}
