//! Characters as people write them: ligatures resolved, right-to-left text in the order it is read.

use unicode_bidi::{BidiClass, bidi_class};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A letter that cannot be known.
pub const UNKNOWN: char = char::REPLACEMENT_CHARACTER;

/// `text` without presentation forms and without what is not seen.
pub fn plain(text: &str) -> String {
    let is_plain = |c: char| matches!(c, ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{2ff}');
    if text.chars().all(is_plain) {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Latin, Hebrew and Arabic forms; not those of East Asian width, which are written so.
            '\u{fb00}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' => plain.extend(once(c).nfkc()),
            '\u{2f00}'..='\u{2fdf}' | '\u{2e80}'..='\u{2eff}' => plain.extend(once(c).nfkc()),
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\t' | '\n' | '\r' => plain.push(' '),
            '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{200e}' | '\u{200f}' => {}
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => {}
            '\u{e000}'..='\u{f8ff}' => plain.push(UNKNOWN),
            c => plain.push(c),
        }
    }
    plain
}

fn once(c: char) -> std::iter::Once<char> {
    std::iter::once(c)
}

/// Accents that stand after their letters become one with them.
pub fn composed(text: &str) -> String {
    match text.is_ascii() {
        true => text.to_owned(),
        false => text.nfc().collect(),
    }
}

/// Whether a character belongs to a script without spaces between words.
pub fn is_dense(c: char) -> bool {
    matches!(c,
        '\u{2e80}'..='\u{312f}' | '\u{31a0}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}'
        | '\u{20000}'..='\u{3ffff}' | '\u{e00}'..='\u{eff}')
}

pub fn is_mark(c: char) -> bool {
    is_combining_mark(c)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    /// Digits: left to right, and no word of their own.
    Number,
    Neutral,
}

fn side(text: &str) -> Side {
    let mut found = Side::Neutral;
    for c in text.chars() {
        match bidi_class(c) {
            BidiClass::L => return Side::Left,
            BidiClass::R | BidiClass::AL => return Side::Right,
            BidiClass::EN | BidiClass::AN => found = Side::Number,
            _ => {}
        }
    }
    found
}

/// Whether most letters lead from right to left.
pub fn is_right_to_left<'t>(units: impl Iterator<Item = &'t str>) -> bool {
    let (mut left, mut right) = (0, 0);
    for unit in units {
        match side(unit) {
            Side::Left => left += 1,
            Side::Right => right += 1,
            _ => {}
        }
    }
    right > left
}

/// The text of a line from its glyphs as they stand, left to right.
///
/// The reverse of the Unicode Bidirectional Algorithm for one level of embedding, which is what lines of
/// books have.
pub fn in_reading_order(units: &[&str], right_to_left: bool) -> String {
    let sides: Vec<Side> = units.iter().map(|unit| side(unit)).collect();
    if !right_to_left && !sides.contains(&Side::Right) {
        return units.concat();
    }
    // Runs of one direction. A neutral between two of a kind is of that kind, else of the line's.
    let line = if right_to_left {
        Side::Right
    } else {
        Side::Left
    };
    let mut runs: Vec<(Side, Vec<&str>)> = Vec::new();
    for (at, unit) in units.iter().enumerate() {
        let side = match sides[at] {
            Side::Neutral => {
                let before = strong(sides[..at].iter().rev(), line);
                let after = strong(sides[at + 1..].iter(), line);
                if before == after { before } else { line }
            }
            Side::Number if !right_to_left => {
                // Numbers inside right-to-left words stay among them.
                let before = strong(sides[..at].iter().rev(), line);
                let after = strong(sides[at + 1..].iter(), line);
                match (before, after) {
                    (Side::Right, Side::Right) => Side::Number,
                    _ => Side::Left,
                }
            }
            side => side,
        };
        match runs.last_mut() {
            Some((last, run)) if *last == side => run.push(unit),
            _ => runs.push((side, vec![unit])),
        }
    }
    for (side, run) in &mut runs {
        if *side == Side::Right {
            run.reverse();
        }
    }
    if right_to_left {
        runs.reverse();
    } else {
        // Runs of words and the numbers among them are one, and are turned as one.
        let mut from = 0;
        while from < runs.len() {
            let is_in = |run: &(Side, Vec<&str>)| run.0 != Side::Left;
            let len = runs[from..].iter().take_while(|run| is_in(run)).count();
            runs[from..from + len].reverse();
            from += len.max(1);
        }
    }
    let text: String = runs
        .iter()
        .flat_map(|(_, run)| run.iter().copied())
        .collect();
    match right_to_left && opens_with_an_end(&text) {
        true => text.chars().map(mirrored).collect(),
        false => text,
    }
}

/// The direction of the nearest letters or, where `line` leads to the right, numbers.
fn strong<'s>(sides: impl Iterator<Item = &'s Side>, line: Side) -> Side {
    for side in sides {
        match side {
            Side::Left | Side::Right => return *side,
            Side::Number if line == Side::Right => return Side::Number,
            _ => {}
        }
    }
    line
}

/// Producers differ in whether the character of a bracket is what is meant or what is seen.
fn opens_with_an_end(text: &str) -> bool {
    let first = text.find(['(', ')', '[', ']', '«', '»']);
    let first = first.and_then(|at| text[at..].chars().next());
    matches!(first, Some(c @ (')' | ']' | '»')) if text.contains(mirrored(c)))
}

fn mirrored(c: char) -> char {
    match c {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '«' => '»',
        '»' => '«',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seen: &str, expected: &str) {
        let units: Vec<String> = seen.chars().map(String::from).collect();
        let units: Vec<&str> = units.iter().map(String::as_str).collect();
        let right_to_left = is_right_to_left(units.iter().copied());
        assert_eq!(in_reading_order(&units, right_to_left), expected);
    }

    #[test]
    fn forms_and_ligatures_become_letters() {
        assert_eq!(plain("ﬁ ﬀ ﬃ"), "fi ff ffi");
        assert_eq!(plain("\u{fedf}\u{fe8e}"), "\u{644}\u{627}");
        assert_eq!(plain("a\u{a0}b\u{200b}"), "a b");
        assert_eq!(plain("Ａ漢"), "Ａ漢");
    }

    // Hebrew letters: alef, bet, gimel, dalet.
    #[test]
    fn right_to_left_text_is_turned_to_how_it_is_read() {
        check(
            "\u{5d3}\u{5d2} \u{5d1}\u{5d0}",
            "\u{5d0}\u{5d1} \u{5d2}\u{5d3}",
        );
        check("abc 12 def", "abc 12 def");
        // In a line of Hebrew, numbers and Latin words keep their order.
        check(
            "\u{5d3}\u{5d2} 123 \u{5d1}\u{5d0}",
            "\u{5d0}\u{5d1} 123 \u{5d2}\u{5d3}",
        );
        check(
            "\u{5d3}\u{5d2} ab cd \u{5d2}\u{5d1}\u{5d0}",
            "\u{5d0}\u{5d1}\u{5d2} ab cd \u{5d2}\u{5d3}",
        );
        // In a line of Latin, only Hebrew words are turned.
        check(
            "this is \u{5d3}\u{5d2} \u{5d1}\u{5d0} here",
            "this is \u{5d0}\u{5d1} \u{5d2}\u{5d3} here",
        );
        check("\u{5d2})\u{5d1}(\u{5d0}", "\u{5d0}(\u{5d1})\u{5d2}");
        check("\u{5d2}(\u{5d1})\u{5d0}", "\u{5d0}(\u{5d1})\u{5d2}");
    }
}
