//! Locking a child: what it gives up before it reads its first octet.
//!
//! What a child inherits its fork server gives up once for all of them: new privileges, core dumps, being dumped,
//! writing files, every file and network access that Landlock knows. What belongs to one process alone each child does
//! itself: death with the parent, resource limits, seccomp (an allow-list bound to its own pipes). Landlock and seccomp
//! stop the same attacks independently; "no network" rests on seccomp, because Landlock's network rules depend on the
//! kernel.

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
    TargetArch, sock_filter,
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

/// Gives up for good, for the calling process and all that it forks, what neither needs: done by the fork server.
/// Returns how strongly its children will be locked.
pub(crate) fn lock_server() -> io::Result<SandboxLevel> {
    rustix::thread::set_no_new_privs(true)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setrlimit(Resource::Core, fixed(0))?;
    setrlimit(Resource::Fsize, fixed(0))?;
    Ok(if deny_files_and_network()? { SandboxLevel::Full } else { SandboxLevel::SeccompOnly })
}

/// Locks the calling child of a locked server for good. `parent` is the process that it must not outlive.
pub(crate) fn lock(limits: &Limits, filter: &Filter, parent: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid() != Some(parent) {
        return Err(io::Error::other("the parent is gone"));
    }
    limit_resources(limits)?;
    seccompiler::apply_filter_all_threads(&filter.0).map_err(io::Error::other)
}

const fn fixed(value: u64) -> Rlimit {
    Rlimit { current: Some(value), maximum: Some(value) }
}

fn limit_resources(limits: &Limits) -> io::Result<()> {
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

/// Most numbers of the calls that are allowed lie at or below this one (`madvise`), few above.
const LOW_CALL_MAX: i64 = libc::SYS_madvise;

/// The program, in two halves by the number of the call: the kernel runs a new filter once for every number that
/// there is, which in one chain takes longer than many a mail.
fn filter(readable: &[i32]) -> io::Result<BpfProgram> {
    let mut low = rules(readable)?;
    let high = compiled(low.split_off(&LOW_CALL_MAX.saturating_add(1)))?;
    let low = compiled(low)?;
    let instruction = |code: u32, jf, k: u64| -> io::Result<sock_filter> {
        let code = u16::try_from(code).map_err(io::Error::other)?;
        Ok(sock_filter { code, jt: 0, jf, k: u32::try_from(k).map_err(io::Error::other)? })
    };
    let behind_low = u64::try_from(low.len()).map_err(io::Error::other)?;
    let low_max = u64::try_from(LOW_CALL_MAX).map_err(io::Error::other)?;
    // `seccomp_data.nr`; each half looks at the architecture itself.
    let mut program = vec![
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0)?,
        instruction(libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K, 1, low_max)?,
        instruction(libc::BPF_JMP | libc::BPF_JA, 0, behind_low)?,
    ];
    program.extend(low);
    program.extend(high);
    Ok(program)
}

fn rules(readable: &[i32]) -> io::Result<BTreeMap<i64, Vec<SeccompRule>>> {
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
    Ok(rules)
}

fn compiled(rules: BTreeMap<i64, Vec<SeccompRule>>) -> io::Result<BpfProgram> {
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

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that cannot go on must stop")]
mod tests {
    use super::*;

    /// What the program says of a call: the few instructions of classic BPF that stand in it.
    fn verdict(program: &[sock_filter], call: u32, arguments: [u32; 3]) -> u32 {
        const X86_64: u32 = 0xc000_003e;
        let (mut at, mut value) = (0usize, 0u32);
        loop {
            let instruction = &program[at];
            at += 1;
            let (yes, no) = (usize::from(instruction.jt), usize::from(instruction.jf));
            match u32::from(instruction.code) {
                0x20 => {
                    value = match instruction.k {
                        0 => call,
                        4 => X86_64,
                        offset => arguments[usize::try_from(offset - 16).unwrap() / 8],
                    }
                }
                0x05 => at += usize::try_from(instruction.k).unwrap(),
                0x15 => at += if value == instruction.k { yes } else { no },
                0x25 => at += if value > instruction.k { yes } else { no },
                0x35 => at += if value >= instruction.k { yes } else { no },
                0x54 => value &= instruction.k,
                0x06 => return instruction.k,
                other => panic!("instruction {other:#x}"),
            }
        }
    }

    #[test]
    fn the_program_allows_what_the_rules_allow_and_nothing_else() {
        let program = filter(&[7, 9]).unwrap();
        let allows = |call: i64, arguments| {
            verdict(&program, u32::try_from(call).unwrap(), arguments) == u32::from(SeccompAction::Allow)
        };
        let bound: &[(i64, [u32; 3], [u32; 3])] = &[
            (libc::SYS_read, [0, 0, 0], [1, 0, 0]),
            (libc::SYS_readv, [0, 0, 0], [7, 0, 0]),
            (libc::SYS_pread64, [9, 0, 0], [0, 0, 0]),
            (libc::SYS_write, [1, 0, 0], [0, 0, 0]),
            (libc::SYS_writev, [2, 0, 0], [7, 0, 0]),
            (libc::SYS_mmap, [0, 0, 3], [0, 0, 7]),
            (libc::SYS_mprotect, [0, 0, 1], [0, 0, 4]),
        ];
        for (call, granted, refused) in bound {
            assert!(allows(*call, *granted) && !allows(*call, *refused), "{call}");
        }
        let mut refused = 0;
        for call in (0..1_000).filter(|call| bound.iter().all(|(bound, ..)| bound != call)) {
            assert_eq!(allows(call, [0; 3]), FREE_CALLS.contains(&call), "{call}");
            refused += usize::from(!FREE_CALLS.contains(&call));
        }
        assert_eq!(refused, 1_000 - bound.len() - FREE_CALLS.len());
        assert!(program.len() < 4_096);
    }
}
