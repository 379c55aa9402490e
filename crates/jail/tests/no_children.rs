//! A pool that cannot start children says so at once, every time, and works as soon as it can.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on must stop"
)]

use jail::{JailError, Pool, PoolSettings, Sender, Turn};
use policy::Limits;
use std::{os::unix::fs::symlink, path::PathBuf, sync::mpsc, time::Duration};

fn attacker() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.join("examples").join("attacker")
}

/// Provokes one child in a thread of its own: a pool that blocks is a failure, not a test without an end.
fn provoke(pool: &Pool) -> Result<jail::Provoked, JailError> {
    let (pool, (told, tell)) = (pool.clone(), mpsc::channel());
    std::thread::spawn(move || told.send(pool.provoke(Turn::light(Sender::default()))));
    tell.recv_timeout(Duration::from_secs(30)).expect("the pool blocks")
}

#[test]
fn a_pool_without_children_does_not_block() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    let settings = PoolSettings {
        program: program.clone(),
        extra_arguments: vec!["open".to_owned()],
        limits: Limits { child_address_space_octets: 512 << 20, child_cpu_s: 4, ..Limits::STANDARD },
        fonts: Vec::new(),
        renderer: None,
        // The spawner tries all the while, beside the jobs.
        spare: 2,
        light: 2,
        heavy: 1,
        light_wall: Duration::from_secs(10),
    };
    let pool = Pool::unproven(settings).unwrap();
    for _ in 0..300 {
        assert!(matches!(provoke(&pool), Err(JailError::Spawn(_))));
    }
    symlink(attacker(), &program).unwrap();
    assert!(provoke(&pool).is_ok(), "it does not recover");
}
