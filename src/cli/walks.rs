//! `onus walks`: the walk of every action as one line of JSON, in the shape that `score_walk.py` reads.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::cli::client::{BearerToken, Client, percent_encoded};
use crate::cli::error::CliError;
use crate::cli::output;

/// Actions asked for at once: the most that the server gives.
const PAGE: usize = 500;
/// Walks asked for at the same time.
const WORKERS: usize = 4;

/// How often it is asked how far the index has come.
const INDEX_POLL: Duration = Duration::from_millis(500);
/// For how long the index may stand still before waiting for it makes no sense.
const INDEX_PATIENCE: Duration = Duration::from_mins(1);

/// Write the walk of every action: one JSON line each, in the order of the ledger's list.
///
/// A line holds event_id, action_id, human_principal_id, delegation_id, root_delegation_id, documents (SHA-256 of what had been
/// read, in order), verdict and complete. FILE appears only when all actions are in it; until then it is FILE.partial.
#[derive(Debug, clap::Args)]
pub struct WalksArgs {
    /// Where the ledger listens: https://HOST, or http://127.0.0.1:PORT on this machine.
    #[arg(long, value_name = "URL", env = "ONUS_SERVER")]
    pub server: String,
    /// Credential with ledger:read.
    #[arg(long, value_name = "TOKEN", env = "ONUS_TOKEN", hide_env_values = true)]
    pub token: BearerToken,
    /// Where to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Runs the command.
pub fn run(args: &WalksArgs) -> Result<ExitCode, CliError> {
    let client = Client::new(&args.server, &args.token)?;
    wait_for_index(&client)?;
    let written = write_walks(&client, &args.out)?;
    output::result(format_args!("{written} walks written to {}", args.out.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Lists come from the index: an action that is not in it yet would be missing without a word.
fn wait_for_index(client: &Client) -> Result<(), CliError> {
    let mut best = None;
    let mut moved_at = Instant::now();
    loop {
        let meta = client.get("/v1/actions?limit=1")?.meta;
        let (Some(size), Some(indexed)) = (meta["tree_size"].as_u64(), meta["indexed_tree_size"].as_u64()) else {
            return Err(CliError::Answer("GET /v1/actions: meta holds no tree_size and indexed_tree_size".to_owned()));
        };
        if indexed >= size {
            return Ok(());
        }
        if best < Some(indexed) {
            if best.is_none() {
                output::note(format_args!("waiting for the index: it holds {indexed} of {size} entries"));
            }
            (best, moved_at) = (Some(indexed), Instant::now());
        } else if moved_at.elapsed() > INDEX_PATIENCE {
            return Err(CliError::Answer(format!("the index stands still at {indexed} of {size} entries; the server's log says why")));
        }
        std::thread::sleep(INDEX_POLL);
    }
}

/// Writes all walks and says how many; a file that is not whole never has the name `out`.
fn write_walks(client: &Client, out: &Path) -> Result<u64, CliError> {
    let mut name = out.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    let fault = |source| CliError::File { path: partial.clone(), source };
    let mut file = BufWriter::new(File::create(&partial).map_err(fault)?);
    let mut written = 0;
    let mut total = None;
    let mut cursor = None;
    loop {
        let page = Page::fetch(client, cursor.as_deref())?;
        for line in walk_all(client, &page.actions)? {
            writeln!(file, "{line}").map_err(fault)?;
            written += 1;
        }
        total = page.total.or(total);
        let is_same = page.next.is_some() && page.next == cursor;
        cursor = page.next;
        if is_same {
            return Err(CliError::Answer("GET /v1/actions gives the same cursor again".to_owned()));
        }
        if cursor.is_none() {
            break;
        }
    }
    if let Some(total) = total.filter(|total| *total != written) {
        return Err(CliError::Incomplete { written, total, path: out.to_owned() });
    }
    file.into_inner().map_err(|e| fault(e.into_error()))?.sync_all().map_err(fault)?;
    std::fs::rename(&partial, out).map_err(|source| CliError::File { path: out.to_owned(), source })?;
    Ok(written)
}

struct Page {
    actions: Vec<Value>,
    /// The cursor of the next page, if there is one.
    next: Option<String>,
    /// How many actions there are in all, if the server counts exactly.
    total: Option<u64>,
}

impl Page {
    fn fetch(client: &Client, cursor: Option<&str>) -> Result<Self, CliError> {
        let cursor = cursor.map(|c| format!("&cursor={}", percent_encoded(c))).unwrap_or_default();
        let answer = client.get(&format!("/v1/actions?limit={PAGE}{cursor}"))?;
        let wrong = |what: &str| CliError::Answer(format!("GET /v1/actions: {what}"));
        let actions = list_in(answer.data).ok_or_else(|| wrong("data holds no list of actions"))?;
        let meta = &answer.meta;
        let next = match (meta["has_more"].as_bool(), meta["cursor"].as_str()) {
            (Some(true), Some(cursor)) => Some(cursor.to_owned()),
            (Some(false), _) => None,
            _ => return Err(wrong("meta holds no has_more, or has_more without a cursor")),
        };
        let is_estimate = meta["total_is_estimate"].as_bool().unwrap_or(false);
        Ok(Self { actions, next, total: meta["total"].as_u64().filter(|_| !is_estimate) })
    }
}

/// `data` of a list: the list, or an object whose one list it is.
fn list_in(data: Value) -> Option<Vec<Value>> {
    match data {
        Value::Array(items) => Some(items),
        Value::Object(members) => {
            let mut lists = members.into_iter().filter_map(|(_, value)| if let Value::Array(items) = value { Some(items) } else { None });
            lists.next().filter(|_| lists.next().is_none())
        }
        _ => None,
    }
}

/// The lines of some actions, in their order, fetched by several workers.
fn walk_all(client: &Client, actions: &[Value]) -> Result<Vec<Value>, CliError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut lines = Vec::new();
        while let Some((i, action)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, actions.get(i)?))) {
            lines.push((i, line_of(client, action)?));
        }
        Ok(lines)
    };
    let results: Vec<Result<Vec<(usize, Value)>, CliError>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS.min(actions.len())).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut lines = results.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    lines.sort_by_key(|(i, _)| *i);
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

fn line_of(client: &Client, action: &Value) -> Result<Value, CliError> {
    let stated =
        |name: &str| action[name].as_str().ok_or_else(|| CliError::Answer(format!("an action of GET /v1/actions has no {name}: {action}")));
    let (event_id, action_id) = (stated("event_id")?, stated("action_id")?);
    let walk = client.get(&format!("/v1/actions/{}/walk", percent_encoded(action_id)))?.data;
    if walk["action_id"] != action_id {
        return Err(CliError::Answer(format!("the walk of {action_id} is that of {}", walk["action_id"])));
    }
    Ok(line_from(event_id, action, &walk))
}

fn line_from(event_id: &str, action: &Value, walk: &Value) -> Value {
    let hashes: Vec<&Value> = walk["documents"].as_array().into_iter().flatten().map(|d| &d["sha256"]).filter(|h| h.is_string()).collect();
    let line = json!({
        "event_id": event_id, "action_id": walk["action_id"], "human_principal_id": walk["human_principal_id"],
        "delegation_id": delegation_of(action, walk), "root_delegation_id": walk["root_delegation_id"],
        "documents": hashes, "verdict": walk["verdict"], "complete": walk["complete"],
    });
    let mut line = if let Value::Object(members) = line { members } else { Map::new() };
    if let Some(words) = walk["trigger"]["content_sha256"].as_str() {
        line.insert("instruction_sha256".to_owned(), words.into());
    }
    Value::Object(line)
}

/// The delegation the action names; if neither answer states it, the walk's last hop before the agent.
fn delegation_of<'a>(action: &'a Value, walk: &'a Value) -> &'a Value {
    let stated = [&walk["delegation_id"], &action["delegation_id"], &action["actor"]["delegation_id"]];
    let last_hop = || walk["steps"].as_array()?.iter().rev().find(|s| s["kind"] == "delegation").map(|s| &s["delegation_id"]);
    stated.into_iter().find(|id| id.is_string()).or_else(last_hop).unwrap_or(&Value::Null)
}

#[cfg(test)]
#[path = "walks_tests.rs"]
mod tests;
