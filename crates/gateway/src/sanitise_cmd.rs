//! `sekisho sanitise`: files and messages through the same jail and the same verifier as mail.

use crate::{
    finish::{self, Context, digest},
    report_json::{self, InputInfo},
};
use anyhow::Context as _;
use jail::{Job, Pool, Sender, Supplements, Turn};
use mail::{MediaType, Stamp};
use policy::{FindingCode, Outcome, OutputInfo, Policy, Report};
use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

/// How results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ReportForm {
    /// One JSON object a line.
    Json,
    /// Lines for people.
    Text,
}

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) out: Option<PathBuf>,
    pub(crate) form: ReportForm,
    pub(crate) passwords: Vec<String>,
}

/// One input and all that came of it.
struct Result {
    input: InputInfo,
    report: Report,
    outputs: Vec<(OutputInfo, Vec<u8>)>,
    /// For a message: what would go in.
    message: Option<Vec<u8>>,
    usage: jail::Usage,
}

/// Sanitises all files. The exit code: 0 all clean, 2 something was withheld.
pub(crate) fn run(request: &Request, policy: &Policy, pool: &Pool) -> anyhow::Result<u8> {
    let mut code = 0;
    for path in &request.files {
        let started = Instant::now();
        let octets = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let result = sanitise(name, octets, request, policy, pool)?;
        if result.report.outcome != Outcome::Clean {
            code = 2;
        }
        if let Some(folder) = &request.out {
            write_outputs(folder, &result)?;
        }
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        show(&result, request.form, elapsed_ms)?;
    }
    Ok(code)
}

fn sanitise(
    name: String,
    octets: Vec<u8>,
    request: &Request,
    policy: &Policy,
    pool: &Pool,
) -> anyhow::Result<Result> {
    let input = InputInfo {
        size_octets: u64::try_from(octets.len())?,
        sha256: digest(&octets),
        media_type: MediaType::UNKNOWN.to_string(),
        name,
    };
    let is_message = Path::new(&input.name).extension().is_some_and(|e| e.eq_ignore_ascii_case("eml"));
    if input.size_octets > policy.limits.message_octets.max(policy.limits.unpacked_octets) {
        let report = Report::held(policy::HoldReason::Limit(FindingCode::LimitUnpackedOctets), Vec::new());
        return Ok(Result {
            input,
            report,
            outputs: Vec::new(),
            message: None,
            usage: jail::Usage::default(),
        });
    }
    let octets = mail::Untrusted::new(octets);
    if is_message {
        message(input, octets, request, policy, pool)
    } else {
        file(input, octets, request, policy, pool)
    }
}

fn message(
    mut input: InputInfo,
    octets: mail::Untrusted,
    request: &Request,
    policy: &Policy,
    pool: &Pool,
) -> anyhow::Result<Result> {
    input.media_type = "message/rfc822".to_owned();
    let accepted = crate::clock::now().in_jst();
    let envelope = mail::Envelope {
        reverse_path: mail::ReversePath::Null,
        forward_paths: Vec::new(),
        body_type: None,
        client: mail::Client {
            address: std::net::Ipv4Addr::LOCALHOST.into(),
            greeting: "localhost".to_owned(),
            protocol: mail::Protocol::Esmtp,
        },
    };
    let short: String = input.sha256.to_string().chars().take(12).collect();
    let context = Context {
        policy,
        stamp: Stamp {
            received: format!("by localhost (Sekisho) id {short}; {accepted}"),
            authentication_results: None,
            own_message_id: format!("{short}@sekisho.invalid"),
            queue_id: short.clone(),
            accepted,
        },
        kept: None,
        envelope: &envelope,
        supplements: Supplements { passwords: request.passwords.clone(), ..Supplements::default() },
    };
    let finished = finish::message(pool, octets, Turn::heavy(Sender::default()), &context)?;
    let outputs = finished
        .report
        .parts
        .iter()
        .filter_map(|part| part.output.clone())
        .map(|o| (o, Vec::new()))
        .collect();
    let message = finished.message.map(|(message, _)| message.octets().to_vec());
    Ok(Result { input, report: finished.report, outputs, message, usage: finished.usage })
}

fn file(
    mut input: InputInfo,
    octets: mail::Untrusted,
    request: &Request,
    policy: &Policy,
    pool: &Pool,
) -> anyhow::Result<Result> {
    let job = Job::File { name: input.name.clone(), octets };
    let supplements = Supplements { passwords: request.passwords.clone(), ..Supplements::default() };
    let jail::Sanitised { draft, mut report, usage, .. } =
        pool.sanitise(job, policy, supplements, Turn::heavy(Sender::default()))?;
    if let Some(root) = report.parts.first() {
        input.media_type = root.media_type.to_string();
    }
    let mut outputs = Vec::new();
    for attachment in draft.attachments {
        let path = attachment.path.clone();
        match finish::file(pool, attachment, policy) {
            Some((info, file)) => outputs.push((info, file.octets().to_vec())),
            None => {
                finish::withhold(&mut report, &path, policy::Action::Remove, FindingCode::VerifierRefused)
            }
        }
    }
    Ok(Result { input, report, outputs, message: None, usage })
}

fn write_outputs(folder: &Path, result: &Result) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    if let Some(message) = &result.message {
        write_new(folder, &result.input.name, message)?;
    }
    for (info, octets) in result.outputs.iter().filter(|_| result.message.is_none()) {
        write_new(folder, &info.name, octets)?;
    }
    Ok(())
}

/// Writes under a free name: what is there already is not overwritten.
fn write_new(folder: &Path, name: &str, octets: &[u8]) -> anyhow::Result<()> {
    let (stem, extension) =
        name.rsplit_once('.').map_or((name, String::new()), |(s, e)| (s, format!(".{e}")));
    for number in 0..10_000u32 {
        let free = if number == 0 { name.to_owned() } else { format!("{stem} ({number}){extension}") };
        match std::fs::File::create_new(folder.join(free)) {
            Ok(mut file) => return Ok(file.write_all(octets)?),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot write into {}", folder.display()));
            }
        }
    }
    anyhow::bail!("no free name for {name} in {}", folder.display())
}

fn show(result: &Result, form: ReportForm, elapsed_ms: u64) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match form {
        ReportForm::Json => {
            let outputs: Vec<OutputInfo> = result.outputs.iter().map(|(info, _)| info.clone()).collect();
            let object =
                report_json::object(&result.input, &result.report, &outputs, elapsed_ms, result.usage);
            writeln!(out, "{object}")?;
        }
        ReportForm::Text => {
            writeln!(out, "{}: {}", result.input.name, result.report.outcome.name())?;
            for part in &result.report.parts {
                let became =
                    part.output.as_ref().map(|o| format!(" -> {} ({} octets)", o.name, o.size_octets));
                let reason = part.reason.map(|r| format!(" [{}]", r.name())).unwrap_or_default();
                let became = became.unwrap_or_default();
                writeln!(
                    out,
                    "  {} {} {} {}{became}{reason}",
                    part.path,
                    part.media_type,
                    part.action.name(),
                    part.name
                )?;
            }
        }
    }
    Ok(())
}
