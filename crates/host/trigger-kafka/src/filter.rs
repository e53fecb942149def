//! Which records a trigger wants. The host decides, so that a component is not called for records
//! that it would skip.

use records::RecordRef;

use crate::config::Filter;

impl Filter {
    pub(crate) fn accepts(&self, record: &RecordRef) -> bool {
        let holds = |name: &str, wanted: &[String]| {
            record
                .header(name)
                .is_some_and(|value| wanted.iter().any(|wanted| wanted.as_bytes() == value))
        };
        (self.types.is_empty() || holds("ce_type", &self.types))
            && self.header.iter().all(|(name, wanted)| holds(name, wanted))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use records::RecordBlock;

    use super::*;

    fn record(headers: &[(&str, &str)]) -> RecordRef {
        let mut block = RecordBlock::new("orders".into(), 0, 1, 0);
        block.push(0, 0, None, None);
        for (name, value) in headers {
            block.push_header(name, value.as_bytes());
        }
        Arc::new(block).records().next().expect("one")
    }

    #[test]
    fn no_filter_accepts_everything() {
        assert!(Filter::default().accepts(&record(&[])));
    }

    #[test]
    fn every_condition_must_hold_and_one_of_its_values_is_enough() {
        let filter = Filter {
            types: vec!["a".to_owned(), "b".to_owned()],
            header: [("tenant".to_owned(), vec!["x".to_owned()])].into(),
        };
        assert!(filter.accepts(&record(&[("ce_type", "b"), ("tenant", "x")])));
        assert!(!filter.accepts(&record(&[("ce_type", "c"), ("tenant", "x")])));
        assert!(!filter.accepts(&record(&[("ce_type", "a"), ("tenant", "z")])));
        assert!(!filter.accepts(&record(&[("ce_type", "a")])));
    }
}
