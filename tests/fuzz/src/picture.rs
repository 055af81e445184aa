//! A picture, from its bytes to what is looked at.

use std::collections::HashSet;
use std::sync::Mutex;

use documents::{Area, Picture, SIDE};
use prompt::{PanAndScan, crops};

/// Pictures of more pixels than this are decoded and not stretched: that depends on nothing but their size.
const MOST_STRETCHED: u64 = 1 << 20;

pub fn read(file: &[u8]) -> bool {
    let Ok(picture) = Picture::decode(file) else {
        return false;
    };
    let (width, height) = (picture.width(), picture.height());
    let pixels = u64::from(width) * u64::from(height);
    assert_eq!(picture.rgb().len() as u64, 3 * pixels);
    if pixels > MOST_STRETCHED || !is_new(width, height) {
        return true;
    }
    picture.preview(32);
    // Of how pictures are cut, the file's end may decide too: it is somebody's setting.
    let own = file.last_chunk().map(|end: &[u8; 8]| {
        let [low, high] = [
            [end[0], end[1], end[2], end[3]],
            [end[4], end[5], end[6], end[7]],
        ];
        PanAndScan {
            min_ratio: f64::from(f32::from_le_bytes(low)),
            min_piece: u32::from(high[0]),
            max_pieces: u32::from_le_bytes(high) >> 8,
        }
    });
    for how in [PanAndScan::default()].into_iter().chain(own) {
        let crops = crops(width, height, &how).expect("there are pixels");
        for crop in &crops {
            assert!(crop.width > 0 && crop.x + crop.width <= width, "{crop:?}");
            assert!(
                crop.height > 0 && crop.y + crop.height <= height,
                "{crop:?}"
            );
        }
        let area = crops.last().map(|crop| Area {
            x: crop.x,
            y: crop.y,
            width: crop.width,
            height: crop.height,
        });
        let values = picture.pixels(area);
        assert_eq!(values.len(), 3 * SIDE * SIDE);
        assert!(values.iter().all(|value| (-1.0..=1.0).contains(value)));
    }
    true
}

/// Stretching takes long and looks at no byte of the file: once for each size is enough.
fn is_new(width: u32, height: u32) -> bool {
    static SEEN: Mutex<Option<HashSet<(u32, u32)>>> = Mutex::new(None);
    let mut seen = SEEN.lock().expect("nobody panics while holding it");
    seen.get_or_insert_default().insert((width, height))
}

/// The limits that `documents` states: a picture that is decoded may have 89 megapixels however short its file is,
/// in its own colours and once more while they become ours.
pub fn most_bytes(len: usize) -> usize {
    (1 << 30) + 16 * len
}
