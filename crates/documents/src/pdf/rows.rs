//! Glyphs to words, and words to rows: what stands on one base line across the whole page.

use super::glyphs::Glyph;
use super::script;

/// Distances are in sizes of the font.
/// Base lines closer than this are one.
const SAME_LINE: f32 = 0.3;
/// A gap wider than this is a space, also where none is written. Letters that are spaced out for looks
/// stay below, spaces that are squeezed to fill a line above.
const SPACE: f32 = 0.15;
/// The same between characters of scripts without spaces.
const DENSE_SPACE: f32 = 0.6;
/// A raised or lowered glyph is smaller than its line by this,
const RAISED_SIZE: f32 = 0.85;
/// and its base line this far above the line's, or half as far below.
const RAISED_BY: f32 = 0.65;

/// Characters without a space between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    pub left: f32,
    pub right: f32,
    pub size: f32,
    /// What its glyphs say, left to right.
    pub units: Vec<String>,
}

/// Words on a base line, left to right.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub y: f32,
    pub size: f32,
    pub words: Vec<Word>,
}

pub fn rows(mut glyphs: Vec<Glyph>) -> Vec<Row> {
    glyphs.retain(|glyph| !glyph.text.is_empty());
    glyphs.sort_by(|a, b| a.y.total_cmp(&b.y));
    let mut lines: Vec<Vec<Glyph>> = Vec::new();
    for glyph in glyphs {
        let same = lines.last_mut().filter(|line| {
            let first = &line[0];
            (glyph.y - first.y).abs()
                <= SAME_LINE * first.size.max(glyph.size).min(2.0 * glyph.size)
        });
        match same {
            Some(line) => line.push(glyph),
            None => lines.push(vec![glyph]),
        }
    }
    lower_raised(&mut lines);
    let rows = lines.into_iter().filter(|line| !line.is_empty()).map(row);
    rows.filter(|row| !row.words.is_empty()).collect()
}

/// Puts the marks of notes, and what else is raised or lowered, on the lines they belong to.
fn lower_raised(lines: &mut [Vec<Glyph>]) {
    for at in 0..lines.len() {
        let near = at.saturating_sub(2)..(at + 3).min(lines.len());
        let small = std::mem::take(&mut lines[at]);
        let (mut stay, mut move_to) = (Vec::new(), Vec::new());
        for glyph in small {
            let is_beside = |line: &Vec<Glyph>| {
                line.iter().any(|other| {
                    let gap = (glyph.left - other.right).max(other.left - glyph.right);
                    let below = glyph.y - other.y;
                    glyph.size < RAISED_SIZE * other.size
                        && gap.abs() < 0.5 * other.size
                        && below > -RAISED_BY * other.size
                        && below < 0.5 * RAISED_BY * other.size
                })
            };
            match near
                .clone()
                .find(|near| *near != at && is_beside(&lines[*near]))
            {
                Some(line) => move_to.push((line, glyph)),
                None => stay.push(glyph),
            }
        }
        lines[at] = stay;
        // Of a raised word, only the first letter touches its line: the rest follows it.
        for (line, glyph) in move_to {
            let mut right = glyph.right;
            let size = glyph.size;
            lines[line].push(glyph);
            let mut rest = std::mem::take(&mut lines[at]);
            rest.sort_by(|a, b| a.left.total_cmp(&b.left));
            for other in rest {
                let follows = (other.left - right).abs() < SPACE * size && other.size == size;
                if follows {
                    right = other.right;
                    lines[line].push(other);
                } else {
                    lines[at].push(other);
                }
            }
        }
    }
}

fn row(mut glyphs: Vec<Glyph>) -> Row {
    // An accent is drawn over its letter, wherever it begins.
    let middle = |glyph: &Glyph| (glyph.left + glyph.right) / 2.0;
    let is_mark = |glyph: &Glyph| glyph.text.chars().all(script::is_mark);
    let (marks, mut letters): (Vec<_>, Vec<_>) = glyphs.drain(..).partition(is_mark);
    letters.sort_by(|a, b| a.left.total_cmp(&b.left));
    for mark in marks {
        let nearest = letters
            .iter_mut()
            .filter(|letter| !letter.text.trim().is_empty());
        let nearest = nearest.min_by(|a, b| {
            let far = |letter: &Glyph| (middle(letter) - middle(&mark)).abs();
            far(a).total_cmp(&far(b))
        });
        if let Some(letter) = nearest {
            letter.text += &mark.text;
        }
    }
    let mut sizes: Vec<f32> = letters.iter().map(|glyph| glyph.size).collect();
    sizes.sort_by(f32::total_cmp);
    let y = letters.first().map_or(0.0, |glyph| glyph.y);
    let size = sizes.get(sizes.len() / 2).copied().unwrap_or(0.0);
    let spread = spread(&letters);
    let mut words: Vec<Word> = Vec::new();
    let mut is_apart = true;
    for glyph in letters {
        if glyph.text.trim().is_empty() {
            is_apart = true;
            continue;
        }
        let last = words.last_mut().filter(|word| {
            let gap = (glyph.left - word.right) / glyph.size.min(word.size);
            let before = word.units.last().and_then(|unit| unit.chars().last());
            let dense =
                before.is_some_and(script::is_dense) && glyph.text.chars().all(script::is_dense);
            gap <= spread + if dense { DENSE_SPACE } else { SPACE }
                && !(is_apart && (!dense || gap > SPACE))
        });
        match last {
            Some(word) => {
                word.right = word.right.max(glyph.right);
                word.size = word.size.max(glyph.size);
                word.units.push(glyph.text);
            }
            None => words.push(Word {
                left: glyph.left,
                right: glyph.right,
                size: glyph.size,
                units: vec![glyph.text],
            }),
        }
        is_apart = false;
    }
    Row { y, size, words }
}

/// How far all letters of a line are spaced out for looks, as in "C H A P T E R".
fn spread(letters: &[Glyph]) -> f32 {
    let pairs = letters
        .windows(2)
        .filter(|pair| pair.iter().all(|g| !g.text.trim().is_empty()));
    let mut gaps: Vec<f32> = pairs
        .map(|p| (p[1].left - p[0].right) / p[0].size)
        .collect();
    if gaps.len() < 5 {
        return 0.0;
    }
    gaps.sort_by(f32::total_cmp);
    let low = gaps[gaps.len() / 5];
    if (SPACE..1.0).contains(&low) {
        low
    } else {
        0.0
    }
}
