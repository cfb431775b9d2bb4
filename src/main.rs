//! The `onus` binary: hands the command line to `onus::cli`.

fn main() -> std::process::ExitCode {
    onus::cli::main()
}
