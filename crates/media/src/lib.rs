//! Pixels: what an image is ([`probe`], [`sniff`]), what a request for a rendition comes to ([`Plan`]), and making it
//! ([`Renderer`], in confined processes; [`render`], here and now). It knows no database, no HTTP and no product.

mod channel;
mod confine;
mod details;
mod error;
mod format;
mod geometry;
mod plan;
mod pool;
mod probe;
mod protocol;
mod render;
mod sanitizing;
mod sniff;
mod stripping;
mod video;
pub mod worker;

pub use details::Details;
pub use error::{Limits, RenderError};
pub use format::{Format, SourceFormat};
pub use plan::{Accepts, Crop, Focus, MAX_SIDE, Plan, Resize, Resolution, Resolved, Rgb, STRONG_REDUCTION, Wanted};
pub use pool::{Load, Renderer, RendererConfig, Source};
pub use probe::{PROBE_HEAD_BYTES, PROBE_LONG_HEAD_BYTES, Probe, probe, svg::svg_within};
pub use render::{Engine, Made, Rendered, render};
pub use sanitizing::{NotSanitized, Sanitized, sanitize_svg};
pub use sniff::sniff;
pub use stripping::{NotStripped, Stripped, strip_private};
pub use video::{VideoFacts, Videos, VideosConfig, find_program};
