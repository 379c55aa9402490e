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
    let report: Value = serde_json::from_str(kept).unwrap_or_default();
    let parts = report.get("parts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let waits = parts.iter().filter(|part| part.get("action").is_some_and(|action| action == "await"));
    waits.filter_map(|part| part.get("path")?.as_str()?.parse().ok()).collect()
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
