//! Printing for people: tables whose columns line up although Chinese characters are two cells wide.

use std::fmt::Write;

/// Cells a text takes on a terminal.
pub(crate) fn cells(text: &str) -> usize {
    text.chars().map(|c| if c as u32 >= 0x1100 && !"−≤✓✗".contains(c) { 2 } else { 1 }).sum()
}

/// A table; columns whose name ends in `>` are right-aligned.
pub(crate) fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let names: Vec<&str> = columns.iter().map(|c| c.trim_end_matches('>')).collect();
    let widths: Vec<usize> = (0..columns.len())
        .map(|at| rows.iter().map(|row| cells(&row[at])).chain([cells(names[at])]).max().unwrap_or(0))
        .collect();
    let line = |values: &[&str]| {
        let mut out = String::new();
        for (at, value) in values.iter().enumerate() {
            let pad = " ".repeat(widths[at] - cells(value));
            let gap = if at == 0 { "" } else { "  " };
            let _ = if columns[at].ends_with('>') {
                write!(out, "{gap}{pad}{value}")
            } else {
                write!(out, "{gap}{value}{pad}")
            };
        }
        out.trim_end().to_owned() + "\n"
    };
    let rule: Vec<String> = widths.iter().map(|w| "-".repeat(*w)).collect();
    let mut out = line(&names) + &rule.join("  ") + "\n";
    for row in rows {
        out.push_str(&line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    out
}

/// Bytes as upper-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

/// A number with thousands separators.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
