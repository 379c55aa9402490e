//! Octets → typed results of checks: SPF, DKIM, DMARC, ARC, virus scanners, recipient look-ups.
//!
//! This room is empty in this version: nothing is checked, and no `Authentication-Results` field is written.
