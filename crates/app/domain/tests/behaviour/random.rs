//! Random input, the same in every run.
#![allow(dead_code, reason = "each test file uses a part of it")]

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Any character, often one that is trouble.
    pub fn character(&mut self) -> char {
        const TROUBLE: &[char] = &[
            ' ', ' ', '\t', '\n', '"', '\\', '\'', '’', '“', '-', '–', '\u{A0}', '\u{3000}',
            '\u{200B}', '\u{200D}', '\u{FE0F}', '\u{202E}', '\u{FEFF}', '\u{301}', '\u{306}',
            '\u{308}', '\u{323}', '\u{345}', '\u{3099}', 'и', 'й', 'ё', 'И', 'ß', 'ẞ', 'ς', 'Σ',
            'İ', 'ı', 'ﬁ', 'ŉ', 'ǰ', 'ά', 'ᾳ', '΅', '´', '¨', 'か', 'ﾞ', 'ｶ', '각', '\u{1100}',
            '\u{1161}', '\u{11A8}', 'क', '\u{93C}', '\u{94D}', 'é', 'Å', 'ø', 'Ⓐ', '½', '測', '试',
            '🙂', '0', '9', 'a', 'Z', '&', '|', '(', ')', '!', '#', '+', ':', '\0', '\u{1F}',
        ];
        if self.one_in(2) {
            return self.pick(TROUBLE);
        }
        let end = self.pick(&[0x80, 0x250, 0x600, 0x3100, 0x11_0000]);
        char::from_u32(self.below(end) as u32).unwrap_or('x')
    }

    /// Up to `most` characters.
    pub fn text(&mut self, most: usize) -> String {
        let length = self.below(most + 1);
        (0..length).map(|_| self.character()).collect()
    }
}
