//! The server: sockets, workers and patience. What it answers is in the table of routes.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, HttpServer, web};

use crate::http::edge::{Surroundings, edge};
use crate::http::route::RouteTable;

/// Threads that answer; the work that waits for disks is done elsewhere.
pub const WORKERS: usize = 2;
/// Threads of one worker for what may wait for a disk; more work waits its turn. On two cores more threads would only take turns,
/// and each keeps a connection to the ledger file with its pages.
const BLOCKING_THREADS: usize = 16;
/// Connections of one worker; more wait in the backlog.
const MAX_CONNECTIONS: usize = 4096;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;
/// How long a connection may be idle between requests.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a request's head may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a closed connection is listened to, so that its client reads the answer first.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long requests at work have when the server is told to stop, in seconds.
const DRAIN_SECONDS: u64 = 30;

/// Serves `table` on `listener` until SIGTERM (requests at work are answered first) or SIGINT. `configure` adds what the
/// handlers need (`web::Data`).
pub fn serve(
    listener: TcpListener,
    surroundings: Arc<Surroundings>,
    table: RouteTable,
    configure: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
) -> io::Result<Server> {
    let server = HttpServer::new(move || application(Arc::clone(&surroundings), &table).configure(configure.clone()))
        .workers(WORKERS)
        .worker_max_blocking_threads(BLOCKING_THREADS)
        .max_connections(MAX_CONNECTIONS)
        .backlog(BACKLOG)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .shutdown_timeout(DRAIN_SECONDS)
        .listen(listener)?
        .run();
    Ok(server)
}

/// Everything but the sockets: what tests call without them.
pub fn application(
    surroundings: Arc<Surroundings>,
    table: &RouteTable,
) -> App<impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()> + use<>> {
    App::new().app_data(web::Data::from(surroundings)).wrap(from_fn(edge)).configure(|config| table.configure(config))
}
