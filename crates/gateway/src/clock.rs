//! The one place of this crate that reads the wall clock.

use mail::DateTime;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in UTC.
pub(crate) fn now() -> DateTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    DateTime::utc(i64::try_from(since.as_secs()).unwrap_or_default())
}
