//! What glyphs a page shows, and where.

use hayro_interpret::font::{Glyph as Shown, GlyphRun};
use hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro_interpret::hayro_syntax::Pdf;
use hayro_interpret::hayro_syntax::object::{Dict, Name, String as PdfString};
use hayro_interpret::hayro_syntax::page::Page;
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect, Size, Vec2};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps,
    InterpreterCache, InterpreterSettings, SoftMask, interpret_page,
};

use super::{contents, script};

/// Glyphs on a page. A newspaper has 50,000; what comes after is not read.
const MOST_GLYPHS: usize = 400_000;
/// The share of a page that a picture covers where the page is one.
const SCAN_SHARE: f64 = 0.3;
/// Characters that one run of glyphs can stand for.
const MOST_ACTUAL: usize = 200;

/// A glyph, in the direction of its writing: `x` grows as one reads, `y` from line to line.
#[derive(Debug, Clone, PartialEq)]
pub struct Glyph {
    /// Usually one character; of ligatures, several.
    pub text: String,
    /// Where it begins and where the next one would.
    pub left: f32,
    pub right: f32,
    /// Its base line.
    pub y: f32,
    /// Of its font, in points.
    pub size: f32,
    /// The file itself says that it is part of a header, footer or page number.
    pub is_pagination: bool,
}

/// A page as it is seen.
pub struct Seen {
    /// The glyphs of each direction of writing, that with the most first.
    pub ways: Vec<Vec<Glyph>>,
    /// From the first line to the last in that direction, with its margins.
    pub height: f32,
    /// A large part of it is a picture.
    pub has_picture: bool,
}

/// Looks at a page.
pub fn see<'a>(page: &Page<'a>, pdf: &'a Pdf, cache: &InterpreterCache<'a>) -> Seen {
    let (width, height) = page.render_dimensions();
    let whole = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let upright = Affine::new(page.initial_transform(true).as_coeffs());
    let settings = InterpreterSettings::default();
    let mut context = Context::new(upright, whole, cache, pdf.xref(), settings);
    let mut eye = Eye {
        page: whole.size(),
        whole: whole.inflate(whole.width() / 50.0, whole.height() / 50.0),
        ways: [const { Vec::new() }; 4],
        count: 0,
        picture_area: 0.0,
        marked: Vec::new(),
    };
    interpret_page(page, &mut context, &mut eye);
    let mut ways: Vec<_> = eye.ways.into_iter().enumerate().collect();
    ways.sort_by_key(|(_, glyphs)| std::cmp::Reverse(glyphs.len()));
    let height = if ways[0].0 % 2 == 0 { height } else { width };
    ways.retain(|(_, glyphs)| !glyphs.is_empty());
    Seen {
        ways: ways.into_iter().map(|(_, glyphs)| glyphs).collect(),
        height,
        has_picture: eye.picture_area >= SCAN_SHARE * whole.area(),
    }
}

/// Looks on while a page is drawn.
struct Eye {
    page: Size,
    /// The page and a little around it.
    whole: Rect,
    /// By where writing leads: right, down, left, up.
    ways: [Vec<Glyph>; 4],
    count: usize,
    picture_area: f64,
    /// Open marks, each in those before it.
    marked: Vec<Mark>,
}

/// A part of the page that the file says something about.
struct Mark {
    is_pagination: bool,
    /// What the glyphs in it stand for, and how many there were of each way before.
    actual: Option<(String, [usize; 4])>,
}

impl Eye {
    fn glyph(&mut self, glyph: &Shown, at: Affine, mode: WritingMode) {
        self.count += 1;
        let text = match glyph.as_unicode() {
            Some(BfString::Char(c)) => script::plain(&c.to_string()),
            Some(BfString::String(text)) => script::plain(&text),
            None => script::UNKNOWN.to_string(),
        };
        let advance = match glyph {
            Shown::Outline(outline) => outline.advance_width(),
            Shown::Type3(drawn) => drawn.advance_width(),
        };
        let em = 1000.0; // units of every font here
        let advance = f64::from(advance.unwrap_or(500.0));
        let origin = at * Point::ZERO;
        let up = (at * Point::new(0.0, em)) - origin;
        let size = up.hypot();
        let (origin, along) = match mode {
            WritingMode::Horizontal => (origin, (at * Point::new(advance, 0.0)) - origin),
            // Glyphs of a column hang below each other; their origins lie at their left.
            WritingMode::Vertical => (origin + up, -up),
        };
        let is_sane = origin.x.is_finite() && origin.y.is_finite() && along.hypot().is_finite();
        if !is_sane || !(0.1..=10_000.0).contains(&size) || !self.whole.contains(origin) {
            return;
        }
        let way = way(along, up);
        let (from, y) = turned(way, origin, self.page);
        let (to, _) = turned(way, origin + along, self.page);
        let glyph = Glyph {
            text,
            left: from.min(to) as f32,
            right: from.max(to) as f32,
            y: y as f32,
            size: size as f32,
            is_pagination: self.marked.iter().any(|mark| mark.is_pagination),
        };
        if !self.is_drawn_again(way, &glyph) {
            self.ways[way].push(glyph);
        }
    }

    /// Bold letters are drawn twice by some, and outlined ones by all.
    fn is_drawn_again(&self, way: usize, glyph: &Glyph) -> bool {
        let near = glyph.size * 0.1;
        let lately = self.ways[way].iter().rev().take(128);
        lately.into_iter().any(|other| {
            (other.left - glyph.left).abs() < near
                && (other.y - glyph.y).abs() < near
                && other.text == glyph.text
                && !glyph.text.trim().is_empty()
        })
    }
}

impl Device<'_> for Eye {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, props: DrawProps<'_>, _: &DrawMode) {
        for glyph in run.glyphs() {
            if self.count >= MOST_GLYPHS {
                return;
            }
            self.glyph(
                glyph,
                props.transform * glyph.transform(),
                run.writing_mode(),
            );
        }
    }

    fn draw_image(&mut self, image: Image<'_, '_>, props: ImageDrawProps<'_>) {
        // The transform takes pixels to the page.
        let pixels = f64::from(image.width()) * f64::from(image.height());
        let area = props.transform.determinant().abs() * pixels;
        self.picture_area += area.min(self.whole.area());
    }

    fn begin_marked_content(&mut self, tag: &[u8], properties: Option<&Dict<'_>>) {
        let kind = properties.and_then(|p| p.get::<Name<'_>>(b"Type" as &[u8]));
        let actual = properties.and_then(|p| p.get::<PdfString<'_>>(b"ActualText" as &[u8]));
        let actual = actual.map(|text| script::plain(&contents::text(text.as_bytes())));
        let actual = actual.filter(|text| text.chars().count() <= MOST_ACTUAL);
        let counts = std::array::from_fn(|way| self.ways[way].len());
        self.marked.push(Mark {
            is_pagination: tag == b"Artifact" && kind.is_some_and(|kind| &*kind == b"Pagination"),
            actual: actual.map(|text| (text, counts)),
        });
    }

    fn end_marked_content(&mut self) {
        let Some((text, counts)) = self.marked.pop().and_then(|mark| mark.actual) else {
            return;
        };
        for (way, count) in self.ways.iter_mut().zip(counts) {
            let Some([first, rest @ ..]) = way.get_mut(count..) else {
                continue;
            };
            // What spans lines would end up in the first.
            if rest
                .iter()
                .all(|glyph| (glyph.y - first.y).abs() < first.size * 0.5)
            {
                for glyph in rest.iter() {
                    first.left = first.left.min(glyph.left);
                    first.right = first.right.max(glyph.right);
                }
                first.text = text;
                way.truncate(count + 1);
                return;
            }
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'_>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}

/// Where writing leads: 0 right, 1 down, 2 left, 3 up. A glyph without width is told by what is up.
fn way(along: Vec2, up: Vec2) -> usize {
    let along = match along.hypot() > 1e-6 {
        true => along,
        false => Vec2::new(-up.y, up.x),
    };
    match along.x.abs() >= along.y.abs() {
        true => usize::from(along.x < 0.0) * 2,
        false => 1 + usize::from(along.y < 0.0) * 2,
    }
}

/// `point` turned so that writing leads to the right, and lines follow each other down the page.
fn turned(way: usize, point: Point, page: Size) -> (f64, f64) {
    match way {
        0 => (point.x, point.y),
        1 => (point.y, page.width - point.x),
        2 => (page.width - point.x, page.height - point.y),
        _ => (page.height - point.y, point.x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(along: (f64, f64), expected: usize) {
        assert_eq!(way(along.into(), Vec2::new(0.0, -1.0)), expected);
    }

    #[test]
    fn writing_leads_in_four_ways() {
        check((1.0, 0.1), 0);
        check((0.0, 1.0), 1);
        check((-1.0, 0.0), 2);
        check((0.1, -1.0), 3);
        check((0.0, 0.0), 0);
    }
}
