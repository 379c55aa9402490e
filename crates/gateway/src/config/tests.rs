use super::*;

fn complaints(text: &str) -> Vec<String> {
    let raw: RawConfig = toml::from_str(text).unwrap();
    Config::of_raw(raw, &Overrides::default(), false).map(drop).unwrap_err()
}

#[test]
fn embedded_defaults_are_sound() {
    let config = load(None, &Overrides::default()).unwrap();
    assert_eq!(config.domains(), ["example.lg.jp"]);
    assert!(config.automatic_keys);
    assert_eq!(config.zones.first().unwrap().policy.version.len(), 12);
}

#[test]
fn all_complaints_come_at_once() {
    let said = complaints(
        r#"
        hostname = "not a host"
        free_space_min = "plenty"
        [relay]
        listen = ["nowhere"]
        bare_line_ends = "maybe"
        [limits]
        message = "25"
        [outside]
        next_hop = "nohop"
        [[zone]]
        name = "a"
        domains = ["x.lg.jp", "bad domain"]
        recipients = "any"
        destination = "pigeon:coop"
        policy = { pdf = "keep", colour = "red" }
        "#,
    );
    for key in [
        "hostname",
        "free_space_min",
        "relay.listen",
        "bare_line_ends",
        "limits.message",
        "outside.next_hop",
        "bad domain",
        "pigeon",
        "policy.pdf",
        "policy.colour",
    ] {
        assert!(said.iter().any(|complaint| complaint.contains(key)), "{key} is missing in {said:#?}");
    }
    assert_eq!(said.len(), 10, "{said:#?}");
}

#[test]
fn a_domain_belongs_to_one_zone() {
    let zone = |name: &str| {
        format!(
            "[[zone]]\nname = \"{name}\"\ndomains = [\"x.lg.jp\"]\nrecipients = \"any\"\ndestination = \"maildir:{name}\"\n"
        )
    };
    let said = complaints(&format!("{}{}", zone("a"), zone("b")));
    assert_eq!(said.len(), 1, "{said:?}");
}

#[test]
fn unknown_keys_are_refused() {
    assert!(toml::from_str::<RawConfig>("no_such_key = 1").is_err());
}
