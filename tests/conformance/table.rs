//! A table of cases, and how it is run.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join_all};

/// One behaviour: its name, and what shows it to whom `L` leads to.
pub struct Case<L> {
    pub name: &'static str,
    pub run: for<'a> fn(&'a L) -> LocalBoxFuture<'a, ()>,
}

/// The cases of these modules, by their functions' names: `cases![Ports; paths: one, two; bodies: three]`.
macro_rules! cases {
    ($lab:ty; $($module:ident: $($case:ident),+ $(,)?);+ $(;)?) => {
        vec![$($($crate::conformance::table::Case::<$lab> {
            name: concat!(stringify!($module), "::", stringify!($case)),
            run: |lab| Box::pin($module::$case(lab)),
        }),+),+]
    };
}
pub(super) use cases;

/// Runs them all at once, each to its end whatever becomes of the others. One that fails fails the table.
pub async fn run<L>(table: &str, lab: &L, cases: Vec<Case<L>>) {
    let word = std::env::var("DUALFETCH_CASE").unwrap_or_default();
    let chosen: Vec<_> = cases.into_iter().filter(|case| case.name.contains(&word)).collect();
    let outcomes = join_all(chosen.iter().map(|case| async move {
        let outcome = AssertUnwindSafe((case.run)(lab)).catch_unwind().await;
        outcome.err().map(|panic| format!("{}: {}", case.name, words(&*panic)))
    }));
    let failed: Vec<_> = outcomes.await.into_iter().flatten().collect();
    println!("{table}: {} cases passed, {} failed", chosen.len() - failed.len(), failed.len());
    assert!(failed.is_empty(), "{table}: {} cases failed:\n{}", failed.len(), failed.join("\n"));
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}
