//! The table of rooms: which crate may use which, who took the lints, and where no network crate may stand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on must stop"
)]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Allowed edges between workspace crates (normal dependencies).
const ROOMS: &[(&str, &[&str])] = &[
    ("mail", &[]),
    ("policy", &["mail"]),
    ("sanitiser", &["mail", "policy"]),
    ("verifier", &["mail", "policy"]),
    ("jail", &["mail", "policy", "sanitiser", "verifier"]),
    ("store", &["mail", "policy"]),
    ("relay", &["mail"]),
    ("checks", &["mail", "policy"]),
    ("delivery", &["mail", "store", "verifier"]),
    ("portal", &["mail", "policy", "store"]),
    ("gateway", &["mail", "policy", "verifier", "jail", "store", "relay", "checks", "delivery", "portal"]),
    ("fixtures", &["mail"]),
    ("benches", &["mail", "policy", "sanitiser", "verifier", "jail", "store", "relay", "fixtures"]),
];

/// Crates that open sockets or drive them; none may be reachable from these rooms.
const NETWORK: &[&str] =
    &["tokio", "mio", "socket2", "lettre", "hyper", "reqwest", "rustls", "async-std", "quinn"];
const WITHOUT_NETWORK: &[&str] = &["mail", "policy", "sanitiser", "verifier"];

fn metadata() -> Value {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform"])
        .arg(host())
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Packages of other platforms are not needed, and perhaps not here.
fn host() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}

/// Normal dependencies of every package, by id.
fn normal_edges(metadata: &Value) -> BTreeMap<String, Vec<String>> {
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let is_normal =
        |dep: &Value| dep["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null());
    let id = |value: &Value| value.as_str().unwrap().to_owned();
    let edges = |node: &Value| {
        node["deps"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|dep| is_normal(dep))
            .map(|dep| id(&dep["pkg"]))
            .collect()
    };
    nodes.iter().map(|node| (id(&node["id"]), edges(node))).collect()
}

#[test]
fn every_crate_keeps_to_its_room() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let members: BTreeSet<&str> =
        metadata["workspace_members"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let name_of: BTreeMap<&str, &str> =
        packages.iter().map(|p| (p["id"].as_str().unwrap(), p["name"].as_str().unwrap())).collect();
    let edges = normal_edges(&metadata);
    let mut looked_at = 0;
    for &member in &members {
        let name = name_of[member];
        let (_, allowed) =
            ROOMS.iter().find(|(room, _)| *room == name).unwrap_or_else(|| panic!("{name} has no room"));
        for dependency in edges[member].iter().filter(|id| members.contains(id.as_str())) {
            let dependency = name_of[dependency.as_str()];
            assert!(allowed.contains(&dependency), "{name} may not use {dependency}");
        }
        looked_at += 1;
    }
    assert_eq!(looked_at, ROOMS.len(), "a room is empty");
}

#[test]
fn no_network_crate_is_reachable_from_the_pure_rooms() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let name_of: BTreeMap<&str, &str> =
        packages.iter().map(|p| (p["id"].as_str().unwrap(), p["name"].as_str().unwrap())).collect();
    let edges = normal_edges(&metadata);
    for room in WITHOUT_NETWORK {
        let (root, _) = name_of.iter().find(|(_, name)| *name == room).unwrap();
        let mut open = vec![(*root).to_owned()];
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if seen.insert(id.clone()) {
                let name = name_of[id.as_str()];
                assert!(!NETWORK.contains(&name), "{room} reaches {name}");
                open.extend(edges[&id].iter().cloned());
            }
        }
        assert!(seen.len() > 1, "{room} was not walked");
    }
}

#[test]
fn every_crate_takes_the_lints() {
    let metadata = metadata();
    let members: BTreeSet<&str> =
        metadata["workspace_members"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let mut looked_at = 0;
    for package in metadata["packages"].as_array().unwrap() {
        if !members.contains(package["id"].as_str().unwrap()) {
            continue;
        }
        let manifest = std::fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{} does not take the lints",
            package["name"]
        );
        assert!(manifest.contains("publish"), "{} could be published", package["name"]);
        looked_at += 1;
    }
    assert_eq!(looked_at, ROOMS.len());
}
