//! A picture that moves, under both values of its rule, through the real binary: what is written passes the verifier.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on must stop")]

mod common;

use common::{BINARY, folder};
use serde_json::Value;
use std::process::Command;

/// Two frames of one pixel, of which the second is told to wait no time, between extensions that nobody needs.
fn moving() -> Vec<u8> {
    let frame = b"\x21\xf9\x04\0\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x4c\x01\0";
    let head = b"GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\xff\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0";
    let comment = b"\x21\xfe\x06remark\0";
    [&head[..], comment, frame, frame, b"\x3bbehind"].concat()
}

#[test]
fn a_moving_picture_stays_one_only_where_policy_says_so() {
    let folder = folder();
    let input = folder.path().join("logo.gif");
    std::fs::write(&input, moving()).unwrap();
    let mut ran = 0;
    for (value, name, dropped) in [("first", "logo.gif.png", true), ("all", "logo.gif", false)] {
        let out = folder.path().join(value);
        let mut command = Command::new(BINARY);
        command.args([
            "sanitise",
            "--report",
            "json",
            "--policy",
            &format!("animated_images={value}"),
            "--out",
        ]);
        let done = command.arg(&out).arg(&input).output().unwrap();
        let report: Value = serde_json::from_slice(&done.stdout).unwrap();
        let part = &report["parts"][0];
        assert_eq!(
            (&report["outcome"], &part["output"]["name"]),
            (&"clean".into(), &name.into()),
            "{report}"
        );
        assert_eq!(part["findings"].to_string().contains("frames_dropped"), dropped, "{report}");
        let written = std::fs::read(out.join(name)).unwrap();
        assert!(!written.windows(6).any(|six| six == b"remark" || six == b"behind"));
        ran += 1;
    }
    assert_eq!(ran, 2);
}
