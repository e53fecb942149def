//! Custom exports: a call that goes wrong fails alone, and the next one finds a fresh instance.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use containment::{Guest, load};
use host_runtime::{CallError, Component, Export, Invoker, InvokerLimits, State};
use tempfile::TempDir;
use wasmtime::Store;
use wasmtime::component::{Accessor, Instance};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../guests/obey/wit",
        world: "guest",
        exports: { default: async | store },
    });
}

struct Obey(bindings::Guest);

impl Export for Obey {
    type Request = String;
    type Response = Result<String, String>;

    fn check(component: &Component) -> wasmtime::Result<()> {
        bindings::GuestPre::new(component.pre().clone()).map(drop)
    }

    fn load(store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Self> {
        bindings::Guest::new(store, instance).map(Self)
    }

    fn call<'a>(
        &'a self,
        accessor: &'a Accessor<State>,
        order: String,
    ) -> Pin<Box<dyn Future<Output = wasmtime::Result<Self::Response>> + Send + 'a>> {
        Box::pin(async move { self.0.tests_obey_obey().call_obey(accessor, order).await })
    }
}

async fn invoker(limits: InvokerLimits) -> (Arc<Invoker<Obey>>, TempDir) {
    let (runtime, _, state) = load(vec![Guest::new("obey")]).await.unwrap();
    let invoker = Invoker::new(runtime.component("obey").unwrap(), limits).unwrap();
    (Arc::new(invoker), state)
}

fn limits() -> InvokerLimits {
    InvokerLimits {
        max_instances: 4,
        max_calls_per_instance: 100,
        deadline: Duration::from_secs(3600),
        idle_timeout: Duration::from_secs(60),
    }
}

async fn order(invoker: &Invoker<Obey>, order: &str) -> Result<Result<String, String>, CallError> {
    invoker.call(order.to_owned()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_is_reused_call_after_call() {
    let (invoker, _state) = invoker(limits()).await;
    for count in 1..=5 {
        assert_eq!(
            order(&invoker, "count").await.unwrap(),
            Ok(count.to_string())
        );
    }
    assert_eq!(
        order(&invoker, "refuse").await.unwrap(),
        Err("told to refuse".into())
    );
    assert_eq!(order(&invoker, "count").await.unwrap(), Ok("6".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_trap_the_next_call_gets_a_fresh_instance() {
    let (invoker, _state) = invoker(limits()).await;
    for bad in ["trap", "allocate"] {
        assert_eq!(order(&invoker, "count").await.unwrap(), Ok("1".into()));
        let error = order(&invoker, bad).await.unwrap_err();
        assert!(matches!(error, CallError::Trap(_)), "{bad}: {error}");
    }
    assert_eq!(order(&invoker, "count").await.unwrap(), Ok("1".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reason_of_a_refused_allocation_is_told() {
    let (invoker, _state) = invoker(limits()).await;
    let error = order(&invoker, "allocate").await.unwrap_err().to_string();
    assert!(error.contains("32 MiB"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deadline_holds_for_a_guest_that_spins_and_for_one_that_waits() {
    let short = InvokerLimits {
        deadline: Duration::from_secs(1),
        ..limits()
    };
    let (invoker, _state) = invoker(short).await;
    for bad in ["spin", "wait"] {
        assert_eq!(order(&invoker, "count").await.unwrap(), Ok("1".into()));
        let start = Instant::now();
        let error = order(&invoker, bad).await.unwrap_err();
        assert!(matches!(error, CallError::Deadline(_)), "{bad}: {error}");
        assert!(start.elapsed() >= short.deadline);
        // The old instance is stopped a moment after its caller was told.
        let stopped = async { while order(&invoker, "count").await.unwrap() != Ok("1".into()) {} };
        testing::within(stopped).await;
        _ = order(&invoker, "trap").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_on_other_instances_are_not_affected() {
    let (invoker, _state) = invoker(limits()).await;
    let good = (0..3).map(|_| order(&invoker, "sleep"));
    let (good, bad) =
        futures::future::join(futures::future::join_all(good), order(&invoker, "trap")).await;
    assert!(bad.is_err());
    for good in good {
        assert_eq!(good.unwrap(), Ok("slept".into()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_wait_for_an_instance_but_not_without_bound() {
    let one = InvokerLimits {
        max_instances: 1,
        ..limits()
    };
    let (invoker, _state) = invoker(one).await;
    let calls = (0..40).map(|_| order(&invoker, "sleep"));
    let answers = futures::future::join_all(calls).await;
    let slept = answers.iter().filter(|answer| answer.is_ok()).count();
    let busy = answers
        .iter()
        .filter(|answer| matches!(answer, Err(CallError::Busy)))
        .count();
    assert_eq!(slept + busy, answers.len());
    // One is called, and sixteen wait; more may come in where one has slept meanwhile.
    assert!(
        slept >= 17 && busy > 0,
        "{slept} slept, {busy} were refused"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_is_replaced_after_its_number_of_calls() {
    let two = InvokerLimits {
        max_calls_per_instance: 2,
        max_instances: 1,
        ..limits()
    };
    let (invoker, _state) = invoker(two).await;
    let mut counts = Vec::new();
    for _ in 0..5 {
        counts.push(order(&invoker, "count").await.unwrap().unwrap());
    }
    assert_eq!(counts, ["1", "2", "1", "2", "1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_instance_is_dropped() {
    let short = InvokerLimits {
        idle_timeout: Duration::from_millis(50),
        ..limits()
    };
    let (invoker, _state) = invoker(short).await;
    assert_eq!(order(&invoker, "count").await.unwrap(), Ok("1".into()));
    testing::eventually("a new instance", async || {
        // Each call makes it busy anew.
        tokio::time::sleep(short.idle_timeout * 2).await;
        let count = order(&invoker, "count").await.unwrap();
        (count == Ok("1".into())).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_component_without_the_export_is_refused() {
    let (runtime, _, _state) = load(vec![Guest::new("hello")]).await.unwrap();
    let Err(error) = Invoker::<Obey>::new(runtime.component("hello").unwrap(), limits()) else {
        panic!("it was accepted");
    };
    let error = format!("{error:#}");
    assert!(
        error.contains("`hello`") && error.contains("tests:obey"),
        "{error}"
    );
}
