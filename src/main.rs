//! The `onus` binary: hands the command line to `onus::cli`.

/// A request makes some hundred small allocations on one thread and frees them on another: the C library's allocator spends a
/// sixth of the processor on that, and keeps what each thread once had.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    onus::cli::main()
}
