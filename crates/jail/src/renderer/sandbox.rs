//! The sandbox of an instance: which command line starts it, and what of this machine it sees.
//!
//! *Security.* Bubblewrap (`bwrap`) gives it namespaces of its own for users, processes, mounts, network, host name
//! and IPC, without a capability and without the right to make further user namespaces. It sees libraries, fonts, the
//! program and four small tools, all read-only, and a folder in memory that ends with it: no `/etc` but fontconfig's
//! and the program's, no home, no data, a `/proc` of its own processes alone, no network interface but its own
//! loopback. Calls to the kernel that draw nothing are refused ([`calls`]). The environment says how to draw and
//! nothing else. Its time, memory and files are limited by the script; killing its first process ends them all.

use super::{
    RendererSettings, calls,
    profile::{self, SCRIPT},
};
use std::{
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Octets of the work folder in memory.
const WORK_OCTETS: u64 = 256 * 1024 * 1024;
/// Where the program works in its sandbox.
const WORK: &str = "/work";
/// Tools that the script calls.
const TOOLS: [&str; 4] = ["sh", "cat", "mkdir", "sleep"];
/// Read-only in the sandbox where they exist.
const SEEN: [&str; 9] = [
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/fonts",
    "/usr/share/fontconfig",
    "/usr/share/libreoffice",
    "/usr/share/liblangtag",
    "/var/cache/fontconfig",
    "/etc/fonts",
    "/etc/libreoffice",
];
/// Covered with nothing: programs that documents could have run.
const COVERED: [&str; 3] = ["/usr/lib/jvm", "/usr/lib/python3", "/usr/lib/systemd"];

/// The command that starts an instance, with its three pipes.
pub(super) fn command(settings: &RendererSettings) -> io::Result<Command> {
    let program = settings.program.canonicalize()?;
    let (mut command, errors) = match &settings.bubblewrap {
        Some(bubblewrap) => {
            let mut command = in_own_user(settings, bubblewrap);
            wrap(&mut command, &program)?;
            (command, Stdio::from(calls::refused()?))
        }
        None => (bare()?, Stdio::null()),
    };
    // What the launcher script would start: without looking for a Java or a desktop.
    let launcher = program.with_file_name("oosplash");
    let mebibytes = |octets: u64, unit: u64| octets.div_ceil(unit).to_string();
    command
        .args(["-c", SCRIPT, "renderer"])
        .arg(if launcher.is_file() { launcher } else { program })
        .arg(profile::settings())
        .arg(profile::fonts())
        .arg(settings.cpu_s.to_string())
        .arg(mebibytes(settings.address_space_octets, 1024))
        .arg(mebibytes(WORK_OCTETS, 512))
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(errors);
    Ok(command)
}

/// As root: bubblewrap under a user that owns nothing. Else under our own, of which it sees no file, and without the
/// capability that lets a service listen on port 25.
fn in_own_user(settings: &RendererSettings, bubblewrap: &Path) -> Command {
    let mut command = Command::new("/usr/bin/setpriv");
    if rustix::process::geteuid().is_root() {
        let (user, group) = (format!("--reuid={}", settings.uid), format!("--regid={}", settings.uid));
        command.args([user.as_str(), group.as_str(), "--clear-groups"]);
    }
    command.args(["--inh-caps=-all", "--ambient-caps=-all", "--"]).arg(bubblewrap);
    command
}

fn wrap(command: &mut Command, program: &Path) -> io::Result<()> {
    command.env_clear().current_dir("/").args([
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--cap-drop",
        "ALL",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
        "--hostname",
        "renderer",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
    ]);
    let size = WORK_OCTETS.to_string();
    command.args(["--size", &size, "--tmpfs", "/tmp", "--size", &size, "--tmpfs", WORK, "--chdir", WORK]);
    for seen in SEEN.into_iter().filter(|seen| Path::new(seen).exists()) {
        command.args(["--ro-bind", seen, seen]);
    }
    for link in ["/lib", "/lib64"] {
        match std::fs::read_link(link) {
            Ok(target) => command.arg("--symlink").arg(target).arg(link),
            Err(_) if Path::new(link).is_dir() => command.args(["--ro-bind", link, link]),
            Err(_) => command,
        };
    }
    for covered in COVERED.into_iter().filter(|covered| Path::new(covered).is_dir()) {
        command.args(["--size", "4096", "--tmpfs", covered, "--remount-ro", covered]);
    }
    for tool in TOOLS {
        command.arg("--ro-bind").arg(tool_path(tool)?).arg(format!("/bin/{tool}"));
    }
    let root = program_root(program);
    if !SEEN.iter().any(|seen| root.starts_with(seen)) {
        command.arg("--ro-bind").arg(&root).arg(&root);
    }
    for (name, value) in ENVIRONMENT {
        command.args(["--setenv", name, value]);
    }
    // What is left writable has a size: memory that a file system takes is limited by nothing else.
    command.args(["--size", &size, "--tmpfs", "/dev/shm", "--remount-ro", "/dev", "--remount-ro", "/"]);
    // Standard error is no place for words here, but where the program of refused calls is read from; then it is closed.
    command.args(["--seccomp", "2", "--", "/bin/sh"]);
    Ok(())
}

/// Everything that stands in the environment.
const ENVIRONMENT: [(&str, &str); 5] = [
    ("PATH", "/bin:/usr/bin"),
    ("LC_ALL", "C.UTF-8"),
    ("TZ", "JST-9"),
    ("SAL_USE_VCLPLUGIN", "svp"),
    ("SAL_DISABLE_OPENCL", "1"),
];

/// Without a sandbox, where the configuration says so aloud: a work folder in memory, and nothing else.
fn bare() -> io::Result<Command> {
    let mut command = Command::new("/bin/sh");
    command.env_clear().envs(ENVIRONMENT);
    command.args(["-c", "d=$(mktemp -d -p /dev/shm) || exit 1; cd \"$d\" || exit 1; sh \"$@\"; status=$?; rm -rf \"$d\"; exit $status", "sh"]);
    Ok(command)
}

fn tool_path(tool: &str) -> io::Result<PathBuf> {
    let found = ["/bin", "/usr/bin"].iter().map(|folder| Path::new(folder).join(tool)).find(|p| p.exists());
    found.ok_or_else(|| io::Error::other(format!("no {tool} here")))?.canonicalize()
}

/// The folder that the program needs: the whole of its installation, or that in which it lies.
fn program_root(program: &Path) -> PathBuf {
    let folder = program.parent().unwrap_or(program);
    let installed = folder.file_name().is_some_and(|name| name == "program");
    let root = if installed { folder.parent() } else { None };
    root.unwrap_or(folder).to_owned()
}
