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
        [digest]
        at = "7:30"
        admin = "it@elsewhere.example"
        [retention]
        purge = "never"
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
        "digest.at",
        "digest.admin",
        "retention.purge",
    ] {
        assert!(said.iter().any(|complaint| complaint.contains(key)), "{key} is missing in {said:#?}");
    }
    assert_eq!(said.len(), 13, "{said:#?}");
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

#[test]
fn the_daily_work_has_a_time_and_an_off_switch() {
    let daily = |text: &str| {
        let raw: RawConfig = toml::from_str(text).unwrap();
        Config::of_raw(raw, &Overrides::default(), false).unwrap().daily
    };
    let cases = [
        ("", 450, true, true),
        ("[digest]\nat = \"00:00\"", 0, true, true),
        ("[digest]\nat = \"23:59\"\nadmin = \"it@EXAMPLE.lg.jp\"", 1_439, true, true),
        ("[digest]\nat = \"off\"\n[retention]\npurge = \"by_hand\"", 450, false, false),
    ];
    for (text, at_min, lists, purges) in cases {
        let daily = daily(text);
        assert_eq!((daily.at_min, daily.lists, daily.purges), (at_min, lists, purges), "{text}");
        assert_eq!(daily.admin.is_some(), text.contains("admin"));
    }
    assert_eq!(cases.len(), 4);
    for wrong in ["24:00", "12:60", "12", "1:2", "+1:00", ""] {
        assert_eq!(complaints(&format!("[digest]\nat = \"{wrong}\"")).len(), 1, "{wrong}");
    }
}
