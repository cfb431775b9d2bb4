//! Chance that is the same every time: a linear congruential generator (Knuth's MMIX constants). Nothing secret comes from it.

/// A sequence of numbers, fixed by its seed.
pub(super) struct Chance {
    state: u64,
}

impl Chance {
    /// The sequence of that seed.
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u32 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.state >> 33).expect("31 bits")
    }

    /// One of `from..=to`; `from` is not above `to`.
    pub(super) fn between(&mut self, from: u32, to: u32) -> u32 {
        from + self.next() % (to - from + 1)
    }

    /// One of several.
    pub(super) fn one_of<T: Copy>(&mut self, several: &[T]) -> T {
        let last = u32::try_from(several.len().saturating_sub(1)).unwrap_or(0);
        several[usize::try_from(self.between(0, last)).unwrap_or(0)]
    }

    /// True once in so many times.
    pub(super) fn is_one_in(&mut self, times: u32) -> bool {
        self.between(1, times) == 1
    }

    /// 128 bits in hexadecimal: a trace.
    pub(super) fn trace(&mut self) -> String {
        (0..4).map(|_| format!("{:08x}", self.next())).collect()
    }
}
