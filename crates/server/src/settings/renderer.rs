//! `[renderer]` and `[renditions]`: who draws, and what is kept of what was drawn.

use std::path::PathBuf;

use serde::Deserialize;

/// `[renderer]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RendererSettings {
    /// Empty: `media-worker` beside this program.
    pub worker: PathBuf,
    /// 0: one for each core.
    pub workers: usize,
    /// How many renditions may wait.
    pub queue: usize,
    /// The longest that one may take, in milliseconds.
    pub deadline_ms: u64,
    /// The most pixels of an image.
    pub max_pixels: u64,
    /// The most bytes of an image.
    pub max_input_bytes: u64,
    /// The most bytes of a rendition.
    pub max_output_bytes: u64,
    /// Empty: the one on the path, if there is one. `off`: none.
    pub ffmpeg: String,
    /// Likewise.
    pub ffprobe: String,
}

/// `[renditions]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenditionSettings {
    /// See [`library::Limits::max_renditions_bytes`].
    pub max_bytes: u64,
    /// See [`library::Limits::renditions_age_ms`].
    pub max_age_ms: i64,
}
