//! Positions: always room, always in order, and short.

use crate::random::Random;
use domain::position::{Error, MAX_LENGTH, Position, between, spread};

fn position(text: &str) -> Position {
    Position::parse(text).unwrap()
}

/// Puts a new one at a place of the list.
fn insert(list: &mut Vec<Position>, index: usize) {
    let before = index.checked_sub(1).map(|index| &list[index]);
    let new = between(before, list.get(index)).unwrap();
    assert!(
        before.is_none_or(|before| *before < new),
        "{before:?} {new}"
    );
    assert!(
        list.get(index).is_none_or(|after| new < *after),
        "{new} {:?}",
        list.get(index)
    );
    assert_eq!(Position::parse(new.as_str()).as_ref(), Some(&new));
    list.insert(index, new);
}

fn longest(list: &[Position]) -> usize {
    list.iter()
        .map(|position| position.as_str().len())
        .max()
        .unwrap_or(0)
}

#[test]
fn thousands_of_random_moves_stay_short_and_in_order() {
    let mut random = Random::new(3);
    for size in [2, 10, 200] {
        let mut list = spread(None, None, size).unwrap();
        for _ in 0..10_000 {
            list.remove(random.below(list.len()));
            let index = random.below(list.len() + 1);
            insert(&mut list, index);
            assert!(longest(&list) <= 24, "{list:?}");
        }
        assert!(list.is_sorted());
    }
}

#[test]
fn adding_at_an_end_hardly_grows() {
    let mut list = Vec::new();
    for _ in 0..20_000 {
        let end = list.len();
        insert(&mut list, end);
    }
    assert!(longest(&list) <= 5);
    let mut list = Vec::new();
    for _ in 0..2_000 {
        insert(&mut list, 0);
    }
    assert!(longest(&list) <= 4);
}

#[test]
fn random_inserts_stay_short() {
    let mut random = Random::new(4);
    let mut list = Vec::new();
    for _ in 0..5_000 {
        let index = random.below(list.len() + 1);
        insert(&mut list, index);
    }
    assert!(list.is_sorted());
    assert!(longest(&list) <= 12, "{}", longest(&list));
}

#[test]
fn moving_into_the_same_gap_is_possible_hundreds_of_times_and_then_a_spread_makes_room() {
    for towards_first in [true, false] {
        let mut low = between(None, None).unwrap();
        let mut high = between(Some(&low), None).unwrap();
        let mut count = 0;
        loop {
            match between(Some(&low), Some(&high)) {
                Ok(new) if towards_first => high = new,
                Ok(new) => low = new,
                Err(error) => {
                    assert_eq!(error, Error::Full);
                    break;
                }
            }
            count += 1;
        }
        assert!(count > 500, "{count}");
        let anew = spread(None, None, 1_000).unwrap();
        assert!(longest(&anew) <= 4);
    }
}

#[test]
fn a_spread_is_in_order_between_its_ends_and_short() {
    let (low, high) = (position("a0"), position("a1"));
    for (before, after) in [
        (None, None),
        (Some(&low), None),
        (None, Some(&high)),
        (Some(&low), Some(&high)),
    ] {
        for count in [0, 1, 2, 3, 10, 1_000] {
            let list = spread(before, after, count).unwrap();
            assert_eq!(list.len(), count);
            assert!(list.is_sorted_by(|one, other| one < other));
            assert!(
                list.first()
                    .is_none_or(|first| before.is_none_or(|low| low < first))
            );
            assert!(
                list.last()
                    .is_none_or(|last| after.is_none_or(|high| last < high))
            );
            assert!(longest(&list) <= 5, "{}", longest(&list));
        }
    }
}

#[test]
fn there_is_nothing_between_two_that_are_not_in_order() {
    let (one, two) = (position("a0"), position("a0V"));
    assert_eq!(between(Some(&two), Some(&one)), Err(Error::NotInOrder));
    assert_eq!(between(Some(&one), Some(&one)), Err(Error::NotInOrder));
    assert_eq!(between(Some(&one), Some(&two)), Ok(position("a0F")));
}

#[test]
fn the_ends_of_all_numbers_are_not_the_ends_of_the_list() {
    let last = position(&format!("z{}", "z".repeat(26)));
    let new = between(Some(&last), None).unwrap();
    assert!(new > last);
    let first = position(&format!("A{}", "0".repeat(26)));
    assert_eq!(between(None, Some(&first)), Err(Error::Full));
}

#[test]
fn what_is_no_position_is_refused() {
    let long = format!("a0{}", "1".repeat(MAX_LENGTH));
    for text in [
        "",
        "a",
        "0",
        "a0 ",
        "a0é",
        "b0",
        "a0V0",
        "!0",
        "a-",
        "a0\0",
        long.as_str(),
    ] {
        assert_eq!(Position::parse(text), None, "{text:?}");
    }
    let mut random = Random::new(5);
    for _ in 0..100_000 {
        let text = random.text(6);
        let other = random.text(6);
        if let (Some(one), Some(other)) = (Position::parse(&text), Position::parse(&other)) {
            let _ = between(Some(&one), Some(&other));
        }
    }
}
