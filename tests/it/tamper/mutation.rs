//! One random edit of the ledger file, below everything that knows what its rows mean: a bit, a byte, a number, a row, two rows, two
//! columns. The same seed gives the same edit of the same file.

use rusqlite::types::{Type, Value, ValueRef};
use rusqlite::{Connection, params_from_iter};

/// The tables that verification looks at without `--deep`.
pub(super) const TABLES: [&str; 6] = ["ledgers", "entries", "payloads", "tiles", "checkpoints", "documents"];

/// Numbers in no order, the same for the same seed (SplitMix64).
pub(super) struct Chance(pub(super) u64);

impl Chance {
    /// Below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bound = u64::try_from(bound).unwrap();
        usize::try_from((mixed ^ (mixed >> 31)) % bound).unwrap()
    }

    fn of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

/// A value, and what it is; of a text, its bytes.
type Cell = (Type, Value);

/// A table's columns: the first so many are its key.
struct Table {
    name: &'static str,
    columns: Vec<String>,
    key: usize,
}

impl Table {
    fn of(connection: &Connection, name: &'static str) -> Self {
        // STRICT tables whose keys come first, in the order of the columns.
        let mut statement = connection.prepare_cached("SELECT name, pk > 0 FROM pragma_table_info(?1) ORDER BY cid").unwrap();
        let columns: Vec<(String, bool)> =
            statement.query_map([name], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect();
        let key = columns.iter().filter(|(_, is_key)| *is_key).count();
        Self { name, columns: columns.into_iter().map(|(column, _)| column).collect(), key }
    }

    /// Texts as bytes: what is no UTF-8 any more is edited again, too.
    fn row(&self, connection: &Connection, chance: &mut Chance) -> Option<Vec<Cell>> {
        let count: i64 = connection.query_row(&format!("SELECT count(*) FROM {}", self.name), [], |r| r.get(0)).unwrap();
        let at = chance.below(usize::try_from(count).ok().filter(|count| *count > 0)?);
        let sql = format!("SELECT * FROM {} ORDER BY {} LIMIT 1 OFFSET {at}", self.name, self.columns[..self.key].join(", "));
        let read = |row: &rusqlite::Row<'_>| {
            let value = |at: usize| {
                let value = row.get_ref(at)?;
                Ok(match value {
                    ValueRef::Text(bytes) => (Type::Text, Value::Blob(bytes.to_vec())),
                    other => (other.data_type(), other.try_into().unwrap()),
                })
            };
            (0..self.columns.len()).map(value).collect()
        };
        connection.query_row(&sql, [], read).ok()
    }

    fn write(connection: &Connection, sql: &str, set: &[&Cell], rows: &[Cell]) -> bool {
        let values = set.iter().copied().chain(rows).map(|(_, value)| value);
        connection.execute(sql, params_from_iter(values)).is_ok_and(|changed| changed > 0)
    }

    /// Sets columns of the row that had these values.
    fn update(&self, connection: &Connection, row: &[Cell], columns: &[usize], to: &[&Cell]) -> bool {
        let set: Vec<String> = columns.iter().zip(to).map(|(column, to)| format!("{} = {}", self.columns[*column], place(to))).collect();
        let keys: Vec<String> = self.columns[..self.key].iter().map(|column| format!("{column} = ?")).collect();
        let sql = format!("UPDATE {} SET {} WHERE {}", self.name, set.join(", "), keys.join(" AND "));
        Self::write(connection, &sql, to, &row[..self.key])
    }

    fn delete(&self, connection: &Connection, row: &[Cell]) -> bool {
        let keys: Vec<String> = self.columns[..self.key].iter().map(|column| format!("{column} = ?")).collect();
        Self::write(connection, &format!("DELETE FROM {} WHERE {}", self.name, keys.join(" AND ")), &[], &row[..self.key])
    }

    fn insert(&self, connection: &Connection, row: &[Cell]) -> bool {
        let places: Vec<&str> = row.iter().map(place).collect();
        let sql = format!("INSERT INTO {} VALUES ({})", self.name, places.join(", "));
        Self::write(connection, &sql, &row.iter().collect::<Vec<_>>(), &[])
    }
}

fn place((kind, _): &Cell) -> &'static str {
    if *kind == Type::Text { "CAST(? AS TEXT)" } else { "?" }
}

/// Edits something, and says what; nothing if the file would not take it, or would be as before.
pub(super) fn mutate(connection: &Connection, chance: &mut Chance) -> Option<String> {
    let table = Table::of(connection, chance.of::<&str>(&TABLES));
    let row = table.row(connection, chance)?;
    let what = match chance.below(10) {
        0..5 => edit_value(&table, connection, &row, chance)?,
        5 => table.delete(connection, &row).then(|| "a row is removed".to_owned())?,
        6 => {
            let mut again = row.clone();
            let key = table.key - 1;
            again[key] = edited(&again[key], chance)?;
            table.insert(connection, &again).then(|| format!("a row is put in again under {:?}", again[key].1))?
        }
        7 => {
            let other = table.row(connection, chance).filter(|other| *other != row)?;
            let columns: Vec<usize> = (table.key..table.columns.len()).collect();
            exchange(&table, connection, (&row, &other), &columns)
                .then(|| format!("a row changes places with that of {:?}", key(&table, &other)))?
        }
        8 => {
            let other = table.row(connection, chance).filter(|other| *other != row)?;
            let column = table.key + chance.below((table.columns.len() - table.key).max(1));
            exchange(&table, connection, (&row, &other), &[column])
                .then(|| format!("{} is exchanged with that of {:?}", table.columns[column], key(&table, &other)))?
        }
        _ => {
            let (one, two) = (chance.below(row.len()), chance.below(row.len()));
            (row[one] != row[two] && table.update(connection, &row, &[one, two], &[&row[two], &row[one]]))
                .then(|| format!("{} and {} are exchanged", table.columns[one], table.columns[two]))?
        }
    };
    Some(format!("{} {:?}: {what}", table.name, key(&table, &row)))
}

fn key<'r>(table: &Table, row: &'r [Cell]) -> Vec<&'r Value> {
    row[..table.key].iter().map(|(_, value)| value).collect()
}

fn exchange(table: &Table, connection: &Connection, (one, two): (&[Cell], &[Cell]), columns: &[usize]) -> bool {
    let of = |row: &'_ [Cell]| columns.iter().filter_map(|column| row.get(*column).cloned()).collect::<Vec<_>>();
    let (ones, twos) = (of(one), of(two));
    if ones == twos {
        return false;
    }
    // A column that must be unique refuses the first of the two.
    table.update(connection, one, columns, &twos.iter().collect::<Vec<_>>())
        && table.update(connection, two, columns, &ones.iter().collect::<Vec<_>>())
}

fn edit_value(table: &Table, connection: &Connection, row: &[Cell], chance: &mut Chance) -> Option<String> {
    let column = chance.below(row.len());
    let to = edited(&row[column], chance)?;
    let what = format!("{} becomes {}", table.columns[column], shown(&to));
    table.update(connection, row, &[column], &[&to]).then_some(what)
}

/// The same value with something else in it.
fn edited((kind, value): &Cell, chance: &mut Chance) -> Option<Cell> {
    let to = match value {
        Value::Integer(number) => {
            let by = i64::try_from(chance.below(300)).unwrap();
            let (more, less, far) = (number.wrapping_add(1), number.wrapping_sub(1), number.wrapping_add(by));
            Value::Integer(*chance.of(&[more, less, far, number ^ (1 << (by % 62)), number.wrapping_neg(), 0, i64::MAX, i64::MIN]))
        }
        Value::Blob(bytes) if !bytes.is_empty() => {
            let mut bytes = bytes.clone();
            let at = chance.below(bytes.len());
            match chance.below(6) {
                0..3 => bytes[at] ^= 1 << chance.below(8),
                3 => bytes[at] = u8::try_from(chance.below(256)).unwrap(),
                4 => bytes.insert(at, u8::try_from(chance.below(256)).unwrap()),
                _ => drop(bytes.remove(at)),
            }
            Value::Blob(bytes)
        }
        Value::Null => return Some((Type::Text, Value::Blob(b"{}".to_vec()))),
        _ => return None,
    };
    (to != *value).then_some((*kind, to))
}

fn shown((_, value): &Cell) -> String {
    match value {
        Value::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => format!("{other:?}"),
    }
}
