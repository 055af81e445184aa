//! Rows to lines in reading order: where a page has columns, one after the other.
//!
//! A column is parted from the next by a gutter: room that stays free over several rows. From the top, rows
//! are gathered while they leave the same room free; the first that does not (a heading across the page, a
//! wide picture's caption) ends the band. Inside a column the same is done again. Text with gutters whose
//! columns are short words is a table, and is read row by row. The recursive cuts are Nagy's X-Y tree
//! (1984), the free room Breuel's (2002), without their search for the best of all cuts: rows come from
//! the top, and books have few columns.

use super::rows::{Row, Word};
use super::script;

/// Distances are in sizes of the font.
/// A gutter is at least so wide. Spaces are a third, and those of a full line seldom above a half.
const GUTTER: f32 = 0.9;
/// Fewer rows side by side are no columns.
const FEW_ROWS: usize = 4;
/// Columns of prose are filled to this share on the median line; tables are not.
const FILLED: f32 = 0.6;
/// Words on the median line of prose.
const FEW_WORDS: f32 = 3.0;
/// Narrower than this there are no columns of prose.
const NARROW: f32 = 8.0;
/// Gutters inside columns inside gutters.
const MOST_NESTED: u32 = 4;

/// A line of a column, as it is read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line {
    pub text: String,
    pub left: f32,
    pub right: f32,
    pub y: f32,
    pub size: f32,
    /// The column it stands in: lines of another are no neighbours of it.
    pub column: u32,
    /// Where the column's text begins and ends.
    pub column_left: f32,
    pub column_right: f32,
    pub is_right_to_left: bool,
    /// A row of a table, which is no part of a paragraph.
    pub is_row: bool,
}

/// Lines in the order they are read.
pub fn in_order(rows: Vec<Row>) -> Vec<Line> {
    let units = rows
        .iter()
        .flat_map(|row| &row.words)
        .flat_map(|word| &word.units);
    let mut reader = Reader {
        lines: Vec::new(),
        column: 0,
        right_to_left: script::is_right_to_left(units.map(String::as_str)),
    };
    reader.read(rows, 0);
    reader.lines
}

struct Reader {
    lines: Vec<Line>,
    column: u32,
    right_to_left: bool,
}

/// Free room from left to right.
type Room = (f32, f32);

impl Reader {
    fn read(&mut self, rows: Vec<Row>, nested: u32) {
        if nested >= MOST_NESTED {
            return self.plain(rows, false);
        }
        let (left, right) = extent(&rows);
        let mut plain: Vec<Row> = Vec::new();
        let mut rest: Vec<Row> = rows;
        while !rest.is_empty() {
            // The longest run of rows from here that leaves some room free between them.
            let mut free = vec![(left, right)];
            let mut len = 0;
            let mut gutters = Vec::new();
            for (at, row) in rest.iter().enumerate() {
                free = common(&free, &free_in(row, left, right));
                let inner = inner(&free, &rest[..=at]);
                if free.is_empty() || (inner.is_empty() && !gutters.is_empty()) {
                    break;
                }
                gutters = inner;
                len = at + 1;
            }
            if gutters.is_empty() || len < FEW_ROWS {
                plain.push(rest.remove(0));
                continue;
            }
            let tail = rest.split_off(len);
            let band = std::mem::replace(&mut rest, tail);
            let columns = split(&band, &gutters);
            match kind(&columns, &band) {
                Columns::Prose => {
                    self.plain(std::mem::take(&mut plain), false);
                    self.columns(columns, nested);
                }
                Columns::Table => {
                    // What stands over a table, and is short, leaves its gutters free as well.
                    let over = band
                        .iter()
                        .take_while(|row| is_in_one(row, &gutters))
                        .count();
                    let mut table = band;
                    plain.extend(table.drain(..over));
                    self.plain(std::mem::take(&mut plain), false);
                    self.plain(table, true);
                }
                Columns::None => plain.extend(band),
            }
        }
        self.plain(plain, false);
    }

    fn columns(&mut self, mut columns: Vec<Vec<Row>>, nested: u32) {
        if self.right_to_left {
            columns.reverse();
        }
        for column in columns {
            self.read(column, nested + 1);
        }
    }

    fn plain(&mut self, rows: Vec<Row>, is_table: bool) {
        if rows.is_empty() {
            return;
        }
        self.column += 1;
        let (column_left, column_right) = extent(&rows);
        for row in rows {
            let (left, right) = extent(std::slice::from_ref(&row));
            let units = row
                .words
                .iter()
                .flat_map(|word| &word.units)
                .map(String::as_str);
            let is_right_to_left = script::is_right_to_left(units);
            self.lines.push(Line {
                text: text(&row, is_right_to_left, is_table),
                left,
                right,
                y: row.y,
                size: row.size,
                column: self.column,
                column_left,
                column_right,
                is_right_to_left,
                is_row: is_table,
            });
        }
    }
}

/// The words of a row as they are read; cells of a table further apart.
fn text(row: &Row, is_right_to_left: bool, is_table: bool) -> String {
    let mut units: Vec<&str> = Vec::new();
    let mut last: Option<&Word> = None;
    for word in &row.words {
        if let Some(last) = last {
            let is_gap = is_table && word.left - last.right > GUTTER * row.size;
            units.push(if is_gap { " | " } else { " " });
        }
        units.extend(word.units.iter().map(String::as_str));
        last = Some(word);
    }
    script::composed(&script::in_reading_order(&units, is_right_to_left))
}

fn extent(rows: &[Row]) -> Room {
    let words = rows.iter().flat_map(|row| &row.words);
    words.fold((f32::MAX, f32::MIN), |(left, right), word| {
        (left.min(word.left), right.max(word.right))
    })
}

/// Where a row leaves room for a gutter, margins included.
fn free_in(row: &Row, left: f32, right: f32) -> Vec<Room> {
    let mut free = Vec::new();
    let mut from = left - row.size * GUTTER; // the margins, so that short lines leave room beside them
    for word in &row.words {
        if word.left - from >= GUTTER * row.size {
            free.push((from, word.left));
        }
        from = from.max(word.right);
    }
    let end = right + row.size * GUTTER;
    if end - from >= GUTTER * row.size {
        free.push((from, end));
    }
    free
}

/// Room that is free in both.
fn common(some: &[Room], others: &[Room]) -> Vec<Room> {
    let mut common = Vec::new();
    for a in some {
        for b in others {
            let room = (a.0.max(b.0), a.1.min(b.1));
            if room.1 - room.0 > 0.5 {
                common.push(room);
            }
        }
    }
    common
}

/// Room with text on both sides.
fn inner(free: &[Room], rows: &[Row]) -> Vec<Room> {
    let (left, right) = extent(rows);
    let size = rows.iter().map(|row| row.size).fold(0.0, f32::max);
    let wide = |room: &&Room| room.1 - room.0 >= GUTTER * size.min(12.0);
    let inner = free
        .iter()
        .filter(wide)
        .filter(|room| room.0 > left && room.1 < right);
    inner.copied().collect()
}

/// The rows of each column.
fn split(rows: &[Row], gutters: &[Room]) -> Vec<Vec<Row>> {
    let mut columns: Vec<Vec<Row>> = vec![Vec::new(); gutters.len() + 1];
    for row in rows {
        let mut parts: Vec<Vec<Word>> = vec![Vec::new(); gutters.len() + 1];
        for word in &row.words {
            let at = gutters
                .iter()
                .filter(|room| word.left >= room.1 - 0.5)
                .count();
            parts[at].push(word.clone());
        }
        for (column, words) in columns.iter_mut().zip(parts) {
            if !words.is_empty() {
                let size = words.iter().map(|word| word.size).fold(0.0, f32::max);
                let y = row.y;
                column.push(Row { y, size, words });
            }
        }
    }
    columns.retain(|column| !column.is_empty());
    columns
}

fn is_in_one(row: &Row, gutters: &[Room]) -> bool {
    let column = |word: &Word| {
        gutters
            .iter()
            .filter(|room| word.left >= room.1 - 0.5)
            .count()
    };
    row.words
        .windows(2)
        .all(|pair| column(&pair[0]) == column(&pair[1]))
}

enum Columns {
    Prose,
    Table,
    None,
}

fn kind(columns: &[Vec<Row>], band: &[Row]) -> Columns {
    if columns.len() < 2 || columns.iter().any(|column| column.len() < 2) {
        return Columns::None;
    }
    let tall = || columns.iter().filter(|column| column.len() >= FEW_ROWS);
    if tall().count() >= 1 && tall().all(|column| is_prose(column)) {
        return Columns::Prose;
    }
    // Cells stand beside cells: in most rows there is more than one.
    let beside = columns.iter().map(Vec::len).sum::<usize>() as f32 / band.len() as f32;
    match beside >= 1.5 {
        true => Columns::Table,
        false => Columns::None,
    }
}

/// Lines that fill their column, of several words each.
fn is_prose(column: &[Row]) -> bool {
    let (left, right) = extent(column);
    let width = right - left;
    let filled = column.iter().map(|row| {
        let (left, right) = extent(std::slice::from_ref(row));
        (right - left) / width
    });
    let words = column.iter().map(|row| {
        let units = row.words.iter().flat_map(|word| &word.units);
        let dense = units
            .filter(|unit| unit.chars().all(script::is_dense))
            .count();
        (row.words.len() + dense / 2) as f32
    });
    median(filled.collect()) >= FILLED
        && median(words.collect()) >= FEW_WORDS
        && width >= NARROW * column[0].size
}

fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of words of five units, 10 points each, at columns of text.
    fn page(rows: &[&str]) -> Vec<Row> {
        let rows = rows.iter().enumerate().map(|(at, row)| {
            let mut words = Vec::new();
            let mut from = 0;
            for word in row.split(' ') {
                if !word.is_empty() {
                    let left = from as f32 * 5.0;
                    words.push(Word {
                        left,
                        right: left + 5.0 * word.len() as f32,
                        size: 10.0,
                        units: word.chars().map(String::from).collect(),
                    });
                }
                from += word.len() + 1;
            }
            Row {
                y: at as f32 * 12.0,
                size: 10.0,
                words,
            }
        });
        rows.collect()
    }

    #[track_caller]
    fn check(rows: &[&str], expected: &[&str]) {
        let lines = in_order(page(rows));
        let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn columns_are_read_one_after_the_other() {
        check(
            &[
                "a heading that goes across both of the columns",
                "one one one one one one     six six six six six six",
                "two two two two two two     sev sev sev sev sev sev",
                "thr thr thr thr thr thr     eig eig eig eig eig eig",
                "fou fou fou fou fou fou     nin nin nin nin nin nin",
                "five",
            ],
            &[
                "a heading that goes across both of the columns",
                "one one one one one one",
                "two two two two two two",
                "thr thr thr thr thr thr",
                "fou fou fou fou fou fou",
                "five",
                "six six six six six six",
                "sev sev sev sev sev sev",
                "eig eig eig eig eig eig",
                "nin nin nin nin nin nin",
            ],
        );
    }

    #[test]
    fn tables_are_read_row_by_row() {
        check(
            &[
                "a     one     4",
                "bb    two     5",
                "c     three   6",
                "dddd  four    7",
            ],
            &[
                "a | one | 4",
                "bb | two | 5",
                "c | three | 6",
                "dddd | four | 7",
            ],
        );
    }

    #[test]
    fn lines_of_one_column_stay_as_they_are() {
        let rows = [
            "some words that fill it",
            "and",
            "so on and so on and on",
            "x y",
            "the end of it all",
        ];
        check(&rows, &rows);
    }
}
