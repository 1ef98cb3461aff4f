//! The words that every floor shares about bytes: what they are, how many, which of them, and how they are read.
//! It does no I/O of its own and knows no database, no HTTP and no product.

mod body;
mod digest;
mod media_type;
mod range;

pub use body::{Body, ByteStream, Content, Portion, ReadBytes};
pub use digest::Digest;
pub use media_type::{Family, MediaType};
pub use range::ByteRange;
