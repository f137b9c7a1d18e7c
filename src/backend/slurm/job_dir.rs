//! The directory that harness and job share: private variables from the harness, the address from the job and the log
//! from Slurm. Only its owner can read it. Reads files of the node within bounds; runs nothing.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use crate::backend::private;
use crate::backend::resources::if_exists;

/// The file with the variables that only its owner may read.
pub(super) const ENVIRONMENT: &str = "environment";
/// The file with the output of the job.
const LOG: &str = "job.log";
/// The file to which the job writes the address of its server.
const ADDRESS: &str = "address";
/// Bytes that are read of the log's end.
const LOOKED_AT: u64 = 128 << 10;
/// Bytes that are read of an address.
const LONGEST_ADDRESS: u64 = 1 << 10;

/// The directory of one launch.
#[derive(Debug, Clone)]
pub(super) struct JobDir {
    pub(super) directory: PathBuf,
    /// The file to which Slurm writes the job's output.
    pub(super) log: PathBuf,
}

/// The address of a server as its job reported it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) job: String,
    /// How often the job had been restarted.
    pub(super) restarts: u32,
    pub(super) node: String,
    pub(super) port: u16,
}

impl JobDir {
    /// The directory at a path, which is not created yet.
    pub(super) fn at(directory: PathBuf) -> Self {
        let log = directory.join(LOG);
        Self { directory, log }
    }

    /// Creates the directory, for its owner only, and writes the private variables.
    pub(super) fn set(&self, environment: &str) -> io::Result<()> {
        private::make_directory(&self.directory)?;
        let path = self.directory.join(ENVIRONMENT);
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(environment.as_bytes())?;
        // The node may read it over a network file system at once.
        file.sync_all()
    }

    /// The address of the server, once the job has reported it.
    pub(super) fn address(&self) -> Option<Address> {
        // A network file system may cache that the file does not exist; listing the directory refreshes that.
        let mut entries = fs::read_dir(&self.directory).ok()?;
        entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() == ADDRESS)).then_some(())?;
        let mut text = String::new();
        File::open(self.directory.join(ADDRESS)).ok()?.take(LONGEST_ADDRESS).read_to_string(&mut text).ok()?;
        Address::parse(&text)
    }

    /// The current end of the log.
    pub(super) fn tail(&self) -> io::Result<String> {
        let mut file = File::open(&self.log)?;
        file.seek(SeekFrom::Start(file.metadata()?.len().saturating_sub(LOOKED_AT)))?;
        let mut bytes = Vec::new();
        file.take(LOOKED_AT).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Removes the directory, and the instance's directory after its last launch. A log in another directory is kept.
    pub(super) fn clear(&self) -> io::Result<()> {
        if_exists(fs::remove_dir_all(&self.directory))?;
        // Fails while another launch has a directory there.
        let _ = self.directory.parent().map(fs::remove_dir);
        Ok(())
    }
}

impl Address {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.strip_suffix('\n')?.split(' ');
        let address = Self {
            job: words.next()?.to_owned(),
            restarts: words.next()?.parse().ok()?,
            node: words.next().filter(|node| is_host(node))?.to_owned(),
            port: words.next()?.parse().ok().filter(|port| *port != 0)?,
        };
        words.next().is_none().then_some(address)
    }
}

/// Whether a text can be the name of a node, without characters that have a meaning in a URL.
fn is_host(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;

    #[test]
    fn private_variables_are_readable_by_the_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let job_dir = JobDir::at(home.path().join("a/b"));
        job_dir.set("export A=b\n").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&job_dir.directory), 0o700);
        assert_eq!(mode(&job_dir.directory.join(ENVIRONMENT)), 0o600);
        assert!(job_dir.set("").is_err(), "a second launch has a directory of its own");
        job_dir.clear().unwrap();
        job_dir.clear().unwrap();
        assert!(!job_dir.directory.exists());
    }

    #[test]
    fn an_address_is_complete_or_none() {
        let address = Address::parse("12 0 n-1.lab 20001\n").unwrap();
        assert_eq!((address.node.as_str(), address.port), ("n-1.lab", 20001));
        for text in ["", "12 0 n1 20001", "12 0 n1 0\n", "12 0 n1@x 1\n", "12 0 n1 70000\n", "12 0 n1 1 2\n"] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_end_of_a_long_log_is_read() {
        let home = tempfile::tempdir().unwrap();
        let job_dir = JobDir::at(home.path().to_owned());
        assert!(job_dir.tail().is_err());
        fs::write(&job_dir.log, format!("{}\nthe end\n", "x".repeat(300_000))).unwrap();
        let tail = job_dir.tail().unwrap();
        assert!(tail.len() as u64 == LOOKED_AT && tail.ends_with("\nthe end\n"));
    }
}
