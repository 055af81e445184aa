//! Headers, footers and page numbers: lines at the edge of a page that stand on its neighbours as well.
//!
//! Numbers in them may differ, and so may what the pages left and right of the fold say: a line is
//! repeated if pages near it have the same, with `#` for numbers, at the same height.

use std::collections::HashMap;

use super::Page;
use super::columns::Line;

/// Lines at the top, and at the bottom, that are looked at.
const EDGE_LINES: usize = 3;
/// They lie within this share of the page's height from its edge.
const EDGE_SHARE: f32 = 0.16;
/// On so many pages of a neighbourhood it stands for what repeats.
const MOST_APART: usize = 4;
/// Points that the same line may be higher or lower on another page.
const SAME_HEIGHT: f32 = 6.0;
/// Longer lines are text, whatever repeats them.
const MOST_CHARS: usize = 160;

/// Moves what repeats out of the lines of its page.
pub fn set_aside(pages: &mut [Page]) {
    // Where lines that say the same stand: page and height.
    let mut places: HashMap<String, Vec<(usize, f32)>> = HashMap::new();
    for (index, page) in pages.iter().enumerate() {
        for at in edges(page) {
            let line = &page.lines[at];
            let key = key(&line.text, index);
            places.entry(key).or_default().push((index, line.y));
        }
    }
    let few = match pages.len() {
        0..=2 => 2,
        _ => 3,
    };
    let running = running_numbers(pages);
    for index in 0..pages.len() {
        let page = &pages[index];
        let is_repeated = |at: &usize| {
            let line = &page.lines[*at];
            let few = if key(&line.text, index) == "#" {
                2
            } else {
                few
            };
            let counts = |same: &[(usize, f32)]| count_near(same, index, line.y) >= few;
            counts(&places[&key(&line.text, index)])
                || numbers(line, index).any(|offset| counts(&running[&offset]))
        };
        let found: Vec<usize> = edges(page).into_iter().filter(is_repeated).collect();
        let page = &mut pages[index];
        for at in found.into_iter().rev() {
            let line = page.lines.remove(at);
            page.upright -= 1;
            page.repeated.insert(0, line.text);
        }
    }
}

/// How many of `same` stand at a height on pages near one. Alternating pages count too.
fn count_near(same: &[(usize, f32)], index: usize, height: f32) -> usize {
    let from = same.partition_point(|(other, _)| *other + 2 * MOST_APART < index);
    let near = same[from..].iter();
    let near = near.take_while(|(other, _)| *other <= index + 2 * MOST_APART);
    near.filter(|(_, y)| (y - height).abs() <= SAME_HEIGHT)
        .count()
}

/// Where lines stand that have a number in them which grows with the pages, by how far it is ahead of
/// them: the heads of chapters, each of which may have too few pages for its name to repeat.
fn running_numbers(pages: &[Page]) -> HashMap<i64, Vec<(usize, f32)>> {
    let mut running: HashMap<i64, Vec<(usize, f32)>> = HashMap::new();
    for (index, page) in pages.iter().enumerate() {
        for at in edges(page) {
            let line = &page.lines[at];
            for offset in numbers(line, index) {
                running.entry(offset).or_default().push((index, line.y));
            }
        }
    }
    running
}

/// The number that a line begins or ends with, less the page's.
fn numbers(line: &Line, index: usize) -> impl Iterator<Item = i64> {
    let words = || line.text.split_whitespace();
    let number = |word: Option<&str>| word.and_then(|word| word.parse::<u32>().ok());
    let (first, last) = (number(words().next()), number(words().next_back()));
    let last = last.filter(|_| last != first);
    let offset = move |number: u32| i64::from(number) - index as i64;
    first.into_iter().chain(last).map(offset)
}

/// The lines near the upper and the lower edge, in their order.
fn edges(page: &Page) -> Vec<usize> {
    let lines = page.lines.iter().take(page.upright).enumerate();
    let mut by_height: Vec<(usize, f32)> = lines
        .filter(|(_, line)| line.text.chars().count() <= MOST_CHARS)
        .map(|(at, line)| (at, line.y))
        .collect();
    by_height.sort_by(|a, b| a.1.total_cmp(&b.1));
    let edge = page.height * EDGE_SHARE;
    let top = by_height
        .iter()
        .take(EDGE_LINES)
        .filter(|(_, y)| *y <= edge);
    let bottom = by_height
        .iter()
        .rev()
        .take(EDGE_LINES)
        .filter(|(_, y)| *y >= page.height - edge);
    let mut found: Vec<usize> = top.chain(bottom).map(|(at, _)| *at).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// What a line says, whatever its numbers are.
fn key(text: &str, index: usize) -> String {
    let mut key = String::new();
    for word in text.split_whitespace() {
        let word =
            word.trim_matches(|c: char| matches!(c, '-' | '–' | '—' | '·' | '|' | '[' | ']'));
        let is_number = !word.is_empty() && word.chars().all(|c| c.is_numeric());
        let is_roman = !word.is_empty()
            && word.len() <= 8
            && index < 100
            && word.chars().all(|c| "ivxlc".contains(c));
        if is_number || is_roman {
            key.push('#');
        } else {
            let letters = word.chars().map(|c| if c.is_numeric() { '#' } else { c });
            key.extend(letters.flat_map(char::to_lowercase));
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lines: &[(&str, f32)]) -> Page {
        let lines = lines.iter().map(|(text, y)| Line {
            text: (*text).to_owned(),
            y: *y,
            ..Line::default()
        });
        Page {
            lines: lines.collect(),
            upright: 4,
            height: 800.0,
            ..Page::default()
        }
    }

    #[test]
    fn headers_and_numbers_are_set_aside_and_text_stays() {
        let mut pages: Vec<_> = (1..=8)
            .map(|n| {
                let header = if n % 2 == 0 { "THE WHALE" } else { "LOOMINGS" };
                let (number, text) = (format!("– {n} –"), format!("Said number {n}."));
                page(&[
                    (header, 40.0),
                    (&text, 60.0),
                    ("Yes.", 400.0),
                    (&number, 770.0),
                ])
            })
            .collect();
        pages[3].lines[1].text = "Call me Ishmael.".into();
        set_aside(&mut pages);
        for (at, page) in pages.iter().enumerate() {
            assert_eq!(page.repeated.len(), if at == 3 { 2 } else { 3 }, "{page:?}");
        }
        assert_eq!(pages[3].lines[0].text, "Call me Ishmael.");
    }
}
