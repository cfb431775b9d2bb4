//! What `benches/run` and `benches/soak` measure with: the stages of one event in process, a load generator, and the same rows put
//! bare into the same SQLite schema. Every command prints one JSON line; the order of things, the medians and the table are made
//! by `benches/measure`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement stops where it cannot go on, and prints what it found"
)]
#![expect(clippy::cast_precision_loss, reason = "figures are printed with three digits")]

mod bare;
mod batches;
mod client;
mod corpus;
mod events;
mod ledger_rows;
mod reads;
mod singles;
mod stages;
mod timing;

use clap::Parser as _;

#[derive(clap::Parser)]
enum Command {
    /// Stages of one event, on one thread, in process.
    Stages,
    /// Single records over HTTP, one connection a lane.
    Singles(singles::SinglesArgs),
    /// NDJSON batches over HTTP.
    Batches(batches::BatchesArgs),
    /// GET requests of many clients.
    Reads(reads::ReadsArgs),
    /// The rows of a ledger, put into the same schema without the rest of the product.
    Bare(bare::BareArgs),
    /// The rows of a ledger as PostgreSQL's COPY reads them.
    Rows(ledger_rows::RowsArgs),
}

fn main() {
    // `cargo bench` and `cargo test --benches` run this, too: then it only has to be there.
    if std::env::args().any(|a| a == "--test" || a == "--bench") || std::env::args().len() == 1 {
        println!("benchmarks run with benches/run");
        return;
    }
    match Command::parse() {
        Command::Stages => stages::measure(),
        Command::Singles(args) => println!("{}", singles::measure(args)),
        Command::Batches(args) => println!("{}", batches::measure(args)),
        Command::Reads(args) => println!("{}", reads::measure(args)),
        Command::Bare(args) => println!("{}", bare::measure(args)),
        Command::Rows(args) => println!("{}", ledger_rows::export(args)),
    }
}
