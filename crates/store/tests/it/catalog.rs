//! One contract for the catalog on every engine; what is SQLite's own (its group commit) lies in files of its own.

mod assets;
mod child;
mod durability;
mod engines;
mod fields;
mod folders;
mod group_commit;
mod jobs;
mod links;
mod listing;
mod opening;

mod records;
mod renditions;
mod samples;
mod slugs;
mod sharing;
mod soundness;
mod tallies;
mod tenants;
mod tokens;
mod tree;
mod tree_races;
mod uploads;
mod users;
