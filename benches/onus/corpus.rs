//! The recorded events that are sent: a slice of the file that `make_corpus.py` made, dealt into lanes.
//!
//! A lane is what one connection sends, in order. A delegation, the delegations under it and their actions lie in one lane, so
//! that nothing overtakes what it refers to, however many connections there are.

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;

/// Which lines, and how they are dealt.
#[derive(clap::Args)]
pub(crate) struct Slice {
    /// The NDJSON file.
    #[arg(long)]
    corpus: PathBuf,
    /// The first line, from 0.
    #[arg(long, default_value_t = 0)]
    from: usize,
    /// How many lines.
    #[arg(long)]
    events: usize,
    /// Connections.
    #[arg(long)]
    pub(crate) lanes: usize,
}

impl Slice {
    /// What sets its requests apart from those of other slices: the beginning of their `Idempotency-Key`.
    pub(crate) fn key(&self) -> String {
        format!("bench-{}-{}", self.corpus.file_stem().unwrap().display(), self.from)
    }
}

/// The events of a slice, in memory.
pub(crate) struct Corpus {
    text: String,
    lanes: Vec<Vec<Range<usize>>>,
}

impl Corpus {
    pub(crate) fn read(slice: &Slice) -> Self {
        let text = std::fs::read_to_string(&slice.corpus).unwrap();
        let mut lanes = vec![Vec::new(); slice.lanes];
        let mut lane_of: HashMap<&str, usize> = HashMap::new();
        let mut at = 0;
        for (n, line) in text.split_inclusive('\n').enumerate().take(slice.from + slice.events) {
            let start = at;
            at += line.len();
            if n < slice.from {
                continue;
            }
            let own = member(line, "delegation_id");
            let known = [own, member(line, "parent_delegation_id")].into_iter().flatten().find_map(|id| lane_of.get(id).copied());
            let lane = known.unwrap_or_else(|| shortest(&lanes));
            if let Some(id) = own {
                lane_of.insert(id, lane);
            }
            lanes[lane].push(start..at);
        }
        drop(lane_of);
        Self { text, lanes }
    }

    /// The lines of one lane, each with its line end.
    pub(crate) fn lane(&self, lane: usize) -> impl ExactSizeIterator<Item = &str> {
        self.lanes[lane].iter().map(|r| &self.text[r.clone()])
    }
}

/// The first string member of that name, as it stands in the text: ids of the corpus hold no escapes.
fn member<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let key = format!("\"{name}\":\"");
    let start = line.find(&key)? + key.len();
    line[start..].split('"').next()
}

fn shortest<T>(lanes: &[Vec<T>]) -> usize {
    (0..lanes.len()).min_by_key(|l| lanes[*l].len()).unwrap()
}
