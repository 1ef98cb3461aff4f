//! Flextype's API at the wire: the seed's requests as printed, recorded exchanges of the reference server, a model of the tree, races,
//! and what is refused.

mod bad_input;
pub mod doors;
mod killed;
mod model;
mod options;
mod races;
mod replay;
mod rules;
mod seed;
pub mod site;
mod static_files;
mod together;
mod tokens;
