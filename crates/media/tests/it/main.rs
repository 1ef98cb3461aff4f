//! The crate as its callers see it: what images are, what plans come to, pixels in and out, and worker processes that
//! misbehave.

#![expect(clippy::unwrap_used, reason = "tests")]

mod animations;
mod colours;
mod confinement;
mod corpus;
mod describing;
mod exif;
mod films;
mod heif;
mod heif_files;
mod hostile;
mod lying_animations;
mod pdf;
mod pictures;
mod pixels;
mod planning;
mod probing;
mod profiles;
mod sniffing;
mod sources;
mod stripping;
mod table;
mod video;
mod workers;
