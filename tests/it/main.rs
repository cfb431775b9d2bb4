//! Everything that looks at Onus from outside, as one program, so that it is linked once.

mod ui;
