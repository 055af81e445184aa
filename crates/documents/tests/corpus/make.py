"""Makes the corpus beside it: documents of many kinds, and what a reader should get from each.

    pip install reportlab python-docx pikepdf fpdf2 uharfbuzz
    python3 make.py

Every NAME.EXT has its truth in NAME.EXT.txt: sections parted by a form feed, each beginning with its place
("p. xii", "ch. 3 ¶ 1", "line 1"), "scan" after it where a page has no text; paragraphs parted by empty lines.
Texts are in the public domain: Melville, Austen, Natsume, al-Mutanabbi, Genesis, and words made up here.
Fonts (Debian: fonts-dejavu-core, fonts-noto-cjk) are embedded as subsets.
"""

import datetime
import io
import random
import zipfile
from pathlib import Path

import docx
import pikepdf
from fpdf import FPDF
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Frame, Paragraph
from reportlab import rl_config

rl_config.invariant = 1
WHEN = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
HERE = Path(__file__).parent
DEJAVU = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
SERIF = "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"
pdfmetrics.registerFont(TTFont("DejaVu", DEJAVU))
pdfmetrics.registerFont(TTFont("DejaVuSerif", SERIF))

MELVILLE = [
    "Call me Ishmael. Some years ago, never mind how long precisely, having little or no money in my purse, and nothing particular to interest me on shore, I thought I would sail about a little and see the watery part of the world.",
    "It is a way I have of driving off the spleen and regulating the circulation. Whenever I find myself growing grim about the mouth; whenever it is a damp, drizzly November in my soul; whenever I find myself involuntarily pausing before coffin warehouses, and bringing up the rear of every funeral I meet, then, I account it high time to get to sea as soon as I can.",
    "This is my substitute for pistol and ball. With a philosophical flourish Cato throws himself upon his sword; I quietly take to the ship. There is nothing surprising in this. If they but knew it, almost all men in their degree, some time or other, cherish very nearly the same feelings towards the ocean with me.",
    "There now is your insular city of the Manhattoes, belted round by wharves as Indian isles by coral reefs; commerce surrounds it with her surf. Right and left, the streets take you waterward. Its extreme downtown is the battery, where that noble mole is washed by waves, and cooled by breezes, which a few hours previous were out of sight of land.",
    "Circumambulate the city of a dreamy Sabbath afternoon. Go from Corlears Hook to Coenties Slip, and from thence, by Whitehall, northward. What do you see? Posted like silent sentinels all around the town, stand thousands upon thousands of mortal men fixed in ocean reveries.",
]
AUSTEN = [
    "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife. However little known the feelings or views of such a man may be on his first entering a neighbourhood, this truth is so well fixed in the minds of the surrounding families, that he is considered as the rightful property of some one or other of their daughters.",
    "My dear Mr. Bennet, said his lady to him one day, have you heard that Netherfield Park is let at last? Mr. Bennet replied that he had not. But it is, returned she; for Mrs. Long has just been here, and she told me all about it. Mr. Bennet made no answer.",
    "Do you not want to know who has taken it? cried his wife impatiently. You want to tell me, and I have no objection to hearing it. This was invitation enough. Why, my dear, you must know, Mrs. Long says that Netherfield is taken by a young man of large fortune from the north of England.",
]
SOSEKI = [
    "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。",
    "吾輩はここで始めて人間というものを見た。しかもあとで聞くとそれは書生という人間中で一番獰悪な種族であったそうだ。この書生というのは時々我々を捕えて煮て食うという話である。",
]
LAOZI = "道可道非常道。名可名非常名。無名天地之始。有名萬物之母。故常無欲以觀其妙。常有欲以觀其徼。此兩者同出而異名。同謂之玄。玄之又玄。眾妙之門。"
ARABIC = [
    "على قدر أهل العزم تأتي العزائم وتأتي على قدر الكرام المكارم.",
    "وتعظم في عين الصغير صغارها وتصغر في عين العظيم العظائم.",
    "ولد الشاعر سنة 915 في الكوفة وقتل سنة 965 قرب بغداد.",
]
HEBREW = [
    "בראשית ברא אלהים את השמים ואת הארץ.",
    "והארץ היתה תהו ובהו וחשך על פני תהום ורוח אלהים מרחפת על פני המים.",
]


def truth(name, sections):
    """sections: (place, [paragraph]) or (place, None) for a scan."""
    parts = []
    for place, paragraphs in sections:
        head = place + (" scan" if paragraphs is None else "")
        parts.append("\n\n".join([head, *(paragraphs or [])]))
    (HERE / (name + ".txt")).write_text("\n\f\n".join(parts) + "\n", encoding="utf-8")


def save(name, data):
    (HERE / name).write_bytes(data)


def style(size=10, font="Times-Roman", hyphenate=False, **more):
    if hyphenate:
        more |= {"hyphenationLang": "en_GB", "embeddedHyphenation": 1}
    return ParagraphStyle("s", fontName=font, fontSize=size, leading=size * 1.25, **more)


def flow(canvas, texts, frames, st):
    """Sets paragraphs into frames; returns what went where (whole paragraphs and pieces)."""
    story = [Paragraph(text, st) for text in texts]
    for frame in frames:
        frame.addFromList(story, canvas)
    assert not story, "the text does not fit"


# -- PDF: one column, front matter with Roman labels, headers, footers, outline ---------------------------------

def book():
    out = io.BytesIO()
    c = Canvas(out, pagesize=A4)
    c.setTitle("The Whale, Abridged")
    sections = []
    pages = [("i", "Preface"), ("ii", None), ("1", "Loomings"), ("2", None), ("3", "The Carpet-Bag"), ("4", None)]
    rng = random.Random(7)
    for index, (label, heading) in enumerate(pages):
        c.setFont("Times-Italic", 9)
        c.drawString(72, 800, "HERMAN MELVILLE" if index % 2 else "THE WHALE")
        c.drawCentredString(297, 40, label)
        texts = rng.sample(MELVILLE + AUSTEN, 4)
        if heading:
            c.bookmarkPage(heading)
            c.addOutlineEntry(heading, heading, 0)
            c.setFont("Times-Bold", 16)
            c.drawString(72, 750, heading)
        st = style(11, alignment=TA_JUSTIFY, firstLineIndent=14)
        flow(c, texts, [Frame(66, 80, 460, 650, showBoundary=0)], st)
        c.showPage()
        sections.append((f"p. {label}", ([heading] if heading else []) + texts))
    c.save()
    pdf = pikepdf.open(io.BytesIO(out.getvalue()))
    pdf.Root.PageLabels = pikepdf.Dictionary(Nums=pikepdf.Array(
        [0, pikepdf.Dictionary(S=pikepdf.Name.r), 2, pikepdf.Dictionary(S=pikepdf.Name.D)]))
    pdf.Root.Lang = pikepdf.String("en-GB")
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    save("book.pdf", out.getvalue())
    truth("book.pdf", sections)


# -- PDF: two columns, a title over both, hyphenated words --------------------------------------------------------

def hyphenated(c, x, y, width, words, st_size=10):
    """Sets words in a narrow column, breaking long ones with a hyphen; returns where it ended."""
    c.setFont("Times-Roman", st_size)
    line, rest = "", list(words)
    space = c.stringWidth(" ", "Times-Roman", st_size)
    while rest:
        word = rest[0]
        joined = (line + " " + word).strip()
        if c.stringWidth(joined, "Times-Roman", st_size) <= width:
            line, _ = joined, rest.pop(0)
            continue
        for cut in range(len(word) - 3, 2, -1):
            head = (line + " " + word[:cut] + "-").strip()
            if len(word) > 7 and word.isalpha() and c.stringWidth(head, "Times-Roman", st_size) <= width:
                line, rest[0] = head, word[cut:]
                break
        gaps = line.count(" ")
        c.drawString(x, y, line) if not gaps else justified(c, x, y, width, line, st_size)
        y -= st_size * 1.2
        line = ""
    c.drawString(x, y, line)
    return y - st_size * 1.2


def justified(c, x, y, width, line, size):
    extra = (width - c.stringWidth(line, "Times-Roman", size)) / line.count(" ")
    t = c.beginText(x, y)
    t.setFont("Times-Roman", size)
    t.setWordSpace(extra)
    t.textOut(line)
    c.drawText(t)
    c.setFont("Times-Roman", size)


def two_columns():
    out = io.BytesIO()
    c = Canvas(out, pagesize=A4)
    sections = []
    for number, (left, right) in enumerate([(MELVILLE[:3], AUSTEN[:2]), (MELVILLE[3:], AUSTEN[1:])], 1):
        if number == 1:
            c.setFont("Times-Bold", 18)
            c.drawCentredString(297, 780, "On Ships and Fortunes, in Two Columns Side by Side")
        for x, texts in ((60, left), (312, right)):
            y = 740
            for text in texts:
                y = hyphenated(c, x, y, 224, text.split()) - 8
        c.showPage()
        title = ["On Ships and Fortunes, in Two Columns Side by Side"] if number == 1 else []
        sections.append((f"p. {number}", title + left + right))
    c.save()
    save("two-columns.pdf", out.getvalue())
    truth("two-columns.pdf", sections)


def three_columns():
    out = io.BytesIO()
    c = Canvas(out, pagesize=A4)
    columns = [[MELVILLE[0]], [AUSTEN[1]], [MELVILLE[4]]]
    c.setFont("Times-Bold", 22)
    c.drawString(50, 780, "The Daily Whale: News of the Sea and of the Land")
    for x, texts in zip((50, 220, 390), columns):
        y = 740
        for text in texts:
            y = hyphenated(c, x, y, 155, text.split(), 9) - 8
    y = 500
    c.setFont("Times-Roman", 10)
    below = "Below the columns a line runs across the whole width of the page and ends here, at its right end."
    c.drawString(50, y, below)
    c.showPage()
    c.save()
    save("three-columns.pdf", out.getvalue())
    truth("three-columns.pdf", [("p. 1", ["The Daily Whale: News of the Sea and of the Land", *[t for col in columns for t in col], below])])


# -- PDF: ligatures, raised marks, a table ---------------------------------------------------------------------

def signs():
    out = io.BytesIO()
    c = Canvas(out, pagesize=A4)
    c.setFont("DejaVu", 11)
    c.drawString(72, 760, "The e\ufb03cient o\ufb03cer \ufb01nds \ufb02owers, na\u00efve caf\u00e9s and a cha\ufb00.")
    t = c.beginText(72, 740)
    t.setFont("DejaVu", 11)
    t.textOut("A word")
    t.setRise(4)
    t.setFont("DejaVu", 7)
    t.textOut("2")
    t.setRise(0)
    t.setFont("DejaVu", 11)
    t.textOut(" has a mark, and water is H")
    t.setRise(-2)
    t.setFont("DejaVu", 7)
    t.textOut("2")
    t.setRise(0)
    t.setFont("DejaVu", 11)
    t.textOut("O.")
    c.drawText(t)
    rows = [("Ship", "Port", "Crew"), ("Pequod", "Nantucket", "30"), ("Rachel", "New Bedford", "28"),
            ("Samuel Enderby", "London", "41"), ("Jungfrau", "Bremen", "25")]
    y = 700
    c.setFont("Times-Roman", 11)
    for row in rows:
        for x, cell in zip((72, 220, 360), row):
            c.drawString(x, y, cell)
        y -= 16
    c.showPage()
    c.save()
    save("signs.pdf", out.getvalue())
    truth("signs.pdf", [("p. 1", [
        "The efficient officer finds flowers, na\u00efve caf\u00e9s and a chaff.",
        "A word2 has a mark, and water is H2O.",
        "\n".join(" | ".join(row) for row in rows)])])


# -- PDF: East Asian, with fonts that are not embedded, and vertical --------------------------------------------

def japanese():
    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
    out = io.BytesIO()
    c = Canvas(out, pagesize=A4)
    y = 760
    for text in SOSEKI:
        c.setFont("HeiseiMin-W3", 12)
        for at in range(0, len(text), 36):
            c.drawString(72, y, text[at:at + 36])
            y -= 18
        y -= 12
    c.showPage()
    c.save()
    save("japanese.pdf", out.getvalue())
    truth("japanese.pdf", [("p. 1", SOSEKI)])


def chinese():
    pdf = FPDF()
    pdf.set_creation_date(WHEN)
    pdf.add_font("CJK", fname="/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", collection_font_number=2)
    pdf.add_page()
    pdf.set_font("CJK", size=14)
    pdf.multi_cell(0, 8, LAOZI)
    pdf.output(str(HERE / "chinese.pdf"))
    truth("chinese.pdf", [("p. 1", [LAOZI])])


def vertical():
    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiKakuGo-W5", isVertical=True))
    out = io.BytesIO()
    c = Canvas(out, pagesize=A4)
    x = 500
    text = SOSEKI[0]
    c.setFont("HeiseiKakuGo-W5", 12)
    for at in range(0, len(text), 24):
        c.drawString(x, 760, text[at:at + 24])
        x -= 20
    c.showPage()
    c.save()
    save("vertical.pdf", out.getvalue())
    truth("vertical.pdf", [("p. 1", [SOSEKI[0]])])


# -- PDF: right to left, shaped by HarfBuzz ----------------------------------------------------------------------

def right_to_left():
    for name, texts, title in (("arabic.pdf", ARABIC, None), ("hebrew.pdf", HEBREW, None)):
        pdf = FPDF()
        pdf.set_creation_date(WHEN)
        pdf.add_font("D", fname=DEJAVU)
        pdf.add_page()
        pdf.set_font("D", size=14)
        pdf.set_text_shaping(use_shaping_engine=True, direction="rtl")
        for text in texts:
            pdf.multi_cell(0, 9, text, align="R")
            pdf.ln(6)
        pdf.output(str(HERE / name))
        truth(name, [("p. 1", texts)])


# -- PDF: other producers (fpdf2), scans, encrypted, broken, empty ---------------------------------------------

def other_producer():
    pdf = FPDF()
    pdf.set_creation_date(WHEN)
    sections = []
    for number, texts in enumerate((MELVILLE[:2], AUSTEN[:2]), 1):
        pdf.add_page()
        pdf.set_font("Helvetica", size=11)
        for text in texts:
            pdf.multi_cell(0, 6, text)
            pdf.ln(4)
        sections.append((f"p. {number}", texts))
    pdf.output(str(HERE / "fpdf.pdf"))
    truth("fpdf.pdf", sections)


def scanned():
    from PIL import Image, ImageDraw
    out = io.BytesIO()
    c = Canvas(out, pagesize=A4)
    flow(c, AUSTEN[:1], [Frame(66, 80, 460, 650)], style(11))
    c.showPage()
    image = Image.new("L", (420, 594), 255)
    ImageDraw.Draw(image).text((40, 40), "Nobody reads this but eyes.", fill=0)
    from reportlab.lib.utils import ImageReader
    c.drawImage(ImageReader(image), 0, 0, *A4)
    c.showPage()
    c.showPage()
    c.save()
    save("scanned.pdf", out.getvalue())
    truth("scanned.pdf", [("p. 1", AUSTEN[:1]), ("p. 2", None), ("p. 3", [])])


def locked_and_broken():
    source = (HERE / "fpdf.pdf").read_bytes()
    for name, user in (("encrypted.pdf", "secret"), ("owner-locked.pdf", "")):
        pdf = pikepdf.open(io.BytesIO(source))
        pdf.save(HERE / name, encryption=pikepdf.Encryption(owner="owner", user=user, R=6))
    truth("owner-locked.pdf", [("p. 1", MELVILLE[:2]), ("p. 2", AUSTEN[:2])])
    # The end is gone, and with it the table of objects: what is left is found by searching.
    cut = source[: source.rindex(b"xref\n")]
    save("broken-end.pdf", cut)
    truth("broken-end.pdf", [("p. 1", MELVILLE[:2]), ("p. 2", AUSTEN[:2])])
    save("broken.pdf", source[:300])


# -- EPUB ------------------------------------------------------------------------------------------------------

XHTML = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" xml:lang="{lang}">
<head><title>{title}</title><style>p {{ color: red }}</style><script>alert("no")</script></head>
<body>{body}</body></html>"""


def archive(name, parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for path, text in parts:
            info = zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if path == "mimetype" else zipfile.ZIP_DEFLATED
            z.writestr(info, text)
    save(name, out.getvalue())


CONTAINER = ('META-INF/container.xml', '<?xml version="1.0"?><container version="1.0" '
             'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
             'full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>')


def opf(version, items, spine, title, lang, toc=""):
    rows = "".join(f'<item id="{i}" href="{h}" media-type="{m}" {p}/>' for i, h, m, p in items)
    refs = "".join(f'<itemref idref="{i}"/>' for i in spine)
    return (f'<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="{version}" unique-identifier="i">'
            f'<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">x</dc:identifier>'
            f'<dc:title>{title}</dc:title><dc:language>{lang}</dc:language></metadata>'
            f'<manifest>{rows}</manifest><spine {toc}>{refs}</spine></package>')


def paragraphs(texts):
    return "".join(f"<p>{t}</p>" for t in texts)


def epub_2():
    x = "application/xhtml+xml"
    items = [("b", "text/two%20b.xhtml", x, ""), ("a", "text/one.xhtml", x, ""), ("ncx", "toc.ncx", "application/x-dtbncx+xml", "")]
    ncx = ('<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">'
           '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>'
           '<navPoint><navLabel><text>Loomings</text></navLabel><content src="text/one.xhtml"/>'
           '<navPoint><navLabel><text>Of the City</text></navLabel><content src="text/one.xhtml#city"/></navPoint></navPoint>'
           '<navPoint><navLabel><text>Of a Fortune</text></navLabel><content src="text/two%20b.xhtml"/></navPoint></navMap></ncx>')
    one = XHTML.format(lang="en", title="1", body=f"<h1>Loomings</h1>{paragraphs(MELVILLE[:3])}<h2 id='city'>Of the City</h2>{paragraphs(MELVILLE[3:])}")
    two = XHTML.format(lang="en", title="2", body=f"<h1>Of a Fortune</h1>{paragraphs(AUSTEN)}")
    archive("book-2.epub", [("mimetype", "application/epub+zip"), CONTAINER,
            ("OPS/book.opf", opf("2.0", items, ["a", "b"], "Ships and Fortunes", "en", 'toc="ncx"')),
            ("OPS/toc.ncx", ncx), ("OPS/text/one.xhtml", one), ("OPS/text/two b.xhtml", two)])
    truth("book-2.epub", [("ch. 1", ["Loomings", *MELVILLE[:3]]), ("ch. 2", ["Of the City", *MELVILLE[3:]]),
                          ("ch. 3", ["Of a Fortune", *AUSTEN])])


def epub_3():
    x = "application/xhtml+xml"
    items = [("nav", "nav.xhtml", x, 'properties="nav"'), ("a", "a.xhtml", x, ""), ("b", "b.xhtml", x, ""), ("n", "notes.xhtml", x, "")]
    nav = XHTML.format(lang="ja", title="nav", body='<nav epub:type="toc"><ol><li><a href="a.xhtml">一</a></li>'
                       '<li><a href="b.xhtml">二</a></li><li><a href="notes.xhtml">注</a></li></ol></nav>')
    a = XHTML.format(lang="ja", title="一", body=f"<h1>一</h1><p><ruby>吾輩<rt>わがはい</rt></ruby>{SOSEKI[0][2:]}</p>"
                     '<aside epub:type="footnote" id="f1" hidden="hidden"><p>隠</p></aside>')
    b = XHTML.format(lang="ja", title="二", body=f'<h1>二</h1><p>{SOSEKI[1]}<a epub:type="noteref" href="notes.xhtml#n1">1</a></p>'
                     "<table><tr><th>名</th><th>色</th></tr><tr><td>猫</td><td>黒</td></tr></table><svg><text>絵</text></svg>")
    n = XHTML.format(lang="ja", title="注", body='<h1>注</h1><aside epub:type="footnote" id="n1"><p>書生とは学生である。</p></aside>')
    archive("book-3.epub", [("mimetype", "application/epub+zip"), CONTAINER,
            ("OPS/book.opf", opf("3.0", items, ["a", "b", "n"], "吾輩は猫である", "ja")),
            ("OPS/nav.xhtml", nav), ("OPS/a.xhtml", a), ("OPS/b.xhtml", b), ("OPS/notes.xhtml", n)])
    truth("book-3.epub", [("ch. 1", ["一", SOSEKI[0]]), ("ch. 2", ["二", SOSEKI[1] + "[1]", "名 | 色", "猫 | 黒"]),
                          ("ch. 3", ["注", "[1] 書生とは学生である。"])])


# -- DOCX, HTML, Markdown, text -----------------------------------------------------------------------------------

def word():
    d = docx.Document()
    d.core_properties.title = "A Voyage in Word"
    d.core_properties.language = "en-GB"
    d.add_heading("Loomings", 1)
    for text in MELVILLE[:2]:
        d.add_paragraph(text)
    d.add_heading("What to Pack", 2)
    for item in ("a carpet-bag", "two shirts"):
        d.add_paragraph(item, style="List Bullet")
    for item in ("Leave Manhattan.", "Reach New Bedford."):
        d.add_paragraph(item, style="List Number")
    table = d.add_table(rows=2, cols=2)
    for cell, text in zip([c for row in table.rows for c in row.cells], ("Ship", "Crew", "Pequod", "30")):
        cell.text = text
    d.add_heading("Fortunes", 1)
    p = d.add_paragraph(AUSTEN[0])
    mark = docx.oxml.parse_xml('<w:r xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:footnoteReference w:id="2"/></w:r>')
    p._p.append(mark)
    p._p.append(docx.oxml.parse_xml('<w:del xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" w:id="9" w:author="x"><w:r><w:delText>gone</w:delText></w:r></w:del>'))
    out = io.BytesIO()
    d.save(out)
    parts = [(i, zipfile.ZipFile(out).read(i)) for i in zipfile.ZipFile(out).namelist() if not i.startswith("docProps/thumb")]
    notes = ('<?xml version="1.0"?><w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
             '<w:footnote w:type="separator" w:id="0"><w:p/></w:footnote><w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r>'
             '<w:r><w:t>A note on wives.</w:t></w:r></w:p></w:footnote></w:footnotes>')
    archive("word.docx", [*parts, ("word/footnotes.xml", notes)])
    truth("word.docx", [("ch. 1", ["Loomings", *MELVILLE[:2]]),
                        ("ch. 2", ["What to Pack", "- a carpet-bag", "- two shirts", "1. Leave Manhattan.", "2. Reach New Bedford.",
                                   "Ship | Crew\nPequod | 30"]),
                        ("ch. 3", ["Fortunes", AUSTEN[0] + "[2]", "[2] A note on wives."])])


RUSSIAN = "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему. Все смешалось в доме Облонских."
GERMAN = "Als Gregor Samsa eines Morgens aus unruhigen Träumen erwachte, fand er sich in seinem Bett zu einem ungeheueren Ungeziefer verwandelt. Er lag auf seinem panzerartig harten Rücken und sah, wenn er den Kopf ein wenig hob, seinen gewölbten, braunen Bauch."


def web():
    page = ("<!DOCTYPE html><html lang='ru'><head><meta charset='windows-1251'><title>Анна</title><script>var x = '<p>no</p>'</script>"
            f"<style>p{{}}</style></head><body><nav><a href='/'>Домой</a></nav><h1>Глава первая</h1><p>{RUSSIAN}<p>Да &amp; нет&nbsp;— так."
            "<ul><li>раз<li>два</ul><div style='display:none'>скрыто</div></body></html>")
    save("page.html", page.encode("windows-1251"))
    truth("page.html", [("ch. 1", ["Домой"]), ("ch. 2", ["Глава первая", RUSSIAN, "Да & нет\u00a0— так.", "- раз", "- два"])])


def plain():
    for name, text, encoding in (
        ("latin-1.txt", GERMAN, "latin-1"), ("koi8-r.txt", RUSSIAN, "koi8-r"), ("shift-jis.txt", "\n".join(SOSEKI), "shift-jis"),
        ("gb18030.txt", LAOZI, "gb18030"), ("utf-16.txt", RUSSIAN, "utf-16"), ("utf-16be.txt", MELVILLE[0], "utf-16-be"),
        ("windows-1256.txt", "\n".join(ARABIC), "windows-1256"), ("utf-8-mark.txt", GERMAN, "utf-8-sig"),
        ("euc-kr.txt", "나라의 말이 중국과 달라 문자와 서로 통하지 아니하므로 이런 까닭으로 어리석은 백성이 말하고자 하는 바가 있어도", "euc-kr")):
        save(name, text.encode(encoding))
        truth(name, [("line 1", [text])])
    markdown = f"# Loomings\n\n{MELVILLE[0]}\n\n* one\n* two\n\n## A second\n\n{AUSTEN[0]}\n"
    save("notes.md", markdown.encode())
    truth("notes.md", [("ch. 1", ["# Loomings", MELVILLE[0], "* one\n* two"]), ("ch. 2", ["## A second", AUSTEN[0]])])


for make in (book, two_columns, three_columns, signs, japanese, chinese, vertical, right_to_left, other_producer,
             scanned, locked_and_broken, epub_2, epub_3, word, web, plain):
    make()
print(sum(f.stat().st_size for f in HERE.iterdir()), "bytes")
