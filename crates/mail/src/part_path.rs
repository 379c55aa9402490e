//! The place of a part in the one tree that runs through MIME entities, nested messages and archives.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Deepest path that is representable; MIME depth (20) plus archive depth (5) with room to spare.
const DEPTH_MAX: usize = 64;

/// A dotted path such as `2.1.3`. The root of a message or of a file is `1`; the children of a multipart, of a
/// `message/rfc822` and of an archive are numbered from 1 below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PartPath(Vec<u32>);

impl PartPath {
    /// The root, `1`.
    pub fn root() -> Self {
        Self(vec![1])
    }

    /// The path of the `number`-th child, counted from 1.
    #[must_use]
    pub fn child(&self, number: u32) -> Self {
        let mut steps = self.0.clone();
        if steps.len() < DEPTH_MAX {
            steps.push(number);
        }
        Self(steps)
    }

    /// Number of steps; the root has 1.
    pub fn depth(&self) -> usize {
        self.0.len()
    }

    /// Whether `self` is `other` or lies below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Whether this has the form that `root` and `child` make; to be asked of a path that came through a frame.
    pub fn is_sound(&self) -> bool {
        !self.0.is_empty() && self.0.len() <= DEPTH_MAX && self.0.iter().all(|&step| step > 0)
    }
}

impl fmt::Display for PartPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            write!(f, "{step}")?;
        }
        Ok(())
    }
}

impl FromStr for PartPath {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let steps = text.split('.').map(|step| step.parse().ok()).collect::<Option<Vec<u32>>>().ok_or(())?;
        let path = Self(steps);
        if path.is_sound() { Ok(path) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_displays_dotted_and_parses_back() {
        let path = PartPath::root().child(2).child(3);
        assert_eq!(path.to_string(), "1.2.3");
        assert_eq!("1.2.3".parse(), Ok(path.clone()));
        assert!(path.is_within(&PartPath::root().child(2)));
        assert!(!PartPath::root().is_within(&path));
        assert_eq!("1.0".parse::<PartPath>(), Err(()));
        assert_eq!("".parse::<PartPath>(), Err(()));
    }
}
