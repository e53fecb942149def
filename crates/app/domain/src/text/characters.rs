//! Which characters count as nothing, as a blank, as an accent, and which are read as another one.

/// Characters without a shape of their own: Default_Ignorable_Code_Point (Unicode 16,
/// DerivedCoreProperties.txt), controls, interlinear annotation, and the empty Braille pattern.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Marks that a reader of the script leaves out without changing the word: accents of the European
/// scripts, points of Hebrew, vowel signs and the stretching of Arabic. The signs of Indic scripts
/// and the voicing of kana are letters to their readers, and stay.
pub(super) fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}'
        | '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}'..='\u{5C2}' | '\u{5C4}'..='\u{5C5}' | '\u{5C7}'
        | '\u{610}'..='\u{61A}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}'
        | '\u{6D6}'..='\u{6DC}' | '\u{6DF}'..='\u{6E4}' | '\u{6E7}'..='\u{6E8}' | '\u{6EA}'..='\u{6ED}')
}

/// Typographic quotes, apostrophes, primes and dashes as a keyboard has them. The acute accent is what
/// many type for an apostrophe.
pub(super) fn plain_punctuation(c: char) -> char {
    match c {
        '\u{B4}'
        | '\u{2B9}'
        | '\u{2BB}'..='\u{2BD}'
        | '\u{2C8}'
        | '\u{2018}'..='\u{201B}'
        | '\u{2032}'
        | '\u{2035}'
        | '\u{2039}'..='\u{203A}' => '\'',
        '\u{AB}'
        | '\u{BB}'
        | '\u{201C}'..='\u{201F}'
        | '\u{2033}'
        | '\u{2036}'
        | '\u{301D}'..='\u{301F}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{2E3A}'..='\u{2E3B}' => '-',
        _ => c,
    }
}

/// Letters that look like another one with a stroke or joined, which Unicode does not take apart, and
/// letters for which Arabic and Persian keyboards have different characters. All in lower case.
pub(super) fn plain_letters(c: char) -> Option<&'static str> {
    Some(match c {
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'ŋ' => "n",
        'ĸ' => "k",
        '\u{649}' | '\u{6CC}' => "\u{64A}",
        '\u{6A9}' => "\u{643}",
        _ => return None,
    })
}
