//! How many hints per second one process publishes with confirms, and takes and acknowledges, on a
//! private RabbitMQ of this machine and on the in-process broker:
//! `cargo run --release -p broker --example throughput`

use broker::{Broker, Confirm, InProcessBroker, Limits, RabbitBroker, Settings};
use messages::{Hint, Lane, Medium, Month, Route};
use std::error::Error;
use std::time::{Duration, Instant};
use testkit::RabbitMq;
use uuid::Uuid;

const BULK: Route = Route { medium: Medium::Email, lane: Lane::Bulk };
const N_HINTS: usize = 100_000;
/// Hints per call, as the relay hands them over.
const BATCH: usize = 1_000;
const PREFETCH: u16 = 300;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let limits = Limits { max_length: 10_000_000, ..Limits::default() };
    measure("in-process", &InProcessBroker::new(limits)).await?;
    let node = RabbitMq::start().await;
    let vhost = node.control().vhost().await;
    let broker = RabbitBroker::connect(Settings {
        url: vhost.url().into(),
        max_length: limits.max_length,
        ..Settings::default()
    })?;
    broker.watch_state().wait_for(|state| state.is_ready()).await?;
    measure("RabbitMQ", &broker).await?;
    broker.close().await;
    Ok(())
}

async fn measure(name: &str, broker: &dyn Broker) -> Outcome<()> {
    let started = Instant::now();
    publish(broker).await?;
    report(name, "publish + confirm", started.elapsed());

    let started = Instant::now();
    consume(broker).await?;
    report(name, "take + acknowledge", started.elapsed());

    let started = Instant::now();
    let (published, consumed) = tokio::join!(publish(broker), consume(broker));
    published.and(consumed)?;
    report(name, "end to end, both at once", started.elapsed());
    Ok(())
}

async fn publish(broker: &dyn Broker) -> Outcome<()> {
    let due_month = Month::new(2026, 11)?;
    for _ in 0..N_HINTS / BATCH {
        let hint = |_| (BULK, Hint { touch_id: Uuid::now_v7(), due_month, epoch: 1 });
        let confirms = broker.publish((0..BATCH).map(hint).collect()).await?;
        if confirms.iter().any(|confirm| *confirm != Confirm::Accepted) {
            return Err("not every hint was accepted".into());
        }
    }
    Ok(())
}

async fn consume(broker: &dyn Broker) -> Outcome<()> {
    let mut subscription = broker.subscribe(Medium::Email, PREFETCH).await?;
    let mut n_taken = 0;
    while n_taken < N_HINTS {
        let batch = subscription.next_batch(150, Duration::from_millis(2)).await;
        let batch = batch.ok_or("the subscription ended")?;
        n_taken += batch.len();
        subscription.ack(batch.iter().map(|delivery| delivery.token));
    }
    Ok(())
}

#[allow(clippy::print_stdout)]
fn report(name: &str, what: &str, took: Duration) {
    let per_second = N_HINTS as f64 / took.as_secs_f64();
    println!("{name:<12} {what:<26} {per_second:>9.0} hints/s");
}
