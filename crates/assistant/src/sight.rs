//! Looking: pictures become what the model reads in their places.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use documents::{Area, Picture as Decoded};
use library::PictureId;
use prompt::Crop;

use crate::Error;

/// A picture of a file that is not kept.
pub fn read_file(path: &Path) -> Result<(PictureId, Decoded), Error> {
    let file = read(path).map_err(|source| Error::io("read", path, source))?;
    let picture = Decoded::decode(&file).map_err(|source| Error::PictureFile {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    Ok((PictureId::of(&file), picture))
}

/// One byte more than is decoded tells that it is too long.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = Vec::new();
    let most = documents::MOST_BYTES as u64 + 1;
    File::open(path)?.take(most).read_to_end(&mut file)?;
    Ok(file)
}

pub fn area(crop: Crop) -> Area {
    let Crop {
        x,
        y,
        width,
        height,
    } = crop;
    Area {
        x,
        y,
        width,
        height,
    }
}
