//! `[flextype]`: the settings of one dialect, named as its own are.

use serde::Deserialize;

use super::{BadSettings, Settings};

/// `[flextype]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flextype {
    /// Host names under which it answers at `/`.
    pub hosts: Vec<String>,
    /// See [`::flextype::Config::strict`].
    pub strict: bool,
    /// See [`::flextype::Config::root_path`].
    pub root_path: String,
    /// See [`::flextype::Config::url_prefix`].
    pub url_prefix: String,
    /// See [`::flextype::Config::files_enabled`].
    pub files_enabled: bool,
    /// See [`::flextype::Config::folders_enabled`].
    pub folders_enabled: bool,
    /// See [`::flextype::Config::accept_file_types`].
    pub accept_file_types: Vec<String>,
    /// See [`::flextype::Config::max_file_bytes`].
    pub max_file_bytes: u64,
    /// See [`::flextype::Config::safe_names`].
    pub safe_names: bool,
    /// The most columns of an image that is taken at all; 0: any.
    pub max_image_width_px: u32,
    /// The most rows of an image that is taken at all; 0: any.
    pub max_image_height_px: u32,
    /// Images are made no wider than this; 0: as wide as they are.
    pub image_width_px: u32,
    /// Images are made no higher than this; 0: as high as they are.
    pub image_height_px: u32,
    /// See [`::flextype::Config::image_quality`].
    pub image_quality: u8,
    /// See [`::flextype::Config::sites`].
    pub sites: Vec<FlextypeSite>,
}

/// `[[flextype.sites]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlextypeSite {
    /// A host name.
    pub host: String,
    /// Whose files are served there.
    pub tenant_id: i64,
}

impl Settings {
    pub(crate) fn flextype_config(&self) -> Result<::flextype::Config, BadSettings> {
        let set = &self.flextype;
        let clean = |b: u8| b.is_ascii_alphanumeric() || b"-._/".contains(&b);
        let is_path =
            |path: &str| path.bytes().all(clean) && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !is_path(&set.url_prefix) || set.url_prefix.starts_with('/') || set.url_prefix.ends_with('/') {
            return Err(BadSettings("flextype.url_prefix is a path without slashes at its ends".to_owned()));
        }
        if set.url_prefix == "api" || set.url_prefix.starts_with("api/") {
            return Err(BadSettings("flextype.url_prefix is taken by the API".to_owned()));
        }
        if !(1..=100).contains(&set.image_quality) {
            return Err(BadSettings("flextype.image_quality is 1 to 100".to_owned()));
        }
        if set.max_file_bytes == 0 || set.image_width_px.max(set.image_height_px) > 16_383 {
            return Err(BadSettings("flextype: a file has a byte, and an image 16383 pixels along a side".to_owned()));
        }
        Ok(::flextype::Config {
            strict: set.strict,
            root_path: set.root_path.trim_end_matches('/').to_owned(),
            url_prefix: set.url_prefix.clone(),
            files_enabled: set.files_enabled,
            folders_enabled: set.folders_enabled,
            accept_file_types: set.accept_file_types.iter().map(|kind| kind.to_ascii_lowercase()).collect(),
            max_file_bytes: set.max_file_bytes,
            safe_names: set.safe_names,
            max_image_px: (set.max_image_width_px, set.max_image_height_px),
            image_px: (set.image_width_px, set.image_height_px),
            image_quality: set.image_quality,
            sites: set.sites.iter().map(|site| (site.host.clone(), site.tenant_id)).collect(),
        })
    }
}
