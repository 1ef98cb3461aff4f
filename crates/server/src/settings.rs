//! The settings: defaults that are compiled in and commented, a file, the environment, flags. Unknown keys are errors.

mod botdoc;
mod encryption;
mod flextype;
mod fliplet;
mod mediaflow;
mod mediapocket;
mod outside;
mod renderer;
mod scanner;
mod throttle;

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use config::{Config, Environment, File, FileFormat};
use library::{KeyRing, Limits};
use serde::Deserialize;
use store::blobs::BlobsConfig;

pub use self::{
    botdoc::Botdoc,
    encryption::EncryptionSettings,
    flextype::Flextype,
    fliplet::Fliplet,
    mediaflow::Mediaflow,
    mediapocket::MediaPocket,
    outside::{OutboundSettings, Smtp},
    renderer::{RendererSettings, RenditionSettings},
    scanner::Scanner,
    throttle::ThrottleSettings,
};

/// The least age at which renditions may be evicted, in milliseconds: twice what their last use is known to.
const MIN_RENDITIONS_AGE_MS: i64 = 2 * 60 * 60 * 1_000;

/// The commented defaults.
pub(crate) const DEFAULTS: &str = include_str!("../config.default.toml");

/// Why settings can not be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadSettings(String);

impl BadSettings {
    pub(crate) fn of(error: &impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The folder that holds everything which is not elsewhere.
    pub data: PathBuf,
    /// How the world reaches this server.
    pub public_url: String,
    /// The addresses or networks of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<String>,
    /// The dialect that answers at `/` on hosts that are not listed for any.
    pub default_dialect: String,
    /// Where the rows are.
    pub database: Database,
    /// Where the bytes are.
    pub blobs: BlobStore,
    /// What is allowed.
    pub limits: ServerLimits,
    /// How much may be asked within a minute.
    pub throttle: ThrottleSettings,
    /// Who draws.
    pub renderer: RendererSettings,
    /// What is kept of what was drawn.
    pub renditions: RenditionSettings,
    /// What is told.
    pub log: Log,
    /// Where numbers are told.
    pub metrics: MetricsSettings,
    /// Fliplet's own settings.
    pub fliplet: Fliplet,
    /// Mediaflow's own settings.
    pub mediaflow: Mediaflow,
    /// Flextype's own settings.
    pub flextype: Flextype,
    /// Botdoc's own settings.
    pub botdoc: Botdoc,
    /// MediaPocket's own settings.
    pub mediapocket: MediaPocket,
    /// Who looks for viruses.
    pub scanner: Scanner,
    /// What wraps the keys of tenants whose files are sealed.
    pub encryption: EncryptionSettings,
    /// How mail goes out.
    pub smtp: Smtp,
    /// What else goes out.
    pub outbound: OutboundSettings,
}

/// `[database]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Empty: SQLite in the data folder.
    pub url: String,
}

/// `[blobs]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlobStore {
    /// Empty: a folder in the data folder.
    pub url: String,
    /// Memory for hot files, in bytes.
    pub hot_bytes: u64,
    /// The largest hot file, in bytes.
    pub hot_max_blob_bytes: u64,
}

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerLimits {
    /// See [`Limits::max_upload_bytes`].
    pub max_upload_bytes: u64,
    /// See [`Limits::max_list_items`].
    pub max_list_items: usize,
    /// See [`Limits::max_memory_age_ms`].
    pub max_memory_age_ms: i64,
    /// The longest that a request waits for a rendition, in milliseconds.
    pub max_render_wait_ms: u64,
    /// See [`Limits::max_cards`].
    pub max_cards: u64,
    /// See [`Limits::staging_age_ms`].
    pub staging_age_ms: i64,
    /// See [`Limits::trash_age_ms`].
    pub trash_age_ms: i64,
    /// See [`Limits::garbage_age_ms`].
    pub garbage_age_ms: i64,
    /// See [`Limits::holding_age_ms`].
    pub holding_age_ms: i64,
    /// See [`Limits::audit_age_ms`].
    pub audit_age_ms: i64,
    /// For a request's header, in milliseconds.
    pub header_timeout_ms: u64,
    /// For the next bytes of a request's body, in milliseconds.
    pub body_timeout_ms: u64,
    /// For a client to take bytes, in milliseconds.
    pub write_timeout_ms: u64,
    /// For an idle connection, in milliseconds.
    pub idle_timeout_ms: u64,
    /// For requests under way when the server is told to stop, in milliseconds.
    pub drain_ms: u64,
}

/// `[log]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// `stdout`, `stderr`, `off` or a path.
    pub access: String,
    /// A filter for what the server says of itself.
    pub level: String,
}

/// `[metrics]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsSettings {
    /// Where `/metrics` answers; empty: nowhere.
    pub listen: String,
}

/// What flags set; it wins over everything else.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags {
    pub(crate) config: Option<PathBuf>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) listen: Option<String>,
    pub(crate) database: Option<String>,
    pub(crate) blobs: Option<String>,
}

impl Settings {
    /// The settings of a library in `data` that nothing else says anything about.
    ///
    /// # Errors
    /// Never, while the compiled-in defaults are well formed.
    pub fn defaults_in(data: &Path) -> Result<Self, BadSettings> {
        Self::load(&Flags { data: Some(data.to_owned()), ..Flags::default() }, HashMap::new())
    }

    pub(crate) fn load(flags: &Flags, environment: HashMap<String, String>) -> Result<Self, BadSettings> {
        let bad = |error: config::ConfigError| BadSettings(error.to_string());
        let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        if let Some(path) = &flags.config {
            builder = builder.add_source(File::from(path.as_path()).format(FileFormat::Toml));
        }
        let environment = Environment::with_prefix("MEDIARY")
            .prefix_separator("_")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("trusted_proxies")
            .with_list_parse_key("fliplet.hosts")
            .with_list_parse_key("fliplet.blocked_extensions")
            .with_list_parse_key("mediaflow.hosts")
            .with_list_parse_key("mediaflow.redirect_uris")
            .with_list_parse_key("botdoc.hosts")
            .with_list_parse_key("mediapocket.hosts")
            .with_list_parse_key("flextype.hosts")
            .with_list_parse_key("flextype.accept_file_types")
            .source(Some(environment.into_iter().collect()));
        builder = builder.add_source(environment);
        let data = flags.data.as_ref().map(|path| path.to_string_lossy().into_owned());
        for (key, value) in
            [("data", &data), ("listen", &flags.listen), ("database.url", &flags.database), ("blobs.url", &flags.blobs)]
        {
            builder = builder.set_override_option(key, value.clone()).map_err(bad)?;
        }
        let settings: Self = builder.build().and_then(Config::try_deserialize).map_err(bad)?;
        settings.check()?;
        Ok(settings)
    }

    /// What can be told to be wrong without touching anything.
    fn check(&self) -> Result<(), BadSettings> {
        let bad = |why: &str| Err(BadSettings(why.to_owned()));
        let dialects = crate::mounts::DIALECTS;
        if !self.default_dialect.is_empty() && !dialects.contains(&self.default_dialect.as_str()) {
            return bad(&format!("default_dialect is none of {}", dialects.join(", ")));
        }
        let database = self.database_url();
        if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| database.starts_with(scheme)) {
            return bad("database.url starts with sqlite: or postgres:");
        }
        if self.limits.max_memory_age_ms < 0 || self.limits.max_list_items == 0 || self.limits.max_upload_bytes == 0 {
            return bad("a limit is zero or negative");
        }
        let ages = [
            self.limits.staging_age_ms,
            self.limits.trash_age_ms,
            self.limits.garbage_age_ms,
            self.limits.holding_age_ms,
            self.limits.audit_age_ms,
            self.renditions.max_age_ms,
        ];
        if ages.iter().any(|age| *age < 0) {
            return bad("an age is negative");
        }
        if (1..MIN_RENDITIONS_AGE_MS).contains(&self.renditions.max_age_ms) {
            return bad("renditions.max_age_ms is 0 or at least two hours: the last use is known to the hour");
        }
        self.proxies()?;
        self.metrics_address()?;
        self.mediaflow_config()?;
        self.flextype_config()?;
        self.botdoc_config()?;
        self.mediapocket_config()?;
        self.outbound_config()?;
        self.open_scanner()?;
        self.default_policies()?;
        self.check_encryption()?;
        if self.renderer.queue == 0 || self.renderer.deadline_ms == 0 {
            return bad("renderer.queue and renderer.deadline_ms are at least 1");
        }
        Ok(())
    }

    pub(crate) fn metrics_address(&self) -> Result<Option<SocketAddr>, BadSettings> {
        match self.metrics.listen.as_str() {
            "" => Ok(None),
            at => at.parse().map(Some).map_err(|_| BadSettings("metrics.listen is no address with a port".to_owned())),
        }
    }

    pub(crate) fn database_url(&self) -> String {
        match self.database.url.as_str() {
            "" => format!("sqlite:{}", self.data.join("library.db").display()),
            url => url.to_owned(),
        }
    }

    pub(crate) fn blobs_url(&self) -> String {
        match self.blobs.url.as_str() {
            "" => self.data.join("blobs").display().to_string(),
            url => url.to_owned(),
        }
    }

    pub(crate) fn blobs_config(&self, ring: &KeyRing) -> BlobsConfig {
        BlobsConfig {
            hot_bytes: self.blobs.hot_bytes,
            hot_max_blob_bytes: self.blobs.hot_max_blob_bytes,
            keys: Some(Arc::new(ring.clone())),
            ..BlobsConfig::default()
        }
    }

    pub(crate) fn library_limits(&self) -> Limits {
        Limits {
            max_upload_bytes: self.limits.max_upload_bytes,
            max_list_items: self.limits.max_list_items,
            max_memory_age_ms: self.limits.max_memory_age_ms,
            max_render_wait: Duration::from_millis(self.limits.max_render_wait_ms),
            max_cards: self.limits.max_cards,
            staging_age_ms: self.limits.staging_age_ms,
            trash_age_ms: self.limits.trash_age_ms,
            garbage_age_ms: self.limits.garbage_age_ms,
            holding_age_ms: self.limits.holding_age_ms,
            audit_age_ms: self.limits.audit_age_ms,
            max_renditions_bytes: self.renditions.max_bytes,
            renditions_age_ms: self.renditions.max_age_ms,
            throttle: self.throttle.library(),
        }
    }

    pub(crate) fn drain(&self) -> Duration {
        Duration::from_millis(self.limits.drain_ms)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn load(variables: &[(&str, &str)], flags: &Flags) -> Result<Settings, BadSettings> {
        Settings::load(flags, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn flags_win_over_environment_over_file_over_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mediary.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\ndata = \"/file\"\n[renderer]\nqueue = 3\n").unwrap();
        let flags = Flags { config: Some(file), listen: Some("127.0.0.1:3".to_owned()), ..Flags::default() };
        let set = [
            ("MEDIARY_LISTEN", "127.0.0.1:2"),
            ("MEDIARY_DATA", "/environment"),
            ("MEDIARY_FLIPLET__HOSTS", "a.test,b.test"),
        ];
        let settings = load(&set, &flags).unwrap();
        assert_eq!(settings.listen.port(), 3);
        assert_eq!(settings.data, Path::new("/environment"));
        assert_eq!(settings.renderer.queue, 3);
        assert_eq!(settings.fliplet.hosts, ["a.test", "b.test"]);
        assert_eq!(settings.limits.max_upload_bytes, 1_048_576_000);
        assert_eq!(settings.database_url(), "sqlite:/environment/library.db");
    }

    #[test]
    fn unknown_and_senseless_settings_are_errors() {
        for (name, value) in [
            ("MEDIARY_LISTNE", "127.0.0.1:1"),
            ("MEDIARY_LIMITS__MAX_UPLOADS", "1"),
            ("MEDIARY_LISTEN", "nowhere"),
            ("MEDIARY_DEFAULT_DIALECT", "klingon"),
            ("MEDIARY_DATABASE__URL", "mysql://x"),
            ("MEDIARY_LIMITS__MAX_UPLOAD_BYTES", "0"),
            ("MEDIARY_LIMITS__HOLDING_AGE_MS", "-1"),
            ("MEDIARY_RENDITIONS__MAX_AGE_MS", "-1"),
            ("MEDIARY_RENDITIONS__MAX_BYTES", "-1"),
        ] {
            assert!(load(&[(name, value)], &Flags::default()).is_err(), "{name}={value}");
        }
    }
}
