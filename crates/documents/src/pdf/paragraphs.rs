//! Lines to paragraphs: where one ends, and what becomes of a hyphen at the end of a line.

use std::collections::HashSet;

use super::Page;
use super::columns::Line;
use super::script;

/// Distances are in sizes of the font.
/// A line begins so far right of its column (left, where one reads from the right) to begin a paragraph.
const INDENT: f32 = 0.7;
/// A line ends so far before its column does to end one.
const SHORT: f32 = 3.0;
/// Lines further apart than so many times the usual distance are of two paragraphs.
const APART: f32 = 1.35;
/// The same after a sentence, whatever the usual distance is: few texts are set so wide.
const WIDE: f32 = 1.75;
/// Letters that are larger by this are a heading.
const LARGER: f32 = 1.15;

/// The text of every page.
pub fn texts(pages: &[Page]) -> Vec<String> {
    let words = words(pages);
    pages.iter().map(|page| text(page, &words)).collect()
}

/// Words that stand inside lines: whether "self-" + "same" has its hyphen, the rest of the book tells.
fn words(pages: &[Page]) -> HashSet<&str> {
    let mut words = HashSet::new();
    for line in pages.iter().flat_map(|page| &page.lines) {
        let all: Vec<&str> = line.text.split_whitespace().collect();
        // The first may be the end of a word, the last its beginning.
        let inner = all.get(1..all.len().saturating_sub(1)).unwrap_or_default();
        words.extend(inner.iter().map(|word| bare(word)));
    }
    words
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

fn text(page: &Page, words: &HashSet<&str>) -> String {
    let mut text = String::new();
    let mut last: Option<&Line> = None;
    let spacing = spacing(&page.lines);
    for (at, line) in page.lines.iter().enumerate() {
        match last {
            None => {}
            Some(last) if last.is_row && line.is_row && last.column == line.column => {
                text.push('\n')
            }
            Some(last) if begins(line, last, page.lines.get(at + 1), spacing) => text += "\n\n",
            Some(_) => {
                join(&mut text, &line.text, words);
                last = Some(line);
                continue;
            }
        }
        text += &line.text;
        last = Some(line);
    }
    text
}

/// The usual distance of lines, in sizes of their font.
fn spacing(lines: &[Line]) -> f32 {
    let pairs = lines
        .windows(2)
        .filter(|pair| pair[0].column == pair[1].column);
    let mut distances: Vec<f32> = pairs
        .map(|pair| (pair[1].y - pair[0].y) / pair[0].size)
        .collect();
    distances.retain(|distance| (0.5..4.0).contains(distance));
    distances.sort_by(f32::total_cmp);
    // Not the median: on a page of many short paragraphs, most distances are those between them.
    distances.get(distances.len() / 4).copied().unwrap_or(1.2)
}

/// Whether `line` begins a paragraph after `last`.
fn begins(line: &Line, last: &Line, next: Option<&Line>, spacing: f32) -> bool {
    let size = line.size.max(last.size);
    if line.is_row || last.is_row || size > LARGER * line.size.min(last.size) {
        return true;
    }
    let right_to_left = line.is_right_to_left;
    let indent = |line: &Line| match right_to_left {
        true => line.column_right - line.right,
        false => line.left - line.column_left,
    };
    let room = |line: &Line| match right_to_left {
        true => line.left - line.column_left,
        false => line.column_right - line.right,
    };
    let is_full = room(last) < SHORT * size;
    if line.column != last.column {
        // A paragraph goes on in the next column, unless it has ended.
        return !is_full
            || ends_sentence(&last.text) && indent(line) > INDENT * size
            || starts_item(&line.text)
            || line.column_right - line.column_left > 1.5 * (last.column_right - last.column_left);
    }
    let distance = line.y - last.y;
    let is_wide = distance > WIDE * size && ends_sentence(&last.text);
    if distance < 0.0 || distance > APART * spacing * size || is_wide {
        return true;
    }
    if starts_item(&line.text) && (!is_full || ends_sentence(&last.text)) {
        return true;
    }
    // Verse and addresses: short lines, none of which reaches the end. Of prose, only a last one does not.
    let is_indented =
        indent(line) > INDENT * size && indent(last) < indent(line) - 0.5 * INDENT * size;
    let hangs = next.is_some_and(|next| {
        next.column == line.column && (indent(next) - indent(line)).abs() < 0.3 * size
    });
    if is_indented && !(hangs && is_full && !ends_sentence(&last.text)) {
        return true;
    }
    !is_full && (ends_sentence(&last.text) || room(last) > 8.0 * size)
}

fn ends_sentence(text: &str) -> bool {
    let end = text.trim_end_matches(['"', '\'', '”', '’', '»', ')', ']', '」', '』']);
    end.ends_with([
        '.', '!', '?', ':', ';', '…', '。', '！', '？', '؟', '۔', '।', '：',
    ])
}

/// "• ", "– ", "12. ", "a) ".
fn starts_item(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    if matches!(
        first,
        "•" | "◦" | "▪" | "‣" | "–" | "—" | "-" | "*" | "·" | "●" | "○"
    ) {
        return true;
    }
    let Some(mark) = first.strip_suffix(['.', ')']) else {
        return false;
    };
    let mark = mark.trim_start_matches('(');
    let is_number = (1..=3).contains(&mark.len()) && mark.chars().all(|c| c.is_ascii_digit());
    is_number || mark.len() == 1 && first.ends_with(')') && mark.chars().all(char::is_alphabetic)
}

/// Adds a line to a paragraph.
fn join(text: &mut String, line: &str, words: &HashSet<&str>) {
    let last = text.chars().last();
    let next = line.chars().next();
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
    match (last, next) {
        (Some('\u{ad}'), _) => drop(text.pop()),
        (Some('-' | '\u{2010}'), Some(next)) if is_letter(text.chars().rev().nth(1)) => {
            let before = text.trim_end_matches(['-', '\u{2010}']);
            let before = before
                .rsplit(char::is_whitespace)
                .next()
                .unwrap_or_default();
            let after = line.split(char::is_whitespace).next().unwrap_or_default();
            let joined = format!("{before}{after}");
            let hyphened = format!("{before}-{after}");
            let is_hyphen = next.is_uppercase()
                || !next.is_alphabetic()
                || words.contains(bare(&hyphened)) && !words.contains(bare(&joined));
            if !is_hyphen {
                text.pop();
            }
        }
        (Some('-' | '–' | '—' | '/'), Some(_))
            if !text.ends_with([' '])
                && is_letter(next)
                && !text.ends_with(" -")
                && !text.ends_with(" –")
                && !text.ends_with(" —") => {}
        (Some(last), Some(next)) if script::is_dense(last) && script::is_dense(next) => {}
        _ => text.push(' '),
    }
    *text += line;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, y: f32, left: f32, right: f32) -> Line {
        Line {
            text: text.to_owned(),
            left,
            right,
            y,
            size: 10.0,
            column: 1,
            column_left: 0.0,
            column_right: 200.0,
            ..Line::default()
        }
    }

    #[track_caller]
    fn check(lines: Vec<Line>, expected: &str) {
        let page = Page {
            lines,
            ..Page::default()
        };
        assert_eq!(texts(&[page]), [expected]);
    }

    #[test]
    fn hyphens_at_line_ends_go_where_the_book_says_so() {
        check(
            vec![
                line("a self-same thing and in-", 0.0, 0.0, 200.0),
                line("deed a self-", 12.0, 0.0, 200.0),
                line("same one, Anglo-", 24.0, 0.0, 200.0),
                line("Saxon soft\u{ad}", 36.0, 0.0, 200.0),
                line("ly said.", 48.0, 0.0, 60.0),
            ],
            "a self-same thing and indeed a self-same one, Anglo-Saxon softly said.",
        );
    }

    #[test]
    fn indents_gaps_and_short_lines_end_paragraphs() {
        check(
            vec![
                line("One begins", 0.0, 0.0, 198.0),
                line("and ends.", 12.0, 0.0, 190.0),
                line("Two is indented.", 24.0, 15.0, 200.0),
                line("It goes on and ends.", 36.0, 0.0, 100.0),
                line("Three.", 48.0, 0.0, 199.0),
                line("Four is apart.", 72.0, 0.0, 199.0),
            ],
            "One begins and ends.\n\nTwo is indented. It goes on and ends.\n\nThree.\n\nFour is apart.",
        );
    }

    #[test]
    fn dense_scripts_have_no_spaces_at_line_ends() {
        check(
            vec![
                line("吾輩は猫で", 0.0, 0.0, 200.0),
                line("ある。", 12.0, 0.0, 30.0),
            ],
            "吾輩は猫である。",
        );
    }
}
