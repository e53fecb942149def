//! One call of a component outside of any group: to try it by hand. No position moves and nothing
//! comes again.

use std::sync::Arc;

use anyhow::bail;
use host_runtime::Runtime;
use records::{Record, RecordBlock};

use crate::bindings::Guest;
use crate::config::TriggerConfig;
use crate::handler::{Failure, Handler as _, Message, Outcome};
use crate::service::limits;

/// Hands all records to the component of this trigger as one batch, as a group would at the first
/// delivery, and returns what became of each. Where the whole batch fails, each is to be retried.
///
/// # Errors
/// When the component is no handler, or cannot be called.
pub async fn invoke(
    runtime: &Runtime,
    config: &TriggerConfig,
    records: &[Record],
) -> anyhow::Result<Vec<Outcome>> {
    let guest = Guest::new(runtime.component(&config.component)?, limits(config))?;
    let batch: Vec<_> = records.iter().filter_map(message).collect();
    match guest.handle(batch.into()).await {
        Ok(outcomes) => Ok(complete(outcomes, records.len())),
        Err(Failure::Handler(reason)) => Ok(vec![Outcome::Retry(reason); records.len()]),
        Err(Failure::Host(reason)) => bail!("cannot call the component: {reason}"),
    }
}

/// Whether the trigger's filter lets this record through to the component.
pub fn is_wanted(config: &TriggerConfig, record: &Record) -> bool {
    message(record).is_some_and(|message| config.filter.accepts(&message.record))
}

/// A block of its own for each: they may be of different partitions.
fn message(record: &Record) -> Option<Message> {
    let mut block = RecordBlock::new(record.topic.clone(), record.partition, 1, record.size());
    block.push_record(record);
    let block = Arc::new(block);
    let record = block.records().next()?;
    Some(Message { record, attempt: 1 })
}

/// One for each record, as the dispatcher has it: what was not answered for is to be retried.
fn complete(mut outcomes: Vec<Outcome>, records: usize) -> Vec<Outcome> {
    let returned = outcomes.len();
    let missing = || Outcome::Retry(format!("{returned} outcomes for {records} messages"));
    outcomes.resize_with(records, missing);
    outcomes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_without_an_outcome_is_to_be_retried() {
        let outcomes = complete(vec![Outcome::Done], 2);
        let missing = Outcome::Retry("1 outcomes for 2 messages".to_owned());
        assert_eq!(outcomes, [Outcome::Done, missing]);
        assert_eq!(complete(vec![Outcome::Done; 3], 1), [Outcome::Done]);
    }
}
