//! `onus link`: a one-time link by which a person signs in.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use crate::cli::error::CliError;
use crate::cli::init::folder_of;
use crate::cli::output;
use crate::domain::ids::PrincipalId;
use crate::domain::person::Role;
use crate::service::clock::{Clock as _, SystemClock};
use crate::service::sessions::Sessions;
use crate::store::service_db::ServiceDb;

/// Make a one-time link by which a person signs in. Works beside a running server.
#[derive(Debug, clap::Args)]
pub struct LinkArgs {
    /// The ledger's directory.
    #[arg(long, value_name = "DIR", env = "ONUS_DATA")]
    pub data: PathBuf,
    /// Who: the principal that delegations and actions name.
    #[arg(long, value_name = "ID", value_parser = parse_principal)]
    pub person: PrincipalId,
    /// How pages call her [default: the principal].
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// What she does here; may be repeated.
    #[arg(long = "role", value_name = "ROLE", value_parser = parse_role, default_value = "auditor")]
    pub roles: Vec<Role>,
    /// For how many minutes the link can be used.
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(i64).range(1..=10_080))]
    pub valid_minutes: i64,
    /// Where the server is reached.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7070")]
    pub base_url: String,
}

fn parse_principal(text: &str) -> Result<PrincipalId, String> {
    PrincipalId::parse(text).ok_or_else(|| "expected 1 to 256 bytes: user:ana@example.com".to_owned())
}

fn parse_role(text: &str) -> Result<Role, String> {
    let words: Vec<&str> = Role::ALL.iter().map(|r| r.as_str()).collect();
    Role::parse(text).ok_or_else(|| format!("expected one of {}", words.join(", ")))
}

/// Makes it.
pub fn run(args: &LinkArgs) -> Result<ExitCode, CliError> {
    let (folder, _) = folder_of(&args.data, None)?;
    folder.require_ledger()?;
    let db = Arc::new(ServiceDb::open(&folder.service_file())?);
    let sessions = Sessions::new(db, folder.read_secret(&folder.secret_key_file())?);
    let name = args.name.as_deref().unwrap_or(args.person.as_str());
    let now = SystemClock::default().now();
    let token = sessions.make_link(&args.person, name, &args.roles, now, args.valid_minutes * 60_000)?;
    output::result(sign_in_url(&args.base_url, token.reveal()))?;
    Ok(ExitCode::SUCCESS)
}

/// The address behind which one click signs in. The token is the fragment's neighbour: no log of ours writes the query.
pub fn sign_in_url(base_url: &str, token: &str) -> String {
    format!("{}/sign-in?token={token}", base_url.trim_end_matches('/'))
}
