//! The texts a parser is given: good ones as they are made, good ones damaged, and noise.

use super::Parser;
use super::dice::Dice;

/// Longest text made by damage.
const MAX_TEXT_BYTES: usize = 1 << 16;
/// What is put where it hurts.
const SPLINTERS: [&[u8]; 24] = [
    b"\n",
    b"\r\n",
    b" ",
    b"\"",
    b"\\",
    b"\\u0000",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"{",
    b"}",
    b"[]",
    b",",
    b":",
    b"0",
    b"-",
    b"+",
    b"=",
    b"/",
    b"1e400",
    b"null",
    b"_sd",
    b"\xe2\x80\x94 ",
    b"9007199254740993",
];

/// How a text came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// As it was made: it must be taken.
    Whole,
    /// Made, then damaged.
    Damaged,
    /// Noise.
    Noise,
}

/// A text.
pub(crate) struct Case {
    pub(crate) text: Vec<u8>,
    pub(crate) origin: Origin,
}

impl Case {
    /// Half are whole, and of the others one in ten is noise.
    pub(crate) fn of(parser: &Parser, choices: &[u8]) -> Self {
        let mut dice = Dice::new(choices);
        let origin = match dice.below(20) {
            0..=9 => Origin::Whole,
            10..=18 => Origin::Damaged,
            _ => Origin::Noise,
        };
        if origin == Origin::Noise {
            let length = dice.below(64);
            let text = (0..length).map(|_| u8::try_from(dice.below(256)).expect("a byte")).collect();
            return Self { text, origin };
        }
        let damages: Vec<[usize; 4]> = (0..dice.below(3)).map(|_| std::array::from_fn(|_| dice.below(1 << 16))).collect();
        let first: [usize; 4] = std::array::from_fn(|_| dice.below(1 << 16));
        let mut text = (parser.text)(&mut dice);
        if origin == Origin::Damaged {
            std::iter::once(first).chain(damages).for_each(|damage| apply(damage, &mut text));
            text.truncate(MAX_TEXT_BYTES);
        }
        Self { text, origin }
    }

    /// For a person.
    pub(crate) fn shown(&self) -> String {
        format!("{:?}, {:?}", String::from_utf8_lossy(&self.text), self.text)
    }
}

/// One hurt: a byte changed, put in, taken out, doubled, exchanged with its neighbour; the text cut, a piece repeated, a splinter.
fn apply([kind, place, piece, splinter]: [usize; 4], text: &mut Vec<u8>) {
    let splinter_bytes = SPLINTERS[splinter % SPLINTERS.len()];
    if text.is_empty() {
        text.extend_from_slice(splinter_bytes);
        return;
    }
    let at = place % text.len();
    let end = (at + 1 + piece % 24).min(text.len());
    match kind % 10 {
        0 => text[at] ^= 1 << (piece % 8),
        1 => text[at] = u8::try_from(piece % 256).expect("a byte"),
        2 => text.insert(at, u8::try_from(piece % 128).expect("a byte")),
        3 => drop(text.remove(at)),
        4 => text.truncate(at),
        5 => drop(text.drain(at..end)),
        6 => text.swap(at, piece % (at + 1)),
        7 => {
            let repeated = text[at..end].repeat(1 + splinter % 40);
            text.splice(end..end, repeated);
        }
        8 => text[at] = text[at].wrapping_add(1),
        _ => drop(text.splice(at..at, splinter_bytes.iter().copied())),
    }
}
