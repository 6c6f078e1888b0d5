//! Rows of cells under one another: columns as wide as their widest cell, and
//! none at all where every cell is empty.

use console::measure_text_width;

use crate::report::escape::escape;
use crate::report::style::{Style, Tint};

/// A piece of a row: escaped, and painted only after it was padded.
#[derive(Clone, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tint: Option<Tint>,
}

impl Cell {
    pub(super) fn new(text: impl AsRef<str>) -> Self {
        Self { text: escape(text.as_ref()).into_owned(), tint: None }
    }

    pub(super) fn tinted(text: impl AsRef<str>, tint: Tint) -> Self {
        Self { tint: Some(tint), ..Self::new(text) }
    }
}

/// Cells at their columns, painted; trailing blanks stay.
pub(super) fn row(cells: &[Cell], widths: &[usize], gaps: &[usize], style: &Style) -> String {
    let mut line = String::new();
    for (position, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let painted = cell.tint.map_or_else(|| cell.text.clone(), |tint| style.paint(tint, &cell.text));
        line.push_str(&painted);
        let gap = if position + 1 == cells.len() { 0 } else { gaps.get(position).copied().unwrap_or(0) };
        // An empty column takes no room at all.
        let gap = if *width == 0 { 0 } else { gap };
        line.push_str(&" ".repeat(width.saturating_sub(measure_text_width(&cell.text)) + gap));
    }
    line
}

/// The widest cell of each column.
pub(super) fn widths<'a>(rows: impl Iterator<Item = &'a Vec<Cell>>) -> Vec<usize> {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(measure_text_width(&cell.text));
        }
    }
    widths
}

/// The width of a row: its columns and the gaps between those that are not empty.
pub(super) fn total(widths: &[usize], gaps: &[usize]) -> usize {
    let columns = widths.iter().zip(gaps).enumerate();
    columns
        .map(|(position, (width, gap))| if *width == 0 || position + 1 == widths.len() { *width } else { width + gap })
        .sum()
}
