//! What `verify` asks the catalog: everything, once over, in pages, and how what is wrong is put right. The only statements
//! that read whole tables. It does not know what lies in the blob store.
//!
//! Each question is one statement, so that it sees one moment: a server that works meanwhile raises no false alarm. Where
//! rows are compared with bytes there are two moments, and a second look at the row ([`Catalog::blob_row`],
//! [`Catalog::knows_blob`], [`Catalog::rendition`], [`Catalog::upload_parts`]) tells whether a suspicion still stands.
//!
//! [`Catalog::blob_row`]: crate::Catalog::blob_row
//! [`Catalog::knows_blob`]: crate::Catalog::knows_blob
//! [`Catalog::rendition`]: crate::Catalog::rendition
//! [`Catalog::upload_parts`]: crate::Catalog::upload_parts

mod bytes;
mod counts;
mod names;
mod shape;

pub use crate::renditions::WrongRenditionSum;
pub use bytes::{BlobRow, PartRow};
pub use counts::WrongTally;
pub use names::{Child, Nameless, StrayName};
pub use shape::{AssetFault, BrokenAsset, BrokenFolder, FolderFault};
