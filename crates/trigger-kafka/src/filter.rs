//! Which records a trigger wants. Decided in the host, so that a component is not woken for what
//! it would pass over.

use event_log::Record;

use crate::config::Filter;

impl Filter {
    pub(crate) fn accepts(&self, record: &Record) -> bool {
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
    use super::*;

    fn record(headers: &[(&str, &str)]) -> Record {
        Record {
            topic: "orders".into(),
            partition: 0,
            offset: 0,
            id: uuid::Uuid::nil(),
            timestamp_ms: 0,
            key: None,
            value: None,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).into(), value.to_string().into()))
                .collect(),
        }
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
