//! `sekisho`: configuration, wiring, the loops between the stages, and the command line.

mod admin;
mod cli;
mod clock;
mod config;
mod daily;
mod deliver_loop;
mod demo;
mod digest;
mod doctor;
mod finish;
mod follow_up;
mod known_slow;
mod letters;
mod receive;
mod report_json;
mod sanitise_cmd;
mod sanitise_loop;
mod sent_back;
mod serve;
mod trial_loop;

use std::process::ExitCode;

fn main() -> ExitCode {
    // First of all: a jail child must do nothing but lock itself.
    if jail::is_child() {
        return match jail::serve(jail::enter()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    match cli::run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            cli::complain(&error);
            ExitCode::FAILURE
        }
    }
}
