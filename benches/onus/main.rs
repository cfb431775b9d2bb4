//! Measures what the product promises: `benches/run`. Two parts: stages of one event in process, and the server over HTTP.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement stops where it cannot go on, and prints what it found")]
#![expect(clippy::cast_precision_loss, reason = "figures are printed with three digits")]

mod events;
mod http;
mod stages;
mod timing;

fn main() {
    // `cargo test --benches` runs this, too: then it only has to be there.
    if std::env::args().any(|a| a == "--test") || !std::env::args().any(|a| a == "--bench") {
        println!("benchmarks run with benches/run");
        return;
    }
    println!("machine: {}", timing::machine());
    stages::measure();
    http::measure();
}
