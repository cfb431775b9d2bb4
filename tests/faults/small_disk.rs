//! Rows of a full disk: a file system in memory with so much room and no more. Where nobody may mount one there are none.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::bases::{Base, Bases, Start};
use crate::life::EXIT_OUTCOME_UNKNOWN;
use crate::program::copy_folder;
use crate::run::{Case, Outcome};

/// Room beyond what the directory takes at first, in KiB.
const STEP_KIB: u64 = 24;
const STEPS: u64 = 30;

/// A mounted file system, in a name space of its own that ends with this process: nothing is left behind.
struct SmallDisk {
    holder: Child,
    place: PathBuf,
}

/// Each size.
pub(crate) fn cases(bases: &'static Bases) -> Vec<Case> {
    if SmallDisk::mount(&std::env::temp_dir(), 64).is_none() {
        println!("nobody may mount a file system here: no case of a full disk");
        return Vec::new();
    }
    let mut cases = Vec::new();
    for start in [Start::First, Start::Again] {
        for room in (0..STEPS).map(|step| step * STEP_KIB) {
            let base = bases.of(start);
            cases.push(Case {
                kind: "full disk (tmpfs)",
                name: format!("{}: {room} KiB of disk left", start.name()),
                run: Box::new(move || on_small_disk(base, room)),
            });
        }
    }
    cases
}

impl SmallDisk {
    fn mount(place: &Path, kib: u64) -> Option<Self> {
        const SCRIPT: &str = r#"mount -t tmpfs -o size="$1"k,mode=700 none "$0" && echo mounted && exec cat"#;
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", SCRIPT]).arg(place).arg(kib.to_string());
        let mut holder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let disk = Self { holder, place: place.to_owned() };
        (line.trim() == "mounted").then_some(disk)
    }

    /// How it looks from outside.
    fn as_seen_outside(&self) -> PathBuf {
        Path::new("/proc").join(self.holder.id().to_string()).join("root").join(self.place.strip_prefix("/").unwrap())
    }

    /// The same command, run where the file system is mounted.
    fn within(&self, command: &Command) -> Command {
        let mut within = Command::new("nsenter");
        within.args(["--user", "--mount", "--preserve-credentials", "--target", &self.holder.id().to_string()]);
        within.arg(command.get_program()).args(command.get_args());
        within
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Without its last process the name space is gone, and the file system with it.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn on_small_disk(base: &Base, room: u64) -> Outcome {
    let mut base = base.copy();
    let (data, mark) = (base.premises.data(), base.premises.mark());
    let place = data.parent().unwrap().to_owned();
    let disk = SmallDisk::mount(&place, 1 << 20).expect("it could be mounted before");
    let inside = disk.as_seen_outside();
    copy_folder(&data, &inside.join("data"));
    fs::copy(&mark, inside.join(mark.file_name().unwrap())).unwrap();
    let mut resize = Command::new("sh");
    // What is used now, and so much more.
    let script = format!(r#"used=$(df -k --output=used "$0" | tail -n 1); mount -o remount,size=$((used + {room}))k "$0""#);
    resize.args(["-c", &script]).arg(&place);
    assert!(disk.within(&resize).status().unwrap().success(), "it can be made smaller");

    let mut outcome = Outcome::Unnoticed;
    for _ in 0..2 {
        let ended = base.story.live(&base.premises, disk.within(&base.premises.serve()));
        outcome = match ended.status.code() {
            Some(_) if !ended.listened => Outcome::NotStarted,
            Some(EXIT_OUTCOME_UNKNOWN) => Outcome::UnknownAndGone,
            Some(0) if base.story.has_refusals => Outcome::Refused,
            Some(0) => Outcome::Unnoticed,
            _ => panic!("{}", ended.status),
        };
    }
    // More room: the files as they are, where there is enough of it.
    fs::remove_dir_all(&data).unwrap();
    copy_folder(&inside.join("data"), &data);
    fs::copy(inside.join(mark.file_name().unwrap()), &mark).unwrap();
    drop(disk);
    base.must_be_whole();
    outcome
}
