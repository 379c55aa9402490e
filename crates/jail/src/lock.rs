//! Locking a child: what it gives up before it reads its first octet.
//!
//! In this order: no new privileges, death with the parent, non-dumpable, resource limits, Landlock (deny
//! everything), seccomp (an allow-list bound to its own pipes). Landlock and seccomp stop the same attacks
//! independently; "no network" rests on seccomp, because Landlock's network rules depend on the kernel.

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus, Scope,
};
use policy::Limits;
use rustix::process::{
    DumpableBehavior, Pid, Resource, Rlimit, Signal, getppid, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};
use std::{collections::BTreeMap, io};

/// Stack of a child in octets: renderers recurse deeper than 8 MiB allow.
const STACK_OCTETS: u64 = 64 * 1024 * 1024;

/// How strongly a child is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SandboxLevel {
    /// Resource limits alone: not enough to start on.
    Weak,
    /// seccomp, but no Landlock in this kernel.
    SeccompOnly,
    /// Landlock and seccomp.
    Full,
}

/// Whether this kernel knows Landlock, asked without locking anything.
pub fn sandbox_level() -> SandboxLevel {
    let known = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create);
    if known.is_ok() { SandboxLevel::Full } else { SandboxLevel::SeccompOnly }
}

/// The system calls that a child is left with, as a program for the kernel.
#[derive(Debug)]
pub(crate) struct Filter(BpfProgram);

impl Filter {
    /// `readable` are the descriptors that may be read at a position: fonts that were opened before.
    pub(crate) fn new(readable: &[i32]) -> io::Result<Self> {
        filter(readable).map(Self)
    }
}

/// Locks the calling process for good. `parent` is the process that it must not outlive.
pub(crate) fn lock(limits: &Limits, filter: &Filter, parent: Pid) -> io::Result<SandboxLevel> {
    rustix::thread::set_no_new_privs(true)?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid() != Some(parent) {
        return Err(io::Error::other("the parent is gone"));
    }
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    limit_resources(limits)?;
    let landlocked = deny_files_and_network()?;
    seccompiler::apply_filter_all_threads(&filter.0).map_err(io::Error::other)?;
    Ok(if landlocked { SandboxLevel::Full } else { SandboxLevel::SeccompOnly })
}

fn limit_resources(limits: &Limits) -> io::Result<()> {
    let fixed = |value| Rlimit { current: Some(value), maximum: Some(value) };
    setrlimit(Resource::Core, fixed(0))?;
    setrlimit(Resource::Fsize, fixed(0))?;
    setrlimit(Resource::Nofile, fixed(64))?;
    setrlimit(Resource::Cpu, fixed(limits.child_cpu_s))?;
    let stack = rustix::process::getrlimit(Resource::Stack);
    let stack_max = stack.maximum.map_or(STACK_OCTETS, |most| most.min(STACK_OCTETS));
    setrlimit(Resource::Stack, Rlimit { current: Some(stack_max), maximum: stack.maximum })?;
    setrlimit(Resource::As, fixed(limits.child_address_space_octets))?;
    Ok(())
}

/// Denies every file and TCP access that this kernel can deny, and signals to and sockets of other processes.
fn deny_files_and_network() -> io::Result<bool> {
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V6))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V6)))
        .and_then(|rules| rules.scope(Scope::from_all(ABI::V6)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self)
        .map_err(io::Error::other)?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

/// Calls that need no condition: memory, the clock of the vDSO's fallback, and ending.
const FREE_CALLS: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_sched_yield,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigaction,
    libc::SYS_sigaltstack,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

fn filter(readable: &[i32]) -> io::Result<BpfProgram> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        FREE_CALLS.iter().map(|&call| (call, Vec::new())).collect();
    for call in [libc::SYS_read, libc::SYS_readv] {
        rules.insert(call, on_descriptors(&[0])?);
    }
    if !readable.is_empty() {
        rules.insert(libc::SYS_pread64, on_descriptors(readable)?);
    }
    for call in [libc::SYS_write, libc::SYS_writev] {
        rules.insert(call, on_descriptors(&[1, 2])?);
    }
    // Memory may be readable and writable, never executable.
    let executable = u64::try_from(libc::PROT_EXEC).map_err(io::Error::other)?;
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![rule(2, SeccompCmpOp::MaskedEq(executable), 0)?]);
    }
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, arch);
    filter.and_then(BpfProgram::try_from).map_err(io::Error::other)
}

fn on_descriptors(descriptors: &[i32]) -> io::Result<Vec<SeccompRule>> {
    let as_argument = |d: i32| u64::try_from(d).map_err(io::Error::other);
    descriptors.iter().map(|&d| rule(0, SeccompCmpOp::Eq, as_argument(d)?)).collect()
}

fn rule(argument: u8, operator: SeccompCmpOp, value: u64) -> io::Result<SeccompRule> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value);
    condition.and_then(|condition| SeccompRule::new(vec![condition])).map_err(io::Error::other)
}
