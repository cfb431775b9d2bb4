//! The table of floors in the first comment of `src/lib.rs`: module, what it may use, crates that only it may name.

/// The table.
pub(crate) struct Map(Vec<Row>);

struct Row {
    module: String,
    uses: Vec<String>,
    crates: Vec<String>,
}

impl Map {
    /// Reads the lines `//! | module | may use | crates |`.
    pub(crate) fn read(text: &str) -> Self {
        let names =
            |cell: &str| cell.split(',').map(|name| name.trim().trim_matches('`').to_owned()).filter(|name| !name.is_empty()).collect();
        let row = |line: &str| -> Option<Row> {
            let cells: Vec<&str> = line.strip_prefix("//! |")?.split('|').collect();
            let module = cells.first()?.trim().strip_prefix('`')?.strip_suffix('`')?.to_owned();
            Some(Row { module, uses: names(cells.get(1)?), crates: names(cells.get(2)?) })
        };
        let rows: Vec<Row> = text.lines().filter_map(row).collect();
        assert!(rows.len() > 1, "the map is a table");
        Self(rows)
    }

    pub(crate) fn modules(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|row| row.module.as_str())
    }

    /// A row may use only what stands in rows above it.
    pub(crate) fn rows_that_point_up(&self) -> Vec<String> {
        let above = |at: usize, module: &String| self.0[..at].iter().any(|row| row.module == *module);
        let rows = self.0.iter().enumerate();
        rows.flat_map(|(at, row)| row.uses.iter().filter(move |m| !above(at, m)).map(|m| format!("{} → {m}", row.module))).collect()
    }

    pub(crate) fn may_use(&self, floor: &str, module: &str) -> bool {
        floor == module || self.0.iter().any(|row| row.module == floor && row.uses.iter().any(|m| m == module))
    }

    /// A crate that rows list may be named in those rows only.
    pub(crate) fn may_name(&self, floor: &str, name: &str) -> bool {
        let mut rows = self.0.iter().filter(|row| row.crates.iter().any(|c| c == name)).peekable();
        rows.peek().is_none() || rows.any(|row| row.module == floor)
    }
}
