//! Rows and cells become lines: a grid of data reads `項目 | 値`, a table that only arranges the page reads as blocks.
//!
//! *Security.* Linear in the text of the cells; the depth of nested tables is bounded by the caller.

/// A cell's text and what is known of it.
#[derive(Debug)]
pub(super) struct Cell {
    /// Finished lines.
    pub(super) text: String,
    /// Whether another table is inside.
    pub(super) complex: bool,
    /// `rowspan`, at most 100.
    pub(super) rows: u32,
    /// `colspan`, at most 20.
    pub(super) columns: u32,
}

/// A table while it is read.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Its rows.
    pub(super) rows: Vec<Vec<Cell>>,
    /// `role=presentation`.
    pub(super) presentation: bool,
    /// It has header cells or a border.
    pub(super) ruled: bool,
}

/// A piece of the finished table: text, and whether blank lines belong around it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) apart: bool,
}

/// Longest cell that may stand beside others on a line of a table without rules.
const BESIDE_MAX: usize = 60;
/// Most lines of a cell that are joined to stay in its row.
const JOINED_LINES_MAX: usize = 6;

impl Table {
    /// The finished pieces in reading order, and whether they are rows of data.
    pub(super) fn pieces(self) -> (Vec<Piece>, bool) {
        let filled = |row: &&Vec<Cell>| row.iter().filter(|cell| !cell.text.is_empty()).count() >= 2;
        let grid_rows = self.rows.iter().filter(filled).count();
        let holds_tables = self.rows.iter().flatten().any(|cell| cell.complex);
        let grid = !self.presentation && !holds_tables && (self.ruled || grid_rows >= 2) && grid_rows >= 1;
        let mut pieces = Vec::new();
        // Columns that a cell of an earlier row still covers: rows left, by column.
        let mut covered: Vec<u32> = Vec::new();
        for row in self.rows {
            let cells: Vec<String> =
                if grid { spread(row, &mut covered) } else { row.into_iter().map(|c| c.text).collect() };
            push_row(&cells, grid, self.ruled, &mut pieces);
        }
        if grid && let Some(first) = pieces.first_mut() {
            first.apart = true;
        }
        (pieces, grid)
    }
}

/// Puts the cells into their columns: empty texts where a row above reaches down.
fn spread(row: Vec<Cell>, covered: &mut Vec<u32>) -> Vec<String> {
    const COLUMNS_MAX: usize = 200;
    let mut out: Vec<String> = Vec::new();
    for cell in row {
        while out.len() < COLUMNS_MAX && covered.get(out.len()).is_some_and(|left| *left > 0) {
            if let Some(left) = covered.get_mut(out.len()) {
                *left = left.saturating_sub(1);
            }
            out.push(String::new());
        }
        let at = out.len();
        let columns = usize::try_from(cell.columns.max(1)).unwrap_or(1);
        if cell.rows > 1 && at < COLUMNS_MAX {
            if covered.len() < at.saturating_add(columns) {
                covered.resize(at.saturating_add(columns), 0);
            }
            for left in covered.iter_mut().skip(at).take(columns) {
                *left = cell.rows.saturating_sub(1);
            }
        }
        out.push(cell.text);
        if out.len() < COLUMNS_MAX {
            out.extend(std::iter::repeat_n(String::new(), columns.saturating_sub(1)));
        }
    }
    let reached = out.len();
    for left in covered.iter_mut().skip(reached) {
        *left = left.saturating_sub(1);
    }
    out
}

fn push_row(cells: &[String], grid: bool, ruled: bool, pieces: &mut Vec<Piece>) {
    let filled: Vec<&String> = cells.iter().filter(|cell| !cell.is_empty()).collect();
    let Some(first) = filled.first() else { return };
    if filled.len() == 1 && !(grid && cells.first().is_some_and(String::is_empty)) {
        pieces.push(Piece { text: (*first).clone(), apart: first.contains('\n') });
        return;
    }
    let lines = |cell: &str| cell.lines().count();
    let fits = if grid {
        filled.iter().all(|cell| lines(cell) <= JOINED_LINES_MAX)
            && (ruled || filled.iter().all(|c| c.chars().count() <= 200))
    } else {
        filled.iter().all(|cell| lines(cell) == 1 && cell.chars().count() <= BESIDE_MAX)
    };
    if !fits {
        pieces
            .extend(filled.into_iter().map(|cell| Piece { text: cell.clone(), apart: cell.contains('\n') }));
        return;
    }
    let joined =
        |cell: &String| cell.lines().map(str::trim).filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" / ");
    let texts: Vec<String> = if grid {
        let end = cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |at| at.saturating_add(1));
        cells.iter().take(end).map(joined).collect()
    } else {
        filled.into_iter().map(joined).collect()
    };
    pieces.push(Piece { text: texts.join(" | "), apart: false });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[&str]]) -> Table {
        let cell = |text: &&str| Cell { text: (*text).to_owned(), complex: false, rows: 1, columns: 1 };
        Table { rows: rows.iter().map(|row| row.iter().map(cell).collect()).collect(), ..Table::default() }
    }

    fn text(table: Table) -> String {
        table.pieces().0.into_iter().map(|piece| piece.text).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn grids_read_as_rows_and_layout_as_blocks() {
        assert_eq!(
            text(table(&[&["日時", "4月1日\n10時"], &["場所", "", "本庁"]])),
            "日時 | 4月1日 / 10時\n場所 |  | 本庁"
        );
        assert_eq!(text(table(&[&["", "a\nb", ""]])), "a\nb");
        assert_eq!(text(table(&[&["a\nb", "c"]])), "a\nb\nc");
        assert_eq!(text(table(&[&["ホーム", "", "商品"]])), "ホーム | 商品");
    }

    #[test]
    fn a_cell_that_reaches_down_keeps_the_columns() {
        let mut spanned = table(&[&["午前", "A"], &["B"], &["午後", "C"]]);
        spanned.rows[0][0].rows = 2;
        assert_eq!(text(spanned), "午前 | A\n | B\n午後 | C");
    }
}
