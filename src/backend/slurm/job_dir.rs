//! The directory that harness and job share: the harness puts private variables there, the job its address, and
//! Slurm writes its log. Only its owner can look into it. Reads what the node wrote with bounds; runs nothing.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The file in the instance's directory with the variables that only its owner may read.
pub(super) const ENVIRONMENT: &str = "environment";
/// The file with the output of the job.
const LOG: &str = "job.log";
/// The file in which the job says where its server answers.
const ADDRESS: &str = "address";
/// Bytes of the log's end that are looked at.
const LOOKED_AT: u64 = 128 << 10;
/// Bytes of an address: numbers and the name of a node.
const LONGEST_ADDRESS: u64 = 1 << 10;

/// The directory of one launch.
#[derive(Debug, Clone)]
pub(super) struct JobDir {
    directory: PathBuf,
    log: PathBuf,
}

/// Where a job says that its server answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// The number of the job.
    pub(super) job: String,
    /// How often it had been started anew.
    pub(super) restarts: u32,
    pub(super) node: String,
    pub(super) port: u16,
}

impl JobDir {
    /// Where it will be, before there is anything.
    pub(super) fn at(directory: PathBuf) -> Self {
        let log = directory.join(LOG);
        Self { directory, log }
    }

    /// The same, with the log in a directory that its user keeps.
    pub(super) fn with_log(self, log: PathBuf) -> Self {
        Self { log, ..self }
    }

    /// Makes the directory, for its owner alone, and puts the private variables there.
    pub(super) fn set(&self, environment: &str) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)?;
        let path = self.directory.join(ENVIRONMENT);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(environment.as_bytes())?;
        // The node may read it over a network at once.
        file.sync_all()
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where Slurm is to write the job's output.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// Where the server answers, once the job has said so.
    pub(super) fn address(&self) -> Option<Address> {
        // A network file system may remember for long that a file was not there; listing the directory makes it look.
        let mut entries = fs::read_dir(&self.directory).ok()?;
        entries.any(|entry| entry.is_ok_and(|entry| entry.file_name() == ADDRESS)).then_some(())?;
        let mut text = String::new();
        File::open(self.directory.join(ADDRESS)).ok()?.take(LONGEST_ADDRESS).read_to_string(&mut text).ok()?;
        Address::parse(&text)
    }

    /// The end of the log, as it is by now.
    pub(super) fn tail(&self) -> String {
        self.read_tail().unwrap_or_default()
    }

    fn read_tail(&self) -> io::Result<String> {
        let mut file = File::open(&self.log)?;
        file.seek(SeekFrom::Start(file.metadata()?.len().saturating_sub(LOOKED_AT)))?;
        let mut bytes = Vec::new();
        file.take(LOOKED_AT).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Removes everything but a log that is kept, and the instance's directory with its last launch.
    pub(super) fn clear(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed?,
        }
        // It is not empty while another launch has a directory there.
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

/// Whether a text can be the name of a node, and nothing else that would mean something in an address.
fn is_host(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_a_job_may_know_is_for_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let job_dir = JobDir::at(home.path().join("a/b"));
        job_dir.set("export A=b\n").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(job_dir.directory()), 0o700);
        assert_eq!(mode(&job_dir.directory().join(ENVIRONMENT)), 0o600);
        assert!(job_dir.set("").is_err(), "a second launch has a directory of its own");
        job_dir.clear().unwrap();
        job_dir.clear().unwrap();
        assert!(!job_dir.directory().exists());
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
        assert_eq!(job_dir.tail(), "");
        fs::write(job_dir.log(), format!("{}\nthe end\n", "x".repeat(300_000))).unwrap();
        let tail = job_dir.tail();
        assert!(tail.len() as u64 == LOOKED_AT && tail.ends_with("\nthe end\n"));
    }
}
