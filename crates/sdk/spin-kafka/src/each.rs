//! The per-record form: one message after another, a key stops at its first failure.

use crate::{Failure, Message, Outcome};
use std::collections::HashSet;

/// Handles a batch with a function of one message.
pub async fn each<H, F>(batch: Vec<Message>, handle: H) -> Vec<Outcome>
where
    H: Fn(Message) -> F,
    F: Future<Output = Result<(), Failure>>,
{
    let mut stopped: HashSet<Vec<u8>> = HashSet::new();
    let mut outcomes = Vec::with_capacity(batch.len());
    for message in batch {
        let key = message.key.clone();
        if key.as_ref().is_some_and(|key| stopped.contains(key)) {
            outcomes.push(Outcome::Retry(
                "held back: an earlier record of this key was not done".to_owned(),
            ));
            continue;
        }
        outcomes.push(match handle(message).await {
            Ok(()) => Outcome::Done,
            Err(failure) => {
                stopped.extend(key);
                failure.into()
            }
        });
    }
    outcomes
}

#[cfg(test)]
mod tests {
    use super::each;
    use crate::message::message;
    use crate::{Failure, Message, Outcome};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn run<F: Future>(future: F) -> F::Output {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => output,
            Poll::Pending => unreachable!("nothing here waits"),
        }
    }

    async fn even(message: Message) -> Result<(), Failure> {
        match message.offset % 2 {
            0 => Ok(()),
            _ => Err(Failure::reject("odd")),
        }
    }

    #[test]
    fn a_failure_stops_its_key_and_no_other() {
        let batch = vec![
            message(Some("a"), 1, None),
            message(Some("b"), 2, None),
            message(Some("a"), 4, None),
            message(Some("b"), 6, None),
        ];
        let outcomes = run(each(batch, even));
        assert!(matches!(
            outcomes.as_slice(),
            [
                Outcome::Reject(_),
                Outcome::Done,
                Outcome::Retry(_),
                Outcome::Done
            ]
        ));
    }

    #[test]
    fn records_without_a_key_do_not_stop_one_another() {
        let batch = vec![message(None, 1, None), message(None, 2, None)];
        let outcomes = run(each(batch, even));
        assert!(matches!(
            outcomes.as_slice(),
            [Outcome::Reject(_), Outcome::Done]
        ));
    }
}
