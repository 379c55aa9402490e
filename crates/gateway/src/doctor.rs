//! `sekisho doctor`: what this machine offers and lacks, in plain words.

use crate::{cli::say, config::Config, serve};
use jail::{Renderer, RendererSettings, SandboxLevel};
use policy::{FindingCode, Severity};

/// Looks at sandbox, fonts, keys and disk. Exit code 1 when something that is needed is missing.
pub(crate) fn run(config: &Config) -> anyhow::Result<u8> {
    let mut lines = Vec::new();
    let level = jail::sandbox_level();
    lines.push(match level {
        SandboxLevel::Full => "ok    sandbox: Landlock and seccomp".to_owned(),
        SandboxLevel::SeccompOnly | SandboxLevel::Weak => {
            "LACKS sandbox: this kernel has no Landlock".to_owned()
        }
    });
    let jail = serve::pool(config, 1);
    lines.push(match &jail {
        Ok(_) => "ok    jail: a child locks itself and answers".to_owned(),
        Err(error) => format!("LACKS jail: {error:#}"),
    });
    let missing = jail::missing_fonts(&jail::find_fonts());
    lines.push(if missing.is_empty() {
        "ok    fonts: Japanese, Chinese and Korean fallback fonts are here".to_owned()
    } else {
        format!(
            "lacks fonts for {missing:?}: documents without embedded fonts lose text; install fonts-noto-cjk"
        )
    });
    lines.extend(renderer(config));
    let keys = serve::key_folder(config);
    lines.push(if keys.exists() {
        format!("ok    keys: {}", keys.display())
    } else if config.automatic_keys {
        "ok    keys: made at the first start (loopback defaults)".to_owned()
    } else {
        "LACKS keys: run `sekisho keys init`".to_owned()
    });
    let failed = lines.iter().any(|line| line.starts_with("LACKS"));
    say(&lines.join("\n"))?;
    Ok(u8::from(failed))
}

/// What there is of the renderer and what is missing; it draws one line to prove that it can.
fn renderer(config: &Config) -> Vec<String> {
    let Some(settings) = &config.renderer else {
        return vec![
            "ok    renderer: none; doc, xls, ppt and the like wait ([renderer] in the configuration)"
                .to_owned(),
        ];
    };
    let missing = settings.missing();
    if !missing.is_empty() {
        return missing.into_iter().map(|lacks| format!("LACKS renderer: {lacks}")).collect();
    }
    let once = RendererSettings { spare: 0, ..settings.clone() };
    let drawn = Renderer::start(once).map(|renderer| renderer.prove());
    vec![match drawn {
        Ok(Ok(())) if settings.bubblewrap.is_none() => {
            "LACKS renderer: it draws, but without a sandbox (renderer.allow_without_sandbox)".to_owned()
        }
        Ok(Ok(())) => "ok    renderer: draws in its sandbox".to_owned(),
        Ok(Err(code)) => format!(
            "LACKS renderer: it does not draw ({}); does this system let bubblewrap make user namespaces?",
            code.name()
        ),
        Err(error) => format!("LACKS renderer: {error}"),
    }]
}

/// Lists the closed list of findings.
pub(crate) fn findings() -> anyhow::Result<u8> {
    let weight = |severity| match severity {
        Severity::Info => "info",
        Severity::Notice => "notice",
        Severity::Warning => "warning",
    };
    let lines =
        FindingCode::ALL.iter().map(|c| format!("{:4} {:8} {}", c.number(), weight(c.severity()), c.name()));
    say(&lines.collect::<Vec<_>>().join("\n"))
}
