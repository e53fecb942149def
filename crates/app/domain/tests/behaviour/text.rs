//! Folding, keys and sort keys: what people take for the same, and what they do not.

use crate::random::Random;
use domain::text::*;
use unicode_normalization::UnicodeNormalization;

fn finds(query: &str, text: &str) -> bool {
    let words = search_words(query).unwrap();
    let text = search_text([text]);
    !words.is_empty() && words.iter().all(|word| text.contains(word))
}

#[test]
fn a_search_finds_what_people_take_for_the_same() {
    for (query, text) in [
        ("cafe", "Café"),
        ("CAFÉ", "cafe\u{301} au lait"),
        ("ПРИВЕТ", "привет"),
        ("еще", "Ещё раз"),
        ("strasse", "Hauptstraße 5"),
        ("STRAẞE", "Hauptstrasse"),
        ("θεσσαλονικη", "Θεσσαλονίκη"),
        ("ΟΔΟΣ", "οδός"),
        ("οδος", "ΟΔΟΣ"),
        ("istanbul", "İSTANBUL"),
        ("ışık", "IŞIK"),
        ("dalbrok", "Dąlbrök"),
        ("lodz", "Łódź"),
        ("smorrebrod", "Smørrebrød"),
        ("aeroskobing", "Ærøskøbing"),
        ("thor", "Þór"),
        ("测试", "中文测试zzz"),
        ("ｶﾞｽ", "ガス料金"),
        ("abc", "ＡＢＣ"),
        ("file", "ﬁle"),
        ("m2", "20 m²"),
        ("bob@exam", "write to bob@example.com"),
        ("example.com", "write to bob@example.com"),
        ("arzt", "Zahnarzt anrufen"),
        ("\"to bob\"", "write to  Bob"),
        ("“to bob”", "write to\nBob"),
        ("milk tea", "tea, no milk"),
        ("\"say 'hi' - now\"", "say ‘hi’ — now"),
        ("don't", "I don’t know"),
        ("don´t", "I don't know"),
        ("don’t", "I don't know"),
        ("10 km", "10\u{A0}km"),
        ("cooperate", "co\u{AD}operate"),
        ("שלום", "שָׁלוֹם"),
        ("محمد", "مُحَمَّد"),
        ("heart", "❤\u{FE0F} heart"),
        ("ДИЙ", "андий"),
    ] {
        assert!(finds(query, text), "{query} in {text}");
    }
}

#[test]
fn a_search_does_not_find_other_words() {
    for (query, text) in [
        ("don't", "dont do it"),
        ("don't", "don t"),
        ("хахаха", "папапа"),
        ("はは", "ばば"),
        ("мой", "мои"),
        ("कल", "किल"),
        ("cafe", "caf e"),
        ("\"milk tea\"", "tea milk"),
        ("", "anything"),
        ("\u{200b}", "anything"),
    ] {
        assert!(!finds(query, text), "{query} in {text}");
    }
}

#[test]
fn a_word_is_not_found_across_two_texts() {
    let text = search_text(["buy", "milk"]);
    for word in search_words("\"buy milk\"").unwrap() {
        assert!(!text.contains(&word));
    }
}

#[test]
fn a_title_that_begins_with_the_word_comes_first() {
    for (title, rank) in [
        ("Arzt anrufen", 0),
        ("Den Arzt anrufen", 1),
        ("Zahnarzt anrufen", 2),
        ("Anrufen", 3),
    ] {
        assert_eq!(search_rank(&fold(title), "arzt"), rank, "{title}");
    }
}

#[test]
fn a_search_has_a_bounded_number_of_words() {
    let words = |count: usize| (0..count).map(|n| format!("w{n} ")).collect::<String>();
    assert_eq!(search_words(&words(MAX_WORDS)).unwrap().len(), MAX_WORDS);
    assert!(search_words(&words(MAX_WORDS + 1)).is_err());
    assert_eq!(search_words("a A á").unwrap(), ["a"]);
}

#[test]
fn every_character_folds_once_and_in_every_normal_form_to_the_same() {
    for c in '\0'..=char::MAX {
        let text = c.to_string();
        let folded = fold(&text);
        assert_eq!(fold(&folded), folded, "{c:?} {:x}", c as u32);
        for form in [text.nfc().collect::<String>(), text.nfd().collect()] {
            assert_eq!(fold(&form), folded, "{c:?} {:x}", c as u32);
        }
        assert_eq!(fold(&c.to_lowercase().to_string()), folded, "{c:?}");
        assert!(!folded.contains(|c: char| c.is_control()), "{c:?}");
        // What can be seen can be told apart.
        assert!(is_blank(&text) || !key(&text).trim().is_empty(), "{c:?}");
    }
}

#[test]
fn random_text_folds_once_and_in_every_normal_form_to_the_same() {
    let mut random = Random::new(1);
    for _ in 0..50_000 {
        let text = random.text(12);
        let folded = fold(&text);
        assert_eq!(fold(&folded), folded, "{text:?}");
        for form in [text.nfc().collect::<String>(), text.nfd().collect()] {
            assert_eq!(fold(&form), folded, "{text:?}");
        }
        for form in [text.nfkc().collect::<String>(), text.nfkd().collect()] {
            let _ = fold(&form);
        }
        assert_eq!(key(&key(&text)), key(&text), "{text:?}");
        assert_eq!(clean(&clean(&text)), clean(&text), "{text:?}");
        assert_eq!(email_key(&email_key(&text)), email_key(&text), "{text:?}");
        assert!(sort_key(&text).len() <= MAX_SORT_KEY_BYTES);
        let _ = (search_words(&text), line(&text, 5), paragraphs(&text, 5));
    }
}

#[test]
fn every_word_of_a_text_finds_it() {
    let mut random = Random::new(3);
    for _ in 0..50_000 {
        let text = random.text(20);
        let found = search_text([text.as_str()]);
        for word in text.split_whitespace() {
            assert!(found.contains(&fold(word)), "{word:?} in {text:?}");
        }
        if let Ok(words) = search_words(&text) {
            assert!(words.iter().all(|word| found.contains(word)), "{text:?}");
        }
    }
}

#[test]
fn tags_that_differ_in_case_and_accents_are_one_as_first_written() {
    let names = ["Home", "home", "HOME", "Café", "cafe", "house", "´", "¨"];
    let distinct = distinct(names.map(str::to_owned));
    assert_eq!(distinct, ["Home", "Café", "house", "´", "¨"]);
}

#[test]
fn text_that_nobody_can_see_is_empty() {
    for text in [
        "",
        " ",
        "\u{200B}",
        "\u{200E}\u{202E}",
        "\u{FE0F}",
        "\u{3000}\u{A0}",
        "\u{FEFF}",
        "\u{AD}",
        "\u{3164}",
        "\u{115F}",
        "\u{2800}",
        "\u{E0020}",
        "\t\u{2060}\n",
        "\u{180E}",
        "\u{FFF9}",
    ] {
        assert!(is_blank(text), "{text:?}");
        assert!(line(text, 10).is_err(), "{text:?}");
        assert_eq!(paragraphs(text, 10), Ok(None), "{text:?}");
    }
    for text in ["a", "❤\u{FE0F}", "👨\u{200D}👩", ".", "\u{301}"] {
        assert_eq!(line(text, 10).as_deref(), Ok(text));
    }
}

#[test]
fn input_comes_in_one_form_and_without_what_stands_around_it() {
    assert_eq!(
        line("\u{FEFF} Cafe\u{301}\u{200B} ", 4).as_deref(),
        Ok("Café")
    );
    assert_eq!(line("❤\u{FE0F}", 2).as_deref(), Ok("❤\u{FE0F}"));
    assert_eq!(
        paragraphs(" a\n\te\u{301} ", 6),
        Ok(Some(" a\n\té ".into()))
    );
    for text in ["a\nb", "a\u{2028}b", "a\0b", "a\u{85}b"] {
        assert!(line(text, 10).is_err(), "{text:?}");
    }
    assert!(paragraphs("a\0b", 10).is_err());
    assert_eq!(
        line("abcdef", 5),
        Err("must be at most 5 characters, not 6".into())
    );
    assert!(paragraphs("abcdef", 5).is_err());
}

#[test]
fn an_address_is_the_same_in_any_case_and_form_but_not_without_its_accents() {
    for (one, other) in [
        ("JOSÉ@EXAMPLE.COM", "josé@example.com"),
        ("jose\u{301}@example.com", "JOSÉ@example.com"),
        (" Bob@Example.com ", "bob@example.com"),
        ("ΣΑΣ@example.gr", "σας@example.gr"),
    ] {
        assert_eq!(email_key(one), email_key(other));
    }
    for (one, other) in [
        ("jose@example.com", "josé@example.com"),
        ("strasse@example.com", "straße@example.com"),
        ("admin@example.com", "adm\u{131}n@example.com"),
        ("admin@example.com", "ａdmin@example.com"),
    ] {
        assert_ne!(email_key(one), email_key(other));
    }
}

#[test]
fn titles_sort_as_people_expect() {
    let sorted = [
        "(draft)",
        "1 apple",
        "2 apples",
        "10 apples",
        "007 bonds",
        "Äpfel",
        "apfelmus",
        "Émile",
        "eric",
        "Part 1",
        "part 2",
        "Part 9",
        "part 10",
        "Part 100000000",
        "Part 1000000000",
        "straße",
        "strassen",
        "zebra",
        "Zebra 2",
        "Öl 1".trim_end_matches(" 1"),
    ];
    let mut expected: Vec<&str> = sorted.to_vec();
    expected.sort_by_key(|title| sort_key(title));
    assert_eq!(
        expected,
        [
            "(draft)",
            "1 apple",
            "2 apples",
            "007 bonds",
            "10 apples",
            "Äpfel",
            "apfelmus",
            "Émile",
            "eric",
            "Öl",
            "Part 1",
            "part 2",
            "Part 9",
            "part 10",
            "Part 100000000",
            "Part 1000000000",
            "straße",
            "strassen",
            "zebra",
            "Zebra 2",
        ]
    );
}

#[test]
fn numbers_in_titles_sort_by_their_size() {
    let mut random = Random::new(2);
    for _ in 0..10_000 {
        let bits = random.below(63) as u32;
        let (one, other) = (random.next() >> bits, random.next() >> random.below(64));
        let title = |number: u64| sort_key(&format!("part {number} of it"));
        assert_eq!(
            title(one).cmp(&title(other)),
            one.cmp(&other),
            "{one} {other}"
        );
    }
}

#[test]
fn a_sort_key_is_bounded_whatever_the_title() {
    for c in ["\u{FDFA}", "ß", "😀", "9", "ﬃ"] {
        let key = sort_key(&c.repeat(500));
        assert!(key.len() <= MAX_SORT_KEY_BYTES && key.len() > MAX_SORT_KEY_BYTES - 8);
    }
}
