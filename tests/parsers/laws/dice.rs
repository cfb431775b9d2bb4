//! Decisions drawn from given bytes: a strategy's, which shrinks them, or a fuzzer's, which learns from them. When the bytes are used
//! up, every decision is the first.

/// A source of decisions.
pub(crate) struct Dice<'c> {
    choices: &'c [u8],
}

impl<'c> Dice<'c> {
    pub(crate) const fn new(choices: &'c [u8]) -> Self {
        Self { choices }
    }

    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.choices.split_first() else { return 0 };
        self.choices = rest;
        *first
    }

    /// Any number.
    pub(crate) fn number(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    /// One of `0..count`; `count` is not 0.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let drawn = if count <= 256 { u64::from(self.byte()) } else { self.number() };
        usize::try_from(drawn % count as u64).expect("below a usize")
    }

    /// So many of a hundred times.
    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) >= 100 - percent
    }

    /// One of a list.
    pub(crate) fn one<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    /// Between `least` and `most` characters of `alphabet`.
    pub(crate) fn word(&mut self, alphabet: &str, least: usize, most: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        let length = least + self.below(most - least + 1);
        (0..length).map(|_| self.one(&letters)).collect()
    }

    /// Thirty-two bytes; four choices are spread over them.
    pub(crate) fn bytes_32(&mut self) -> [u8; 32] {
        let seed: [u8; 4] = std::array::from_fn(|_| self.byte());
        std::array::from_fn(|i| seed[i % 4].wrapping_mul(u8::try_from(i).expect("below 32") | 1).wrapping_add(seed[i / 8]))
    }

    /// Text that people write: letters, marks, quotes, controls, what lies above U+FFFF.
    pub(crate) fn prose(&mut self, most: usize) -> String {
        self.word("ab zA0-9_./:*~\"\\{}[],\u{e9}\u{20ac}\u{fb33}\u{1f600}\u{7f}\u{1}\n\t", 0, most)
    }
}
