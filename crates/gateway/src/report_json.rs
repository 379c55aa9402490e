//! `--report json`: one object per input on one line, in the form that is promised to the outside.

use mail::PartPath;
use policy::{Action, OutputInfo, PartReport, Report};
use serde_json::{Value, json};

/// What the report says about the input itself.
#[derive(Debug)]
pub(crate) struct InputInfo {
    pub(crate) name: String,
    pub(crate) size_octets: u64,
    pub(crate) sha256: policy::Sha256,
    pub(crate) media_type: String,
}

/// The object.
pub(crate) fn object(
    input: &InputInfo,
    report: &Report,
    outputs: &[OutputInfo],
    elapsed_ms: u64,
    usage: jail::Usage,
) -> Value {
    let mut object = json!({
        "input": {
            "name": input.name,
            "size": input.size_octets,
            "sha256": input.sha256.to_string(),
            "type": input.media_type,
        },
        "outcome": report.outcome.name(),
        "parts": report.parts.iter().map(part).collect::<Vec<_>>(),
        "outputs": outputs.iter().map(output).collect::<Vec<_>>(),
        "elapsed_ms": elapsed_ms,
        "jail": {
            "peak_rss": usage.peak_rss_kib.saturating_mul(1024),
            "cpu_ms": usage.cpu_ms,
            "children": usage.children,
        },
    });
    if let (Some(reason), Some(object)) = (report.reason, object.as_object_mut()) {
        object.insert("reason".to_owned(), json!(reason.name()));
    }
    object
}

/// The parts alone, as they are kept with the message in the ledger.
pub(crate) fn kept(report: &Report) -> String {
    json!({
        "outcome": report.outcome.name(),
        "reason": report.reason.map(policy::HoldReason::name),
        "parts": report.parts.iter().map(part).collect::<Vec<_>>(),
    })
    .to_string()
}

/// The parts that wait, according to a report as [`kept`] wrote it.
pub(crate) fn waiting(kept: &str) -> Vec<PartPath> {
    paths(kept, |part| part.get("action").is_some_and(|action| action == "await"))
}

/// The parts that open by themselves once their password is known.
pub(crate) fn waiting_for_password(kept: &str) -> Vec<PartPath> {
    let awaits = |part: &Value| {
        part.get("findings").and_then(Value::as_array).is_some_and(|findings| {
            let awaited = policy::FindingCode::PasswordAwaited.name();
            findings.iter().any(|finding| finding.get("code").is_some_and(|code| code == awaited))
        })
    };
    let is_it = |part: &Value| part.get("action").is_some_and(|action| action == "await") && awaits(part);
    paths(kept, is_it)
}

/// The parts that went in as files, plain texts left out: a text may tell a password.
pub(crate) fn made(kept: &str) -> Vec<PartPath> {
    let is_text = |output: &Value| output.get("type").is_some_and(|kind| kind == "text/plain");
    paths(kept, |part| part.get("output").is_some_and(|output| !output.is_null() && !is_text(output)))
}

fn paths(kept: &str, fits: impl Fn(&Value) -> bool) -> Vec<PartPath> {
    let report: Value = serde_json::from_str(kept).unwrap_or_default();
    let parts = report.get("parts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    parts
        .iter()
        .filter(|part| fits(part))
        .filter_map(|part| part.get("path")?.as_str()?.parse().ok())
        .collect()
}

fn part(part: &PartReport) -> Value {
    let findings =
        part.findings.iter().map(|f| json!({"code": f.code.name(), "count": f.count, "detail": f.detail}));
    let mut object = json!({
        "path": part.path.to_string(),
        "name": part.name,
        "type": part.media_type.as_str(),
        "action": part.action.name(),
        "findings": findings.collect::<Vec<_>>(),
        "output": part.output.as_ref().map(output),
    });
    if let Some(fields) = object.as_object_mut() {
        if let Action::Merge(into) = &part.action {
            fields.insert("merged_into".to_owned(), json!(into.to_string()));
        }
        if let Some(reason) = part.reason {
            fields.insert("reason".to_owned(), json!(reason.name()));
        }
    }
    object
}

fn output(output: &OutputInfo) -> Value {
    json!({
        "name": output.name,
        "type": output.media_type.as_str(),
        "size": output.size_octets,
        "sha256": output.sha256.to_string(),
    })
}
