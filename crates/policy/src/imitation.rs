//! Senders that pretend to be somebody of the inside.
//!
//! *Security.* Asked twice: in the jail, where the mail is read, and outside it, of what came back: a taken child can
//! write any From, but not one without its mark.

use crate::{FindingCode, Findings, Policy};
use mail::Fields;

/// From and Reply-To that pretend to come from inside, names that hold another address, domains of mixed scripts.
pub fn imitations(fields: &Fields, policy: &Policy) -> Findings {
    let mut findings = Findings::new();
    for mailbox in fields.from.iter().chain(&fields.reply_to).chain(&fields.sender) {
        let domain = domain_of(&mailbox.addr_spec);
        let inside = |domain: &str| policy.inside_domains.iter().any(|ours| domain == ours);
        if inside(&domain) {
            findings.add_detail(FindingCode::ImitatesInside, &mailbox.addr_spec);
        }
        let name = mailbox.display_name.to_ascii_lowercase();
        if name.contains('@') && !name.contains(&mailbox.addr_spec.to_ascii_lowercase()) {
            findings.add_detail(FindingCode::NameHoldsAddress, &mailbox.display_name);
        }
        if !inside(&domain) && policy.inside_domains.iter().any(|ours| name.contains(ours.as_str())) {
            findings.add_detail(FindingCode::ImitatesInside, &mailbox.display_name);
        }
        if domain.split('.').any(|label| label.starts_with("xn--")) {
            findings.add_detail(FindingCode::MixedScriptDomain, &domain);
        }
    }
    findings
}

fn domain_of(addr_spec: &str) -> String {
    addr_spec.rsplit_once('@').map_or_else(String::new, |(_, domain)| domain.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::NamedMailbox;

    #[test]
    fn who_pretends_to_be_inside_is_marked() {
        let mut policy = Policy::standard();
        policy.inside_domains = vec!["town.example.lg.jp".to_owned()];
        for (name, address, code) in [
            ("総務課", "soumu@Town.example.lg.jp", Some(FindingCode::ImitatesInside)),
            ("soumu@town.example.lg.jp", "a@evil.example", Some(FindingCode::ImitatesInside)),
            ("b@other.example", "a@evil.example", Some(FindingCode::NameHoldsAddress)),
            ("a", "a@xn--evl-0ra.example", Some(FindingCode::MixedScriptDomain)),
            ("花子", "hanako@example.com", None),
            ("hanako@example.com", "hanako@example.com", None),
        ] {
            let from = vec![NamedMailbox { display_name: name.to_owned(), addr_spec: address.to_owned() }];
            let found = imitations(&Fields { from, ..Fields::default() }, &policy);
            assert!(code.map_or(found.is_empty(), |code| found.has(code)), "{name} {address}");
        }
    }
}
