//! Loops under stress: many, nested, panicking, from several callers, on threads that sleep.

use super::*;

fn pool(threads: usize) -> Pool {
    Pool::new(NonZeroUsize::new(threads).expect("at least one"))
}

#[track_caller]
fn check(pool: &Pool, items: usize, grain: usize) {
    let seen: Vec<AtomicUsize> = (0..items).map(|_| AtomicUsize::new(0)).collect();
    pool.run(items, grain, |range| {
        assert!(range.len() <= grain.max(1));
        for item in range {
            seen[item].fetch_add(1, Ordering::Relaxed);
        }
    });
    assert!(
        seen.iter().all(|count| count.load(Ordering::Relaxed) == 1),
        "{items} by {grain}"
    );
}

#[test]
fn every_item_is_worked_on_once() {
    for threads in 1..=5 {
        let pool = pool(threads);
        for (items, grain) in [
            (0, 1),
            (1, 1),
            (2, 1),
            (7, 3),
            (100, 0),
            (1000, 1),
            (1000, 999),
            (5, 10),
        ] {
            check(&pool, items, grain);
        }
    }
}

#[test]
fn thousands_of_loops_from_several_callers_all_finish() {
    let pool = pool(3);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..2000).for_each(|round| check(&pool, round % 17, 1 + round % 3)));
        }
    });
}

#[test]
fn a_loop_inside_a_loop_runs_where_it_is() {
    let pool = pool(3);
    let count = AtomicUsize::new(0);
    pool.run(8, 1, |_| {
        let here = thread::current().id();
        pool.run(10, 1, |range| {
            assert_eq!(thread::current().id(), here);
            count.fetch_add(range.len(), Ordering::Relaxed);
        });
    });
    assert_eq!(count.into_inner(), 80);
}

#[test]
fn a_panic_reaches_the_caller_and_the_pool_lives_on() {
    for threads in 1..=4 {
        let pool = pool(threads);
        for item in [0, 13, 63] {
            let result = catch_unwind(AssertUnwindSafe(|| {
                pool.run(64, 1, |range| {
                    assert!(!range.contains(&item), "item {item}")
                });
            }));
            let panic = result.expect_err("the work panicked");
            assert_eq!(
                panic.downcast_ref::<String>().map(String::as_str),
                Some(&*format!("item {item}"))
            );
            check(&pool, 100, 7);
        }
    }
}

#[test]
fn workers_that_sleep_wake_up_for_the_next_loop() {
    let pool = pool(3);
    for _ in 0..20 {
        while !pool
            .workers
            .iter()
            .all(|worker| worker.asleep.load(Ordering::SeqCst))
        {
            thread::yield_now();
        }
        check(&pool, 100, 1);
    }
}

#[test]
fn dropping_a_pool_ends_its_threads() {
    let pool = pool(4);
    check(&pool, 100, 1);
    let shared = Arc::downgrade(&pool.shared);
    drop(pool);
    assert!(shared.upgrade().is_none(), "every thread held on to it");
}

#[test]
fn rows_are_handed_out_whole() {
    let mut out = vec![0; 35];
    pool(2).run_rows(&mut out, 5, 2, |first, rows| {
        for (row, out) in rows.chunks_mut(5).enumerate() {
            out.fill(first + row);
        }
    });
    assert!(out.iter().enumerate().all(|(i, row)| i / 5 == *row));
}
