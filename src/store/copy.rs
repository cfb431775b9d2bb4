//! A copy of the ledger file as it stands at one moment, beside whoever writes it: SQLite's online backup. It hurries nobody: the
//! writer goes on, and only the write-ahead log grows until the copy is made.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};

use crate::store::connection::{Access, StoreError, open};
use crate::store::reader::LedgerReader;
use crate::store::rows::Rows;

impl LedgerReader {
    /// Copies the file to `path`, which must not exist, and reads of the very state that is copied. The copy needs no log beside it
    /// and can be read where nothing can be written.
    pub fn copy_to<T, E: From<StoreError>>(&self, path: &Path, read: impl FnOnce(Rows<'_>) -> Result<T, E>) -> Result<T, E> {
        let transaction = self.connection.unchecked_transaction().map_err(StoreError::from)?;
        // The first statement fixes the state; the copy is made within the same transaction, so it is of no other.
        let told = read(self.rows())?;
        self.copy_pages(path)?;
        transaction.finish().map_err(StoreError::from)?;
        Ok(told)
    }

    fn copy_pages(&self, path: &Path) -> Result<(), StoreError> {
        let named = |source| StoreError::Sqlite { path: path.display().to_string(), source };
        // SQLite would make it readable for everybody.
        let made = File::options().create_new(true).write(true).mode(0o600).open(path);
        made.map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
        let mut copy = open(path, Access::Copy)?;
        let step = Backup::new(&self.connection, &mut copy).and_then(|backup| backup.step(-1)).map_err(named)?;
        if step != StepResult::Done {
            return Err(StoreError::Unusable(format!("the copy {} was not finished: SQLite says {step:?}", path.display())));
        }
        // The pages say that a log lies beside them; none does.
        copy.pragma_update(None, "journal_mode", "DELETE").map_err(named)?;
        copy.close().map_err(|(_, source)| named(source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::batch::LedgerWriter;

    #[test]
    fn a_copy_is_of_one_state_and_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let [live, path] = ["ledger.db", "copy.db"].map(|name| folder.path().join(name));
        let mut writer = LedgerWriter::open(&live).unwrap();
        let reader = LedgerReader::open(&live).unwrap();
        let before = reader
            .copy_to(&path, |rows| {
                let before = rows.head()?;
                let mut batch = writer.begin()?;
                batch.create_head("ledger.example/later")?;
                batch.commit()?;
                Ok::<_, StoreError>(before)
            })
            .unwrap();
        assert_eq!(before, None);
        assert_eq!(reader.rows().head().unwrap().unwrap().origin, "ledger.example/later");
        let copy = LedgerReader::open(&path).unwrap();
        assert_eq!(copy.rows().head().unwrap(), None, "what was committed meanwhile is not in it");
        let beside = std::fs::read_dir(folder.path())
            .unwrap()
            .filter(|f| f.as_ref().unwrap().file_name().to_string_lossy().contains("copy"))
            .count();
        assert_eq!(beside, 1, "no log lies beside it while it is read");
    }
}
