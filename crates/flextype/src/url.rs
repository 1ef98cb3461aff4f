//! What a Flextype request says, as the reference server's PHP reads it. Pure: knows neither the library nor HTTP.

mod dates;
mod filters;
mod loose;
mod options;
mod params;
mod shapes;

pub use options::{Failed, Options};
pub use params::Params;
pub use shapes::{Return, Shaped};
