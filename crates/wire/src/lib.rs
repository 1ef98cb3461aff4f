//! HTTP manners that every dialect shares: routes, mounts, logs, limits, uploads and delivery.
//! It knows no noun of the library, no database and no vendor's words.

mod access_log;
mod activity;
mod answer_body;
mod base;
mod cors;
mod deliver;
mod escape;
mod html;
mod manners;
mod mounts;
mod multipart;
mod origin;
mod paced;
mod proxies;
mod query;
mod refusal;
mod request_body;
mod routes;
mod segments;
mod serve;
mod small_body;
mod traffic;

pub use access_log::{AccessLog, LogBuffer};
pub use answer_body::AnswerBody;
pub use base::Base;
pub use cors::Cors;
pub use deliver::{Answer, Asked, Cache, Disposition, Manner, deliver, extended_name};
pub use html::escape_html;
pub use manners::{Clock, Gate, Limits, Manners};
pub use mounts::{BadMounts, Mount, Mounts, host_name};
pub use multipart::{BadMultipart, MAX_PARTS, MAX_TEXT_BYTES, Part, Parts};
pub use origin::{RequestId, RequestOrigin, X_REQUEST_ID};
pub use proxies::Proxies;
pub use query::Query;
pub use refusal::{Refusal, refuse_plainly};
pub use request_body::BodyFault;
pub use routes::{Route, router};
pub use segments::{escape_segment, segment};
pub use serve::{Drained, ServeConfig, serve};
pub use small_body::{BadBody, read_small_body};
pub use traffic::Traffic;
