//! Makes faults happen in a server: strace's injection, and the shim that this file compiles. Also counts, in a life without a
//! fault, at how many places there are to fail.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::fault::{Effect, Engine, Fault};
use crate::program::Premises;

/// Where a call was made, and how often: call and file, or call alone.
pub(crate) type Places = BTreeMap<(String, String), usize>;

/// Whether a tool can be run.
pub(crate) fn has(tool: &str) -> bool {
    Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Whether strace may trace here.
pub(crate) fn can_trace() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| {
        let traced = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
        traced.is_ok_and(|status| status.success())
    })
}

/// The shim, compiled; `None` without a C compiler.
pub(crate) fn shim() -> Option<&'static Path> {
    static SHIM: OnceLock<Option<PathBuf>> = OnceLock::new();
    SHIM.get_or_init(|| {
        if !has("cc") {
            return None;
        }
        let shim = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fault-shim.so");
        let made = shim.with_extension(std::process::id().to_string());
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/shim.c");
        let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&made).arg(source).status().unwrap();
        assert!(built.success(), "the shim compiles");
        fs::rename(made, &shim).unwrap();
        Some(shim)
    })
    .as_deref()
}

/// A server in which `fault` will strike.
pub(crate) fn serve_with(premises: &Premises, fault: &Fault) -> Command {
    match fault.engine {
        Engine::Shim => {
            let mut command = preloaded(premises);
            command
                .env("ONUS_FAULT_CALL", &fault.call)
                .env("ONUS_FAULT_CLASS", &fault.file)
                .env("ONUS_FAULT_WHEN", fault.when())
                .env("ONUS_FAULT_EFFECT", fault.effect.name());
            command
        }
        Engine::Strace => {
            let (call, when) = (&fault.call, fault.when());
            if fault.effect == Effect::Killed {
                return traced(premises, &["-e", &format!("trace={call}"), "-e", &format!("inject={call}:signal=KILL:when={when}")]);
            }
            let inject = format!("inject={call}:error={}:when={when}", fault.effect.name());
            // Only the calls in question stop the server; strace 6.1 injects no signal in this way.
            traced(premises, &["--seccomp-bpf", "-e", &format!("trace={call}"), "-e", &inject])
        }
    }
}

/// Whether the fault struck in that server's life.
pub(crate) fn has_struck(premises: &Premises, fault: &Fault) -> bool {
    let said = fs::read_to_string(note(premises)).unwrap_or_default();
    match fault.engine {
        Engine::Shim => said.contains("struck"),
        Engine::Strace => said.contains("(INJECTED)") || (fault.effect.kills() && said.contains("killed by SIGKILL")),
    }
}

/// A server that only tells which calls it makes.
pub(crate) fn serve_counted(premises: &Premises, engine: Engine) -> Command {
    match engine {
        Engine::Shim => preloaded(premises),
        Engine::Strace => traced(premises, &[]),
    }
}

/// What that server told. By strace: the most that any one thread made, because that is what its injection counts.
pub(crate) fn places(premises: &Premises, engine: Engine) -> Places {
    let said = String::from_utf8_lossy(&fs::read(note(premises)).unwrap()).into_owned();
    let mut places = Places::new();
    match engine {
        Engine::Shim => {
            for (call, file) in said.lines().filter_map(|line| line.split_once(' ')) {
                *places.entry((call.to_owned(), file.to_owned())).or_default() += 1;
            }
        }
        Engine::Strace => {
            let mut by_thread = BTreeMap::<(&str, &str), usize>::new();
            for line in said.lines() {
                let Some((thread, rest)) = line.split_once(' ') else { continue };
                let Some((call, _)) = rest.trim_start().split_once('(') else { continue };
                if call.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                    *by_thread.entry((call, thread)).or_default() += 1;
                }
            }
            for ((call, _), count) in by_thread {
                let most = places.entry((call.to_owned(), String::new())).or_default();
                *most = count.max(*most);
            }
        }
    }
    places
}

/// Forgets what was noted of an earlier life.
pub(crate) fn forget(premises: &Premises) {
    let _ = fs::remove_file(note(premises));
}

fn preloaded(premises: &Premises) -> Command {
    let mut command = premises.serve();
    command
        .env("LD_PRELOAD", shim().expect("cases of the shim are made where it is"))
        .env("ONUS_FAULT_ROOT", premises.data())
        .env("ONUS_FAULT_LOG", note(premises));
    command
}

fn traced(premises: &Premises, how: &[&str]) -> Command {
    let served = premises.serve();
    let mut command = Command::new("strace");
    command.args(["-f", "-o"]).arg(note(premises)).args(how).arg(served.get_program()).args(served.get_args());
    for (name, value) in served.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// Where strace and shim write.
fn note(premises: &Premises) -> PathBuf {
    premises.log().with_file_name("faults")
}
