//! What this machine can do, found out once.

use std::sync::atomic::AtomicBool;

use crate::desk::Desk;

#[test]
fn speeds_are_foreseen_once_the_machine_was_tested() {
    let desk = Desk::without_a_model();
    let before = desk.assistant.offers(None).unwrap();
    assert!(!before.is_tested);
    assert!(before.offers.iter().all(|offer| offer.speed.is_none()));

    let stopped = AtomicBool::new(true);
    assert!(!desk.assistant.test_machine(&stopped, |_, _| {}).unwrap());
    assert!(!desk.assistant.is_machine_tested());
    let stop = AtomicBool::new(false);
    assert!(desk.assistant.test_machine(&stop, |_, _| {}).unwrap());

    let desk = desk.restarted();
    let after = desk.assistant.offers(None).unwrap();
    assert!(after.is_tested);
    // What is larger is slower, in every format.
    for format in ["Q4_K_M", "Q8_0", "BF16", "Q4_0"] {
        let speeds = after.offers.iter().filter(|offer| offer.format == format);
        let speeds: Vec<_> = speeds.map(|offer| offer.speed.unwrap()).collect();
        assert!(speeds.is_sorted_by(|small, large| small.writing >= large.writing));
        assert!(speeds.is_sorted_by(|small, large| small.reading >= large.reading));
    }
    assert_eq!(
        after
            .offers
            .iter()
            .filter(|offer| offer.is_recommended)
            .count(),
        1
    );
}

/// A file that is damaged, or of another machine, is as none.
#[test]
fn a_test_that_does_not_hold_is_made_again() {
    let desk = Desk::without_a_model();
    let never = AtomicBool::new(false);
    desk.assistant.test_machine(&never, |_, _| {}).unwrap();
    let file = desk.home.path().join("cache/self-test.json");
    let whole = std::fs::read_to_string(&file).unwrap();
    for other in [
        &whole[..whole.len() / 2],
        &whole.replace("\"threads\":", "\"threads\":1"),
    ] {
        std::fs::write(&file, other).unwrap();
        assert!(!desk.assistant.is_machine_tested(), "{other}");
    }
}
