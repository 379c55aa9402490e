//! Values with units: `"25 MiB"`, `"30 s"`, `"host:port"`.

/// Octets of a size such as `25 MiB`; complains and yields 0 when it is none.
pub(super) fn octets(key: &str, text: &str, complaints: &mut Vec<String>) -> u64 {
    let parsed = split(text).and_then(|(number, unit)| {
        let factor: u64 = match unit {
            "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return None,
        };
        number.checked_mul(factor)
    });
    parsed.unwrap_or_else(|| {
        complaints.push(format!("{key} = \"{text}\": not a size such as \"25 MiB\" (B, KiB, MiB, GiB)"));
        0
    })
}

/// Seconds of a time such as `30 s`; complains and yields 0 when it is none.
pub(super) fn seconds(key: &str, text: &str, complaints: &mut Vec<String>) -> u64 {
    let parsed = split(text).and_then(|(number, unit)| {
        let factor: u64 = match unit {
            "s" => 1,
            "min" => 60,
            "h" => 3_600,
            "days" => 86_400,
            _ => return None,
        };
        number.checked_mul(factor)
    });
    parsed.unwrap_or_else(|| {
        complaints.push(format!("{key} = \"{text}\": not a time such as \"30 s\" (s, min, h, days)"));
        0
    })
}

/// Minutes since midnight of a time of day such as `07:30`; complains and yields midnight when it is none.
pub(super) fn time_of_day(key: &str, text: &str, complaints: &mut Vec<String>) -> u32 {
    let parsed = text.split_once(':').and_then(|(hours, minutes)| {
        let two = |digits: &str| {
            let sound = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
            sound.then(|| digits.parse::<u32>().ok()).flatten()
        };
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        (hours < 24 && minutes < 60).then(|| hours.saturating_mul(60).saturating_add(minutes))
    });
    parsed.unwrap_or_else(|| {
        complaints.push(format!("{key} = \"{text}\": not a time of day such as \"07:30\", nor \"off\""));
        0
    })
}

fn split(text: &str) -> Option<(u64, &str)> {
    let (number, unit) = text.trim().split_once(' ')?;
    Some((number.parse().ok()?, unit.trim()))
}

/// Host and port of `host:port`.
pub(super) fn host_port(key: &str, text: &str, complaints: &mut Vec<String>) -> Option<(String, u16)> {
    let parsed = text.rsplit_once(':').and_then(|(host, port)| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (!host.is_empty()).then_some(())?;
        Some((host.to_owned(), port.parse().ok()?))
    });
    if parsed.is_none() {
        complaints.push(format!("{key} = \"{text}\": not HOST:PORT"));
    }
    parsed
}
