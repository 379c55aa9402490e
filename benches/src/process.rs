//! What the kernel counted for a process and its reaped children (proc(5)).

/// CPU time and memory of a process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// User and system time in seconds, reaped children included.
    pub cpu_s: f64,
    /// Resident set of the process itself, in MiB.
    pub rss_mib: f64,
    /// Largest resident set so far, in MiB.
    pub peak_rss_mib: f64,
}

/// Reads what `pid` has spent; zero when it is gone.
pub fn spent(pid: u32) -> Spent {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    // Fields 14 to 17: utime, stime, cutime, cstime, in ticks of 10 ms.
    let ticks: f64 =
        after.split_ascii_whitespace().skip(11).take(4).filter_map(|n| n.parse::<f64>().ok()).sum();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_ascii_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or_default()
    };
    Spent { cpu_s: ticks / 100.0, rss_mib: kib("VmRSS:") / 1024.0, peak_rss_mib: kib("VmHWM:") / 1024.0 }
}
