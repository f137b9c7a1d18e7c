//! Flags that tools for Rust's test programs pass. Declares and documents; nothing reads them.

use clap::Args;

/// Flags of libtest that tools pass to every test program; nothing is captured or ignored here.
#[derive(Debug, Clone, Copy, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of libtest's command line and is not read here")]
pub(crate) struct Accepted {
    #[arg(long, hide = true)]
    nocapture: bool,
    #[arg(long, hide = true)]
    no_capture: bool,
    #[arg(long, hide = true)]
    show_output: bool,
    #[arg(long, hide = true)]
    include_ignored: bool,
}
