//! `onus demo`: a small signed sample ledger, made on the spot, with a server and a link to look at it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::error::CliError;
use crate::cli::init::folder_of;
use crate::cli::link::sign_in_url;
use crate::cli::sample::make_sample;
use crate::cli::{output, serve};
use crate::domain::ids::PrincipalId;
use crate::domain::person::Role;
use crate::service::clock::{Clock as _, SystemClock};
use crate::tlog::entry::Origin;

/// The sample ledger's name.
const ORIGIN: &str = "sample.onus.example/demo";
/// How long the link can be used: a demo is left open over lunch.
const LINK_MS: i64 = 24 * 60 * 60 * 1000;

/// Where the link leads: the sample is a fortnight long, and its last day a quiet one.
const WHOLE_SAMPLE: &str = "&return_to=%2F%3Fperiod%3D14d";

/// Look at Onus: makes a sample ledger, serves it, and prints an address to open, already signed in.
///
/// Without --data the ledger lies in a temporary directory and is removed when the demo ends.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// Where to keep the sample ledger; one that is there already is served again.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7070")]
    pub listen: SocketAddr,
    /// Print the address and nothing else.
    #[arg(long)]
    pub print_url: bool,
}

/// A directory that goes away with the demo.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Nothing of value is in it; what cannot be removed is left to the system's own cleaning.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Makes, serves and, when told to stop, tidies up.
pub fn run(args: &DemoArgs) -> Result<ExitCode, CliError> {
    if !args.print_url {
        serve::start_program_log("warn");
    }
    let listener = serve::listen(args.listen)?;
    let temporary = args.data.is_none().then(|| Temporary(std::env::temp_dir().join(format!("onus-demo-{}", std::process::id()))));
    let inside = temporary.as_ref().map(|t| t.0.join("ledger"));
    let data = args.data.as_deref().or(inside.as_deref()).unwrap_or(Path::new("onus-demo"));
    let (folder, mark_file) = folder_of(data, None)?;
    let origin = Origin::parse(ORIGIN).expect("a literal of the right form");
    let clock = SystemClock::default();
    if !folder.has_ledger() {
        let bound = listener.local_addr().map_err(|source| CliError::Listen { address: args.listen, source })?;
        let summary = make_sample(&folder, &mark_file, &origin, &format!("http://{bound}"), clock.now())?;
        if !args.print_url {
            output::note(summary);
        }
    }
    let opened = serve::open(folder, mark_file, false)?;
    let visitor = PrincipalId::parse("user:visitor@example.com").expect("a short text");
    let roles = [Role::Auditor, Role::Operator, Role::Admin];
    let token = opened.sessions.make_link(&visitor, "Visitor", &roles, clock.now(), LINK_MS)?;
    serve::serve(&opened, listener, None, |url| {
        let link = format!("{}{WHOLE_SAMPLE}", sign_in_url(url, token.reveal()));
        if args.print_url {
            return output::result(link);
        }
        output::note("Sample data: nothing here happened. Stop with Ctrl-C.");
        output::result(format_args!("open {link}"))
    })
}
