//! `[mediaflow]`: the settings of one dialect.

use serde::Deserialize;

use super::{BadSettings, Settings};

/// `[mediaflow]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mediaflow {
    /// Host names under which it answers at `/`.
    pub hosts: Vec<String>,
    /// See [`::mediaflow::Config::redirect_uris`].
    pub redirect_uris: Vec<String>,
    /// See [`::mediaflow::Config::formats`].
    pub formats: Vec<MediaflowFormat>,
}

/// `[[mediaflow.formats]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaflowFormat {
    /// How people call it.
    pub name: String,
    /// In pixels; 0: follows from the height.
    pub width_px: u32,
    /// In pixels; 0: follows from the width.
    pub height_px: u32,
    /// `jpg`, `png` or `webp`.
    pub filetype: String,
    /// Whether the proportions stay.
    pub keep_ratio: bool,
}

impl Settings {
    pub(crate) fn mediaflow_config(&self) -> Result<::mediaflow::Config, BadSettings> {
        let format = |set: &MediaflowFormat| {
            let filetype = match set.filetype.as_str() {
                "jpg" => library::Format::Jpeg,
                "png" => library::Format::Png,
                "webp" => library::Format::Webp,
                other => return Err(BadSettings(format!("mediaflow.formats: {other} is none of jpg, png, webp"))),
            };
            if (set.width_px, set.height_px) == (0, 0) || set.width_px.max(set.height_px) > 16_383 {
                return Err(BadSettings("mediaflow.formats: a size is 1 to 16383 pixels".to_owned()));
            }
            let size = (set.width_px, set.height_px);
            Ok(::mediaflow::Format { name: set.name.clone(), size, filetype, keep_ratio: set.keep_ratio })
        };
        Ok(::mediaflow::Config {
            formats: self.mediaflow.formats.iter().map(format).collect::<Result<_, _>>()?,
            redirect_uris: self.mediaflow.redirect_uris.clone(),
        })
    }
}
