//! The laws of `tests/parsers`, called by one fuzz target for each parser. Nothing is said twice: `laws` is that very folder.

#[path = "../../tests/parsers/laws/mod.rs"]
mod laws;

use laws::case::Case;
use laws::{PARSERS, Verdict};

/// Holds one parser to its law. An even first byte: the rest is the text. An odd one: the rest decides which good text is made and
/// how it is damaged, so that the fuzzer starts beyond the first brackets.
pub fn hold(name: &str, data: &[u8]) {
    let parser = PARSERS.iter().find(|parser| parser.name == name).expect("a row of the table");
    let Some((kind, rest)) = data.split_first() else { return };
    if kind.is_multiple_of(2) {
        (parser.law)(rest);
        return;
    }
    let case = Case::of(parser, rest);
    let verdict = (parser.law)(&case.text);
    assert!(case.origin != laws::case::Origin::Whole || verdict == Verdict::Taken, "a good text is refused: {}", case.shown());
}
