//! The recorded sessions of real agents, through the real program: imported whole, imported twice, walked and scored. What they say
//! is data: nothing here follows it.

use std::path::Path;
use std::process::Command;

use crate::call::unique;
use crate::program::{Premises, Program, onus};
use crate::shared::shared;

/// Lines of the corpus in one request.
const CORPUS_LINES: usize = 5_000;

#[test]
fn recordings_are_imported_whole_and_a_second_time_they_add_nothing() {
    let Some(folder) = shared("data") else { return };
    let premises = Premises::new();
    let server = premises.start();
    let files = ["agentdojo", "tau_airline", "who_and_when"].map(|name| folder.join(format!("{name}_sessions.jsonl.gz")));
    let import = || {
        let mut command = onus();
        command.args(["import", "--json", "--format", "messages", "--server", server.url(), "--token", &premises.admin_token]);
        let output = command.args(&files).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let before = premises.size();
    let first = import();
    assert_eq!(first["delegations"], 6_326 + 100 + 126);
    assert_eq!(first["sub_delegations"], 458);
    assert_eq!(first["actions"], 24_590 + 621 + 1_099);
    assert_eq!((&first["replayed"], &first["refused"]), (&0.into(), &0.into()));
    let size = premises.size();
    assert_eq!(size - before, 6_552 + 458 + 26_310, "each event is one entry, and nothing came late");

    let second = import();
    assert_eq!((&second["accepted"], &second["replayed"]), (&0.into(), &first["accepted"]));
    assert_eq!(premises.size(), size);
    assert!(server.terminate().success());
}

#[test]
fn every_action_of_the_corpus_is_walked_to_its_human() {
    let (Some(data), Some(maker), Some(scorer)) = (shared("data"), shared("data/make_corpus.py"), shared("data/score_walk.py")) else {
        return;
    };
    let premises = Premises::new();
    let files = tempfile::tempdir().unwrap();
    let [corpus, labels, answers] = ["exact.ndjson", "labels.ndjson", "answers.ndjson"].map(|name| files.path().join(name));
    python(
        &maker,
        &[&["--exact", "--seed", "7", "--sources"], &[text(&data), "--out", text(&corpus), "--labels", text(&labels)][..]].concat(),
    );
    let server = premises.start();
    post_lines(&premises, &server, &std::fs::read_to_string(&corpus).unwrap());
    let mut walks = onus();
    walks.args(["walks", "--server", server.url(), "--token", &premises.admin_token, "--out"]).arg(&answers);
    let output = walks.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let score = python(&scorer, &[text(&labels), text(&answers)]);
    assert_eq!(score, python(&scorer, &[text(&labels), "--reference", text(&corpus)]), "as good as the corpus itself");
    assert!(
        score.lines().count() >= 7 && score.lines().all(|line| line.contains("'chain': 1.0") && !line.contains("unanswered")),
        "{score}"
    );
    assert!(server.terminate().success());
}

fn post_lines(premises: &Premises, server: &Program, corpus: &str) {
    let lines: Vec<&str> = corpus.lines().collect();
    for part in lines.chunks(CORPUS_LINES) {
        let answer = server
            .client(&premises.admin_token)
            .request("POST", "/v1/events")
            .key(&unique("corpus-part"))
            .body("application/x-ndjson", part.join("\n"))
            .send()
            .status(200);
        assert_eq!(answer["accepted"], part.len(), "{}", answer["results"]);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What a script prints.
#[track_caller]
fn python(script: &Path, arguments: &[&str]) -> String {
    let output = Command::new("python3").arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
