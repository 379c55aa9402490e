//! Measurements: criterion benches of the hot stages (`cargo bench -p benches`), and the load driver
//! (`cargo run --release -p benches --bin load`), which sends mail through the real binary to a real sink.

pub mod bombs;
pub mod process;
pub mod sink;
