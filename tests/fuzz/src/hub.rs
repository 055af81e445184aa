//! What a hub answers, and the small files that say what is wanted and where a model came from.

use std::path::{Component, Path};

use checkpoints::Origin;
use checkpoints::fetch::{About, Listed};
use checkpoints::orders::{Order, Report};

/// `text` as each of them. No name in it leads out of a folder, whoever wrote it.
pub fn read(text: &[u8]) -> bool {
    let about = About::parse("owner/name", text);
    if let Some(about) = &about {
        check_stays(&about.revision);
        about.name.split('/').for_each(check_stays);
        assert_eq!(about.name.split('/').count(), 2, "{:?}", about.name);
    }
    let listed = Listed::parse(text);
    for listed in listed.iter().flatten() {
        check_stays(&listed.file);
    }
    let origin = Origin::parse(text).ok();
    for file in origin.iter().flat_map(|origin| &origin.files) {
        check_stays(&file.name);
    }
    let orders = [Order::parse(text).is_ok(), Report::parse(text).is_ok()];
    about.is_some() || listed.is_some() || origin.is_some() || orders.contains(&true)
}

fn check_stays(name: &str) {
    let mut parts = Path::new(name).components();
    let is_one = matches!(
        (parts.next(), parts.next()),
        (Some(Component::Normal(_)), None)
    );
    assert!(is_one, "{name:?} leads out of its folder");
}
