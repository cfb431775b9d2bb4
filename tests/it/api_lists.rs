//! Lists and search over HTTP: what they find is what reading every event would find.

mod world;
mod filters;
mod pages;
mod finding;
mod figures;
