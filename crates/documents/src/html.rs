//! HTML as readable text: blocks in the order of the file, without script, style or anything hidden.
//!
//! Only html5ever's tokenizer is used. Text needs no tree, a tokenizer's memory does not grow with
//! nesting, and what browsers repair in a tree (a `<p>` inside a `<p>`) is a new block here all the same.

use std::cell::RefCell;
use std::collections::HashMap;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{Rawtext, Rcdata, ScriptData};
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use crate::chapters::Chapters;
use crate::{Document, Kind};

/// A paragraph, heading, list item or table row.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// 1 to 6 for a heading.
    pub level: Option<u32>,
    pub text: String,
    /// The `id`s that lie in it or right before it: where links lead.
    pub ids: Vec<String>,
}

/// The marks of notes, by the `id`s they lead to: notes may stand in another file of a book.
pub type Marks = HashMap<String, String>;

/// What a page says.
#[derive(Debug, Default)]
pub struct Flow {
    pub title: Option<String>,
    pub language: Option<String>,
    pub blocks: Vec<Block>,
}

/// Elements whose content nobody reads. The last are the pronunciation beside East Asian characters.
const UNREAD: [&str; 13] = [
    "script", "style", "template", "noscript", "svg", "math", "object", "iframe", "select",
    "textarea", "button", "rt", "rp",
];

/// Elements that begin and end a block.
const BLOCKS: [&str; 37] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "ul",
];

/// The marks of notes longer than this are no marks.
const MOST_MARK: usize = 8;
/// `id`s kept for one block: a page that has more between two words is no page.
const MOST_IDS: usize = 64;

/// An HTML file as a document.
pub fn read(text: &str) -> Option<Document> {
    let flow = flow(text, &mut Marks::new());
    let mut chapters = Chapters::default();
    for block in &flow.blocks {
        match block.level {
            Some(level) => chapters.heading(level, &block.text),
            None => chapters.paragraph(&block.text),
        }
    }
    let first = || flow.blocks.iter().find(|block| block.level == Some(1));
    let title = flow.title.clone();
    let title = title.or_else(|| first().map(|block| block.text.clone()));
    Some(chapters.document(Kind::Html, title, flow.language))
}

/// The blocks of a page. Marks of notes are added to `marks`, and put before the notes they lead to.
pub fn flow(text: &str, marks: &mut Marks) -> Flow {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(text));
    let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts::default());
    tokenizer.sink.0.borrow_mut().marks = std::mem::take(marks);
    while !input.is_empty() {
        let _paused_after_a_script = tokenizer.feed(&input);
    }
    tokenizer.end();
    let state = tokenizer.sink.0.into_inner();
    *marks = state.marks;
    state.flow
}

#[derive(Default)]
struct Reader(RefCell<State>);

#[derive(Default)]
struct State {
    flow: Flow,
    block: Block,
    /// What is between the tags of `<title>`.
    title: Option<String>,
    /// Inside an element that is not read: its name, and how many of that name are open.
    unread: Option<(String, u32)>,
    /// Open lists: the number of the last item, none where they have dots.
    lists: Vec<Option<u32>>,
    pre: u32,
    /// Open tables: how many cells the row has so far.
    rows: Vec<u32>,
    /// The mark of a note that is being read, and where it leads.
    mark: Option<(usize, String)>,
    marks: Marks,
    /// The mark of the note that begins here.
    note: Option<String>,
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => state.text(&text),
            Token::TagToken(tag) => {
                let is_start = tag.kind == TagKind::StartTag;
                state.tag(&tag);
                if is_start && !tag.self_closing {
                    return match &*tag.name {
                        "script" => TokenSinkResult::RawData(ScriptData),
                        "style" | "iframe" | "noframes" | "xmp" => {
                            TokenSinkResult::RawData(Rawtext)
                        }
                        "title" | "textarea" => TokenSinkResult::RawData(Rcdata),
                        _ => TokenSinkResult::Continue,
                    };
                }
            }
            Token::EOFToken => state.end_block(),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl State {
    fn tag(&mut self, tag: &Tag) {
        let is_start = tag.kind == TagKind::StartTag;
        let name = &*tag.name;
        if let Some((unread, open)) = &mut self.unread {
            match unread == name && !tag.self_closing {
                true if is_start => *open += 1,
                true => *open -= 1,
                false => {}
            }
            if self.unread.as_ref().is_some_and(|(_, open)| *open == 0) {
                self.unread = None;
            }
            return;
        }
        if is_start {
            if !tag.self_closing && !is_void(name) && (UNREAD.contains(&name) || is_hidden(tag)) {
                self.unread = Some((name.to_owned(), 1));
                return;
            }
            self.start(name, tag);
        } else {
            self.end(name);
        }
    }

    fn start(&mut self, name: &str, tag: &Tag) {
        if BLOCKS.contains(&name) {
            self.break_block();
        }
        let id = attribute(tag, "id").or(attribute(tag, "name").filter(|_| name == "a"));
        if let Some(id) = id.filter(|_| self.block.ids.len() < MOST_IDS) {
            if let (true, Some(mark)) = (self.block.text.is_empty(), self.marks.get(id)) {
                self.note = Some(format!("{mark} "));
            }
            self.block.ids.push(id.to_owned());
        }
        match name {
            "html" => {
                let language = attribute(tag, "lang").or(attribute(tag, "xml:lang"));
                self.flow.language = language.map(str::to_owned);
            }
            // An SVG picture has a title as well, but that is not read.
            "title" if !tag.self_closing => self.title = Some(String::new()),
            "br" => self.block.text.push('\n'),
            "pre" => self.pre += 1,
            "ul" | "menu" => self.lists.push(None),
            "ol" => {
                let start = attribute(tag, "start").and_then(|start| start.parse().ok());
                self.lists
                    .push(Some(start.unwrap_or(1u32).saturating_sub(1)));
            }
            "li" => self.item(),
            "table" => {
                self.end_block();
                self.rows.push(0);
            }
            "tr" => {
                self.end_block();
                if let Some(cells) = self.rows.last_mut() {
                    *cells = 0;
                }
            }
            "td" | "th" => {
                if let Some(cells) = self.rows.last_mut() {
                    *cells += 1;
                    if *cells > 1 {
                        self.block.text.truncate(self.block.text.trim_end().len());
                        self.block.text += " | ";
                    }
                }
            }
            "a" if is_mark(tag) => {
                let leads = attribute(tag, "href").and_then(|href| href.split_once('#'));
                let leads = leads.map_or(String::new(), |(_, id)| id.to_owned());
                self.mark = Some((self.block.text.len(), leads));
            }
            _ => {
                let level = name.strip_prefix('h').and_then(|level| level.parse().ok());
                if let Some(level @ 1..=6) = level {
                    self.block.level = Some(level);
                }
            }
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "title" => {
                let said = self.title.take().map(|title| words(&title));
                let said = said.filter(|title| !title.is_empty());
                self.flow.title = self.flow.title.take().or(said);
            }
            "pre" => {
                self.end_block();
                self.pre = self.pre.saturating_sub(1);
            }
            "ul" | "ol" | "menu" => {
                self.end_block();
                self.lists.pop();
            }
            "table" => {
                self.end_block();
                self.rows.pop();
            }
            "a" => self.end_mark(),
            "tr" => {
                self.end_block();
                self.rows
                    .last_mut()
                    .into_iter()
                    .for_each(|cells| *cells = 0);
            }
            name if BLOCKS.contains(&name) => self.break_block(),
            _ => {}
        }
    }

    /// A block inside a table cell is part of the row.
    fn break_block(&mut self) {
        match self.rows.last() {
            Some(1..) if !self.block.text.ends_with([' ', '\n']) => self.block.text.push(' '),
            Some(1..) => {}
            _ => self.end_block(),
        }
    }

    fn item(&mut self) {
        self.block.text += &"  ".repeat(self.lists.len().saturating_sub(1).min(8));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                *number = number.saturating_add(1);
                self.block.text += &format!("{number}. ");
            }
            _ => self.block.text += "- ",
        }
    }

    /// "word¹" would be read as "word1": marks of notes get brackets.
    fn end_mark(&mut self) {
        let Some((at, leads)) = self.mark.take() else {
            return;
        };
        let Some(mark) = self.block.text.get(at..) else {
            return;
        };
        let mark = mark.trim().trim_matches(['[', ']', '(', ')']).to_owned();
        if mark.is_empty() || mark.len() > MOST_MARK {
            return;
        }
        self.block.text.truncate(at);
        let mark = format!("[{mark}]");
        self.block.text += &mark;
        if !leads.is_empty() {
            self.marks.insert(leads, mark);
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(title) = &mut self.title {
            title.push_str(text);
            return;
        }
        if self.unread.is_some() {
            return;
        }
        let into = &mut self.block.text;
        if let Some(note) = self.note.take_if(|_| !text.trim().is_empty()) {
            into.push_str(&note);
        }
        for c in text.chars() {
            match c {
                '\u{ad}' => {}
                '\n' if self.pre > 0 => into.push('\n'),
                ' ' | '\t' | '\n' | '\r' | '\u{c}' if self.pre == 0 => {
                    if !into.ends_with([' ', '\n']) && !into.is_empty() {
                        into.push(' ');
                    }
                }
                '\r' => {}
                c => into.push(c),
            }
        }
    }

    fn end_block(&mut self) {
        let lines = self.block.text.lines().map(str::trim_end);
        let text = lines.collect::<Vec<_>>().join("\n");
        let text = text.trim_matches('\n');
        let is_said = !matches!(text.trim(), "" | "-");
        if is_said {
            let text = match self.pre {
                0 => text.trim_start_matches(' ').to_owned(),
                _ => text.to_owned(),
            };
            let mut block = std::mem::take(&mut self.block);
            block.text = text;
            self.flow.blocks.push(block);
        } else {
            // What leads to something empty leads to what follows.
            self.block.text.clear();
            self.block.level = None;
        }
        self.mark = None;
    }
}

fn attribute<'t>(tag: &'t Tag, name: &str) -> Option<&'t str> {
    let mut found = tag.attrs.iter();
    found.find(|a| &*a.name.local == name).map(|a| &*a.value)
}

fn is_hidden(tag: &Tag) -> bool {
    let style = attribute(tag, "style").unwrap_or_default().replace(' ', "");
    attribute(tag, "hidden").is_some() || style.contains("display:none")
}

/// Whether a link is the mark of a note.
fn is_mark(tag: &Tag) -> bool {
    let says = |name: &str, word: &str| attribute(tag, name).is_some_and(|v| v.contains(word));
    says("epub:type", "noteref") || says("role", "doc-noteref") || says("class", "noteref")
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "track"
            | "wbr"
    )
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(html: &str, expected: &[&str]) {
        let blocks = flow(html, &mut Marks::new()).blocks;
        let texts: Vec<_> = blocks.iter().map(|block| block.text.as_str()).collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn what_nobody_reads_is_left_out() {
        check(
            "<p>a<script>if (a < b) '<p>'</script>b<style>p{}</style></p><p hidden>c</p><!-- d --><p>e",
            &["ab", "e"],
        );
        check("<div style='display: none'><div>a</div>b</div>c", &["c"]);
        check("<ruby>漢<rt>かん</rt></ruby>字", &["漢字"]);
    }

    #[test]
    fn blocks_lists_and_tables_are_told_apart() {
        check(
            "<h1>A &amp; b</h1><p>c\n d<br>e<p>f<ul><li>g<li>h<ol start=3><li>i</ol></ul>",
            &["A & b", "c d\ne", "f", "- g", "- h", "3. i"],
        );
        check(
            "<table><tr><th>a<th>b</tr><tr><td>c<td><p>d</p></table>e",
            &["a | b", "c | d", "e"],
        );
        check("<pre>a\n  b\n\nc</pre>", &["a\n  b\n\nc"]);
    }

    #[test]
    fn marks_of_notes_stand_apart_from_words() {
        check(
            "<p>word<a epub:type='noteref' href='#n1'><sup>1</sup></a>.</p><aside id=n1><p>Note.</p></aside>",
            &["word[1].", "[1] Note."],
        );
    }

    #[test]
    fn nesting_without_end_takes_no_stack() {
        let html = "<div><b>".repeat(200_000);
        check(&format!("{html}a"), &["a"]);
    }

    #[test]
    fn a_page_has_chapters_and_a_title() {
        let page = "<html lang=de><title>T</title><p>v</p><h1>A</h1><p>b<h2>C</h2><p>d</html>";
        let page = read(page).expect("a document");
        let said = page.sections.iter();
        let said: Vec<_> = said.map(|s| format!("{}: {}", s.place, s.text)).collect();
        assert_eq!(
            said,
            ["ch. 1 ¶ 1: v", "ch. 2 ¶ 1: A\n\nb", "ch. 3 ¶ 1: C\n\nd"]
        );
        assert_eq!(
            (page.title.as_deref(), page.language.as_deref()),
            (Some("T"), Some("de"))
        );
    }
}
