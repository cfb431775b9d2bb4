//! `onus serve`: opens the ledger and answers until it is told to stop.

use std::io::IsTerminal as _;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{rt, web};

use crate::cli::error::CliError;
use crate::cli::init::folder_of;
use crate::cli::output;
use crate::http::cursor::Cursors;
use crate::http::edge::Surroundings;
use crate::http::route::RouteTable;
use crate::http::server;
use crate::service::adoption::{AdoptionError, adopt};
use crate::service::clock::{Clock, SystemClock};
use crate::service::folder::Folder;
use crate::service::idempotency::Idempotency;
use crate::service::integrity::Integrity;
use crate::service::ledger::{Ledger, LedgerConfig, OpenError};
use crate::service::queue::WriteFailure;
use crate::service::sessions::Sessions;
use crate::store::connection::StoreError;
use crate::store::service_db::ServiceDb;
use crate::tlog::hash::keyed_hash;
use crate::tlog::time::Timestamp;

/// What a process answers with when a commit failed and nobody knows whether it took effect: EX_SOFTWARE of sysexits.
const EXIT_OUTCOME_UNKNOWN: u8 = 70;

/// How often what has ended is removed from the bookkeeping.
const SWEEP_INTERVAL: Duration = Duration::from_mins(10);

/// Serve a ledger: API, pages and log.
///
/// SIGTERM and SIGINT answer what is under way, sign the last checkpoint and close the file.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// The ledger's directory.
    #[arg(long, value_name = "DIR", env = "ONUS_DATA")]
    pub data: PathBuf,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7070", env = "ONUS_LISTEN")]
    pub listen: SocketAddr,
    /// Where people and agents reach the server, if a proxy stands before it; https makes cookies secure.
    #[arg(long, value_name = "URL", env = "ONUS_BASE_URL")]
    pub base_url: Option<String>,
    /// Where the high-water mark lies [default: DIR.high-water].
    #[arg(long, value_name = "FILE", env = "ONUS_HIGH_WATER")]
    pub high_water: Option<PathBuf>,
    /// The clock was looked at and is right, though the last entry is of a later time: recorded as an entry.
    #[arg(long)]
    pub confirm_clock: bool,
}

/// A ledger ready to be served.
pub struct Opened {
    /// The ledger.
    pub ledger: web::Data<Ledger>,
    /// Links and sessions.
    pub sessions: Sessions,
    db: Arc<ServiceDb>,
    clock: Arc<dyn Clock>,
    cursor_key: [u8; 32],
    fingerprint_key: [u8; 32],
}

/// Serves until told to stop.
pub fn run(args: &ServeArgs) -> Result<ExitCode, CliError> {
    start_program_log("info,tantivy=warn,actix_server=warn,refinery_core=warn");
    let (folder, mark_file) = folder_of(&args.data, args.high_water.as_ref())?;
    let opened = open(folder, mark_file, args.confirm_clock)?;
    let listener = listen(args.listen)?;
    serve(&opened, listener, args.base_url.as_deref(), |url| output::result(format_args!("listening on {url}")))
}

/// Program logs go to standard error: for people on a terminal, as JSON elsewhere. `RUST_LOG` chooses what, else `default`.
pub fn start_program_log(default: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| default.into());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second subscriber in one process (tests) changes nothing.
    let _ = if std::io::stderr().is_terminal() { builder.try_init() } else { builder.json().try_init() };
}

/// Binds the address.
pub fn listen(address: SocketAddr) -> Result<TcpListener, CliError> {
    TcpListener::bind(address).map_err(|source| CliError::Listen { address, source })
}

/// Opens ledger and bookkeeping under the machine's clock, and adopts what the directory's files say.
pub fn open(folder: Folder, mark_file: PathBuf, confirm_clock: bool) -> Result<Opened, CliError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    open_as(LedgerConfig { mark_file, ..LedgerConfig::new(folder, clock) }, confirm_clock)
}

/// The same, as a configuration says.
pub fn open_as(config: LedgerConfig, confirm_clock: bool) -> Result<Opened, CliError> {
    let clock = Arc::clone(&config.clock);
    config.folder.require_ledger()?;
    let secret = config.folder.read_secret(&config.folder.secret_key_file())?;
    let service_file = config.folder.service_file();
    let ledger = Ledger::open(config)?;
    if confirm_clock {
        match ledger.confirm_clock() {
            // Confirming the clock does not make a ledger writable that contradicts its past.
            Err(WriteFailure::ReadOnly(reason)) => tracing::warn!(reason, "the clock is confirmed, and the ledger stays read-only"),
            confirmed => confirmed?,
        }
    }
    match adopt(&ledger) {
        Ok(issuers) => ledger.trust(issuers),
        // A ledger that cannot be written can still be read.
        Err(AdoptionError::Write(e)) => tracing::warn!(error = %e, "files in the directory were not adopted"),
        Err(e) => return Err(e.into()),
    }
    let db = Arc::new(ServiceDb::open(&service_file)?);
    sweep(&db, clock.now())?;
    Ok(Opened {
        ledger: web::Data::new(ledger),
        sessions: Sessions::new(Arc::clone(&db), secret),
        db,
        clock,
        cursor_key: keyed_hash(&secret, &[b"cursors"]),
        fingerprint_key: keyed_hash(&secret, &[b"fingerprints"]),
    })
}

/// Answers on `listener` until a signal ends it. `ready` is told the address.
pub fn serve(
    opened: &Opened,
    listener: TcpListener,
    base_url: Option<&str>,
    ready: impl FnOnce(&str) -> Result<(), CliError>,
) -> Result<ExitCode, CliError> {
    serve_until(opened, listener, base_url, |url, _| ready(url))
}

/// The same; `ready` is also handed what stops it, for whoever serves within a process that goes on.
pub fn serve_until(
    opened: &Opened,
    listener: TcpListener,
    base_url: Option<&str>,
    ready: impl FnOnce(&str, ServerHandle) -> Result<(), CliError>,
) -> Result<ExitCode, CliError> {
    let bound = listener.local_addr().map_err(|source| CliError::Listen { address: ([0, 0, 0, 0], 0).into(), source })?;
    let local_url = format!("http://{bound}");
    let base_url = base_url.unwrap_or(&local_url).trim_end_matches('/').to_owned();
    let ledger = opened.ledger.clone();
    let now_clock = Arc::clone(&opened.clock);
    let surroundings = Surroundings {
        now: Arc::new(move || now_clock.now()),
        is_tls: base_url.starts_with("https://"),
        base_url,
        authenticator: ledger.shared_credentials(),
        sessions: opened.sessions.clone(),
        idempotency: Idempotency::new(Arc::clone(&opened.db)),
        fingerprint_key: opened.fingerprint_key,
        cursors: Cursors::new(opened.cursor_key),
        error_page: Some(crate::ui::site::error_page),
    };
    let table = RouteTable::new([crate::api::routes(), crate::ui::routes()].concat()).map_err(|e| CliError::Answer(e.to_string()))?;
    let data = ledger.clone();
    let integrity = web::Data::new(Integrity::default());
    // Not waited for at the end: it only reads, and what it has not finished then is of no use to anybody.
    Arc::clone(&integrity).watch(ledger.clone().into_inner()).map_err(OpenError::Thread)?;
    let verified = integrity.clone();
    let (db, clock) = (Arc::clone(&opened.db), Arc::clone(&opened.clock));
    let outcome = rt::System::new().block_on(async move {
        let configure = move |config: &mut web::ServiceConfig| {
            config.app_data(data.clone()).app_data(verified.clone());
        };
        let server = server::serve(listener, Arc::new(surroundings), table, configure)
            .map_err(|source| CliError::Listen { address: bound, source })?;
        let handle = server.handle();
        rt::spawn(sweep_now_and_then(db, clock));
        let server = rt::spawn(server);
        // The server listens for signals from its first turn on: whoever reads the address may end it at once, in order.
        tokio::task::yield_now().await;
        ready(&local_url, handle.clone())?;
        tokio::select! {
            ended = server => ended.map_or(Ok(ExitCode::FAILURE), |result| {
                result.map(|()| ExitCode::SUCCESS).map_err(|source| CliError::Listen { address: bound, source })
            }),
            () = ledger.outcome_unknown() => {
                // Whoever waits gets its 503; then this process must not write again.
                handle.stop(true).await;
                Ok(ExitCode::from(EXIT_OUTCOME_UNKNOWN))
            }
        }
    });
    integrity.stop();
    opened.ledger.close();
    outcome
}

/// Removes what has ended from the bookkeeping, all of it.
fn sweep(db: &ServiceDb, now: Timestamp) -> Result<(), StoreError> {
    while db.sweep(now)? > 0 {}
    Ok(())
}

/// Answers are kept for a day and links for their time, not for as long as the server runs.
async fn sweep_now_and_then(db: Arc<ServiceDb>, clock: Arc<dyn Clock>) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        let (db, now) = (Arc::clone(&db), clock.now());
        if let Ok(Err(e)) = web::block(move || sweep(&db, now)).await {
            tracing::warn!(error = %e, "ended answers and sessions could not be removed");
        }
    }
}
