//! Where the workspace is, which files belong to it, and how to run programs in it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    // At run time first: with a shared target folder the compiled-in path may be another checkout's.
    let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&manifest).parent().expect("xtask is a folder inside the workspace").to_owned()
}

/// Every file of the workspace that git tracks or would track, relative to `root`, with `/`, sorted.
pub(crate) fn files(root: &Path) -> Result<Vec<String>> {
    // In containers the checkout often belongs to another user; git then refuses even to list it.
    let listed = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"])
        .current_dir(root)
        .output();
    let mut files = match listed {
        Ok(output) if output.status.success() => {
            let names = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
            names.split_terminator('\0').map(str::to_owned).collect()
        }
        // A source archive, or a machine without git.
        Ok(_) | Err(_) => walk(root)?,
    };
    // git goes on listing a tracked file that was deleted but not yet committed.
    files.retain(|path| root.join(path).is_file());
    files.sort();
    files.dedup();
    Ok(files)
}

fn walk(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if !entry.file_type()?.is_dir() {
                let name = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
                files.push(name.replace('\\', "/"));
            } else if path != Path::new("target") && path != Path::new(".git") {
                folders.push(path);
            }
        }
    }
    Ok(files)
}

/// A call of the cargo that started us, so that every step uses the same toolchain.
pub(crate) fn cargo(root: &Path, args: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    cargo.args(args).current_dir(root);
    cargo
}

/// Runs with our own output streams; fails unless the program ends well.
pub(crate) fn run_to_end(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", line_of(command)))?;
    if !status.success() {
        bail!("`{}`: {status}", line_of(command));
    }
    Ok(())
}

/// What the program prints to its standard output; its errors go to ours.
pub(crate) fn output_of(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", line_of(command)))?;
    if !output.status.success() {
        bail!("`{}`: {}", line_of(command), output.status);
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("the output of `{}` is not UTF-8", line_of(command)))
}

/// Whether the program can be started and ends well; what it prints is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The command as one would type it.
fn line_of(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut words = vec![program.file_stem().unwrap_or(program.as_os_str()).to_string_lossy()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy()));
    words.join(" ")
}
