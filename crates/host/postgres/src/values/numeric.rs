//! `numeric` as text of any length; no arithmetic type in between, so nothing is rounded.

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;
/// Digits in one group of the wire format: groups are base 10 000.
const GROUP: usize = 4;

/// What may go into SQL as a decimal: `-12.50`, and the specials that [`decode`] returns.
pub(super) fn is_decimal(text: &str) -> bool {
    if matches!(text, "NaN" | "Infinity" | "-Infinity") {
        return true;
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    !(whole.is_empty() && fraction.is_empty()) && all_digits(whole) && all_digits(fraction)
}

/// From the binary format, with all decimals of its scale (`1.50` stays `1.50`). `None`: malformed.
pub(super) fn decode(raw: &[u8]) -> Option<String> {
    let (head, body) = raw.split_at_checked(8)?;
    let field = |index: usize| -> Option<u16> {
        let bytes = head.get(index * 2..index * 2 + 2)?;
        Some(u16::from_be_bytes(bytes.try_into().ok()?))
    };
    let (count, weight, sign, scale) = (field(0)?, field(1)? as i16, field(2)?, field(3)?);
    match sign {
        NAN => return Some("NaN".to_owned()),
        INFINITY => return Some("Infinity".to_owned()),
        NEGATIVE_INFINITY => return Some("-Infinity".to_owned()),
        _ => {}
    }
    let groups: Vec<u16> = body
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    if groups.len() != usize::from(count) {
        return None;
    }
    // Groups outside of those sent are zero.
    let group = |place: i32| -> u16 {
        let index = i32::from(weight) - place;
        usize::try_from(index)
            .ok()
            .and_then(|index| groups.get(index))
            .copied()
            .unwrap_or(0)
    };
    let mut text = String::with_capacity(groups.len() * GROUP + usize::from(scale) + 3);
    if sign == NEGATIVE {
        text.push('-');
    }
    text.push_str(&group(i32::from(weight).max(0)).to_string());
    for place in (0..i32::from(weight)).rev() {
        text.push_str(&format!("{:04}", group(place)));
    }
    if scale > 0 {
        text.push('.');
        let end = text.len() + usize::from(scale);
        let mut place = -1;
        while text.len() < end {
            text.push_str(&format!("{:04}", group(place)));
            place -= 1;
        }
        text.truncate(end);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(weight: i16, sign: u16, scale: u16, groups: &[u16]) -> Vec<u8> {
        let fields = [groups.len() as u16, weight as u16, sign, scale];
        fields
            .iter()
            .chain(groups)
            .flat_map(|field| field.to_be_bytes())
            .collect()
    }

    #[test]
    fn the_wire_format_becomes_text_with_its_scale() {
        let cases = [
            (wire(0, 0, 2, &[1, 5000]), "1.50"),
            (wire(0, NEGATIVE, 0, &[42]), "-42"),
            (wire(1, 0, 0, &[1]), "10000"),
            (wire(1, 0, 3, &[12, 3456, 7890]), "123456.789"),
            (wire(-1, 0, 4, &[7]), "0.0007"),
            (wire(-2, 0, 8, &[7]), "0.00000007"),
            (wire(0, 0, 0, &[]), "0"),
            (wire(0, 0, 3, &[]), "0.000"),
            (wire(0, NAN, 0, &[]), "NaN"),
            (wire(0, NEGATIVE_INFINITY, 0, &[]), "-Infinity"),
        ];
        for (raw, expected) in cases {
            assert_eq!(decode(&raw).as_deref(), Some(expected));
        }
    }

    #[test]
    fn malformed_bytes_are_no_number() {
        assert_eq!(decode(&[]), None);
        assert_eq!(decode(&wire(0, 0, 0, &[1, 2])[..10]), None);
    }

    #[test]
    fn only_decimals_may_enter_sql_text() {
        for good in ["0", "-1.5", "+3", ".5", "5.", "NaN", "Infinity"] {
            assert!(is_decimal(good), "{good}");
        }
        for bad in [
            "", ".", "-", "1e5", "1,0", "1 ", "0x1", "1.2.3", "NULL", "1}",
        ] {
            assert!(!is_decimal(bad), "{bad}");
        }
    }
}
