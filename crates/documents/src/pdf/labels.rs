//! What is printed on pages as their numbers: "xii", "A-3", "117".

use std::collections::{BTreeMap, HashSet};

use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::object::{Array, Dict, Name, Object, ObjectIdentifier};

use super::contents;

/// Nodes of a tree in the file. One has a few dozen entries; more nodes than pages are no tree.
const MOST_NODES: usize = 100_000;
/// Characters of a prefix.
const MOST_PREFIX: usize = 32;

/// The label of every page.
pub fn labels(pdf: &Pdf) -> Vec<String> {
    let all = pdf.pages().len();
    let ranges = ranges(pdf);
    let mut labels = Vec::with_capacity(all);
    for index in 0..all {
        let range = ranges.range(..=index as u32).next_back();
        let label = range.map(|(first, range)| {
            let number = range.start.saturating_add(index as u32 - first);
            format!("{}{}", range.prefix, written(number, range.style))
        });
        let label = label.filter(|label| !label.trim().is_empty());
        labels.push(label.unwrap_or_else(|| (index + 1).to_string()));
    }
    labels
}

struct Range {
    prefix: String,
    style: u8,
    start: u32,
}

fn ranges(pdf: &Pdf) -> BTreeMap<u32, Range> {
    let mut ranges = BTreeMap::new();
    let Some(catalog) = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id()) else {
        return ranges;
    };
    let mut rest: Vec<Dict> = catalog.get::<Dict<'_>>(b"PageLabels").into_iter().collect();
    let mut seen: HashSet<ObjectIdentifier> = HashSet::new();
    let mut nodes = 0;
    while let Some(node) = rest.pop() {
        nodes += 1;
        let is_new = node.obj_id().is_none_or(|id| seen.insert(id));
        if nodes > MOST_NODES || !is_new {
            continue;
        }
        if let Some(kids) = node.get::<Array<'_>>(b"Kids") {
            rest.extend(kids.iter::<Dict<'_>>().take(MOST_NODES));
        }
        let Some(numbers) = node.get::<Array<'_>>(b"Nums") else {
            continue;
        };
        let mut numbers = numbers.iter::<Object<'_>>();
        while let (Some(first), Some(range)) = (numbers.next(), numbers.next()) {
            let first = first.into_i32().and_then(|first| u32::try_from(first).ok());
            if let (Some(first), Some(range)) = (first, range.into_dict()) {
                ranges.insert(first, read(&range));
            }
        }
    }
    ranges
}

fn read(range: &Dict) -> Range {
    let prefix = contents::said(range, b"P").unwrap_or_default();
    let style = range
        .get::<Name<'_>>(b"S")
        .and_then(|style| style.first().copied());
    let start = range
        .get::<i32>(b"St")
        .and_then(|start| u32::try_from(start).ok());
    Range {
        prefix: prefix.chars().take(MOST_PREFIX).collect(),
        style: style.unwrap_or(0),
        start: start.unwrap_or(1),
    }
}

fn written(number: u32, style: u8) -> String {
    match style {
        b'D' => number.to_string(),
        b'R' => roman(number),
        b'r' => roman(number).to_lowercase(),
        b'A' => letters(number, b'A'),
        b'a' => letters(number, b'a'),
        _ => String::new(), // only the prefix
    }
}

/// "XIV". Above four thousand there are no Roman numbers.
pub fn roman(number: u32) -> String {
    const SIGNS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if !(1..4000).contains(&number) {
        return number.to_string();
    }
    let (mut rest, mut roman) = (number, String::new());
    for (value, sign) in SIGNS {
        while rest >= value {
            rest -= value;
            roman += sign;
        }
    }
    roman
}

/// "c" for 3, "cc" for 29.
fn letters(number: u32, first: u8) -> String {
    let at = number.saturating_sub(1);
    let times = (at / 26 + 1).min(MOST_PREFIX as u32);
    char::from(first + (at % 26) as u8)
        .to_string()
        .repeat(times as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(number: u32, style: u8, expected: &str) {
        assert_eq!(written(number, style), expected);
    }

    #[test]
    fn numbers_are_written_as_printed() {
        check(14, b'r', "xiv");
        check(1999, b'R', "MCMXCIX");
        check(29, b'a', "cc");
        check(5000, b'R', "5000");
        check(7, b'D', "7");
        check(7, 0, "");
    }
}
