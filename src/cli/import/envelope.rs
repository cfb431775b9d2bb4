//! Files of envelopes `{"source", "source_path", "record"}`, one a line, plain or gzip, read lazily. What a record means is the formats' business.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use serde::Deserialize;

use crate::cli::error::CliError;

/// Longest line that is read, in bytes; a session of the known recordings takes a hundredth of it.
pub const MAX_LINE_BYTES: u64 = 64 << 20;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// One recorded session with where it comes from.
#[derive(Clone, Debug, Deserialize)]
pub struct Envelope {
    /// Which collection: `agentdojo`, `tau-bench`, `who_and_when`.
    pub source: String,
    /// Where in it: names the session for ever.
    pub source_path: String,
    /// The original object.
    pub record: serde_json::Value,
}

/// The envelopes of one file, in order, each with its line from 1. The first fault ends them: a damaged file would repeat its fault for ever.
pub struct Envelopes {
    path: PathBuf,
    lines: Box<dyn BufRead + Send>,
    line: usize,
    is_over: bool,
}

impl Envelopes {
    /// Reads `bytes`, which came from `path`; whether they are compressed is seen from how they begin.
    pub fn read(path: &Path, bytes: impl Read + Send + 'static) -> Result<Self, CliError> {
        let mut bytes = BufReader::with_capacity(1 << 16, bytes);
        let start = bytes.fill_buf().map_err(|source| CliError::File { path: path.to_owned(), source })?;
        let lines: Box<dyn BufRead + Send> =
            if start.starts_with(&GZIP_MAGIC) { Box::new(BufReader::new(MultiGzDecoder::new(bytes))) } else { Box::new(bytes) };
        Ok(Self { path: path.to_owned(), lines, line: 0, is_over: false })
    }

    fn fault(&self, message: String) -> CliError {
        CliError::Recording { path: self.path.clone(), line: self.line, message }
    }

    fn parse(&self, text: &[u8]) -> Result<(usize, Envelope), CliError> {
        let envelope = serde_json::from_slice(text)
            .map_err(|e| self.fault(format!("not an envelope {{\"source\", \"source_path\", \"record\"}}: {e}")))?;
        Ok((self.line, envelope))
    }

    /// The next line that is not blank.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, CliError> {
        loop {
            let mut text = Vec::new();
            self.line += 1;
            let read = (&mut self.lines).take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut text);
            match read.map_err(|e| self.fault(unreadable(&e)))? {
                0 => return Ok(None),
                _ if text.len() as u64 > MAX_LINE_BYTES => return Err(self.fault(format!("longer than {MAX_LINE_BYTES} bytes"))),
                _ if text.trim_ascii().is_empty() => {}
                _ => return Ok(Some(text)),
            }
        }
    }
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            format!("the compressed file is damaged or cut off ({error}): fetch it again")
        }
        _ => error.to_string(),
    }
}

impl Iterator for Envelopes {
    type Item = Result<(usize, Envelope), CliError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = self.next_line().and_then(|text| text.map(|text| self.parse(&text)).transpose());
        self.is_over = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn read(bytes: Vec<u8>) -> Vec<Result<(usize, Envelope), CliError>> {
        Envelopes::read(Path::new("some.jsonl"), io::Cursor::new(bytes)).unwrap().collect()
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    const TWO: &str = "{\"source\":\"s\",\"source_path\":\"a\",\"record\":{}}\n\n{\"source\":\"s\",\"source_path\":\"b\",\"record\":[1]}";

    #[test]
    fn plain_and_compressed_files_read_alike() {
        for bytes in [TWO.as_bytes().to_vec(), gzip(TWO), [gzip(&TWO[..60]), gzip(&TWO[60..])].concat()] {
            let read: Vec<(usize, Envelope)> = read(bytes).into_iter().map(Result::unwrap).collect();
            let places: Vec<(usize, &str)> = read.iter().map(|(line, e)| (*line, e.source_path.as_str())).collect();
            assert_eq!(places, [(1, "a"), (3, "b")]);
        }
        assert!(read(Vec::new()).is_empty());
    }

    #[test]
    fn a_fault_names_file_and_line() {
        let message = |bytes: Vec<u8>| read(bytes).into_iter().find_map(Result::err).unwrap().to_string();
        assert!(message(format!("{TWO}\nnonsense").into_bytes()).starts_with("some.jsonl, line 4: not an envelope"));
        assert!(message(b"{\"source\":\"s\",\"record\":{}}".to_vec()).contains("source_path"));
        let mut cut = gzip(&TWO.repeat(3));
        cut.truncate(cut.len() - 12);
        assert_eq!(read(cut.clone()).iter().filter(|r| r.is_err()).count(), 1, "a fault is told once");
        assert!(message(cut).contains("damaged or cut off"));
    }
}
