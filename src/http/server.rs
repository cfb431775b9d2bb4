//! The server: sockets, workers and patience. What it answers is in the table of routes.

use std::future::ready;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_service::{ServiceFactoryExt as _, fn_service, map_config};
use actix_web::body::BoxBody;
use actix_web::dev::{AppConfig, Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App, Error, web};

use crate::http::connection::{Connection, Patience};
use crate::http::edge::{Surroundings, edge};
use crate::http::route::RouteTable;
use crate::service::allowance::{deepen_backlog, raise_open_files};

/// Threads that answer; the work that waits for disks is done elsewhere.
pub const WORKERS: usize = 2;
/// Threads of one worker for what may wait for a disk; more work waits its turn. On two cores more threads would only take turns,
/// and each keeps a connection to the ledger file with its pages.
const BLOCKING_THREADS: usize = 16;
/// Connections at once, if the operating system allows as many open files; more wait in the backlog.
pub const MAX_CONNECTIONS: usize = 16_384;
/// Open files that are the ledger's own: databases, segments of the index, answers being read. No connection gets these.
const OWN_FILES: u64 = 512;
/// Connections that wait to be accepted.
const BACKLOG: u16 = 1024;
/// How long a connection may be idle between requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a request's head may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may take nothing of its answer.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a closed connection is listened to, so that its client reads the answer first.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long requests at work have when the server is told to stop, in seconds.
const DRAIN_SECONDS: u64 = 30;

const PATIENCE: Patience = Patience { head: HEAD_TIMEOUT, silence: KEEP_ALIVE, unread: UNREAD_TIMEOUT };

/// Serves `table` on `listener` until SIGTERM (requests at work are answered first) or SIGINT. `configure` adds what the
/// handlers need (`web::Data`).
pub fn serve(
    listener: TcpListener,
    surroundings: Arc<Surroundings>,
    table: RouteTable,
    configure: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
) -> io::Result<Server> {
    let connections = connections_within(raise_open_files());
    tracing::info!(connections, "connections are taken");
    deepen_backlog(&listener, BACKLOG)?;
    let builder = Server::build()
        .workers(WORKERS)
        .worker_max_blocking_threads(BLOCKING_THREADS)
        .max_concurrent_connections(connections / WORKERS)
        .shutdown_timeout(DRAIN_SECONDS);
    let draining = builder.graceful_shutdown_signal();
    // What `HttpServer` would build, with `Connection` between the socket and HTTP/1.
    let server = builder.listen("onus", listener, move || {
        let (draining, connected) = (draining.clone(), Arc::clone(&surroundings));
        let app = application(Arc::clone(&surroundings), &table).configure(configure.clone());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let draining = draining.clone();
                async move { draining.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            // `Connection` times every head, the first one too.
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .on_connect_ext(|connection: &Connection<TcpStream>, extensions| {
                extensions.insert(connection.pace());
            })
            .h1(map_config(app, |()| AppConfig::default()));
        fn_service(move |socket: TcpStream| {
            // An answer in two packets must not wait for the first to be acknowledged; without it, it is only slower.
            let _ = socket.set_nodelay(true);
            let peer = socket.peer_addr().ok();
            ready(Ok::<_, DispatchError>((Connection::new(socket, PATIENCE, Arc::clone(&connected)), peer)))
        })
        .and_then(http)
    })?;
    Ok(server.run())
}

/// How many connections leave the ledger its own files; of a small allowance at least half.
fn connections_within(open_files: u64) -> usize {
    let left = open_files - OWN_FILES.min(open_files / 2);
    usize::try_from(left).unwrap_or(MAX_CONNECTIONS).clamp(WORKERS, MAX_CONNECTIONS)
}

/// Everything but the sockets: what tests call without them.
pub fn application(
    surroundings: Arc<Surroundings>,
    table: &RouteTable,
) -> App<impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()> + use<>> {
    App::new().app_data(web::Data::from(surroundings)).wrap(from_fn(edge)).configure(|config| table.configure(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_the_ledger_its_files() {
        for (open_files, connections) in [(1_024, 512), (20_000, MAX_CONNECTIONS), (8_192, 7_680), (256, 128), (2, 2)] {
            assert_eq!(connections_within(open_files), connections, "of {open_files} files");
        }
    }
}
