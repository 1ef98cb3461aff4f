//! Pixels: what an image is ([`probe`], [`sniff`]), what a request for a rendition comes to ([`Plan`]), and making it
//! ([`Renderer`], in confined processes; [`render`], here and now). It knows no database, no HTTP and no product.

mod error;
mod format;
mod geometry;
mod plan;
mod pool;
mod probe;
mod protocol;
mod render;
mod sniff;
pub mod worker;

pub use error::{Limits, RenderError};
pub use format::Format;
pub use plan::{Crop, MAX_SIDE, Plan, Resize, Resolution, Resolved};
pub use pool::{Renderer, RendererConfig};
pub use probe::{PROBE_HEAD_BYTES, Probe, probe};
pub use render::{Engine, Rendered, render};
pub use sniff::sniff;
