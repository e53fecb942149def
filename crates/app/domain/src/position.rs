//! Places in an order that people make by hand, as strings: there is always room for another between
//! two of them, so moving one thing changes one row. Their order is that of their bytes
//! (`COLLATE "C"`).
//!
//! A position is a number in base 62. The first letter says how many digits stand before the point
//! (`a` one, `b` two, ...; `Z` one, `Y` two, ... for negative numbers), the digits after the point
//! follow. Adding at either end counts on, so the length grows with the logarithm; putting between two
//! takes the middle. The idea is David Greenspan's ("Implementing Fractional Indexing", 2020).

use std::fmt::{Display, Formatter};

/// The longest position. It takes hundreds of moves into the same narrowing gap to get there.
pub const MAX_LENGTH: usize = 128;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE: u8 = 62;

/// A place in an order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(String);

/// Why there is no position between two others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// They are the same, or the wrong way round.
    #[error("the first position does not lie before the second")]
    NotInOrder,
    /// It would be too long: [`spread`] all of them anew.
    #[error("the next position would have more than {MAX_LENGTH} characters")]
    Full,
}

impl Position {
    /// Read a position; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let whole = whole_length(*bytes.first()?)?;
        let is_good = bytes.len() >= whole
            && bytes.len() <= MAX_LENGTH
            && bytes.iter().all(u8::is_ascii_alphanumeric)
            && (bytes.len() == whole || bytes.last() != Some(&b'0'));
        is_good.then(|| Self(text.to_owned()))
    }

    /// As it stands in the database.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the point, with its letter, and the part after it.
    fn split(&self) -> (&[u8], &[u8]) {
        let bytes = self.0.as_bytes();
        let whole = bytes.first().and_then(|&head| whole_length(head));
        bytes.split_at(whole.unwrap_or(0).min(bytes.len()))
    }

    fn of(whole: &[u8], fraction: Vec<u8>) -> Result<Self, Error> {
        if whole.len() + fraction.len() > MAX_LENGTH {
            return Err(Error::Full);
        }
        let bytes = whole.iter().copied().chain(fraction);
        Ok(Self(bytes.map(char::from).collect()))
    }
}

impl Display for Position {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A position after the one and before the other. Without the one it is the first of all, without the
/// other the last.
///
/// # Errors
/// See [`Error`].
pub fn between(before: Option<&Position>, after: Option<&Position>) -> Result<Position, Error> {
    match (before, after) {
        (None, None) => Position::of(b"a0", Vec::new()),
        (None, Some(after)) => {
            let (whole, fraction) = after.split();
            if fraction.is_empty() {
                Position::of(&lower(whole).ok_or(Error::Full)?, Vec::new())
            } else {
                Position::of(whole, Vec::new())
            }
        }
        (Some(before), None) => {
            let (whole, fraction) = before.split();
            match higher(whole) {
                Some(next) => Position::of(&next, Vec::new()),
                None => Position::of(whole, middle(fraction, None)),
            }
        }
        (Some(before), Some(after)) => {
            if before >= after {
                return Err(Error::NotInOrder);
            }
            let (whole, fraction) = before.split();
            let (whole_after, fraction_after) = after.split();
            if whole == whole_after {
                return Position::of(whole, middle(fraction, Some(fraction_after)));
            }
            match higher(whole) {
                Some(next) if next.as_slice() < after.0.as_bytes() => {
                    Position::of(&next, Vec::new())
                }
                _ => Position::of(whole, middle(fraction, None)),
            }
        }
    }
}

/// So many positions in order, all between the two, and short: for adding many at once, and for giving
/// all of a list new ones where [`between`] finds no room.
///
/// # Errors
/// See [`Error`].
pub fn spread(
    before: Option<&Position>,
    after: Option<&Position>,
    count: usize,
) -> Result<Vec<Position>, Error> {
    let mut positions = Vec::with_capacity(count);
    match (before, after) {
        (_, None) => {
            for _ in 0..count {
                positions.push(between(positions.last().or(before), None)?);
            }
        }
        (None, Some(_)) => {
            for _ in 0..count {
                positions.push(between(None, positions.last().or(after))?);
            }
            positions.reverse();
        }
        (Some(_), Some(_)) if count > 0 => {
            // Halving keeps them as short as the gap allows.
            let half = between(before, after)?;
            positions = spread(before, Some(&half), count / 2)?;
            let rest = spread(Some(&half), after, count - count / 2 - 1)?;
            positions.push(half);
            positions.extend(rest);
        }
        (Some(_), Some(_)) => {}
    }
    Ok(positions)
}

/// How many characters the part before the point has, its letter included.
fn whole_length(head: u8) -> Option<usize> {
    match head {
        b'a'..=b'z' => Some(usize::from(head - b'a') + 2),
        b'A'..=b'Z' => Some(usize::from(b'Z' - head) + 2),
        _ => None,
    }
}

/// The next whole number; `None` after the last.
fn higher(whole: &[u8]) -> Option<Vec<u8>> {
    let mut next = whole.to_vec();
    let (&mut head, digits) = next.split_first_mut()?;
    for digit in digits.iter_mut().rev() {
        if *digit != b'z' {
            *digit = digit_of(value_of(*digit) + 1);
            return Some(next);
        }
        *digit = b'0';
    }
    match head {
        b'z' => None,
        b'Z' => Some(filled(b'a', b'0')),
        _ => Some(filled(head + 1, b'0')),
    }
}

/// The whole number before; `None` before the first.
fn lower(whole: &[u8]) -> Option<Vec<u8>> {
    let mut next = whole.to_vec();
    let (&mut head, digits) = next.split_first_mut()?;
    for digit in digits.iter_mut().rev() {
        if *digit != b'0' {
            *digit = digit_of(value_of(*digit) - 1);
            return Some(next);
        }
        *digit = b'z';
    }
    match head {
        b'A' => None,
        b'a' => Some(filled(b'Z', b'z')),
        _ => Some(filled(head - 1, b'z')),
    }
}

fn filled(head: u8, digit: u8) -> Vec<u8> {
    let mut whole = vec![digit; whole_length(head).unwrap_or(1)];
    if let Some(first) = whole.first_mut() {
        *first = head;
    }
    whole
}

/// Digits after the point that lie between the two; without the second, anything after the first.
fn middle(low: &[u8], high: Option<&[u8]>) -> Vec<u8> {
    let mut high = high;
    let mut digits = Vec::new();
    loop {
        let index = digits.len();
        let below = low.get(index).map_or(0, |&digit| value_of(digit));
        let above = match high {
            Some(high) => high.get(index).map_or(0, |&digit| value_of(digit)),
            None => BASE,
        };
        match above.saturating_sub(below) {
            // Equal so far.
            0 => digits.push(digit_of(below)),
            1 if high.is_some_and(|high| high.len() > index + 1) => {
                digits.push(digit_of(above));
                return digits;
            }
            // Whatever comes after `below` here lies before `high`.
            1 => {
                digits.push(digit_of(below));
                high = None;
            }
            _ => {
                digits.push(digit_of((below + above) / 2));
                return digits;
            }
        }
    }
}

fn digit_of(value: u8) -> u8 {
    DIGITS.get(usize::from(value)).copied().unwrap_or(b'z')
}

fn value_of(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'A'..=b'Z' => digit - b'A' + 10,
        _ => digit.saturating_sub(b'a').saturating_add(36).min(BASE - 1),
    }
}
