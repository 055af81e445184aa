//! What a file is: by its content, and by its name where the content leaves it open.

use crate::package::Package;
use crate::{Error, encoding};

/// A kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Pages.
    Pdf,
    /// A book of XHTML chapters, version 2 or 3.
    Epub,
    /// A Word document since 2007.
    Docx,
    /// A page of the web.
    Html,
    /// Text with marks for headings and lists.
    Markdown,
    /// Text.
    Text,
}

impl Kind {
    /// "PDF".
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdf => "PDF",
            Self::Epub => "EPUB",
            Self::Docx => "DOCX",
            Self::Html => "HTML",
            Self::Markdown => "Markdown",
            Self::Text => "text",
        }
    }
}

/// A kind, with the text where it is known already.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    Pdf,
    Epub,
    Docx,
    Html(String),
    Markdown(String),
    Text(String),
}

/// Where a PDF's own mark may stand: Acrobat looks no further either.
const PDF_MARK_WITHIN: usize = 1024;

/// First bytes of what is no document, and what to call it.
const OTHERS: [(&[u8], &str); 13] = [
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"II*\0", "a picture"),
    (b"MM\0*", "a picture"),
    (b"RIFF", "a picture or a recording"),
    (b"AT&TFORM", "a DjVu document"),
    (b"%!PS", "a PostScript document"),
    (b"\x1f\x8b", "a compressed file"),
    (b"7z\xbc\xaf", "an archive"),
    (b"Rar!", "an archive"),
    (b"\x7fELF", "a program"),
];

/// Looks at the start of a file, and at what is in it if it is an archive.
pub fn look(bytes: &[u8], name: &str) -> Result<Content, Error> {
    if bytes.is_empty() {
        return Err(Error::Empty);
    }
    let start = &bytes[..bytes.len().min(PDF_MARK_WITHIN)];
    if start.windows(5).any(|mark| mark == b"%PDF-") {
        return Ok(Content::Pdf);
    }
    if start.starts_with(b"PK\x03\x04") {
        return look_into_archive(bytes, &extension(name));
    }
    if start.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Err(ole(bytes));
    }
    if start.get(60..68) == Some(b"BOOKMOBI") {
        return Err(not("a Kindle book"));
    }
    if let Some((_, found)) = OTHERS.iter().find(|(mark, _)| start.starts_with(mark)) {
        return Err(not(found));
    }
    let Some(text) = encoding::decode(bytes, declared_charset(start)) else {
        return Err(not("a file of an unknown kind"));
    };
    if text
        .trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
        .is_empty()
    {
        return Err(Error::Empty);
    }
    Ok(look_at_text(text, &extension(name)))
}

fn not(found: &'static str) -> Error {
    Error::NotADocument { found }
}

fn look_into_archive(bytes: &[u8], extension: &str) -> Result<Content, Error> {
    let format = if extension == "docx" { "DOCX" } else { "EPUB" };
    let is_named = matches!(extension, "docx" | "epub");
    let package = match Package::open(bytes, format) {
        Err(_) if !is_named => return Err(not("an archive")),
        package => package?,
    };
    let is_docx = package.has("word/document.xml") || package.has("_rels/.rels");
    Err(match () {
        () if package.has("META-INF/container.xml") => return Ok(Content::Epub),
        () if package.has("xl/workbook.xml") => not("a spreadsheet"),
        () if package.has("ppt/presentation.xml") => not("a presentation"),
        () if is_docx => return Ok(Content::Docx),
        () if package.has("content.xml") => not("an OpenDocument file"),
        () if is_named => Error::damaged(format, "its main part is missing".into()),
        () => not("an archive"),
    })
}

/// Office files until 2003, and newer ones with a password.
fn ole(bytes: &[u8]) -> Error {
    let utf_16: Vec<u8> = "EncryptedPackage".bytes().flat_map(|c| [c, 0]).collect();
    match bytes.windows(utf_16.len()).any(|name| name == utf_16) {
        true => Error::Encrypted { format: "DOCX" },
        false => not("an Office document from before 2007"),
    }
}

fn look_at_text(text: String, extension: &str) -> Content {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let end = start
        .char_indices()
        .nth(1000)
        .map_or(start.len(), |(at, _)| at);
    let start = start[..end].to_ascii_lowercase();
    let says_html = start.starts_with("<!doctype html")
        || start.starts_with("<html")
        || (start.starts_with("<?xml") || start.starts_with("<!--")) && start.contains("<html");
    match extension {
        _ if says_html => Content::Html(text),
        "html" | "htm" | "xhtml" if start.contains('<') => Content::Html(text),
        "md" | "markdown" | "mkd" | "mdown" => Content::Markdown(text),
        _ => Content::Text(text),
    }
}

/// What `<meta charset=…>` or `<?xml encoding=…?>` says near the start.
fn declared_charset(start: &[u8]) -> Option<&str> {
    let is_markup = start.iter().find(|c| !c.is_ascii_whitespace()) == Some(&b'<');
    let from = ["charset=", "encoding="]
        .iter()
        .filter(|_| is_markup)
        .find_map(|word| {
            let at = start.windows(word.len()).position(|w| w == word.as_bytes());
            at.map(|at| at + word.len())
        })?;
    let rest = start[from..].trim_ascii_start();
    let rest = rest
        .strip_prefix(b"\"")
        .or(rest.strip_prefix(b"'"))
        .unwrap_or(rest);
    let is_part = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b':' | b'.');
    let end = rest.iter().position(|c| !is_part(c)).unwrap_or(rest.len());
    std::str::from_utf8(&rest[..end])
        .ok()
        .filter(|label| !label.is_empty())
}

fn extension(name: &str) -> String {
    let (_, extension) = name.rsplit_once('.').unwrap_or_default();
    extension.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(file: &[u8], name: &str, expected: &str) {
        let found = match look(file, name) {
            Ok(content) => format!("{content:?}"),
            Err(error) => error.to_string(),
        };
        assert!(found.starts_with(expected), "{name}: {found}");
    }

    #[test]
    fn content_decides_before_the_name() {
        check(b"\n%PDF-1.4\n", "letter.txt", "Pdf");
        check(b" <!DOCTYPE html><p>a", "page.txt", "Html");
        check(b"<p>a", "page.html", "Html");
        check(b"# a", "a.MD", "Markdown");
        check(b"# a", "a", "Text");
    }

    #[test]
    fn what_is_no_document_is_said_by_name() {
        check(b"", "a.pdf", "the file is empty");
        check(b" \n\t", "a.txt", "the file is empty");
        check(b"{\\rtf1 a}", "a.doc", "this is an RTF document");
        check(b"\x89PNG\r\n", "a.pdf", "this is a picture");
        check(
            b"\x01\x02\x03\0",
            "a.pdf",
            "this is a file of an unknown kind",
        );
        check(b"PK\x03\x04 no", "a.epub", "the EPUB file is damaged");
    }

    #[test]
    fn declarations_of_a_charset_are_found() {
        assert_eq!(declared_charset(b"<meta charset='koi8-r'>"), Some("koi8-r"));
        assert_eq!(
            declared_charset(b"<?xml encoding=\"latin1\"?>"),
            Some("latin1")
        );
        assert_eq!(declared_charset(b"charset=koi8-r"), None);
    }
}
