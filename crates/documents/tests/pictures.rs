//! What is read from picture files, against what the reference reads from them.

use std::fs;
use std::path::{Path, PathBuf};

use documents::{Error, Picture, SIDE};
use safetensors::SafeTensors;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden")
        .join(name)
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
fn decode(file: &[u8]) -> Picture {
    Picture::decode(file).unwrap_or_else(|error| panic!("{error}"))
}

/// Decoders of lossy formats may round differently; all others may not.
const LOSSY_MOST_OFF: u8 = 3;

/// Every format, every kind of colour, every way a camera can be held.
#[test]
fn files_show_what_the_reference_sees_in_them() {
    let expected = read(&golden("pictures/expected.safetensors"));
    let expected = SafeTensors::deserialize(&expected).expect("the goldens are whole");
    let mut compared = 0;
    for (name, seen) in expected.iter() {
        let picture = decode(&read(&golden("pictures").join(name)));
        let size = [picture.height() as usize, picture.width() as usize, 3];
        assert_eq!(seen.shape(), size, "{name}");
        let most_off = picture.rgb().iter().zip(seen.data());
        let most_off = most_off.map(|(ours, theirs)| ours.abs_diff(*theirs)).max();
        let lossy = name.ends_with(".jpg") || name == "lossy.webp";
        let allowed = if lossy { LOSSY_MOST_OFF } else { 0 };
        assert!(most_off <= Some(allowed), "{name} is {most_off:?} off");
        compared += 1;
    }
    assert!(compared >= 38, "{compared} pictures");
}

/// The square that the vision tower gets: the same bytes, made into the same floats but for their last bit.
#[test]
fn pictures_are_stretched_as_the_reference_does() {
    let expected = read(&golden("tiny-mm/expected.safetensors"));
    let expected = SafeTensors::deserialize(&expected).expect("the goldens are whole");
    for name in ["landscape", "small", "tall", "wide"] {
        let picture = decode(&read(&golden(&format!("tiny-mm/{name}.png"))));
        let pixels = picture.pixels(None); // [3, SIDE, SIDE]
        let sample = expected
            .tensor(&format!("{name}.plain.pixels_sample")) // [1, 3, 25, 22]: every 37th row, every 41st column
            .expect("the goldens have it");
        let mut theirs = sample
            .data()
            .as_chunks::<4>()
            .0
            .iter()
            .map(|four| f32::from_le_bytes(*four));
        let mut most_off: f32 = 0.0;
        for channel in pixels.chunks_exact(SIDE * SIDE) {
            for row in channel.chunks_exact(SIDE).step_by(37) {
                for ours in row.iter().step_by(41) {
                    let theirs = theirs.next().expect("as many samples");
                    most_off = most_off.max((ours - theirs).abs());
                }
            }
        }
        assert!(theirs.next().is_none());
        assert!(most_off <= f32::EPSILON, "{name} is {most_off} off");
    }
}

#[test]
fn a_preview_fits_and_is_not_larger_than_the_picture() {
    let wide = decode(&read(&golden("tiny-mm/wide.png"))); // 1800 by 400
    let preview = decode(&wide.preview(512));
    assert_eq!((preview.width(), preview.height()), (512, 113));
    assert_eq!(preview.mime(), "image/jpeg");
    let small = decode(&read(&golden("tiny-mm/small.png"))); // 97 by 61
    let preview = decode(&small.preview(512));
    assert_eq!((preview.width(), preview.height()), (97, 61));
    let off = preview
        .rgb()
        .iter()
        .zip(small.rgb())
        .map(|(a, b)| u32::from(a.abs_diff(*b)));
    assert!(off.sum::<u32>() < 97 * 61 * 3 * 8, "it shows the picture");
}

#[track_caller]
fn check_refused(file: &[u8], expected: &str) {
    let refused = Picture::decode(file).expect_err("it is refused");
    assert_eq!(refused.to_string(), expected);
    assert!(refused.hint().is_some(), "it says what to do");
}

#[test]
fn what_is_no_picture_is_named() {
    check_refused(b"", "the file is empty");
    check_refused(
        b"%PDF-1.7\n...",
        "this is a PDF document, not a picture in a format that Lectern reads",
    );
    check_refused(
        b"Dear diary",
        "this is text, not a picture in a format that Lectern reads",
    );
    check_refused(
        &[0; 64],
        "this is a file of an unknown kind, not a picture in a format that Lectern reads",
    );
    check_refused(
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        "HEIC pictures cannot be read",
    );
    check_refused(
        b"\0\0\0\x1cftypavif\0\0\0\0",
        "AVIF pictures cannot be read",
    );
    check_refused(
        b"<?xml version='1.0'?><svg/>",
        "SVG pictures cannot be read",
    );
}

/// A header alone is enough to refuse: nothing of this size is ever allocated.
#[test]
fn a_picture_of_a_hundred_megapixels_is_refused_before_it_is_decoded() {
    let most = "and at most 89 megapixels and 65535 pixels on a side are read";
    check_refused(
        &bomb::png(10_000, 10_000),
        &format!("the picture has 10000 × 10000 pixels, {most}"),
    );
    check_refused(
        &bomb::png(1, 70_000),
        &format!("the picture has 1 × 70000 pixels, {most}"),
    );
    check_refused(
        &bomb::gif(65_535, 65_535),
        &format!("the picture has 65535 × 65535 pixels, {most}"),
    );
    check_refused(
        &bomb::bmp(40_000, 40_000),
        &format!("the picture has 40000 × 40000 pixels, {most}"),
    );
}

/// Whoever believes what it says of its metadata takes a gigabyte.
#[test]
fn a_part_that_is_longer_than_its_file_is_refused() {
    let mut file = read(&golden("pictures/turned-3.webp"));
    let exif = file.windows(4).position(|name| name == b"EXIF");
    let at = exif.expect("it says how it was held") + 4;
    file[at..at + 4].copy_from_slice(&0x4000_0000u32.to_le_bytes());
    let len = file.len();
    check_refused(
        &file,
        &format!("the WebP picture is damaged: its file ends early, after {len} bytes"),
    );
}

/// As long as the limit, and one pixel too much.
#[test]
fn the_largest_picture_that_is_read() {
    let fits = bomb::png(9_459, 9_459); // 89,472,681
    let refused = Picture::decode(&fits).expect_err("there are no pixels in it");
    assert!(matches!(refused, Error::Damaged { .. }), "{refused}");
    let too_large = Picture::decode(&bomb::png(9_460, 9_460));
    assert!(matches!(too_large, Err(Error::TooLarge { .. })));
}

/// Cut anywhere, changed anywhere: an answer, never a panic.
#[test]
fn damaged_files_are_errors_or_pictures() {
    let folder = fs::read_dir(golden("pictures")).expect("the goldens are there");
    for file in folder {
        let path = file.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if !name.contains('.')
            || name.ends_with(".py")
            || name.ends_with(".safetensors")
            || name.ends_with(".md")
        {
            continue;
        }
        let file = read(&path);
        let whole = decode(&file);
        for end in (0..file.len()).step_by(1 + file.len() / 60) {
            // Behind a moving picture's first frame, nothing is missed.
            if let Ok(cut) = Picture::decode(&file[..end]) {
                assert!(cut == whole, "{name} cut at {end} of {}", file.len());
            }
        }
        for at in (0..file.len()).step_by(1 + file.len() / 120) {
            for bits in [0x01, 0x80, 0xff] {
                let mut changed = file.clone();
                changed[at] ^= bits;
                let _ = Picture::decode(&changed);
            }
        }
    }
}

/// Files that promise more than they hold.
mod bomb {
    pub fn png(width: u32, height: u32) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut head = Vec::new();
        head.extend(width.to_be_bytes());
        head.extend(height.to_be_bytes());
        head.extend([8, 2, 0, 0, 0]);
        for (kind, body) in [(b"IHDR", &head[..]), (b"IDAT", &[][..]), (b"IEND", &[][..])] {
            file.extend((body.len() as u32).to_be_bytes());
            file.extend(kind);
            file.extend(body);
            file.extend(crc(&[kind, body].concat()).to_be_bytes());
        }
        file
    }

    pub fn gif(width: u16, height: u16) -> Vec<u8> {
        let mut file = b"GIF89a".to_vec();
        file.extend(width.to_le_bytes());
        file.extend(height.to_le_bytes());
        file.extend([0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
        file.extend([0x2c, 0, 0, 0, 0]);
        file.extend(width.to_le_bytes());
        file.extend(height.to_le_bytes());
        file.extend([0, 2, 1, 0x4c, 0, 0x3b]);
        file
    }

    pub fn bmp(width: u32, height: u32) -> Vec<u8> {
        let mut file = b"BM".to_vec();
        file.extend([0; 8]);
        file.extend(54u32.to_le_bytes());
        file.extend(40u32.to_le_bytes());
        file.extend(width.to_le_bytes());
        file.extend(height.to_le_bytes());
        file.extend([1, 0, 24, 0]);
        file.extend([0; 24]);
        file
    }

    fn crc(bytes: &[u8]) -> u32 {
        let mut crc = u32::MAX;
        for byte in bytes {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 {
                    crc >> 1 ^ 0xedb8_8320
                } else {
                    crc >> 1
                };
            }
        }
        !crc
    }
}
