//! Tables as Markdown, and numbers as people read them.

use std::time::Duration;

/// A table to be printed.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new<const N: usize>(heads: [&str; N]) -> Self {
        Self {
            rows: vec![heads.map(str::to_owned).to_vec()],
        }
    }

    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// The first column to the left, numbers to the right.
    pub fn print(&self, title: &str) {
        println!("\n### {title}\n");
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (number, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).enumerate();
            let line: String = cells
                .map(|(column, (cell, &width))| match column {
                    0 => format!("| {cell:<width$} "),
                    _ => format!("| {cell:>width$} "),
                })
                .collect();
            println!("{line}|");
            if number == 0 {
                let rules = widths.iter().enumerate();
                let rule: String = rules
                    .map(|(column, &width)| match column {
                        0 => format!("|{:-<1$}", "", width + 2),
                        _ => format!("|{:->1$}", ":", width + 2),
                    })
                    .collect();
                println!("{rule}|");
            }
        }
    }
}

/// Three digits that mean something; a dash for nothing.
pub fn number(value: f64) -> String {
    match value.abs() {
        size if !size.is_finite() || size == 0.0 => "–".to_owned(),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// Seconds as milliseconds.
pub fn ms(seconds: f64) -> String {
    number(seconds * 1e3)
}

/// Seconds as microseconds.
pub fn us(seconds: f64) -> String {
    number(seconds * 1e6)
}

/// A latency in milliseconds.
pub fn latency(time: Duration) -> String {
    ms(time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let shown = [0.0, 0.123, 1.234, 12.34, 123.4, 1234.0, f64::NAN].map(number);
        assert_eq!(shown, ["–", "0.12", "1.23", "12.3", "123", "1234", "–"]);
        assert_eq!(us(0.000_25), "250");
    }
}
